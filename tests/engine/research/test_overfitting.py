"""The probability of overfitting against the paper's definition, written out, and against what the paper expects."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from engine.core.errors import DataError
from engine.research.overfitting import Overfitting, cscv, splits
from tests.support.r_random import rnorm


def noise(bars: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (bars, columns))


def by_definition(returns: np.ndarray, blocks: int) -> tuple[list[float], list[float], list[float]]:
    """Logit, ratio inside and ratio outside of each split, as steps 1 to 4 of the paper's section on CSCV say."""
    parts = np.array_split(returns[len(returns) % blocks :], blocks)
    logits, inside, outside = [], [], []
    for chosen in combinations(range(blocks), blocks // 2):
        train = np.concatenate([parts[i] for i in chosen])
        test = np.concatenate([parts[i] for i in range(blocks) if i not in chosen])
        here, there = (half.mean(axis=0) / half.std(axis=0, ddof=1) for half in (train, test))
        winner = int(here.argmax())
        rank = stats.rankdata(there)[winner] / (returns.shape[1] + 1)
        logits.append(np.log(rank / (1 - rank)))
        inside.append(here[winner])
        outside.append(there[winner])
    return logits, inside, outside


@pytest.mark.parametrize(("bars", "columns", "blocks"), [(120, 5, 6), (250, 12, 8), (103, 2, 4), (400, 7, 10)])
def test_blocks_of_sums_are_the_definition(bars: int, columns: int, blocks: int) -> None:
    returns = noise(bars, columns, seed=bars) + np.linspace(0, 0.001, columns)
    found = cscv(returns, 252, blocks)
    logits, inside, outside = by_definition(returns, blocks)
    np.testing.assert_allclose(found.logit, logits, atol=1e-9)
    np.testing.assert_allclose(found.in_sample, np.array(inside) * np.sqrt(252), rtol=1e-9)
    np.testing.assert_allclose(found.out_of_sample, np.array(outside) * np.sqrt(252), rtol=1e-9)
    assert found.probability == pytest.approx(np.mean(np.array(logits) <= 0))
    assert found.loss == pytest.approx(np.mean(np.array(outside) < 0))
    line = stats.linregress(found.in_sample, found.out_of_sample)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept))
    assert (found.blocks, found.columns) == (blocks, columns)


# -- worked examples of the R package pbo, by the paper's algorithm -------------------------------------------------

RISK_FREE = 0.03 / 252


@pytest.mark.parametrize(
    ("seed", "drawn"), [(42, [1.37095845, -0.56469817, 0.36312841]), (1, [-0.6264538, 0.1836433, -0.8356286])]
)
def test_random_numbers_are_those_of_r(seed: int, drawn: list[float]) -> None:
    assert rnorm(seed, 3) == pytest.approx(drawn, abs=1e-7)


def regressed(found: Overfitting) -> tuple[float, float]:
    """What the package prints as "slope" and "ar^2": it regresses the ratios inside on those outside, takes the first
    coefficient, which is the intercept, and adjusts the coefficient of determination.
    """
    line, count = stats.linregress(found.out_of_sample, found.in_sample), len(found.in_sample)
    return line.intercept, 1 - (1 - line.rvalue**2) * (count - 1) / (count - 2)


def test_example_of_the_vignette() -> None:
    """The vignette: 100 columns of 2,400 normal returns, rescaled to a mean of zero, in 8 blocks.

    Printed: p_bo 1.0000000, slope -0.0030456, ar^2 0.9700000, p_loss 1.0000000.
    """
    returns = rnorm(765, 240_000).reshape(100, 2400).T
    returns = returns / np.sqrt(252) / returns.std(axis=0, ddof=1)
    found = cscv(returns - returns.mean(axis=0) - RISK_FREE, 1, 8)
    intercept, fit = regressed(found)
    assert (found.probability, found.loss) == (1, 1)
    assert intercept == pytest.approx(-0.0030456, abs=5e-8)
    assert fit == pytest.approx(0.97, abs=5e-3)
    assert found.slope == pytest.approx(stats.linregress(found.in_sample, found.out_of_sample).slope)


def test_example_of_the_packages_tests() -> None:
    """The package's own tests: 40 columns of 200 normal returns in 4 blocks, and the ranges of its results."""
    found = cscv(rnorm(852, 8000).reshape(200, 40) - RISK_FREE, 1, 4)
    intercept, fit = regressed(found)
    assert len(found.logit) == 6
    assert (found.probability, found.loss) == (0.5, 0.5)
    assert 0.19 < intercept < 0.20
    assert -0.24 < fit < -0.22


# -- what must hold -------------------------------------------------------------------------------------------------


def test_choice_among_noise_is_a_coin() -> None:
    found = [cscv(noise(800, 50, seed), 252, 8).probability for seed in range(40)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_noise_that_must_revert_is_worse_than_a_coin() -> None:
    """Columns of equal mean: what one half has gained the other has lost, as in the paper's full-sample example."""
    returns = noise(800, 50)
    returns -= returns.mean(axis=0)
    found = cscv(returns, 252, 8)
    assert found.probability > 0.9
    assert found.slope is not None
    assert found.slope < -0.5


def test_superior_column_is_no_overfitting() -> None:
    returns = noise(1000, 50)
    returns[:, 17] += 0.003
    found = cscv(returns, 252)
    assert found.probability == 0
    assert found.loss == 0
    assert (found.winner == 17).all()
    assert len(found.logit) == 12_870


def test_complement_of_a_split_is_its_mirror() -> None:
    chosen = splits(8)
    assert (chosen.sum(axis=1) == 4).all()
    np.testing.assert_array_equal(chosen[::-1], ~chosen)


def test_columns_that_never_move_have_a_ratio_of_zero() -> None:
    returns = np.zeros((200, 4))
    returns[:, 0] = 0.0
    found = cscv(returns, 252, 4)
    assert (found.in_sample == 0).all()
    assert (found.logit == 0).all()
    assert found.slope is None
    assert found.probability == 1


def test_short_history_takes_fewer_blocks() -> None:
    assert cscv(noise(40, 3), 252).blocks == 10
    assert cscv(noise(8, 3), 252).blocks == 2


@given(some.integers(0, 1000), some.integers(2, 6), some.floats(0.1, 10))
def test_scale_and_order_of_columns_do_not_matter(seed: int, columns: int, scale: float) -> None:
    returns = noise(96, columns, seed)
    one, other = cscv(returns, 252, 6), cscv(returns[:, ::-1] * scale, 252, 6)
    assert one.probability == other.probability
    np.testing.assert_allclose(one.logit, other.logit, atol=1e-9)
    assert 0 <= one.probability <= 1
    assert 0 <= one.loss <= 1


@pytest.mark.parametrize(
    ("returns", "blocks", "match"),
    [
        (noise(100, 1), 8, "at least two"),
        (noise(7, 3), 8, "too few"),
        (noise(100, 3), 7, "even"),
        (np.full((100, 3), np.nan), 8, "not finite"),
    ],
)
def test_what_cannot_be_asked_is_said(returns: np.ndarray, blocks: int, match: str) -> None:
    with pytest.raises(DataError, match=match):
        cscv(returns, 252, blocks)


def test_summary_is_plain() -> None:
    summary = cscv(noise(100, 3), 252, 4).summary()
    assert summary["splits"] == 6
    assert summary["columns"] == 3
