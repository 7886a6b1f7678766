"""What curators are shown at each sitting of a round, what they see in it, and what they do."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from subnet.curation.crowd import Crowd, Luck, Seat, by_party, seats
from subnet.curation.scenario import CurationScenario
from subnet.curation.works import Works
from subnet.keys import Stream, party_stream, stream
from tokenomics.curation.exposure import controversy, draw_shown, exposure_score
from validators.curators.base import CuratorView

__all__ = ["NOBODY", "Sittings"]

NOBODY = -1  # where no place in the pool is meant
_OF_EACH = ("shown", "liking", "open", "left", "standing", "bribe")  # fields of a view with a row per curator


class Sittings:
    """One sitting after another of all parties: what each is shown, sees in it, and does."""

    def __init__(
        self,
        key: jax.Array,
        epoch: jax.Array,
        scenario: CurationScenario,
        crowd: Crowd,
        luck: Luck,
        works: Works,
        wanted: jax.Array,
        bribe: jax.Array,
    ) -> None:
        self.key, self.epoch, self.scenario, self.crowd, self.bribe = key, epoch, scenario, crowd, bribe
        self.luck, self.shown_key = luck, stream(key, Stream.SHOWN, epoch)
        self.features, self.present, self.wanted = works.features, works.present, wanted
        self.rule, self.parties = scenario.design.fragments, seats(scenario)
        self.noise = by_party(scenario, lambda seat: jnp.asarray(seat.rule.noise, jnp.float32))

    def shown(self, day: jax.Array, works: Works) -> jax.Array:
        """Return what everybody is shown on a day, int32 [n, looks]; who seeks a work finds it first."""
        rule = self.rule
        places = draw_shown(
            jax.random.fold_in(self.shown_key, day),
            exposure_score(works.views, works.choosers, rule.min_views),
            works.present,
            jax.lax.dynamic_slice_in_dim(self.luck.shown, day * rule.looks, rule.looks, axis=1),
            rule,
            controversy(works.choosers, works.opposers),
        )
        seeks = by_party(self.scenario, lambda seat: bool(seat.rule.seeks))
        wish = jnp.repeat(
            self.wanted, np.array([seat.num_curators for seat in self.parties]), total_repeat_length=len(places)
        )
        return places.at[:, 0].set(jnp.where(seeks, wish, places[:, 0]))

    def vote(
        self, day: jax.Array, shown: jax.Array, fresh: jax.Array, left: jax.Array, standing: jax.Array
    ) -> jax.Array:
        """Return the parts, float32 [n, looks], of everybody on a day."""
        reach = by_party(self.scenario, lambda seat: jnp.ceil(jnp.asarray(seat.rule.attention) * shown.shape[1]))
        view = self._view(day, shown, fresh & (jnp.arange(shown.shape[1]) < reach[:, None]), left, standing)

        def parts(seat: Seat, own: CuratorView) -> jax.Array:
            return _affordable(seat.rule.vote(self._chance(seat, day), own), own)

        return self._of_all(view, parts)

    def finish(self, finalists: jax.Array, left: jax.Array, standing: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return boosts, float32 [n, F], and the place, int32 [n], that each names in a final vote; -1 for none."""
        days = self.rule.days
        shown = jnp.broadcast_to(finalists, (left.shape[0], finalists.shape[0]))
        view = self._view(days, shown, self.present[shown], left, standing)

        def boosts(seat: Seat, own: CuratorView) -> jax.Array:
            return _affordable(seat.rule.boost(self._chance(seat, days), own), own)

        def choice(seat: Seat, own: CuratorView) -> jax.Array:
            column = seat.rule.choose(self._chance(seat, days + 1), own)
            return jnp.where(column < 0, NOBODY, finalists[jnp.maximum(column, 0)])

        return self._of_all(view, boosts), self._of_all(view, choice)

    def _view(
        self, day: Any, shown: jax.Array, is_open: jax.Array, left: jax.Array, standing: jax.Array
    ) -> CuratorView:
        """Return what everybody sees at a sitting; what is the same for a party is filled in by `_of_all`."""
        moment = jax.lax.dynamic_slice_in_dim(self.luck.moment, day * self.rule.looks, shown.shape[1], axis=1)
        taste = jnp.einsum("nkd,nd->nk", self.features[shown], self.crowd.taste)
        return CuratorView(
            shown=shown,
            liking=taste + self.noise[:, None] * moment,
            open=is_open,
            left=left,
            sittings=self.rule.days + 1 - jnp.asarray(day),
            standing=standing[shown],
            wanted=self.wanted,
            bribe=self.bribe,
        )

    def _of_all(self, view: CuratorView, act: Callable[[Seat, CuratorView], jax.Array]) -> jax.Array:
        """Return what all parties do, each of what its own members see."""
        done = []
        for number, seat in enumerate(self.parties):
            mine = {name: getattr(view, name)[seat.rows] for name in _OF_EACH}
            done.append(act(seat, view._replace(**mine, wanted=self.wanted[number])))
        return jnp.concatenate(done)

    def _chance(self, seat: Seat, day: Any) -> jax.Array:
        """Return the key by which a party decides at a sitting, where it leaves anything to chance."""
        return jax.random.fold_in(party_stream(self.key, Stream.VOTE, seat.name, self.epoch), day)


def _affordable(parts: jax.Array, view: CuratorView) -> jax.Array:
    """Return parts that are open and sum to no more than is left."""
    parts = jnp.where(view.open, parts, 0).astype(jnp.float32)
    total = jnp.abs(parts).sum(axis=1)
    scale = jnp.where(total > view.left, view.left / jnp.where(total > 0, total, 1), 1)
    return parts * jnp.maximum(scale, 0)[:, None]
