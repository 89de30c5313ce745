"""SPA and StepM: arch's, asked rightly."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM

from engine.errors import DataError
from engine.research.bootstrap import block_length
from engine.research.reality import _quick, superior_ability


def models(seed: int = 0, bars: int = 500, columns: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (bars, columns))


def scaled(returns: np.ndarray) -> tuple[np.ndarray, int]:
    losses = -returns / returns.std(axis=0, ddof=1)
    return losses, max(round(block_length(-losses.mean(axis=1))), 1)


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_a_direct_call(seed: int) -> None:
    returns = models(seed) + np.linspace(0, 0.0015, 12)
    losses, block = scaled(returns)
    theirs = SPA(np.zeros(500), losses, block_size=block, reps=500, seed=np.random.default_rng(7))
    theirs.compute()
    found = superior_ability(returns, np.zeros(500), 500, 7)
    assert (found.lower, found.consistent, found.upper) == tuple(theirs.pvalues)


@pytest.mark.parametrize("seed", range(3))
def test_superior_columns_are_those_of_a_direct_call(seed: int) -> None:
    returns = models(seed)
    returns[:, [2, 5]] += [0.004, 0.0018]
    losses, block = scaled(returns)
    theirs = StepM(np.zeros(500), losses, block_size=block, reps=500, seed=np.random.default_rng(7))
    theirs.compute()
    found = superior_ability(returns, np.zeros(500), 500, 7)
    assert list(found.superior) == theirs.superior_models
    assert 2 in found.superior


def test_best_of_models_with_a_common_factor_is_superior() -> None:
    """The kind of example that arch documents: models that share a factor and differ in their mean."""
    random = np.random.default_rng(23456)
    bars, count = 250, 20
    factor = random.standard_normal((bars, 1))
    returns = 0.5 * factor + random.standard_normal((bars, count)) + np.linspace(-0.1, 0.4, count)
    found = superior_ability(returns, 0.5 * factor[:, 0], 500, 1)
    assert found.consistent < 0.01
    assert found.superior
    assert min(found.superior) > count // 2


@pytest.mark.parametrize("block", [1, 2, 7, 60])
def test_variances_are_those_of_arch(block: int) -> None:
    losses = models(4) + np.sin(np.arange(500) / 9)[:, None] * 0.01
    ours, theirs = (kind(np.zeros(500), losses, block_size=block, reps=2, seed=1) for kind in (_quick(), SPA))
    for test in (ours, theirs):
        test.compute()
    np.testing.assert_allclose(ours._loss_diff_var, theirs._loss_diff_var, rtol=1e-10)


def test_every_column_superior_is_named() -> None:
    """Also where the last of them is named in a later step."""
    returns = models(1, columns=4) + np.array([0.01, 0.004, 0.0022, 0.0016])
    assert superior_ability(returns, np.zeros(500), 500, 0).superior == (0, 1, 2, 3)


def test_noise_is_rejected_as_often_as_allowed() -> None:
    """The p-value of the best of ten noises lies below 5% about one time in twenty: three of sixty."""
    low = sum(
        superior_ability(models(seed, 250, 10), np.zeros(250), 200, seed).consistent <= 0.05 for seed in range(60)
    )
    assert low <= 8


def test_volatile_columns_do_not_decide() -> None:
    """A good calm column is found beside a wild one without any edge."""
    returns = models(2, columns=2)
    returns[:, 0] += 0.003
    returns[:, 1] *= 30
    assert superior_ability(returns, np.zeros(500), 500, 0).superior == (0,)


def test_benchmark_itself_is_not_superior() -> None:
    returns = models(3)
    found = superior_ability(returns[:, :1], returns[:, 0], 200, 0)
    assert found.superior == ()
    assert found.upper >= 0


def test_other_bars_are_said() -> None:
    with pytest.raises(DataError, match="different bars"):
        superior_ability(models(), np.zeros(400), 100, 0)
