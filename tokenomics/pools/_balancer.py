"""The chain's weighted pool, formula by formula.

A trade pays into one reserve, x with weight w, and takes out of the other, y with weight 1 - w, so that x^w y^(1 - w)
stays as it is. Selling and buying are the same formulas with the reserves exchanged. Prices here are units paid in
per unit taken out, and rise with the trade.

Source: subtensor `pallets/swap/src/pallet/{balancer,swap_step,impls}.rs`; specification P1-P3. Departure: float64
where the chain has 64.64 fixed point, which agrees to about one unit in 10⁹ of a result.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Real, divide

__all__ = [
    "FEE_SHARE",
    "Market",
    "Swap",
    "amount_needed",
    "amount_out",
    "amount_to_price",
    "kept_factor",
    "largest_amount",
    "spot_price",
    "swap",
    "weight_after_injection",
    "weight_at_price",
]

FEE_SHARE = 33 / 65_535
MIN_WEIGHT = 0.01
MAX_RATIO = 1000  # largest net input, in input reserves
MAX_POWER = 2.0**64 / 1e18  # where the chain's fixed point saturates: a limit never allows a greater reserve ratio


class Market(NamedTuple):
    """One direction of a pool: the reserve paid into with its weight, and the reserve taken out of; [] each."""

    reserve_in: Real
    reserve_out: Real
    weight_in: Real

    def floats(self) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Return x, y, w and 1 - w as float64."""
        x, y, w = (jnp.asarray(number, jnp.float64) for number in self)
        return x, y, w, 1 - w


class Swap(NamedTuple):
    """What a trade comes to, int64 [] each: `out` is received for `net_in`, on top of which `fee` is paid."""

    out: jax.Array
    net_in: jax.Array
    fee: jax.Array


def spot_price(market: Market) -> jax.Array:
    """Return units paid in per unit taken out, (1 - w) x / (w y); 0 where the reserve taken out of is empty."""
    x, y, w, v = market.floats()
    return divide(v * x, w * y)


def weight_at_price(market: Market, price: Real) -> jax.Array:
    """Return the weight w of the reserve paid into at which the spot price is `price`: x / (price y + x)."""
    x, y, _, _ = market.floats()
    return divide(x, price * y + x)


def kept_factor(market: Market, amount: Real) -> jax.Array:
    """Return which part of the reserve y stays when `amount` is paid into x: (x / (x + amount))^(w / (1 - w))."""
    x, _, w, v = market.floats()
    return (x / (x + amount)) ** (w / v)


def amount_out(market: Market, amount: Real) -> jax.Array:
    """Return what a net `amount` paid in takes out, y (1 - (x / (x + amount))^(w / (1 - w))), rounded down, int64 [].

    Nothing comes out of a pool with an empty side. Written so that a small trade in a large pool loses no digits.
    """
    x, y, w, v = market.floats()
    return _whole(y * -jnp.expm1(-w / v * jnp.log1p(divide(jnp.asarray(amount, jnp.float64), x))))


def amount_needed(market: Market, out: Real) -> jax.Array:
    """Return the net amount that takes `out` < y out: x ((y / (y - out))^((1 - w) / w) - 1), rounded down, int64 []."""
    x, y, w, v = market.floats()
    return _whole(x * jnp.expm1(-v / w * jnp.log1p(-divide(jnp.asarray(out, jnp.float64), y))))


def amount_to_price(market: Market, price: Real, target: Real) -> jax.Array:
    """Return the net amount that moves the spot price from `price` to `target`, int64 []; 0 if that lies behind.

    x ((target / price)^(1 - w) - 1), rounded down, the power never above `MAX_POWER`.
    """
    x, _, _, v = market.floats()
    price, target = jnp.asarray(price, jnp.float64), jnp.asarray(target, jnp.float64)
    ahead = (target > price) & (price > 0)
    ratio = jnp.where(ahead, target, 1) / jnp.where(ahead, price, 1)
    return _whole(x * jnp.minimum(jnp.expm1(v * jnp.log(ratio)), MAX_POWER - 1))


def largest_amount(market: Market, limit: Real = jnp.inf, fee_share: Real = FEE_SHARE) -> jax.Array:
    """Return the largest amount, fee included, that may be paid in before the price passes `limit`, int64 [].

    Without a limit it is what the pool accepts at all; 0 where the price has reached the limit.
    """
    x, _, _, _ = market.floats()
    net = jnp.where(
        jnp.isinf(jnp.asarray(limit)),
        _whole(MAX_RATIO * x),
        amount_to_price(market, spot_price(market), limit),
    )
    return net + _fee_on_top(net, fee_share)


def swap(market: Market, amount: jax.Array | int, fee_share: Real = FEE_SHARE, limit: Real = jnp.inf) -> Swap:
    """Trade `amount`, fee included, up to a price of `limit`.

    The fee is taken first, rounded down. If the whole amount would pass the limit, less is taken, and of that the
    fee. More than `MAX_RATIO` reserves at once, or a limit already reached, is refused: a trade of nothing.
    """
    amount = jnp.asarray(amount, jnp.int64)
    fee = multiply_down(amount, fee_share)
    to_limit = amount_to_price(market, spot_price(market), limit)
    limited = jnp.isfinite(jnp.asarray(limit)) & (amount - fee > to_limit)
    net_in = jnp.where(limited, to_limit, amount - fee)
    fee = jnp.where(limited, _fee_on_top(to_limit, fee_share), fee)
    accepted = net_in <= MAX_RATIO * market.floats()[0]
    return Swap(*(jnp.where(accepted, part, 0) for part in (amount_out(market, net_in), net_in, fee)))


def weight_after_injection(market: Market, added_in: Real, added_out: Real) -> tuple[jax.Array, jax.Array]:
    """Return the weight w that keeps the price when both reserves grow, and whether it lies within bounds.

    w' = w y (x + added_in) / ((1 - w) x (y + added_out) + w y (x + added_in));  one half if both terms are 0.
    Out of [`MIN_WEIGHT`, 1 - `MIN_WEIGHT`] the injection is refused and the weight stays.
    """
    x, y, w, v = market.floats()
    ours, theirs = w * y * (x + added_in), v * x * (y + added_out)
    moved = jnp.where(ours + theirs > 0, divide(ours, ours + theirs), 0.5)
    accepted = (moved >= MIN_WEIGHT) & (moved <= 1 - MIN_WEIGHT)
    return jnp.where(accepted, moved, w), accepted


def _fee_on_top(net: jax.Array, fee_share: Real) -> jax.Array:
    """Return the fee that comes with a net amount: floor(net f / (1 - f))."""
    share = jnp.asarray(fee_share, jnp.float64)
    return multiply_down(net, share / (1 - share))


def _whole(x: jax.Array) -> jax.Array:
    return jnp.floor(x).astype(jnp.int64)
