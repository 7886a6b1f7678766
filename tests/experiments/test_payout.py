"""`subnetlab payout`: worked examples, recorded scores, and what it says when something is wrong."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from experiments.cli import main
from experiments.errors import UserError
from experiments.payouts import BY_ROUND, Terms, preset_named, read_payouts, rules_table, stand_ins, totals


def table(folder: Path, text: str) -> Path:
    path = folder / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return path


def payouts(path: Path, **terms: object) -> list[float]:
    return read_payouts(path, Terms(**terms))["payout"].to_list()  # type: ignore[arg-type]


def test_a_stake_earns_its_weighted_scores_within_the_cap(tmp_path: Path) -> None:
    """100 NMR under 0.75 CORR + 2.25 MMC, at most 5 % either way; a score that is missing pays nothing."""
    path = table(tmp_path, "corr,mmc\n0.02,0.01\n0.1,0.05\n-0.1,-0.05\n0.02,\n")
    np.testing.assert_allclose(payouts(path), [3.75, 5, -5, 0], rtol=1e-12)
    np.testing.assert_allclose(payouts(path, rule="corr_mmc_2024"), [3, 5, -5, 0], rtol=1e-12)


def test_the_payout_factor_comes_from_the_stake_at_risk(tmp_path: Path) -> None:
    path = table(tmp_path, "corr,mmc\n0.02,0.01\n")
    np.testing.assert_allclose(payouts(path, at_risk_nmr=144_000.0), [3.75 / 2])
    np.testing.assert_allclose(payouts(path, at_risk_nmr=72_000.0), [3.75])
    np.testing.assert_allclose(payouts(path, factor=0.1), [0.375])


def test_what_the_table_says_wins(tmp_path: Path) -> None:
    path = table(tmp_path, "corr,mmc,stake,payout_factor\n0.02,0.01,10,0.5\n0.02,0.01,0,1\n")
    np.testing.assert_allclose(payouts(path, stake_nmr=7.0, factor=0.2), [0.1875, 0])


def test_rounds_are_paid_by_the_rule_of_their_day(tmp_path: Path) -> None:
    path = table(tmp_path, "round,corr,mmc,tc\n230,0.02,0.01,9\n600,0.01,9,0.01\n900,0.02,0.01,9\n")
    paid = read_payouts(path, Terms(rule=BY_ROUND))
    assert paid["rule"].to_list() == ["corr_mmc_2020_07", "corr_tc_2023_10", "corr_mmc_2024"]
    np.testing.assert_allclose(paid["payout"], [3, 3, 3], rtol=1e-12)


def test_one_score_may_stand_in_for_another(tmp_path: Path) -> None:
    path = table(tmp_path, "corr,mmc\n0.02,0.01\n")
    assert stand_ins(["tc=mmc"]) == {"tc": "mmc"}
    np.testing.assert_allclose(payouts(path, rule="corr_tc_2023_05", instead={"tc": "mmc"}), [3], rtol=1e-12)


def test_payouts_join_the_stake_when_their_round_resolves(tmp_path: Path) -> None:
    """1 % a round, resolved after 24 rounds: the first payout counts at the close of round 25, and so on."""
    rows = "".join(f"{number},a,0.01\n{number},b,-0.01\n" for number in range(1, 51))
    path = table(tmp_path, "round,model,mmc\n" + rows)
    paid = read_payouts(path, Terms(rule="crypto_2025"))
    found = {row["model"]: row for row in totals(paid, compounds=True).iter_rows(named=True)}
    stake = [100.0] * 24
    for number in range(24, 50):
        stake.append(stake[-1] + 0.01 * stake[number - 24])
    np.testing.assert_allclose(found["a"]["stake"], stake[-1], rtol=1e-12)
    np.testing.assert_allclose(found["a"]["net"], 0.01 * sum(stake), rtol=1e-12)
    assert found["b"]["stake"] < 80
    assert list(found) == ["a", "b"]


def test_a_round_without_a_submission_counts_all_the_same(tmp_path: Path) -> None:
    """The payout of round 1 joins the stake at the close of round 25, however many rounds between have a row."""
    path = table(tmp_path, "round,model,mmc\n1,round,0.01\n2,,0.01\n30,round,0.01\n")
    found = totals(read_payouts(path, Terms(rule="crypto_2025")), compounds=True)
    np.testing.assert_allclose(found.filter(pl.col("model") == "round")["stake"], [101], rtol=1e-12)
    np.testing.assert_allclose(found.filter(pl.col("model") == "round")["net"], [1 + 1.01], rtol=1e-12)
    assert found["model"].is_null().sum() == 1


def test_without_a_stake_there_is_no_return(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path, "round,corr,mmc\n1,0.02,0.01\n")
    for more in ([], ["--compound"]):
        assert main(["payout", str(path), "--stake", "0", "--json", *more]) == 0
        assert json.loads(capsys.readouterr().out)["models"][0]["return"] is None
        assert main(["payout", str(path), "--stake", "0", *more]) == 0
        assert "nan" not in capsys.readouterr().out


def test_totals_are_sums_best_first(tmp_path: Path) -> None:
    path = table(tmp_path, "round,model,corr,mmc\n1,bad,-0.02,0\n2,bad,0.01,0\n1,good,0.02,0\n2,good,0.02,0\n")
    found = totals(read_payouts(path, Terms()))
    assert found["model"].to_list() == ["good", "bad"]
    np.testing.assert_allclose(found["net"], [3, -0.75], rtol=1e-12)
    np.testing.assert_allclose(found["burned"], [0, 1.5], rtol=1e-12)
    np.testing.assert_allclose(found["return"], [0.03, -0.0075], rtol=1e-12)


def test_every_rule_that_pays_by_scores_is_listed_once() -> None:
    rules = rules_table()
    assert rules["rule"].is_unique().all()
    assert all(preset_named(name).name == name for name in rules["rule"])
    assert {"corr_mmc_2026", "signals_2025_09", "crypto_2025"} <= set(rules["rule"])


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = table(tmp_path, "model,corr,mmc\na,0.02,0.01\n"), tmp_path / "paid.parquet"
    assert main(["payout", str(path), "--stake", "10", "--factor", "0.5", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "+0.188" in printed
    assert "payout factor 0.5" in printed
    np.testing.assert_allclose(pl.read_parquet(out)["payout"], [0.1875])
    assert main(["payout", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["net"] == pytest.approx(3.75)
    assert main(["payout", "--rules"]) == 0
    assert "0.75 corr + 2.25 mmc" in capsys.readouterr().out


WRONG = {
    "column": ("corr\n0.1\n", {}, 'has no column "mmc", which corr_mmc_2026 pays for; with --instead mmc=COLUMN'),
    "word": ("corr,mmc\n0.1,much\n", {}, 'mmc of row 1 is "much", which is no number'),
    "no factor": ("corr,mmc\n0.1,0.1\n", {"factor": 0.0}, "a payout factor is above 0 and at most 1"),
    "endless stake": ("corr,mmc,stake\n0.1,0.1,inf\n", {}, "stake of row 1 is inf; it must be a number from 0 on"),
    "no amount": ("corr,mmc\n0.1,0.1\n", {"stake_nmr": float("nan")}, "--stake nan is no amount"),
    "factor": ("corr,mmc\n0.1,0.1\n", {"factor": 1.5}, "a payout factor is above 0 and at most 1"),
    "stake": ("corr,mmc,stake\n0.1,0.1,-3\n", {}, "stake of row 1 is -3; it must be a number from 0 on"),
    "no rows": ("corr,mmc\n", {}, "has no rows"),
    "round": ("corr,mmc,round\n0.1,0.1,0\n", {"rule": BY_ROUND}, "round = 0 is no round of the tournament"),
    "no rounds": ("corr,mmc\n0.1,0.1\n", {"rule": BY_ROUND}, 'has no column "round", by which by-round finds'),
    "auction": ("corr,mmc,round\n0.1,0.1,100\n", {"rule": BY_ROUND}, "auction_2018 was an auction of bids"),
    "rule": ("corr,mmc\n0.1,0.1\n", {"rule": "corr_mmc_206"}, 'is no rule; did you mean "corr_mmc_2026"?'),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str, tmp_path: Path) -> None:
    text, terms, said = WRONG[name]
    with pytest.raises(UserError) as refused:
        payouts(table(tmp_path, text), **terms)
    assert said in str(refused.value)


def test_what_cannot_compound_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='needs a column "round" of whole numbers'):
        totals(read_payouts(table(tmp_path, "corr,mmc\n0.1,0.1\n"), Terms()), compounds=True)
    twice = table(tmp_path, "round,corr,mmc\n1,0.1,0.1\n1,0.1,0.1\n")
    with pytest.raises(UserError, match="one row per model and round"):
        totals(read_payouts(twice, Terms()), compounds=True)


@pytest.mark.parametrize("arguments", [["nowhere.csv"], ["x.txt"], [], ["--rule"]])
def test_bad_calls_end_with_a_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["payout", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err
