"""Each figure against a hand calculation, plain Python, vectorbt and quantstats."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.backtest.metrics import (
    ANNUALISED,
    METRICS,
    drawdown,
    equity_metrics,
    longest_drawdown,
    trade_metrics,
)
from engine.market.bars import periods_per_year
from tests.support.market import days

DAY = timedelta(days=1)
EQUITIES = some.lists(some.floats(1e-3, 1e6), min_size=2, max_size=40)


def figures(equity: list[float] | np.ndarray, time: np.ndarray | None = None) -> dict[str, float | None]:
    values = np.asarray(equity, dtype=float)
    times = days(len(values)) if time is None else time
    return equity_metrics(times, values, periods_per_year(times))


def returns(count: int = 750, seed: int = 3) -> pandas.Series:
    """Returns of business days."""
    values = np.random.default_rng(seed).normal(0.0004, 0.012, count)
    return pandas.Series(values, index=pandas.bdate_range("2018-01-01", periods=count))


def curve(of: pandas.Series) -> tuple[np.ndarray, np.ndarray]:
    """Equity of 1 before the first return, and its times."""
    first = of.index[0] - pandas.Timedelta(days=3)
    times = np.concatenate(([first.to_datetime64()], of.index.to_numpy())).astype("datetime64[ms]")
    return times, np.concatenate(([1.0], np.cumprod(1 + of.to_numpy())))


# -- by hand --------------------------------------------------------------------------------------------------------


def test_five_bars_by_hand() -> None:
    """100, 110, 99, 99, 118.8: returns of 10%, -10%, 0% and 20%, nine days apart."""
    found = figures([100, 110, 99, 99, 118.8], days(37)[::9])
    r = [0.1, -0.1, 0.0, 0.2]
    mean = sum(r) / 4
    deviation = math.sqrt(sum((x - mean) ** 2 for x in r) / 3)
    root = math.sqrt(365.2425 / 9)
    assert found["total_return"] == pytest.approx(0.188)
    assert found["cagr"] == pytest.approx(1.188 ** (365.2425 / 36) - 1)
    assert found["sharpe"] == pytest.approx(mean / deviation * root)
    assert found["sortino"] == pytest.approx(mean / math.sqrt(0.01 / 4) * root)
    assert found["volatility"] == pytest.approx(deviation * root)
    assert found["max_drawdown"] == pytest.approx(-0.1)
    assert found["max_drawdown_days"] == 27
    assert found["calmar"] == pytest.approx((1.188 ** (365.2425 / 36) - 1) / 0.1)


@pytest.mark.parametrize("bars", [5, 21])
def test_less_than_a_month_has_no_figure_a_year(bars: int) -> None:
    """Five days lie four apart and would make 365 bars a year, hours of five sessions 2,900 where there are 1,764."""
    week = days(5, "2020-01-06")
    hourly = (week[:, None] + np.arange(14, 21).astype("timedelta64[h]")).ravel()
    for time in (week, hourly, days(bars)):
        found = figures(np.linspace(100, 110, len(time)) + np.arange(len(time)) % 2, time)
        assert [found[name] for name in ANNUALISED if name in found] == [None] * 5
        assert found["total_return"] is not None
        assert found["max_drawdown"] is not None


def test_shortest_month_has_its_ratios() -> None:
    """The nineteen sessions of February 2020, but for the holiday of the 17th: 3rd to 28th, 25 days apart."""
    time = days(26, "2020-02-03")
    time = time[np.is_busday(time.astype("datetime64[D]"), holidays=["2020-02-17"])]
    values = 100 + np.arange(19) % 3 + np.arange(19.0)
    r = values[1:] / values[:-1] - 1
    assert figures(values, time)["sharpe"] == pytest.approx(r.mean() / r.std(ddof=1) * math.sqrt(18 * 365.2425 / 25))


def test_double_in_two_years_is_41_percent_a_year() -> None:
    time = np.array(["2020-01-01", "2021-01-01", "2022-01-01"], dtype="datetime64[ms]")
    found = figures([1, 1.5, 2], time)
    years = (datetime(2022, 1, 1) - datetime(2020, 1, 1)) / (365.2425 * DAY)
    assert found["cagr"] == pytest.approx(2 ** (1 / years) - 1)
    assert found["cagr"] == pytest.approx(math.sqrt(2) - 1, abs=2e-3)


def test_hours_are_annualised_by_their_own_calendar() -> None:
    """Sixty days of 24 hours: 365.2425 x 24 bars a year, not 252 x 24."""
    time = np.arange("2020-01-06", "2020-03-06", dtype="datetime64[h]").astype("datetime64[ms]")
    values = np.cumprod(1 + np.random.default_rng(1).normal(0, 0.001, len(time)))
    r = values[1:] / values[:-1] - 1
    assert figures(values, time)["sharpe"] == pytest.approx(r.mean() / r.std(ddof=1) * math.sqrt(365.2425 * 24))


def test_flat_equity_has_no_ratio_and_no_drawdown() -> None:
    assert figures([5] * 30) == {
        "total_return": 0,
        "cagr": 0,
        "sharpe": None,
        "sortino": None,
        "max_drawdown": 0,
        "max_drawdown_days": 0,
        "volatility": 0,
        "calmar": None,
    }


@pytest.mark.parametrize("growth", [1.1, 1.001, 0.9, 1 + 1e-9])
def test_growth_that_varies_by_rounding_alone_has_no_ratio(growth: float) -> None:
    assert figures(growth ** np.arange(50))["sharpe"] is None


def test_two_bars_have_no_deviation() -> None:
    found = figures([100, 90], np.array(["2020-01-01", "2020-02-01"], dtype="datetime64[ms]"))
    assert found["sharpe"] is None
    assert found["volatility"] == 0
    assert found["total_return"] == pytest.approx(-0.1)


def test_growth_beyond_all_numbers_is_undefined_not_an_error() -> None:
    time = np.array(["2020-01-01T00", "2020-01-01T01", "2020-01-01T02"], dtype="datetime64[ms]")
    found = figures([1, 1.2, 1.3], time)
    assert found["cagr"] is None
    assert found["calmar"] is None
    assert found["total_return"] == pytest.approx(0.3)


# -- drawdown -------------------------------------------------------------------------------------------------------


def test_drawdown_by_hand() -> None:
    np.testing.assert_allclose(drawdown(np.array([2.0, 4, 3, 4, 5, 1]), 2.0), [0, 0, -0.25, 0, 0, -0.8])
    np.testing.assert_allclose(drawdown(np.array([2.0, 4, 3]), 2.5), [-0.2, 0, -0.25])


@pytest.mark.parametrize(
    ("equity", "expected"),
    [
        ([1, 2, 3], 0),
        ([3, 2, 1], 2),
        ([1, 2, 1, 1, 2, 3], 3),
        ([2, 1, 2, 1, 2], 2),
        ([3, 1, 2, 3, 2], 3),
        ([2, 2, 1, 2], 2),
        ([2, 1, 3, 1, 1, 1], 3),
        ([5, 1, 6, 2, 3, 4, 7], 4),
        ([1, 1, 1], 0),
    ],
)
def test_longest_drawdown_by_hand(equity: list[float], expected: float) -> None:
    assert longest_drawdown(days(len(equity)), np.array(equity, dtype=float), equity[0]) == expected


def test_longest_drawdown_counts_weekends() -> None:
    friday_to_monday = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], dtype="datetime64[ms]")
    assert longest_drawdown(friday_to_monday, np.array([1.0, 2, 1, 2]), 1.0) == 4


def test_longest_drawdown_of_hours_is_a_part_of_a_day() -> None:
    time = (np.datetime64("2020-01-01", "h") + np.arange(5)).astype("datetime64[ms]")
    assert longest_drawdown(time, np.array([2.0, 1, 1, 2, 3]), 2.0) == pytest.approx(3 / 24)


def slow_longest(times: list[datetime], equity: list[float]) -> float:
    """Every bar under an earlier high, and the first one at or above it again, asked one by one."""
    longest = timedelta(0)
    for end in range(1, len(equity)):
        high = max(equity[:end])
        peak = max(i for i in range(end) if equity[i] == high)
        if equity[end] < high or any(value < high for value in equity[peak + 1 : end]):
            longest = max(longest, times[end] - times[peak])
    return longest / DAY


@given(some.lists(some.sampled_from([1.0, 2.0, 3.0, 4.0]), min_size=2, max_size=25), some.data())
def test_longest_drawdown_agrees_with_asking_every_bar(equity: list[float], data: some.DataObject) -> None:
    gaps = data.draw(some.lists(some.integers(1, 200), min_size=len(equity), max_size=len(equity)))
    hours = np.cumsum(gaps)
    times = [datetime(2020, 1, 1) + timedelta(hours=int(hour)) for hour in hours]
    stamps = np.array(times, dtype="datetime64[ms]")
    assert longest_drawdown(stamps, np.array(equity), equity[0]) == pytest.approx(slow_longest(times, equity))


@given(EQUITIES)
def test_drawdown_agrees_with_plain_python(equity: list[float]) -> None:
    capital = 1.1 * equity[0]
    expected = [value / max([capital, *equity[: i + 1]]) - 1 for i, value in enumerate(equity)]
    np.testing.assert_allclose(drawdown(np.array(equity), capital), expected, rtol=0, atol=1e-12)


# -- against other libraries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_figures_agree_with_quantstats(seed: int) -> None:
    from quantstats import stats

    of = returns(seed=seed)
    times, equity = curve(of)
    per_year = periods_per_year(times)
    found = equity_metrics(times, equity, per_year)
    assert found["sharpe"] == pytest.approx(stats.sharpe(of, periods=per_year), rel=1e-9)
    assert found["sortino"] == pytest.approx(stats.sortino(of, periods=per_year), rel=1e-9)
    assert found["volatility"] == pytest.approx(stats.volatility(of, periods=per_year), rel=1e-9)
    assert found["max_drawdown"] == pytest.approx(stats.max_drawdown(pandas.Series(equity, index=times)), rel=1e-9)
    assert found["total_return"] == pytest.approx(stats.comp(of), rel=1e-9)
    worst = stats.drawdown_details(stats.to_drawdown_series(pandas.Series(equity, index=times)))
    assert found["max_drawdown_days"] == pytest.approx(worst["days"].max(), abs=7)  # it counts from the first loss


@pytest.mark.parametrize("seed", range(3))
def test_figures_agree_with_vectorbt(seed: int) -> None:
    import vectorbt as vbt

    of = returns(seed=seed)
    times, equity = curve(of)
    per_year = periods_per_year(times)
    found = equity_metrics(times, equity, per_year)
    span = pandas.Timedelta(days=365.2425)
    theirs = vbt.returns.accessors.ReturnsSRAccessor(of, freq=span / per_year, year_freq=span)
    assert found["total_return"] == pytest.approx(theirs.total(), rel=1e-9)
    assert found["sharpe"] == pytest.approx(theirs.sharpe_ratio(), rel=1e-9)
    assert found["sortino"] == pytest.approx(theirs.sortino_ratio(), rel=1e-9)
    assert found["volatility"] == pytest.approx(theirs.annualized_volatility(), rel=1e-9)
    assert found["max_drawdown"] == pytest.approx(theirs.max_drawdown(), rel=1e-9)
    assert found["cagr"] == pytest.approx(theirs.annualized(), rel=1e-9)
    assert found["calmar"] == pytest.approx(theirs.calmar_ratio(), rel=1e-9)


# -- trades ---------------------------------------------------------------------------------------------------------


def test_trades_by_hand() -> None:
    assert trade_metrics(np.array([10.0, -5, 0, 20, -10])) == {"trades": 5, "win_rate": 0.4, "profit_factor": 2.0}


@pytest.mark.parametrize(
    ("pnl", "win_rate", "profit_factor"), [([], None, None), ([5.0], 1.0, None), ([-5.0], 0.0, 0.0), ([0.0], 0.0, None)]
)
def test_trades_at_the_edges(pnl: list[float], win_rate: float | None, profit_factor: float | None) -> None:
    expected = {"trades": len(pnl), "win_rate": win_rate, "profit_factor": profit_factor}
    assert trade_metrics(np.array(pnl)) == expected


@given(EQUITIES)
def test_figures_are_plain_finite_numbers_or_none(equity: list[float]) -> None:
    for name, value in figures(equity).items():
        assert value is None or (type(value) is float and math.isfinite(value)), name


@pytest.mark.parametrize("name", METRICS)
def test_every_definition_is_a_sentence(name: str) -> None:
    metric = METRICS[name]
    assert metric.title
    assert metric.definition.endswith(".")
    assert metric.unit in ("%", "days", "", "currency")


def test_every_figure_is_defined() -> None:
    known = {*figures([1, 2, 1]), *trade_metrics(np.array([1.0])), "exposure", "costs", "turnover", "dividends"}
    assert known == set(METRICS)
