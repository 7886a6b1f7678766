"""The graph of provenance: its checks, and what ancestors are owed."""

import itertools
import random
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from miners.artists._photographs import photographs
from tokenomics.provenance import Derivation, Node, Provenance, fingerprint
from tokenomics.royalties import Royalties


def node(name: str, kind: Any, **more: Any) -> Node:
    return Node(name, kind, f"owner of {name}", fingerprint(name.encode()), **more)


DATA, WEIGHTS = node("photos", "dataset"), node("painter", "model")
WORK, SALE = node("work", "output"), node("sale", "sale")
CHAIN = (
    Derivation("painter", "photos", 0.2),
    Derivation("work", "painter", 0.05),
    Derivation("sale", "work", 1.0),
)
GRAPH = Provenance((DATA, WEIGHTS, WORK, SALE), CHAIN)


def with_(nodes: tuple[Node, ...] = (), edges: tuple[Derivation, ...] = ()) -> Provenance:
    """Return the graph with more in it; a node replaces the one of its name."""
    names = {n.name for n in nodes}
    return Provenance((*(n for n in GRAPH.nodes if n.name not in names), *nodes), (*GRAPH.edges, *edges))


def test_a_work_that_comes_from_a_model_and_its_data_may_be_sold() -> None:
    small = Provenance(GRAPH.nodes, (*CHAIN[:2], Derivation("sale", "work")))
    assert small.problems() == []
    assert small.ancestors("sale") == {"photos", "painter", "work"}


def test_a_share_is_the_product_along_its_path() -> None:
    shares = GRAPH.shares("work")
    assert list(shares) == ["painter", "photos"]
    assert shares["painter"] == pytest.approx(0.05, rel=1e-12)
    assert shares["photos"] == pytest.approx(0.01, rel=1e-12)


def test_a_season_pays_the_shares_that_the_graph_of_its_pictures_says() -> None:
    """The autoencoder's photographs, with their hashes and licences, up to a work of its own."""
    rule = Royalties(model_share=0.02, dataset_share=0.5)
    china = photographs()[0]
    nodes = (Node("china", "dataset", china.owner, china.sha256, china.licence), WEIGHTS, WORK, SALE)
    edges = (Derivation("painter", "china", 0.5), Derivation("work", "painter", 0.02), Derivation("sale", "work"))
    graph = Provenance(nodes, edges)
    assert graph.problems() == []
    assert graph.unverified({"china": china.pixels.tobytes()}) == set()
    owed = graph.shares("work")
    assert [owed["painter"], owed["china"]] == pytest.approx(
        np.asarray(rule.shares(resale=False))[1:].tolist(), rel=1e-12
    )
    paid = rule.pay(jnp.int64(10 * 10**9), resale=False)
    assert (int(paid.model), int(paid.dataset)) == (200_000_000, 100_000_000)


def every_path(graph: Provenance, start: str, end: str) -> float:
    """Return the sum over all paths of the product of royalties, found by walking each."""
    if start == end:
        return 1.0
    return sum(e.royalty * every_path(graph, e.source, end) for e in graph.edges if e.derived == start)


def test_shares_sum_over_all_paths_of_random_graphs() -> None:
    rng = random.Random(1)
    for _ in range(40):
        nodes = [node(f"n{k}", "model") for k in range(7)]
        edges = [
            Derivation(f"n{a}", f"n{b}", rng.random() * 0.3)
            for a, b in itertools.combinations(range(7), 2)
            if rng.random() < 0.5
        ]
        rng.shuffle(nodes)
        rng.shuffle(edges)
        graph = Provenance(tuple(nodes), tuple(edges))
        for name, share in graph.shares("n0").items():
            assert share == pytest.approx(every_path(graph, "n0", name), rel=1e-12)


def test_a_circle_is_named() -> None:
    graph = with_(edges=(Derivation("photos", "work"),))
    assert graph.problems() == ["these are derived from one another: painter, photos, work"]
    with pytest.raises(ValueError, match="derived from one another"):
        graph.shares("sale")


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        (0, ['the model "painter" comes from no dataset']),
        (1, ['the output "work" comes from no model']),
        (2, ['the sale "sale" comes from no output']),
    ],
)
def test_everything_comes_from_something(left_out: int, told: list[str]) -> None:
    edges = tuple(e for k, e in enumerate(CHAIN) if k != left_out)
    found = Provenance(GRAPH.nodes, edges).problems()
    assert [text for text in found if "comes from no" in text] == told


def test_a_fine_tuned_model_has_its_data_from_its_parent() -> None:
    graph = with_((node("tuned", "model"),), (Derivation("tuned", "painter"),))
    assert not any("tuned" in text for text in graph.problems())


def test_a_licence_that_forbids_commercial_use_blocks_every_sale_downstream() -> None:
    graph = with_((node("photos", "dataset", licence="CC-BY-NC-4.0", commercial=False),))
    assert graph.blocked_by("sale") == ["photos"]
    assert 'the sale "sale" is forbidden by the terms of photos' in graph.problems()
    assert graph.blocked_by("photos") == []


def test_a_permission_of_its_own_stands_above_the_licence() -> None:
    closed = node("archive", "dataset", commercial=False)
    for terms, blocked in (("licence", ["archive"]), ("commercial", []), ("non_commercial", ["archive"])):
        graph = with_((closed,), (Derivation("painter", "archive", terms=terms),))  # type: ignore[arg-type]
        assert graph.blocked_by("sale") == blocked
    assert with_(edges=(Derivation("sale", "photos", terms="non_commercial"),)).blocked_by("sale") == ["photos"]


def test_content_with_another_hash_is_not_verified() -> None:
    contents = {"photos": b"photos", "painter": b"other weights"}
    assert GRAPH.unverified(contents) == {"painter"}
    assert fingerprint(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_sale_cannot_owe_more_than_its_price() -> None:
    found = GRAPH.problems()
    assert found == ['the sale "sale" owes 1.06 of its price to those before it; 1 is all there is']
    exact = Provenance(
        (SALE, WORK, WEIGHTS, DATA),
        (
            CHAIN[0],
            Derivation("work", "painter", 0.0),
            Derivation("sale", "work", 0.9),
            Derivation("sale", "photos", 0.1),
        ),
    )
    assert exact.problems() == []


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        (Provenance((*GRAPH.nodes, node("work", "output")), CHAIN), 'two nodes are called "work"'),
        (with_(edges=(Derivation("work", "nobody"),)), '"nobody" is part of an edge, but no node'),
        (
            with_(edges=(Derivation("work", "photos", 1.5),)),
            '"work" owes "photos" 1.5: a royalty is a share, 0 <= royalty <= 1',
        ),
    ],
)
def test_what_cannot_be_read_is_told(graph: Provenance, told: str) -> None:
    assert graph.problems() == [told]
