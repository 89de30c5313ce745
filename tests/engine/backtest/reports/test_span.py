"""A part of a run, and a run against benchmarks, by other libraries and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.backtest.metrics import bar_returns, equity_metrics
from engine.backtest.reports.benchmarks import BENCHMARKS, compared_with, equal_weight
from engine.backtest.reports.relative import relative
from engine.backtest.reports.span import charged, entered, span, within
from engine.core.errors import DataError
from engine.research.regimes import regimes
from tests.support.backtests import Crosses, request, simulated
from tests.support.market import make_bars
from tests.support.results import make_result

RANDOM = np.random.default_rng(5)
MOVES = RANDOM.normal(0.0005, 0.01, (2, 700))
CLOSE = 100 * np.exp(np.cumsum(MOVES, axis=1))
BARS = [make_bars(row, symbol=name) for name, row in zip(("AAA", "BBB"), CLOSE, strict=True)]
RUN = simulated(request(Crosses(window=8), ("AAA", "BBB"), direction="both"), *BARS)


def part_of(first: int, stop: int):
    return span(RUN, RUN.time[first], RUN.time[stop - 1])


@given(some.integers(0, 300), some.integers(3, 390))
def test_the_figures_of_a_part_are_those_of_its_curve(first: int, size: int) -> None:
    part = part_of(first, first + size)
    assert part is not None
    found = within(RUN, part)
    before = max(first - 1, 0)
    equity = RUN.equity[before : first + size]
    capital = RUN.equity[first - 1] if first else RUN.capital
    expected = equity_metrics(RUN.time[before : first + size], equity, RUN.periods_per_year, capital)
    assert {name: found.metrics[name] for name in expected} == expected
    assert found.metrics["total_return"] == pytest.approx(equity[-1] / capital - 1)
    assert found.metrics["trades"] == entered(RUN, part).sum() == len(found.trade_pnl)


def test_parts_that_follow_one_another_compound_to_the_whole() -> None:
    parts = [part_of(*ends) for ends in ((0, 200), (200, 450), (450, len(RUN.time)))]
    runs = [within(RUN, part) for part in parts if part is not None]
    grown = np.prod([1 + float(run.metrics["total_return"] or 0) for run in runs])
    assert grown == pytest.approx(1 + float(RUN.metrics["total_return"] or 0))
    held = np.prod([1 + float(run.benchmark_metrics["total_return"] or 0) for run in runs])
    assert held == pytest.approx(RUN.benchmark[-1] / RUN.capital)
    assert sum(len(run.fill_time) for run in runs) == len(RUN.fill_time)
    assert sum(sum(charged(run)) for run in runs) == pytest.approx(sum(charged(RUN)))


def test_all_bars_and_too_few_are_no_part() -> None:
    assert part_of(0, len(RUN.time)) is None
    assert part_of(5, 7) is None
    assert span(RUN, RUN.time[-1] + np.timedelta64(9, "D"), RUN.time[-1] + np.timedelta64(99, "D")) is None


def test_costs_of_the_whole_by_its_fills_are_those_of_the_run() -> None:
    part = part_of(1, len(RUN.time))
    assert part is not None
    found = within(RUN, part)
    assert found.metrics["costs"] == pytest.approx(RUN.metrics["costs"], rel=0.01)
    assert found.metrics["turnover"] == pytest.approx(RUN.metrics["turnover"], rel=0.01)


def test_alpha_and_beta_are_those_of_a_regression_and_the_rest_of_quantstats() -> None:
    quantstats = pytest.importorskip("quantstats.stats")
    found = relative(RUN.equity, RUN.benchmark, 252.0)
    own, held = bar_returns(RUN.equity), bar_returns(RUN.benchmark)
    slope, intercept = np.polyfit(held, own, 1)
    assert found.beta == pytest.approx(slope)
    assert found.alpha == pytest.approx(intercept * 252)
    days = pd.date_range("2020-01-01", periods=len(own))
    ours, theirs = pd.Series(own, days), pd.Series(held, days)
    greeks = quantstats.greeks(ours, theirs, 252)
    assert (found.alpha, found.beta) == (pytest.approx(greeks["alpha"]), pytest.approx(greeks["beta"]))
    assert found.information_ratio == pytest.approx(quantstats.information_ratio(ours, theirs) * np.sqrt(252))
    assert found.tracking_error == pytest.approx((ours - theirs).std() * np.sqrt(252))
    assert found.correlation == pytest.approx(ours.corr(theirs))
    rising = held > 0
    assert found.up_capture == pytest.approx(own[rising].mean() / held[rising].mean())


def test_nothing_can_be_said_against_cash_but_the_excess() -> None:
    found = relative(RUN.equity, np.full(len(RUN.equity), 7.0), 252.0)
    assert (found.alpha, found.beta, found.correlation, found.up_capture) == (None, None, None, None)
    assert found.excess == pytest.approx(np.mean(bar_returns(RUN.equity)) * 252)


def test_a_run_strays_nowhere_from_itself() -> None:
    found = relative(RUN.equity, RUN.equity, 252.0)
    assert (found.beta, found.correlation) == (pytest.approx(1), pytest.approx(1))
    assert (found.alpha, found.tracking_error, found.information_ratio) == (pytest.approx(0), 0.0, None)


def test_benchmarks_start_with_the_same_capital_and_are_what_they_say() -> None:
    for name in BENCHMARKS:
        found = compared_with(RUN, name, BARS if name == "equal_weight" else BARS[1:])
        assert found.benchmark[0] == pytest.approx(RUN.capital, rel=0.02)
        assert found.equity is RUN.equity
    matched = compared_with(RUN, "risk_matched", ())
    assert matched.benchmark_metrics["volatility"] == pytest.approx(RUN.metrics["volatility"])
    assert compared_with(RUN, "cash", ()).benchmark_metrics["total_return"] == 0.0
    one = compared_with(RUN, "symbol", BARS[1:])
    first = np.searchsorted(BARS[1].time, RUN.time[0])
    np.testing.assert_allclose(one.benchmark / RUN.capital, CLOSE[1, first:] / CLOSE[1, first])


def test_a_symbol_that_is_not_there_yet_is_no_benchmark() -> None:
    late = make_bars(np.ones(5), symbol="LATE", time=RUN.time[-5:])
    with pytest.raises(DataError, match="LATE has no close by"):
        compared_with(RUN, "symbol", [late])


def test_equal_weights_by_hand() -> None:
    prices = np.array([[1.0, 10.0], [2.0, 10.0], [2.0, 20.0], [4.0, 20.0]])
    months = np.array(["2020-01", "2020-01", "2020-02", "2020-02"], "datetime64[M]")
    # Half in each: 1.5; again half in each from the last bar of January: times 1.5, then 2.0 / 1.0 of that.
    np.testing.assert_allclose(equal_weight(prices, months), [1.0, 1.5, 2.25, 1.5 * (2.0 + 2.0) / 2])
    late = np.array([[1.0, np.nan], [2.0, 5.0], [2.0, 10.0], [2.0, 10.0]])
    np.testing.assert_allclose(equal_weight(late, months), [1.0, 2.0, 3.0, 3.0])


def test_regimes_of_a_part_are_classified_from_all_bars_before() -> None:
    rising = make_result(np.exp(np.linspace(0, 1, 600)), benchmark=np.exp(np.linspace(0, 1, 600)))
    names = [item.name for item in regimes(rising, slice(400, 500))]
    assert names[0] == "Bull"
    assert regimes(rising, slice(400, 500))[0].share == 1.0
    assert not [item for item in regimes(rising, slice(0, 100)) if item.name == "Bull"]
