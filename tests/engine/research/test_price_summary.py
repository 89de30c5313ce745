"""Summary statistics of one series, against SciPy and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import skew

from engine.market.bars import Bars
from engine.research.price_summary import common_period, summarise
from tests.support.market import days, make_bars, random_walk


def day(bars: Bars, index: int | None) -> str:
    """The trading day of a bar."""
    assert index is not None
    return str(bars.days[index])


def test_the_summary_says_when_the_deepest_fall_began_and_ended() -> None:
    bars = make_bars([100.0, 120.0, 60.0, 90.0, 120.0, 110.0])
    summary = summarise(bars)
    assert summary.metrics["max_drawdown"] == pytest.approx(-0.5)
    assert (day(bars, summary.peak), day(bars, summary.recovery)) == ("2020-01-02", "2020-01-05")
    assert summary.best is not None
    assert summary.worst is not None
    assert (summary.best.value, day(bars, summary.best.bar)) == (pytest.approx(0.5), "2020-01-04")
    assert (summary.worst.value, day(bars, summary.worst.bar)) == (pytest.approx(-0.5), "2020-01-03")
    assert (summary.close, day(bars, summary.last)) == (110.0, "2020-01-06")


def test_nobody_can_invest_in_an_economic_series() -> None:
    walk = random_walk(300)
    economic = replace(walk, series=replace(walk.series, kind="economic"))
    rewards = dict.fromkeys(("sharpe", "sortino"))
    assert summarise(economic).metrics == summarise(walk).metrics | rewards != summarise(walk).metrics


def test_a_fall_that_goes_on_has_not_recovered() -> None:
    assert summarise(make_bars([100.0, 80.0, 90.0])).recovery is None


def test_a_series_that_only_rises_has_no_fall() -> None:
    summary = summarise(make_bars([1.0, 2.0, 3.0]))
    assert (summary.peak, summary.metrics["max_drawdown"]) == (None, 0.0)


def test_skew_is_that_of_scipy() -> None:
    bars = random_walk(500)
    assert summarise(bars).skewness == pytest.approx(skew(bars.close[1:] / bars.close[:-1] - 1))


def test_bars_without_a_close_are_passed_over() -> None:
    bars = make_bars([100.0, np.nan, 120.0, 60.0, 0.0, 90.0])
    with_hole = summarise(bars)
    assert with_hole.metrics["total_return"] == pytest.approx(-0.1)
    assert day(bars, with_hole.peak) == "2020-01-03"


def test_common_days_are_those_of_all_symbols() -> None:
    early, late = make_bars([1.0, 2.0, 3.0, 4.0]), make_bars([1.0, 2.0, 3.0], time=days(3, "2020-01-03"))
    first, second = common_period((early, late))
    assert (list(first.close), list(second.close)) == ([3.0, 4.0], [1.0, 2.0])
