"""Next week's return of six technology stocks, 2018 and 2019."""

import functools
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from miners.signature import Signature
from subnet.tasks.base import TRAIN_SHARE, Predicts, RecordedTask, TaskData
from tokenomics.mechanism import mechanism

__all__ = ["Stocks"]

STOCKS = 6
PAST = 20  # weeks
# Past returns hardly foretell the next. As small numbers they are what gradient descent learns last: at full size
# every model fitted the training weeks' noise and did worse than no skill, on two different divisions of the weeks.
PAST_SCALE = 0.1


@mechanism
class Stocks(RecordedTask):
    """Forecast a stock's log return of the coming week, in per cent, as a normal distribution.

    A row is one stock in one week: its last 20 returns, in units of ten standard deviations, and the logarithm of their
    own standard deviation, standardised. What can be learned is mostly that wild weeks follow wild weeks. Groups are
    the stocks. 84 weeks of six stocks are 504 rows: enough to compare ways of scoring, too few for deep models.

    The first 80 % of the weeks are for training and the last 17 are held out. A random split would leak: rows of
    neighbouring weeks share 19 returns, so the targets of held-out weeks would stand in training rows.

    Source: `plotly.data.stocks`, weekly closing prices; specification of training and scoring, section 7.
    """

    predicts: ClassVar[Predicts] = "normal"

    def signature(self) -> Signature:
        """Return the shapes of a row and of its answer, mean and log standard deviation."""
        return Signature((PAST + 1,), 2)

    def num_groups(self) -> int:
        """Return the number of stocks."""
        return STOCKS

    def load(self) -> TaskData:
        """Return the rows, week after week."""
        return _load()

    def prior(self, data: TaskData) -> jax.Array:
        """Return mean and log standard deviation [2] of the training returns."""
        y = jnp.asarray(data.train_y)
        return jnp.stack([y.mean(), jnp.log(y.std())])

    def scale(self) -> float:
        """Return the standard deviation of the training returns, per cent."""
        return float(self.load().train_y.std())


@functools.cache
def weekly_returns() -> np.ndarray:
    """Return weekly log returns [104, 6] in per cent."""
    import plotly.data  # here: few runs need it

    prices = plotly.data.stocks(return_type="polars").drop("date").to_numpy()
    return 100 * np.diff(np.log(prices), axis=0)


@functools.cache
def _load() -> TaskData:
    returns = weekly_returns()
    past = np.lib.stride_tricks.sliding_window_view(returns[:-1], PAST, axis=0)  # [weeks, stocks, 20]
    weeks = len(past)
    first = int(TRAIN_SHARE * weeks)
    log_sd = np.log(past.std(axis=-1, ddof=1, keepdims=True))
    log_sd = (log_sd - log_sd[:first].mean()) / log_sd[:first].std()
    x = np.concatenate([PAST_SCALE * past / past[:first].std(), log_sd], axis=-1).astype(np.float32)
    y = returns[PAST:].astype(np.float32)
    stock = np.broadcast_to(np.arange(STOCKS, dtype=np.int32), y.shape)
    rows = (
        part.reshape(-1, *part.shape[2:])
        for half in (slice(first), slice(first, None))
        for part in (x[half], y[half], stock[half])
    )
    return TaskData(*rows)
