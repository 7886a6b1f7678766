"""Experiments: what a person wrote, read into the dataclasses that do the work."""

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from experiments.blocks import Part, chosen, dumped, fixed, read_designs, read_overlays
from experiments.combinations import conflicts
from experiments.errors import UserError
from experiments.parameters import build
from experiments.reading import apply_override, plain, read_yaml
from experiments.recordings import located, missing_file
from experiments.sweep import Block, block_points, num_lanes, point_conflicts
from experiments.sweep_blocks import read_sweep
from experiments.wording import Problems, nearest, show
from subnet.design import Design
from subnet.scenario import Scenario
from tokenomics.arithmetic import Arithmetic

__all__ = ["Experiment", "Header", "Record", "experiment_from_dict", "read_experiment"]

_MOST_SEEDS = 1_000_000
_MOST_LANES = 2_000_000


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run writes down."""

    epochs_every: Annotated[int, Field(ge=1, le=10**9, description="epochs between rows of the epochs table")] = 1
    agents_every: Annotated[
        int, Field(ge=0, le=10**9, description="epochs between rows per agent; 0: no such table")
    ] = 10
    matrices: Annotated[
        bool, Field(description="weights and bonds of the last epoch, for each design's first lane")
    ] = True


@dataclasses.dataclass(frozen=True)
class Header:
    """What an experiment says of itself."""

    name: Annotated[
        str, Field(pattern=r"^[a-z0-9_-]{1,64}$", description="a to z, 0 to 9, _ and -, at most 64 characters")
    ]
    question: Annotated[str, Field(max_length=500, description="what the experiment asks, at most 500 characters")] = ""
    epochs: Annotated[int, Field(ge=1, le=10**9, description="epochs per lane")] = 100
    arithmetic: Annotated[Arithmetic, Field(description="numbers that consensus computes with")] = "float64"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Designs under the same luck: everything that a run needs to know."""

    name: str
    question: str
    epochs: int
    seeds: tuple[int, ...]
    arithmetic: Arithmetic
    actions: Any
    overlays: dict[str, Any]
    designs: dict[str, Design]
    sweep: tuple[Block, ...]
    record: Record
    resolved: dict[str, Any] = dataclasses.field(repr=False)
    source: str = dataclasses.field(default="<dict>", compare=False)

    @functools.cached_property
    def points(self) -> tuple[dict[str, Any], ...]:
        """Return the swept values of each point by dotted path; one empty point without a sweep."""
        return tuple(point for block in self.sweep for point in block_points(block)) or ({},)

    @functools.cached_property
    def config_hash(self) -> str:
        """Return the first 10 hexadecimal digits of the SHA-256 of the resolved config as JSON."""
        text = json.dumps(self.resolved, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:10]


_DEFAULT_SEEDS = 8
_KEYS = ("name", "question", "epochs", "seeds", "arithmetic", "actions", "overlays", "designs", "sweep", "record")


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
    for name, design in draft.designs.items():
        for where, text in conflicts(Scenario(design, draft.actions, draft.overlays), draft.arithmetic):
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
    for key in data:
        if key not in _KEYS:
            problems.add(f'an experiment has no "{key}"{nearest(key, _KEYS)} it takes: {", ".join(_KEYS)}')
    given = {f.name: data[f.name] for f in dataclasses.fields(Header) if data.get(f.name) is not None}
    header = build(Header, "an experiment", given, "", problems)
    seeds = _seeds(_DEFAULT_SEEDS if data.get("seeds") is None else data["seeds"], problems)
    record = fixed(Record, "record", data.get("record"), problems)
    actions = _actions(data.get("actions"), folder, problems)
    overlays = read_overlays(data.get("overlays"), problems)
    designs = read_designs(data.get("designs"), problems)
    problems.raise_any()
    assert header is not None
    assert actions is not None
    assert record is not None
    says = dataclasses.asdict(header)
    resolved = {key: says[key] for key in ("name", "question", "epochs")} | {
        "seeds": len(seeds) if seeds == tuple(range(len(seeds))) else list(seeds),
        "arithmetic": says["arithmetic"],
        "actions": dumped(actions),
        "overlays": {name: dumped(part) for name, part in overlays.items()},
        "designs": {name: {slot: dumped(p) for slot, p in parts.items()} for name, parts in designs.items()},
    }
    return Experiment(
        **says,
        seeds=seeds,
        actions=actions.rule,
        overlays={name: part.rule for name, part in overlays.items()},
        designs={name: Design(**{slot: p.rule for slot, p in parts.items()}) for name, parts in designs.items()},
        sweep=(),
        record=record,
        resolved=resolved,
        source=problems.source,
    )


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


def _actions(raw: Any, folder: Path, problems: Problems) -> Part | None:
    part = chosen("actions", "actions", raw, problems)
    if part is None:
        return None
    part = part._replace(rule=located(part.rule, folder))
    if missing := missing_file(part.rule, folder):
        problems.add(f"actions.{missing}")
        return None
    return part
