"""The order of trades, and the best of them."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from engine.backtest.result import BacktestResult
from engine.errors import DataError
from engine.research.sequence import BANDS, reorder, shares, without_best
from tests.support.backtests import Crosses, request, simulated
from tests.support.market import days, random_walk
from tests.support.results import make_result, trade


def result(*returns: float, capital: float = 100.0) -> BacktestResult:
    """One trade a day after another, each the whole account."""
    equity = np.concatenate(([capital], capital * np.cumprod(1 + np.array(returns))))
    time = days(len(equity))
    pnl = np.diff(equity)
    trades = [trade(str(time[index + 1]), str(time[index + 1]), float(value)) for index, value in enumerate(pnl)]
    return make_result(equity, trades, time=time)


def test_shares_of_trades_one_after_another_multiply_to_the_whole() -> None:
    bars, spec = random_walk(400, 1), request(Crosses(), direction="both")
    found = simulated(spec, bars)
    known = shares(found)
    assert known.exact
    assert np.expm1(known.growth.sum()) == pytest.approx(found.metrics["total_return"], rel=1e-9)


def test_shares_of_overlapping_trades_nearly_do() -> None:
    bars = [random_walk(400, seed, symbol=name) for seed, name in ((1, "ONE"), (2, "TWO"), (3, "SIX"))]
    found = simulated(request(Crosses(), ("ONE", "TWO", "SIX")), *bars)
    known = shares(found)
    assert not known.exact
    assert known.growth.sum() == pytest.approx(np.log1p(found.metrics["total_return"]), abs=0.05)


def test_every_order_has_the_same_end_and_its_own_drawdown() -> None:
    found = reorder(result(0.1, -0.2, 0.3, -0.1), 2000, 0)
    assert found.own_drawdown == pytest.approx(-0.2)
    worst = 0.8 * 0.9 - 1
    assert found.drawdown[0] == pytest.approx(worst)
    assert found.drawdown[-1] == pytest.approx(-0.2)
    assert set(np.round(np.unique(np.round(found.drawdown, 6)), 6)) <= {-0.28, -0.208, -0.2}


def test_ruin_is_the_share_that_lost_half() -> None:
    """Ten trades that double or halve: a walk that ever lies one step below its start."""
    found = reorder(result(*[1.0, -0.5] * 5), 20_000, 0)
    never = comb(10, 5) / 2**10  # the chance that ten steps never go below zero
    assert found.ruin == pytest.approx(1 - never, abs=0.015)
    assert np.median(found.total) == pytest.approx(0, abs=1e-9)
    assert found.fan.shape == (len(BANDS), 11)
    assert (found.fan[:, 0] == 1).all()
    assert (np.diff(found.fan, axis=0) >= 0).all()


def test_no_loss_no_ruin() -> None:
    found = reorder(result(*[0.01] * 30), 100, 0)
    assert found.ruin == 0
    assert (found.drawdown == 0).all()


def test_same_seed_same_orders() -> None:
    made = result(0.1, -0.05, 0.02)
    np.testing.assert_array_equal(reorder(made, 50, 3).total, reorder(made, 50, 3).total)


def test_one_trade_has_no_order() -> None:
    with pytest.raises(DataError, match="two trades"):
        reorder(result(0.1), 10, 0)


def test_best_trades_are_taken_away() -> None:
    found = without_best(result(0.5, -0.1, 0.2, 0.02))
    assert found.total == pytest.approx([1.5 * 0.9 * 1.2 * 1.02 - 1, 0.9 * 1.2 * 1.02 - 1, 0.9 * 1.02 - 1, -0.1, 0])
    assert found.until_nothing == 2


def test_loss_needs_none_taken_away() -> None:
    assert without_best(result(-0.1, 0.05)).until_nothing == 0


def test_gains_alone_need_all_taken_away() -> None:
    assert without_best(result(0.1, 0.1, 0.1)).until_nothing == 3


def test_no_trade_is_nothing() -> None:
    found = without_best(make_result(np.full(10, 100.0)))
    assert found.total.tolist() == [0]
    assert found.until_nothing == 0
