"""Archives of arrays, packaged or a person's own: read, and checked to be what they should."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.errors import UserError

__all__ = ["LAYOUTS", "PACKAGED", "Arrays", "check_stake", "is_file", "load_archive", "numbers", "shape_text", "stakes"]

_DATA = Path(__file__).parent / "data"
PACKAGED = {
    "netuid15": _DATA / "metagraph_netuid15_block4769998.npz",
    "nakamoto": _DATA / "nakamoto_stake_block3606775.npz",
}
LAYOUTS = "a snapshot has stake_tao [N] and weights [N, N], a trace has weights [T, V, M] and stake [T, V]"
Arrays = Mapping[str, np.ndarray]
_RAO = 1e-9
_MOST_STAKE = 4e9  # tokens: in 10⁻⁹ of a token they fit 62 bits
_LARGEST = 4_000_000_000  # bytes of one array


def is_file(path: Path) -> bool:
    """Say whether there is such a file; a path that cannot be one is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


def stakes(file: str) -> np.ndarray:
    """Return the recorded stakes above zero, in tokens."""
    arrays, place = load_archive(file)
    for name, unit in (("stake_rao", _RAO), ("stake_tao", 1.0), ("stake", 1.0)):
        if name in arrays:
            stake = numbers(arrays[name], name, place, 1e12 / unit).ravel() * unit
            check_stake(stake, place)
            return stake[stake > 0]
    raise UserError(
        f"{place}: holds {', '.join(arrays) or 'no arrays'}; recorded stakes are stake_rao, stake_tao or stake"
    )


def load_archive(file: str) -> tuple[Arrays, str]:
    """Return the arrays of a packaged recording or a file, and how to call it in messages."""
    path = PACKAGED.get(file, Path(file))
    place = str(path)
    if not is_file(path):
        raise UserError(f"{place}: no such file; packaged recordings: {', '.join(PACKAGED)}")
    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise UserError(f"{place}: is one array, not an archive of named arrays; write it with numpy.savez")
            with archive:
                _refuse_giants(archive, place)
                return {name: archive[name] for name in archive.files}, place
    except UserError:
        raise
    except Exception as error:  # a damaged archive fails in a dozen ways
        objects = "Object arrays" in str(error) or "pickle" in str(error)
        reason = "it holds Python objects, which are not read from files" if objects else str(error).split("\n")[0]
        raise UserError(
            f"{place}: is not a readable .npz archive of numbers: {reason or type(error).__name__}"
        ) from error


def _refuse_giants(archive: Any, place: str) -> None:
    for info in archive.zip.infolist():
        if info.file_size > _LARGEST:
            raise UserError(f"{place}: {info.filename} claims {info.file_size} bytes; at most {_LARGEST} are read")


def numbers(array: np.ndarray, name: str, place: str, largest: float = 1e12) -> np.ndarray:
    """Return an array as float64 after checking that its entries are numbers from 0 to `largest`."""
    if array.dtype.kind not in "fiu":
        raise UserError(f"{place}: {name} has type {array.dtype}, not numbers")
    bad = np.argwhere(~((array >= 0) & (array <= largest)))  # what is no number at all is bad, too
    if bad.size:
        where = ", ".join(map(str, bad[0]))
        raise UserError(f"{place}: {name}[{where}] = {array[tuple(bad[0])]} is out of range: 0 to {largest:g}")
    return array.astype(np.float64)


def check_stake(stake: np.ndarray, place: str) -> None:
    """Refuse stake [V] or [T, V] in tokens of which an epoch has none, or more than can be counted.

    Raises:
        UserError: it is so.
    """
    if not (np.atleast_2d(stake) > 0).any(axis=1).all():
        raise UserError(f"{place}: all stake is zero in some epoch, or among those who set weights")
    total = float(np.atleast_2d(stake).sum(axis=1).max())
    if total > _MOST_STAKE:
        raise UserError(f"{place}: the stake sums to {total:.6g} tokens; at most {_MOST_STAKE:.6g} can be kept to 10⁻⁹")


def shape_text(array: np.ndarray) -> str:
    """Return an array's shape as messages have it."""
    return "[" + ", ".join(map(str, array.shape)) + "]"
