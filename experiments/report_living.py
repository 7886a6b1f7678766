"""Which figures tell the story of a network whose miners work, the most relevant first."""

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

from experiments import plots
from experiments.agent_cube import thinned
from experiments.break_even import attackers_of
from experiments.metric_labels import place_text
from experiments.party_values import PartyValues
from experiments.report_tournament import tournament_figures
from experiments.run_folder import RunFolder
from experiments.statistics import swept_axes, without_failed
from experiments.tournament_values import final_holdings, has_column

__all__ = ["MAX_FIGURES", "living_figures"]

MAX_FIGURES = 8
# By relevance: what is swept, what is learnt and paid, who gains and loses, where tokens and power go.
ORDER = (
    "attack",
    "sweep",
    "sweep_map",
    "returns",
    "tournament_maps",
    "meta_model",
    "stakes",
    "contributions",
    "payout_factor",
    "burns",
    "tournament_supply",
    "learning",
    "quality",
    "profit",
    "survival",
    "stake",
    "flows",
    "ranks",
    "supply",
)
AGENT_COLUMNS = ("name", "party", "adversary", "stake_share", "incentive", "present", "generation")
STILL = 1e-9  # a share of stake that moves less than this has not moved
ELSEWHERE = ("stake", "delegated", "burned", "treasury", "pool", "owner")  # than with those who earned them


def living_figures(
    run: RunFolder, lanes: pl.DataFrame, values: PartyValues | None, note: plots.Note
) -> dict[str, go.Figure]:
    """Return the figures that a run has data for, at most eight, by name.

    Args:
        run: a finished run whose miners work.
        lanes: its lane values, see `statistics.lane_values`.
        values: its parties, None where agents were not recorded.
        note: the report's note.
    """
    here, first = note.at(place_text(run.points[0])), pl.col("point") == 0
    ranked, staked = has_column(run, "meta_model_corr"), has_column(run, "staked")
    epochs = without_failed(run, run.read("epochs", where=[first]))
    several = epochs["epoch"].n_unique() > 1
    # Rounds of a tournament that pays now and then are recorded now and then: what parties earn is not known from them.
    found = _sweep(run, lanes, None if staked else values, note)
    others = _without_stakes(epochs, values) if staked and values is not None else values
    if others is not None:
        found |= _parties(run, epochs, others.at_first_point(), here)
    if several and not ranked:
        found["quality"] = plots.quality_per_token(epochs, here)
    if run.has("ledger"):
        rows = without_failed(run, run.read("ledger", where=[first, pl.col("seed") == _whole_seed(run)]))
        found["flows"] = plots.token_flows(rows, here)
    if several and _moved(epochs) and not staked:
        found["supply"] = plots.supply_over_time(epochs, here)
    if several and ranked:
        for name in ("learning", *(("ranks", "survival") if staked else ())):
            found.pop(name, None)  # scores of single rounds say nothing, and where people stake, ranks follow stakes
        found |= tournament_figures(run, epochs, values, _whole_seed(run), here)
    return {name: found[name] for name in [name for name in ORDER if name in found][:MAX_FIGURES]}


def _sweep(run: RunFolder, lanes: pl.DataFrame, values: PartyValues | None, note: plots.Note) -> dict[str, go.Figure]:
    """Return the figures of what is swept, if anything is."""
    varied = swept_axes(lanes, run.swept)
    if not varied:
        return {}
    if len(varied) == 2 and has_column(run, "staked") and run.has("agents"):
        return {"tournament_maps": _tournament_maps(run, lanes, varied, note)}
    if len(varied) > 1:
        return {"sweep_map": plots.sweep_map(lanes, varied, plots.map_metric(lanes), note)}
    path, found = varied[0], {}
    everybody = PartyValues.of(run) if has_column(run, "staked") and lanes[path].dtype.is_numeric() else None
    if everybody is not None:
        holdings, parties = without_failed(run, final_holdings(run)), plots.Parties(everybody.parties)
        found["returns"] = plots.returns_over(holdings, path, parties, note)
    groups = attackers_of(run, values.parties, path) if values is not None else []
    if values is not None and groups and lanes[path].dtype.is_numeric():
        found["attack"] = plots.attack_profit(lanes, values, groups, path, note)
        lanes = lanes.drop("adversary_miner_profit", "adversary_pay_ratio", strict=False)  # they are drawn already
    return found | {"sweep": plots.sweep_lines(lanes, path, plots.panel_metrics(lanes), note)}


def _tournament_maps(run: RunFolder, lanes: pl.DataFrame, varied: Sequence[str], note: plots.Note) -> go.Figure:
    """Return the maps of the first design in which people stake."""
    shares = without_failed(run, final_holdings(run))
    design = next(name for name in run.designs if name in set(shares["design"]))
    shares = shares.filter(pl.col("design") == design)
    held = {name: rows for (name,), rows in shares.partition_by("party", as_dict=True).items() if rows["share"].sum()}
    return plots.tournament_maps(lanes.filter(pl.col("design") == design), held, varied, design, note)


def _parties(run: RunFolder, epochs: pl.DataFrame, values: PartyValues, note: plots.Note) -> dict[str, go.Figure]:
    """Return the figures of the agents table, at the first sweep point."""
    parties = plots.Parties(values.parties)
    found = {"profit": plots.profit_and_loss(values, parties, note)}
    numbers = values.epochs["epoch"].unique().sort().to_numpy()
    if len(numbers) < 2:
        return found
    found["learning"] = plots.learning_and_income(values.epochs, parties, note)
    known = run.scan("agents").collect_schema()
    columns = [name for name in AGENT_COLUMNS if name in known]
    agents = without_failed(run, run.read("agents", columns, [pl.col("point") == 0]))
    if "present" in known:
        found["survival"] = plots.survival(agents, epochs, parties, note)
    agents = agents.filter(pl.col("epoch").is_in(thinned(numbers).tolist()))
    if _moves(agents):
        found["stake"] = plots.stake_and_power(agents, epochs, parties, note)
    return found | {"ranks": plots.miner_ranks(agents, parties, note)}


def _without_stakes(epochs: pl.DataFrame, values: PartyValues) -> PartyValues | None:
    """Return the parties under designs without a tournament, None where every design has one."""
    staked = epochs.filter(pl.col("staked").is_not_null())["design"].unique().to_list()
    free = ~pl.col("design").is_in(staked)
    left = values.lanes.filter(free)
    return PartyValues(values.parties, values.epochs.filter(free), left, values.swept) if len(left) else None


def _whole_seed(run: RunFolder) -> int:
    """Return the first seed of which no lane failed, the first of all if there is none."""
    broken = {lane.get("seed") for lane in run.failed}
    return next((seed for seed in run.seeds if seed not in broken), run.seeds[0])


def _moves(agents: pl.DataFrame) -> bool:
    """Say whether anybody's share of stake changes."""
    stakes = agents.filter(pl.col("role") == "validator").group_by("design", "seed", "uid")
    spans = stakes.agg(span=pl.col("stake_share").max() - pl.col("stake_share").min())
    return bool((spans["span"] > STILL).any())


def _moved(epochs: pl.DataFrame) -> bool:
    """Say whether tokens end up anywhere but with those who earned them."""
    there = [f"held_{name}" for name in ELSEWHERE if f"held_{name}" in epochs.columns]
    spans = epochs.group_by("design", "seed").agg(pl.col(name).max() - pl.col(name).min() for name in there)
    return any((spans[name] > 0).any() for name in there)
