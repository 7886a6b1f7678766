"""Which figures a run can show, in the order the report shows them, each with a sentence that says how to read it."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl

from experiments import plots
from experiments.agent_cube import thinned
from experiments.metric_labels import place_text
from experiments.party_values import PartyValues
from experiments.report_art import ART_CAPTIONS, art_figures
from experiments.report_living import living_figures
from experiments.run_folder import RunFolder
from experiments.statistics import swept_axes

__all__ = ["ShownFigure", "report_figures"]

STILL = 1e-9  # a share of stake that moves less than this has not moved


class ShownFigure(NamedTuple):
    """A figure with its file name and its caption."""

    name: str
    figure: go.Figure
    caption: str


CAPTIONS = {
    "adversary_pay": "Above 1 an attacker earns more per token staked than honest validators do.",
    "paired_differences": "Each dot compares two designs under the same luck; a bar clear of 0 is more than luck.",
    "emission_by_party": "Where the tokens went: blue to honest parties, orange to adversaries.",
    "dividends": "A group above its dotted stake line is paid more than its stake stands for.",
    "incentive": "The panels show whether pay goes to a few miners or to many, and what adversary miners take.",
    "stake": "Dividends that are staked again move power: who ends above the dotted line has gained it.",
    "lorenz": "The further a curve sags below the diagonal, the fewer agents share the pay.",
    "validator_trust": "Low trust: consensus cuts the opinion away. An attacker with high trust goes unnoticed.",
    "weights": "Rows that look alike agree; a row unlike the others has an agenda, or does not look.",
    "bonds": "Validators earn through the miners they hold bonds in; dark rows own the future pay of many.",
    "sweep": "Where a line crosses the dotted one, the design starts or stops paying attackers more than their stake.",
    "sweep_plain": "Flat lines: the parameter hardly matters. Crossing lines: it decides which design is better.",
    "sweep_map": "Each cell is one setting; compare the same cell between designs.",
    "returns": "Above the line a party has made more than it has lost, whatever others made. Where lines cross, the "
    "rule prefers somebody else.",
    "tournament_maps": "Each cell is one setting. Where everybody starts with the same, a stake that has grown says "
    "whom the rule wants.",
    "attack": "Above the dotted line the attack pays. The further left a diamond, the cheaper the attack on that "
    "design.",
    "learning": "Lines apart on the left and close on the right: pay does not see who has learnt.",
    "quality": "Left: the higher, the better the models for the same tokens. Right: where a line falls, pay loses "
    "track of quality.",
    "profit": "Left of 0 a party spends more than it earns. A validator passes on what belongs to its delegators, less "
    "their part of what is slashed.",
    "survival": "Where a line falls, the party is pushed out or gives up. The fee rises with every newcomer and "
    "decays in between.",
    "stake_and_power": "An orange area that grows gains power; a low Nakamoto coefficient means that few decide.",
    "flows": "Widths are amounts. All sums reconcile to the unit of 10⁻⁹ tokens. Point at a band for its exact "
    "amount and reason.",
    "ranks": "Lines that cross all the time: pay is a lottery. Coloured lines that stay on top: the same few win.",
    "meta_model": "Each round, all predictions are averaged into one, the meta model, by what is staked on them (by "
    "what they are paid where nobody stakes). CORR says how well its order agrees with what happened. Right: below the "
    "dotted line, picking a model at random would often have done as well.",
    "stakes": "Stakes grow where gains are left in. A party whose lower line rises is paid more than it is burned; "
    "stake and purse, less what was sold to pay for work, are known exactly at the rounds recorded.",
    "contributions": "Right of 0 a model is right more often than not; above 0 it adds what the meta model does not "
    "know yet, below 0 others have it already and better.",
    "payout_factor": "A tournament has only so much to pay: the more is staked, the smaller the factor by which a "
    "score is multiplied. A falling line on the left shares out a rising one on the right.",
    "burns": "What wrong predictions lose is burned. Near 0 the tournament gives tokens away; above one half it takes "
    "more than it gives.",
    "tournament_supply": "Gains leave the treasury, burns leave the stakes. Burned tokens are drawn, too, so the top "
    "edge stays level unless tokens are minted besides.",
    "supply": "Burned tokens are gone for good, staked ones decide, and what miners and validators hold can be "
    "sold at any time.",
    "retention": "The lower a line, the less useful honest work must be to be safe; where it ends, nothing is.",
}


def report_figures(
    run: RunFolder, lanes: pl.DataFrame, pairs: pl.DataFrame, values: PartyValues | None = None
) -> list[ShownFigure]:
    """Return the figures the run has data for.

    Figures of agents and epochs show the first sweep point and say so; a retention sweep has none of them, because its
    first point is a corner of the plane.

    Args:
        run: a finished run.
        lanes: its lane values, see `statistics.lane_values`.
        pairs: its paired table, possibly empty.
        values: its parties, where miners work and agents were recorded.
    """
    note = plots.Note.of(run)
    found: dict[str, go.Figure | None] = {}
    if run.makes_art:
        found |= art_figures(run, lanes, pairs, note)
    elif run.works:
        found |= living_figures(run, lanes, values, note)
    elif plots.sweeps_retention(lanes):
        found["retention"] = plots.retention_map(lanes, note)
    else:
        here = note.at(place_text(run.points[0]))
        found |= _sweep(run, lanes, note)
        found |= _levels(run, pairs, here)
        found |= _agents(run, here)
        found |= _matrices(run, here)
    shown = [(name, figure) for name, figure in found.items() if figure is not None]
    if run.makes_art:
        return [ShownFigure(name, figure, ART_CAPTIONS[name]) for name, figure in shown]
    return [ShownFigure(name, figure, CAPTIONS[_caption(name, lanes, run.works)]) for name, figure in shown]


def _caption(name: str, lanes: pl.DataFrame, works: bool) -> str:
    if name == "stake" and works:
        return "stake_and_power"
    plain = name == "sweep" and "adversary_pay_ratio" not in plots.sweep_metrics(lanes)
    return "sweep_plain" if plain else name


def _sweep(run: RunFolder, lanes: pl.DataFrame, note: plots.Note) -> dict[str, go.Figure | None]:
    metrics = plots.sweep_metrics(lanes)
    varied = swept_axes(lanes, run.swept)
    if not metrics or not varied:
        return {}
    if len(varied) == 1:
        return {"sweep": plots.sweep_lines(lanes, varied[0], metrics, note)}
    return {"sweep_map": plots.sweep_map(lanes, varied, metrics[0], note)}


def _levels(run: RunFolder, pairs: pl.DataFrame, note: plots.Note) -> dict[str, go.Figure | None]:
    epochs = run.read("epochs", ["adversary_pay_ratio"], [pl.col("point") == 0])
    attacked = epochs["adversary_pay_ratio"].cast(pl.Float64).is_finite().any()
    here = pairs.filter(pl.col("point") == 0)
    return {
        "adversary_pay": plots.adversary_pay(epochs, note) if attacked else None,
        "paired_differences": plots.paired_differences(here, note) if len(here) and note.num_seeds > 1 else None,
    }


def _agents(run: RunFolder, note: plots.Note) -> dict[str, go.Figure | None]:
    if not run.has("agents"):
        return {}
    here = pl.col("point") == 0
    numbers = np.array(run.distinct("agents", "epoch", [here]))
    if not len(numbers):
        return {}
    columns = ["name", "party", "adversary", "stake_share", "dividends", "incentive", "validator_trust", "pay"]
    agents = run.read("agents", columns, [here, pl.col("epoch").is_in(thinned(numbers).tolist())])
    several = len(numbers) > 1
    validators = agents.filter(pl.col("role") == "validator")
    judged, paid = len(validators) > 0, (agents["role"] == "miner").any()
    return {
        "emission_by_party": plots.emission_by_party(agents, note) if judged and paid else None,
        "dividends": plots.dividends_over_time(agents, note) if judged and several else None,
        "incentive": plots.incentive_over_time(agents, note) if paid and several else None,
        "stake": plots.stake_over_time(agents, note) if judged and several and _moves(validators) else None,
        "lorenz": plots.lorenz_curves(agents, note) if judged and paid else None,
        "validator_trust": plots.validator_trust_over_time(agents, note) if several and _trusted(validators) else None,
    }


def _matrices(run: RunFolder, note: plots.Note) -> dict[str, go.Figure | None]:
    if not run.has("matrices"):
        return {}
    matrices = run.read("matrices", where=[pl.col("point") == 0])
    bonded = len(matrices) and (matrices["bond"].fill_null(0) > 0).any()
    return {
        "weights": plots.weight_map(matrices, note) if len(matrices) else None,
        "bonds": plots.bond_map(matrices, note) if bonded else None,
    }


def _moves(validators: pl.DataFrame) -> bool:
    spans = validators.group_by("design", "seed", "uid").agg(
        span=pl.col("stake_share").max() - pl.col("stake_share").min()
    )
    return bool((spans["span"] > STILL).any())


def _trusted(validators: pl.DataFrame) -> bool:
    return bool(validators["validator_trust"].is_not_null().any())
