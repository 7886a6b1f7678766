"""Recordings: metagraph snapshots, traces and recorded stakes, read from .npz files or taken as arrays."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.errors import UserError
from experiments.wording import nearest, show
from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.actions.sampled import Sampled

if TYPE_CHECKING:
    from experiments.config import Experiment

__all__ = ["PACKAGED", "load_recording", "load_sources", "located", "missing_file", "recording_from_arrays"]

_DATA = Path(__file__).parent / "data"
PACKAGED = {
    "netuid15": _DATA / "metagraph_netuid15_block4769998.npz",
    "nakamoto": _DATA / "nakamoto_stake_block3606775.npz",
}
_RAO = 1e-9
_MOST_STAKE = 4e9  # tokens: in 10⁻⁹ of a token they fit 62 bits
_LARGEST = 4_000_000_000  # bytes of one array
_LAYOUTS = "a snapshot has stake_tao [N] and weights [N, N], a trace has weights [T, V, M] and stake [T, V]"
Arrays = Mapping[str, np.ndarray]


def load_recording(source: Any) -> tuple[Recording, Population]:
    """Return the arrays that a source of actions replays, and who takes part.

    Args:
        source: `recorded`, `sampled`, `two_camps`, or any other that has `num_validators` and `num_miners`.

    Raises:
        UserError: a file is missing, damaged, or does not hold what it should.
    """
    if isinstance(source, Recorded):
        return _recorded(source)
    if not (hasattr(source, "num_validators") and hasattr(source, "num_miners")):
        kind = type(source).__name__
        raise UserError(f"actions: {kind} has no num_validators and num_miners, so nobody knows how many take part")
    recording = Recording()
    if isinstance(source, Sampled) and source.stake_distribution == "recorded":
        recording = _recording(None, _holders(source.stake_file)[None])
    return recording, _numbered(int(source.num_validators), int(source.num_miners))


def load_sources(experiment: "Experiment") -> None:
    """Read every recording that a lane of the experiment will need, once.

    Raises:
        UserError: one cannot be read; the config's name stands in front.
    """
    from experiments.sweep import different_actions

    for source in different_actions(experiment):
        try:
            load_recording(source)
        except UserError as error:
            raise UserError(f"{experiment.source}: actions: {error}") from error


def recording_from_arrays(
    weights: Any,
    stake: Any,
    reset_bonds: Any = None,
    validators: Sequence[str] | None = None,
    miners: Sequence[str] | None = None,
    source: str = "<arrays>",
) -> tuple[Recording, Population]:
    """Return a trace as a recording.

    Args:
        weights: [T, V, M], or [V, M] for a single epoch, >= 0; rows need not sum to 1.
        stake: [T, V] or [V] tokens.
        reset_bonds: [T, M] or [M] bool, True where the bonds on a miner start anew in that epoch.
        validators: V names, `validator 0` and so on by default.
        miners: M names.
        source: named in messages.

    Raises:
        UserError: shapes disagree, or numbers are negative, infinite or all zero.
    """
    W = _numbers(np.asarray(weights), "weights", source)
    S = _numbers(np.asarray(stake), "stake", source)
    W, S = (W[None] if W.ndim == 2 else W), (S[None] if S.ndim == 1 else S)
    if W.ndim != 3 or 0 in W.shape:
        raise UserError(f"{source}: weights {_shape(W)} must be [T, V, M], none of them 0; {_LAYOUTS}")
    T, V, M = W.shape
    if S.shape != (T, V):
        raise UserError(f"{source}: stake {_shape(S)} must be [T, V] = [{T}, {V}], as weights {_shape(W)} have it")
    _check_stake(S, source)
    reset = None
    if reset_bonds is not None:
        reset = np.asarray(reset_bonds)
        reset = reset[None] if reset.ndim == 1 else reset
        if reset.dtype != bool or reset.shape != (T, M):
            raise UserError(f"{source}: reset_bonds {reset.dtype} {_shape(reset)} must be bool [T, M] = [{T}, {M}]")
    names = _numbered(V, M)
    names = names._replace(
        validator_names=_names(validators, "validators", names.validator_names, source),
        miner_names=_names(miners, "miners", names.miner_names, source),
    )
    return _recording(W, S, reset), names


def located(source: Any, folder: Path) -> Any:
    """Return `source` with the path of its recording made whole: beside the config, else in the current directory."""
    name = _file_parameter(source)
    if name is None or getattr(source, name) in PACKAGED:
        return source
    for place in (folder, Path.cwd()):
        path = place / getattr(source, name)
        if _is_file(path):
            return dataclasses.replace(source, **{name: str(path.resolve())})
    return source


def missing_file(source: Any, folder: Path) -> str | None:
    """Return what is wrong with the path of a recording that `source` needs: `file = "x.npz": no such file …`."""
    name = _file_parameter(source)
    if name is None or (isinstance(source, Sampled) and source.stake_distribution != "recorded"):
        return None
    file = getattr(source, name)
    if file in PACKAGED or _is_file(Path(file)):
        return None
    packaged = ", ".join(PACKAGED)
    places = f"{folder} or {Path.cwd()}" if folder.resolve() != Path.cwd() else str(folder)
    close = nearest(file, PACKAGED)
    return f"{name} = {show(file)}: no such file in {places}{close} packaged recordings: {packaged}"


def _recording(weights: Any, stake: Any, reset: Any = None) -> Recording:
    """Return NumPy arrays as a recording; they become JAX arrays where they are placed on devices."""
    return Recording(weights, stake, reset)


def _file_parameter(source: Any) -> str | None:
    return "file" if isinstance(source, Recorded) else "stake_file" if isinstance(source, Sampled) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


def _recorded(source: Recorded) -> tuple[Recording, Population]:
    arrays, place = _load(source.file)
    if "stake_tao" in arrays:
        return _snapshot(arrays, source.rows, place)
    if "weights" not in arrays or "stake" not in arrays:
        raise UserError(f"{place}: holds {', '.join(arrays) or 'no arrays'}; {_LAYOUTS}")
    text = {key: arrays[key].ravel().tolist() for key in ("validators", "miners") if key in arrays}
    return recording_from_arrays(
        arrays["weights"], arrays["stake"], arrays.get("reset_bonds"), text.get("validators"), text.get("miners"), place
    )


def _snapshot(arrays: Arrays, rows: str, place: str) -> tuple[Recording, Population]:
    stake = _numbers(arrays["stake_tao"], "stake_tao", place)
    if stake.ndim != 1 or stake.size == 0:
        raise UserError(f"{place}: stake_tao {_shape(stake)} must be [N]; {_LAYOUTS}")
    name = "weights_u16" if "weights_u16" in arrays else "weights"
    if name not in arrays:
        raise UserError(f"{place}: has stake_tao but no weights; {_LAYOUTS}")
    weights = arrays[name]
    if name == "weights_u16" and weights.dtype != np.uint16:
        raise UserError(f"{place}: weights_u16 has type {weights.dtype}, not uint16")
    checked = _numbers(weights, name, place)
    n = stake.size
    if weights.shape != (n, n):
        raise UserError(f"{place}: {name} {_shape(weights)} must be [N, N] = [{n}, {n}], as stake_tao [{n}] has it")
    has_row = weights.any(axis=1)
    uids = np.flatnonzero(has_row | (stake > 0) if rows == "staked" else has_row)
    if not has_row.any():
        raise UserError(f"{place}: all rows of {name} are empty, so there is nothing to agree on")
    _check_stake(stake[uids], place)
    kept = weights if name == "weights_u16" else checked  # stored integers stay integers, for exact arithmetic
    everybody = range(n)
    names = Population(
        tuple(uids.tolist()),
        tuple(everybody),
        tuple(f"uid {uid}" for uid in uids),
        tuple(f"uid {uid}" for uid in everybody),
    )
    return _recording(kept[uids][None], stake[uids][None]), names


def _holders(file: str) -> np.ndarray:
    """Return the recorded stakes above zero, in tokens."""
    arrays, place = _load(file)
    for name, unit in (("stake_rao", _RAO), ("stake_tao", 1.0), ("stake", 1.0)):
        if name in arrays:
            stake = _numbers(arrays[name], name, place, 1e12 / unit).ravel() * unit
            _check_stake(stake, place)
            return stake[stake > 0]
    raise UserError(
        f"{place}: holds {', '.join(arrays) or 'no arrays'}; recorded stakes are stake_rao, stake_tao or stake"
    )


def _load(file: str) -> tuple[Arrays, str]:
    """Return the arrays of a packaged recording or a file, and how to call it in messages."""
    path = PACKAGED.get(file, Path(file))
    place = str(path)
    if not _is_file(path):
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


def _numbers(array: np.ndarray, name: str, place: str, largest: float = 1e12) -> np.ndarray:
    """Return an array as float64 after checking that its entries are numbers from 0 to `largest`."""
    if array.dtype.kind not in "fiu":
        raise UserError(f"{place}: {name} has type {array.dtype}, not numbers")
    bad = np.argwhere(~((array >= 0) & (array <= largest)))  # what is no number at all is bad, too
    if bad.size:
        where = ", ".join(map(str, bad[0]))
        raise UserError(f"{place}: {name}[{where}] = {array[tuple(bad[0])]} is out of range: 0 to {largest:g}")
    return array.astype(np.float64)


def _check_stake(stake: np.ndarray, place: str) -> None:
    if not (np.atleast_2d(stake) > 0).any(axis=1).all():
        raise UserError(f"{place}: all stake is zero in some epoch, or among those who set weights")
    total = float(np.atleast_2d(stake).sum(axis=1).max())
    if total > _MOST_STAKE:
        raise UserError(f"{place}: the stake sums to {total:.6g} tokens; at most {_MOST_STAKE:.6g} can be kept to 10⁻⁹")


def _names(given: Sequence[Any] | None, what: str, default: tuple[str, ...], place: str) -> tuple[str, ...]:
    if given is None:
        return default
    if len(given) != len(default) or not all(isinstance(name, str) for name in given):
        raise UserError(f"{place}: {what} must be {len(default)} names, but is {len(given)} of {show(list(given))}")
    return tuple(given)


def _numbered(num_validators: int, num_miners: int) -> Population:
    validators, miners = range(num_validators), range(num_miners)
    return Population(
        tuple(validators),
        tuple(num_validators + miner for miner in miners),
        tuple(f"validator {v}" for v in validators),
        tuple(f"miner {m}" for m in miners),
    )


def _shape(array: np.ndarray) -> str:
    return "[" + ", ".join(map(str, array.shape)) + "]"
