"""Where recordings lie: the paths in a config, made whole or told to be wrong."""

import dataclasses
from pathlib import Path
from typing import Any

from experiments.archives import PACKAGED, is_file
from experiments.wording import nearest, show
from subnet.actions.recorded import Recorded
from subnet.actions.replayed import Replayed
from subnet.actions.sampled import Sampled
from subnet.work.population import Evaluators

__all__ = ["file_parameter", "located", "missing_file"]

# Rules that read a file: the parameter with its path.
_FILES: dict[type, str] = {Recorded: "file", Replayed: "file", Sampled: "stake_file", Evaluators: "stake_file"}


def file_parameter(rule: Any) -> str | None:
    """Return the name of the parameter that holds the path of a recording, None where a rule reads none."""
    return next((_FILES[cls] for cls in type(rule).__mro__ if cls in _FILES), None)


def located(source: Any, folder: Path) -> Any:
    """Return `source` with the path of its recording made whole: beside the config, else in the current directory."""
    name = file_parameter(source)
    if name is None or getattr(source, name) in PACKAGED:
        return source
    for place in (folder, Path.cwd()):
        path = place / getattr(source, name)
        if is_file(path):
            return dataclasses.replace(source, **{name: str(path.resolve())})
    return source


def missing_file(source: Any, folder: Path) -> str | None:
    """Return what is wrong with the path of a recording that `source` needs: `file = "x.npz": no such file …`."""
    name = file_parameter(source)
    if name is None or getattr(source, "stake_distribution", "recorded") != "recorded":
        return None
    file = getattr(source, name)
    if file in PACKAGED or is_file(Path(file)):
        return None
    packaged = ", ".join(PACKAGED)
    places = f"{folder} or {Path.cwd()}" if folder.resolve() != Path.cwd() else str(folder)
    what = f"{nearest(file, PACKAGED)} packaged recordings: {packaged}"
    if isinstance(source, Replayed):
        what = "; write a trace with: subnetlab run CONFIG --save-trace"
    return f"{name} = {show(file)}: no such file in {places}{what}"
