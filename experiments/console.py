"""What the command line prints: kinds, parameters, an epoch as a table, what an experiment amounts to."""

import importlib.util
import inspect
import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import slots
from experiments.errors import UserError
from experiments.wording import aligned, nearest, number, plural, show

if TYPE_CHECKING:
    from rich.table import Table

    from experiments.experiment import Experiment
    from experiments.parameters import Parameter

__all__ = [
    "describe", "epoch_table", "epoch_totals", "failures", "kinds_text", "size_text", "summary_text",
    "work_note",
]  # fmt: skip

_WIDTH = 120
_ROWS = 24  # more designs and points than this are read in the report
_FAILURES = 10  # lanes named one by one
_TOURNAMENT = ("meta_model_corr", "net_emission", "stake_return")  # of a tournament, and nothing else
_QUALITY = ("meta_model_corr", "accuracy_paid", "skill_paid")  # the first that is known
_ART = ("quality_percentile", "attacker_win_share", "reward_ratio", "hammer_eth", "sincere_reward")
_SUMMARY = (
    "honest_miner_profit", "adversary_miner_profit", "adversary_pay_ratio", "honest_emission_share", "gini_incentive",
    "quality_correlation",
)  # fmt: skip


def kinds_text(slot: str | None = None) -> str:
    """Return the kinds of one slot or of all, one line each; no rule is imported.

    Raises:
        UserError: there is no such slot.
    """
    if slot is not None and slot not in slots.SLOTS:
        known = list(slots.SLOTS)
        raise UserError(f'list: "{slot}" is no slot{nearest(slot, known)} found: {", ".join(known)}')
    chosen = [slot] if slot else list(slots.SLOTS)
    found = {name: slots.kinds(name) for name in chosen}
    width = max(len(name) for names in ([*slots.BLOCKS], *map(list, found.values())) for name in names)
    lines = []
    for name, kinds in found.items():
        lines += [f"{name} – {slots.SLOTS[name].help}  ({slots.SLOTS[name].package.replace('.', '/')}/)"]
        lines += [f"  {kind:<{width}}  {slots.headline(file)}" for kind, file in kinds.items()] + [""]
    for owner in dict.fromkeys(block.owner for block in slots.BLOCKS.values()) if slot is None else ():
        lines += [f"blocks of {owner}, with one rule each"]
        lines += [
            f"  {name:<{width}}  {slots.headline(_file(block.module), block.name)}"
            for name, block in slots.BLOCKS.items()
            if block.owner == owner
        ] + [""]
    return "\n".join(
        [*lines, "Parameters of a kind: subnetlab describe KIND. Any importable module path is a kind, too."]
    )


def describe(kind: str, slot: str | None = None) -> str:
    """Return what a kind does and which parameters it takes.

    Args:
        kind: the name of a rule, of a block with one rule, or a module path.
        slot: where to look, if the name exists in several slots.

    Raises:
        UserError: nothing of that name exists, or its module is broken.
    """
    if slot is not None and slot not in slots.SLOTS:
        raise UserError(f'describe: "{slot}" is no slot{nearest(slot, slots.SLOTS)} found: {", ".join(slots.SLOTS)}')
    places = [name for name in slots.SLOTS if slot in (None, name) and kind in slots.kinds(name)]
    if places:
        return "\n\n".join(_described(slots.find(name, kind), f"{name}: {kind}") for name in places)
    if kind in slots.BLOCKS:
        return _described(slots.block_class(kind), f"{kind} (a block of {slots.BLOCKS[kind].owner})")
    if kind in slots.SLOTS:
        raise UserError(f'describe: "{kind}" is a slot; see its kinds with: subnetlab list {kind}')
    return _described_by_path(kind, slot)


def size_text(experiment: "Experiment") -> str:
    """Return `5 designs x 3 points x 16 seeds = 240 lanes, 2 compiled programs`."""
    from experiments.sweep import num_lanes, num_programs

    lanes = num_lanes(experiment)
    counts = (len(experiment.designs), len(experiment.points), len(experiment.seeds))
    words = [plural(count, noun) for count, noun in zip(counts, ("design", "point", "seed"), strict=True)]
    full = counts[0] * counts[1] * counts[2] == lanes
    size = f"{' x '.join(words)} = {plural(lanes, 'lane')}" if full else f"{', '.join(words)}: {plural(lanes, 'lane')}"
    text = f"{size}, {plural(num_programs(experiment), 'compiled program')}"
    swept = {name for block in experiment.sweep for name in block.designs}
    idle = [name for name in experiment.designs if experiment.sweep and name not in swept]
    return f"{text}; in no block of the sweep, so left out: {', '.join(idle)}" if idle else text


def epoch_table(result: dict[str, Any], stake: list[int]) -> "Table":
    """Return an epoch's neurons as a table; those who neither hold stake nor earn anything are left out."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = ("uid", "stake", "permit", "consensus", "incentive", "dividends", "trust", "emission")
    for column in columns:
        table.add_column(column, justify="right")
    total = sum(stake) or 1
    shares = ("consensus", "incentive", "dividends", "validator_trust")
    for uid, held in enumerate(stake):
        if held or result["emission"][uid]:
            permit = "yes" if result["new_validator_permit"][uid] else "-"
            values = [f"{result[name][uid]:.6f}" for name in shares]
            table.add_row(str(uid), f"{held / total:.2%}", permit, *values, f"{result['emission'][uid]:,}")
    return table


def epoch_totals(result: dict[str, Any], minted: int) -> str:
    """Return what was minted, paid, and left by rounding down; in 10⁻⁹ tokens."""
    miners, validators, paid = (sum(result[k]) for k in ("server_emission", "validator_emission", "emission"))
    return (
        f"minted {minted:,} rao, paid {paid:,} (miners {miners:,}, validators {validators:,}), "
        f"remainder of rounding {minted - paid:,}"
    )


def failures(folder: Path) -> tuple[list[str], bool]:
    """Return a line for each lane that failed (the first few), and whether no lane finished."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    failed = manifest["failed"]
    lines = []
    for lane in failed[:_FAILURES]:
        values = manifest["points"][lane["point"]]
        where = ", ".join([f"seed {lane['seed']}", *(f"{path} = {show(value)}" for path, value in values.items())])
        lines.append(f"{lane['design']} ({where}): {lane['reason']}")
    if failed:
        more = f"{len(failed) - _FAILURES} more failed; " if len(failed) > _FAILURES else ""
        lines.append(f"{more}{plural(manifest['lanes'] - len(failed), 'other lane')} finished")
    return lines, manifest["state"] == "failed"


def work_note(folder: Path) -> str | None:
    """Return how often miners were trained, None where nobody is."""
    note = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("work")
    return None if note is None else f"training: {note}"


def summary_text(folder: Path) -> str:
    """Return a small table of what came out, empty where there are too many points to read."""
    import polars as pl

    from experiments.metric_labels import metric_label, place_text, show_interval
    from experiments.metric_labels import show as written

    summary = pl.read_csv(folder / "summary.csv", infer_schema_length=None)
    known = set(summary.filter(pl.col("median").is_not_null())["metric"])
    quality = [*_TOURNAMENT] if "net_emission" in known else [name for name in _QUALITY if name in known][:1]
    metrics = [name for name in (*quality, *_ART, *_SUMMARY) if name in known][:3]
    points = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["points"]
    cells: dict[tuple[str, int], dict[str, str]] = {}
    for row in summary.filter(pl.col("metric").is_in(metrics)).iter_rows(named=True):
        unit = metric_label(row["metric"]).unit
        text = f"{written(row['median'], unit)} {show_interval(row['low'], row['high'], unit)}".rstrip()
        cells.setdefault((row["design"], row["point"]), {})[row["metric"]] = text
    if not cells or len(cells) > _ROWS:
        return ""
    rows = [["design", *(["point"] if len(points) > 1 else []), *(metric_label(name).name for name in metrics)]]
    for (design, point), texts in cells.items():
        place = [place_text(points[point])] if len(points) > 1 else []
        rows.append([design, *place, *(texts.get(name, "–") for name in metrics)])
    return aligned(rows)


def _described_by_path(kind: str, slot: str | None) -> str:
    known = [name for s in slots.SLOTS if slot in (None, s) for name in slots.kinds(s)] + [*slots.BLOCKS]
    if "." not in kind and not Path(f"{kind}.py").is_file():
        raise UserError(
            f'describe: "{kind}" is unknown{nearest(kind, known)} found: {", ".join(known)}, or any module path'
        )
    problems = []
    for name in [slot] if slot else slots.SLOTS:
        try:
            return _described(slots.find(name, kind), f"{name}: {kind}")
        except UserError as error:
            problems.append(str(error))
    raise UserError(f"describe: {problems[0]}")


def _described(cls: type, title: str) -> str:
    from experiments.parameters import parameters

    known = parameters(cls)
    lines = [title, "", inspect.cleandoc(cls.__doc__ or ""), ""]
    if not known:
        return "\n".join([*lines, "It takes no parameters."])
    rows = [("parameter", "type", "range", "default", "sweep as")] + [_row(parameter) for parameter in known.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    helps = ["", *(parameter.help for parameter in known.values())]
    room = min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)
    for row, text in zip(rows, helps, strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines += textwrap.wrap(text, max(room, 40), initial_indent="    ", subsequent_indent="    ")
    return "\n".join([*lines, "", "A structural parameter selects a compiled program; a number is free to sweep."])


def _row(parameter: "Parameter") -> tuple[str, str, str, str, str]:
    from experiments.parameters import NO_DEFAULT

    default = "required" if parameter.default is NO_DEFAULT else number(parameter.default)
    kind = "structural" if parameter.static else "number"
    return parameter.name, parameter.type_name.removeprefix("a "), parameter.range, default, kind


def _file(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin if spec and spec.origin else "")
