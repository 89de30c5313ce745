"""The sample data end to end."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import engine
from engine.backtest.metrics import METRICS
from engine.backtest.result import BacktestResult
from engine.core.store import decode, encode
from engine.market import catalog
from tests.support.stored import run, spec
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


SMA_CROSS = {"kind": "sma_cross", "fast": 20, "slow": 100}
COSTS = {"commission": 5, "slippage": 3}


def test_figures_of_a_real_backtest_follow_from_its_equity() -> None:
    result = run({"symbols": ["NVDA", "AAPL"]}, SMA_CROSS, costs=COSTS)
    equity, time = result.equity, result.time
    r = equity[1:] / equity[:-1] - 1
    years = float((time[-1] - time[0]) / np.timedelta64(1, "s")) / (365.2425 * 86400)
    per_year = (len(equity) - 1) / years
    assert result.periods_per_year == pytest.approx(per_year)
    assert per_year == pytest.approx(251.7, abs=0.5)
    found = result.metrics
    assert found["total_return"] == pytest.approx(equity[-1] / 100_000 - 1)
    assert found["cagr"] == pytest.approx((equity[-1] / equity[0]) ** (1 / years) - 1)
    assert found["sharpe"] == pytest.approx(r.mean() / r.std(ddof=1) * math.sqrt(per_year))
    assert found["max_drawdown"] == pytest.approx((equity / np.maximum.accumulate(equity) - 1).min())
    assert found["trades"] == len(result.trade_pnl)
    assert 0 < (found["exposure"] or 0) < 1
    np.testing.assert_array_equal(result.returns(), r)


def test_figures_agree_with_vectorbts_own() -> None:
    """The same signals, moved to the bars that fill them, through vectorbt's statistics instead of ours: from the first
    bar on whose close the slow average of 100 bars has been known twice.
    """
    import pandas
    import vectorbt as vbt

    from engine.strategies.kinds.sma_cross import SmaCross

    request = spec({}, SMA_CROSS, costs=COSTS, capital=100_000)
    result = engine.run(request)
    (bars,) = catalog.load(request.market).bars
    signals = SmaCross(fast=20, slow=100).signals(bars, {})
    index = pandas.DatetimeIndex(bars.time[100:])
    moved = [pandas.Series(mask[100:], index).shift(1, fill_value=False) for mask in (signals.entries, signals.exits)]
    theirs = vbt.Portfolio.from_signals(
        pandas.Series(bars.close[100:], index),
        *moved,
        price=pandas.Series(bars.open[100:], index),
        fees=0.0005,
        slippage=0.0003,
        init_cash=100_000,
        freq="1D",
        direction="longonly",
        engine="rust",
    )
    year = pandas.Timedelta(days=result.periods_per_year)  # bars a year where a bar counts as a day
    found = result.metrics
    np.testing.assert_allclose(result.equity, theirs.value().to_numpy(), rtol=1e-12)
    assert found["total_return"] == pytest.approx(theirs.total_return(), rel=1e-9)
    assert found["max_drawdown"] == pytest.approx(theirs.max_drawdown(), rel=1e-9)
    assert found["trades"] == theirs.trades.count()
    assert found["win_rate"] == pytest.approx(theirs.trades.win_rate(), rel=1e-9)
    assert found["profit_factor"] == pytest.approx(theirs.trades.profit_factor(), rel=1e-9)
    # vectorbt counts a return of zero for the first bar, ours has none: one observation of 2,599
    assert found["sharpe"] == pytest.approx(theirs.sharpe_ratio(year_freq=year), rel=1e-3)
    assert found["sortino"] == pytest.approx(theirs.sortino_ratio(year_freq=year), rel=1e-3)


def test_same_request_is_bit_identical(workspace: Workspace) -> None:
    first = run({}, SMA_CROSS, costs=COSTS)
    workspace.configure("cache: another\n")
    second = run({}, SMA_CROSS, costs=COSTS)
    assert encode(first) == encode(second)


def test_costs_only_cost() -> None:
    free = run({}, SMA_CROSS).equity[-1]
    cheap = run({}, SMA_CROSS, costs={"commission": 1, "slippage": 0}).equity[-1]
    dear = run({}, SMA_CROSS, costs={"commission": 1, "slippage": 20}).equity[-1]
    assert free > cheap > dear


def test_result_survives_the_store() -> None:
    result = run({"symbols": ["NVDA", "AAPL"]}, SMA_CROSS, costs=COSTS)
    again = decode(encode(result), BacktestResult)
    assert encode(again) == encode(result)
    assert again.symbols == ("NVDA", "AAPL")
    assert again.warnings == result.warnings


def test_summary_is_valid_json() -> None:
    text = json.dumps(run({}, SMA_CROSS, costs=COSTS).summary(), allow_nan=False)
    assert set(json.loads(text)["metrics"]) == set(METRICS)


def test_trial_is_the_sharpe_ratio_of_a_bar() -> None:
    result = run({}, SMA_CROSS, costs=COSTS)
    trial = result.trial()
    assert trial.family == "sma_cross"
    assert trial.observations == len(result.equity) - 1
    assert trial.sharpe == pytest.approx((result.metrics["sharpe"] or 0) / math.sqrt(result.periods_per_year))


def test_estimate_grows_with_the_work() -> None:
    small = spec({}).estimate()
    large = spec({"symbols": ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]}).estimate()
    model = spec({}, {"kind": "follow_model", "model": {"kind": "model"}}).estimate()
    assert small.seconds < large.seconds < model.seconds
    assert small.megabytes <= large.megabytes <= model.megabytes
