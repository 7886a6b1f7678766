"""`subnetlab tally`: the shared examples, an example by hand for every rule, messages, and damaged files."""

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.ballot_file import parse_ballots
from experiments.cli import main
from experiments.errors import UserError
from experiments.tallies import TALLIES
from experiments.tally_rules import RULES
from tests.experiments.test_fuzz import damaged, damaged_text, outcome, places, tried

VECTORS = Path(__file__).parents[1] / "reference" / "vectors"
FILES = [json.loads((VECTORS / name).read_text(encoding="utf-8")) for name in ("botto.json", "curation_voting.json")]
CASES = [case | {"rtol": file["rtol"], "atol": file["atol"]} for file in FILES for case in file["cases"]]
WEEK, YEAR = 604_800, 52 * 604_800
VOTERS = [
    {"id": "ann", "stake": 9, "credits": 9, "votes": {"x": 9}},
    {"id": "bob", "stake": 4, "credits": 16, "wallets": 4, "votes": {"x": -4, "y": 4}},
    {"id": "cy", "stake": 2, "credits": 4, "choice": "y"},
    {"id": "dee", "stake": 5, "credits": 9, "choice": None},
]


def counted(data: Any, capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    path = folder / "ballots.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert main(["tally", str(path), *more, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def tallied(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Count ballots through the command line."""
    return lambda data, *more: counted(data, capsys, tmp_path, *more)


def agrees(found: Any, expected: Any, rtol: float, atol: float) -> bool:
    """Tell whether all that is expected was found, numbers within the tolerance."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(agrees(found.get(k), v, rtol, atol) for k, v in expected.items())
    if isinstance(expected, list):
        both = isinstance(found, list) and len(found) == len(expected)
        return both and all(agrees(f, e, rtol, atol) for f, e in zip(found, expected, strict=True))
    if isinstance(expected, float):
        return isinstance(found, float | int) and math.isclose(found, expected, rel_tol=rtol, abs_tol=atol)
    return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize("form", ["case", "inputs"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_shared_example_gives_what_it_expects(case: dict[str, Any], form: str, tallied: Any) -> None:
    found = tallied(case) if form == "case" else tallied(case["inputs"], "--rule", case["rule"])
    assert agrees(found, case["expected"], case["rtol"], case["atol"]), found


def test_tables_name_voters_options_and_what_a_result_is_worth(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for case in CASES:
        path = tmp_path / "case.json"
        path.write_text(json.dumps(case), encoding="utf-8")
        assert main(["tally", str(path)]) == 0
        assert main(["tally", str(path), "--json", str(tmp_path / "out.json")]) == 0
        assert capsys.readouterr().out
        assert agrees(json.loads((tmp_path / "out.json").read_text()), case["expected"], case["rtol"], case["atol"])


def test_every_rule_is_listed_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tally", "--rules"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert listed == list(RULES) == list(TALLIES)


def test_stake_is_counted_with_quorum_and_approval(tallied: Any) -> None:
    found = tallied({"rule": "token_weighted", "voters": VOTERS})
    assert (found["tally"], found["winner"], found["turnout"]) == ({"x": 9, "y": 6}, "x", 0.75)
    assert found["flip"] | {"votes_to_buy": 4, "votes_to_bribe": 2, "runner_up": "y"} == found["flip"]
    assert found["concentration"]["nakamoto"] == 1
    assert tallied({"rule": "token_weighted", "voters": VOTERS}, "--set", "quorum=0.8")["winner"] is None
    assert tallied({"rule": "token_weighted", "voters": VOTERS}, "--set", "approval=0.61")["accepted"] is False


def test_credits_buy_their_square_root_for_or_against(tallied: Any) -> None:
    """Bob's 4 credits over 4 wallets are 4 votes each way; the example has ann 3 for x and cy 2 for y."""
    found = tallied({"rule": "quadratic", "voters": VOTERS})
    assert (found["linear"], found["quadratic"]) == ({"x": 5, "y": 8}, {"x": -1, "y": 6})
    assert found["flip"]["credits_to_buy_in_one_wallet"] == 64
    split = tallied({"rule": "quadratic", "voters": VOTERS, "sybil_voter": "ann", "sybil_wallets": 9})
    assert split["quadratic_after_split"] == {"x": 5, "y": 6}


def test_matches_sum_to_the_pool_with_and_without_a_bound(tallied: Any) -> None:
    """Two who give 4 and 9 to x: (2 + 3)² − 13 = 12; two who give 1 each to y: 2; one alone has none."""
    voters = [{"votes": {"x": 4, "y": 1}}, {"votes": {"x": 9, "y": 1}}, {"votes": {"z": 100}}]
    found = tallied({"rule": "quadratic_funding", "voters": voters, "pool": 70, "pairwise_bound": 7})
    assert found["weight"] == {"x": 12, "y": 2, "z": 0}
    assert found["match"] == {"x": 60, "y": 10, "z": 0}
    assert found["bounded_weight"] == pytest.approx({"x": 6, "y": 1, "z": 0})  # 7 / (7 + 6 + 1) = 1 / 2
    assert sum(found["bounded_match"].values()) == pytest.approx(70)
    alone = tallied({"rule": "quadratic_funding", "voters": [voters[2]], "pool": 70})
    assert (alone["winner"], alone["undistributed"], alone["match"]) == (None, 70, {"z": 0})


def test_a_request_beyond_the_largest_share_never_passes(tallied: Any) -> None:
    terms = {"stake": 300, "total_staked": 1000, "token_supply": 10_000, "funds": 1000, "requested": 200}
    found = tallied({"rule": "conviction", **terms, "alpha": 0.5, "blocks": [1, 2]})
    assert (found["threshold"], found["passes_after_blocks"]) == (None, None)
    assert (found["conviction"], found["half_life_blocks"]) == ([300, 450], 1)


def test_locked_stake_fades(tallied: Any) -> None:
    voters = [
        {"stake": 10, "lock_end": YEAR, "choice": "x"},
        {"stake": 30, "lock_end": YEAR / 2, "choice": "y"},
        {"stake": 99, "choice": "y"},
    ]
    found = tallied({"rule": "time_locked", "voters": voters, "longest_lock_days": 364})
    assert (found["tally"], found["winner"]) == (pytest.approx({"x": 10, "y": 15}), "y")
    later = tallied({"rule": "time_locked", "voters": voters, "longest_lock_days": 364, "now": 26 * WEEK})
    assert (later["tally"], later["winner"]) == (pytest.approx({"x": 5, "y": 0}), "x")


def test_approval_counts_signs(tallied: Any) -> None:
    found = tallied({"rule": "approval", "voters": VOTERS})
    assert (found["tally"], found["winner"]) == ({"x": 5, "y": 6}, "y")
    assert tallied({"rule": "approval", "voters": VOTERS, "quorum": 0.6})["winner"] == "x"
    assert tallied({"rule": "approval", "voters": VOTERS, "approval": 0.7})["accepted"] == {"x": False, "y": True}


def test_a_challenge_pays_both_deposits_out(tallied: Any) -> None:
    tokens = {"stakes": [20, 10, 5, 99], "votes": [1, 1, 0, None]}
    found = tallied({"rule": "registry", "deposit": 1001, "winner_ppm": 300_000, **tokens})
    assert (found["listed"], found["applicant"], found["challenger"], found["dust"]) == (True, 1302, 0, 1)
    assert found["voters"] == {"0": 466, "1": 233, "2": 0, "3": 0}
    words = {"stakes": [20, 30], "choices": ["for", "against"]}
    assert tallied({"rule": "registry", "deposit": 10, **words})["voters"] == {"0": 0, "1": 10}


def test_trades_leave_the_area_under_the_curve(tallied: Any) -> None:
    trades = [{"trader": "a", "shares": 4}, {"pay": 12.75}, {"trader": "a", "shares": -3}]
    found = tallied({"rule": "bonding_curve", "trades": trades, "slope": 0.5})
    supply = math.sqrt(4 * 16.75)  # a reserve of s² / 4
    costs = [4, 12.75, (supply - 3) ** 2 / 4 - 16.75]
    assert [row["cost"] for row in found["trades"]] == pytest.approx(costs)
    assert found["reserve"] == pytest.approx(found["paid_in"])


def test_a_dispute_with_named_choices_and_nobody_in_the_last_round_is_tied(tallied: Any) -> None:
    terms = {"rule": "kleros", "min_stake": 1000, "alpha_bp": 5000, "fee_per_juror": 100}
    found = tallied({**terms, "rounds": [["yes", "no", "no"]]})
    assert (found["ruling"], found["rounds"][0]["token_delta"]) == ("no", [-500, 250, 250])
    tied = tallied({**terms, "rounds": [[None, None, None]]})
    assert (tied["ruling"], tied["tied"], tied["rounds"][0]["governor_tokens"]) == (None, True, 1500)


def test_an_oracle_rolls_below_its_thresholds(tallied: Any) -> None:
    voters = [{"stake": 60, "choice": "yes"}, {"stake": 60, "choice": None}]
    found = tallied({"rule": "uma", "voters": voters, "gat": 10, "spat_ppm": 500_000})
    assert (found["resolved"], found["mode"], found["delta"]) == (False, None, [0, 0])


def test_reports_are_paid_for_rare_agreement_and_nothing_for_constant_ones(tallied: Any) -> None:
    """f(a) = 5/8: ann and bob agree on a and on b; ann's a for sure agrees with chance."""
    voters = [{"id": "ann", "reports": ["a", "b"]}, {"id": "bob", "reports": ["a", "b"]}]
    voters += [{"id": "cy", "reports": ["a", "a"]}, {"id": "dee", "reports": ["a", None]}]
    found = tallied({"rule": "peer_prediction", "voters": voters})
    assert found["frequency"] == pytest.approx({"a": 5 / 7, "b": 2 / 7})
    assert found["agreement_pay"]["ann"] == pytest.approx(((7 / 5 + 7 / 2) / 2 + 7 / 10 + 7 / 5) / 3)
    assert found["correlated_pay"]["cy"] == pytest.approx(0)
    assert found["correlated_pay"]["ann"] == pytest.approx((7 / 5 + 7 / 2) / 4)
    assert found["correlated_pay"]["dee"] is None


def test_the_cost_of_a_turn_is_also_that_of_voters(tallied: Any) -> None:
    found = tallied({"rule": "flip_cost", "voters": VOTERS, "price_per_vote": 2, "bribe_per_vote": 1})
    assert (found["leader"], found["votes_to_buy"], found["buy_cost"], found["bribe_cost"]) == ("x", 4, 8, 2)


def test_a_round_follows_a_rule_of_the_past_and_pays_nobody_where_nothing_sold(tallied: Any) -> None:
    voters = [
        {"id": "a", "stake": 200, "votes": {"1": 5, "10": 5, "9": 5}},
        {"id": "b", "stake": 0, "votes": {"9": -5}},
    ]
    found = tallied({"rule": "botto_round", "voters": voters, "valuations_eth": [3, 2], "preset": "bip_14"})
    assert (found["winner"], found["hammer_eth"]) == ("1", 2)
    assert found["parts_eth"] == pytest.approx({"active": 0.425, "retroactive": 0.425, "treasury": 0.85})
    assert found["active_rewards_eth"] == {"a": 0.425}
    unsold = tallied({"rule": "botto_round", "voters": voters, "valuations_eth": [3], "reserve_eth": 4})
    assert (unsold["sold"], sum(unsold["parts_eth"].values())) == (False, 0)
    own = tallied({"rule": "botto_round", "voters": voters, "valuations_eth": [3, 2]}, "--set", "shares.active=0.5")
    assert own["parts_eth"] == {"active": 0.85, "treasury": 0.85}


def test_points_splits_and_burns_have_parameters_alone(tallied: Any) -> None:
    points = tallied({"rule": "botto_points", "stake": 10, "days": 1, "lp_tokens": 1}, "--set", "signed_up=true")
    assert (points["launch_rule"], points["per_round_rule"]) == (50, 10 + 200 + 350 + 200)
    assert tallied({"rule": "split_gain", "stake": 350, "wallets": 2})["per_round_rule_factor"] == 1.5
    terms = {"net_revenue_eth": 1, "pool_eth": 1, "pool_botto": 100, "treasury_botto": 20, "supply_botto": 1000}
    burned = tallied({"rule": "burn", **terms}, "--set", "fee=0")
    assert burned["burned_botto"] == 50
    assert burned["treasury_burn"]["treasury_botto"] == 0
    assert burned["buyback_burn"]["pool_eth"] == 2


def test_one_file_is_counted_under_several_rules_and_what_one_does_not_use_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"voters": VOTERS, "parameters": {"quorum": 0.1, "pool": 5}}), encoding="utf-8")
    winners = {}
    for rule in ("token_weighted", "quadratic", "approval", "quadratic_funding"):
        assert main(["tally", str(path), "--rule", rule]) == 0
        winners[rule] = "x wins" if "x wins" in (printed := capsys.readouterr().out) else "y wins"
        assert ("not used" in printed) is True
    assert winners == dict.fromkeys(winners, "y wins") | {"token_weighted": "x wins"}


def voter(**changed: Any) -> dict[str, Any]:
    return {"rule": "token_weighted", "voters": [{"id": "a", "stake": 1, "choice": "x"} | changed]}


UMA = {"rule": "uma", "gat": 1, "spat_ppm": 1}
WRONG: dict[str, tuple[Any, str]] = {
    "rule": (voter() | {"rule": "quadratc"},
             'rule = "quadratc" is no rule; did you mean "quadratic"? found: botto_round'),
    "no rule": ({"voters": []}, 'says no rule; add --rule NAME or "rule": NAME, one of: '),
    "rule type": ({"rule": 3}, "rule = 3 is not the name of a rule"),
    "no voters": ({"rule": "approval"}, 'voters is missing; write "voters": [{'),
    "voters type": ({"rule": "approval", "voters": 3}, "voters = 3 is not a list of voters; approval needs: "),
    "nobody": ({"rule": "approval", "voters": []}, "voters holds 0 voters; a vote takes 1 to 100,000"),
    "voter type": ({"rule": "approval", "voters": [3]}, "voters[0] = 3 is not an object such as "),
    "missing stake": ({"rule": "approval", "voters": [{"choice": "x"}]},
                      "voters[0].stake is missing, which the rule needs"),
    "missing choice": ({"rule": "uma", "gat": 1, "spat_ppm": 1, "voters": [{"stake": 1}]},
                       'voters[0].choice is missing; if it is absent, write "choice": null'),
    "text": (voter(stake="5"), 'voters[0].stake = "5" is text, not a number: tokens, 0 <= stake <= 1e15'),
    "negative": (voter(stake=-5), "voters[0].stake = -5 is out of range: tokens, 0 <= stake <= 1e15"),
    "huge": (voter(stake=10**400), "voters[0].stake = a whole number of some 400 digits is not a finite number"),
    "large": (voter(stake=1e16), "voters[0].stake = 1e+16 is out of range"),
    "key": (voter(stak=5), 'voters[0] has no "stak"; did you mean "stake"? a voter takes: id, choice'),
    "choice type": (voter(choice=1.5), "voters[0].choice = 1.5 is not a name: write text, or a whole number"),
    "choice and votes": (voter(votes={"x": 1}), "voters[0] has both a choice and votes; give one of them"),
    "votes type": (voter(choice=None, votes=[1]), "voters[0].votes = [1] is not an object such as"),
    "vote type": (voter(choice=None, votes={"x": "1"}), 'voters[0].votes.x = "1" is not a number, above 0 in favour'),
    "vote size": (voter(choice=None, votes={"x": 1e300}),
                  "voters[0].votes.x = 1e+300 is out of range: -1e+15 to 1e+15"),
    "unprintable": (voter(id="a\nb"), 'voters[0].id = "a\\nb" is no name'),
    "option": (voter() | {"options": ["y", "xx"]},
               '"x", the choice of a, is no option; did you mean "xx"? found: y, xx'),
    "options": (voter() | {"options": "x"}, 'options = "x" is not a list of names'),
    "options twice": (voter() | {"options": ["x", "x"]}, "options names one option twice"),
    "twice": ({"rule": "approval", "voters": [{"id": 1, "stake": 1, "choice": "x"},
              {"id": "1", "stake": 2, "choice": "x"}]},
              'voters[1].id = "1" is that of voters[0], too'),
    "parameter": (voter() | {"quorun": 1}, 'ballots have no "quorun"; did you mean "quorum"? they take: rule, options'),
    "in block": (voter() | {"parameters": {"quorun": 1}},
                 'parameters have no "quorun"; did you mean "quorum"? the rule takes'),
    "block": (voter() | {"parameters": [1]}, "parameters = [1] is not an object of parameters by name"),
    "given twice": (voter() | {"quorum": 0, "parameters": {"quorum": 0}}, "quorum is given twice"),
    "range": (voter() | {"quorum": 2},
              "quorum = 2 is out of range: share of all stake that must vote, 0 <= quorum <= 1"),
    "needed": (UMA | voter() | {"rule": "quadratic_funding"}, "pool is missing, which quadratic_funding needs: "),
    "columns": (UMA | {"stakes": [1, 2], "votes": ["x"]},
                "votes has 1 entries, stakes has 2; each voter has one in both"),
    "column": (UMA | {"stakes": 3, "votes": ["x"]}, "stakes = 3 is not a list with an entry for each voter"),
    "both forms": (voter() | {"stakes": [1]}, "voters and stakes are both given"),
    "whole": (UMA | {"stakes": [1.5], "votes": ["x"]}, "voters[0].stake = 1.5 is not a whole number; the rule settles"),
    "too much": (UMA | {"stakes": [1e15] * 1200, "votes": ["x"] * 1200}, "the stakes of all voters sum to more than"),
    "for or against": ({"rule": "registry", "deposit": 1, "stakes": [1], "choices": ["fo"]},
                       '"fo", the choice of 0, is no option; did you mean "for"? found: for, against'),
    "jurors": ({"rule": "kleros", "rounds": [[1, 1.5]], "min_stake": 1, "alpha_bp": 1},
               "rounds[0][1] = 1.5 is not allowed"),
    "rounds": ({"rule": "kleros", "rounds": [], "min_stake": 1, "alpha_bp": 1}, "rounds = [] is not allowed"),
    "trade": ({"rule": "bonding_curve", "trades": [{"shares": 1, "pay": 1}]}, "trades[0] needs either shares"),
    "trade key": ({"rule": "bonding_curve", "trades": [{"share": 1}]}, "trades[0].share = 1 is not allowed"),
    "sold": ({"rule": "bonding_curve", "trades": [{"shares": 1}, {"shares": -2}]},
             "trades[1].shares = -2 sells more than the 1"),
    "endless": ({"rule": "bonding_curve", "trades": [{"shares": 1e15}], "exponent": 10, "supply": 1e15, "slope": 1e9},
                None),
    "budget": ({"rule": "quadratic", "voters": [{"id": "a", "credits": 5, "votes": {"x": 3, "y": -3}}]},
               "voters[0].votes put 6 on options, but a has 5 credits"),
    "sybil": ({"rule": "quadratic", "sybil_voter": 7, "credits": [1], "choices": ["x"]},
              "sybil_voter = 7 is none of the voters"),
    "shares": ({"rule": "botto_round", "voters": [], "valuations_eth": [1], "shares": {"actve": 1}}, "shares"),
    "one option": ({"rule": "flip_cost", "tally": {"x": 1}}, "tally = {\"x\": 1} is not allowed"),
    "nothing to turn": (voter() | {"rule": "flip_cost"}, "has votes for fewer than two options"),
    "conviction": ({"rule": "conviction", "stake": 9, "total_staked": 3, "token_supply": 9, "funds": 1, "requested": 1},
                   "stake = 9, total_staked = 3, token_supply = 9 must not fall"),
    "reports": ({"rule": "peer_prediction", "voters": [{"reports": ["a"]}, {"reports": []}]},
                "voters[1].reports has 0 entries, voters[0].reports has 1; one per item"),
    "one reporter": ({"rule": "peer_prediction", "voters": [{"reports": ["a"]}]}, "has 1 voter with 1 report; peer"),
    "no reports": ({"rule": "peer_prediction", "reports": [[None], [None]]}, "voters report nothing"),
    "supply": ({"rule": "burn", "net_revenue_eth": 1, "supply_botto": 5}, "are more than supply_botto = 5"),
    "split": ({"rule": "split_gain", "stake": 0.01, "wallets": 2}, "stake = 0.01 is too little"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, said = WRONG[name]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    if said is None:
        assert main(["tally", str(path)]) == 0
        return
    assert main(["tally", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"{path}: ")
    assert said in printed.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; it takes an object such as"),
        ("[1]", "holds [1], not an object such as"),
        ('{"a": \n 1,}', "line 2, column"),
        ('{"rule": "uma", "gat": NaN}', "NaN is not a number that JSON knows"),
        ('{"rule": "uma", "rule": "burn"}', '"rule" is given twice in one object'),
        ('{"rule": "uma", "gat": 1e999}', "gat = Infinity is not a finite number"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_said(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    assert main(["tally", str(path)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "tally: give a file of ballots, or --rules for a list of the rules"),
        (["no.json"], "no.json: no such file"),
        (["x.json", "--rule", "klros"], 'tally: --rule "klros" is no rule; did you mean "kleros"? found: botto_round'),
        (["x.json", "--set", "quorum"], "--set quorum: write KEY=VALUE, such as --set quorum=0.2"),
        (["x.json", "--set", "pool=1"], '--set pool=1: parameters have no "pool"'),
        (["x.json", "--set", "quorum=[1"], "--set quorum=[1: line 1"),
        (["x.json", "--set", "quorum=.nan"], "x.json: quorum = NaN is not a finite number"),
        (["x.json", "--json", "no/where.json"], "no/where.json: No such file or directory"),
    ],
)
def test_bad_calls_end_with_a_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.json").write_text(json.dumps(voter()), encoding="utf-8")
    assert main(["tally", *arguments]) == 2
    assert capsys.readouterr().err.startswith(said)


ALL = [{"rule": case["rule"], **case["inputs"]} for case in CASES] + [
    {"rule": rule, "voters": VOTERS, "parameters": {"pool": 5}}
    for rule in ("token_weighted", "approval", "time_locked", "quadratic_funding", "flip_cost")
]
ALL += [
    {"rule": "registry", "deposit": 5, "stakes": [1, 2], "votes": [1, 0]},
    {"rule": "bonding_curve", "trades": [{"shares": 5, "trader": "a"}, {"pay": 3}], "exponent": 2},
    {"rule": "peer_prediction", "voters": [{"id": 1, "reports": ["a", None]}, {"id": 2, "reports": ["a", "b"]}]},
]


@tried(300)
@given(data=st.sampled_from(ALL).flatmap(damaged))
def test_damaged_ballots_are_told_or_read(data: Any) -> None:
    outcome(lambda: parse_ballots(json.dumps(data, default=str), "x.json"), "x.json")


@st.composite
def extreme(draw: st.DrawFn, original: Any) -> Any:
    """Draw a copy in which some numbers are others, from nothing to the largest."""
    data = copy.deepcopy(original)
    numbers = [(c, k) for c, k in places(data) if isinstance(c[k], int | float) and not isinstance(c[k], bool)]
    for container, key in draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=4)) if numbers else []:
        container[key] = draw(st.sampled_from([0, 1, 2, 3, 0.5, 1e-9, 0.999, 1e6, 10**9, 10**15, 1e15, -1, -0.5]))
    return data


@tried(60)
@given(data=st.sampled_from(ALL).flatmap(extreme))
def test_ballots_of_extreme_numbers_are_told_or_counted(
    data: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data, default=str), encoding="utf-8")
    status = main(["tally", str(path), "--json", "-"])
    printed = capsys.readouterr()
    assert status in (0, 2)
    assert (status == 0) == bool(printed.out)
    if status == 0:
        json.loads(printed.out)


@tried(60)
@given(content=damaged_text([json.dumps(data) for data in ALL]))
def test_ballots_of_damaged_text_are_told_or_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with_rule = ["tally", str(path), "--rule", "quadratic"]
    assert main(with_rule) in (0, 2)


def test_a_refusal_names_the_text_it_is_about() -> None:
    with pytest.raises(UserError, match=r"^mine: says no rule"):
        parse_ballots("{}", "mine")
