"""Every generator of pictures goes through the same contract."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from miners.artists import _autoencoder, base
from miners.artists._looks import LOOKS, SIDE, looks
from miners.artists._photographs import _values, colours, patches, photographs
from miners.artists.vae import provenance
from miners.steering import drawn, drifted, preselect
from miners.taste import TasteLearning, taste_score
from tests.contract.folder_rules import counted, rules_in, undocumented

KINDS = rules_in("miners.artists")
FEW_STEPS = {"vae": {"steps": 300}}
every_artist = pytest.mark.parametrize("kind", list(KINDS), scope="module")
ROUNDS, DRAWS, SHOWN = 12, 256, 88


class World(NamedTuple):
    """A generator, what it has learned, some genomes, and its compiled answers."""

    artist: Any
    learned: Any
    genomes: jax.Array
    features: Any
    pictures: Any  # 32 pixels on a side


@cache
def world(kind: str) -> World:
    artist = KINDS[kind](**FEW_STEPS.get(kind, {}))
    learned = artist.train()
    genomes = drawn(jax.random.key(7), artist.start(learned), 1.0, 2048)
    pictures = jax.jit(artist.pictures, static_argnums=2)
    return World(artist, learned, genomes, jax.jit(artist.features), pictures)


@cache
def pictures_of(kind: str) -> np.ndarray:
    w = world(kind)
    return np.asarray(w.pictures(w.learned, w.genomes[:256], 32))


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert set(KINDS) == {"cppn", "normal", "vae"}
    assert all(issubclass(cls, base.Artist) for cls in KINDS.values())


@every_artist
def test_a_parameter_has_a_range_and_words(kind: str) -> None:
    assert not undocumented(KINDS[kind])


@every_artist
def test_shapes_and_types_are_those_that_are_announced(kind: str) -> None:
    w = world(kind)
    mean, few = w.artist.start(w.learned), w.genomes[:3]
    assert (mean.shape, mean.dtype) == ((w.artist.genome_size,), jnp.float32)
    features, pictures = w.features(w.learned, few), w.pictures(w.learned, few, 32)
    assert (features.shape, features.dtype) == ((3, w.artist.num_features), jnp.float32)
    assert (pictures.shape, pictures.dtype) == ((3, 32, 32, 3), jnp.float32)
    assert w.pictures(w.learned, few, 17).shape == (3, 17, 17, 3)


@every_artist
def test_what_is_learned_is_numpy_and_learned_once(kind: str) -> None:
    w = world(kind)
    assert all(isinstance(leaf, np.ndarray | np.generic) for leaf in jax.tree.leaves(w.learned))
    assert KINDS[kind](**FEW_STEPS.get(kind, {}), spread=0.5).train() is w.learned


@every_artist
def test_compiled_answers_are_those_uncompiled(kind: str) -> None:
    w, few = world(kind), world(kind).genomes[:3]
    np.testing.assert_allclose(w.features(w.learned, few), w.artist.features(w.learned, few), atol=2e-3)
    plain = w.artist.pictures(w.learned, few, 32)
    np.testing.assert_allclose(w.pictures(w.learned, few, 32), plain, atol=2e-3)


@every_artist
def test_a_batch_of_worlds_is_each_alone(kind: str) -> None:
    w = world(kind)
    worlds = w.genomes[:6].reshape(2, 3, -1)
    together = jax.jit(jax.vmap(w.artist.features, in_axes=(None, 0)))(w.learned, worlds)
    for k in range(2):
        np.testing.assert_allclose(together[k], w.features(w.learned, worlds[k]), atol=2e-3)


@every_artist
def test_a_picture_does_not_depend_on_the_others(kind: str) -> None:
    w, some = world(kind), world(kind).genomes[:3]
    others = w.pictures(w.learned, w.genomes[3:6].at[1].set(some[1]), 32)
    np.testing.assert_allclose(others[1], w.pictures(w.learned, some, 32)[1], atol=1e-5)
    assert bool((jnp.abs(others[0] - w.pictures(w.learned, some, 32)[0]) > 0.01).any())


@every_artist
def test_pictures_are_colours_and_have_something_on_them(kind: str) -> None:
    pictures = pictures_of(kind)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    spread = pictures.reshape(256, -1, 3).std(axis=1).mean(axis=1)
    assert (spread > 0.05).mean() > 0.9  # twelve shades of 256, on average over colours
    noise = np.abs(np.diff(pictures, axis=1)).mean((1, 2, 3)) / spread
    assert np.median(noise) < 0.4, "independent pixels would have 1.1"


@every_artist
def test_pictures_differ_from_one_another(kind: str) -> None:
    pictures = pictures_of(kind)[:32]
    apart = np.abs(pictures[:, None] - pictures[None]).mean((2, 3, 4))
    assert apart[~np.eye(32, dtype=bool)].min() > 0.03


@every_artist
def test_a_large_picture_is_the_small_one_seen_more_sharply(kind: str) -> None:
    w = world(kind)
    small, large = (np.asarray(w.pictures(w.learned, w.genomes[:16], side)) for side in (32, 96))
    averaged = large.reshape(16, 32, 3, 32, 3, 3).mean((2, 4))
    assert np.abs(averaged - small).mean() < 0.02


@every_artist
def test_what_is_seen_is_about_standard_normal_at_the_start(kind: str) -> None:
    w = world(kind)
    seen = np.asarray(w.features(w.learned, w.genomes), np.float64)
    # 4,096 draws to calibrate and 2,048 to test: a standard error of 0.027 for a mean, about as much for the others.
    assert np.abs(seen.mean(axis=0)).max() < 0.13
    assert np.abs(seen.std(axis=0) - 1).max() < 0.13
    correlation = np.corrcoef(seen, rowvar=False) - np.eye(w.artist.num_features)
    assert np.abs(correlation).max() < 0.16
    if kind != "normal":
        assert np.abs(seen).max() <= 4


@every_artist
def test_votes_for_one_thing_bring_more_of_it(kind: str) -> None:
    """Twelve rounds in which all like one feature: the mean of that feature rises, whichever it is."""
    w, learning = world(kind), TasteLearning()

    def one_round(carry: Any, key: jax.Array, taste: jax.Array, exploration: jax.Array) -> Any:
        mean, model, recent, mask = carry
        genomes = drawn(key, mean, 1.0, DRAWS)
        seen = w.artist.features(w.learned, genomes)
        shown = preselect(taste_score(model, seen), seen, recent, mask, SHOWN, exploration)
        net = seen[shown] @ taste
        net = net - net.mean()
        model = learning.fit(model, seen[shown], jnp.maximum(net, 0), jnp.maximum(-net, 0))
        mean = drifted(mean, genomes[shown], net, jnp.ones(SHOWN, bool), 0.3)
        return (mean, model, seen[shown], jnp.ones(SHOWN, bool)), seen.mean(axis=0) @ taste

    def steered(taste: jax.Array, exploration: jax.Array) -> jax.Array:
        d = w.artist.num_features
        nothing = (jnp.zeros((SHOWN, d), jnp.float32), jnp.zeros(SHOWN, bool))
        carry = (w.artist.start(w.learned), learning.init(d), *nothing)
        keys = jax.random.split(jax.random.key(1), ROUNDS + 1)
        return jax.lax.scan(lambda c, k: one_round(c, k, taste, exploration), carry, keys)[1]

    tastes = jnp.eye(w.artist.num_features, dtype=jnp.float32)
    rise, traces = counted(jax.vmap(steered, in_axes=(0, None)))
    path = np.asarray(rise(tastes, 0.1))
    gain = path[:, -1] - path[:, 0]
    assert gain.min() > 0.2, dict(enumerate(gain.round(2)))
    assert gain.mean() > 0.9
    rise(tastes, 0.3)
    assert len(traces) == 1


def test_looks_have_names_and_say_what_the_names_say() -> None:
    sky = np.linspace(0.9, 0.1, SIDE)[:, None, None] * np.ones((SIDE, SIDE, 3))
    red = np.zeros((SIDE, SIDE, 3)) + np.array([0.9, 0.1, 0.1])
    line = (2 * np.arange(SIDE) + 1) / SIDE - 1
    ring = 1 - 0.6 * np.hypot(*np.meshgrid(line, line))[..., None] * np.ones(3)
    chequered = np.indices((SIDE, SIDE)).sum(axis=0)[..., None] % 2 * np.ones(3)
    rows = looks(jnp.asarray(np.stack([sky, red, ring, chequered]), jnp.float32))
    seen = [dict(zip(LOOKS, row, strict=True)) for row in np.asarray(rows, float)]
    assert seen[0]["bright sky"] == pytest.approx(1, abs=0.01)
    assert seen[0]["mirrored across"] == pytest.approx(1, abs=0.01)
    assert seen[0]["mirrored down"] == pytest.approx(-1, abs=0.01)
    assert seen[0]["brightness"] == pytest.approx(0.5, abs=1e-5)
    assert seen[1]["saturation"] == pytest.approx(0.8, abs=1e-5)
    assert seen[1]["warmth"] == pytest.approx(0.8, abs=1e-5)
    assert seen[1]["contrast"] == pytest.approx(np.log(0.02), abs=1e-3)
    assert seen[2]["rings"] > 0.85  # rings of one pixel: the corners do not fit in
    assert seen[2]["bright centre"] == pytest.approx(1, abs=0.01)
    assert seen[3]["contrast"] == pytest.approx(np.log(0.5), abs=1e-3)
    assert seen[3]["detail"] == max(row["detail"] for row in seen)
    assert np.isfinite(np.asarray(rows)).all()


def test_an_autoencoder_learns_and_says_where_it_comes_from() -> None:
    learned = world("vae").learned
    said = provenance(learned)
    assert said["error_held_out"] < 0.6 * said["error_of_the_mean_patch"]
    assert [d["name"] for d in said["data"]] == ["china.jpg", "flower.jpg"]
    assert {d["licence"] for d in said["data"]} == {"CC BY 2.0"}
    assert all(len(d["sha256"]) == 64 for d in said["data"])
    other = learned._replace(autoencoder=learned.autoencoder._replace(centre=learned.autoencoder.centre + 1))
    assert provenance(other)["weights_sha256"] != said["weights_sha256"]


def test_photographs_are_credited_as_their_package_credits_them() -> None:
    import sklearn.datasets

    readme = (Path(sklearn.datasets.__file__).parent / "images" / "README.txt").read_text("utf-8")
    assert "creativecommons.org/licenses/by/2.0" in readme
    assert all(f"flickr.com/photos/{p.owner}/" in readme for p in photographs())


def test_training_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_autoencoder, "PATCHES", 128)
    monkeypatch.setattr(_autoencoder, "HELD_OUT", 16)
    first, again = (_autoencoder.trained.__wrapped__(3, 8, 20, 1) for _ in range(2))
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (patches(1, 2) != patches(2, 2)).any()


def test_patches_come_back_as_the_colours_that_they_were() -> None:
    grey = np.zeros((1, 1152), np.float32)
    np.testing.assert_allclose(colours(jnp.asarray(grey), 40), 0.5, atol=1e-5)
    picture = np.full((1, 32, 32, 3), [0.8, 0.3, 0.1], np.float32)
    np.testing.assert_allclose(colours(jnp.asarray(_values(picture)), 32), picture, atol=1e-4)
