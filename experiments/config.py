"""Experiments: what a person wrote, read into the dataclasses that do the work."""

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

from pydantic import Field

from experiments import slots
from experiments.combinations import conflicts
from experiments.errors import UserError
from experiments.parameters import Refused, build, parameters, read_value
from experiments.reading import apply_override, merged, plain, read_yaml
from experiments.recordings import located, missing_file
from experiments.sweep import Block, block_points, point_conflicts, read_sweep
from experiments.wording import Problems, nearest, show
from subnet.design import Design
from subnet.scenario import Scenario
from tokenomics.arithmetic import Arithmetic

__all__ = ["DEFAULT_KINDS", "Experiment", "Record", "design_blocks", "experiment_from_dict", "read_experiment"]

DEFAULT_KINDS = {"actions": "recorded", "consensus": "yuma"}  # where a config names no kind
_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]{0,63}")
_LABEL_RULE = "a name has letters, digits, _, + and -, at most 64"
_MOST_SEEDS = 1_000_000


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run writes down."""

    epochs_every: Annotated[int, Field(ge=1, le=10**9, description="epochs between rows of the epochs table")] = 1
    agents_every: Annotated[int, Field(ge=0, le=10**9, description="epochs between rows per agent; 0: no such table")] = 10
    matrices: Annotated[bool, Field(description="weights and bonds of the last epoch, for each design's first lane")] = True


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Designs under the same luck: everything that a run needs to know."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$", description="a to z, 0 to 9, _ and -, at most 64")]
    question: Annotated[str, Field(max_length=500, description="what the experiment asks, at most 500 characters")]
    epochs: Annotated[int, Field(ge=1, le=10**9, description="epochs per lane")]
    seeds: tuple[int, ...]
    arithmetic: Annotated[Arithmetic, Field(description="numbers that consensus computes with")]
    actions: Any
    overlays: Mapping[str, Any]
    designs: Mapping[str, Design]
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


_DEFAULTS = {"question": "", "epochs": 100, "seeds": 8, "arithmetic": "float64"}
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


def design_blocks() -> dict[str, type | None]:
    """Return the blocks of a design with their class, None where `kind` chooses one."""
    hints = get_type_hints(Design)
    return {f.name: hints[f.name] if isinstance(hints[f.name], type) else None for f in dataclasses.fields(Design)}


def _mapping(data: Any, source: str) -> dict[str, Any]:
    if data is None:
        raise UserError(f"{source}: is empty; an experiment needs at least `designs:`")
    if not isinstance(data, dict):
        raise UserError(f"{source}: holds {show(data)}, not a block of parameters; an experiment begins with `designs:`")
    return data


class Part(NamedTuple):
    """A rule as read: its kind (None where there is no choice) and the instance."""

    kind: str | None
    rule: Any


def _experiment(data: dict[str, Any], source: str, folder: Path) -> Experiment:
    problems = Problems(source)
    for key in data:
        if key not in _KEYS:
            problems.add(f'an experiment has no "{key}"{nearest(key, _KEYS)}; it takes: {", ".join(_KEYS)}'.replace(";;", ";"))
    header = _header(data, problems)
    seeds = _seeds(_given(data, "seeds"), problems)
    record = _fixed(Record, "record", data.get("record"), problems)
    actions = _actions(data.get("actions"), folder, problems)
    overlays = _overlays(data.get("overlays"), problems)
    designs = _designs(data.get("designs"), problems)
    problems.raise_any()
    assert seeds is not None and record is not None and actions is not None
    resolved: dict[str, Any] = header | {"seeds": len(seeds) if seeds == tuple(range(len(seeds))) else list(seeds)}
    resolved = {key: resolved[key] for key in _KEYS if key in resolved} | {
        "actions": _dumped(actions),
        "overlays": {name: _dumped(part) for name, part in overlays.items()},
        "designs": {name: {slot: _dumped(p) for slot, p in parts.items()} for name, parts in designs.items()},
    }
    draft = Experiment(
        **header,
        seeds=seeds,
        actions=actions.rule,
        overlays={name: part.rule for name, part in overlays.items()},
        designs={name: Design(**{slot: p.rule for slot, p in parts.items()}) for name, parts in designs.items()},
        sweep=(),
        record=record,
        resolved=resolved,
        source=source,
    )
    for design in draft.designs:
        for where, text in conflicts(Scenario(draft.designs[design], draft.actions, draft.overlays), draft.arithmetic):
            problems.add(f"{where.format(design=f'designs.{design}')}{text}")
    problems.raise_any()
    sweep = read_sweep(data.get("sweep"), draft, problems, folder)
    problems.raise_any()
    resolved |= {"sweep": [block.as_dict() for block in sweep], "record": dataclasses.asdict(record)}
    experiment = dataclasses.replace(draft, sweep=sweep)
    for text in point_conflicts(experiment):
        problems.add(text)
    problems.raise_any()
    return experiment


def _given(data: Mapping[str, Any], key: str) -> Any:
    """Return a value, or its default where it is missing or null."""
    value = data.get(key)
    return _DEFAULTS[key] if value is None else value


def _header(data: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    known, values = parameters(Experiment), {}
    for key in ("name", "question", "epochs", "arithmetic"):
        parameter = known[key]
        if key in _DEFAULTS:
            parameter = parameter._replace(default=_DEFAULTS[key])
        raw = data.get(key) if key not in _DEFAULTS else _given(data, key)
        try:
            values[key] = read_value(parameter, raw)
        except Refused as refused:
            problems.add(f"{key} = {show(raw)}{refused}")
    return values


def _seeds(raw: Any, problems: Problems) -> tuple[int, ...] | None:
    rule = f"seeds are a number from 1 to {_MOST_SEEDS}, or a list of different whole numbers >= 0 (default 8)"
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
    return None


def _block(raw: Any, place: str, problems: Problems, example: str) -> dict[str, Any] | None:
    if raw is None:
        return {}
    if isinstance(raw, dict):
        return raw
    problems.add(f"{place} = {show(raw)} is not a block of parameters; write {example}")
    return None


def _fixed(cls: type, place: str, raw: Any, problems: Problems) -> Any | None:
    first = next(iter(parameters(cls)))
    block = _block(raw, place, problems, f"{place.rpartition('.')[2]}: {{{first}: …}}")
    return None if block is None else build(cls, place.rpartition(".")[2], block, place, problems)


def _chosen(slot: str, place: str, raw: Any, problems: Problems) -> Part | None:
    """Return the rule of a block with a `kind`."""
    block = _block(raw, place, problems, "{kind: …}")
    if block is None:
        return None
    kind = block.get("kind", DEFAULT_KINDS.get(slot))
    found = ", ".join(slots.kinds(slot))
    if kind is None:
        problems.add(f"{place}.kind is missing; found: {found}, or any module path")
        return None
    if not isinstance(kind, str):
        problems.add(f"{place}.kind = {show(kind)} is not the name of a kind; found: {found}, or any module path")
        return None
    try:
        cls = slots.find(slot, kind)
    except UserError as error:
        problems.add(f"{place}.{error}")
        return None
    rule = build(cls, kind, {k: v for k, v in block.items() if k != "kind"}, place, problems)
    return None if rule is None else Part(kind, rule)


def _actions(raw: Any, folder: Path, problems: Problems) -> Part | None:
    part = _chosen("actions", "actions", raw, problems)
    if part is None:
        return None
    part = part._replace(rule=located(part.rule, folder))
    if missing := missing_file(part.rule, folder):
        problems.add(f"actions.{missing}")
        return None
    return part


def _named(raw: Any, place: str, problems: Problems, example: str) -> dict[str, Any]:
    """Return a block of named blocks, without those whose name will not do."""
    block = _block(raw, place, problems, example) or {}
    for name in block:
        if not _LABEL.fullmatch(name):
            problems.add(f"{place}.{show(name)} is not a good name: {_LABEL_RULE}")
    return {name: value for name, value in block.items() if _LABEL.fullmatch(name)}


def _overlays(raw: Any, problems: Problems) -> dict[str, Part]:
    read = {}
    for name, block in _named(raw, "overlays", problems, "overlays: {copier: {kind: weight_copier}}").items():
        if name == "honest":
            problems.add("overlays.honest: this name stands for everybody else; choose another")
        part = _chosen("overlays", f"overlays.{name}", block, problems)
        if part is not None:
            read[name] = part
    return read


def _designs(raw: Any, problems: Problems) -> dict[str, dict[str, Part]]:
    before = len(problems.found)
    written = _named(raw, "designs", problems, "designs: {classic: {consensus: {kind: yuma}}}")
    if not written and len(problems.found) == before:
        problems.add("designs is missing; write at least one, such as designs: {classic: {consensus: {kind: yuma}}}")
    for name, block in list(written.items()):
        written[name] = _block(block, f"designs.{name}", problems, "{consensus: {kind: yuma}}") or {}
    told: dict[str, set[str]] = {}  # what is wrong with a design, so that those extending it do not repeat it
    read = {}
    for name in _by_ancestry(written, problems):
        block, parent = _with_parents(name, written), written[name].get("extends")
        own = Problems("")
        read[name] = _design(block, own)
        told[name] = {line.removeprefix(": ") for line in own.found}
        for text in sorted(told[name] - told.get(str(parent), set()), key=list(told[name]).index):
            problems.add(f"designs.{name}{'' if text[0] == ' ' else '.'}{text}")
    return {name: read[name] for name in written if name in read}


def _by_ancestry(written: dict[str, dict[str, Any]], problems: Problems) -> Iterable[str]:
    """Return design names, parents first; those whose parents are unknown or circular are noted and left out."""
    order: list[str] = []
    for name in written:
        chain, current = [name], written[name].get("extends")
        while current is not None and current not in chain:
            if not isinstance(current, str) or current not in written:
                close = nearest(current, written) if isinstance(current, str) else ""
                if len(chain) == 1:
                    found = ", ".join(n for n in written if n != name) or "none"
                    problems.add(f"designs.{name}.extends = {show(current)} is unknown{close}; found: {found}")
                break
            chain.append(current)
            current = written[current].get("extends")
        else:
            if current is None:
                order += [n for n in reversed(chain) if n not in order]
            elif current == name:
                circle = " extends ".join([*chain, current])
                problems.add(f"designs.{name}.extends goes in a circle: {circle}")
    return order


def _with_parents(name: str, written: dict[str, dict[str, Any]]) -> dict[str, Any]:
    own = {key: value for key, value in written[name].items() if key != "extends"}
    parent = written[name].get("extends")
    base = {"consensus": {"kind": DEFAULT_KINDS["consensus"]}} if parent is None else _with_parents(parent, written)
    return merged(base, own)


def _design(block: dict[str, Any], problems: Problems) -> dict[str, Part]:
    blocks, parts = design_blocks(), {}
    for key in block:
        if key not in blocks:
            takes = ", ".join([*blocks, "extends"])
            problems.add(f' has no block "{key}"{nearest(key, blocks)}; a design takes: {takes}')
    for slot, cls in blocks.items():
        if cls is None:
            part = _chosen(slot, slot, block.get(slot), problems)
        else:
            rule = _fixed(cls, slot, block.get(slot), problems)
            part = None if rule is None else Part(None, rule)
        if part is not None:
            parts[slot] = part
    return parts


def _dumped(part: Part) -> dict[str, Any]:
    """Return a rule as a config would have it, every parameter written out."""
    values = {
        name: parameter.adapter.dump_python(getattr(part.rule, name), mode="json")
        for name, parameter in parameters(type(part.rule)).items()
    }
    return values if part.kind is None else {"kind": part.kind} | values


