"""What people read instead of column names: a label, a unit and a number format per metric."""

from math import floor, log10
from typing import Any, NamedTuple

__all__ = ["MetricLabel", "metric_label", "parameter_label", "place_text", "show", "show_interval"]


class MetricLabel(NamedTuple):
    """How a metric is written: its name, what it means, its unit (`share`, `ratio`, `index`, `count`, `token`)."""

    name: str
    meaning: str
    unit: str

    @property
    def axis(self) -> str:
        """Return the axis title, name and unit."""
        units = {"share": "%", "ratio": "×", "index": "0–1", "count": "count", "token": "token"}
        return f"{self.name} ({units[self.unit]})"

    @property
    def ticks(self) -> str:
        """Return the d3 format of axis ticks."""
        return {"share": ".1~%", "ratio": ".3~g", "index": ".3~g", "count": ".3~g", "token": ".3~s"}[self.unit]


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
        "Pay follows quality", "Spearman correlation of incentive with true quality; 1 = perfect order", "index"
    ),
    "consensus_sum": MetricLabel("Consensus sum", "sum of consensus weights; not normalised", "ratio"),
    "validator_share": MetricLabel("Validators’ side", "share of emission paid to validators", "share"),
    "miner_share": MetricLabel("Miners’ side", "share of emission paid to miners", "share"),
    "minted": MetricLabel("Minted", "tokens minted over all recorded epochs", "token"),
    "paid_validators": MetricLabel("Paid to validators", "tokens over all recorded epochs", "token"),
    "paid_miners": MetricLabel("Paid to miners", "tokens over all recorded epochs", "token"),
    "remainder": MetricLabel("Rounding remainder", "tokens over all recorded epochs", "token"),
}
ATOMS_PER_TOKEN = 1e9


def metric_label(metric: str) -> MetricLabel:
    """Return how to write a metric; an unknown one keeps its column name."""
    return LABELS.get(metric, MetricLabel(metric.replace("_", " "), metric, "index"))


def parameter_label(path: str) -> str:
    """Return a swept parameter's dotted path as an axis title: `actions.weight_noise` reads `weight noise`."""
    return path.rsplit(".", 1)[-1].replace("_", " ")


def place_text(point: dict[str, Any]) -> str:
    """Return a sweep point in words, empty without a sweep."""
    return ", ".join(f"{parameter_label(path)} = {_plain(value)}" for path, value in point.items())


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
    """Return decimal places: enough that a small share or a small difference does not read 0."""
    base = {"share": 1, "count": 1, "token": 2}.get(unit, 3)
    scale = 100 if unit == "share" else 1
    smallest = min((scale * abs(value) for value in values if value), default=1.0)
    if unit != "share" and not signed:
        return base
    # Two significant digits, but never so many that rounding noise would show.
    return min(max(1 - floor(log10(smallest)), base), base + 3) if smallest < 1 else base


def _written(value: float, unit: str, signed: bool, digits: int) -> str:
    amount = {"share": 100 * value, "token": value / ATOMS_PER_TOKEN}.get(unit, value)
    amount = round(amount, digits) + 0.0  # no negative zero
    sign = "+" if signed and amount else ""
    text = f"{amount:{sign},.{digits}f}"
    if unit in ("count", "token"):
        text = text.rstrip("0").rstrip(".")
    ending = {"share": " pp" if signed else " %"}.get(unit, "")
    return text.replace("-", "−") + ending


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
