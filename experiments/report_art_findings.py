"""What votes on art have shown, in words: which finds the best, who decided, who gained, how style moved."""

from typing import NamedTuple

import polars as pl

from experiments.art_values import art_parties, party_lanes
from experiments.metric_labels import metric_label, place_text, show
from experiments.report_findings import Finding, confidence
from experiments.report_majority import majority_sentence
from experiments.report_splitting import splitting_sentence
from experiments.report_sweep import change_sentence
from experiments.report_wording import listed, named, quoted
from experiments.run_folder import RunFolder
from experiments.statistics import Interval, interval, paired_difference, without_failed

__all__ = ["art_findings"]

MOST = 10  # designs up to which each is named
BEST = "quality_percentile"


class Said(NamedTuple):
    """Lane values at one sweep point, of which sentences are made."""

    run: RunFolder
    lanes: pl.DataFrame

    def intervals(self, metric: str) -> dict[str, Interval]:
        """Return a metric's median and interval by design, where it is known."""
        if metric not in self.lanes.columns:
            return {}
        found = {d: interval(self.lanes.filter(pl.col("design") == d)[metric].to_numpy()) for d in self.run.designs}
        return {design: value for design, value in found.items() if value.median is not None}

    def text(self, metric: str, unit: str = "") -> str:
        """Return a metric by design in words, empty where it is not known."""
        found = self.intervals(metric)
        return listed(found, unit or metric_label(metric).unit, len(self.run.designs), few=MOST) if found else ""

    def sentence(self, what: str, metric: str) -> str:
        """Return `what: …` for a metric, empty where it is not known."""
        text = self.text(metric)
        return f"{what}: {text}." if text else ""


def art_findings(run: RunFolder, lanes: pl.DataFrame, pairs: pl.DataFrame) -> list[Finding]:
    """Return the answers, that to the question of art first.

    Args:
        run: a finished run that makes art.
        lanes: its lane values.
        pairs: its paired table, possibly empty.
    """
    if not len(lanes):
        return [Finding("What happened?", "No round was recorded, so there is nothing to report.")]
    at = f"At {place_text(run.points[0])}: " if len(run.points) > 1 else ""
    said = Said(run, lanes.filter(pl.col("point") == 0))
    wins = _most_and_least("an attacker", said.intervals("attacker_win_share")).rstrip()
    answers = [
        Finding("In short:", _in_short(run, lanes)),
        Finding("Which vote finds the best art?", at + f"{_best(said)} {wins}".rstrip()),
        Finding("Who decided?", _prefixed(at, _decided(said))),
        Finding("What do voters earn?", _prefixed(at, _rewards(said))),
        Finding("What did the auctions bring?", _prefixed(at, _auctions(said))),
        Finding("What became of supply, price and treasury?", _prefixed(at, _money(said))),
        Finding("How did style move?", _prefixed(at, _style(said))),
        Finding("How sure are we?", f"{confidence(run, pairs)} {_own_choices(said)}".rstrip()),
    ]
    return [answer for answer in answers if answer.answer]


def _in_short(run: RunFolder, lanes: pl.DataFrame) -> str:
    """Return what a sweep shows, empty without one."""
    said = (splitting_sentence(run, lanes), majority_sentence(run, lanes), change_sentence(run, lanes))
    return " ".join(filter(None, said))


def _prefixed(at: str, text: str) -> str:
    return at + text if text else ""


def _best(said: Said) -> str:
    """Say whose winners beat most of the pool, whether that is told apart from the next, and all the others."""
    found = said.intervals(BEST)
    if not found:
        return "No work was minted by a vote."
    order = sorted(found, key=lambda design: -(found[design].median or 0.0))
    best, unit = order[0], metric_label(BEST).unit
    good = said.text("quality")
    absolute = f" True quality of what won, in standard deviations of first works: {good}." if good else ""
    if len(order) == 1:
        return f"Under {best} the work that wins a vote beats {quoted(found[best], unit)} of the pool.{absolute}"
    text = f"{best}: the work that wins its vote beats {quoted(found[best], unit)} of the works to choose from"
    others = ", ".join(f"{quoted(found[design], unit)} under {design}" for design in order[1:])
    return f"{text}. It is {others}. {_told_apart(said, best, order[1])}{absolute}"


def _told_apart(said: Said, best: str, second: str) -> str:
    """Say whether the best design differs from the next one over the same seeds."""
    mine, other = (said.lanes.filter(pl.col("design") == design).select("seed", BEST) for design in (best, second))
    both = mine.join(other, on="seed", suffix="_second").sort("seed")
    result = paired_difference(both[BEST].to_numpy(), both[f"{BEST}_second"].to_numpy())
    if result.low is None or result.high is None:
        return f"One seed does not tell it apart from {second}, the next."
    difference = quoted(Interval(result.median, result.low, result.high), "share", signed=True)
    if result.low <= 0 <= result.high:
        return f"{result.pairs} seeds do not tell it apart from {second}, the next ({difference})."
    return f"Over the same {result.pairs} seeds its lead on {second}, the next, is {difference}."


def _decided(said: Said) -> str:
    """Say for every attacker in how many votes its wish was minted, and how much it held; else who holds the votes."""
    run = said.run
    people = [name for name, attacker in art_parties(run) if attacker]
    if not people:
        half = said.text("nakamoto_points")
        return f"All curators vote for what they like. Over half of all points belong to this many of them: {half}."
    values = without_failed(run, party_lanes(run, [pl.col("point") == 0]))
    texts = [_party(said, name, values.filter(pl.col("party") == name)) for name in people]
    return " ".join(filter(None, texts))


def _party(said: Said, name: str, values: pl.DataFrame) -> str:
    mine = said._replace(lanes=values.fill_null(float("nan")))
    won, decided = mine.intervals("won_share"), mine.intervals("pivotal_share")
    if not won:
        return ""
    order = sorted(won, key=lambda design: -(won[design].median or 0.0))
    points, stake = (_held(mine, column) for column in ("points_share", "stake_share"))
    minted, moved = (
        _listed_in_order({design: found[design] for design in order if design in found}, len(said.run.designs))
        for found in (won, decided)
    )
    return (
        f"{_most_and_least(name, won)}With {points} of points and {stake} of stake, the wish of {name} was minted in "
        f"{minted}. Without its votes another work would have won in {moved}."
    )


def _most_and_least(name: str, won: dict[str, Interval]) -> str:
    """Say which rules let a party win most often, and which least, where they differ."""
    order = sorted(won, key=lambda design: -(won[design].median or 0.0))
    if not order:
        return ""
    shown = {design: show(won[design].median, "share") for design in order}
    most, least = (named([d for d in order if shown[d] == shown[order[end]]]) for end in (0, -1))
    if shown[order[0]] == shown[order[-1]]:
        return ""
    ends = f"most often under {most} ({shown[order[0]]} of votes), least under {least} ({shown[order[-1]]})"
    return f"The wish of {name} wins {ends}. "


def _listed_in_order(found: dict[str, Interval], designs: int) -> str:
    """Return shares of voted rounds, in the order given."""
    if len(found) == 1 == designs:
        return f"{quoted(next(iter(found.values())), 'share')} of voted rounds"
    like: dict[str, list[str]] = {}
    for design, value in found.items():
        like.setdefault(quoted(value, "share"), []).append(design)
    every = len(found) == designs and len(like) == 1
    texts = [f"under {'every design' if every else named(names)}" for names in like.values()]
    first, *rest = (f"{value}{{}} {under}" for value, under in zip(like, texts, strict=True))
    return ", ".join([first.format(" of voted rounds"), *(text.format("") for text in rest)])


def _held(mine: Said, column: str) -> str:
    """Return a share that a party holds, a range where designs differ."""
    middles = [value.median or 0.0 for value in mine.intervals(column).values()]
    low, high = (show(bound, "share") for bound in (min(middles, default=0.0), max(middles, default=0.0)))
    return low if low == high else f"{low.removesuffix(' %')}–{high}"


def _rewards(said: Said) -> str:
    sincere, attackers = said.text("sincere_reward"), said.text("attacker_reward")
    text = f"In ETH a week for 1,000 tokens staked, sincere voters: {sincere}." if sincere else ""
    if attackers and said.intervals("attacker_points_share"):
        text += f" Attackers: {attackers}."
    text += said.sentence(" A token of attackers earns this many times what one of the others does", "reward_ratio")
    return text + _moved(said)


def _moved(said: Said) -> str:
    """Say which tokens the rule itself gave to parties or took from them, where it did."""
    if not said.run.has("parties"):
        return ""
    values = without_failed(said.run, party_lanes(said.run, [pl.col("point") == 0])).filter(pl.col("moved") != 0)
    parts = []
    for name, _ in art_parties(said.run):
        mine = said._replace(lanes=values.filter(pl.col("party") == name))
        told = [f"{quoted(v, 'count', signed=True)} under {d}" for d, v in mine.intervals("moved").items()]
        parts += [f"{name} {', '.join(told)}"] if told else []
    return f" The rule itself moves tokens, a week for 1,000 staked: {'; '.join(parts)}." if parts else ""


def _auctions(said: Said) -> str:
    sold = said.sentence("Share of minted works that were sold", "sold_share")
    price = said.sentence(" Mean hammer price of those, in ETH", "hammer_eth")
    return sold + price + said.sentence(" Revenue of all rounds, net of the marketplace, in ETH", "revenue_eth")


def _money(said: Said) -> str:
    text = said.sentence("Million tokens that exist after the last round", "supply")
    text += said.sentence(" Price of 1,000 tokens, in ETH", "price_eth")
    text += said.sentence(" In the treasury, ETH", "treasury_eth")
    return text + said.sentence(" In the treasury, million tokens", "treasury_tokens")


def _style(said: Said) -> str:
    text = said.sentence(
        "Diversity of minted works (mean distance of two of them, in standard deviations)", "diversity"
    )
    text += said.sentence(" Spread of the works to choose from (1 = as at first)", "spread")
    return text + said.sentence(" Distance of the pool from its first style, in standard deviations", "style_distance")


def _own_choices(said: Said) -> str:
    """Say how many rounds are left out of what is said of votes."""
    epochs = said.run.read("epochs", ["own_choice"], [pl.col("point") == 0])
    rounds = epochs.filter(pl.col("own_choice") > 0)["epoch"].n_unique()
    if not rounds:
        return ""
    total = epochs["epoch"].n_unique()
    return f"In {rounds} of {total} rounds the artist chose by himself; what is said of votes leaves these out."
