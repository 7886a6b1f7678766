"""Runs an experiment: buckets of lanes, waves, chunks; tables and checkpoints as it goes."""

import datetime
import itertools
import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from experiments.ahead import prepared
from experiments.chain_world import ChainWorld
from experiments.config import Experiment
from experiments.errors import UserError
from experiments.networks import CHAIN
from experiments.progress import Progress
from experiments.recordings import load_recording
from experiments.store import LaneKeys, Store
from experiments.sweep import Lane, expand, structure
from experiments.wave import WaveMaker, WaveShape, World
from experiments.working import Workplace, Worlds, shared_worlds, trace_archive
from subnet.actions.base import Population, Recording

__all__ = ["resume_experiment", "run_experiment"]

_WAVES = (4096, 1024, 256, 64, 8)  # lanes per wave; a fixed few, so that more seeds are not a new program
_LONGEST_CHUNK = 64
_WAVE_BYTES = 192 << 20  # outputs of a wave's chunk and states of its lanes; a few copies of these live at once


class _Planned(NamedTuple):
    """A wave before it runs: its name, its lanes, and the shape that its program is compiled for."""

    name: str
    lanes: list[Lane]
    shape: WaveShape


class _Bucket(NamedTuple):
    """Lanes that share a compiled program, as waves that are still to run."""

    maker: WaveMaker
    waves: list[_Planned]

    def compile(self) -> None:
        """Compile the program, which all waves share."""
        if self.waves:
            self.maker.compile(self.waves[0].lanes, self.waves[0].shape)


def run_experiment(experiment: Experiment, out_root: Path, progress: bool = True, save_trace: bool = False) -> Path:
    """Run every lane and write the run folder; return its path.

    Args:
        experiment: what to run.
        out_root: where run folders are.
        progress: whether to show a bar to people at a terminal.
        save_trace: whether to keep what trained miners did, for other designs to replay.

    Raises:
        UserError: if data cannot be read or the folder cannot be written.
    """
    return _run(experiment, _folder(experiment, out_root), progress, True, save_trace)


def resume_experiment(experiment: Experiment, folder: Path, progress: bool = True) -> Path:
    """Go on with an unfinished run where its last checkpoint stands; a finished one is left as it is."""
    return _run(experiment, folder, progress, fresh=False, save_trace=False)


def _run(experiment: Experiment, folder: Path, progress: bool, fresh: bool, save_trace: bool) -> Path:
    import jax

    from subnet.precision import enable_cache, enable_x64

    enable_x64()
    enable_cache()
    lanes = expand(experiment)
    store = Store(folder, _manifest(experiment, len(lanes), [str(d) for d in jax.devices()]))
    store.manifest |= {"save_trace": save_trace, "work": None}
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
    worlds = _worlds(lanes, store)
    trained = sum(len(group.members) for group in worlds)
    with Progress((len(lanes) + trained) * experiment.epochs, enabled=progress) as bar:
        for bucket in _buckets(experiment, lanes, worlds, store, bar.advance):
            for planned in bucket.waves:
                wave = bucket.maker(planned.name, planned.lanes, planned.shape, _keys(experiment, planned.lanes))
                failed += wave.run(store, bar.advance)
                store.manifest["waves"].append(planned.name)
                store.write_progress()
                store.drop_checkpoint(planned.name)
    # A run that has results is finished, with its failures named; one without any has failed.
    store.finish("failed" if len(failed) == len(lanes) else "finished", _now())
    return folder


def _worlds(lanes: list[Lane], store: Store) -> list[Worlds]:
    """Return the worlds that work once for all lanes, none where each lane does its own work; note which it is."""
    if not hasattr(getattr(lanes[0].scenario, "actions", None), "miners"):
        return []
    groups = shared_worlds(lanes)
    if groups is None:
        store.manifest["work"] = "miners can join and leave, so every lane trains its own"
        return []
    count = sum(len(group.members) for group in groups)
    if count == len(lanes) and not store.manifest["save_trace"]:
        store.manifest["work"] = "every lane trains its own miners"
        return []
    serves = "world serves" if count == 1 else "worlds serve"
    store.manifest["work"] = f"no miner reacts to pay, so {count} trained {serves} {len(lanes)} lanes"
    return groups


def _buckets(
    experiment: Experiment, lanes: list[Lane], worlds: list[Worlds], store: Store, advance: Callable[[int], None]
) -> Iterator[_Bucket]:
    """Yield lanes that share a program, compiled; where worlds work once, after they have."""
    number = itertools.count()

    def planned(lanes: list[Lane], data: tuple[Recording, Population] | None) -> Iterator[_Bucket]:
        for members in _alike(lanes):
            maker = WaveMaker(experiment, _world(experiment, members, data))
            waves = list(_waves(next(number), members, experiment, maker))
            left = [wave for wave in waves if wave.name not in store.manifest["waves"]]
            advance(sum(len(wave.lanes) for wave in waves if wave not in left) * experiment.epochs)
            yield _Bucket(maker, left)

    if not worlds:
        yield from prepared(planned(lanes, None), _Bucket.compile)
        return
    workplaces = (Workplace.of(group, experiment.epochs) for group in worlds)
    for place in prepared(workplaces, Workplace.compile):
        recording, group = place.work_through(store, advance), place.worlds
        if store.manifest["save_trace"]:
            store.write_bytes(f"trace/{group.name}.npz", trace_archive(recording.trace, place.population, group))
        data = recording._replace(task=None), place.population
        yield from prepared(planned(group.replayed(), data), _Bucket.compile)


def _world(experiment: Experiment, lanes: list[Lane], data: tuple[Recording, Population] | None) -> World:
    """Return the world of lanes that share a program; `data` is what they share already, None to read it."""
    scenario = lanes[0].scenario
    if experiment.network is CHAIN:
        recording, population = load_recording(scenario.actions) if data is None else data
        return ChainWorld(experiment, scenario, len(lanes), recording, population)
    from experiments.art_world import ArtWorld  # only here: generators take a second to import
    from subnet.curation.lanes import learned_by

    return ArtWorld(experiment, scenario, len(lanes), learned_by(scenario))


def _alike(lanes: list[Lane]) -> Iterable[list[Lane]]:
    found: dict[Any, list[Lane]] = defaultdict(list)
    for lane in lanes:
        found[structure(lane.scenario)].append(lane)
    return found.values()


def _waves(bucket: int, lanes: list[Lane], experiment: Experiment, maker: WaveMaker) -> Iterator[_Planned]:
    """Divide a bucket into waves that fit in memory, and say how long their chunks are.

    Where every lane trains, a wave is as many lanes as run at once: padding it would be work for nothing.
    """
    lane_bytes = maker.world.lane_bytes
    chunk = 1
    while chunk < min(experiment.epochs, _LONGEST_CHUNK):
        chunk *= 2
    size = max((w for w in _WAVES if w <= max(len(lanes), _WAVES[-1])), default=_WAVES[-1])
    while size > _WAVES[-1] and size * lane_bytes > _WAVE_BYTES:
        size = _WAVES[_WAVES.index(size) + 1]
    while chunk > 1 and size * lane_bytes * chunk > _WAVE_BYTES:
        chunk //= 2
    if maker.world.trains:
        size = min(size, maker.program.num_at_once)
    for number, first in enumerate(range(0, len(lanes), size)):
        yield _Planned(f"{bucket:03d}-{number:05d}", lanes[first : first + size], WaveShape(size, chunk))


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
        store.manifest |= {key: found[key] for key in ("state", "files", "waves", "failed", "started", "save_trace")}
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
        "network": experiment.network.name,
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
