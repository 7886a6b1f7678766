"""Scores of a tournament drawn directly: no data, no training."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["DrawnScores", "Scores"]


class Scores(NamedTuple):
    """Scores of R rounds and K models: the meta model's `meta` [R], `corr` and `mmc` [R, K].

    `similarity` [K] in [0, 1] is each model's correlation with the meta model, `skill` [K] ~ N(0, 1) what its mean MMC
    follows.
    """

    meta: jax.Array
    corr: jax.Array
    mmc: jax.Array
    similarity: jax.Array
    skill: jax.Array


@mechanism
class DrawnScores:
    """Draw the scores of models whose rounds overlap, with the statistics of Numerai's live rounds of 2024 to 2026.

    o_r = W^(-1/2) (ξ_r + … + ξ_(r+W-1)), so that rounds less than W apart share returns;  OU is stationary with
    variance 1 and forgets within τ rounds.

    meta_r = mean + sd (√(1 - λ) o_r + √λ OU_r);  ρ_k ~ Beta;  MMC_kr = mmc_mean + mmc_skill skill_k
    + mmc_noise √(0.8 (1 - ρ_k²) / rows) o_kr;  CORR_kr = ρ_k meta_r + slope MMC_kr.

    The meta model is given, whoever stakes on whom: not for questions in which stakes change it, such as copying.

    Source: specification of Numerai-style tournaments, section 9.3; its targets were measured on recorded scores.
    """

    mean: Annotated[float, Field(ge=-1, le=1, description="mean CORR of the meta model")] = 0.0230
    sd: Annotated[float, Field(ge=0, le=1, description="its standard deviation over rounds")] = 0.0208
    slow_share: Annotated[float, Field(ge=0, le=1, description="share of its variance that drifts slowly, λ")] = 0.10
    slow_rounds: Annotated[float, Field(gt=0, description="rounds within which the slow part forgets itself, τ")] = (
        120.0
    )
    similarity_a: Annotated[float, Field(gt=0, description="first parameter of the Beta distribution of ρ")] = 2.8
    similarity_b: Annotated[float, Field(gt=0, description="its second parameter")] = 2.4
    mmc_mean: Annotated[float, Field(ge=-1, le=1, description="mean MMC of a model of mean skill")] = -0.0016
    mmc_skill: Annotated[float, Field(ge=0, le=1, description="standard deviation of mean MMC over models")] = 0.004
    mmc_noise: Annotated[float, Field(ge=0, le=10, description="noise of MMC over that of sampling alone")] = 1.1
    rows: Annotated[float, Field(ge=1, description="stocks in a round, which set the noise of sampling")] = 6700.0
    slope: Annotated[float, Field(ge=0, le=10, description="how far CORR follows MMC")] = 1.08
    overlap: Annotated[int, Field(ge=1, le=260, description="rounds that share returns, W")] = static(20)

    def draw(self, key: jax.Array, rounds: int, models: int) -> Scores:
        """Return the scores of `rounds` consecutive rounds; another model changes nobody else's."""
        own = jax.vmap(lambda k: jax.random.fold_in(jax.random.fold_in(key, 1), k))(jnp.arange(models))
        meta = self.mean + self.sd * self._common(jax.random.fold_in(key, 0), rounds)
        similarity, skill, noise = jax.vmap(lambda k: self._of_model(k, rounds))(own)
        scale = self.mmc_noise * jnp.sqrt(0.8 * (1 - similarity**2) / self.rows)
        mmc = self.mmc_mean + self.mmc_skill * skill + scale * noise.T
        return Scores(meta, similarity * meta[:, None] + self.slope * mmc, mmc, similarity, skill)

    def _common(self, key: jax.Array, rounds: int) -> jax.Array:
        """Return what all models share, with variance 1 [R]."""
        fast = self._overlapping(jax.random.fold_in(key, 0), rounds)
        slow = _forgetful(jax.random.fold_in(key, 1), rounds, jnp.exp(-1 / jnp.asarray(self.slow_rounds)))
        share = jnp.asarray(self.slow_share)
        return jnp.sqrt(1 - share) * fast + jnp.sqrt(share) * slow

    def _of_model(self, key: jax.Array, rounds: int) -> tuple[jax.Array, jax.Array, jax.Array]:
        similarity = jax.random.beta(jax.random.fold_in(key, 0), self.similarity_a, self.similarity_b)
        skill = jax.random.normal(jax.random.fold_in(key, 1))
        return similarity, skill, self._overlapping(jax.random.fold_in(key, 2), rounds)

    def _overlapping(self, key: jax.Array, rounds: int) -> jax.Array:
        """Return sums of the last W of independent numbers, with variance 1 [R]."""
        total = jnp.cumsum(jax.random.normal(key, (rounds + self.overlap,)))
        return (total[self.overlap :] - total[: -self.overlap]) / jnp.sqrt(self.overlap)


def _forgetful(key: jax.Array, rounds: int, kept: jax.Array) -> jax.Array:
    """Return a stationary series [R] of variance 1 of which `kept` is left from one round to the next."""
    z = jax.random.normal(key, (rounds,))

    def forget(x: jax.Array, step: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = kept * x + jnp.sqrt(1 - kept**2) * step
        return x, x

    _, later = jax.lax.scan(forget, z[0], z[1:])
    return jnp.concatenate([z[:1], later])
