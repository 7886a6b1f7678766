"""Every behaviour of curators goes through the same contract."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented
from validators.curators.base import Curators, CuratorView
from validators.curators.bribed import Bribed
from validators.curators.herder import Herder
from validators.curators.ring import Ring
from validators.curators.sincere import Sincere
from validators.curators.whale import Whale

KINDS = rules_in("validators.curators")
CASES: dict[str, Any] = {
    **{kind: cls() for kind, cls in KINDS.items()},
    "sincere, of everything it sees": Sincere(indifference=0.0, downvotes=1.0, kept_for_boosts=0.0),
    "whale, half of it": Whale(concentration=0.5, downvotes=1.0),
    "ring, hardly loyal": Ring(loyalty=0.1),
    "herder, of nothing but the count": Herder(following=1.0),
    "bribed, by anything": Bribed(honesty_eth=0.0, kept_for_boosts=1.0),
}
every_curator = pytest.mark.parametrize("name", CASES)
CURATORS, WORKS, POOL = 40, 9, 30
GRAIN = 2.0**-24  # what a floor may take more in one program than in another
KEY = jax.random.key(5)


class Acts(NamedTuple):
    """What curators do with one view: vote on a day, boost on the leaderboard, choose in the end."""

    vote: jax.Array
    boost: jax.Array
    choice: jax.Array


def some_view(seed: int = 0) -> CuratorView:
    """Return what curators with little, much or nothing left see of works that stand and please in all ways."""
    rng = np.random.default_rng(seed)
    shown = np.argsort(rng.random((CURATORS, POOL)), axis=1)[:, :WORKS]
    shown[: CURATORS // 2, 3] = POOL  # half of them see what is wanted
    left = np.minimum(rng.random(CURATORS) * 1.5, 1)
    left[::7] = 0
    is_open = rng.random((CURATORS, WORKS)) < 0.8
    is_open[1::10] = False
    return CuratorView(
        shown=jnp.asarray(shown, jnp.int32),
        liking=jnp.asarray(rng.normal(size=(CURATORS, WORKS)), jnp.float32),
        open=jnp.asarray(is_open),
        left=jnp.asarray(left, jnp.float32),
        sittings=jnp.int32(1 + rng.integers(7)),
        standing=jnp.asarray(rng.normal(size=(CURATORS, WORKS)), jnp.float32),
        wanted=jnp.int32(POOL),
        bribe=jnp.asarray(rng.random(CURATORS) * 0.03 * (rng.random(CURATORS) < 0.7), jnp.float32),
    )


def by_rows(view: CuratorView, change: Any) -> CuratorView:
    """Return a view in which `change` was made to everything that has a row per curator."""
    return jax.tree.map(lambda x: change(x) if x.ndim else x, view)


def act(rule: Any, key: jax.Array, view: CuratorView) -> Acts:
    return Acts(rule.vote(key, view), rule.boost(key, view), rule.choose(key, view))


compiled, TRACES = counted(act)


def acts(name: str, view: CuratorView) -> Acts:
    found: Acts = compiled(as_arrays(CASES[name]), KEY, view)
    return found


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(rule) for rule in CASES.values()} == set(KINDS.values())
    for kind, cls in KINDS.items():
        assert issubclass(cls, Curators)
        assert not undocumented(cls), kind


def test_only_the_sincere_are_honest_and_only_the_briber_pays() -> None:
    assert [kind for kind, cls in KINDS.items() if cls.honest] == ["sincere"]  # type: ignore[attr-defined]
    assert [kind for kind, cls in KINDS.items() if cls.pays] == ["briber"]  # type: ignore[attr-defined]
    assert {cls.seeks for cls in KINDS.values()} == {"", "favourite", "wanted"}  # type: ignore[attr-defined]


@every_curator
def test_parts_and_choices_have_a_shape_and_a_type(name: str) -> None:
    found = acts(name, some_view())
    for parts in (found.vote, found.boost):
        assert (parts.shape, parts.dtype) == ((CURATORS, WORKS), jnp.float32)
        assert np.isfinite(parts).all()
    assert (found.choice.shape, found.choice.dtype) == ((CURATORS,), jnp.int32)


@pytest.mark.parametrize("seed", range(4))
@every_curator
def test_nobody_spends_more_than_is_left_or_on_what_is_closed(name: str, seed: int) -> None:
    view = some_view(seed)
    for parts in acts(name, view)[:2]:
        spent = np.abs(np.asarray(parts))
        assert (spent.sum(axis=1, dtype=np.float64) <= np.asarray(view.left)).all()
        assert (spent.sum(axis=1, dtype=np.float32) <= np.asarray(view.left)).all()
        assert not spent[~np.asarray(view.open)].any()


@every_curator
def test_a_boost_is_never_against_a_work(name: str) -> None:
    assert (np.asarray(acts(name, some_view()).boost) >= 0).all()


@every_curator
def test_a_whole_round_spends_at_most_the_power_of_a_round(name: str) -> None:
    left, spent = jnp.ones(CURATORS, jnp.float32), np.zeros(CURATORS)
    for sitting in range(7):
        view = some_view(sitting)._replace(left=left, sittings=jnp.int32(7 - sitting))
        parts = acts(name, view)[0 if sitting < 6 else 1]
        left = left - jnp.abs(parts).sum(axis=1)
        spent += np.abs(np.asarray(parts, np.float64)).sum(axis=1)
        assert (np.asarray(left) >= 0).all()
        np.testing.assert_array_equal(np.asarray(left, np.float64), 1 - spent)  # no rounding gets lost
    assert spent.max() > 0.9


@every_curator
def test_a_choice_is_an_open_work_or_none(name: str) -> None:
    view = some_view()
    choice, is_open = np.asarray(acts(name, view).choice), np.asarray(view.open)
    assert (choice[~is_open.any(axis=1)] == -1).all()
    sees = np.flatnonzero(is_open.any(axis=1))
    assert is_open[sees, choice[sees]].all()
    assert choice.max() < WORKS


@every_curator
def test_compiled_curators_do_what_they_do_uncompiled(name: str) -> None:
    view = some_view()
    assert_trees_close(acts(name, view), act(as_arrays(CASES[name]), KEY, view), atol=GRAIN)


@every_curator
def test_a_batch_of_curators_does_what_each_does_alone(name: str) -> None:
    rules = [shifted(CASES[name], 1 - 0.1 * k) for k in range(3)]
    views, keys = [some_view(seed) for seed in range(3)], jax.random.split(KEY, 3)
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *[(r, k, v) for r, k, v in zip(rules, keys, views, strict=True)])
    batched = jax.jit(jax.vmap(act))(*stacked)
    for k in range(3):
        alone = compiled(rules[k], keys[k], views[k])
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], batched), alone, atol=GRAIN)


@every_curator
def test_more_curators_change_nobodys_votes(name: str) -> None:
    view, others = some_view(), some_view(1)
    more = jax.tree.map(lambda x, y: jnp.concatenate([x, y[:13]]) if x.ndim else x, view, others)
    both = acts(name, more)
    assert_trees_close(jax.tree.map(lambda x: x[:CURATORS], both), acts(name, view), atol=GRAIN)


@every_curator
def test_closed_columns_get_nothing_and_change_nothing(name: str) -> None:
    """Even where they show what is wanted, are liked above all, and lead."""
    view = some_view()

    def wider(x: jax.Array, filler: float) -> jax.Array:
        return jnp.concatenate([x, jnp.full((CURATORS, 4), filler, x.dtype)], axis=1)

    padded = view._replace(
        shown=wider(view.shown, POOL),
        liking=wider(view.liking, 1e6),
        open=wider(view.open, False),
        standing=wider(view.standing, 1e6),
    )
    found = acts(name, padded)
    cut = found._replace(vote=found.vote[:, :WORKS], boost=found.boost[:, :WORKS])
    assert_trees_close(cut, acts(name, view), atol=GRAIN)
    assert not np.asarray(found.vote[:, WORKS:]).any()
    assert not np.asarray(found.boost[:, WORKS:]).any()


@pytest.mark.parametrize("name", [name for name in CASES if name != "wash_voter"])
def test_who_does_not_draw_lots_votes_the_same_in_any_row(name: str) -> None:
    view = some_view()
    turned = acts(name, by_rows(view, lambda x: x[::-1]))
    assert_trees_close(jax.tree.map(lambda x: x[::-1], turned), acts(name, view), atol=GRAIN)


@every_curator
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    view = some_view()
    acts(name, view)
    before = len(TRACES)
    leaves, structure = jax.tree.flatten(as_arrays(CASES[name]))
    for k, leaf in enumerate(leaves):
        changed = jax.tree.unflatten(structure, [*leaves[:k], leaf * 0.9 + 0.01, *leaves[k + 1 :]])
        compiled(changed, KEY, view)
    compiled(as_arrays(CASES[name]), jax.random.key(6), some_view(3))
    assert len(TRACES) == before
