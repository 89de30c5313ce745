"""Resampled drawdowns: against hand values and arch itself."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.research import drawdowns
from engine.research.drawdowns import BANDS, bootstrap_paths
from engine.research.trade_order import trade_returns
from tests.support.backtests import Crosses, request, simulated
from tests.support.market import random_walk
from tests.support.results import make_result, trade


def account(bars: int = 60, fall: float = -0.6, at: int = 30) -> np.ndarray:
    """Equity that gains 0.1% or nothing in turn, and falls once."""
    returns = np.where(np.arange(1, bars) % 2, 0.001, 0.0)
    returns[at] = fall
    return 100 * np.cumprod(np.concatenate(([1.0], 1 + returns)))


def test_what_overlapping_trades_lose_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two positions that are open at the same time lose 30% of the capital each, on one of 59 bars. Of lists of two
    trades drawn in a row none loses more than 1 - 0.7 x 0.7 = 51%, of single trades none more than 30%; but the account
    fell by 60%, and so does each history that has that bar: 1 - (58 / 59)^59 of them, drawn bar by bar.
    """
    equity = account()
    both = [trade("2020-01-02", "2020-02-10", -30.0, symbol=number) for number in (0, 1)]
    made = make_result(equity, both)
    assert not trade_returns(made).exact
    monkeypatch.setattr(drawdowns, "block_length", lambda _: 1.0)
    found = bootstrap_paths(made, 4000, 0)
    assert made.metrics["max_drawdown"] == pytest.approx(-0.6)
    assert found.ruin == pytest.approx(1 - (58 / 59) ** 59, abs=0.025)
    assert found.drawdown[0] <= made.metrics["max_drawdown"]


def test_the_run_itself_is_one_of_the_histories() -> None:
    """None of a few samples may have fallen by half; where the account did, that is not nothing."""
    made = make_result(account(fall=-0.5))
    ruins = [bootstrap_paths(made, 1, seed).ruin for seed in range(20)]
    assert set(ruins) == {0.5, 1.0}
    assert bootstrap_paths(make_result(account(fall=-0.4)), 200, 0).ruin < 0.5


def test_histories_are_those_of_arch() -> None:
    from arch.bootstrap import StationaryBootstrap

    made = simulated(request(Crosses(), direction="both"), random_walk(400, 1))
    found = bootstrap_paths(made, 250, 7)
    source = StationaryBootstrap(found.block, made.returns(), seed=np.random.default_rng(7))
    paths = [np.cumprod(np.concatenate(([1.0], 1 + data[0]))) for data, _ in source.bootstrap(250)]
    deepest = [float((path / np.maximum.accumulate(path)).min() - 1) for path in paths]
    assert found.drawdown == pytest.approx(np.sort(deepest), rel=1e-9)
    assert found.fan == pytest.approx(np.quantile(np.array(paths)[:, found.bars], BANDS, axis=0), rel=1e-9)
    assert found.drawdown[0] < made.metrics["max_drawdown"] < found.drawdown[-1]


def test_the_first_bar_falls_from_the_capital(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawdowns, "block_length", lambda _: 1.0)
    equity = np.full(40, 45.0)
    equity[1::2] *= 1.001
    found = bootstrap_paths(make_result(equity, capital=100.0), 3000, 0)
    assert found.ruin == pytest.approx(1 - (39 / 40) ** 40, abs=0.03)


def test_bands_start_at_the_capital_and_do_not_cross() -> None:
    found = bootstrap_paths(simulated(request(Crosses()), random_walk(800, 3)), 100, 0)
    assert found.fan.shape == (len(BANDS), len(found.bars))
    assert (found.bars[0], found.bars[-1]) == (0, 789), "ten bars warm up"
    assert len(found.bars) <= drawdowns.POINTS
    assert (found.fan[:, 0] == 1).all()
    assert (np.diff(found.fan, axis=0) >= 0).all()


def test_no_loss_no_ruin() -> None:
    found = bootstrap_paths(make_result(100 * 1.001 ** np.arange(50)), 50, 0)
    assert found.ruin == 0
    assert (found.drawdown == 0).all()


def test_all_is_lost() -> None:
    """An account that was ruined stays at nothing."""
    found = bootstrap_paths(make_result(np.concatenate((np.linspace(100, 10, 30), np.zeros(30)))), 50, 0)
    assert found.ruin > 0.5
    assert found.drawdown[0] == pytest.approx(-1, abs=1e-8)


def test_same_seed_same_histories() -> None:
    made = make_result(account(fall=-0.2))
    np.testing.assert_array_equal(bootstrap_paths(made, 50, 3).drawdown, bootstrap_paths(made, 50, 3).drawdown)


def test_few_bars_cannot_be_resampled() -> None:
    with pytest.raises(DataError, match="too few"):
        bootstrap_paths(make_result(np.linspace(100, 110, 15)), 10, 0)
