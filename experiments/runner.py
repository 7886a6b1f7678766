"""Runs an experiment: buckets of lanes, waves, chunks; tables and checkpoints as it goes."""

import datetime
import platform
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from experiments.config import Experiment
from experiments.errors import UserError
from experiments.progress import Progress
from experiments.recordings import load_recording
from experiments.store import LaneKeys, Store
from experiments.sweep import Lane, expand, structure
from experiments.wave import Wave, WaveShape

__all__ = ["resume_experiment", "run_experiment"]

_WAVES = (4096, 1024, 256, 64, 8)  # lanes per wave; a fixed few, so that more seeds are not a new program
_LONGEST_CHUNK = 64
_WAVE_BYTES = 192 << 20  # outputs of a wave's chunk and states of its lanes; a few copies of these live at once


@dataclass(frozen=True)
class _Planned:
    """A wave before it runs: its name, its lanes, and the bucket it belongs to."""

    name: str
    lanes: list[Lane]
    bucket: int
    shape: WaveShape


def run_experiment(experiment: Experiment, out_root: Path, progress: bool = True) -> Path:
    """Run every lane and write the run folder; return its path.

    Raises:
        UserError: if data cannot be read or the folder cannot be written.
    """
    return _run(experiment, _folder(experiment, out_root), progress, fresh=True)


def resume_experiment(experiment: Experiment, folder: Path, progress: bool = True) -> Path:
    """Go on with an unfinished run where its last checkpoint stands; a finished one is left as it is."""
    return _run(experiment, folder, progress, fresh=False)


def _run(experiment: Experiment, folder: Path, progress: bool, fresh: bool) -> Path:
    import jax

    from subnet.precision import enable_cache, enable_x64

    enable_x64()
    enable_cache()
    lanes = expand(experiment)
    buckets: dict[Any, list[Lane]] = defaultdict(list)
    for lane in lanes:
        buckets[structure(lane.scenario)].append(lane)

    store = Store(folder, _manifest(experiment, len(lanes), [str(d) for d in jax.devices()]))
    if fresh or not _take_over(store):
        try:
            store.create(yaml.safe_dump(experiment.resolved, sort_keys=False, allow_unicode=True))
        except OSError as error:
            raise UserError(
                f"{folder}: cannot write the run folder: {error.strerror}; choose another with --out"
            ) from None

    if store.manifest["state"] == "finished":
        return folder
    failed: list[dict[str, Any]] = store.manifest["failed"]
    with Progress(len(lanes) * experiment.epochs, enabled=progress) as bar:
        for index, members in enumerate(buckets.values()):
            recording, population = load_recording(members[0].scenario.actions)
            wave_maker = Wave.maker(experiment, members[0].scenario, recording, population)
            for planned in _waves(index, members, experiment, wave_maker.lane_bytes):
                if planned.name in store.manifest["waves"]:
                    bar.advance(len(planned.lanes) * experiment.epochs)
                    continue
                wave = wave_maker(planned.name, planned.lanes, planned.shape, _keys(experiment, planned.lanes))
                failed += wave.run(store, bar.advance)
                store.manifest["waves"].append(planned.name)
                store.write_progress()
                store.drop_checkpoint(planned.name)
    # A run that has results is finished, with its failures named; one without any has failed.
    store.finish("failed" if len(failed) == len(lanes) else "finished", _now())
    return folder


def _waves(bucket: int, lanes: list[Lane], experiment: Experiment, lane_bytes: int) -> Iterator[_Planned]:
    """Divide a bucket into waves that fit in memory, and say how long their chunks are."""
    chunk = 1
    while chunk < min(experiment.epochs, _LONGEST_CHUNK):
        chunk *= 2
    size = max((w for w in _WAVES if w <= max(len(lanes), _WAVES[-1])), default=_WAVES[-1])
    while size > _WAVES[-1] and size * lane_bytes > _WAVE_BYTES:
        size = _WAVES[_WAVES.index(size) + 1]
    while chunk > 1 and size * lane_bytes * chunk > _WAVE_BYTES:
        chunk //= 2
    for number, first in enumerate(range(0, len(lanes), size)):
        yield _Planned(f"{bucket:03d}-{number:05d}", lanes[first : first + size], bucket, WaveShape(size, chunk))


def _keys(experiment: Experiment, lanes: list[Lane]) -> LaneKeys:
    swept = {}
    for path in experiment.points[0]:
        values = [lane.values[path] for lane in lanes]
        numeric = all(type(p[path]) in (int, float) for p in experiment.points)
        swept[path] = np.array(values, float) if numeric else np.array([str(v) for v in values], object)
    return LaneKeys(
        np.array([lane.design for lane in lanes], object),
        np.array([lane.point for lane in lanes]),
        np.array([lane.seed for lane in lanes]),
        swept,
    )


def _folder(experiment: Experiment, out_root: Path) -> Path:
    return out_root / f"{experiment.name}-{experiment.config_hash}"


def _take_over(store: Store) -> bool:
    """Load the manifest of an unfinished run; return whether there was one that fits."""
    import json

    path = store.root / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        same = found["config_hash"] == store.manifest["config_hash"]
        store.manifest |= {key: found[key] for key in ("state", "files", "waves", "failed", "started")}
        store.read_progress()
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{store.root}: not a run folder that can be resumed; start it again with: subnetlab run"
        ) from None
    if not same:
        raise UserError(f"{store.root}: its config.yaml was changed since; start it again with: subnetlab run")
    return True


def _manifest(experiment: Experiment, lanes: int, devices: list[str]) -> dict[str, Any]:
    return {
        "format": "subnetlab-run/1",
        "state": "running",
        "name": experiment.name,
        "question": experiment.question or None,
        "config_hash": experiment.config_hash,
        "seeds": list(experiment.seeds),
        "epochs": experiment.epochs,
        "designs": list(experiment.designs),
        "points": [dict(p) for p in experiment.points],
        "arithmetic": experiment.arithmetic,
        "lanes": lanes,
        "versions": _versions(),
        "devices": devices,
        "started": _now(),
        "finished": None,
        "failed": [],
        "waves": [],
        "files": {},
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("subnetlab", "jax", "jaxlib", "numpy", "polars", "plotly"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
