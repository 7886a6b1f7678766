"""How a stake grows when payouts are added to it, in floats."""

import jax
import jax.numpy as jnp
from jax import lax

from tokenomics.arithmetic import Real

__all__ = ["compounded", "stake_after"]


def stake_after(stake: Real, payout: Real) -> jax.Array:
    """Return a stake after an earlier round resolved: max(0, stake + payout), since no stake loses more than it is."""
    return jnp.maximum(jnp.asarray(stake, jnp.float64) + payout, 0.0)


def compounded(initial: Real, fractions: jax.Array, lag_rounds: int) -> jax.Array:
    """Return the stake at the close of each round where nobody deposits or releases.

    S_r = max(0, S_{r-1} + g_{r-L} S_{r-L}), with S_0 = … = S_{L-1} = initial

    Args:
        initial: NMR, of any shape [...].
        fractions: [R, ...] g, the part of its stake that each round earns.
        lag_rounds: L >= 1, rounds between a close and the close that its payout counts for; sizes the state.

    Returns:
        [R, ...] float64; the last L fractions have not resolved by then and do not matter.

    Source: specification 7.4. The floor is ours: rounds that burn resolve one after the other on the same NMR.

    Raises:
        ValueError: `lag_rounds` is below 1.
    """
    if lag_rounds < 1:
        raise ValueError(f"lag_rounds = {lag_rounds}: a round resolves 1 round after its own close or later")
    g = jnp.asarray(fractions, jnp.float64)
    first = jnp.broadcast_to(jnp.asarray(initial, jnp.float64), g.shape[1:])
    slots = jnp.arange(g.shape[0]) % lag_rounds

    def close(
        carry: tuple[jax.Array, jax.Array], at: tuple[jax.Array, jax.Array]
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        (stake, earned), (slot, fraction) = carry, at
        stake = stake_after(stake, earned[slot])
        return (stake, earned.at[slot].set(fraction * stake)), stake

    nothing = jnp.zeros((lag_rounds, *first.shape))
    return lax.scan(close, (first, nothing), (slots, g))[1]
