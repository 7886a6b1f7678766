"""`subnetlab bench`: how fast things are, against peers and against the machine's ceilings, in one run."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from experiments.bench_curation import SeasonSize, curation_rows
from experiments.bench_epoch import LANES, epoch_row, numpy_rate
from experiments.bench_race import LEGEND, table
from experiments.bench_scoring import WorldSize, scoring_rows
from experiments.bench_timing import Ceilings, ceilings, peak_memory
from experiments.bench_tournament import RoundSize, tournament_rows
from experiments.bench_training import TrainingSize, training_rows
from experiments.bench_world import ARITHMETIC, world_rows
from experiments.errors import UserError
from experiments.wording import nearest
from subnet.precision import enable_x64
from tokenomics.arithmetic import Arithmetic

__all__ = ["GROUPS", "main"]

_ARITHMETICS: tuple[Arithmetic, ...] = ("float32", "float64", "exact")


class Sizes(NamedTuple):
    """What is measured, for each group; `epochs` are validators and miners."""

    epochs: tuple[tuple[int, int], ...] = ((64, 256), (16, 64))
    training: TrainingSize = TrainingSize()
    world: WorldSize = WorldSize()
    round: RoundSize = RoundSize()
    season: SeasonSize = SeasonSize()


_FULL = Sizes()
_QUICK = Sizes(
    epochs=((16, 64),),
    training=TrainingSize(miners=32, epochs=4),
    world=WorldSize(miners=32, validators=8, epochs=2, lanes=8),
    round=RoundSize(submissions=100, rows=1000),
    season=SeasonSize(curators=200, fragments=50, rounds=2, seeds=2),
)


def main(args: Sequence[str] = ()) -> int:
    """Measure, print tables, and with `--json FILE` keep the figures.

    Args:
        args: `--only GROUP,…` of `GROUPS`, all by default; `--quick` for smaller sizes; `--json FILE`.

    Raises:
        UserError: if there are other arguments.
    """
    groups, sizes, target = _options(args)
    enable_x64()
    ceiling = ceilings()
    figures: dict[str, Any] = {"devices": [str(d) for d in jax.devices()], "ceiling": ceiling._asdict()}
    print(_described(ceiling))
    for group in groups:
        figures |= GROUPS[group](ceiling, sizes)
    if set(groups) - {"epoch"}:
        print(f"\n{LEGEND}")
    figures["peak_memory_gib"] = peak_memory()
    print(f"\npeak memory: {figures['peak_memory_gib']:.2f} GiB")
    if target is not None:
        target.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(args: Sequence[str]) -> tuple[list[str], Sizes, Path | None]:
    """Return the groups to measure, in the order of `GROUPS`, their sizes, and where to keep the figures."""
    groups, target, rest = list(GROUPS), None, [arg for arg in args if arg != "--quick"]
    sizes = _QUICK if "--quick" in args else _FULL
    while rest:
        option, *values = rest.pop(0).split("=", 1)
        if option not in ("--only", "--json") or not (values or rest):
            raise UserError(f"bench: {' '.join(args)} is unknown; bench takes --only GROUP,… ({', '.join(GROUPS)}), "
                            "--quick for smaller sizes, and --json FILE to keep the figures")  # fmt: skip
        value = values[0] if values else rest.pop(0)
        if option == "--json":
            target = Path(value)
        else:
            asked = value.split(",")
            for name in asked:
                if name not in GROUPS:
                    found = f'"{name}" is unknown{nearest(name, GROUPS)} found: {", ".join(GROUPS)}'
                    raise UserError(f"bench: --only: {found}")
            groups = [name for name in GROUPS if name in asked]
    return groups, sizes, target


def _described(ceiling: Ceilings) -> str:
    return (
        f"machine: {len(jax.devices())} x {jax.devices()[0].device_kind}; copy {ceiling.copy_one / 1e9:.0f} GB/s on "
        f"one, {ceiling.copy_all / 1e9:.0f} GB/s on all; float32 matmul {ceiling.matmul_one / 1e9:.0f} GFLOP/s on one, "
        f"{ceiling.matmul_all / 1e9:.0f} GFLOP/s on all"
    )


def _epoch(ceiling: Ceilings, sizes: Sizes) -> dict[str, Any]:
    """Measure epochs that settle recorded weights."""
    figures: dict[str, Any] = {"epochs": []}
    for validators, miners in sizes.epochs:
        against = numpy_rate(validators, miners)
        print(f"\n{validators} validators x {miners} miners, Yuma 3; plain NumPy float64: {against:,.0f} epochs/s")
        print(f"{'':9}{'rule alone':>40} |{'whole network epoch':>48}")
        print(f"{'':9}{'single':>10}{'scanned':>10}{f'{LANES} lanes':>10}{'x NumPy':>10} |{'scanned':>10}"
              f"{f'{LANES} lanes':>10}{'x NumPy':>9}{'compile s':>11}{'cached s':>10}{'of ceiling':>12}")  # fmt: skip
        lanes = {}
        for arithmetic in _ARITHMETICS:
            row = epoch_row(validators, miners, arithmetic, against, ceiling)
            figures["epochs"].append(row)
            lanes[arithmetic] = row["batched"]
            print(f"{arithmetic:9}{row['single']:>10,.0f}{row['scanned']:>10,.0f}{row['batched']:>10,.0f}"
                  f"{row['batched'] / against:>10.1f} |{row['network_scanned']:>10,.0f}{row['lanes']:>10,.0f}"
                  f"{row['lanes'] / against:>9.1f}{row['compile_cold']:>11.2f}{row['compile_cached']:>10.2f}"
                  f"{row['of_ceiling']:>12.0%}")  # fmt: skip
        slower = figures[f"exact_over_float64_{validators}x{miners}"] = lanes["float64"] / lanes["exact"]
        print(f"exact takes {slower:.2f} times as long as float64 (rule alone, lanes)")
    print("rule alone: the consensus rule; single: one dispatch per epoch; scanned: one core; lanes: all cores. Whole")
    print("network epoch: permits, masks, consensus, emission and pay of a replayed recording. Ceiling: an epoch that")
    print("only reads its weights and reads and writes its bonds, at the measured copy rate of all cores.")
    return figures


def _training(ceiling: Ceilings, sizes: Sizes) -> dict[str, Any]:
    """Measure how fast miners train."""
    size = sizes.training
    rows, missing = training_rows(size, ceiling)
    title = f"{size.miners} miners of digits (64-64-10, batch {size.batch}, SGD); peers on one thread"
    print(table(title, "steps", rows, missing))
    return {"training": rows, "training_missing": missing}


def _scoring(ceiling: Ceilings, sizes: Sizes) -> dict[str, Any]:
    """Measure how fast validators evaluate."""
    size = sizes.world
    rows = scoring_rows(size, ceiling)
    print(table(f"{size.validators} validators x {size.miners} miners, {size.rows} rows each", "looks", rows))
    return {"scoring": rows}


def _tournament(ceiling: Ceilings, sizes: Sizes) -> dict[str, Any]:
    """Measure how fast a round of a tournament is scored."""
    rows, missing = tournament_rows(sizes.round, ceiling)
    title = f"CORR and MMC of {sizes.round.submissions} submissions x {sizes.round.rows} rows; float64"
    print(table(title, "subm.", rows, missing))
    return {"tournament": rows, "tournament_missing": missing}


def _world(ceiling: Ceilings, sizes: Sizes) -> dict[str, Any]:
    """Measure how fast a living network is."""
    rows = world_rows(sizes.world, ceiling)
    title = f"living network of that size: {sizes.world.steps} steps, evaluation, Yuma 3, pay, books; {ARITHMETIC}"
    print(table(title, "epochs", rows))
    return {"world": rows}


def _curation(ceiling: Ceilings, sizes: Sizes) -> dict[str, Any]:
    """Measure how fast a season of art is."""
    size = sizes.season
    rows = curation_rows(size, ceiling)
    print(table(f"{size.curators} curators x {size.fragments} fragments x {size.rounds} rounds", "rounds", rows))
    return {"curation": rows}


GROUPS: dict[str, Callable[[Ceilings, Sizes], dict[str, Any]]] = {
    "epoch": _epoch,
    "training": _training,
    "scoring": _scoring,
    "world": _world,
    "tournament": _tournament,
    "curation": _curation,
}
