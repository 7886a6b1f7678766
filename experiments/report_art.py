"""Which figures tell the story of votes on art, the most relevant first, and how to read each."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from experiments import plots
from experiments.art_values import art_parties, party_lanes
from experiments.metric_labels import place_text
from experiments.run_folder import KEYS, RunFolder
from experiments.statistics import swept_axes, without_failed

__all__ = ["ART_CAPTIONS", "ART_NOTE", "art_figures"]

ART_NOTE = (
    "Median over seeds, with its 95 % bootstrap interval, of each lane’s mean over all rounds; what is said of votes "
    "leaves out rounds in which the artist chose by himself. ETH paid are sums over all rounds; supply, price and "
    "treasury are those after the last."
)
ART_CAPTIONS = {
    "best_art": "The further right a diamond, the better the works that win votes. A vote that picks at random beats "
    "half of the pool. Bars that do not overlap are more than luck; where they do, the table of differences compares "
    "the same seeds.",
    "gallery": "An orange frame: the work was what an attacker wanted, whether or not the others liked it, too. Blue: "
    "it won against the attackers’ wish. Grey: the artist chose it by himself, and nobody voted.",
    "who_decides": "A party whose bar reaches beyond its diamond and circle decides more often than its share of "
    "points and stake stands for: the rule lets it win.",
    "quality": "A line near the dotted one: the vote finds the best work there is. A line near the dashed one: it "
    "might as well be drawn by lot. The pool itself gets better where artists learn from votes.",
    "style": "Left: how far all works together have moved from where they began. Middle: below 1 the works have become "
    "more alike. Right: how different the minted works are from each other.",
    "style_map": "Each dot is a minted work; what lies close looks alike, as the pictures show. Dots in a corner: the "
    "vote has a taste. Dark dots apart from light ones: its taste wanders. Grey: the other designs’ works.",
    "rewards": "Voters are paid for voting, whatever they vote for. Bars of two parties that differ: the rule pays one "
    "more for the same stake; right of the dotted line it favours attackers.",
    "auctions": "What a vote finds is worth what collectors bid for it. A reserve that is too high leaves works "
    "unsold.",
    "supply_and_price": "Tokens that are burned leave the supply; tokens bought back raise the price; what goes to the "
    "treasury is nobody’s reward.",
    "sweep": "Flat lines: the parameter hardly matters. Crossing lines: it decides which design is better.",
    "sweep_map": "Each cell is one setting; compare the same cell between designs.",
    "paired_differences": "Each dot compares two designs under the same luck; a bar clear of 0 is more than luck.",
}
_PAIRED = (
    "quality_percentile", "quality", "vote_agreement", "attacker_win_share", "attacker_pivotal_share", "reward_ratio",
    "sincere_reward", "attacker_reward", "sold_share", "hammer_eth", "diversity", "style_distance",
)  # fmt: skip
_RESERVE = 10.0  # ETH, for which the share of works sold is published


def art_figures(
    run: RunFolder, lanes: pl.DataFrame, pairs: pl.DataFrame, note: plots.Note
) -> dict[str, go.Figure | None]:
    """Return the figures that a run has data for, by name, in the order of the report.

    Args:
        run: a finished run that makes art.
        lanes: its lane values, see `statistics.lane_values`.
        pairs: its paired table, possibly empty.
        note: the report's note.
    """
    here, first = note.at(place_text(run.points[0])), pl.col("point") == 0
    epochs = without_failed(run, run.read("epochs", where=[first]))
    mine = lanes.filter(first)
    works = _works(run, epochs)
    several = epochs["epoch"].n_unique() > 1
    found: dict[str, go.Figure | None] = _sweep(run, lanes, note)
    found["best_art"] = plots.best_art(mine, here)
    found["gallery"] = plots.gallery(works, here) if works is not None else None
    found |= _parties(run, mine, here)
    if several:
        found["quality"] = plots.quality_of_art(epochs, here)
        found["auctions"] = plots.auctions(epochs, mine, here, _published(run))
        found["style"] = plots.style_over_time(epochs, mine, here)
        found["style_map"] = plots.style_map(works, here) if works is not None else None
        found["supply_and_price"] = plots.supply_and_price(epochs, here)
    told = pairs.filter(pl.col("point") == 0, pl.col("metric").is_in(_PAIRED))
    found["paired_differences"] = plots.paired_differences(told, here) if len(told) and here.num_seeds > 1 else None
    return found


def _sweep(run: RunFolder, lanes: pl.DataFrame, note: plots.Note) -> dict[str, go.Figure | None]:
    metrics, varied = plots.panel_metrics(lanes), swept_axes(lanes, run.swept)
    if not metrics or not varied:
        return {}
    if len(varied) == 1:
        return {"sweep": plots.sweep_lines(lanes, varied[0], metrics, note)}
    return {"sweep_map": plots.sweep_map(lanes, varied, plots.map_metric(lanes), note)}


def _parties(run: RunFolder, lanes: pl.DataFrame, note: plots.Note) -> dict[str, go.Figure | None]:
    people = art_parties(run)
    if not people:
        return {}
    values, parties = without_failed(run, party_lanes(run, [pl.col("point") == 0])), plots.curator_parties(people)
    attacked = any(attacker for _, attacker in people)
    return {
        "who_decides": plots.who_decides(values, parties, note) if attacked else None,
        "rewards": plots.rewards(values, lanes, parties, note),
    }


def _works(run: RunFolder, epochs: pl.DataFrame) -> pl.DataFrame | None:
    """Return the works table at the first sweep point, with whose wish each was; None where nothing was minted."""
    if not run.has("works"):
        return None
    works = without_failed(run, run.read("works", where=[pl.col("point") == 0]))
    wishes = epochs.select(*KEYS, "epoch", "attacker_won")
    return works.join(wishes, [*KEYS, "epoch"], "left", maintain_order="left") if len(works) else None


def _published(run: RunFolder) -> bool:
    """Say whether any design sells at a fixed reserve of 10 ETH, as in the spring of 2022."""
    rules: list[dict[str, Any]] = [(design or {}).get("auction") or {} for design in run.config["designs"].values()]
    return any(rule.get("reserve_rule") == "fixed" and rule.get("reserve_eth", _RESERVE) == _RESERVE for rule in rules)
