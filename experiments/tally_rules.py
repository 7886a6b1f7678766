"""The ways to count a vote that `subnetlab tally` knows: what each needs and what it answers."""

from typing import Literal, NamedTuple, TypeAlias

from experiments import tally_parameters as _votes
from experiments import tally_parameters_botto as _botto
from experiments.wording import aligned

__all__ = ["ALIASES", "RULES", "Ballot", "Rule", "rules_text"]

Ballot: TypeAlias = Literal["none", "choice", "votes", "reports"]


class Rule(NamedTuple):
    """One way to count.

    Attributes:
        parameters: its parameters, a dataclass.
        ballot: what it reads of each voter: one choice, signed votes by option, a list of reports, or no voters at all.
        weight: the number that each voter must have, None for none.
        whole: whether these are whole tokens, settled to the unit.
        needs: what the file must hold, in words.
        answers: what comes out, in words.
        options: the only options there are, for a vote that is no free choice.
    """

    parameters: type
    ballot: Ballot
    weight: str | None
    needs: str
    answers: str
    whole: bool = False
    options: tuple[str, ...] = ()


RULES = {
    "botto_round": Rule(_botto.BottoRound, "votes", "stake", "voters with stake and votes; valuations_eth",
                        "net votes, sale, split of the revenue, rewards"),
    "botto_points": Rule(_botto.BottoPoints, "none", None, "stake, days, lp_tokens",
                         "voting points of a wallet under the three rules that were in force"),
    "split_gain": Rule(_botto.SplitGain, "none", None, "stake, wallets",
                       "what an owner of many wallets gains in points under the three rules"),
    "burn": Rule(_botto.BottoBurn, "none", None, "net_revenue_eth, burn_share",
                 "burning out of the treasury against buying back in the pool"),
    "token_weighted": Rule(_votes.TokenWeighted, "choice", "stake", "voters with stake and choice",
                           "stake of each option, quorum and approval"),
    "quadratic": Rule(_votes.Quadratic, "votes", "credits", "voters with credits and choice or votes",
                      "votes as square roots against credits, and what splitting over wallets does"),
    "quadratic_funding": Rule(_votes.QuadraticFunding, "votes", "credits",
                              "voters with credits and choice or votes; pool",
                              "how the pool is matched, with and without a bound on pairs"),
    "conviction": Rule(_votes.Conviction, "none", None, "stake, total_staked, token_supply, funds, requested",
                       "threshold, conviction over time, when a request passes"),
    "time_locked": Rule(_votes.TimeLocked, "choice", "stake", "voters with stake, lock_end and choice",
                        "stake weighed by how long it stays locked"),
    "approval": Rule(_votes.Approval, "votes", "stake", "voters with stake and votes, of which the sign counts",
                     "stake in favour less stake against, by option"),
    "registry": Rule(_votes.Registry, "choice", "stake", "voters with stake and choice: for, against or null; deposit",
                     "whether an entry is listed, and who gets the two deposits", True, ("for", "against")),
    "bonding_curve": Rule(_votes.BondingCurve, "none", None, "trades, in their order",
                          "cost of each trade, supply, price and reserve after it"),
    "kleros": Rule(_votes.Kleros, "none", None, "rounds of votes, min_stake, alpha_bp",
                   "ruling, and what each vote wins or loses in each round", True),
    "uma": Rule(_votes.Uma, "choice", "stake", "voters with stake and choice; gat, spat_ppm",
                "whether the vote resolves, and what each voter gains or loses", True),
    "peer_prediction": Rule(_votes.PeerPrediction, "reports", None, "voters with reports, one per item or null",
                            "pay for agreement and for correlated agreement"),
    "flip_cost": Rule(_votes.FlipCost, "choice", "stake", "tally, or voters with stake and choice; prices",
                      "what turning the vote costs, bought and bribed"),
}  # fmt: skip
# Names under which the shared vectors know them.
ALIASES = {
    "botto_voting_points": "botto_points",
    "botto_burn": "burn",
    "botto_sybil_gain": "split_gain",
    "quadratic_vote": "quadratic",
    "conviction_vote": "conviction",
    "kleros_dispute": "kleros",
    "uma_vote": "uma",
}


def rules_text() -> str:
    """Return the rules as a table: what each needs in the file, and what it answers."""
    return aligned([("rule", "needs", "answers"), *((name, r.needs, r.answers) for name, r in RULES.items())])
