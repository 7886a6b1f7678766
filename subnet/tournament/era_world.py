"""A synthetic stock market seen through features: eras of rows to learn from, with targets that overlap in time."""

from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from pydantic import Field

from subnet.tournament.term_book import TermBook, draw_terms, signal
from tokenomics.mechanism import mechanism, static

__all__ = ["DAYS_PER_ERA", "EraWorld", "Eras"]

DAYS_PER_ERA = 5
LAG_DAYS = 2  # between an era's date and the first return that its target counts
HORIZONS = (20, 60)
FEATURE_BINS = 5


class Eras(NamedTuple):
    """T weekly eras of N stocks, the live rounds after them included.

    `features` [T, N, F] int8, bins 0 to 4, equally filled within an era; `raw` [T, N] float32 for each horizon, the sum
    of stock-specific returns over so many days, not yet neutralised or binned.
    """

    features: jax.Array
    raw: dict[int, jax.Array]


class _Market(NamedTuple):
    """What is carried from date to date, in units of cross-sectional standard deviations."""

    styles: jax.Array  # [N, Q]
    own: jax.Array  # [N, F] of each feature
    weights: jax.Array  # [M] mean weight of each term of the signal
    drift: jax.Array  # [M] of those weights
    pay: jax.Array  # [] slow part of how well the signal pays
    style_returns: jax.Array  # [Q] slow part of what styles earn


class _Fixed(NamedTuple):
    """What one draw of the world settles for good."""

    loading: jax.Array  # [F] of a feature on its style
    style_of: jax.Array  # [F]
    terms: TermBook


@mechanism
class EraWorld:
    """Draw styles, features and returns whose statistics match what is published of Numerai's data.

    Styles and features wander from week to week; a signal of linear, bent and paired terms of the binned features
    foretells a little of each stock's daily return, some of its weights drift, some turn round at regime breaks; styles
    earn common returns. Scores are noisy by 1 / √N, and the signal is scaled so that ratios of scores to their noise
    are those of `reference_stocks` stocks at any N.

    After the weekly eras the same market goes on with live rounds, whose dates may lie a day apart.

    Source: specification of Numerai-style tournaments, section 9.2; its letters are in the descriptions.
    Departure: what drifts slowly (how well the signal pays, what styles earn) moves once an era or round, not once a
    day; stocks stay for good and nothing is missing.
    """

    num_stocks: Annotated[int, Field(ge=50, le=20_000, description="stocks, N")] = static(2000)
    num_features: Annotated[int, Field(ge=4, le=4000, description="features, F")] = static(80)
    num_styles: Annotated[int, Field(ge=1, le=100, description="styles that features load on, Q")] = static(10)
    num_terms: Annotated[int, Field(ge=4, le=1000, description="terms of the signal, M")] = static(24)
    num_eras: Annotated[int, Field(ge=1, le=5000, description="weekly eras")] = static(230)
    num_rounds: Annotated[int, Field(ge=0, le=5000, description="live rounds after them")] = static(0)
    days_per_round: Annotated[Literal[1, 5], Field(description="business days from one live round to the next")] = (
        static(5)
    )
    information: Annotated[float, Field(ge=0, le=1, description="how much of returns can be foretold, IC₀")] = 0.060
    reference_stocks: Annotated[float, Field(ge=1, description="stocks at which it is that, n_ref")] = 6500.0
    term_drift: Annotated[float, Field(ge=0, le=10, description="how far weights drift, δ")] = 0.5
    breaks_per_week: Annotated[float, Field(ge=0, le=1, description="regime breaks a week")] = 1 / 156
    turned_by_break: Annotated[float, Field(ge=0, le=1, description="share of weights that a break turns round")] = 0.15
    pay_noise: Annotated[float, Field(ge=0, le=100, description="daily noise of how well the signal pays, ν")] = 3.0
    pay_drift: Annotated[float, Field(ge=0, le=10, description="slow variation of that, ς")] = 0.3
    style_variance: Annotated[float, Field(ge=0, lt=1, description="share of a return that styles explain")] = 0.02
    style_slow: Annotated[float, Field(ge=0, le=1, description="slow share of what styles earn, λ")] = 0.5
    style_days: Annotated[float, Field(gt=0, description="days until styles forget themselves")] = 250.0
    feature_days: Annotated[float, Field(gt=0, description="days until a feature's own part forgets itself")] = 60.0

    def draw(self, key: jax.Array) -> Eras:
        """Return the eras, then the live rounds; one world per key."""
        keys = jax.vmap(lambda purpose: jax.random.fold_in(key, purpose))(jnp.arange(3))
        fixed = self._fixed(keys[0])
        market, start = self._opened(keys[2], fixed), 0
        parts: list[tuple[jax.Array, jax.Array]] = []
        for count, days in self._spans():
            market, part = self._lived(keys[1], fixed, market, start + jnp.arange(count), days)
            parts, start = [*parts, part], start + count
        features, returns = (jnp.concatenate(part) for part in zip(*parts, strict=True))
        total = jnp.cumsum(returns, axis=0)  # by day, this one included
        first = self._days() + LAG_DAYS
        raw = {days: (total[first + days] - total[first]).astype(jnp.float32) for days in HORIZONS}
        return Eras(features[: len(first)], raw)

    def _spans(self) -> list[tuple[int, int]]:
        """Return how many dates follow each other how many days apart; the last serve the last round's target alone."""
        later = self.num_rounds + -(-(LAG_DAYS + max(HORIZONS)) // self.days_per_round)
        if self.days_per_round == DAYS_PER_ERA:  # one program instead of two alike
            return [(self.num_eras + later, DAYS_PER_ERA)]
        return [(self.num_eras, DAYS_PER_ERA), (later, self.days_per_round)]

    def _days(self) -> jax.Array:
        """Return the day of each era and round."""
        rounds = self.num_eras * DAYS_PER_ERA + jnp.arange(self.num_rounds) * self.days_per_round
        return jnp.concatenate([jnp.arange(self.num_eras) * DAYS_PER_ERA, rounds])

    def _lived(
        self, key: jax.Array, fixed: _Fixed, market: _Market, numbers: jax.Array, days: int
    ) -> tuple[_Market, tuple[jax.Array, jax.Array]]:
        """Return the market after the dates of these `numbers`, `days` apart; their features, and returns by day."""

        def date(market: _Market, number: jax.Array) -> tuple[_Market, tuple[jax.Array, jax.Array]]:
            own = jax.random.fold_in(key, number)
            bins = self._bins(fixed, market)
            returns = self._returns(jax.random.fold_in(own, 0), fixed, market, bins, days)
            return self._moved(jax.random.fold_in(own, 1), market, days), (bins, returns)

        market, (features, returns) = lax.scan(date, market, numbers)
        return market, (features, returns.reshape(-1, self.num_stocks))

    def _fixed(self, key: jax.Array) -> _Fixed:
        loading_key, sign_key, style_key, term_key = jax.random.split(key, 4)
        shape = (self.num_features,)
        size = jax.random.uniform(loading_key, shape, minval=0.30, maxval=0.97)
        style_of = jax.random.randint(style_key, shape, 0, self.num_styles)
        terms = draw_terms(term_key, self.num_terms, self.num_features)
        return _Fixed(size * jax.random.rademacher(sign_key, shape), style_of, terms)

    def _opened(self, key: jax.Array, fixed: _Fixed) -> _Market:
        keys = jax.random.split(key, 5)
        N, M = self.num_stocks, self.num_terms
        return _Market(
            styles=jax.random.normal(keys[0], (N, self.num_styles)),
            own=jax.random.normal(keys[1], (N, self.num_features)),
            weights=fixed.terms.weight,
            drift=jax.random.normal(keys[2], (M,)),
            pay=jax.random.normal(keys[3]),
            style_returns=jax.random.normal(keys[4], (self.num_styles,)),
        )

    def _bins(self, fixed: _Fixed, market: _Market) -> jax.Array:
        """Return the features [N, F] of this date."""
        a = fixed.loading
        u = a * market.styles[:, fixed.style_of] + jnp.sqrt(1 - a**2) * market.own
        return _equal_bins(u, FEATURE_BINS)

    def _returns(self, key: jax.Array, fixed: _Fixed, market: _Market, bins: jax.Array, days: int) -> jax.Array:
        """Return the next days' stock-specific returns [days, N], in units of their own standard deviation."""
        keys, H = jax.random.split(key, 3), HORIZONS[0]
        s = signal(fixed.terms, market.weights + self.term_drift * market.drift, bins)
        strength = self.information * jnp.sqrt(self.reference_stocks / self.num_stocks) / jnp.sqrt(H)
        pays = 1 + self.pay_noise * jax.random.normal(keys[0], (days, 1)) + self.pay_drift * market.pay
        slow, fast = jnp.sqrt(self.style_slow / H), jnp.sqrt(1 - jnp.asarray(self.style_slow))
        shocks = jax.random.normal(keys[1], (days, self.num_styles))
        earned = jnp.sqrt(self.style_variance / self.num_styles) * (slow * market.style_returns + fast * shocks)
        noise = jax.random.t(keys[2], 5.0, (days, self.num_stocks)) / jnp.sqrt(5 / 3)
        common = earned @ market.styles.T
        return strength * pays * s + common + jnp.sqrt(1 - jnp.asarray(self.style_variance)) * noise

    def _moved(self, key: jax.Array, market: _Market, days: int) -> _Market:
        """Return the market so many days later."""
        keys, weeks = jax.random.split(key, 7), days / DAYS_PER_ERA
        breaks = jax.random.uniform(keys[0]) < self.breaks_per_week * weeks
        turned = breaks & (jax.random.uniform(keys[1], market.weights.shape) < self.turned_by_break)
        return _Market(
            styles=_wandered(keys[2], market.styles, days / self.style_days),
            own=_wandered(keys[3], market.own, days / self.feature_days),
            weights=jnp.where(turned, -market.weights, market.weights),
            drift=_wandered(keys[4], market.drift, weeks / 104),
            pay=_wandered(keys[5], market.pay, days / 120),
            style_returns=_wandered(keys[6], market.style_returns, days / 250),
        )


def _equal_bins(values: jax.Array, count: int) -> jax.Array:
    """Return the bin [N, …] int8 of each value along the first axis, bins filled equally up to one."""
    N = values.shape[0]
    upper = _sorted(values)[jnp.array([-(-N * k // count) for k in range(1, count)])]
    return (values[None] >= upper[:, None]).sum(axis=0, dtype=jnp.int8)


def _sorted(values: jax.Array) -> jax.Array:
    """Return floats in ascending order along the first axis, by way of whole numbers, which XLA sorts in half the time.

    Those are ordered as the floats are if the bits of negative ones, but for the sign, are turned round.
    """
    integer = jnp.dtype(f"int{8 * values.dtype.itemsize}")

    def turned(x: jax.Array) -> jax.Array:
        return jnp.where(x < 0, x ^ jnp.iinfo(integer).max, x)

    keys = jnp.sort(turned(jnp.moveaxis(values, 0, -1).view(integer)), axis=-1)
    return jnp.moveaxis(turned(keys).view(values.dtype), -1, 0)


def _wandered(key: jax.Array, x: jax.Array, forgotten: Any) -> jax.Array:
    """Return a step of a stationary series of variance 1 that forgets at a rate of `forgotten` a step."""
    kept = jnp.exp(-jnp.asarray(forgotten))
    return kept * x + jnp.sqrt(1 - kept**2) * jax.random.normal(key, x.shape)
