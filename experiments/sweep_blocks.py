"""The `sweep:` of a config: what a person wrote, checked and made explicit."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments import slots
from experiments.errors import UserError
from experiments.parameters import Parameter, Refused, parameters, read_value
from experiments.recordings import located, missing_file
from experiments.sweep import Block, kinds_of, rule_at, slot_of, split_path
from experiments.wording import Problems, nearest, show
from subnet.design import Design
from subnet.scenario import Scenario

if TYPE_CHECKING:
    from experiments.config import Experiment

__all__ = ["read_sweep"]

_MOST_STEPS = 100_000
_BLOCK_KEYS = ("grid", "zip", "designs")
_RANGE_KEYS = ("from", "to", "steps", "scale")
_RANGE_RULE = "write a list of values, or {from: 0, to: 1, steps: 11}, with scale: log if wanted"
_SIGNIFICANT = 12  # decimal digits kept of values on a logarithmic scale


class _Rule(NamedTuple):
    """A rule that a swept path may meet: where it stands, its kind, its class."""

    place: str
    kind: str
    cls: type


def read_sweep(raw: Any, draft: "Experiment", problems: Problems, folder: Path) -> tuple[Block, ...]:
    """Return the blocks of a sweep, values checked and written out.

    Args:
        raw: None, one block, or a list of blocks.
        draft: the experiment without its sweep.
        problems: where to note what is wrong.
        folder: where recordings are looked for first.
    """
    written = [] if raw is None else raw if isinstance(raw, list) else [raw]
    reader = _Reader(draft, problems, folder)
    blocks = [
        reader.block(block, "sweep" if len(written) == 1 else f"sweep[{number}]")
        for number, block in enumerate(written)
    ]
    if problems.found:
        return ()
    paths = list(dict.fromkeys(path for block in blocks for path in block.swept))
    return tuple(reader.completed(block, paths, number) for number, block in enumerate(blocks))


class _Reader:
    """Reads blocks of one experiment."""

    def __init__(self, draft: "Experiment", problems: Problems, folder: Path) -> None:
        self.draft, self.problems, self.folder = draft, problems, folder

    def block(self, raw: Any, place: str) -> Block:
        """Return one block; what is wrong is noted and left out."""
        nothing = Block({}, {}, (), {})
        if not isinstance(raw, dict):
            self.problems.add(
                f"{place} = {show(raw)} is not a block; write {place}: {{grid: {{consensus.kappa: [0.4, 0.6]}}}}"
            )
            return nothing
        for key in raw:
            if key not in _BLOCK_KEYS:
                self.problems.add(
                    f'{place} has no "{key}"{nearest(key, _BLOCK_KEYS)} it takes: {", ".join(_BLOCK_KEYS)}'
                )
        designs = self._designs(raw.get("designs"), place)
        written = {}
        for part in ("grid", "zip"):
            values = raw.get(part)
            if values is not None and not isinstance(values, dict):
                self.problems.add(f"{place}.{part} = {show(values)} is not a block of paths with their values")
            written[part] = values if isinstance(values, dict) else {}
        for path in written["grid"]:
            if path in written["zip"]:
                self.problems.add(f"{place}: {path} is given in grid and in zip; remove one")
        lists = {
            part: {path: self._listed(raw, f"{place}.{part}.{path}") for path, raw in paths.items()}
            for part, paths in written.items()
        }
        swept_kinds = {path: v for paths in lists.values() for path, v in paths.items() if path.endswith(".kind")}
        read = {
            part: {
                path: tuple(self._values(path, values, designs, swept_kinds, f"{place}.{part}"))
                for path, values in paths.items()
            }
            for part, paths in lists.items()
        }
        self._check_lengths(read, place)
        return Block(read["grid"], read["zip"], designs, {})

    def completed(self, block: Block, paths: list[str], number: int) -> Block:
        """Return the block with all paths of the sweep: those it leaves alone at the value its designs have."""
        fixed: dict[str, Any] = {}
        for path in paths:
            if path in block.swept:
                fixed[path] = None
                continue
            values = [self._present(design, path) for design in block.designs]
            if any(value != values[0] for value in values):
                self.problems.add(
                    f"sweep[{number}] leaves {path} alone, which another block sweeps and these designs disagree on; "
                    f"give it here, too"
                )
            fixed[path] = values[0] if values else None
        return dataclasses.replace(block, fixed=fixed)

    def _designs(self, raw: Any, place: str) -> tuple[str, ...]:
        known = self.draft.designs
        if raw is None:
            return tuple(known)
        names = raw if isinstance(raw, list) else [raw]
        for name in names:
            if not isinstance(name, str) or name not in known:
                self.problems.add(
                    f"{place}.designs: {show(name)} is unknown{nearest(name, known)} found: {', '.join(known)}"
                )
        if not names:
            self.problems.add(f"{place}.designs is empty; name at least one of: {', '.join(known)}")
        return tuple(name for name in known if name in names)

    def _listed(self, raw: Any, place: str) -> list[Any]:
        try:
            values = list(_range(raw)) if isinstance(raw, dict) else raw
        except Refused as refused:
            self.problems.add(f"{place}{refused} {_RANGE_RULE}")
            return []
        if not isinstance(values, list) or not values:
            self.problems.add(f"{place} = {show(raw)} is not a list of values; {_RANGE_RULE}")
            return []
        return values

    def _values(
        self, path: str, values: list[Any], designs: tuple[str, ...], kinds: Mapping[str, list[Any]], place: str
    ) -> Iterator[Any]:
        root, leaf = self._known_root(path, place)
        if not root:
            return
        if leaf == "kind":
            yield from self._kinds(root, values, f"{place}.{path}")
            return
        found = []
        for rule in self._rules(root, designs, kinds):
            known = parameters(rule.cls)
            if leaf in known:
                found.append(known[leaf])
                continue
            takes = f"{rule.kind} takes: {', '.join(known) or 'no parameters'}"
            self.problems.add(f'{place}.{path}: {rule.place} has no parameter "{leaf}"{nearest(leaf, known)} {takes}')
        for value in values if found else ():
            yield self._value(root, found, value, f"{place}.{path}")

    def _value(self, root: str, found: list[Parameter], raw: Any, place: str) -> Any:
        try:
            value, *_ = [read_value(parameter, raw) for parameter in found]
        except Refused as refused:
            self.problems.add(f"{place} = {show(raw)}{refused}")
            return None
        if root == "actions" and isinstance(value, str):  # the path of a recording is made whole
            name = found[0].name
            rule = self.draft.actions
            if hasattr(rule, name):
                trial = located(dataclasses.replace(rule, **{name: value}), self.folder)
                if missing := missing_file(trial, self.folder):
                    self.problems.add(f"{place.removesuffix('.' + name)}.{missing}")
                return getattr(trial, name)
        try:
            hash(value)
        except TypeError:
            self.problems.add(f"{place} = {show(raw)} is not a single value, and cannot be swept")
            return None
        return value

    def _kinds(self, root: str, values: list[Any], place: str) -> Iterator[Any]:
        slot = slot_of(root)
        if slot not in slots.SLOTS:
            self.problems.add(f"{place}: {root} has no kinds to choose from")
            return
        for value in map(str, values):
            try:
                slots.find(slot, value)
            except UserError as error:
                self.problems.add(f"{place.removesuffix('.kind')}.{error}")
            yield value

    def _known_root(self, path: str, place: str) -> tuple[str, str]:
        """Return root and parameter of a path; two empty texts after noting why there is no such root."""
        root, leaf = split_path(path)
        blocks = [
            "actions",
            *(f.name for f in dataclasses.fields(Design)),
            *(f"overlays.{o}" for o in self.draft.overlays),
        ]
        if root in blocks:
            return root, leaf
        if path.startswith("designs."):
            hint = "a sweep is for every design of its block: write consensus.kappa, and designs: [...] beside grid"
        else:
            hint = f"a path is one of {', '.join(blocks)}, then a dot and a parameter"
        self.problems.add(f'{place}: "{path}" cannot be swept{nearest(root, blocks)} {hint}')
        return "", ""

    def _rules(self, root: str, designs: tuple[str, ...], kinds: Mapping[str, list[Any]]) -> Iterator[_Rule]:
        """Yield the rules that a path meets: of each design, and of each kind that is swept along with it."""
        shared = root == "actions" or root.startswith("overlays.")
        for design in designs[:1] if shared else designs:
            place = root if shared else f"designs.{design}.{root}"
            if swept := kinds.get(f"{root}.kind"):
                for kind in swept:
                    try:
                        yield _Rule(f"{place} with kind {kind}", str(kind), slots.find(slot_of(root), str(kind)))
                    except UserError:
                        continue  # noted where the kinds are read
                continue
            scenario = Scenario(self.draft.designs[design], self.draft.actions, self.draft.overlays)
            rule = rule_at(scenario, root)
            yield _Rule(place, kinds_of(self.draft, design).get(root, root), type(rule))

    def _present(self, design: str, path: str) -> Any:
        root, leaf = split_path(path)
        if leaf == "kind":
            return kinds_of(self.draft, design).get(root)
        scenario = Scenario(self.draft.designs[design], self.draft.actions, self.draft.overlays)
        return getattr(rule_at(scenario, root), leaf, None)

    def _check_lengths(self, read: dict[str, dict[str, tuple[Any, ...]]], place: str) -> None:
        for path, values in read["grid"].items():
            if len(set(values)) < len(values):
                twice = next(value for value in values if values.count(value) > 1)
                self.problems.add(f"{place}.grid.{path}: {show(twice)} is given twice")
        if len({len(values) for values in read["zip"].values()}) > 1:
            lengths = ", ".join(f"{path} has {len(values)}" for path, values in read["zip"].items())
            self.problems.add(f"{place}.zip: lists that run along need equal lengths, but {lengths}")


def _range(raw: Mapping[str, Any]) -> Iterator[int | float]:
    """Yield the values of `{from, to, steps, scale}`; decimal, so that 0 to 0.4 in 5 steps has an exact 0.3."""
    for key in raw:
        if key not in _RANGE_KEYS:
            raise Refused(f' has no "{key}"{nearest(key, _RANGE_KEYS)}')
    low, high, steps = (_finite(raw, key) for key in ("from", "to", "steps"))
    scale = raw.get("scale", "linear")
    if steps != int(steps) or not 2 <= steps <= _MOST_STEPS:
        raise Refused(f".steps = {show(raw['steps'])} is not a whole number from 2 to {_MOST_STEPS};")
    if scale not in ("linear", "log"):
        raise Refused(f".scale = {show(scale)} is neither linear nor log;")
    if scale == "log" and (low <= 0 or high <= 0):
        raise Refused(": a logarithmic scale needs from and to above 0;")
    last = int(steps) - 1
    for step in range(last + 1):
        if step in (0, last):
            yield low if step == 0 else high
        elif scale == "log":
            yield float(f"{math.exp(math.log(low) + (math.log(high) - math.log(low)) * step / last):.{_SIGNIFICANT}g}")
        else:
            start, end = Decimal(repr(low)), Decimal(repr(high))
            yield float(start + (end - start) * step / last)


def _finite(raw: Mapping[str, Any], key: str) -> int | float:
    value = raw.get(key)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or value != value:
        raise Refused(f".{key} = {show(value)} is not a number;" if key in raw else f".{key} is missing;")
    return value
