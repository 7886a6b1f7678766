"""Where a sale comes from: a graph of data, models, outputs and sales, its checks, and who is owed what."""

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Literal, TypeAlias

__all__ = ["Derivation", "Kind", "Node", "Provenance", "Terms", "fingerprint"]

Kind: TypeAlias = Literal["dataset", "model", "output", "sale"]
Terms: TypeAlias = Literal["licence", "commercial", "non_commercial"]

_ROUNDING = 1e-12
# What a node must come from, directly or by way of others: a fine-tuned model may have its data from its parent.
_ORIGIN: dict[Kind, Kind] = {"model": "dataset", "output": "model", "sale": "output"}


@dataclasses.dataclass(frozen=True)
class Node:
    """A thing with an owner: `hash` names its content, `commercial` says whether its licence allows commercial use."""

    name: str
    kind: Kind
    owner: str
    hash: str
    licence: str = ""
    commercial: bool = True


@dataclasses.dataclass(frozen=True)
class Derivation:
    """An edge: `derived` was made from `source`, to which it owes a `royalty` share of what it earns.

    `terms` say on which condition: those of the source's own licence, or a permission of its own, for any use or for
    non-commercial use only.
    """

    derived: str
    source: str
    royalty: float = 0.0
    terms: Terms = "licence"


def fingerprint(content: bytes) -> str:
    """Return the SHA-256 of some content, by which a node names it."""
    return hashlib.sha256(content).hexdigest()


@dataclasses.dataclass(frozen=True)
class Provenance:
    """A graph of nodes, by name, and of what was derived from what.

    Source: specification of ledger and costs, section 2. Conditions are reduced to whether commercial use is allowed.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Derivation, ...] = ()

    def problems(self) -> list[str]:
        """Return what is wrong with the graph, one sentence each; nothing if all is well.

        Names that stand for none or for two, royalties outside [0, 1], circles, origins that are not known, sales that
        a licence forbids, and sales that owe more than their price. Later checks need earlier ones to pass.
        """
        found = [*self._wrong_names(), *self._wrong_royalties()] or [*self._circles()]
        return found or [*self._without_origin(), *self._forbidden(), *self._owing_too_much()]

    def ancestors(self, name: str) -> set[str]:
        """Return all that `name` was derived from, directly or not."""
        return {node for node, _ in self._upwards(name)}

    def blocked_by(self, name: str) -> list[str]:
        """Return the sources whose terms forbid that `name` be sold, in the order of their names."""
        above = self.ancestors(name) | {name}
        return sorted({e.source for e in self.edges if e.derived in above and not self._allows_sale(e)})

    def unverified(self, contents: Mapping[str, bytes]) -> set[str]:
        """Return the nodes whose content, given by name, does not have the hash that the graph names."""
        by_name = self._by_name
        return {name for name, content in contents.items() if by_name[name].hash != fingerprint(content)}

    def shares(self, name: str) -> dict[str, float]:
        """Return rho_k of each ancestor k of `name`: the sum over all paths of the product of the edges' royalties.

        Ancestors come in the order of their names; those who are owed nothing are among them.

        Raises:
            ValueError: the graph has a circle, in which no order can be found.
        """
        owed: defaultdict[str, float] = defaultdict(float, {name: 1.0})
        for node in reversed(self._sources_first()):
            for edge in self.edges:
                if edge.derived == node:
                    owed[edge.source] += owed[node] * edge.royalty
        return {node: owed[node] for node in sorted(self.ancestors(name))}

    @property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def _sources_of(self, name: str) -> set[str]:
        return {edge.source for edge in self.edges if edge.derived == name}

    def _upwards(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield each ancestor once, with one of those that were made from it."""
        seen: set[str] = set()
        waiting = [(source, name) for source in self._sources_of(name)]
        while waiting:
            node, below = waiting.pop()
            if node not in seen:
                seen.add(node)
                yield node, below
                waiting += [(source, node) for source in self._sources_of(node)]

    def _sources_first(self) -> list[str]:
        order = TopologicalSorter({node.name: self._sources_of(node.name) for node in self.nodes})
        try:
            return list(order.static_order())
        except CycleError as error:
            raise ValueError(f"these are derived from one another: {', '.join(sorted(set(error.args[1])))}") from error

    def _allows_sale(self, edge: Derivation) -> bool:
        return self._by_name[edge.source].commercial if edge.terms == "licence" else edge.terms == "commercial"

    def _wrong_names(self) -> Iterator[str]:
        names = [node.name for node in self.nodes]
        yield from (f'two nodes are called "{name}"' for name in sorted({n for n in names if names.count(n) > 1}))
        used = {end for edge in self.edges for end in (edge.derived, edge.source)}
        yield from (f'"{name}" is part of an edge, but no node' for name in sorted(used - set(names)))

    def _wrong_royalties(self) -> Iterator[str]:
        for edge in self.edges:
            if not 0 <= edge.royalty <= 1:
                yield f'"{edge.derived}" owes "{edge.source}" {edge.royalty}: a royalty is a share, 0 <= royalty <= 1'

    def _circles(self) -> Iterator[str]:
        try:
            self._sources_first()
        except ValueError as error:
            yield str(error)

    def _without_origin(self) -> Iterator[str]:
        by_name = self._by_name
        for node in self.nodes:
            needed = _ORIGIN.get(node.kind)
            if needed and needed not in {by_name[above].kind for above in self.ancestors(node.name)}:
                yield f'the {node.kind} "{node.name}" comes from no {needed}'

    def _forbidden(self) -> Iterator[str]:
        for node in self.nodes:
            if node.kind == "sale" and (by := self.blocked_by(node.name)):
                yield f'the sale "{node.name}" is forbidden by the terms of {", ".join(by)}'

    def _owing_too_much(self) -> Iterator[str]:
        for node in self.nodes:
            if node.kind == "sale" and (total := sum(self.shares(node.name).values())) > 1 + _ROUNDING:
                yield f'the sale "{node.name}" owes {total:g} of its price to those before it; 1 is all there is'
