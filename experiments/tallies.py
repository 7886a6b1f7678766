"""`subnetlab tally`: a vote counted under any rule of the family."""

from collections.abc import Callable

from experiments import tally_botto, tally_games, tally_markets, tally_votes
from experiments.ballots import Ballots
from experiments.errors import UserError
from experiments.parameters import Refused
from experiments.tally_result import Tally

__all__ = ["TALLIES", "tally"]

TALLIES: dict[str, Callable[[Ballots], Tally]] = {
    "botto_round": tally_botto.botto_round,
    "botto_points": tally_botto.botto_points,
    "split_gain": tally_botto.split_gain,
    "burn": tally_botto.burn,
    "token_weighted": tally_votes.token_weighted,
    "quadratic": tally_votes.quadratic,
    "quadratic_funding": tally_votes.quadratic_funding,
    "conviction": tally_markets.conviction,
    "time_locked": tally_votes.time_locked,
    "approval": tally_votes.approval,
    "registry": tally_games.registry,
    "bonding_curve": tally_markets.bonding_curve,
    "kleros": tally_games.kleros,
    "uma": tally_games.uma,
    "peer_prediction": tally_games.peer_prediction,
    "flip_cost": tally_markets.flip_cost,
}


def tally(ballots: Ballots, source: str) -> Tally:
    """Return what comes out of ballots under their rule; needs 64 bits.

    Raises:
        UserError: they make no sense under this rule; `source` names the file.
    """
    try:
        found = TALLIES[ballots.rule](ballots)
    except Refused as refused:
        raise UserError(f"{source}: {refused}") from refused
    return found._replace(result={"rule": ballots.rule, **found.result})
