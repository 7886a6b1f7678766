"""The `sweep:` of a config: what a person wrote, checked and made explicit."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from experiments import slots
from experiments.errors import UserError
from experiments.experiment import Block, Experiment
from experiments.parameters import Parameter, Refused, read_value
from experiments.recording_paths import file_parameter, located, missing_file
from experiments.roots import Root, known_parameters, place_of, roots, rule_at, split_path, value_at
from experiments.sweep import kind_of
from experiments.sweep_ranges import RANGE_RULE, ranged
from experiments.wording import Problems, nearest, show

__all__ = ["read_sweep"]

_BLOCK_KEYS = ("grid", "zip", "designs")


class _Rule(NamedTuple):
    """A rule that a swept path may meet: where it stands, how people call it, what it takes."""

    place: str
    label: str
    known: Mapping[str, Parameter]


def read_sweep(raw: Any, draft: Experiment, problems: Problems, folder: Path) -> tuple[Block, ...]:
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

    def __init__(self, draft: Experiment, problems: Problems, folder: Path) -> None:
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
            values = list(ranged(raw)) if isinstance(raw, dict) else raw
        except Refused as refused:
            self.problems.add(f"{place}{refused} {RANGE_RULE}")
            return []
        if not isinstance(values, list) or not values:
            self.problems.add(f"{place} = {show(raw)} is not a list of values; {RANGE_RULE}")
            return []
        return values

    def _values(
        self, path: str, values: list[Any], designs: tuple[str, ...], kinds: Mapping[str, list[Any]], place: str
    ) -> Iterator[Any]:
        name, leaf = split_path(path)
        root = self._known_root(path, designs, place)
        if root is None:
            return
        if leaf == "kind":
            yield from self._kinds(name, root, values, f"{place}.{path}")
            return
        found = []
        for rule in self._rules(name, root, designs, kinds.get(f"{name}.kind", [])):
            if leaf in rule.known:
                found.append(rule.known[leaf])
                continue
            takes = f"{rule.label} takes: {', '.join(rule.known) or 'no parameters'}"
            close = nearest(leaf, rule.known)
            self.problems.add(f'{place}.{path}: {rule.place} has no parameter "{leaf}"{close} {takes}')
        for value in values if found else ():
            yield self._value(root, found, value, f"{place}.{path}")

    def _value(self, root: Root, found: list[Parameter], raw: Any, place: str) -> Any:
        try:
            value, *_ = [read_value(parameter, raw) for parameter in found]
        except Refused as refused:
            self.problems.add(f"{place} = {show(raw)}{refused}")
            return None
        if isinstance(value, str):
            value = self._whole_path(root, found[0].name, value, place)
        try:
            hash(value)
        except TypeError:
            self.problems.add(f"{place} = {show(raw)} is not a single value, and cannot be swept")
            return None
        return value

    def _whole_path(self, root: Root, leaf: str, value: str, place: str) -> str:
        """Return the path of a recording made whole; any other text as it is."""
        rule = rule_at(self._scenario(), root)
        if root.in_design or file_parameter(rule) is None or not hasattr(rule, leaf):
            return value
        trial = located(dataclasses.replace(rule, **{leaf: value}), self.folder)
        if missing := missing_file(trial, self.folder):
            self.problems.add(f"{place.removesuffix('.' + leaf)}.{missing}")
        whole: str = getattr(trial, leaf)
        return whole

    def _kinds(self, name: str, root: Root, values: list[Any], place: str) -> Iterator[Any]:
        if root.slot is None:
            self.problems.add(f"{place}: {name} has no kinds to choose from")
            return
        for value in map(str, values):
            try:
                slots.find(root.slot, value)
            except UserError as error:
                self.problems.add(f"{place.removesuffix('.kind')}.{error}")
            yield value

    def _known_root(self, path: str, designs: tuple[str, ...], place: str) -> Root | None:
        """Return where a path leads, None after noting that it leads nowhere in some design."""
        name, _ = split_path(path)
        known = {design: roots(self._scenario(design)) for design in designs}
        every = {name: root for found in known.values() for name, root in found.items()}
        without = [design for design in designs if name not in known[design]]
        if name in every and without:
            self.problems.add(
                f"{place}.{path}: {', '.join(f'designs.{design}' for design in without)} has no {name}; name the "
                f"designs that have it in designs: [...] beside grid"
            )
        elif path.startswith("designs."):
            hint = "a sweep is for every design of its block: write consensus.kappa, and designs: [...] beside grid"
            self.problems.add(f'{place}: "{path}" cannot be swept{nearest(name, every)} {hint}')
        elif every and name not in every:
            hint = f"a path is one of {', '.join(every)}, then a dot and a parameter"
            self.problems.add(f'{place}: "{path}" cannot be swept{nearest(name, every)} {hint}')
        return None if without else every.get(name)

    def _rules(self, name: str, root: Root, designs: tuple[str, ...], kinds: list[Any]) -> Iterator[_Rule]:
        """Yield the rules that a path meets: of each design, and of each kind that is swept along with it."""
        for design in designs if root.in_design else designs[:1]:
            place = place_of(name, root, design)
            if root.slot is None or not kinds:
                rule = rule_at(self._scenario(design), root)
                label = kind_of(self.draft, design, name, root) or name
                yield _Rule(place, label, known_parameters(root, type(rule)))
                continue
            for kind in map(str, kinds):
                try:
                    cls = slots.find(root.slot, kind)
                except UserError:
                    continue  # noted where the kinds are read
                yield _Rule(f"{place} with kind {kind}", kind, known_parameters(root, cls))

    def _present(self, design: str, path: str) -> Any:
        name, leaf = split_path(path)
        scenario = self._scenario(design)
        root = roots(scenario).get(name)
        if root is None:
            return None
        return kind_of(self.draft, design, name, root) if leaf == "kind" else value_at(scenario, root, leaf)

    def _scenario(self, design: str | None = None) -> Any:
        return self.draft.scenario(next(iter(self.draft.designs)) if design is None else design)

    def _check_lengths(self, read: dict[str, dict[str, tuple[Any, ...]]], place: str) -> None:
        for path, values in read["grid"].items():
            if len(set(values)) < len(values):
                twice = next(value for value in values if values.count(value) > 1)
                self.problems.add(f"{place}.grid.{path}: {show(twice)} is given twice")
        if len({len(values) for values in read["zip"].values()}) > 1:
            lengths = ", ".join(f"{path} has {len(values)}" for path, values in read["zip"].items())
            self.problems.add(f"{place}.zip: lists that run along need equal lengths, but {lengths}")
