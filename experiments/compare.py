"""Runs against each other: paired by seed and sweep point, on one page, in one table."""

from html import escape
from pathlib import Path
from typing import NamedTuple

import polars as pl

from experiments import plots
from experiments.errors import UserError
from experiments.metric_labels import place_text
from experiments.report import PAIRS_NOTE, SUMMARY_NOTE
from experiments.report_art import ART_CAPTIONS, ART_NOTE
from experiments.report_findings import Finding
from experiments.report_living_findings import quality_sentences
from experiments.report_page import figure_block, page, section, table
from experiments.report_tables import pairs_table, summary_table
from experiments.run_folder import KEYS, RunFolder
from experiments.statistics import KEY_METRICS, lane_values, paired_lanes, summarise_lanes, swept_axes
from experiments.tournament_values import has_column

__all__ = ["compare_runs", "comparison_table"]

QUALITY = ("quality_correlation", "held_mint")
ART = ("quality", "quality_best", "quality_mean", "own_choice")
PREDICTIONS = ("meta_model_corr", "models_median_corr", "meta_model_percentile")


class Compared(NamedTuple):
    """Several runs under one roof: labels, shared sweep points, and who is measured against whom."""

    runs: list[RunFolder]
    labels: list[dict[str, str]]  # per run: design to label
    swept: list[str]
    points: list[dict[str, object]]
    against: dict[str, str]
    lanes: pl.DataFrame


def comparison_table(paths: list[Path]) -> pl.DataFrame:
    """Return same-luck differences across runs.

    Args:
        paths: two or more run folders; the first holds the baselines.

    Returns:
        Columns as `statistics.paired_table`, rows for every design from the second run on. A design is written
        `run:design` when several runs share design names. Its baseline is the first run's design of the same name,
        otherwise the first run's first design.

    Raises:
        UserError: fewer than two folders, an unreadable one, or runs that share no seed or no sweep point.
    """
    return _pairs(_compared(paths))


def compare_runs(paths: list[Path], out: Path) -> Path:
    """Write `compare.html` and `compare.csv`.

    Args:
        paths: two or more run folders; the first holds the baselines.
        out: folder to write to, made if missing; or the page's own path, ending in `.html`.

    Returns:
        The page's path; the table lies beside it under the same name with `.csv`.

    Raises:
        UserError: as `comparison_table`.
    """
    compared = _compared(paths)
    pairs = _pairs(compared)
    file = out if out.suffix == ".html" else out / "compare.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    pairs.write_csv(file.with_suffix(".csv"))
    note = _note(compared)
    place = f"At {place_text(compared.points[0])}. " if len(compared.points) > 1 else ""
    here = pairs.filter(pl.col("point") == 0)
    summary = summarise_lanes(compared.lanes, note.designs, compared.swept).filter(pl.col("point") == 0)
    art = all(run.makes_art for run in compared.runs)
    blocks = [
        _head(compared, pairs, quality_sentences(compared.lanes.filter(pl.col("point") == 0), summary)),
        section(
            "Differences over the same luck",
            f'<p class="note">{escape(place + PAIRS_NOTE)}</p>',
            pairs_table(here, note),
        ),
        section(
            "Summary",
            summary_table(summary, note),
            f'<p class="note">{escape(place + (ART_NOTE if art else SUMMARY_NOTE))}</p>',
        ),
        section("Figures", *_figures(compared, here, note)),
    ]
    title = "Comparison of " + ", ".join(_run_names(compared.runs))
    file.write_text(page(title, blocks), encoding="utf-8")
    return file


def _compared(paths: list[Path]) -> Compared:
    if len(paths) < 2:
        raise UserError(f"compare needs two or more run folders, got {len(paths)}: subnetlab compare RUN RUN …")
    runs = [RunFolder(path) for path in paths]
    points = _shared_points(runs)
    names = _run_names(runs)
    several = len({design for run in runs for design in run.designs}) < sum(len(run.designs) for run in runs)
    labels = [{d: f"{name}:{d}" if several else d for d in run.designs} for name, run in zip(names, runs, strict=True)]
    first = labels[0]
    against: dict[str, str] = {}
    for labelled in labels[1:]:
        against |= {label: first.get(design, first[runs[0].designs[0]]) for design, label in labelled.items()}
    tables = [_labelled(run, labelled, points) for run, labelled in zip(runs, labels, strict=True)]
    lanes = pl.concat(tables, how="diagonal_relaxed")
    return Compared(runs, labels, list(points[0]), points, against, lanes)


def _shared_points(runs: list[RunFolder]) -> list[dict[str, object]]:
    """Return the sweep points all runs have, in the first run's order."""
    shared = [point for point in runs[0].points if all(point in run.points for run in runs[1:])]
    if not shared:
        raise UserError(
            f"{runs[0].path} and the other runs share no sweep point; "
            "compare runs that sweep the same parameters over the same values, or not at all"
        )
    if not set(runs[0].seeds).intersection(*(run.seeds for run in runs[1:])):
        raise UserError(
            f"{runs[0].path} and the other runs share no seed; runs are paired by seed, so give them the same seeds"
        )
    return shared


def _labelled(run: RunFolder, labels: dict[str, str], points: list[dict[str, object]]) -> pl.DataFrame:
    """Return a run's lane values at the shared points, renumbered, with its designs' labels."""
    number = {run.points.index(point): position for position, point in enumerate(points)}
    lanes = lane_values(run, KEY_METRICS).filter(pl.col("point").is_in(list(number)))
    return lanes.with_columns(
        pl.col("point").replace_strict(number, return_dtype=pl.Int32),
        pl.col("design").replace_strict(labels, return_dtype=pl.String),
    )


def _pairs(compared: Compared) -> pl.DataFrame:
    metrics = [name for name in KEY_METRICS if name in compared.lanes.columns]
    lanes = compared.lanes.select("design", "point", *compared.swept, "seed", *metrics)
    return paired_lanes(lanes, compared.against, compared.swept)


def _run_names(runs: list[RunFolder]) -> list[str]:
    """Return the runs' names, folder names where those clash, numbered where even these do."""
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        names = [run.path.resolve().name for run in runs]
    return [name if names.count(name) == 1 else f"{name}#{position + 1}" for position, name in enumerate(names)]


def _note(compared: Compared) -> plots.Note:
    designs = tuple(label for labelled in compared.labels for label in labelled.values())
    hashes = ", ".join(
        f"{name} ({run.config_hash})" for name, run in zip(_run_names(compared.runs), compared.runs, strict=True)
    )
    seeds = compared.lanes["seed"].n_unique()
    note = plots.Note(designs, f"{hashes} · {seeds} seed{'' if seeds == 1 else 's'}", seeds)
    return note.beside_parties() if all(run.works or run.makes_art for run in compared.runs) else note


def _head(compared: Compared, pairs: pl.DataFrame, quality: list[str]) -> str:
    """Return the page's head: what is compared, how many differences are more than luck, who pays for the best work."""
    told = pairs.filter(pl.col("low").is_not_null())
    clear = told.filter((pl.col("low") > 0) | (pl.col("high") < 0))
    sure = f"{len(clear)} of {len(told)} differences have a 95 % interval that excludes 0."
    sure = sure if len(told) else "One shared seed cannot tell difference from luck."
    answer = Finding("Do the runs differ?", " ".join(filter(None, [sure, *quality])))
    named = zip(_run_names(compared.runs), compared.runs, strict=True)
    rows = [
        [name, str(run.path.name), run.config_hash, f"{len(run.seeds)}", f"{run.num_epochs}", ", ".join(run.designs)]
        for name, run in named
    ]
    listed = table(["Run", "Folder", "Config hash", "Seeds", "Epochs", "Designs"], rows, text_columns=6)
    lead = f'<p class="lead"><b>{escape(answer.question)}</b> {escape(answer.answer)}</p>'
    return f"<header>\n<h1>Comparison of {len(rows)} runs</h1>\n{lead}\n{listed}\n</header>"


def _figures(compared: Compared, pairs: pl.DataFrame, note: plots.Note) -> list[str]:
    """Return the figures of the first shared sweep point, as HTML."""
    here = note.at(place_text(compared.points[0]))
    blocks = []
    if len(pairs) and note.num_seeds > 1:
        figure = plots.paired_differences(pairs, here)
        blocks.append(
            figure_block("paired_differences", figure, "A bar that misses 0 is more than luck; same seeds, same luck.")
        )
    if all(run.makes_art for run in compared.runs):
        first = compared.lanes.filter(pl.col("point") == 0)
        blocks.append(figure_block("best_art", plots.best_art(first, here), ART_CAPTIONS["best_art"]))
        figure = plots.quality_of_art(_epochs(compared, list(ART)), here)
        blocks.append(figure_block("quality", figure, ART_CAPTIONS["quality"]))
    elif all(has_column(run, "meta_model_corr") for run in compared.runs):
        figure = plots.meta_model_over_time(_epochs(compared, list(PREDICTIONS)), here)
        caption = "All predictions averaged by what is staked on them or paid for them; left: how right that is."
        blocks.append(figure_block("meta_model", figure, caption))
    elif all(run.works for run in compared.runs):
        figure = plots.quality_per_token(_epochs(compared, ["accuracy_paid", "skill_paid", *QUALITY]), here)
        caption = "Left: the higher, the better the models for the same tokens; right: 1 = pay follows quality."
        blocks.append(figure_block("quality", figure, caption))
    paid = all(has_column(run, "adversary_pay_ratio") for run in compared.runs)
    epochs = _epochs(compared, ["adversary_pay_ratio"] if paid else [])
    if paid and epochs["adversary_pay_ratio"].cast(pl.Float64).is_finite().any():
        figure = plots.adversary_pay(epochs, here)
        blocks.append(
            figure_block(
                "adversary_pay", figure, "Above 1 an attacker earns more per token staked than honest validators do."
            )
        )
    metrics = plots.sweep_metrics(compared.lanes)
    varied = swept_axes(compared.lanes, compared.swept)
    if metrics and len(varied) == 1:
        figure = plots.sweep_lines(compared.lanes, varied[0], metrics, note)
        blocks.append(
            figure_block("sweep", figure, "Lines that cross mean the parameter decides which design is better.")
        )
    return blocks


def _epochs(compared: Compared, columns: list[str]) -> pl.DataFrame:
    """Return all runs' epochs at the first shared sweep point, with labelled designs."""
    tables = []
    for run, labels in zip(compared.runs, compared.labels, strict=True):
        here = pl.col("point") == run.points.index(compared.points[0])
        rows = run.read("epochs", columns, [here])
        tables.append(rows.with_columns(pl.col("design").replace_strict(labels, return_dtype=pl.String)))
    return pl.concat(tables, how="vertical_relaxed").sort(*KEYS, "epoch")
