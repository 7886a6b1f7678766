"""Experiments: what a person wrote, read into the dataclasses that do the work."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments import slots
from experiments.blocks import dumped, fixed, read_named, values_of
from experiments.combinations import conflicts
from experiments.designs import made_design, read_designs, written_design
from experiments.errors import UserError
from experiments.experiment import Experiment, Header, Record
from experiments.networks import CHAIN, CURATION_BLOCKS, Network, network_written
from experiments.parameters import build
from experiments.reading import apply_override, plain, read_yaml
from experiments.sources import LIVING, Source, read_source
from experiments.sweep import num_lanes, point_conflicts
from experiments.sweep_blocks import read_sweep
from experiments.wording import Problems, nearest, show

__all__ = ["Experiment", "Header", "Record", "experiment_from_dict", "read_experiment"]

_MOST_SEEDS = 1_000_000
_MOST_LANES = 2_000_000
_DEFAULT_SEEDS = 8
_FIRST, _LAST = ("name", "question", "epochs", "seeds"), ("designs", "sweep", "record")
_CHAIN_KEYS = (*_FIRST, "arithmetic", *LIVING, "actions", *CHAIN.named, *CHAIN.terms, *_LAST)
_CURATION_KEYS = (*_FIRST, *CURATION_BLOCKS, *_LAST)


def read_experiment(
    path: Path | str, overrides: Sequence[str] = (), seeds: int | None = None, epochs: int | None = None
) -> Experiment:
    """Return the experiment in a YAML file.

    Args:
        path: the file; recordings are looked for beside it first.
        overrides: assignments such as `designs.yuma3.consensus.kappa=0.6`.
        seeds: how many, instead of the file's.
        epochs: how many, instead of the file's.

    Raises:
        UserError: with all that is wrong, one problem per line.
    """
    path = Path(path)
    data = _mapping(read_yaml(path), str(path))
    for assignment in overrides:
        apply_override(data, assignment)
    data |= {key: value for key, value in (("seeds", seeds), ("epochs", epochs)) if value is not None}
    if data.get("name") is None:
        data["name"] = re.sub(r"[^a-z0-9_-]+", "_", path.stem.lower())[:64]
    return _experiment(data, str(path), path.resolve().parent)


def experiment_from_dict(data: Mapping[str, Any], source: str = "<dict>") -> Experiment:
    """Return the experiment in a dictionary laid out like a config file.

    Raises:
        UserError: with all that is wrong, one problem per line.
    """
    data = dict(_mapping(plain(data, source), source))
    if data.get("name") is None:
        data["name"] = "experiment"
    return _experiment(data, source, Path.cwd())


def _mapping(data: Any, source: str) -> dict[str, Any]:
    if data is None:
        raise UserError(f"{source}: is empty; an experiment needs at least `designs:`")
    if not isinstance(data, dict):
        raise UserError(
            f"{source}: holds {show(data)}, not a block of parameters; an experiment begins with `designs:`"
        )
    return data


def _experiment(data: dict[str, Any], source: str, folder: Path) -> Experiment:
    problems = Problems(source)
    draft = _without_sweep(data, problems, folder)
    for name in draft.designs:
        for where, text in conflicts(draft.scenario(name), draft.arithmetic, draft.seeds, draft.epochs):
            problems.add(f"{where.format(design=f'designs.{name}')}{text}")
    problems.raise_any()
    sweep = read_sweep(data.get("sweep"), draft, problems, folder)
    problems.raise_any()
    written = {"sweep": [block.as_dict() for block in sweep], "record": dataclasses.asdict(draft.record)}
    experiment = dataclasses.replace(draft, sweep=sweep, resolved=draft.resolved | written)
    if (lanes := num_lanes(experiment)) > _MOST_LANES:
        problems.add(f"these are {lanes} lanes; at most {_MOST_LANES} are possible: take fewer steps or seeds")
        problems.raise_any()
    for text in point_conflicts(experiment):
        problems.add(text)
    problems.raise_any()
    return experiment


def _without_sweep(data: dict[str, Any], problems: Problems, folder: Path) -> Experiment:
    """Return all of an experiment but its sweep, which needs the rest to be read.

    Raises:
        UserError: with all that was noted, if anything was.
    """
    network = network_written(data)
    _check_keys(data, network, problems)
    given = {f.name: data[f.name] for f in dataclasses.fields(Header) if data.get(f.name) is not None}
    header = build(Header, "an experiment", given, "", problems)
    seeds = _seeds(_DEFAULT_SEEDS if data.get("seeds") is None else data["seeds"], problems)
    record = fixed(Record, "record", data.get("record"), problems)
    source = read_source(data, folder, problems) if network.actions else Source(None, {})
    parties = {
        block: read_named(block, data.get(block) or network.usual.get(block), problems, example)
        for block, example in network.named.items()
    }
    terms = {name: fixed(slots.block_class(name), name, data.get(name), problems) for name in network.terms}
    designs = read_designs(data.get("designs"), network, problems)
    problems.raise_any()
    assert header is not None
    assert source is not None
    assert record is not None
    people = {block: {name: part.rule for name, part in found.items()} for block, found in parties.items()}
    says = dataclasses.asdict(header)
    resolved = {key: says[key] for key in ("name", "question", "epochs")} | {
        "seeds": len(seeds) if seeds == tuple(range(len(seeds))) else list(seeds),
        **({"arithmetic": says["arithmetic"]} if network.actions else {}),
        **source.written,
        **{block: {name: dumped(part) for name, part in found.items()} for block, found in parties.items()},
        **{name: values_of(term) for name, term in terms.items()},
        "designs": {name: written_design(parts) for name, parts in designs.items()},
    }
    return Experiment(
        **says,
        seeds=seeds,
        network=network,
        people=({"actions": source.rule} if network.actions else {}) | people | terms,
        designs={name: made_design(parts, network) for name, parts in designs.items()},
        sweep=(),
        record=record,
        resolved=resolved,
        source=problems.source,
    )


def _check_keys(data: dict[str, Any], network: Network, problems: Problems) -> None:
    """Note what a network of this kind does not take."""
    keys = _CHAIN_KEYS if network is CHAIN else _CURATION_KEYS
    for key in data:
        if key in keys:
            continue
        if network is not CHAIN and key in _CHAIN_KEYS:
            ours = ", ".join(k for k in CURATION_BLOCKS if data.get(k) is not None)
            problems.add(f"{key} belongs to a network of miners and validators, not to one with {ours}; remove either")
            continue
        known = (*keys, *CURATION_BLOCKS) if network is CHAIN else keys
        problems.add(f'an experiment has no "{key}"{nearest(key, known)} it takes: {", ".join(keys)}')


def _seeds(raw: Any, problems: Problems) -> tuple[int, ...]:
    rule = f"a number from 1 to {_MOST_SEEDS}, or a list of different whole numbers >= 0 (default {_DEFAULT_SEEDS})"
    if isinstance(raw, str) and raw.strip().isdecimal():
        raw = int(raw[:20])
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        if 1 <= raw <= _MOST_SEEDS:
            return tuple(range(raw))
    elif isinstance(raw, list) and 0 < len(raw) <= _MOST_SEEDS:
        whole = all(isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**63 for s in raw)
        if whole and len(set(raw)) == len(raw):
            return tuple(raw)
    problems.add(f"seeds = {show(raw)} is not allowed: {rule}")
    return ()
