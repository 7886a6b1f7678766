"""The colours and names of parties: the same in every figure of a report."""

from dataclasses import dataclass

from experiments.party_values import Party
from experiments.plots_lines import Stroke

__all__ = ["Parties"]

# Blues for honest parties, reds and oranges for adversaries; neighbours differ in lightness as well as in hue.
HONEST_COLOURS = ("#0072B2", "#56B4E9", "#1B3A6B", "#9FC5E8")
ADVERSARY_COLOURS = ("#D55E00", "#E69F00", "#8C1C13", "#F2A48C", "#B0722B")
DASHES = ("solid", "dash", "dot")
BOTH = {"miner": "miners", "validator": "validators"}


@dataclass(frozen=True)
class Parties:
    """All parties of a run, in the order that fixes their colours."""

    members: tuple[Party, ...]

    def of_role(self, role: str) -> list[Party]:
        """Return the parties of a role."""
        return [party for party in self.members if party.role == role]

    def colour(self, party: Party) -> str:
        """Return the party's colour; a party that is miner and validator has one colour."""
        position, palette = self._place(party)
        return palette[position % len(palette)]

    def stroke(self, party: Party) -> Stroke:
        """Return the party's line; from the first repeated colour on, dashes tell parties apart."""
        position, palette = self._place(party)
        return Stroke(self.name(party), self.colour(party), DASHES[position // len(palette) % len(DASHES)])

    def name(self, party: Party) -> str:
        """Return the party's name, with its role where the name alone does not say it."""
        twice = sum(other.name == party.name for other in self.members) > 1
        return f"{party.name} {BOTH[party.role]}" if twice or party.name == "honest" else party.name

    def _place(self, party: Party) -> tuple[int, tuple[str, ...]]:
        names = dict.fromkeys(other.name for other in self.members if other.adversary == party.adversary)
        return list(names).index(party.name), ADVERSARY_COLOURS if party.adversary else HONEST_COLOURS
