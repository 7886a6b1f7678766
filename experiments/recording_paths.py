"""Where recordings lie: the paths in a config, made whole or told to be wrong."""

import dataclasses
from pathlib import Path
from typing import Any

from experiments.archives import PACKAGED, is_file
from experiments.table_file import PACKAGED_TABLES
from experiments.wording import nearest, show
from subnet.actions.recorded import Recorded
from subnet.actions.recorded_scores import RecordedScores
from subnet.actions.replayed import Replayed
from subnet.actions.sampled import Sampled
from subnet.tasks.eras import Eras
from subnet.work.population import Evaluators

__all__ = ["file_parameter", "located", "missing_file"]

# Rules that read a file: the parameter with its path.
_FILES: dict[type, str] = {
    Recorded: "file",
    Replayed: "file",
    RecordedScores: "file",
    Eras: "file",
    Sampled: "stake_file",
    Evaluators: "stake_file",
}
_NAMED = {*PACKAGED, *PACKAGED_TABLES, ""}  # what is no path; nothing at all where a rule needs no file


def file_parameter(rule: Any) -> str | None:
    """Return the name of the parameter that holds the path of a recording, None where a rule reads none."""
    return next((_FILES[cls] for cls in type(rule).__mro__ if cls in _FILES), None)


def located(source: Any, folder: Path) -> Any:
    """Return `source` with the path of its recording made whole: beside the config, else in the current directory."""
    name = file_parameter(source)
    if name is None or getattr(source, name) in _NAMED:
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
    if file in _NAMED or is_file(Path(file)):
        return None
    places = f"{folder} or {Path.cwd()}" if folder.resolve() != Path.cwd() else str(folder)
    return f"{name} = {show(file)}: no such file in {places}{_instead(source, file)}"


def _instead(source: Any, file: str) -> str:
    """Return what else a rule could read."""
    if isinstance(source, Replayed):
        return "; write a trace with: subnetlab run CONFIG --save-trace"
    if isinstance(source, Eras):
        return "; without a file, eras are synthetic"
    packaged = PACKAGED_TABLES if isinstance(source, RecordedScores) else PACKAGED
    return f"{nearest(file, packaged)} packaged recordings: {', '.join(packaged)}"
