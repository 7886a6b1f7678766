"""Stake that belongs to others: what its owners get, and where they take it."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import multiply_down, share_down, share_out
from tokenomics.arithmetic import Real, divide
from tokenomics.mechanism import mechanism

__all__ = ["Delegation", "DividendParts", "chase_yield", "dividend_split"]


class DividendParts(NamedTuple):
    """What becomes of each validator's pay, int64 [V] each; together exactly the pay."""

    take: jax.Array
    to_own: jax.Array
    to_delegators: jax.Array


@mechanism
class Delegation:
    """Let validators work with other people's stake, keep a take, and lose delegators to whoever yields more.

    The defaults delegate nothing.
    """

    delegated_share: Annotated[
        float, Field(ge=0, le=1, description="share of each validator's first stake that others delegate to it")
    ] = 0.0
    take: Annotated[float, Field(ge=0, le=1, description="share of its pay that a validator keeps for the work")] = (
        11_796 / 65_535
    )
    chase_speed: Annotated[
        float, Field(ge=0, le=1, description="share of delegated stake that is placed anew each epoch")
    ] = 0.0
    yield_sensitivity: Annotated[
        float, Field(ge=0, le=1000, description="how strongly delegators prefer a higher yield")
    ] = 1.0

    def init(self, stake: jax.Array) -> jax.Array:
        """Return the part of `stake` [V] that is delegated, int64 [V]."""
        return multiply_down(stake, self.delegated_share)

    def split(self, pay: jax.Array, own: jax.Array, delegated: jax.Array) -> DividendParts:
        """Return what becomes of `pay` [V] where stake is `own` [V] and `delegated` [V]."""
        return dividend_split(pay, own, delegated, self.take)

    def chase(self, delegated: jax.Array, yields: jax.Array) -> jax.Array:
        """Return `delegated` [V] after delegators, to whom a unit brought `yields` [V], have looked around."""
        return chase_yield(delegated, yields, self.chase_speed, self.yield_sensitivity)


def dividend_split(pay: jax.Array, own: jax.Array, delegated: jax.Array, take: Real) -> DividendParts:
    """Divide validators' pay between their work, their own stake and their delegators.

    take = floor(pay · take);  to_delegators = floor((pay - take) · delegated / (own + delegated));  to_own the rest,
    which is all of it where nobody holds stake.

    Args:
        pay: [V] int64.
        own: [V] int64, the validator's stake.
        delegated: [V] int64, everybody else's stake with it.
        take: [] or [V], share kept for the work; at most 0.18 on the chain.

    Source: subtensor `coinbase/run_coinbase.rs::distribute_dividends_and_incentives`; specification E7. There each
    delegator is rounded down alone; here they are one.
    """
    kept = multiply_down(pay, take)
    to_delegators = share_down(pay - kept, delegated, own + delegated)
    return DividendParts(kept, pay - kept - to_delegators, to_delegators)


def chase_yield(delegated: jax.Array, yields: jax.Array, speed: Real, sensitivity: Real = 1.0) -> jax.Array:
    """Move delegated stake towards the validators that yield more, losing no unit.

    A part `speed` of the stake at each validator is taken out, m_i = floor(speed · delegated_i), and all of it is
    placed again in proportion to m_i exp(sensitivity · y_i / y), with y the stake-weighted mean of |y_i|. These are
    multiplicative weights, or a logit choice in which habit counts. So equal yields move nobody, yields count by their
    ratios, not by the length of an epoch, and a validator with no delegators finds none. Rounded down; what is left
    goes to the largest.

    Args:
        delegated: [V] int64.
        yields: [V] what a unit delegated here earned in the epoch; negative where stake was slashed.
        speed: [] in [0, 1].
        sensitivity: [] a yield above another by one mean yield weighs exp(sensitivity) as much.

    Returns:
        int64 [V] with the same sum.
    """
    leaving = multiply_down(delegated, speed)
    yields = jnp.where(leaving > 0, yields, 0).astype(jnp.float64)
    mean = divide((leaving * jnp.abs(yields)).sum(), leaving.sum().astype(jnp.float64))
    # The best weighs exactly what left it, so that equal yields give everybody back what was taken, to the unit.
    behind = yields - jnp.where(leaving > 0, yields, -jnp.inf).max()
    attraction = jnp.exp(jnp.minimum(divide(sensitivity * behind, mean), 0))
    placed = share_out(leaving.sum(), multiply_down(leaving, jnp.where(leaving > 0, attraction, 0)))
    return delegated - leaving + placed
