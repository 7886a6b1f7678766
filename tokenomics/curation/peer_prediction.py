"""Pay for reports that nobody can verify, by comparing them with those of a peer.

Answers are whole numbers; `frequency` [A] is how often each is given over all reports.
"""

import jax
import jax.numpy as jnp

__all__ = ["agreement_pay", "answer_frequency", "correlated_pay", "mean_correlated_pay"]


def answer_frequency(reports: jax.Array, num_answers: int) -> jax.Array:
    """Return the share [A] of each answer among `reports` of any shape; negative ones are missing."""
    given = reports.reshape(-1)
    count = jnp.zeros(num_answers, jnp.float64).at[given].add(given >= 0)
    return count / jnp.maximum(count.sum(), 1)


def agreement_pay(mine: jax.Array, peers: jax.Array, frequency: jax.Array) -> jax.Array:
    """Return 1[mine = peers] / f(mine): agreeing on what few say pays more.

    0 where either is missing (negative), and where the answer has no frequency. It pays a common lie: whoever says the
    same as everybody, whatever the item, earns 1 / f for sure.

    Source: Jurca and Faltings 2011; Radanovic, Faltings and Jurca 2016 (peer truth serum).
    """
    f = jnp.where(mine >= 0, frequency[mine], 0)
    return jnp.where((mine == peers) & (f > 0), 1 / jnp.where(f > 0, f, 1), 0)


def correlated_pay(
    mine: jax.Array, peers: jax.Array, mine_elsewhere: jax.Array, peers_elsewhere: jax.Array, frequency: jax.Array
) -> jax.Array:
    """Return the pay for agreement on a shared item minus that on two items that are not shared.

    The second term is how often the two would agree without looking, so that a constant report earns 0 in
    expectation: a peer gives its answer as often on either item.

    Args:
        mine: [...] my answer to an item.
        peers: [...] my peer's answer to the same one.
        mine_elsewhere: [...] my answer to another item, drawn at random.
        peers_elsewhere: [...] its answer to a third one, drawn at random.
        frequency: [A] as in `answer_frequency`.

    Source: Dasgupta and Ghosh 2013; Shnayder, Agarwal, Frongillo and Parkes 2016 (correlated agreement, here with the
    identity as the correlation and inverse frequencies as weights).
    """
    return agreement_pay(mine, peers, frequency) - agreement_pay(mine_elsewhere, peers_elsewhere, frequency)


def mean_correlated_pay(mine: jax.Array, peers: jax.Array, frequency: jax.Array) -> jax.Array:
    """Return the mean of `correlated_pay` over every shared item and every pair of two different others, [].

    mean_t a(t, t) - sum_{u != v} a(u, v) / (T (T - 1)), where a(u, v) is the pay for my answer to u and the peer's to
    v: no luck is left in it.

    Args:
        mine: [T] answers to T >= 2 items, none missing.
        peers: [T] the peer's to the same ones.
        frequency: [A] as in `answer_frequency`.
    """
    num = mine.shape[0]
    same = agreement_pay(mine, peers, frequency).sum()
    every = agreement_pay(mine[:, None], peers[None, :], frequency).sum()
    return same / num - (every - same) / (num * (num - 1))
