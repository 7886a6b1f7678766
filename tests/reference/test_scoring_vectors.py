"""Formulas of scoring, rating, valuation and weighting against numbers from other libraries."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from validators.scoring import _proper, _valuation
from validators.scoring._plackett_luce import Rating, plackett_luce
from validators.scoring.brier import Brier
from validators.scoring.crps import Crps
from validators.scoring.log_loss import LogLoss
from validators.scoring.log_score import LogScore
from validators.scoring.openskill import OpenSkill
from validators.weighting import _tournament
from validators.weighting.base import softmax_shares
from validators.weighting.gather_reserve import GatherReserve
from validators.weighting.power import Power
from validators.weighting.softmax import Softmax

VECTORS = json.loads((Path(__file__).parent / "vectors" / "training_and_scoring.json").read_text(encoding="utf-8"))
GROUPS = ("scoring", "openskill", "valuation")
WEIGHTS = ("templar_power_normalisation", "templar_weight_schedule", "epsilon_tournament", "synth_softmax_weights")
CASES = [c for c in VECTORS["cases"] if c["group"] in GROUPS or c["fn"] in WEIGHTS]

Inputs = dict[str, Any]
FORMULAS: dict[str, Callable[[Inputs, Inputs], Any]] = {}


def formula(function: Callable[[Inputs, Inputs], Any]) -> Callable[[Inputs, Inputs], Any]:
    """Take what stands below as the formula of the same name: inputs and parameters in, what is expected out."""
    FORMULAS[function.__name__] = function
    return function


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", [pytest.param(c, id=c["id"]) for c in CASES])
def test_a_formula_gives_the_numbers_of_other_libraries(case: dict[str, Any], dtype: str) -> None:
    taken = {k: _taken(v, dtype) for k, v in case["inputs"].items()}
    got = FORMULAS[case["fn"]](taken, case["params"])
    expected = jax.tree.map(np.asarray, case["expected"], is_leaf=lambda x: isinstance(x, list) and _is_numbers(x))
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for value, wanted in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        scale = max(1.0, float(np.abs(wanted).max()))
        rtol, atol = (case["rtol"], case["atol"]) if dtype == "float64" else (1e-4, 1e-5 * scale)
        assert value.dtype == (dtype if np.issubdtype(value.dtype, np.floating) else value.dtype)
        np.testing.assert_allclose(np.asarray(value, float), wanted, rtol=rtol, atol=atol)


def test_every_formula_has_vectors() -> None:
    assert {c["fn"] for c in CASES} == set(FORMULAS)


def _taken(x: Any, dtype: str) -> jax.Array:
    x = np.asarray(x)
    return jnp.asarray(x, x.dtype if np.issubdtype(x.dtype, np.integer) else dtype)


def _is_numbers(x: list[Any]) -> bool:
    return not x or not isinstance(x[0], dict)


@formula
def crps_ensemble(x: Inputs, params: Inputs) -> Any:
    members, observed = x["members"], x["obs"]
    fair = _proper.crps_ensemble(members, observed, fair=True) if len(members) > 1 else None
    return {"crps": _proper.crps_ensemble(members, observed), "fair_crps": fair}


@formula
def crps_gaussian(x: Inputs, params: Inputs) -> Any:
    return -Crps().measure(_forecasts(x), x["obs"])[0]


@formula
def log_score_gaussian(x: Inputs, params: Inputs) -> Any:
    return -LogScore().measure(_forecasts(x), x["obs"])[0]


def _forecasts(x: Inputs) -> jax.Array:
    return jnp.stack([x["mu"], jnp.log(x["sigma"])], axis=-1)[None]


@formula
def energy_score(x: Inputs, params: Inputs) -> Any:
    return _proper.energy_score(x["members"], x["obs"])


@formula
def brier_binary(x: Inputs, params: Inputs) -> Any:
    return _proper.brier_binary(x["p"], x["y"])


@formula
def multiclass(x: Inputs, params: Inputs) -> Any:
    p, y = x["p"], x["y"]
    logits = jnp.log(p)[None]
    return {
        "brier_sum": -Brier().measure(logits, y)[0],
        "log": -LogLoss().measure(logits, y)[0],
        "spherical": _proper.spherical(p, p[jnp.arange(len(y)), y]),
    }


@formula
def pinball(x: Inputs, params: Inputs) -> Any:
    loss = _proper.pinball(x["quantiles"], x["tau"], x["obs"])
    return {"pinball": loss, "crps_approx": 2 * loss.mean()}


@formula
def interval_score(x: Inputs, params: Inputs) -> Any:
    return _proper.interval_score(x["lower"], x["upper"], params["alpha"], x["obs"])


@formula
def plackett_luce_update(x: Inputs, params: Inputs) -> Any:
    everybody = jnp.ones(x["mu"].shape, bool)
    beta, tau = (jnp.asarray(params[k], x["mu"].dtype) for k in ("beta", "tau"))
    rating = plackett_luce(Rating(x["mu"], x["sigma"]), x["scores"], everybody, beta, tau)
    return {"mu": rating.mu, "sigma": rating.sigma, "ordinal": rating.ordinal}


@formula
def plackett_luce_sequence(x: Inputs, params: Inputs) -> Any:
    rule = OpenSkill(beta=params["beta"], tau=params["tau"])
    epochs, miners = x["scores"].shape
    state, seen = rule.init(1, miners, x["scores"].dtype), []
    for values in x["scores"]:
        state, _ = rule.step(state, values[None], jnp.ones((1, miners), bool), jnp.zeros(1))
        seen.append({"mu": state.rating.mu[0], "sigma": state.rating.sigma[0]})
    assert len(seen) == epochs
    return seen


@formula
def coalition_game(x: Inputs, params: Inputs) -> Any:
    functions = {
        "shapley": _valuation.shapley,
        "leave_one_out": _valuation.leave_one_out,
        "banzhaf": _valuation.banzhaf,
    }
    return {name: worth(x["v"]) for name, worth in functions.items()}


@formula
def gradient_alignment(x: Inputs, params: Inputs) -> Any:
    dot, cosine = _valuation.gradient_alignment(x["updates"], x["reference_gradient"])
    return {"dot": dot, "cosine": cosine}


@formula
def templar_power_normalisation(x: Inputs, params: Inputs) -> Any:
    return Power(exponent=params["power"]).weights(x["scores"][None])[0]


@formula
def templar_weight_schedule(x: Inputs, params: Inputs) -> Any:
    rule = GatherReserve(
        gather_count=params["gather_count"],
        reserve_count=params["reserve_count"],
        gather_share=params["gather_share"],
        top_ratio=params["gather_top_ratio"],
        reserve_decay=params["reserve_decay_ratio"],
    )
    kept = 1 - params["burn_rate"]  # the rule burns nothing
    weights = kept * rule.weights(x["final_scores_sorted_desc"][None])[0]
    return {"weights": weights, "burn": 1 - weights.sum()}


@formula
def synth_softmax_weights(x: Inputs, params: Inputs) -> Any:
    scores = x["leaderboard"].max() + 1 - x["leaderboard"]  # higher is better here, and 0 would be no score
    return Softmax(temperature=-1 / params["beta"]).weights(scores[None])[0]


@formula
def epsilon_tournament(x: Inputs, params: Inputs) -> Any:
    loss, since = x["loss"], x["block"]
    age = (params["current_block"] - since).astype(loss.dtype)
    margin = _tournament.decayed_margin(age, params["eps_start"], params["eps_end"], params["n_blocks"])
    everybody = jnp.ones(loss.shape, bool)
    rate = _tournament.win_rates(_tournament.beats_with_seniority, everybody, loss, since, margin)
    return {
        "win_rate": rate,
        "weights_all": softmax_shares(rate[None], params["temperature"], everybody[None])[0],
        "competitive": jnp.flatnonzero(_tournament.competitive(loss, since, params["eps_end"])),
    }
