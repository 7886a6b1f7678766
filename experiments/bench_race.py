"""A race: ours on one device and on all, against peers, in one run; the table that comes of it."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import jax

from experiments.bench_timing import Ceilings, Task, best_of, peak_memory

__all__ = ["LEGEND", "Contender", "Role", "race", "table"]

LEGEND = """\
ours x, all x: how many times as fast as this ours is on one device, and on all of them. Of matmul: floating-point
operations by the usual formulas (3 x forward x batch a training step), over what the devices in use multiply at best.
Peak: of the process so far."""

Role: TypeAlias = Literal["one", "all", "peer", "aside"]


class Contender(NamedTuple):
    """Something to be timed.

    `role` is "one" or "all" for ours on one device or on all, "peer" for what ours is measured against, and "aside"
    for what is of interest but no match. A run does `work` units of `flops` floating-point operations each, on all
    devices if `everywhere`.
    """

    name: str
    role: Role
    run: Task
    work: float
    flops: float = 0.0
    everywhere: bool = False
    compile_seconds: float | None = None


def race(contenders: Sequence[Contender], ceiling: Ceilings, repeats: int = 5) -> list[dict[str, Any]]:
    """Time everybody in turns; return a row for each.

    `rate` is units per second; `of_matmul` the share of what the devices in use multiply at best; `peak_memory_gib`
    what the process had held at most after this contender's first run; `ours_one` and `ours_all` how many times as
    fast as a peer ours is.
    """
    memory = {}
    for one in contenders:
        jax.block_until_ready(one.run())
        memory[one.name] = peak_memory()
    seconds = best_of({one.name: one.run for one in contenders}, repeats)
    rates = {one.name: one.work / seconds[one.name] for one in contenders}
    ours = {one.role: rates[one.name] for one in contenders if one.role in ("one", "all")}
    return [
        {
            "name": one.name,
            "rate": rates[one.name],
            "ours_one": _ratio(one, rates, ours.get("one")),
            "ours_all": _ratio(one, rates, ours.get("all")),
            "of_matmul": _share(one, rates, ceiling),
            "compile_seconds": one.compile_seconds,
            "peak_memory_gib": memory[one.name],
        }
        for one in contenders
    ]


def table(title: str, unit: str, rows: Sequence[dict[str, Any]], missing: Sequence[str] = ()) -> str:
    """Return the rows of a race for people to read."""
    heads = (f"{unit}/s", "ours x", "all x", "of matmul", "compile s", "peak GiB")
    lines = ["", title, f"{'':44}" + "".join(f"{head:>14}" for head in heads)]
    for row in rows:
        cells = (
            f"{row['rate']:,.0f}" if row["rate"] >= 100 else f"{row['rate']:.1f}",
            _times(row["ours_one"]),
            _times(row["ours_all"]),
            "" if row["of_matmul"] is None else f"{row['of_matmul']:.0%}",
            "" if row["compile_seconds"] is None else f"{row['compile_seconds']:.2f}",
            f"{row['peak_memory_gib']:.2f}",
        )
        lines.append(f"{row['name']:44}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join([*lines, *missing])


def _ratio(one: Contender, rates: dict[str, float], ours: float | None) -> float | None:
    return ours / rates[one.name] if one.role == "peer" and ours is not None else None


def _share(one: Contender, rates: dict[str, float], ceiling: Ceilings) -> float | None:
    most = ceiling.matmul_all if one.everywhere else ceiling.matmul_one
    return one.flops * rates[one.name] / most if one.flops else None


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"
