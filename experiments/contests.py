"""What makes no sense about a staked tournament, and those who take part in it."""

from collections.abc import Iterator
from typing import Any

from experiments.errors import UserError
from experiments.score_rounds import read_scores
from experiments.traces import trace_facts
from experiments.wording import nearest
from subnet.actions.drawn_scores import DrawnScores
from subnet.actions.recorded_scores import RecordedScores
from subnet.scenario import Scenario
from subnet.work.trained import Trained
from validators.numerai.ranked import MOST_ROWS

__all__ = ["contest_conflicts"]

Found = Iterator[tuple[str, str]]


def contest_conflicts(scenario: Scenario, epochs: int) -> Found:
    """Yield place and text of each contradiction; `{design}` in a place stands for the design."""
    if scenario.design.tournament.opens:
        yield from _needs(scenario)
    if isinstance(scenario.actions, Trained):
        yield from _with_task(scenario.actions, epochs)
    if isinstance(scenario.actions, DrawnScores) and epochs > scenario.actions.rounds:
        yield (
            "epochs",
            f" = {epochs}, but actions.rounds = {scenario.actions.rounds} are drawn; raise that, or ask for fewer",
        )
    yield from _owners(scenario)


def _needs(scenario: Scenario) -> Found:
    place = "{design}.tournament"
    if not _ranks(scenario):
        yield place, ": there is nothing to stake on: take a task that predicts a ranking, such as task: {kind: eras}"
    if scenario.design.registration.opens:
        yield place, ": stakes cannot change hands, so nobody may join or leave; take registration: {kind: closed}"


def _ranks(scenario: Scenario) -> bool:
    """Tell whether people hand in orders of stocks, or have scores of such."""
    source = scenario.actions
    if isinstance(source, Trained):
        return bool(source.task.predicts == "ranking")
    facts = trace_facts(source)
    return facts.ranked if facts is not None else bool(getattr(source, "ranks", False))


def _with_task(source: Trained, epochs: int) -> Found:
    task = source.task
    kind = type(task).__module__.rpartition(".")[2]
    for name, party in source.miners.items():
        if getattr(party.strategy, "ranks", False) and task.predicts != "ranking":
            strategy = type(party.strategy).__module__.rpartition(".")[2]
            yield (
                f"miners.{name}.kind",
                f": {strategy} answers with an order, but the task {kind} predicts {task.predicts}; take another "
                "strategy, or task: {kind: eras}",
            )
    rounds = task.num_epochs() if hasattr(task, "num_epochs") else None
    if rounds is not None and epochs > rounds:
        yield "epochs", f" = {epochs}, but the task {kind} has {rounds} rounds; ask for fewer, or raise task.rounds"
    stocks = getattr(task, "num_stocks", 0)
    if stocks > MOST_ROWS:
        yield "task.num_stocks", f" = {stocks}: at most {MOST_ROWS} can be ranked"


def _owners(scenario: Scenario) -> Found:
    if not scenario.stakers:
        return
    parties = _parties(scenario.actions)
    for name in scenario.stakers:
        if parties and name not in parties:
            yield f"stakers.{name}", f" is no party of miners{nearest(name, parties)} found: {', '.join(parties)}"


def _parties(source: Any) -> tuple[str, ...]:
    """Return the names of the parties of models, none where they cannot be read before the run."""
    if isinstance(source, Trained):
        return tuple(source.miners)
    if isinstance(source, RecordedScores):
        try:
            return tuple(dict.fromkeys(read_scores(source.file)[1].miner_parties or ()))
        except UserError:
            return ()  # told where the recording is read
    if hasattr(source, "population"):
        return tuple(dict.fromkeys(source.population().miner_parties or ()))
    facts = trace_facts(source)
    return facts.parties if facts is not None else ()
