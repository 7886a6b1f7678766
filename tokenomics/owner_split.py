"""What a subnet's owner, miners, validators and root stakers get of an emission."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Real, divide
from tokenomics.mechanism import mechanism

__all__ = ["OwnerSplit", "Parts", "root_proportion"]


class Parts(NamedTuple):
    """Units, int64, that together are exactly what was split."""

    owner: jax.Array
    miners: jax.Array
    validators: jax.Array
    root: jax.Array


@mechanism
class OwnerSplit:
    """Take the owner's cut, divide the rest between miners and validators, and hand root stakers a part of theirs.

    owner = c a;  a' = a - owner;  miners = m a';  root = r (a' - miners);  validators = the rest, with c `owner_share`,
    m `miner_share` and r the root proportion. Owner, miners and root are rounded down, in this order; the units that
    leaves go to the validators.

    Source: subtensor `coinbase/run_coinbase.rs::emit_to_subnets`; specification E6, where m is one half. There the
    units cut off belong to nobody. Whether root's part is paid or recycled is the caller's to decide.
    """

    owner_share: Annotated[float, Field(ge=0, le=1, description="share of the emission that the owner takes")] = (
        11_796 / 65_535
    )
    miner_share: Annotated[float, Field(ge=0, le=1, description="share of the rest that goes to miners")] = 0.5

    def split(self, amount: jax.Array, root: Real = 0.0) -> Parts:
        """Split `amount`, int64 of any shape, where `root` is the root proportion in [0, 1]."""
        owner = multiply_down(amount, self.owner_share)
        miners = multiply_down(amount - owner, self.miner_share)
        to_validators = amount - owner - miners
        to_root = multiply_down(to_validators, root)
        return Parts(owner, miners, to_validators - to_root, to_root)


def root_proportion(root_tao: Real, alpha_issuance: Real, tao_weight: Real) -> jax.Array:
    """Return which part of validators' emission backs root stake: R w / (R w + alpha); 0 where there is neither.

    Args:
        root_tao: R, TAO staked on root.
        alpha_issuance: alpha in the pool and outside it, this block's emission included.
        tao_weight: w, what one TAO counts in alpha: 0.0527 in the runtime, 0.18 in public documentation.

    Source: subtensor `coinbase/block_step.rs::root_proportion`; specification E5.
    """
    weighted = jnp.asarray(root_tao, jnp.float64) * tao_weight
    return divide(weighted, weighted + jnp.asarray(alpha_issuance, jnp.float64))
