"""What people are told about tournaments, their rounds, their owners and their scores that cannot be meant that way."""

from pathlib import Path

import pytest

from experiments.config import read_experiment
from experiments.errors import UserError

TOURNAMENT = "tournament: {kind: numerai}"
DRAWN = "actions: {kind: drawn_scores}\n"
RECORDED = "actions: {kind: recorded_scores}\n"


def ranked(design: str = TOURNAMENT, task: str = "rounds: 4", miners: str = "workers: {count: 6}") -> str:
    """Return a config of a network that ranks stocks for four epochs."""
    design = f"designs: {{a: {{scoring: {{kind: corr}}, {design}}}}}\n"
    return f"epochs: 4\ntask: {{kind: eras, {task}}}\nminers: {{{miners}}}\n{design}"


def staked(source: str) -> str:
    return f"{source}designs: {{a: {{{TOURNAMENT}}}}}\n"


# The text of a config, and what is said of it.
MESSAGES = {
    "nothing to rank": (
        staked("miners: {workers: {count: 6}}\n"),
        "designs.a.tournament: there is nothing to stake on: take a task that predicts a ranking, such as task: {kind: "
        "eras}",
    ),
    "no work at all": (staked(""), "designs.a.tournament: there is nothing to stake on: take a task that predicts"),
    "open doors": (
        ranked(f"{TOURNAMENT}, registration: {{kind: burn_price}}"),
        "designs.a.tournament: stakes cannot change hands, so nobody may join or leave; take registration: {kind: "
        "closed}",
    ),
    "an order of digits": (
        "designs: {a: {}}\nminers: {pair: {kind: hedger, count: 2}}",
        "miners.pair.kind: hedger answers with an order, but the task digits predicts classes; take another strategy, "
        "or task: {kind: eras}",
    ),
    "a copy of digits": (
        "designs: {a: {}}\nminers: {parrots: {kind: benchmark_copier, count: 2}}",
        "miners.parrots.kind: benchmark_copier answers with an order, but the task digits predicts classes",
    ),
    "half a pair": (
        ranked(miners="pair: {kind: hedger, count: 3}"),
        "miners.pair.count = 3 is no multiple of identities = 2, the uids of one operator; take 2 or 4",
    ),
    "owners of nobody": (
        ranked() + "stakers: {worker: {kind: hold}}",
        'stakers.worker is no party of miners; did you mean "workers"? found: workers',
    ),
    "owners of no drawn model": (
        staked(DRAWN) + "stakers: {model: {kind: hold}}",
        'stakers.model is no party of miners; did you mean "models"? found: models',
    ),
    "owners of no recorded model": (
        staked(RECORDED) + "stakers: {participants: {kind: hold}}",
        'stakers.participants is no party of miners; did you mean "participant"? found: benchmark, participant',
    ),
    "owners' kind": (
        ranked() + "stakers: {workers: {kind: holds}}",
        'stakers.workers.kind = "holds" is unknown; did you mean "hold"? found: best_of, burn_averse, enters, hold, ',
    ),
    "owners' purse": (
        ranked() + "stakers: {workers: {kind: hold, token: 5}}",
        'stakers.workers has no parameter "token"; did you mean "tokens"? hold takes: tokens, distribution, ',
    ),
    "too few rounds": (
        ranked(task="rounds: 3"),
        "epochs = 4, but the task eras has 3 rounds; ask for fewer, or raise task.rounds",
    ),
    "judged by loss": (
        ranked().replace("corr", "log_loss"),
        "designs.a.scoring: log_loss judges classes, but the task eras predicts ranking; take another scoring rule or "
        "another task",
    ),
    "digits judged by order": (
        "designs: {a: {scoring: {kind: corr}}}\nminers: {workers: {count: 6}}",
        "designs.a.scoring: corr judges ranking, but the task digits predicts classes; take another scoring rule or",
    ),
    "no file of eras": (ranked(task="rounds: 4, file: my.parquet"), 'task.file = "my.parquet": no such file in '),
    "no file of eras, what else": (
        ranked(task="rounds: 4, file: my.parquet"),
        "; without a file, eras are synthetic",
    ),
    "no file of scores": (
        staked("actions: {kind: recorded_scores, file: numerai_scores}\n"),
        '; did you mean "numerai_live_scores"? packaged recordings: numerai_live_scores',
    ),
    "a treasury in debt": (
        ranked("tournament: {kind: numerai, treasury_nmr: -1}"),
        "designs.a.tournament.treasury_nmr = -1 is out of range: tokens that gains are paid from, 0 <= treasury_nmr <= "
        "1e9 (default 3e6)",
    ),
    "a rule that never was": (
        ranked("tournament: {kind: historic, preset: corr_mmc_2025}"),
        'designs.a.tournament.preset = "corr_mmc_2025" is unknown; did you mean "corr_mmc_2026"? which rule; '
        "`subnetlab payout --rules` says when each held: corr_2020_04, ",
    ),
    "three rounds a week": (
        ranked("tournament: {kind: numerai, rounds_per_week: 3}"),
        "tournament.rounds_per_week = 3 is unknown; rounds a week: 5, as since 2022, or 1: 1, 5 (default 5)",
    ),
    "no tournament, but its numbers": (
        ranked("tournament: {treasury_nmr: 5}"),
        'designs.a.tournament has no parameter "treasury_nmr"; none takes: known_after',
    ),
    "sweep: rounds": (
        ranked() + "sweep: {grid: {task.rounds: [4, 3]}}",
        "sweep, point 1 (task.rounds = 3): epochs = 4, but the task eras has 3 rounds",
    ),
    "sweep: kind": (
        ranked("registration: {kind: burn_price}") + "sweep: {grid: {tournament.kind: [none, numerai]}}",
        'sweep, point 1 (tournament.kind = "numerai"): designs.a.tournament: stakes cannot change hands',
    ),
    "sweep: rule of the past": (
        ranked("tournament: {kind: historic}") + "sweep: {grid: {tournament.preset: [corr_mmc_2024, corr]}}",
        'sweep.grid.tournament.preset = "corr" is unknown; ',
    ),
    "sweep: owners of nobody": (
        ranked() + "stakers: {workers: {kind: hold}}\nsweep: {grid: {stakers.worker.tokens: [1]}}",
        'sweep.grid: "stakers.worker.tokens" cannot be swept; did you mean "stakers.workers"? a path is one of task, ',
    ),
    "sweep: file of eras": (
        ranked() + "sweep: {grid: {task.file: [no.parquet]}}",
        'sweep.grid.task.file = "no.parquet": no such file in ',
    ),
}


@pytest.mark.parametrize(("text", "said"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_mistake_is_told_in_one_line_with_its_place_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rounds.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_experiment(path)
    told = str(caught.value).replace(str(path), "rounds.yaml")
    assert told.startswith("rounds.yaml: ")
    assert said in told
    assert "\n" not in told


@pytest.mark.parametrize("text", [ranked(), staked(DRAWN), staked(RECORDED)], ids=["trained", "drawn", "recorded"])
def test_what_is_meant_well_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rounds.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_experiment(path).epochs > 0
