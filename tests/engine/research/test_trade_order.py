"""The order of trades, and the best of them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.result import BacktestResult
from engine.core.errors import DataError
from engine.research.trade_order import reorder, trade_returns, without_best
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
    known = trade_returns(found)
    assert known.exact
    assert np.expm1(known.growth.sum()) == pytest.approx(found.metrics["total_return"], rel=1e-9)


def test_shares_of_overlapping_trades_nearly_do() -> None:
    bars = [random_walk(400, seed, symbol=name) for seed, name in ((1, "ONE"), (2, "TWO"), (3, "SIX"))]
    found = simulated(request(Crosses(), ("ONE", "TWO", "SIX")), *bars)
    known = trade_returns(found)
    assert not known.exact
    assert known.growth.sum() == pytest.approx(np.log1p(found.metrics["total_return"]), abs=0.05)


def test_every_order_has_its_own_drawdown() -> None:
    """+10%, -20%, +30%, -10%: the losses together make 0.8 x 0.9, with a gain of 30% between them 0.8 x 1.3 x 0.9 and
    of 10% 0.8 x 1.1 x 0.9; the deepest is the first loss alone where the gain outweighs it.
    """
    found = reorder(result(0.1, -0.2, 0.3, -0.1), 2000, 0)
    assert found[0] == pytest.approx(0.8 * 0.9 - 1)
    assert found[-1] == pytest.approx(-0.2)
    assert set(np.unique(np.round(found, 6))) == {-0.28, -0.208, -0.2}
    assert (np.diff(found) >= 0).all()


def test_an_order_sees_the_falls_inside_its_trades() -> None:
    """Two trades of three bars, each down by 40% before it ends where it began: every order falls by 40%."""
    equity = 100 * np.array([1, 0.8, 0.6, 1, 1, 0.7, 0.6, 1])
    time = days(len(equity))
    trades = [trade(str(time[first]), str(time[first + 2]), 0.0) for first in (1, 5)]
    made = make_result(equity, trades, time=time)
    assert made.metrics["max_drawdown"] == pytest.approx(-0.4)
    assert reorder(made, 20, 0) == pytest.approx(np.full(20, -0.4))


def test_a_loss_on_the_first_bar_counts_from_the_capital() -> None:
    made = make_result(
        np.array([90.0, 99.0, 99.0, 99.0]), [trade("2020-01-01", "2020-01-01", -10.0)] * 2, capital=100.0
    )
    assert reorder(made, 20, 0) == pytest.approx(np.full(20, -0.1))


def test_orders_as_the_account_of_a_long_list_would_have_fallen() -> None:
    """A permutation of the whole account, bar by bar, against the parts that are put together."""
    made = simulated(request(Crosses(), direction="both"), random_walk(400, 1))
    drawdown = reorder(made, 500, 0)
    assert drawdown[0] <= made.metrics["max_drawdown"] <= drawdown[-1]
    entry = np.searchsorted(made.time, made.trade_entry_time)
    returns = np.diff(np.concatenate(([made.capital], made.equity))) / np.concatenate(
        ([made.capital], made.equity[:-1])
    )
    pieces = np.split(returns, np.unique(entry))
    order = np.random.default_rng(0).permuted(np.broadcast_to(np.arange(len(pieces)), (500, len(pieces))), axis=1)
    paths = [np.cumprod(1 + np.concatenate([[0.0], *(pieces[place] for place in row)])) for row in order]
    naive = [float((path / np.maximum.accumulate(path)).min() - 1) for path in paths]
    assert drawdown == pytest.approx(np.sort(naive), rel=1e-9)


def test_no_loss_no_drawdown() -> None:
    assert reorder(result(*[0.01] * 30), 100, 0) == pytest.approx(np.zeros(100), abs=1e-12)


def test_same_seed_same_orders() -> None:
    made = result(0.1, -0.05, 0.02)
    np.testing.assert_array_equal(reorder(made, 50, 3), reorder(made, 50, 3))


def test_one_trade_has_no_order() -> None:
    with pytest.raises(DataError, match="two trades"):
        reorder(result(0.1), 10, 0)


def test_overlapping_trades_have_no_order() -> None:
    made = make_result(np.array([100.0, 90.0, 40.0]), [trade("2020-01-01", "2020-01-03", -30.0)] * 2)
    with pytest.raises(DataError, match="overlap"):
        reorder(made, 10, 0)


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
