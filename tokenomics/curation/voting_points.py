"""How many voting points a stake earned, under the three rules that were in force one after the other."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["SECONDS_PER_WEEK", "accrued_points", "launch_points", "round_points", "split_gain"]

SECONDS_PER_WEEK = 604_800


def launch_points(
    stake: Real,
    days: Real,
    first_stake: Real = False,
    *,
    per_day: Real = 25.0,
    per_tenfold: Real = 25.0,
    first_bonus: Real = 100.0,
) -> jax.Array:
    """Return the points of a wallet under the rule of the launch, in force from October 2021 to October 2022.

    days · max(per_day + per_tenfold · log10(S), 0), and `first_bonus` once on a first stake; 0 without stake.

    Args:
        stake: [...] tokens staked, liquidity shares included at what they are worth in tokens.
        days: [...] for how many days they were staked.
        first_stake: [...] bool, whether these days are the wallet's first.
        per_day: points a day for one token.
        per_tenfold: points a day more for ten times the tokens.
        first_bonus: one-off points on the first stake.

    Source: docs.botto.com/details/voting-mechanism, first archived version; the bound at 0 is ours, since a stake
    below a tenth of a token would earn less than nothing.
    """
    S = jnp.asarray(stake, jnp.float64)
    daily = per_day + per_tenfold * jnp.log10(jnp.where(S > 0, S, 1))
    return jnp.where(S > 0, days * jnp.maximum(daily, 0) + jnp.where(first_stake, first_bonus, 0.0), 0.0)


def accrued_points(
    stake: Real, seconds: Real, pool_shares: Real = 0.0, *, per_token: Real = 1.0, per_share: Real = 150.0
) -> jax.Array:
    """Return what a wallet accrued under the linear rule, in force from November 2022 to June 2024.

    (per_token · S + per_share · L) · seconds / 604800; shares earned points from 7 March 2023 on.

    Args:
        stake: [...] tokens staked.
        seconds: [...] for how long.
        pool_shares: [...] liquidity shares staked.
        per_token: points per token and week.
        per_share: points per liquidity share and week.

    Source: docs.botto.com/details/voting-mechanism, second archived version.
    """
    weekly = jnp.asarray(stake, jnp.float64) * per_token + jnp.asarray(pool_shares, jnp.float64) * per_share
    return weekly * seconds / SECONDS_PER_WEEK


def round_points(
    stake: Real,
    late_stakes: Real = 0.0,
    late_shares_of_round_left: Real = 0.0,
    pool_shares: Real = 0.0,
    *,
    connected: Real = True,
    signed_up: Real = False,
    per_token: Real = 1.0,
    per_share: Real = 200.0,
    connected_points: Real = 350.0,
    signup_points: Real = 200.0,
    anonymous_points: Real = 1.0,
) -> jax.Array:
    """Return what a wallet may spend in one round under the rule in force since June 2024.

    per_token · (S + Σ_k s_k · share left at deposit k) + per_share · L + connected_points + signup_points; a visitor
    who connects no wallet shows no stake either, and has `anonymous_points`.

    Args:
        stake: [...] tokens staked when the round opened.
        late_stakes: [..., k] tokens added during the round.
        late_shares_of_round_left: [..., k] which share of the round was left at each addition.
        pool_shares: [...] liquidity shares staked.
        connected: [...] bool, whether an account is connected.
        signed_up: [...] bool, whether it signed up in this round.
        per_token: points per token and round.
        per_share: points per liquidity share and round.
        connected_points: what every connected account has.
        signup_points: what signing up brings.
        anonymous_points: what a visitor has without an account.

    Source: forum.botto.com/d/82 (BIP-51) and BIP-53. That signing up pays once, in its round, is our reading.
    """
    added = jnp.atleast_1d(jnp.asarray(late_stakes, jnp.float64) * jnp.asarray(late_shares_of_round_left)).sum(axis=-1)
    earned = (jnp.asarray(stake, jnp.float64) + added) * per_token + jnp.asarray(pool_shares, jnp.float64) * per_share
    account = connected_points + jnp.where(signed_up, signup_points, 0.0)
    return jnp.where(connected, earned + account, anonymous_points)


def split_gain(points_of: Callable[[Real], jax.Array], stake: Real, wallets: Real) -> jax.Array:
    """Return by how much an owner's points grow if it divides a stake evenly: k f(S / k) / f(S)."""
    return jnp.asarray(wallets) * points_of(stake / wallets) / points_of(stake)
