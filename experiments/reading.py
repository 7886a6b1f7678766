"""From the text a person wrote to plain dictionaries: YAML without its traps, and `--set a.b=c`."""

import numbers
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from experiments.errors import UserError
from experiments.wording import nearest, show

__all__ = ["apply_override", "merged", "parse_yaml", "plain", "read_text", "read_yaml"]

_DEEPEST = 20
_MOST_VALUES = 500_000
_LARGEST_FILE = 20_000_000
_SHOWN = 100  # characters of an assignment that are repeated in a message
_BY_NAME = (
    "designs",
    "miners",
    "overlays",
    "stakers",
)  # blocks whose keys are names: a typing error must not make a new one
_WITH_PATHS = ("grid", "zip")  # blocks whose keys are dotted paths themselves
_KEPT = {"miners": ("count", "model", "training")}  # keys of named blocks that do not belong to their kind


def read_text(path: Path) -> str:
    """Return a text file.

    Raises:
        UserError: it is missing, a folder, too large, or not text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError as error:
        beside = sorted(p.name for p in path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
        raise UserError(f"{path}: no such file{nearest(path.name, beside).rstrip(';')}") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > _LARGEST_FILE:
        raise UserError(f"{path}: is larger than {_LARGEST_FILE // 1_000_000} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not a text file in UTF-8 (byte {error.start})") from error


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds, as plain dictionaries, lists and scalars.

    Raises:
        UserError: it cannot be read, is no YAML, or gives a key twice.
    """
    return parse_yaml(read_text(path), str(path))


def parse_yaml(text: str, source: str) -> Any:
    """Return what a YAML text holds; `source` names it in messages.

    Raises:
        UserError: it is no YAML, or gives a key twice.
    """
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _refuse_duplicates(node, source)
            data = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise UserError(f"{source}: {_place(error)}{_problem(error)}") from error
    except UserError:
        raise
    except Exception as error:  # the loader fails in many ways on tagged scalars such as `!!int ""`
        what = "is nested too deeply" if isinstance(error, RecursionError) else f"is not valid YAML ({error})"
        raise UserError(f"{source}: {what}") from error
    return plain(data, source)


def plain(data: Any, source: str) -> Any:
    """Return a copy that consists of dictionaries with text keys, lists, text, numbers, true, false and null.

    Raises:
        UserError: it holds anything else, itself, or too much.
    """
    budget = [_MOST_VALUES]

    def copy(value: Any, place: str, depth: int) -> Any:
        budget[0] -= 1
        if depth > _DEEPEST:
            raise UserError(f"{source}: {place[:80]} … is nested too deeply")
        if budget[0] < 0:
            raise UserError(f"{source}: holds more than {_MOST_VALUES} values")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    where = f"{place}: " if place else ""
                    raise UserError(f"{source}: {where}the name {show(key)} is not text; write it in quotes")
            return {k: copy(v, f"{place}.{k}" if place else k, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [copy(v, f"{place}[{i}]", depth + 1) for i, v in enumerate(value)]
        if value is None or isinstance(value, str | bool):
            return value
        if isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, numbers.Real):
            return float(value)
        raise UserError(f"{source}: {place} is a {type(value).__name__}, not text or a number; write it in quotes")

    return copy(data, "", 0)


def apply_override(data: dict[str, Any], assignment: str) -> None:
    """Carry out `designs.yuma3.consensus.kappa=0.6` on a config, making missing blocks on the way.

    Raises:
        UserError: no `=`, a value that is no YAML, or a path through a name or value that does not exist.
    """
    path, equals, text = assignment.partition("=")
    path, source = path.strip(), f"--set {' '.join(assignment.split())[:_SHOWN]}"
    keys = _keys(path)
    if not equals or not all(keys):
        raise UserError(f"{source}: write PATH=VALUE, such as --set designs.yuma3.consensus.kappa=0.6")
    value = parse_yaml(text, source)
    block: Any = data
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        # A network of art may leave out its artists or curators: there is a usual one.
        named = keys[0] in _BY_NAME or (keys[0] in ("artists", "curators") and bool(block))
        if depth == 1 and named and isinstance(block, dict) and key not in block:
            known = ", ".join(block) or "none"
            raise UserError(f'{source}: {keys[0]} has no "{key}"{nearest(key, block)} found: {known}')
        key = _index(block, key, source, ".".join(keys[:depth]))
        if last:
            _assign(block, key, value, _KEPT.get(keys[0], ()) if depth == 2 else ())
        else:
            if isinstance(block, dict) and block.get(key) is None:
                block[key] = {}
            block = block[key]


def merged(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """Return `parent` with `child` laid over, block by block; a new `kind` drops the block's other keys."""
    result = dict(parent)
    for key, value in child.items():
        below = result.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            changed = "kind" in value and value["kind"] != below.get("kind", value["kind"])
            result[key] = dict(value) if changed else merged(below, value)
        elif value is not None or not isinstance(below, dict):
            result[key] = value
    return result


def _keys(path: str) -> list[str]:
    """Split a dotted path; what follows `grid` or `zip` is one key."""
    keys = path.split(".")
    for depth in range(1, len(keys) - 1):
        if keys[0] == "sweep" and keys[depth] in _WITH_PATHS:
            return [*keys[: depth + 1], ".".join(keys[depth + 1 :])]
    return keys


def _index(block: Any, key: str, source: str, place: str) -> Any:
    if isinstance(block, dict):
        return key
    if isinstance(block, list):
        if not key.isdecimal() or int(key) >= len(block):
            raise UserError(f'{source}: {place} is a list of {len(block)}; "{key}" is none of 0 to {len(block) - 1}')
        return int(key)
    raise UserError(f"{source}: {place} = {show(block)} is a value, and has no parameters of its own")


def _assign(block: Any, key: Any, value: Any, kept: tuple[str, ...]) -> None:
    if key == "kind" and block.get("kind") != value:
        for name in [name for name in block if name not in kept]:
            del block[name]  # the parameters were the other kind's
    block[key] = value


def _refuse_duplicates(root: yaml.Node, source: str) -> None:
    """Walk the tree of nodes, each once: YAML would silently take the last of two equal keys."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [child for pair in node.value for child in pair]
            _refuse_equal([key for key, _ in node.value], source)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _refuse_equal(keys: Iterable[yaml.Node], source: str) -> None:
    lines: dict[str, int] = {}
    for key in keys:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            mark = key.start_mark
            if key.value in lines:
                where = f"line {mark.line + 1}, column {mark.column + 1}"
                raise UserError(f'{source}: {where}: "{key.value}" is given twice (first in line {lines[key.value]})')
            lines[key.value] = mark.line + 1


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    words = [getattr(error, "context", None), getattr(error, "problem", None) or getattr(error, "reason", None)]
    return f"not valid YAML: {', '.join(word for word in words if word) or error}"
