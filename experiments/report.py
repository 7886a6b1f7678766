"""One page per run that answers its question: `report.html`, with `summary.csv` and `figures/` beside it."""

import re
from html import escape
from pathlib import Path

import polars as pl

from experiments.figure_images import write_images
from experiments.metric_labels import metric_label, place_text
from experiments.party_values import PartyValues
from experiments.plots import Note, sweep_metrics, sweeps_retention
from experiments.plots_retention import RETENTION_PARAMETERS
from experiments.report_art import ART_NOTE
from experiments.report_art_findings import art_findings
from experiments.report_figures import ShownFigure, report_figures
from experiments.report_findings import Finding, findings
from experiments.report_living_findings import living_findings
from experiments.report_page import details, figure_block, page, section
from experiments.report_tables import pairs_table, points_table, retention_table, summary_table
from experiments.report_tournament import idle_metrics
from experiments.report_tournament_findings import tournament_findings
from experiments.run_folder import RunFolder
from experiments.statistics import AMOUNTS, KEY_METRICS, lane_values, paired_lanes, summarise_lanes
from experiments.tournament_values import has_column

__all__ = ["headline", "write_report"]

# Larger sweeps are read as figures: the summary then keeps the key metrics only, the page shows no table per point.
MAX_TABLE_POINTS = 24
MAX_FULL_POINTS = 1000
LARGE_SWEEP = (
    "meta_model_corr", "net_emission", "stake_return", "burn_share",
    "accuracy_paid", "skill_paid", "honest_miner_profit", "adversary_miner_profit", "adversary_pay_ratio",
    "honest_emission_share", "quality_percentile", "quality", "attacker_win_share", "attacker_points_share",
    "reward_ratio", "sincere_reward", "diversity",
)  # fmt: skip
LARGE_RETENTION = ("honest_emission_share",)
NO_BREAK, JOINER = "\u00a0", "\u2060"
PAIRS_NOTE = (
    "Median difference between designs that lived through the same seed, with its 95 % bootstrap interval; bold where "
    "the interval excludes 0; pp: percentage points. d_z: mean difference in standard deviations of the differences. "
    "r: matched-pairs rank-biserial correlation, −1 where lower in every pair, +1 where higher in every pair. n: pairs."
)
SUMMARY_NOTE = (
    "Median over seeds, with its 95 % bootstrap interval, of each lane’s mean over the later half of the epochs; "
    "profits are means over all of them, tokens sums. Scores of predictions, and what a tournament emits, "
    "returns and burns, are of all of them, too."
)
RETENTION_NOTE = (
    "The smallest honest utility from which on the honest share of emission reaches the honest share of stake, "
    "whatever part of its weight the cabal of the sweep gives to its own miners."
)


def write_report(path: Path | str, images: bool = True) -> Path:
    """Write the report of a finished run into its folder.

    Args:
        path: the run's folder.
        images: whether to write `figures/*.png` and `*.svg` as well, if a Chromium is found; that takes seconds.

    Returns:
        The path of `report.html`. Identical data give identical bytes, in `summary.csv` too.

    Raises:
        UserError: the folder is not a finished, readable run.
    """
    run = RunFolder(path)
    lanes = lane_values(run, _metrics(run))
    summary = summarise_lanes(lanes, run.designs, run.swept)
    idle = idle_metrics(run)
    pairs = _pairs(run, lanes.drop(idle, strict=False))
    values = PartyValues.of(run) if len(lanes) else None
    shown = report_figures(run, lanes, pairs, values) if len(lanes) else []
    answers = _answers(run, lanes, summary, pairs, values)
    tables = [
        section(
            "Summary", *_summary(run, lanes.drop(idle, strict=False), summary.filter(~pl.col("metric").is_in(idle)))
        ),
        section("Differences over the same luck", *_differences(run, pairs)),
    ]
    figures = [section("Figures", *(figure_block(*figure) for figure in shown))]
    # A network that makes something is told in figures; a comparison of rules is settled by its tables.
    makes = run.works or run.makes_art
    order = [*figures, *tables] if makes else [*tables, *figures]
    blocks = [headline(run.name, run.question, answers, makes), *order, _footer(run)]
    summary.write_csv(run.path / "summary.csv")
    report = run.path / "report.html"
    report.write_text(page(run.name, filter(None, blocks)), encoding="utf-8")
    if images:
        write_figure_images(shown, run.path)
    return report


def write_figure_images(shown: list[ShownFigure], folder: Path) -> None:
    """Write the figures as images below `folder/figures`."""
    if shown:
        write_images({figure.name: figure.figure for figure in shown}, folder / "figures")


def headline(name: str, question: str | None, answers: list[Finding], question_first: bool = False) -> str:
    """Return the head of a page: its name, the question asked, the first answer as a paragraph, the others below.

    Args:
        name: of the experiment.
        question: which it asks, if it asks one.
        answers: the most important first.
        question_first: whether the question is the title, and the name stands below it.
    """
    title, below = (question, name) if question and question_first else (name, question)
    asked = f'<p class="question">{escape(below)}</p>\n' if below else ""
    first, *others = answers
    rest = "".join(f"<dt>{escape(answer.question)}</dt><dd>{_unbroken(answer.answer)}</dd>\n" for answer in others)
    listed = f'<dl class="answers">\n{rest}</dl>' if rest else ""
    lead = f'<p class="lead"><b>{escape(first.question)}</b> {_unbroken(first.answer)}</p>'
    return f"<header>\n<h1>{escape(title)}</h1>\n{asked}{lead}\n{listed}\n</header>"


def _answers(
    run: RunFolder, lanes: pl.DataFrame, summary: pl.DataFrame, pairs: pl.DataFrame, values: PartyValues | None
) -> list[Finding]:
    """Return what is said first: of art, of a tournament, of a network whose miners work, of rules alone."""
    if run.makes_art:
        return art_findings(run, lanes, pairs)
    if has_column(run, "net_emission") and len(lanes):
        return tournament_findings(run, lanes, pairs)
    return living_findings(run, lanes, summary, pairs, values) if run.works else findings(run, lanes, summary, pairs)


def _unbroken(text: str) -> str:
    """Return text as HTML in which no number is torn from its sign or unit, and no interval in two."""
    tied = re.sub(r"\[[^\]]*\]", lambda found: found[0].replace(" ", NO_BREAK), escape(text))
    for unit in ("%", "pp"):
        tied = re.sub(rf"(\d) {unit}", rf"\1{NO_BREAK}{unit}", tied)
    return tied.replace("−$", f"−{JOINER}$")


def _metrics(run: RunFolder) -> tuple[str, ...] | None:
    """Return the metrics to summarise; None for all."""
    if len(run.points) <= MAX_FULL_POINTS:
        return None
    return LARGE_RETENTION if set(RETENTION_PARAMETERS) <= set(run.swept) else LARGE_SWEEP


def _pairs(run: RunFolder, lanes: pl.DataFrame) -> pl.DataFrame:
    """Return the paired table against the first design; empty where there is nothing to pair."""
    metrics = [name for name in KEY_METRICS if name in lanes.columns]
    against = dict.fromkeys(run.designs[1:], run.designs[0]) if len(run.points) <= MAX_FULL_POINTS else {}
    return paired_lanes(lanes.select("design", "point", *run.swept, "seed", *metrics), against, run.swept)


def _summary(run: RunFolder, lanes: pl.DataFrame, summary: pl.DataFrame) -> list[str]:
    note = Note.of(run)
    if sweeps_retention(lanes):
        return [retention_table(lanes, note), _paragraph(RETENTION_NOTE)]
    blocks = []
    if 1 < len(run.points) <= MAX_TABLE_POINTS:
        for metric in sweep_metrics(lanes)[:2]:
            look = metric_label(metric)
            blocks += [f"<h3>{escape(look.name)} at every sweep point</h3>", _paragraph(look.meaning)]
            blocks.append(points_table(summary, run.swept, metric, note))
    if len(run.points) > 1:
        blocks.append(f"<h3>All metrics at {escape(place_text(run.points[0]))}</h3>")
    here = summary.filter(pl.col("point") == 0)
    kept = "every metric" if len(run.points) <= MAX_FULL_POINTS else "these metrics at every sweep point"
    note_below = _paragraph(f"{ART_NOTE if run.makes_art else SUMMARY_NOTE} summary.csv has {kept}.")
    return [*blocks, summary_table(here, note), note_below] if len(here) else []


def _differences(run: RunFolder, pairs: pl.DataFrame) -> list[str]:
    here = pairs.filter(pl.col("point") == 0, ~pl.col("metric").is_in(AMOUNTS))
    if not len(here) or sweeps_retention(pairs):
        return []
    place = f"At {place_text(run.points[0])}. " if len(run.points) > 1 else ""
    return [_paragraph(place + PAIRS_NOTE), pairs_table(here, Note.of(run))]


def _footer(run: RunFolder) -> str:
    manifest = run.manifest
    versions = ", ".join(f"{name} {version}" for name, version in dict(manifest.get("versions") or {}).items())
    devices = manifest.get("devices") or "–"
    facts = {
        "Config hash": run.config_hash,
        "Versions": versions or "–",
        "Seeds": ", ".join(map(str, run.seeds)),
        "Designs": ", ".join(run.designs),
        "Sweep points": str(len(run.points)),
        "Epochs": str(run.num_epochs),
        "Lanes": f"{manifest.get('lanes', '–')}, of which {len(run.failed)} failed",
        "Devices": ", ".join(map(str, devices)) if isinstance(devices, list) else str(devices),
        "Arithmetic": str(manifest.get("arithmetic", "–")),
        "Started": str(manifest.get("started", "–")),
        "Finished": str(manifest.get("finished", "–")),
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in facts.items())
    config = details("Resolved configuration (config.yaml)", run.config_text)
    return f'<footer>\n<h2>How this was made</h2>\n<dl class="facts">\n{listed}</dl>\n{config}\n</footer>'


def _paragraph(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'
