"""Experiments that come with the package, known by name."""

from pathlib import Path

__all__ = ["config_path", "ready_made"]

_FOLDER = Path(__file__).parent / "configs"


def ready_made() -> dict[str, Path]:
    """Return the ready-made experiments by name."""
    return {file.stem: file for file in sorted(_FOLDER.glob("*.yaml"))}


def config_path(given: Path) -> Path:
    """Return the file that a person means: a path, or the bare name of a ready-made experiment."""
    known = ready_made()
    return known[given.name] if str(given) in known and not given.exists() else given
