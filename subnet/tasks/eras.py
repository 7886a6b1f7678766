"""A market seen through features: which stocks will do better than their features explain, era after era."""

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from miners.signature import Signature
from subnet.tasks._user_eras import read_eras
from subnet.tasks.base import Predicts, TaskData, fingerprint_of, in_parcels
from subnet.tournament.era_targets import main_target, residual_returns
from subnet.tournament.era_world import EraWorld
from subnet.tournament.term_book import standardised
from tokenomics.mechanism import mechanism, static

__all__ = ["Eras"]

BLOCKS = 8  # of consecutive training eras, which label skew deals out
_WORLD_KEY = 20_170  # of all markets: the rows are the same in every run
_AT_ONCE = 2  # markets drawn together: each takes many times the memory of its rows


@mechanism
class Eras:
    """Synthetic: rank a market's stocks by features, as Numerai's tournament asks; or a person's own eras from a file.

    A row is one stock in one era: its features, bins 0 to 4, standardised. Its target is what its return over
    `horizon` business days exceeds that of stocks with the same features by, in five bins 0, 0.25, …, 1 that hold 5,
    20, 50, 20 and 5 % of an era. Training eras are a week apart; after an embargo of further weeks, in which no target
    of training is still open, one live round is the hold-out of each epoch. Groups are consecutive blocks of training
    eras: who owns a few of them knows a few regimes.

    There are several markets, since the luck of one moves scores more than anything else: a run of `world` w plays
    market w mod `worlds`. Divide scores by √(6500 / num_stocks) to compare them with those of the real tournament.

    With `file` there is one market, its own: the last `rounds` of its eras are live, the `embargo_eras` before them are
    left out, all others are for training. Rows of a live era without a target, or beyond its length where eras differ
    in it, have target NaN.

    Source: `subnet.tournament.era_world`; specification of Numerai-style tournaments, sections 1 and 9.2.
    """

    synthetic: ClassVar[bool] = True
    predicts: ClassVar[Predicts] = "ranking"

    file: Annotated[
        str,
        Field(
            description="Parquet file of one's own eras, with columns era, feature… and target; the drawn markets' "
            "sizes are then not asked. Empty: draw"
        ),
    ] = static("")
    num_stocks: Annotated[int, Field(ge=50, le=20_000, description="stocks of each era and round")] = static(1000)
    num_features: Annotated[int, Field(ge=4, le=4000, description="features of a stock")] = static(24)
    num_styles: Annotated[int, Field(ge=1, le=100, description="styles that features load on")] = static(6)
    num_terms: Annotated[int, Field(ge=4, le=1000, description="terms of the signal in the features")] = static(16)
    train_eras: Annotated[int, Field(ge=1, le=5000, description="weekly eras to train on")] = static(60)
    embargo_eras: Annotated[
        int, Field(ge=0, le=500, description="weeks left out between training and live: 8 for 20 days, 16 for 60")
    ] = static(8)
    rounds: Annotated[int, Field(ge=1, le=5000, description="live rounds, one for each epoch")] = static(120)
    days_per_round: Annotated[Literal[1, 5], Field(description="business days from one live round to the next")] = (
        static(5)
    )
    horizon: Annotated[Literal[20, 60], Field(description="business days of returns that a target counts")] = static(20)
    worlds: Annotated[int, Field(ge=1, le=1000, description="different markets, of which a run plays one")] = static(8)
    neutral: Annotated[
        float, Field(ge=0, le=1, description="share of what features explain linearly that targets leave out")
    ] = static(0.5)
    information: Annotated[
        float, Field(ge=0, le=1, description="how much of 20 days' returns can be foretold at 6,500 stocks")
    ] = static(0.06)

    def signature(self) -> Signature:
        """Return the shapes of a row and of its answer.

        Raises:
            ValueError: the file is not as expected.
        """
        return Signature((self.load().train_x.shape[-1] if self.file else self.num_features,), 1)

    @property
    def draws(self) -> bool:
        """Tell whether rows are drawn: then loading takes long, and cannot fail."""
        return not self.file

    def num_groups(self) -> int:
        """Return the number of blocks of training eras."""
        return int(self.load().train_group[-1]) + 1 if self.file else min(BLOCKS, self.train_eras)

    def num_epochs(self) -> int:
        """Return how many live rounds there are; epochs beyond repeat the last."""
        return self.rounds

    def load(self) -> TaskData:
        """Return the rows of all W markets as bins: R live rounds of N stocks are [W, R, N, …] int8.

        Raises:
            ValueError: the file is not as expected.
        """
        if self.file:
            return _read(self.file, self.rounds, self.embargo_eras)
        world = EraWorld(
            num_stocks=self.num_stocks,
            num_features=self.num_features,
            num_styles=self.num_styles,
            num_terms=self.num_terms,
            num_eras=self.train_eras + self.embargo_eras,
            num_rounds=self.rounds,
            days_per_round=self.days_per_round,
            information=self.information,
        )
        return _draw(world, self.train_eras, self.worlds, self.horizon, self.neutral)

    def batch(self, key: jax.Array, epoch: jax.Array, data: TaskData, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return inputs [b, F] and targets [b] of the training rows `rows` [b] in this run's market."""
        world = jnp.asarray(data.world) % data.train_x.shape[0]
        return standardised(jnp.asarray(data.train_x)[world, rows]), jnp.asarray(data.train_y)[world, rows]

    def holdout(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> tuple[jax.Array, jax.Array]:
        """Return inputs [N, F] and targets [N] of round `epoch`, the last one from there on, in this run's market."""
        world, number = self._live(epoch, data)
        return standardised(jnp.asarray(data.holdout_x)[world, number]), jnp.asarray(data.holdout_y)[world, number]

    def demand(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> jax.Array:
        """Return equal shares [N] of the rows that have a target in this round."""
        there = ~jnp.isnan(jnp.asarray(data.holdout_y)[self._live(epoch, data)])
        return there / there.sum()

    def prior(self, data: TaskData) -> jax.Array:
        """Return what ranks nobody [1]."""
        return jnp.zeros(1, jnp.float32)

    def scale(self) -> float:
        """Return the standard deviation of the targets, √0.05 where bins have the shares of the tournament."""
        return float(self.load().train_y.std())

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rows."""
        return fingerprint_of(self.load())

    def _live(self, epoch: jax.Array, data: TaskData) -> tuple[jax.Array, jax.Array]:
        worlds, rounds = data.holdout_y.shape[:2]
        return jnp.asarray(data.world) % worlds, jnp.clip(epoch, 0, rounds - 1)


_read = functools.cache(lambda file, rounds, embargo: in_parcels(read_eras(file, rounds, embargo, BLOCKS)))


@functools.cache
def _draw(world: EraWorld, train_eras: int, worlds: int, horizon: int, neutral: float) -> TaskData:
    """Return the rows of all markets."""

    def market(w: int) -> tuple[np.ndarray, np.ndarray]:
        with jax.default_device(jax.local_devices(backend="cpu")[0]):  # elsewhere numbers are rounded otherwise
            key = jax.random.fold_in(jax.random.key(_WORLD_KEY), w)
            return jax.tree.map(np.asarray, _market(world, key, horizon, neutral))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        bins, target = (np.stack(part) for part in zip(*pool.map(market, range(worlds)), strict=True))
    first = world.num_eras
    block = np.arange(train_eras, dtype=np.int32) * min(BLOCKS, train_eras) // train_eras
    data = TaskData(
        bins[:, :train_eras].reshape(worlds, -1, world.num_features),
        target[:, :train_eras].reshape(worlds, -1),
        np.repeat(block, world.num_stocks),
        bins[:, first:],
        target[:, first:],
        np.zeros(world.num_stocks, np.int32),
    )
    return in_parcels(data)


# Compiling takes longer than drawing: at this level a third less, and what it makes is no slower.
@functools.partial(jax.jit, static_argnames="horizon", compiler_options={"xla_backend_optimization_level": 1})
def _market(world: EraWorld, key: jax.Array, horizon: int, neutral: float) -> tuple[jax.Array, jax.Array]:
    """Return bins [T, N, F] and targets [T, N] of one market, live rounds included."""
    eras = world.draw(key)
    return eras.features, main_target(residual_returns(eras, horizon, neutral))
