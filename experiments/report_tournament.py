"""Which figures and metrics tell the story of predictions, and of stakes on them."""

import plotly.graph_objects as go
import polars as pl

from experiments import plots
from experiments.party_values import PartyValues
from experiments.run_folder import RunFolder
from experiments.statistics import without_failed
from experiments.tournament_values import has_column, party_stakes

__all__ = ["idle_metrics", "tournament_figures"]

# Where models predict an order, `skill` is CORR, round by round, and pay follows an earlier round.
OF_SKILL = (
    "skill_paid", "skill_best", "skill_mean", "skill_per_token", "loss_paid", "loss_best", "loss_mean",
    "quality_correlation",
)  # fmt: skip
# Where a tournament is all there is: nobody is minted for, nobody judges.
OF_VALIDATORS = (
    "minted", "paid_validators", "validator_trust", "permitted_validators", "gini_dividends", "nakamoto_dividends",
    "hhi_dividends", "gini_stake", "nakamoto_stake", "hhi_stake", "gini_incentive", "hhi_incentive",
    "nakamoto_incentive", "rewarded_miners", "honest_validator_profit", "adversary_validator_profit", "slashed_honest",
    "slashed_adversary",
)  # fmt: skip


def idle_metrics(run: RunFolder) -> list[str]:
    """Return the metrics that mean something else, or nothing, where models predict an order or stake on it."""
    if not has_column(run, "meta_model_corr"):
        return []
    if not has_column(run, "staked"):
        return [*OF_SKILL]
    alone = not len(run.read("epochs", ["staked"], [pl.col("staked").is_null() | (pl.col("minted") > 0)]))
    return [*OF_SKILL, *(OF_VALIDATORS if alone else ())]


def tournament_figures(
    run: RunFolder, epochs: pl.DataFrame, values: PartyValues | None, seed: int, note: plots.Note
) -> dict[str, go.Figure]:
    """Return the figures of predictions and of stakes on them, by name.

    Args:
        run: a finished run whose miners predict an order.
        epochs: its epochs table at the first sweep point.
        values: its parties, None where agents were not recorded.
        seed: whose models are shown one by one.
        note: the report's note.
    """
    found = {}
    if epochs["meta_model_corr"].cast(pl.Float64).is_finite().any():
        found["meta_model"] = plots.meta_model_over_time(epochs, note)
    if values is not None:
        found |= _of_parties(run, values, seed, note)
    if "staked" in epochs.columns:
        found["payout_factor"] = plots.payout_factor_over_time(epochs, note)
        found["burns"] = plots.burns_and_payouts(epochs, note)
        found["tournament_supply"] = plots.tournament_supply(epochs, note)
    return found


def _of_parties(run: RunFolder, values: PartyValues, seed: int, note: plots.Note) -> dict[str, go.Figure]:
    parties, found = plots.Parties(values.at_first_point().parties), {}
    if has_column(run, "staked"):
        stakes = without_failed(run, party_stakes(run))
        if stakes["epoch"].n_unique() > 1:
            found["stakes"] = plots.stakes_and_payouts(stakes, parties, note)
    here = [pl.col("point") == 0, pl.col("seed") == seed, pl.col("role") == "miner"]
    models = run.read("agents", ["name", "party", "corr", "mmc"], here)
    if (models["corr"].is_finite() & models["mmc"].is_finite()).any():
        found["contributions"] = plots.corr_and_contribution(models, parties, note, run.num_epochs)
    return found
