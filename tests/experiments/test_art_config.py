"""Configs of networks that make art: reading, sweeping, refusing, running, and going on after an interruption."""

import hashlib
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from experiments import runner
from experiments.config import Experiment, experiment_from_dict, read_experiment
from experiments.errors import UserError
from experiments.networks import CURATION_BLOCKS, curation
from experiments.progress import Progress
from experiments.run_folder import RunFolder
from experiments.runner import resume_experiment, run_experiment
from experiments.schema import json_schema
from experiments.sweep import expand, structure

CONFIGS = Path(__file__).parents[2] / "experiments" / "configs"
SHIPPED = sorted(p for p in CONFIGS.glob("*.yaml") if any(f"\n{b}:" in p.read_text("utf-8") for b in CURATION_BLOCKS))
FEW = {"additions": 8, "capacity": 8, "days": 2, "looks": 3, "finalists": 4}
SMALL: dict[str, Any] = {
    "name": "small",
    "epochs": 4,
    "seeds": 2,
    "artists": {"engine": {"kind": "normal", "draws": 12, "size": 4}},
    "curators": {"crowd": {"kind": "sincere", "count": 5}, "whale": {"kind": "whale", "tokens": 300}},
    "designs": {"plain": {"fragments": FEW}},
}


def small(**changes: Any) -> Experiment:
    return experiment_from_dict({**SMALL, **changes})


def refused(**changes: Any) -> str:
    """Return what is said of a config."""
    with pytest.raises(UserError) as told:
        small(**changes)
    return str(told.value)


def written(folder: Path, data: dict[str, Any], *overrides: str) -> Experiment:
    path = folder / "x.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return read_experiment(path, overrides)


def test_curators_alone_make_a_network_of_art_with_defaults_for_the_rest() -> None:
    experiment = experiment_from_dict({"designs": {"a": {}}, "curators": {"crowd": {}}})
    assert experiment.network is curation()
    assert set(experiment.resolved["artists"]) == {"engine"}
    assert experiment.resolved["curators"]["crowd"]["kind"] == "sincere"
    assert experiment.resolved["designs"]["a"]["tally"]["kind"] == "net_points"
    assert experiment.scenario("a").design.fragments.additions == 350


@pytest.mark.parametrize("block", CURATION_BLOCKS)
def test_any_block_of_art_makes_a_network_of_art(block: str) -> None:
    assert experiment_from_dict({"designs": {"a": {}}, block: {}}).network is curation()


def test_the_resolved_config_names_every_default_and_is_the_same_experiment(tmp_path: Path) -> None:
    experiment = small(sweep=[{"grid": {"curators.whale.tokens": [1, 2]}}])
    resolved = experiment.resolved
    assert set(CURATION_BLOCKS) < set(resolved)
    assert "arithmetic" not in resolved
    assert resolved["curators"]["whale"]["concentration"] == 1.0
    assert resolved["designs"]["plain"]["auction"]["marketplace_fee"] == 0.15
    assert resolved["market"]["fee"] == 0.003
    again = written(tmp_path, resolved)
    assert again.config_hash == experiment.config_hash
    assert again.resolved == resolved


def test_overrides_reach_every_block_of_a_network_of_art(tmp_path: Path) -> None:
    overrides = [
        "artists.engine.drift=0.6",
        "curators.whale.tokens=77",
        "learning.steps=3",
        "collectors.count=2",
        "market.fee=0.01",
        "designs.plain.tally.kind=quadratic",
        "designs.plain.fragments.looks=2",
    ]
    experiment = written(tmp_path, SMALL, *overrides)
    scenario = experiment.scenario("plain")
    assert scenario.artists["engine"].drift == 0.6
    assert scenario.curators["whale"].tokens == 77
    assert scenario.learning.steps == 3
    assert scenario.collectors.count == 2
    assert scenario.market.fee == 0.01
    assert type(scenario.design.tally).__name__ == "Quadratic"
    assert scenario.design.fragments.looks == 2
    assert experiment.config_hash != small().config_hash


def test_numbers_share_a_program_and_choices_have_their_own() -> None:
    def programs(**grid: list[Any]) -> tuple[int, int]:
        lanes = expand(small(sweep=[{"grid": {path.replace("__", "."): values for path, values in grid.items()}}]))
        return len(lanes), len({structure(lane.scenario) for lane in lanes})

    assert programs(curators__whale__tokens=[1, 10, 100]) == (6, 1)
    assert programs(collectors__value_eth=[1.0, 2.0], market__fee=[0.0, 0.1]) == (8, 1)
    assert programs(tally__kind=["net_points", "quadratic", "uma"]) == (6, 1)  # one of several, by a number
    assert programs(points__kind=["launch", "per_round"]) == (4, 2)
    assert programs(fragments__additions=[4, 8]) == (4, 2)
    assert programs(revenue__active_share=[0.1, 0.2]) == (4, 1)


def test_a_swept_point_that_cannot_be_meant_is_told_with_its_values() -> None:
    told = refused(sweep=[{"grid": {"fragments.additions": [8, 9]}}])
    assert "designs.plain.fragments.capacity = 8 has no room for the 9 works of a round" in told
    assert "fragments.additions" in told


CROWD = {"crowd": {"kind": "sincere", "count": 5}}
NORMAL = {"kind": "normal", "draws": 12, "size": 4}
# What is changed in a small config, and what is said of it.
MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "artists who are judged differently": (
        {"artists": {"a": NORMAL, "b": NORMAL | {"size": 5}}},
        "artists are judged by different numbers of features: a by 4, b by 5; they need the same",
    ),
    "more artists than works": (
        {"artists": {"a": NORMAL, "b": NORMAL}, "designs": {"plain": {"fragments": FEW | {"additions": 1}}}},
        "designs.plain.fragments.additions = 1, but there are 2 artists: one work each",
    ),
    "more works than pictures": (
        {"artists": {"a": NORMAL | {"draws": 7}}},
        "artists.a.draws = 7, but 8 works of a round are to be picked from them",
    ),
    "a pool without room": (
        {"designs": {"plain": {"fragments": FEW | {"capacity": 7}}}},
        "designs.plain.fragments.capacity = 7 has no room for the 8 works of a round; raise it, or lower additions",
    ),
    "more finalists than works": (
        {"designs": {"plain": {"fragments": FEW | {"finalists": 9}}}},
        "designs.plain.fragments.finalists = 9 are more than the 8 works of the pool",
    ),
    "too many people": (
        {"curators": {"a": {"kind": "sincere", "count": 600_000}, "b": {"kind": "sincere", "count": 400_001}}},
        "curators are 1000001 together; at most 1000000 are possible: lower a count",
    ),
    "two who bribe": (
        {"curators": CROWD | {"y": {"kind": "briber"}, "x": {"kind": "briber"}}},
        "curators: x and y both bribe; at most one party can: leave one out",
    ),
    "more than all of the revenue": (
        {"designs": {"plain": {"fragments": FEW, "revenue": {"active_share": 0.9}}}},
        "designs.plain.revenue gives away buyback 0 + active 0.9 + retroactive 0 + liquidity 0.2 + karma 0, more than "
        "there is; lower one",
    ),
    "blocks of miners": (
        {"miners": {"a": {"count": 3}}},
        "miners belongs to a network of miners and validators, not to one with artists, curators; remove either",
    ),
    "another arithmetic": (
        {"arithmetic": "exact"},
        "arithmetic belongs to a network of miners and validators, not to one with artists, curators; remove either",
    ),
    "a word that means nothing": (
        {"wibble": 1},
        'an experiment has no "wibble"; it takes: name, question, epochs, seeds, artists, curators, learning, '
        "collectors, market, designs, sweep, record",
    ),
    "a word that is nearly right": ({"markt": {}}, 'an experiment has no "markt"; did you mean "market"?'),
    "a rule of another network": (
        {"designs": {"plain": {"fragments": FEW, "consensus": {"kind": "yuma"}}}},
        'designs.plain has no block "consensus"',
    ),
    "a behaviour that is unknown": (
        {"curators": {"crowd": {"kind": "sincre"}}},
        'curators.crowd.kind = "sincre" is unknown; did you mean "sincere"?',
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_what_cannot_be_meant_is_told_with_its_place_and_what_would_do(case: str) -> None:
    changes, said = MESSAGES[case]
    assert said in refused(**changes)


def test_a_block_of_art_that_is_misspelt_is_found_where_nothing_else_tells_the_network() -> None:
    with pytest.raises(UserError, match='an experiment has no "curatros"; did you mean "curators"'):
        experiment_from_dict({"designs": {"a": {}}, "curatros": {}})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_the_schema_accepts_a_shipped_art_config(path: Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert list(faults(json_schema(), data)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"overlays": {}},
        {"curators": {"crowd": {"kind": "sincere", "cuont": 3}}},
        {"curators": {"crowd": {"kind": "sincere", "count": 0}}},
        {"market": {"fee": 1}},
        {"wibble": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_refuses_what_reading_refuses(change: dict[str, Any]) -> None:
    refused(**change)
    assert list(faults(json_schema(), SMALL | change)) != []
    assert list(faults(json_schema(), SMALL)) == []


KINDS: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
    "null": type(None),
}  # fmt: skip
LIMITS = {
    "minimum": lambda x, y: x >= y,
    "maximum": lambda x, y: x <= y,
    "exclusiveMinimum": lambda x, y: x > y,
    "exclusiveMaximum": lambda x, y: x < y,
}


def faults(schema: Any, data: Any, place: str = "", root: Any = None) -> Any:
    """Yield what is wrong with `data` by a JSON Schema, as far as ours use that language."""
    root = schema if root is None else root
    if schema is True:
        return
    if schema is False:
        yield f"{place} is not allowed"
        return
    if "$ref" in schema:
        yield from faults(root["$defs"][schema["$ref"].rpartition("/")[2]], data, place, root)

    def fits(other: Any) -> bool:
        return not list(faults(other, data, place, root))

    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if kinds and not any(_is_of(kind, data) for kind in kinds):
        yield f"{place} = {data!r} is none of {kinds}"
    if "const" in schema and data != schema["const"]:
        yield f"{place} is not {schema['const']}"
    if "enum" in schema and data not in schema["enum"]:
        yield f"{place} = {data!r} is none of {schema['enum']}"
    if "anyOf" in schema and not any(fits(other) for other in schema["anyOf"]):
        yield f"{place} fits nothing"
    if "oneOf" in schema and sum(fits(other) for other in schema["oneOf"]) != 1:
        yield f"{place} fits not exactly one"
    if "not" in schema and fits(schema["not"]):
        yield f"{place} is excluded"
    if isinstance(data, int | float):
        yield from (
            f"{place} breaks {name}" for name, ok in LIMITS.items() if name in schema and not ok(data, schema[name])
        )
    if isinstance(data, str) and "pattern" in schema and not re.search(schema["pattern"], data):
        yield f"{place} does not match"
    if isinstance(data, dict):
        yield from _faults_inside(schema, data, place, root)
    if isinstance(data, list):
        for number, value in enumerate(data):
            yield from faults(schema.get("items", True), value, f"{place}[{number}]", root)


def _is_of(kind: str, data: Any) -> bool:
    return isinstance(data, KINDS[kind]) and (kind == "boolean" or not isinstance(data, bool))


def _faults_inside(schema: Any, data: dict[str, Any], place: str, root: Any) -> Any:
    known = schema.get("properties", {})
    yield from (f"{place} lacks {name}" for name in schema.get("required", []) if name not in data)
    for name, others in schema.get("dependentRequired", {}).items():
        yield from (f"{place}.{name} needs {other}" for other in others if name in data and other not in data)
    for name, value in data.items():
        yield from faults(schema.get("propertyNames", True), name, place, root)
        yield from faults(known.get(name, schema.get("additionalProperties", True)), value, f"{place}.{name}", root)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_LONGEST_CHUNK", 2)  # two chunks
        yield run_experiment(small(), tmp_path_factory.mktemp("runs"), progress=False)


def test_a_run_of_art_has_a_row_per_round_and_per_party_and_every_work(folder: Path) -> None:
    run = RunFolder(folder)
    epochs, parties, works = (run.scan(table).collect() for table in ("epochs", "parties", "works"))
    assert epochs.height == 2 * 4
    assert parties.height == 2 * 4 * 2
    assert works.height == epochs["minted"].cast(int).sum()
    assert set(parties["party"]) == {"crowd", "whale"}
    assert yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")) == small().resolved


def test_an_interrupted_run_of_art_resumes_to_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = Progress.advance, []

    def stop_after_the_first_chunk(self: Progress, epochs: int) -> None:
        calls.append(epochs)
        if epochs and sum(1 for n in calls if n) == 2:
            raise KeyboardInterrupt
        original(self, epochs)

    monkeypatch.setattr(Progress, "advance", stop_after_the_first_chunk)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(small(), tmp_path, progress=False)
    monkeypatch.setattr(Progress, "advance", original)
    stopped = tmp_path / folder.name
    assert 0 < len(digests(stopped)) <= len(digests(folder))
    with pytest.raises(UserError, match="resume"):
        RunFolder(stopped)
    resume_experiment(small(), stopped, progress=False)
    assert digests(stopped) == digests(folder)
    assert pl.read_parquet(next((stopped / "works").glob("*.parquet"))).height > 0
