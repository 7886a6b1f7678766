"""What makes no sense about a staked tournament, and those who take part in it."""

from collections.abc import Iterator

from experiments.traces import trace_facts
from experiments.wording import nearest
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
    facts = trace_facts(scenario.actions)
    parties = scenario.actions.miners if isinstance(scenario.actions, Trained) else facts.parties if facts else None
    for name in scenario.stakers:
        if parties is not None and name not in parties:
            found = f"{nearest(name, parties)} found: {', '.join(parties)}"
            yield f"stakers.{name}", f" is no party of miners{found}"
