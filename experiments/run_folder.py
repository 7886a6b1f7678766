"""Read what a finished run left behind; `docs/run-folder.md` describes the files."""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from experiments.errors import UserError

__all__ = ["RunFolder"]

KEYS = ("design", "point", "seed")
COLUMNS = {
    "epochs": ("epoch",),
    "agents": ("epoch", "uid", "name", "role", "party", "adversary", "stake_share", "dividends", "incentive", "pay"),
    "ledger": ("epoch", "asset", "source", "target", "amount", "reason"),
    "matrices": ("epoch", "validator", "miner", "validator_name", "miner_name", "weight", "bond"),
    "parties": ("epoch", "party", "honest", "curators", "points", "spent", "stake", "moved", "credited", "won"),
    "works": ("epoch", "id", "artist", "quality", "hammer_eth", "features", "picture"),
}
# Rows come back in this order, whatever the order of the part files.
ORDER = {
    "epochs": ("epoch",),
    "agents": ("epoch", "role", "uid"),
    "ledger": ("epoch", "asset", "source", "target", "reason", "amount"),
    "matrices": ("epoch", "validator", "miner"),
    "parties": ("epoch", "party"),
    "works": ("epoch",),
}
MANIFEST_KEYS = ("state", "name", "config_hash", "seeds", "epochs", "designs", "points")


class RunFolder:
    """One finished run: manifest and configuration at once, the Parquet tables when asked for.

    Args:
        path: the run's folder.

    Raises:
        UserError: the folder is missing, is not a run folder, is unfinished, or a file in it cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest = _manifest(self.path)
        self.name = str(self.manifest["name"])
        self.question: str | None = self.manifest.get("question") or None
        self.config_hash = str(self.manifest["config_hash"])
        self.seeds: list[int] = list(self.manifest["seeds"])
        self.num_epochs = int(self.manifest["epochs"])
        self.designs: list[str] = list(self.manifest["designs"])
        self.failed: list[Any] = list(self.manifest.get("failed") or [])
        self.points: list[dict[str, Any]] = list(self.manifest["points"]) or [{}]

    @property
    def swept(self) -> list[str]:
        """Return the dotted paths of the swept parameters, in the order of the configuration."""
        return list(self.points[0])

    @cached_property
    def works(self) -> bool:
        """Say whether miners did work in this run: whether the epochs table says how good it was."""
        return "skill_paid" in self.scan("epochs").collect_schema()

    @property
    def makes_art(self) -> bool:
        """Say whether curators voted on works of art in this run, rather than validators on miners."""
        return self.manifest.get("network") == "curation"

    @cached_property
    def config_text(self) -> str:
        """Return `config.yaml` as it stands on disk.

        Raises:
            UserError: the file is missing or is not YAML.
        """
        file = self.path / "config.yaml"
        try:
            text = file.read_text(encoding="utf-8")
            yaml.safe_load(text)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UserError(f"{file}: the resolved config cannot be read ({_first_line(error)}); {_AGAIN}") from error
        return text

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the resolved configuration."""
        return dict(yaml.safe_load(self.config_text) or {})

    def has(self, table: str) -> bool:
        """Say whether the run wrote any part of a table."""
        return bool(self._parts(table))

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table over all its parts, unsorted and unread.

        Args:
            table: `epochs`, `agents`, `ledger` or `matrices`.

        Raises:
            UserError: no part exists, a part is not Parquet, or a promised column is missing.
        """
        parts = self._parts(table)
        if not parts:
            raise UserError(f"{self.path / table}: no *.parquet file; a finished run has at least one; {_AGAIN}")
        # Parts of one bucket have the same columns; another bucket's designs may have more to say.
        buckets: dict[str, list[Path]] = {}
        for part in parts:
            buckets.setdefault(part.stem.partition("-")[0], []).append(part)
        scans = [pl.scan_parquet(files, glob=False) for files in buckets.values()]
        frame = scans[0] if len(scans) == 1 else pl.concat(scans, how="diagonal_relaxed")
        try:
            columns = set(frame.collect_schema().names())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._corrupt(table, error) from error
        missing = [name for name in (*KEYS, *COLUMNS[table]) if name not in columns]
        if missing:
            raise UserError(
                f"{self.path / table}: column {', '.join(missing)} is missing; "
                f"docs/run-folder.md lists the columns; {_AGAIN}"
            )
        return frame.with_columns(pl.col("design").cast(pl.String))

    def read(self, table: str, columns: Sequence[str] | None = None, where: Iterable[pl.Expr] = ()) -> pl.DataFrame:
        """Return rows of a table in a fixed order.

        Args:
            table: `epochs`, `agents`, `ledger` or `matrices`.
            columns: names to keep; all when None. The sorting columns are kept in any case.
            where: conditions, all of which a row must meet; rows that fail are never loaded.

        Raises:
            UserError: as `scan`, or when a part turns out to be damaged.
        """
        frame = self.scan(table)
        for condition in where:
            frame = frame.filter(condition)
        order = [*KEYS, *ORDER[table]]
        if columns is not None:
            frame = frame.select(list(dict.fromkeys([*order, *columns])))
        return self._collect(table, frame).sort(order, maintain_order=True)

    def distinct(self, table: str, column: str, where: Iterable[pl.Expr] = ()) -> list[Any]:
        """Return the distinct values of a column in ascending order, without loading the rest of the table.

        Args:
            table: `epochs`, `agents`, `ledger` or `matrices`.
            column: whose values.
            where: conditions, all of which a row must meet.

        Raises:
            UserError: as `read`.
        """
        frame = self.scan(table)
        for condition in where:
            frame = frame.filter(condition)
        return self._collect(table, frame.select(pl.col(column).unique())).to_series().sort().to_list()

    def _collect(self, table: str, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._corrupt(table, error) from error

    def _parts(self, table: str) -> list[Path]:
        return sorted((self.path / table).glob("*.parquet"))

    def _corrupt(self, table: str, error: Exception) -> UserError:
        return UserError(f"{self.path / table}: a part cannot be read as Parquet ({_first_line(error)}); {_AGAIN}")


_AGAIN = "run the experiment again, or restore the folder from a copy"


def _manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a finished run, or say what is wrong with the folder."""
    file = path / "manifest.json"
    if not path.is_dir():
        raise UserError(f"{path}: no such run folder; `subnetlab run CONFIG` writes one and prints its path")
    if not file.is_file():
        found = ", ".join(sorted(p.parent.name for p in path.glob("*/manifest.json"))[:5])
        hint = f"run folders inside it: {found}" if found else "give the folder that `subnetlab run CONFIG` printed"
        raise UserError(f"{path}: not a run folder, it has no manifest.json; {hint}")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: the manifest cannot be read ({_first_line(error)}); {_AGAIN}") from error
    missing = [key for key in MANIFEST_KEYS if key not in manifest] if isinstance(manifest, dict) else ["everything"]
    if missing:
        raise UserError(f"{file}: {', '.join(missing)} is missing; docs/run-folder.md lists the keys; {_AGAIN}")
    if manifest["state"] != "finished":
        raise UserError(
            f"{path}: the run is {manifest['state']!r}, not finished; only finished runs can be reported: "
            f"`subnetlab resume {path}` continues it"
        )
    return dict(manifest)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
