"""What a village of miners that train is paid, under honest validators, copiers and cabals."""

from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from miners.strategies.colluder import Colluder
from miners.strategies.honest import Honest
from miners.strategies.lazy import Lazy
from miners.strategies.sybil import Sybil
from subnet.cast import cast_of
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, run
from subnet.work.population import Party
from tests.contract.folder_rules import as_arrays
from tests.probes.living_world import recording, village
from tokenomics.costs import Costs
from tokenomics.emission.constant import Constant
from validators.strategies.cabal import Cabal
from validators.strategies.weight_copier import WeightCopier

EPOCHS, V = 24, 3
SEEDS = range(12)
PARTIES = {
    "colluders": Party(Colluder(), 2),
    "honest": Party(Honest(), 4),
    "lazy": Party(Lazy(effort=0.1), 2),
    "twins": Party(Sybil(identities=2, noise=0.0), 2),
}
ALMOST_NOTHING = 1e-9


class Year(NamedTuple):
    """What happened, and which columns are whose."""

    out: EpochOut
    columns: dict[str, np.ndarray]

    def incentive(self, party: str) -> np.ndarray:
        """Return a party's share of incentive in each epoch."""
        return self.out.incentive[:, self.columns[party]].sum(axis=1)


@cache
def lived(
    cabal: float = ALMOST_NOTHING,
    copier: float = ALMOST_NOTHING,
    lag: int = 1,
    kappa: float = 0.5,
    minted: int = 10**12,
    seed: int = 0,
) -> Year:
    """Run the village once more with other numbers: one program."""
    overlays: dict[str, Any] = {
        "cabal": Cabal(stake_share=cabal, num_validators=2, backs="colluders"),
        "copier": WeightCopier(stake_share=copier, lag=lag),
    }
    source = village(PARTIES, rows=16)
    design = Design(consensus=Yuma(kappa=kappa, yuma3=True), emission=Constant(minted))
    cast = cast_of(source.population(), overlays)
    made = as_arrays(Scenario(design, source, overlays, Costs(flop_scale=1e10)))
    _, out = run(jax.random.key(seed), made, cast, recording(), "float64", EPOCHS)
    return Year(jax.tree.map(np.asarray, out), {name: cast.columns_of(name) for name in PARTIES})


def test_two_equal_miners_split_evenly_to_the_unit() -> None:
    out, columns = lived()
    pay = out.money.miner_pay[:, columns["twins"]]
    np.testing.assert_array_equal(pay[:, 0], pay[:, 1])
    assert pay.any()


def test_two_honest_miners_with_luck_of_their_own_earn_the_same_on_average() -> None:
    honest = lived().columns["honest"]
    pay = np.array([lived(seed=seed).out.money.miner_pay[:, honest].sum(axis=0) for seed in SEEDS])
    ahead = (pay[:, 0] + pay[:, 1] - pay[:, 2] - pay[:, 3]) / pay.sum(axis=1)
    assert np.abs(ahead).min() > 0  # it is luck, and not nothing
    assert np.abs(ahead.mean()) < 3 * ahead.std(ddof=1) / np.sqrt(len(SEEDS))


def test_everybodys_pay_goes_to_its_share_of_scores() -> None:
    """Weights are in proportion to scores, a score is the skill that validators see: so is pay, but for their noise."""
    got, deserved = dict.fromkeys(PARTIES, 0.0), dict.fromkeys(PARTIES, 0.0)
    for seed in SEEDS:
        out, columns = lived(seed=seed)
        assert out.work is not None
        skill = np.maximum(out.work.skill, 0)
        shares = skill / skill.sum(axis=1, keepdims=True)
        for party in PARTIES:
            got[party] += out.incentive[-8:, columns[party]].mean() / len(SEEDS)
            deserved[party] += shares[-8:, columns[party]].mean() / len(SEEDS)
    for party in PARTIES:
        assert abs(got[party] - deserved[party]) < 0.15 * deserved[party] + 0.002, party
    assert 0.2 * got["honest"] < got["lazy"] < 0.8 * got["honest"]
    assert got["colluders"] < 0.01  # now and then an untrained model is a little better than none


def test_colluders_without_a_majority_earn_nothing() -> None:
    """Their models are untrained and worse than none, so that honest validators give them no weight."""
    for cabal in (ALMOST_NOTHING, 0.3, 0.49):
        assert not lived(cabal=cabal).incentive("colluders").any()


def test_a_cabal_with_51_per_cent_takes_everything_for_its_colluders() -> None:
    np.testing.assert_allclose(lived(cabal=0.51).incentive("colluders"), 1, atol=1e-9)
    dividends = lived(cabal=0.51).out.dividends[:, V : V + 2].sum(axis=1)
    np.testing.assert_allclose(dividends, 1, atol=1e-9)


def test_where_agreement_takes_60_per_cent_51_take_nothing_and_give_nothing() -> None:
    year = lived(cabal=0.51, kappa=0.6)
    assert not year.out.incentive.any()
    assert not year.out.money.miner_pay.any()
    assert lived(cabal=0.61, kappa=0.6).incentive("colluders").min() > 0.999


def test_without_emission_nobody_gains() -> None:
    out, _ = lived(minted=0)
    for account, held in out.money.held.items():
        assert (np.diff(held) == 0).all(), account
    assert not out.money.miner_pay.any()
    assert out.money.money_flows["miners", "suppliers", "costs"].all()
    assert {flow for flow, amount in out.money.money_flows.items() if amount.any()} == {
        ("miners", "suppliers", "costs"),
        ("validators", "suppliers", "costs"),
    }


@pytest.mark.parametrize("lag", [1, 4])
def test_a_copiers_trust_is_what_is_left_of_the_consensus_it_saw(lag: int) -> None:
    """It sets C(t - k) as shares; nothing above C(t) counts: sum_j min, or 1 - 1/2 sum |C(t) - C(t - k)| of shares."""
    out, _ = lived(lag=lag)
    now, seen = out.consensus[lag:], out.consensus[:-lag]
    shares = seen / seen.sum(axis=1, keepdims=True)
    counted = (seen.sum(axis=1) > 0) & (now.sum(axis=1) > 0)
    trust = out.validator_trust[lag:, -1]
    np.testing.assert_allclose(trust[counted], np.minimum(shares, now).sum(axis=1)[counted], rtol=1e-9)
    drift = 1 - np.abs(now / now.sum(axis=1, keepdims=True) - shares).sum(axis=1) / 2
    off = np.abs(1 - now.sum(axis=1))  # three medians need not sum to 1
    assert (np.abs(trust - drift)[counted] <= off[counted] + 1e-9).all()
    assert (trust[counted] < 1 - 1e-6).any()


def test_the_longer_weights_are_hidden_the_less_a_copier_is_trusted() -> None:
    trust = [lived(lag=lag).out.validator_trust[8:, -1].mean() for lag in (1, 4)]
    assert trust[1] < trust[0]


def test_a_copier_and_a_cabal_pay_for_nothing_they_do_not_look_at() -> None:
    sides = lived().out.money.sides
    assert sides is not None
    evaluators, cabal, copier = sides.validator_cost[:, :V], sides.validator_cost[:, V:-1], sides.validator_cost[:, -1]
    assert not copier.any()
    np.testing.assert_allclose(cabal.sum(axis=1), evaluators.mean(axis=1), rtol=1e-5, atol=2e-6)  # one look for two


def test_the_books_balance() -> None:
    for year in (lived(), lived(cabal=0.51), lived(minted=0)):
        assert year.out.money.balanced.all()
