"""What curators see, how they vote, and what every party of them has."""

from typing import Annotated, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["CuratorView", "Curators"]


class CuratorView(NamedTuple):
    """What the n curators of one party see at one sitting: a day of voting, or the leaderboard at the end.

    `shown` [n, K] int32 are places in the pool and `liking` [n, K] float32 what each makes of them: its own taste and a
    moment's noise, about 1 in size for ordinary works. `open` [n, K] says on which it may vote now: within its
    attention, and not shown to it before in this round. `left` [n] float32 is the share of the round's power that it
    has not spent, `sittings` [] how many sittings are left, this one included.

    `standing` [n, K] float32 is how the shown works stand in the public count, in standard deviations over the pool,
    0 where the count is hidden. `wanted` [] int32 is the place that the party wants to win: its own favourite of the
    whole pool, or the briber's where one pays it; `bribe` [n] float32 is what a briber promises for all of a curator's
    power, in ETH, 0 where nobody does.
    """

    shown: jax.Array
    liking: jax.Array
    open: jax.Array
    left: jax.Array
    sittings: jax.Array
    standing: jax.Array
    wanted: jax.Array
    bribe: jax.Array


@mechanism
class Curators:
    """What every party of curators has, whatever it does with it."""

    honest: ClassVar[bool] = True  # whether it votes for what it likes
    seeks: ClassVar[str] = ""  # what it looks for and is sure to be shown first: "favourite", "wanted", or nothing
    pays: ClassVar[bool] = False  # whether it bribes
    wishes: ClassVar[bool] = True  # whether there is a work that it wants to win; else none is its success

    count: Annotated[int, Field(ge=1, le=1_000_000, description="how many owners of stake")] = static(100)
    tokens: Annotated[float, Field(ge=0, le=1e8, description="tokens that each has staked, as the median")] = 1000.0
    inequality: Annotated[
        float, Field(ge=0, le=4, description="standard deviation of the logarithm of what each has")
    ] = 0.0
    wallets: Annotated[float, Field(ge=1, le=1e6, description="wallets among which each divides it evenly")] = 1.0
    pool_shares: Annotated[float, Field(ge=0, le=1e6, description="liquidity shares that each has staked")] = 0.0
    lock_weeks: Annotated[float, Field(ge=0, le=1e4, description="for how many more weeks the stake is locked")] = 104.0
    attention: Annotated[float, Field(ge=0, le=1, description="share of the works shown that it looks at")] = 1.0
    taste: Annotated[
        float, Field(ge=-1, le=1, description="correlation of what each likes with what collectors pay for")
    ] = 0.5
    noise: Annotated[float, Field(ge=0, le=10, description="noise on each look, against a taste of size 1")] = 0.5
    effort_eth: Annotated[
        float,
        Field(
            ge=0, le=1000, description="ETH that a round must be expected to bring, as the median; 0: it always votes"
        ),
    ] = 0.0
    leaves: Annotated[
        float, Field(ge=0, le=1, description="chance that it unstakes inside a round and so loses its votes")
    ] = 0.0

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown during the days."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it votes")

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the same for the leaderboard, on which all K works are shown to everybody."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it boosts")

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the column [n] int32 that each names in a final vote among the leaderboard's works, -1 for none."""
        return view.liking.argmax(axis=1).astype(jnp.int32)
