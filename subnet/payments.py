"""The movements of an epoch's tokens and money, one function each."""

import zlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.act import Acted
from subnet.cast import Cast
from subnet.chain.epoch import ChainEpoch
from subnet.keys import Stream, stream
from subnet.scenario import Scenario
from tokenomics.amounts import MICRO_USD_PER_USD, RAO_PER_TOKEN, multiply_down, share_down
from tokenomics.arithmetic import to_float
from tokenomics.ledger import MINT, OUTSIDE, Ledger
from tokenomics.payouts.emission_split import pay
from tokenomics.pools.base import PoolState
from tokenomics.shares import pro_rata
from tokenomics.slashing.base import SlashingView, amounts

__all__ = [
    "Books",
    "Minted",
    "bet",
    "costs",
    "holds_reserves",
    "mint",
    "move_delegations",
    "pay_costs",
    "restake",
    "slash",
]

_DESTINATION = {"burn": "burned", "treasury": "treasury", "reporter": "reporters"}


class Books(NamedTuple):
    """Two ledgers: `tokens` in 10⁻⁹ tokens, `money` in 10⁻⁶ dollars."""

    tokens: Ledger
    money: Ledger


class Minted(NamedTuple):
    """What an epoch minted [], and what of it miners [M] and validators [V] earned, int64."""

    total: jax.Array
    miners: jax.Array
    validators: jax.Array


def mint(scenario: Scenario, tokens: Ledger, settled: ChainEpoch) -> tuple[Ledger, Minted]:
    """Mint the epoch's emission and pay it out: the owner first, then everybody by shares; say where the rest goes."""
    design = scenario.design
    total = design.emission.minted(tokens.issued(), jnp.asarray(design.chain.tempo, jnp.int64))
    owner = multiply_down(total, design.payout.owner_share)
    miners, validators = pay(total - owner, settled.shares.miners, settled.shares.validators)
    left = total - owner - miners.sum() - validators.sum()
    tokens = tokens.move(MINT, "owner", owner, "owner cut")
    tokens = tokens.move(MINT, "miners", miners, "incentive").move(MINT, "validators", validators, "dividends")
    if design.payout.undistributed == "recycle":  # what is not minted can be minted again
        return tokens, Minted(total - left, miners, validators)
    target = {"keep": "remainder", "burn": "burned", "treasury": "treasury"}[design.payout.undistributed]
    return tokens.move(MINT, target, left, "undistributed"), Minted(total, miners, validators)


def restake(scenario: Scenario, tokens: Ledger, earned: jax.Array) -> Ledger:
    """Give delegators their part of dividends `earned` [V], and stake again what validators do not spend."""
    own, delegated = tokens.balances["stake"], tokens.balances["delegated"]
    parts = scenario.delegation.split(earned, own, delegated)
    staked = scenario.design.staking.restaked(parts.take + parts.to_own)
    tokens = tokens.move("validators", "delegated", parts.to_delegators, "delegators' dividends")
    return tokens.move("validators", "stake", staked, "compounded")


def bet(scenario: Scenario, tokens: Ledger, acted: Acted) -> tuple[Ledger, jax.Array]:
    """Settle what validators staked on miners; return also what each won, less what it lost [V].

    A miner's score is its skill less that of the average miner, where a submission worse than none counts as at most
    as much below nothing as a perfect one is above it. Nobody can bet on miners that an overlay brought along.
    """
    rule, skill = scenario.design.bets, jnp.clip(acted.work.skill.astype(jnp.float64), -1, 1)
    bets = rule.bets(tokens.balances["stake"], acted.weights[:, : skill.shape[0]].astype(jnp.float64))
    settled = rule.settle(bets, skill - jnp.nanmean(skill))
    gain, loss = settled.gain.sum(axis=1), settled.loss.sum(axis=1)
    tokens = tokens.move("stake", "bets", loss, "bet lost")
    if rule.gains == "minted":
        tokens = tokens.move(MINT, "stake", gain, "bet won").move("bets", "burned", loss.sum(), "bet lost")
        return tokens, gain - loss
    paid = share_down(gain, jnp.minimum(loss.sum(), gain.sum()), gain.sum())  # never more than was lost
    tokens = tokens.move("bets", "stake", paid, "bet won")
    return tokens.move("bets", "burned", tokens.balances["bets"], "bets nobody won"), paid - loss


def slash(
    key: jax.Array, epoch: jax.Array, scenario: Scenario, tokens: Ledger, settled: ChainEpoch, acted: Acted
) -> tuple[Ledger, jax.Array, jax.Array]:
    """Apply every slashing rule in turn to what is left; return what miners [M] and validators [V] lost.

    A validator's delegators lose the same fraction as it does; what rounding adds is the validator's.
    """
    lost_miners = jnp.zeros_like(tokens.balances["miners"])
    lost_validators = jnp.zeros_like(tokens.balances["stake"])
    for name, rule in sorted(scenario.design.slashing.items()):
        view = _conduct(tokens, settled, acted)
        own_key = jax.random.fold_in(stream(key, Stream.AUDIT, epoch), zlib.crc32(name.encode()))
        penalties = rule.penalties(own_key, view)
        from_validators, from_miners = amounts(penalties, view)
        from_delegated = multiply_down(tokens.balances["delegated"], jnp.clip(penalties.validators, 0, 1))
        target, reason = _DESTINATION[rule.destination], f"slashed: {name}"
        tokens = tokens.move("delegated", target, from_delegated, reason)
        tokens = tokens.move("stake", target, from_validators - from_delegated, reason)
        tokens = tokens.move("miners", target, from_miners, reason)
        lost_miners, lost_validators = lost_miners + from_miners, lost_validators + from_validators
    return tokens, lost_miners, lost_validators


def costs(scenario: Scenario, cast: Cast, acted: Acted, present: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return what miners [M] and validators [V] owe for this epoch's work, in 10⁻⁶ dollars.

    An overlay that evaluates pays for one look, however many keys it runs; one that does not pays for nothing but
    being there. An empty seat (not `present` [M]) costs nothing.
    """
    work, M, V = acted.work, cast.num_miners, cast.num_validators
    if work is None:
        return jnp.zeros(M, jnp.int64), jnp.zeros(V, jnp.int64)
    evaluators = _for_all(work.validator_flops, V, 0.0)
    for name in cast.overlays:
        strategy = scenario.overlays[name]
        if getattr(strategy, "evaluates", False):
            each = work.validator_flops.mean() / strategy.num_validators
            evaluators = jnp.where(cast.rows_of(name), each, evaluators)
    owed = (scenario.costs.epoch_dollars(flops) for flops in (_for_all(work.miner_flops, M, 0.0), evaluators))
    miners, validators = (jnp.ceil(dollars * MICRO_USD_PER_USD).astype(jnp.int64) for dollars in owed)
    return jnp.where(present, miners, 0), validators


def pay_costs(
    scenario: Scenario, books: Books, pool: PoolState, owed: tuple[jax.Array, jax.Array]
) -> tuple[Books, PoolState, tuple[jax.Array, jax.Array]]:
    """Pay what miners [M] and validators [V] owe out of cash, and sell tokens for the rest; return also what was paid.

    Who has too little pays what there is.
    """
    tokens, money = books
    sides = ("miners", "validators")
    market = "pool" if holds_reserves(scenario) else OUTSIDE
    # One more than is missing, since what a sale brings is rounded down.
    short = [due - money.balances[side] + 1 for side, due in zip(sides, owed, strict=True)]
    short = [jnp.where(missing > 1, missing, 0) for missing in short]
    held = jnp.concatenate([tokens.balances[side] for side in sides])
    sold = _offered(scenario.design.pool, pool, jnp.concatenate(short), held)
    pool, received = scenario.design.pool.sell(pool, sold)
    M, paid = short[0].shape[0], []
    parts = ((sold[:M], received[:M]), (sold[M:], received[M:]))
    for side, due, (given, got) in zip(sides, owed, parts, strict=True):
        tokens = tokens.move(side, market, given, "sold")
        money = money.move(market, side, got, "sold")
        paid.append(jnp.minimum(due, money.balances[side]))
        money = money.move(side, "suppliers", paid[-1], "costs")
    return Books(tokens, money), pool, (paid[0], paid[1])


def move_delegations(scenario: Scenario, tokens: Ledger, yields: jax.Array) -> Ledger:
    """Let delegators take stake from one validator to another, by way of their own hands."""
    held = tokens.balances["delegated"]
    placed = scenario.delegation.chase(held, yields)
    tokens = tokens.move("delegated", "delegators", jnp.maximum(held - placed, 0), "redelegated")
    return tokens.move("delegators", "delegated", jnp.maximum(placed - held, 0), "redelegated")


def holds_reserves(scenario: Scenario) -> bool:
    """Tell whether the pool has reserves of its own; otherwise the world outside takes the other side."""
    return bool(getattr(scenario.design.pool, "holds_reserves", True))


def _conduct(tokens: Ledger, settled: ChainEpoch, acted: Acted) -> SlashingView:
    """Return what the epoch shows of everybody's conduct, and what they hold now."""
    balance = tokens.balances["miners"]
    M, work = balance.shape[0], acted.work
    return SlashingView(
        weights=pro_rata(acted.weights.astype(jnp.float64), axis=1),
        consensus=pro_rata(to_float(settled.consensus).astype(jnp.float64)),
        audit_weights=acted.audit,
        stake=tokens.balances["stake"] + tokens.balances["delegated"],
        originality=_for_all(None if work is None else work.originality, M, 1.0),
        skill=_for_all(None if work is None else work.skill, M, jnp.nan),
        balance=balance,
    )


def _offered(rule: Any, pool: PoolState, wanted: jax.Array, held: jax.Array) -> jax.Array:
    """Return how many tokens [n] are sold for `wanted` money [n]: never more than is `held` [n].

    A sale lowers the price. By how much is asked for what would do at the present price; twice that is enough unless
    more than half of the pool is wanted. Nobody sells for nothing.
    """
    price = rule.price(pool) * (MICRO_USD_PER_USD / RAO_PER_TOKEN)

    def at_most_held(tokens: jax.Array) -> jax.Array:
        return jnp.minimum(jnp.minimum(jnp.ceil(tokens), held.astype(jnp.float64)).astype(jnp.int64), held)

    at_price = jnp.where(price > 0, wanted / jnp.where(price > 0, price, 1), 0)
    total = at_most_held(at_price).sum()
    _, got = rule.sell(pool, total[None])
    fallen = jnp.maximum(total * price / jnp.maximum(got[0], 1), 1)
    return at_most_held(at_price * fallen**2)


def _for_all(values: jax.Array | None, count: int, missing: float) -> jax.Array:
    """Return values of the source's agents for everybody: `missing` for those it does not know."""
    if values is None:
        return jnp.full(count, missing)
    return jnp.concatenate([values.astype(jnp.float64), jnp.full(count - values.shape[0], missing)])
