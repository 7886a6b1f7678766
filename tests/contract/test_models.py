"""Every model of the folder goes through the same contract."""

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from miners.models.cnn import Cnn
from miners.models.linear import Linear
from miners.models.mlp import Mlp
from miners.models.transformer import Transformer
from miners.signature import Signature
from tests.contract.folder_rules import rules_in

IMAGE, NUMBERS, TOKENS = Signature((8, 8, 1), 10), Signature((30,), 2), Signature((12,), 7, 7)
KINDS = rules_in("miners.models")
MODELS = {
    **{kind: (model(), IMAGE if "numbers" in model.reads else TOKENS) for kind, model in KINDS.items()},
    "mlp, two hidden layers": (Mlp((32, 16)), NUMBERS),
    "cnn, one convolution of colours": (Cnn((6,)), Signature((7, 5, 3), 4)),
}
every_model = pytest.mark.parametrize("name", list(MODELS))
ROWS, MINERS = 5, 3


class World(NamedTuple):
    """A model with the parameters of three miners, and what it says of some rows."""

    model: Any
    signature: Signature
    miners: Any
    params: Any  # the first miner's
    x: jax.Array
    apply: Any


@cache
def world(name: str) -> World:
    model, signature = MODELS[name]
    miners = jax.jit(jax.vmap(lambda k: model.init(k, signature)))(miner_keys())
    return World(model, signature, miners, miner(miners, 0), rows_of(signature, 2), jax.jit(model.apply))


def miner_keys() -> jax.Array:
    return jnp.stack([jax.random.key(k) for k in (1, 2, 1)])


def miner(miners: Any, k: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[k], miners)


def rows_of(signature: Signature, seed: int, count: int = ROWS) -> jax.Array:
    shape, rng = (count, *signature.input_shape), np.random.default_rng(seed)
    if signature.vocabulary:
        return jnp.asarray(rng.integers(signature.vocabulary, size=shape), jnp.int32)
    return jnp.asarray(rng.normal(size=shape), jnp.float32)


@cache
def outputs_of(name: str) -> jax.Array:
    w = world(name)
    return w.apply(w.params, w.x)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert set(KINDS) == {"linear", "mlp", "cnn", "transformer"}
    assert {kind for kind in MODELS if "," not in kind} == set(KINDS)


@every_model
def test_an_architecture_selects_a_program_and_holds_no_numbers(name: str) -> None:
    model, _ = MODELS[name]
    assert jax.tree.leaves(model) == []
    assert hash(model) == hash(dataclasses.replace(model))
    assert set(type(model).reads) <= {"numbers", "tokens"}


@every_model
def test_outputs_have_the_shape_of_the_signature_and_32_bits(name: str) -> None:
    signature, params, outputs = world(name).signature, world(name).params, outputs_of(name)
    positions = signature.input_shape if signature.vocabulary else ()
    assert outputs.shape == (ROWS, *positions, signature.num_outputs)
    assert {leaf.dtype for leaf in jax.tree.leaves((params, outputs))} == {jnp.dtype("float32")}
    assert bool(jnp.isfinite(outputs).all())


@every_model
def test_the_same_key_gives_the_same_parameters_and_another_key_others(name: str) -> None:
    first, other, again = (jax.tree.leaves(miner(world(name).miners, k)) for k in range(MINERS))
    assert all(bool((a == b).all()) for a, b in zip(first, again, strict=True))
    assert any(bool((a != b).any()) for a, b in zip(first, other, strict=True))


@every_model
def test_a_batch_of_miners_is_born_and_answers_as_each_alone(name: str) -> None:
    w = world(name)
    alone = jax.jit(lambda k: w.model.init(k, w.signature))(miner_keys()[1])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), alone, miner(w.miners, 1))
    together = jax.jit(jax.vmap(w.model.apply, in_axes=(0, None)))(w.miners, w.x)
    np.testing.assert_allclose(together[1], w.apply(alone, w.x), rtol=1e-4, atol=1e-5)


@every_model
def test_compiled_outputs_are_those_uncompiled(name: str) -> None:
    w = world(name)
    with jax.disable_jit():
        plain = w.model.apply(w.params, w.x)
    np.testing.assert_allclose(outputs_of(name), plain, rtol=1e-4, atol=1e-5)


@every_model
def test_a_row_is_answered_without_regard_to_the_others(name: str) -> None:
    w = world(name)
    changed = w.apply(w.params, w.x.at[3:].set(rows_of(w.signature, 7)[3:]))
    np.testing.assert_allclose(changed[:3], outputs_of(name)[:3], rtol=1e-5, atol=1e-6)
    assert bool((changed[3:] != outputs_of(name)[3:]).any())


@every_model
def test_one_small_gradient_step_lowers_the_loss(name: str) -> None:
    w = world(name)
    labels = jnp.asarray(np.random.default_rng(4).integers(w.signature.num_outputs, size=outputs_of(name).shape[:-1]))

    @jax.jit
    def loss_and_gradient(p: Any) -> tuple[jax.Array, Any]:
        return jax.value_and_grad(
            lambda p: optax.softmax_cross_entropy_with_integer_labels(w.model.apply(p, w.x), labels).mean()
        )(p)

    before, gradient = loss_and_gradient(w.params)
    after, _ = loss_and_gradient(jax.tree.map(lambda p, g: p - 0.01 * g, w.params, gradient))
    assert float(after) < float(before)
    assert all(bool((g != 0).any()) for g in jax.tree.leaves(gradient)), "a parameter without a gradient never trains"


@every_model
def test_parameters_are_counted(name: str) -> None:
    w = world(name)
    assert w.model.num_parameters(w.signature) == sum(leaf.size for leaf in jax.tree.leaves(w.params))


def test_default_sizes_are_those_that_train_in_a_second() -> None:
    assert Mlp().num_parameters(IMAGE) == 4810
    assert Cnn().num_parameters(IMAGE) == 3818
    assert Linear().num_parameters(IMAGE) == 650
    assert 100_000 < Transformer().num_parameters(Signature((64,), 103, 103)) < 130_000


VECTORS = json.loads((Path(__file__).parents[1] / "reference/vectors/training_and_scoring.json").read_text("utf-8"))
FLOPS = [case for case in VECTORS["cases"] if case["fn"] == "flops_mlp"]


@pytest.mark.parametrize("vector", FLOPS, ids=lambda v: v["id"])
def test_operations_of_a_perceptron_are_those_of_the_reference(vector: dict[str, Any]) -> None:
    first, *hidden, last = vector["params"]["sizes"]
    model, signature = Mlp(tuple(hidden)), Signature((first,), last)
    assert model.num_parameters(signature) == vector["expected"]["params"]
    assert model.flops(signature) * vector["params"]["batch"] == vector["expected"]["forward"]


# What a model does besides multiplying matrices, as a share: biases and activations, norms and softmax.
@pytest.mark.parametrize(
    ("model", "signature", "besides"),
    [
        (Linear(), IMAGE, 0.01),
        (Mlp(), IMAGE, 0.02),
        (Mlp((128, 64)), IMAGE, 0.02),
        (Cnn(), IMAGE, 0.04),
        (Transformer(), Signature((64,), 103, 103), 0.05),
    ],
    ids=["linear", "mlp", "deep mlp", "cnn", "transformer"],
)
def test_operations_are_what_the_compiler_counts(model: Any, signature: Signature, besides: float) -> None:
    params = jax.eval_shape(lambda: model.init(jax.random.key(0), signature))
    rows = jax.eval_shape(lambda: rows_of(signature, 0, 32))
    counted = jax.jit(model.apply).lower(params, rows).cost_analysis()["flops"]
    assert 1 <= counted / (32 * model.flops(signature)) <= 1 + besides


def test_patches_times_a_matrix_are_a_convolution() -> None:
    w = world("cnn, one convolution of colours")
    layer, readout = w.params["convolution_0"], w.params["readout"]
    kernel = layer["kernel"].reshape(3, 3, 3, 6)
    convolved = nn.Conv(6, (3, 3), padding="VALID").apply({"params": {"kernel": kernel, "bias": layer["bias"]}}, w.x)
    expected = nn.relu(convolved).reshape(ROWS, -1) @ readout["kernel"] + readout["bias"]
    np.testing.assert_allclose(w.apply(w.params, w.x), expected, rtol=1e-4, atol=1e-5)


def test_a_transformer_does_not_look_ahead() -> None:
    w, before = world("transformer"), outputs_of("transformer")
    after = w.apply(w.params, w.x.at[:, 7:].set((w.x[:, 7:] + 1) % w.signature.vocabulary))
    np.testing.assert_allclose(after[:, :7], before[:, :7], rtol=1e-5, atol=1e-6)
    assert bool((after[:, 7:] != before[:, 7:]).any(axis=-1).all())


def test_a_transformer_looks_back_to_the_first_token() -> None:
    w = world("transformer")
    after = w.apply(w.params, w.x.at[:, 0].set((w.x[:, 0] + 1) % w.signature.vocabulary))
    assert bool((after[:, -1] != outputs_of("transformer")[:, -1]).any(axis=-1).all())


def test_a_transformer_answers_the_start_of_a_row_as_it_does_the_whole() -> None:
    w = world("transformer")
    start = w.apply(w.params, w.x[:, :4])
    np.testing.assert_allclose(start, outputs_of("transformer")[:, :4], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "signature", "message"),
    [
        (Linear(), TOKENS, 'model "linear" reads numbers, but this task has tokens'),
        (Mlp(), TOKENS, 'model "mlp" reads numbers, but this task has tokens'),
        (Cnn(), TOKENS, 'model "cnn" reads numbers, but this task has tokens'),
        (Cnn(), NUMBERS, "needs rows with height and width above 4 and channels"),
        (Cnn((4, 4, 4, 4)), IMAGE, r"above 8 and channels, but this task's are \(8, 8, 1\)"),
        (Transformer(), NUMBERS, 'model "transformer" reads tokens, but this task has numbers'),
        (Transformer(width=10, heads=4), TOKENS, "width = 10 is no multiple of heads = 4"),
    ],
)
def test_a_model_refuses_rows_that_it_cannot_read(model: Any, signature: Signature, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.init(jax.random.key(0), signature)
