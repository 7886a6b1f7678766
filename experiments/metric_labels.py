"""What people read instead of column names: a label, a unit and a number format per metric."""

from math import floor, log10
from typing import Any, NamedTuple

from experiments.metric_labels_art import ART_LABELS

__all__ = [
    "SCALES",
    "UNITS",
    "MetricLabel",
    "metric_label",
    "parameter_axis",
    "parameter_label",
    "parameter_ticks",
    "parameter_value",
    "place_text",
    "place_value",
    "show",
    "show_interval",
]


class MetricLabel(NamedTuple):
    """How a metric is written: its name, what it means, its unit (a key of `UNITS`)."""

    name: str
    meaning: str
    unit: str

    @property
    def axis(self) -> str:
        """Return the axis title, name and unit."""
        return f"{self.name} ({UNITS[self.unit].axis})"

    @property
    def ticks(self) -> str:
        """Return the d3 format of axis ticks."""
        return UNITS[self.unit].ticks


class Unit(NamedTuple):
    """How a unit is written: on an axis, on an axis of differences, its d3 tick format, its decimal places."""

    axis: str
    difference: str
    ticks: str
    digits: int


UNITS = {
    "share": Unit("%", "percentage points", ".1~%", 1),
    "ratio": Unit("×", "×", ".3~g", 3),
    "index": Unit("0–1", "0–1", ".3~g", 3),
    "correlation": Unit("−1 to 1", "−1 to 1", ".3~g", 3),
    "skill": Unit("1 − loss / loss of knowing nothing", "skill", ".3~g", 3),
    "corr": Unit("correlation, −1 to 1", "correlation", ".3~g", 4),
    "loss": Unit("loss of the task", "loss", ".3~g", 3),
    "per_token": Unit("skill per 1000 tokens", "skill per 1000 tokens", ".3~g", 3),
    "count": Unit("count", "count", ".3~g", 1),
    "token": Unit("token", "token", ".3~s", 2),
    "per_round": Unit("tokens per round", "tokens per round", ".3~s", 1),
    "usd": Unit("dollars", "dollars", "$,.3~r", 2),
    "times": Unit("×", "×", ".3~g", 2),
    "deviations": Unit("standard deviations", "standard deviations", ".3~g", 2),
    "eth": Unit("ETH", "ETH", ".3~s", 1),
    "eth_per_thousand": Unit("ETH", "ETH", ".4~g", 4),
    "eth_stake": Unit("ETH per 1,000 tokens", "ETH per 1,000 tokens", ".3~g", 4),
    "million": Unit("million tokens", "million tokens", ".4~g", 3),
}
# Numbers of these units are stored in smaller or larger ones than people read.
SCALES = {
    "share": 100.0,
    "token": 1e-9,
    "per_round": 1e-9,
    "per_token": 1000.0,
    "eth_per_thousand": 1000.0,
    "million": 1e-6,
}
LABELS = {
    "adversary_pay_ratio": MetricLabel(
        "Attacker pay ratio",
        "pay per stake of adversary validators over that of honest ones; 1 = no advantage",
        "ratio",
    ),
    "adversary_stake_share": MetricLabel("Attacker stake", "share of stake adversaries hold", "share"),
    "adversary_dividend_share": MetricLabel("Attacker dividends", "share of dividends adversaries earn", "share"),
    "adversary_incentive_share": MetricLabel("Attacker incentive", "share of incentive adversary miners earn", "share"),
    "adversary_emission_share": MetricLabel("Attacker emission", "share of all new tokens adversaries earn", "share"),
    "honest_emission_share": MetricLabel("Honest emission", "share of all new tokens honest parties earn", "share"),
    "gini_dividends": MetricLabel(
        "Gini of dividends", "inequality among validators; 0 = equal, 1 = one has all", "index"
    ),
    "gini_incentive": MetricLabel("Gini of incentive", "inequality among miners; 0 = equal, 1 = one has all", "index"),
    "gini_stake": MetricLabel("Gini of stake", "inequality of stake; 0 = equal, 1 = one has all", "index"),
    "hhi_dividends": MetricLabel("HHI of dividends", "Herfindahl–Hirschman index; 1 = one has all", "index"),
    "hhi_incentive": MetricLabel("HHI of incentive", "Herfindahl–Hirschman index; 1 = one has all", "index"),
    "hhi_stake": MetricLabel("HHI of stake", "Herfindahl–Hirschman index; 1 = one has all", "index"),
    "nakamoto_dividends": MetricLabel(
        "Nakamoto of dividends", "fewest validators with over half of dividends", "count"
    ),
    "nakamoto_incentive": MetricLabel("Nakamoto of incentive", "fewest miners with over half of incentive", "count"),
    "nakamoto_stake": MetricLabel("Nakamoto of stake", "fewest validators with over half of stake", "count"),
    "rewarded_miners": MetricLabel("Rewarded miners", "miners that earn anything", "count"),
    "permitted_validators": MetricLabel("Permitted validators", "validators that hold a permit", "count"),
    "validator_trust": MetricLabel("Validator trust", "share of validators’ weight that consensus accepts", "share"),
    "quality_correlation": MetricLabel(
        "Pay follows quality", "Spearman correlation of pay with true quality; 1 = perfect order", "correlation"
    ),
    "consensus_sum": MetricLabel("Consensus sum", "sum of consensus weights; not normalised", "ratio"),
    "validator_share": MetricLabel("Validators’ side", "share of emission paid to validators", "share"),
    "miner_share": MetricLabel("Miners’ side", "share of emission paid to miners", "share"),
    "minted": MetricLabel("Minted", "tokens minted over all recorded epochs", "token"),
    "paid_validators": MetricLabel("Paid to validators", "tokens over all recorded epochs", "token"),
    "paid_miners": MetricLabel("Paid to miners", "tokens over all recorded epochs", "token"),
    "paid_owner": MetricLabel("Paid to the owner", "tokens over all recorded epochs", "token"),
    "remainder": MetricLabel("Not paid to anybody", "tokens over all recorded epochs, rounding included", "token"),
    "skill_paid": MetricLabel(
        "Skill paid for", "skill of the miners’ models, weighted by pay; 0 = knows nothing, 1 = never wrong", "skill"
    ),
    "skill_best": MetricLabel("Best skill", "skill of the best model", "skill"),
    "skill_mean": MetricLabel("Mean skill", "skill of the average miner’s model", "skill"),
    "accuracy_paid": MetricLabel(
        "Accuracy paid for", "test rows that the miners’ models classify right, weighted by pay", "share"
    ),
    "accuracy_best": MetricLabel("Best accuracy", "test rows that the best model classifies right", "share"),
    "accuracy_mean": MetricLabel("Mean accuracy", "test rows that the average miner’s model classifies right", "share"),
    "loss_paid": MetricLabel("Loss paid for", "test loss of the miners’ models, weighted by pay", "loss"),
    "loss_best": MetricLabel("Best loss", "test loss of the best model", "loss"),
    "loss_mean": MetricLabel("Mean loss", "test loss of the average miner’s model", "loss"),
    "skill_per_token": MetricLabel(
        "Skill per token", "skill paid for over 1000 tokens minted in the epoch", "per_token"
    ),
    "honest_miner_profit": MetricLabel(
        "Honest miners’ profit", "dollars per miner and epoch: pay less slashing and costs", "usd"
    ),
    "adversary_miner_profit": MetricLabel(
        "Adversary miners’ profit", "dollars per miner and epoch: pay less slashing and costs", "usd"
    ),
    "honest_validator_profit": MetricLabel(
        "Honest validators’ profit", "dollars per validator and epoch, their delegators’ part left out", "usd"
    ),
    "adversary_validator_profit": MetricLabel(
        "Adversary validators’ profit", "dollars per validator and epoch, their delegators’ part left out", "usd"
    ),
    "slashed_honest": MetricLabel("Slashed from honest", "tokens over all recorded epochs", "token"),
    "slashed_adversary": MetricLabel("Slashed from adversaries", "tokens over all recorded epochs", "token"),
    "present_miners": MetricLabel("Miners present", "miners that hold a seat", "count"),
    "joined_miners": MetricLabel("Registrations", "newcomers per epoch", "count"),
    "registration_fee": MetricLabel("Registration fee", "what the next newcomer pays, in tokens", "token"),
    "meta_model_corr": MetricLabel(
        "Meta-model CORR",
        "correlation of what all predict together, weighted by stake or pay, with what happened",
        "corr",
    ),
    "models_median_corr": MetricLabel("Median CORR", "correlation of the median model’s prediction", "corr"),
    "meta_model_percentile": MetricLabel("Models beaten", "share of models that the meta model beats", "share"),
    "effective_models": MetricLabel(
        "Effective models", "how many models of equal weight would be as concentrated as the meta model is", "count"
    ),
    "payout_factor": MetricLabel(
        "Payout factor", "by which scores are multiplied as stakes grow; 1 = in full", "index"
    ),
    "staked": MetricLabel("Staked", "tokens that everybody has staked", "token"),
    "at_risk": MetricLabel("At risk", "tokens staked on a round that pays; 0 in rounds that do not", "token"),
    "gained": MetricLabel("Gains", "tokens paid on stakes over all recorded rounds", "token"),
    "burnt": MetricLabel("Burns", "tokens of stakes burned over all recorded rounds", "token"),
    "bonus": MetricLabel("Bonuses", "tokens paid to the leaderboard’s best over all recorded rounds", "token"),
    "net_emission": MetricLabel(
        "Net emission a round", "gains and bonuses less burns, mean of all recorded rounds", "per_round"
    ),
    "burn_share": MetricLabel("Burn share", "burns, of burns and gains of all recorded rounds", "share"),
    "stake_return": MetricLabel(
        "Return on stake a year", "net emission of a year over what is staked, from all recorded rounds", "share"
    ),
    "emission_per_corr": MetricLabel(
        "Emission per CORR",
        "net emission per round (or what is minted) for each 0.01 of the meta model’s CORR",
        "per_round",
    ),
    "price": MetricLabel("Price of a token", "in dollars", "usd"),
    **{name: MetricLabel(*label) for name, label in ART_LABELS.items()},
}


def metric_label(metric: str) -> MetricLabel:
    """Return how to write a metric; an unknown one keeps its column name."""
    return LABELS.get(metric, MetricLabel(metric.replace("_", " "), metric, "index"))


def parameter_label(path: str) -> str:
    """Return a swept parameter's dotted path as an axis title: `actions.weight_noise` reads `weight noise`.

    A kind is that of something: `miners.rivals.kind` reads `rivals`. What people have is theirs:
    `stakers.copies.tokens` reads `tokens of copies`.
    """
    root, _, rest = path.partition(".")
    if root in ("stakers", "curators", "artists") and "." in rest and not rest.endswith(".kind"):
        party, _, leaf = rest.rpartition(".")
        return f"{leaf.replace('_', ' ')} of {party}"
    return path.removesuffix(".kind").rsplit(".", 1)[-1].replace("_", " ")


def parameter_value(path: str, value: float) -> str:
    """Return a swept parameter's number as people write it: shares and fractions as per cent."""
    return f"{100 * value:.3g} %" if _is_share(path) else f"{value:.3g}"


def parameter_ticks(path: str) -> str:
    """Return the d3 format of a swept parameter's axis."""
    return ".3~p" if _is_share(path) else ".4~g"


def parameter_axis(path: str) -> str:
    """Return a swept parameter's axis title, with its unit where it is a share."""
    return f"{parameter_label(path)}{' (%)' if _is_share(path) else ''}".capitalize()


# Parameters that are shares by their names.
SHARE_ENDINGS = ("_share", "_fraction", ".fraction", "honest_stake")


def _is_share(path: str) -> bool:
    return path.endswith(SHARE_ENDINGS)


def place_text(point: dict[str, Any]) -> str:
    """Return a sweep point in words, empty without a sweep."""
    return ", ".join(f"{parameter_label(path)} = {place_value(path, value)}" for path, value in point.items())


def show(value: float | None, unit: str, signed: bool = False) -> str:
    """Return a number as people write it, `–` when there is none; a signed share is in percentage points."""
    return "–" if value is None else _written(value, unit, signed, _digits(unit, signed, value))


def show_interval(low: float | None, high: float | None, unit: str, signed: bool = False) -> str:
    """Return an interval in brackets, both bounds to the same place, empty where one seed cannot tell."""
    if low is None or high is None:
        return ""
    digits = _digits(unit, signed, low, high)
    first = _written(low, unit, signed, digits).removesuffix(" %").removesuffix(" pp")
    return f"[{first}, {_written(high, unit, signed, digits)}]"


def _digits(unit: str, signed: bool, *values: float) -> int:
    """Return decimal places: enough that a small share, amount or difference does not read 0."""
    base = UNITS[unit].digits
    scale = SCALES.get(unit, 1.0)
    smallest = min((scale * abs(value) for value in values if value), default=1.0)
    if unit == "usd" and smallest >= 1000:
        return 0
    if unit not in ("share", "per_token", "usd") and not signed:
        return base
    # Two significant digits, but never so many that rounding noise would show.
    return min(max(1 - floor(log10(smallest)), base), base + 3) if smallest < 1 else base


def _written(value: float, unit: str, signed: bool, digits: int) -> str:
    amount = round(SCALES.get(unit, 1.0) * value, digits) + 0.0  # no negative zero
    mark = ("+" if signed and amount > 0 else "−" if amount < 0 else "") + ("$" if unit == "usd" else "")
    text = f"{abs(amount):,.{digits}f}"
    if unit in ("count", "token", "per_round", "million"):
        text = text.rstrip("0").rstrip(".") if "." in text else text
    ending = {"share": " pp" if signed else " %"}.get(unit, "")
    return mark + text + ending


def place_value(path: str, value: Any) -> str:
    """Return a swept parameter's value of any kind as people write it."""
    if isinstance(value, float):
        return f"{100 * value:.6g} %" if _is_share(path) else f"{value:.6g}"
    return str(value)
