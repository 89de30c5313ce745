"""Drawdowns: by hand, and against quantstats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import quantstats

from dashboard.charts import equity, overlay
from engine.backtest.metrics import longest_drawdown
from engine.backtest.reports import frames
from engine.backtest.reports.drawdowns import deepest
from engine.backtest.reports.export import equity_csv
from engine.backtest.reports.periods import yearly
from engine.market.bars import Times
from engine.market.sources.stored import save
from tests.support.market import make_bars
from tests.support.stored import run


def days(count: int) -> Times:
    return (np.datetime64("2020-01-01") + np.arange(count)).astype("datetime64[ms]")


def test_spells_by_hand() -> None:
    """From the high on the 2nd down to the 4th, back on the 6th; then one that is not over."""
    time = days(8)
    first, second = deepest(time, np.array([100.0, 120, 90, 60, 110, 120, 130, 117]), 100.0)
    assert (first.start, first.bottom, first.end) == (time[1], time[3], time[5])
    assert (first.depth, first.days, first.days_down) == (-0.5, 4.0, 2.0)
    assert (second.start, second.bottom, second.end) == (time[6], time[7], None)
    assert (second.depth, second.days) == (pytest.approx(-0.1), 1.0)


def test_the_capital_is_the_first_high() -> None:
    """Costs of the first bar are a drawdown from what there was before it."""
    (found,) = deepest(days(3), np.array([95.0, 90, 110]), 100.0)
    assert (found.start, found.end) == (days(3)[0], days(3)[2])
    assert found.depth == pytest.approx(-0.1)


def test_what_never_falls_has_none() -> None:
    assert deepest(days(3), np.array([100.0, 100, 101]), 100.0) == ()


def test_as_quantstats_finds_them() -> None:
    returns = np.random.default_rng(3).normal(0.0005, 0.01, 700)
    time, equity = days(701), np.concatenate(([1.0], np.cumprod(1 + returns)))
    series = pd.Series(equity, index=pd.DatetimeIndex(time)).pct_change().dropna()
    theirs = quantstats.stats.drawdown_details(quantstats.stats.to_drawdown_series(series))
    theirs = theirs.sort_values("max drawdown").head(5)
    found = deepest(time, equity, 1.0)
    np.testing.assert_allclose([100 * item.depth for item in found], theirs["max drawdown"], rtol=1e-9)
    assert [str(item.bottom)[:10] for item in found] == [str(day)[:10] for day in theirs["valley"]]
    first_below = [str(item.start + np.timedelta64(1, "D"))[:10] for item in found]
    assert first_below == [str(day)[:10] for day in theirs["start"]]
    assert max(item.days for item in deepest(time, equity, 1.0, 1000)) == longest_drawdown(time, equity, 1.0)


@pytest.mark.usefixtures("workspace")
def test_every_output_counts_a_loss_of_the_first_bar() -> None:
    """Filled at the deciding close with 10% of commission: 100,000 buy 90,909 on the first bar, and stay below them."""
    save(make_bars(np.linspace(100, 105, 50)))
    result = run(fill="same_close", costs={"commission": 1000, "slippage": 0})
    first = 1 / 1.1 - 1
    assert result.equity[0] == pytest.approx(100_000 / 1.1)
    assert result.metrics["max_drawdown"] == pytest.approx(first)
    assert result.metrics["max_drawdown_days"] == 49
    (spell,) = deepest(result.time, result.equity, result.capital)
    assert (spell.depth, spell.days) == (pytest.approx(first), 49)
    assert frames.bars(result)["drawdown"].iloc[0] == pytest.approx(first)
    header, line = (text.split(",") for text in equity_csv(result).splitlines()[:2])
    assert float(line[header.index("drawdown")]) == pytest.approx(first)
    assert yearly(result)[0].drawdown == pytest.approx(first)
    assert equity.info([result]).curves[0].drawdown[0] == pytest.approx(first)
    drawn = overlay.info([("One", result.time, result.equity, result.capital)]).curves[0]
    assert (drawn.growth[0], drawn.drawdown[0]) == (pytest.approx(1 / 1.1), pytest.approx(first))
