"""The write side of a run folder: Parquet parts, checkpoints, the manifest."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

__all__ = [
    "LaneKeys", "Store", "agents_frame", "epochs_frame", "ledger_frame", "matrix_frame", "parties_frame", "works_frame",
]  # fmt: skip

_PROGRESS = ("files", "waves", "failed")
_TABLES = ("epochs", "agents", "ledger", "matrices", "parties", "works")


@dataclasses.dataclass(frozen=True)
class LaneKeys:
    """What identifies a row's lane: design, point and seed [L], and the swept parameters' columns [L]."""

    design: np.ndarray
    point: np.ndarray
    seed: np.ndarray
    swept: Mapping[str, np.ndarray]

    def picked(self, lanes: Sequence[int]) -> "LaneKeys":
        """Return the keys of these lanes only."""
        index = list(lanes)
        swept = {path: values[index] for path, values in self.swept.items()}
        return LaneKeys(self.design[index], self.point[index], self.seed[index], swept)

    def columns(self, repeats: int, lanes: np.ndarray | None = None) -> dict[str, pl.Series]:
        """Return the key columns with every lane (or those of `lanes`) repeated."""
        pick = np.arange(len(self.seed)) if lanes is None else lanes
        index = np.repeat(pick, repeats)
        base = {
            "design": pl.Series(self.design[index], dtype=pl.String),
            "point": pl.Series(self.point[index], dtype=pl.Int32),
            "seed": pl.Series(self.seed[index], dtype=pl.Int64),
        }
        return base | {path: pl.Series(values[index]) for path, values in self.swept.items()}


def epochs_frame(keys: LaneKeys, epochs: np.ndarray, metrics: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Return the epochs table of L lanes and the given `epochs` [E]; each metric is [L, E]."""
    columns = keys.columns(len(epochs))
    columns["epoch"] = pl.Series(np.tile(epochs, len(keys.seed)), dtype=pl.Int32)
    return pl.DataFrame(columns | {k: _column(v.ravel()) for k, v in metrics.items()})


def ledger_frame(
    keys: LaneKeys, epochs: np.ndarray, flows: Mapping[str, Mapping[tuple[str, str, str], np.ndarray]]
) -> pl.DataFrame:
    """Return every movement of the books: one row per lane, epoch and flow.

    Args:
        keys: of the L lanes.
        epochs: [E] those that are recorded.
        flows: by asset (`token` in 10⁻⁹ tokens, `usd` in 10⁻⁶ dollars), then by source, target and reason: [L, E].
            Flows that are zero everywhere are left out.
    """
    rows = [(asset, *flow, v) for asset, found in flows.items() for flow, v in sorted(found.items()) if v.any()]
    columns = keys.columns(len(epochs) * len(rows))
    count = len(keys.seed) * len(epochs)
    columns["epoch"] = pl.Series(np.tile(np.repeat(epochs, len(rows)), len(keys.seed)), dtype=pl.Int32)
    for place, name in enumerate(("asset", "source", "target")):
        columns[name] = pl.Series([row[place] for row in rows] * count, dtype=pl.String)
    amounts = np.stack([row[4] for row in rows], axis=-1) if rows else np.zeros((count, 0), np.int64)
    columns["amount"] = pl.Series(amounts.ravel(), dtype=pl.Int64)
    columns["reason"] = pl.Series([row[3] for row in rows] * count, dtype=pl.String)
    return pl.DataFrame(columns)


def agents_frame(
    keys: LaneKeys,
    epochs: np.ndarray,
    people: Mapping[str, np.ndarray],
    adversary: np.ndarray,
    validators: Mapping[str, np.ndarray],
    miners: Mapping[str, np.ndarray],
) -> pl.DataFrame:
    """Return one row per lane, epoch, and validator or miner.

    Args:
        keys: of the L lanes.
        epochs: [E] those that are recorded.
        people: `uid`, `name`, `role`, `party`, [V + M] each, validators first.
        adversary: [L, V + M] mask.
        validators: columns that only validators have, [L, E, V] each.
        miners: columns that only miners have, [L, E, M] each; a name in both is joined.
    """
    lanes, agents = len(keys.seed), len(people["uid"])
    columns = keys.columns(len(epochs) * agents)
    columns["epoch"] = pl.Series(np.tile(np.repeat(epochs, agents), lanes), dtype=pl.Int32)
    columns["uid"] = pl.Series(np.tile(people["uid"], lanes * len(epochs)), dtype=pl.Int32)
    for name in ("name", "role", "party"):
        columns[name] = pl.Series(np.tile(people[name], lanes * len(epochs)), dtype=pl.String)
    columns["adversary"] = pl.Series(np.repeat(adversary, len(epochs), axis=0).ravel())
    for name in dict.fromkeys((*validators, *miners)):
        columns[name] = _joined(validators.get(name), miners.get(name), agents)
    return pl.DataFrame(columns)


def matrix_frame(
    keys: LaneKeys, epoch: int, people: Mapping[str, np.ndarray], weights: np.ndarray, bonds: np.ndarray | None
) -> pl.DataFrame:
    """Return the non-zero weights and bonds [L, V, M] of L lanes at one epoch."""
    held = weights > 0 if bonds is None else (weights > 0) | (bonds > 0)
    lane, i, j = np.nonzero(held)
    num_validators = weights.shape[1]
    columns = keys.columns(1, lane)
    columns["epoch"] = pl.Series(np.full(len(lane), epoch), dtype=pl.Int32)
    columns["validator"] = pl.Series(people["uid"][:num_validators][i], dtype=pl.Int32)
    columns["miner"] = pl.Series(people["uid"][num_validators:][j], dtype=pl.Int32)
    columns["validator_name"] = pl.Series(people["name"][:num_validators][i], dtype=pl.String)
    columns["miner_name"] = pl.Series(people["name"][num_validators:][j], dtype=pl.String)
    columns["weight"] = pl.Series(weights[lane, i, j], dtype=pl.Float64)
    bond = np.full(len(lane), np.nan) if bonds is None else bonds[lane, i, j]
    columns["bond"] = pl.Series(bond, dtype=pl.Float64, nan_to_null=True)
    return pl.DataFrame(columns)


def parties_frame(
    keys: LaneKeys, epochs: np.ndarray, parties: Mapping[str, Sequence[Any]], columns: Mapping[str, np.ndarray]
) -> pl.DataFrame:
    """Return one row per lane, epoch and party of curators.

    Args:
        keys: of the L lanes.
        epochs: [E] those that are recorded.
        parties: what is always the same of a party, by column, [parties] each; `party` is its name.
        columns: [L, E, parties] each.
    """
    lanes, count = len(keys.seed), len(parties["party"])
    found = keys.columns(len(epochs) * count)
    found["epoch"] = pl.Series(np.tile(np.repeat(epochs, count), lanes), dtype=pl.Int32)
    for name, values in parties.items():
        found[name] = pl.Series(list(values) * (lanes * len(epochs)))
    return pl.DataFrame(found | {name: _column(values.ravel()) for name, values in columns.items()})


def works_frame(
    keys: LaneKeys,
    lanes: np.ndarray,
    epochs: np.ndarray,
    artists: Sequence[str],
    columns: Mapping[str, np.ndarray],
    features: np.ndarray,
    pictures: Sequence[bytes | None],
) -> pl.DataFrame:
    """Return one row per work that was minted.

    Args:
        keys: of all lanes.
        lanes: [k] whose work it is.
        epochs: [k] when it was minted.
        artists: [k] by whom it was made.
        columns: [k] each.
        features: [k, d] what is seen of it.
        pictures: [k] PNG files, None where none was drawn.
    """
    found = keys.columns(1, lanes)
    found["epoch"] = pl.Series(epochs, dtype=pl.Int32)
    found["artist"] = pl.Series(list(artists), dtype=pl.String)
    found |= {name: _column(values) for name, values in columns.items()}
    found["features"] = pl.Series(features.astype(np.float32).tolist(), dtype=pl.List(pl.Float32))
    found["picture"] = pl.Series(list(pictures), dtype=pl.Binary)
    return pl.DataFrame(found)


class Store:
    """A run folder being written. Every file appears whole or not at all."""

    def __init__(self, root: Path, manifest: dict[str, Any]) -> None:
        self.root = root
        self.manifest = manifest

    @property
    def parts(self) -> dict[str, str]:
        """SHA-256 of every finished file by its path in the folder."""
        parts: dict[str, str] = self.manifest["files"]
        return parts

    def create(self, resolved_yaml: str) -> None:
        """Make the folder; tables of an earlier unfinished run are removed."""
        self.root.mkdir(parents=True, exist_ok=True)
        for table in (*_TABLES, "checkpoints"):
            folder = self.root / table
            folder.mkdir(exist_ok=True)
            for old in folder.iterdir():
                old.unlink()
        for old_file in (self.root / "report.html", self.root / "summary.csv", *self.root.glob("trace/*.npz")):
            old_file.unlink(missing_ok=True)
        self.write_bytes("config.yaml", resolved_yaml.encode())
        self.write_manifest()

    def write_table(self, table: str, part: str, frame: pl.DataFrame) -> None:
        """Write one part of a table."""
        if frame.height == 0:
            return
        name = f"{table}/{part}.parquet"
        temporary = self.root / f"{name}.tmp"
        frame.write_parquet(temporary, compression="zstd", statistics=False)
        self.parts[name] = hashlib.sha256(temporary.read_bytes()).hexdigest()
        os.replace(temporary, self.root / name)

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write one whole file."""
        (self.root / name).parent.mkdir(exist_ok=True)
        self._replace(name, data)
        self.parts[name] = hashlib.sha256(data).hexdigest()

    def write_manifest(self) -> None:
        """Write the manifest as it stands; readable, but for the sweep points, of which there may be many."""
        rest = {key: value for key, value in self.manifest.items() if key != "points"}
        head = json.dumps(rest, indent=1, ensure_ascii=False).removesuffix("\n}")
        points = json.dumps(self.manifest["points"], ensure_ascii=False)
        self._replace("manifest.json", f'{head},\n "points": {points}\n}}\n'.encode())

    def write_progress(self) -> None:
        """Note what is done so far, for `resume`."""
        done = {key: self.manifest[key] for key in _PROGRESS}
        self._replace("checkpoints/progress.json", json.dumps(done).encode())

    def read_progress(self) -> None:
        """Take over what an interrupted run had done."""
        path = self.root / "checkpoints" / "progress.json"
        if path.exists():
            self.manifest |= {key: value for key, value in json.loads(path.read_bytes()).items() if key in _PROGRESS}

    def save_checkpoint(self, name: str, done: int, leaves: Sequence[np.ndarray]) -> None:
        """Keep a wave's state after its first `done` chunks."""
        path = self.root / "checkpoints" / f"{name}.npz"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            arrays: dict[str, Any] = {f"leaf{i}": leaf for i, leaf in enumerate(leaves)}
            np.savez(file, done=np.int64(done), **arrays)
        os.replace(temporary, path)

    def load_checkpoint(self, name: str) -> tuple[int, list[np.ndarray]] | None:
        """Return what `save_checkpoint` kept, if anything."""
        path = self.root / "checkpoints" / f"{name}.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as data:
            return int(data["done"]), [data[f"leaf{i}"] for i in range(len(data.files) - 1)]

    def drop_checkpoint(self, name: str) -> None:
        """Remove a wave's checkpoint."""
        (self.root / "checkpoints" / f"{name}.npz").unlink(missing_ok=True)

    def save_trace(self, name: str, number: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep one chunk of what a wave of worlds did."""
        path = self.root / "checkpoints" / f"{name}-{number:06d}.npz"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(temporary, path)

    def trace_chunks(self, name: str) -> int:
        """Return how many chunks of a wave of worlds are kept."""
        return len(list((self.root / "checkpoints").glob(f"{name}-*.npz")))

    def load_trace(self, name: str, number: int) -> dict[str, np.ndarray]:
        """Return one chunk of what a wave of worlds did."""
        with np.load(self.root / "checkpoints" / f"{name}-{number:06d}.npz", allow_pickle=False) as data:
            return {field: data[field] for field in data.files}

    def _replace(self, name: str, data: bytes) -> None:
        temporary = self.root / f"{name}.tmp"
        temporary.write_bytes(data)
        os.replace(temporary, self.root / name)

    def finish(self, state: str, finished: str) -> None:
        """Mark the folder as complete; the manifest is the last thing written."""
        folder = self.root / "checkpoints"
        if folder.exists():
            for old in folder.iterdir():
                old.unlink()
            folder.rmdir()
        self.manifest["state"] = state
        self.manifest["finished"] = finished
        self.write_manifest()


def _column(values: np.ndarray) -> pl.Series:
    if values.dtype.kind == "f":
        return pl.Series(values.astype(np.float64), nan_to_null=True)
    return pl.Series(values.astype(np.int64))


def _joined(validators: np.ndarray | None, miners: np.ndarray | None, agents: int) -> pl.Series:
    """Return a column over validators and miners, null for the side that lacks it."""
    some = validators if validators is not None else miners
    assert some is not None
    lanes, epochs = some.shape[:2]
    missing = agents - some.shape[2]
    if validators is not None and miners is not None:
        return _column(np.concatenate([validators, miners], axis=2).ravel())
    hole = np.full((lanes, epochs, missing), np.nan)
    parts = [some, hole] if validators is not None else [hole, some]
    return _column(np.concatenate(parts, axis=2).ravel())
