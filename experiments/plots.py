"""One function per figure: tidy polars frames in, one plotly figure out."""

from experiments.plots_levels import adversary_pay, emission_by_party, lorenz_curves, paired_differences
from experiments.plots_maps import bond_map, weight_map
from experiments.plots_retention import needed_utility, retention_map, sweeps_retention
from experiments.plots_style import Note
from experiments.plots_sweep import sweep_lines, sweep_map, sweep_metrics
from experiments.plots_time import (
    dividends_over_time,
    incentive_over_time,
    stake_over_time,
    validator_trust_over_time,
)

__all__ = [
    "Note",
    "adversary_pay",
    "bond_map",
    "dividends_over_time",
    "emission_by_party",
    "incentive_over_time",
    "lorenz_curves",
    "needed_utility",
    "paired_differences",
    "retention_map",
    "stake_over_time",
    "sweep_lines",
    "sweep_map",
    "sweep_metrics",
    "sweeps_retention",
    "validator_trust_over_time",
    "weight_map",
]
