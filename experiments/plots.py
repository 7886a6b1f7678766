"""One function per figure: tidy polars frames in, one plotly figure out."""

from experiments.plots_art import curator_parties
from experiments.plots_art_gallery import gallery
from experiments.plots_art_money import auctions, rewards, supply_and_price
from experiments.plots_art_power import who_decides
from experiments.plots_art_quality import best_art, quality_of_art
from experiments.plots_art_style import style_map, style_over_time
from experiments.plots_break_even import attack_profit
from experiments.plots_flows import token_flows
from experiments.plots_learning import learning_and_income
from experiments.plots_levels import adversary_pay, emission_by_party, lorenz_curves, paired_differences
from experiments.plots_maps import bond_map, weight_map
from experiments.plots_money import profit_and_loss, supply_over_time
from experiments.plots_parties import Parties
from experiments.plots_power import stake_and_power
from experiments.plots_quality import paid_quality, quality_per_token
from experiments.plots_ranks import miner_ranks
from experiments.plots_retention import needed_utility, retention_map, sweeps_retention
from experiments.plots_style import Note
from experiments.plots_survival import survival
from experiments.plots_sweep import map_metric, panel_metrics, sweep_lines, sweep_map, sweep_metrics
from experiments.plots_time import (
    dividends_over_time,
    incentive_over_time,
    stake_over_time,
    validator_trust_over_time,
)
from experiments.plots_tournament import meta_model_over_time, payout_factor_over_time
from experiments.plots_tournament_burns import burns_and_payouts, tournament_supply
from experiments.plots_tournament_maps import returns_over, tournament_maps
from experiments.plots_tournament_parties import corr_and_contribution, stakes_and_payouts

__all__ = [
    "Note",
    "Parties",
    "adversary_pay",
    "attack_profit",
    "auctions",
    "best_art",
    "bond_map",
    "burns_and_payouts",
    "corr_and_contribution",
    "curator_parties",
    "dividends_over_time",
    "emission_by_party",
    "gallery",
    "incentive_over_time",
    "learning_and_income",
    "lorenz_curves",
    "map_metric",
    "meta_model_over_time",
    "miner_ranks",
    "needed_utility",
    "paid_quality",
    "paired_differences",
    "panel_metrics",
    "payout_factor_over_time",
    "profit_and_loss",
    "quality_of_art",
    "quality_per_token",
    "retention_map",
    "returns_over",
    "rewards",
    "stake_and_power",
    "stake_over_time",
    "stakes_and_payouts",
    "style_map",
    "style_over_time",
    "supply_and_price",
    "supply_over_time",
    "survival",
    "sweep_lines",
    "sweep_map",
    "sweep_metrics",
    "sweeps_retention",
    "token_flows",
    "tournament_maps",
    "tournament_supply",
    "validator_trust_over_time",
    "weight_map",
    "who_decides",
]
