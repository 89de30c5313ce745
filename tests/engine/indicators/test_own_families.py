"""Statistics, memory, liquidity, calendar and candles: against pandas, SciPy and plain loops over the definition."""

from __future__ import annotations

import calendar
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.indicators.candles import BarRange, CandleShape
from engine.indicators.days import Calendar, TurnOfMonth
from engine.indicators.distribution import (
    Autocorrelation,
    CloseZScore,
    PercentRank,
    RegressionR2,
    RegressionResidual,
    RegressionSlope,
    ReturnMoments,
    ReturnQuantile,
)
from engine.indicators.drawdowns import BarsBelowHigh, Drawdown
from engine.indicators.liquidity import Amihud, VwapDistance
from engine.indicators.memory import FractionalDifference, Hurst, PermutationEntropy, difference_weights
from engine.market.bars import Bars
from tests.support.market import days, make_bars, random_walk

BARS = replace(random_walk(300, 8), volume=np.random.default_rng(8).integers(500, 5000, 300).astype(np.float64))
CLOSE = pd.Series(BARS.close)
RETURNS = np.log(CLOSE).diff()
close_to = pytest.approx


def windows(values: np.ndarray, window: int) -> list[np.ndarray]:
    return [values[at - window + 1 : at + 1] for at in range(window - 1, len(values))]


def test_moments_quantiles_and_autocorrelation_are_those_of_pandas() -> None:
    moments = ReturnMoments(window=30).compute(BARS)
    np.testing.assert_allclose(moments["skewness"], RETURNS.rolling(30).skew(), rtol=1e-7)
    np.testing.assert_allclose(moments["kurtosis"], RETURNS.rolling(30).kurt(), rtol=1e-6, atol=1e-9)
    quantile = ReturnQuantile(window=30, share=0.1).compute(BARS)["quantile"]
    np.testing.assert_allclose(quantile, 100 * RETURNS.rolling(30).quantile(0.1), rtol=1e-9)
    found = Autocorrelation(window=40, lag=3).compute(BARS)["correlation"]
    np.testing.assert_allclose(found, RETURNS.rolling(40).corr(RETURNS.shift(3)), rtol=1e-7, atol=1e-9)


def test_the_place_of_the_close_among_closes() -> None:
    rolled = CLOSE.rolling(25)
    np.testing.assert_allclose(
        CloseZScore(window=25).compute(BARS)["z"], (CLOSE - rolled.mean()) / rolled.std(), rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(PercentRank(window=25).compute(BARS)["rank"], 100 * (rolled.rank() - 1) / 24, rtol=1e-9)
    found = Drawdown(window=25).compute(BARS) | BarsBelowHigh(window=25).compute(BARS)
    np.testing.assert_allclose(found["drawdown"], 100 * (CLOSE / rolled.max() - 1), rtol=1e-9, atol=1e-12)
    ago = [24 - int(np.argmax(values)) for values in windows(BARS.close, 25)]
    np.testing.assert_array_equal(found["bars"][24:], ago)


@pytest.mark.parametrize("fall", [1e-4, 1e-6, 1e-8])
def test_a_price_that_has_collapsed_keeps_its_digits(fall: float) -> None:
    close = random_walk(300, seed=8).close
    close[100:] *= fall
    expected = [stats.zscore(close[end - 40 : end], ddof=1)[-1] for end in range(40, 301)]
    assert CloseZScore(window=40).compute(make_bars(close))["z"][39:] == pytest.approx(expected, rel=1e-6)


def test_what_stands_still_has_no_z_score_and_no_fit() -> None:
    still = make_bars(np.full(50, 4.0))
    assert np.isnan(CloseZScore(window=10).compute(still)["z"]).all()
    assert np.isnan(RegressionR2(window=10).compute(still)["r2"]).all()
    assert np.isnan(ReturnMoments(window=10).compute(still)["skewness"]).all()
    assert np.isnan(Autocorrelation(window=10).compute(still)["correlation"]).all()
    assert np.isnan(Hurst(window=16).compute(still)["exponent"]).all()
    assert np.isnan(CandleShape().compute(still)["body"]).all()
    np.testing.assert_array_equal(PermutationEntropy(window=10).compute(still)["entropy"][11:], 0)


def test_the_trend_is_that_of_scipy() -> None:
    found: dict[str, np.ndarray] = {}
    for cls in (RegressionSlope, RegressionResidual, RegressionR2):
        found |= cls(window=20).compute(BARS)
    for at in range(19, 300, 13):
        logs = np.log(BARS.close[at - 19 : at + 1])
        line = stats.linregress(np.arange(20), logs)
        assert found["slope"][at] == close_to(100 * line.slope, rel=1e-7)
        assert found["r2"][at] == close_to(line.rvalue**2, rel=1e-7, abs=1e-10)
        assert found["residual"][at] == close_to(100 * (logs[-1] - line.intercept - 19 * line.slope), rel=1e-6)


def test_hurst_by_the_definition() -> None:
    found = Hurst(window=64).compute(BARS)["exponent"]
    for at in range(63, 300, 40):
        logs = np.log(BARS.close[at - 63 : at + 1])
        lags = [1, 2, 4, 8, 16]
        sizes = [np.sqrt(np.mean((logs[lag:] - logs[:-lag]) ** 2)) for lag in lags]
        assert found[at] == close_to(np.polyfit(np.log(lags), np.log(sizes), 1)[0], rel=1e-7)


def test_hurst_knows_a_walk_from_noise_and_from_a_trend() -> None:
    random = np.random.default_rng(2)
    walk = make_bars(np.exp(np.cumsum(random.normal(0, 0.01, 3000))))
    noise = make_bars(np.exp(random.normal(0, 0.01, 3000)))
    trend = make_bars(np.exp(0.001 * np.arange(3000.0)))
    exponents = [np.nanmean(Hurst(window=1000).compute(bars)["exponent"]) for bars in (walk, noise, trend)]
    assert exponents == close_to([0.5, 0, 1], abs=0.06)


def test_fractional_difference_by_hand_and_by_the_definition() -> None:
    """The weights of order 0.5 are those of the binomial series: 1, -1/2, -1/8, -1/16, -5/128."""
    np.testing.assert_allclose(difference_weights(0.5, 5), [1, -1 / 2, -1 / 8, -1 / 16, -5 / 128])
    np.testing.assert_allclose(difference_weights(1.0, 4), [1, -1, 0, 0])
    found = FractionalDifference(order=0.4, window=20).compute(BARS)["difference"]
    logs, weights = np.log(BARS.close), difference_weights(0.4, 20)
    expected = [sum(weights[k] * logs[at - k] for k in range(20)) for at in range(19, 300)]
    np.testing.assert_allclose(found[19:], expected, rtol=1e-9)
    whole = FractionalDifference(order=1, window=20).compute(BARS)["difference"]
    np.testing.assert_allclose(whole[19:], RETURNS[19:], atol=1e-12)


def test_permutation_entropy_by_hand_and_by_counting() -> None:
    """The example of Bandt and Pompe (2002): 4, 7, 9, 10, 6, 11, 3 has four rises in six, 0.918 bits, and the orders
    of three 2, 2 and 1 times, 1.522 bits.
    """
    bars = make_bars([4.0, 7, 9, 10, 6, 11, 3])
    two = PermutationEntropy(order=2, window=6).compute(bars)["entropy"]
    three = PermutationEntropy(order=3, window=5).compute(bars)["entropy"]
    assert two[-1] == close_to(0.918, abs=5e-4)
    assert three[-1] * np.log2(6) == close_to(1.522, abs=5e-4)
    found = PermutationEntropy(order=3, window=50).compute(BARS)["entropy"]
    for at in (51, 120, 299):
        seen = [tuple(np.argsort(part)) for part in windows(BARS.close[at - 51 : at + 1], 3)]
        shares = np.unique(seen, axis=0, return_counts=True)[1] / len(seen)
        assert found[at] == close_to(stats.entropy(shares) / np.log(6), rel=1e-9)


def test_liquidity_by_pandas() -> None:
    volume, typical = pd.Series(BARS.volume), (BARS.high + BARS.low + CLOSE) / 3
    impact = 100 * CLOSE.pct_change().abs() / (CLOSE * volume / 1e6)
    np.testing.assert_allclose(Amihud(window=10).compute(BARS)["illiquidity"], impact.rolling(10).mean(), rtol=1e-9)
    vwap = (typical * volume).rolling(10).sum() / volume.rolling(10).sum()
    found = VwapDistance(window=10).compute(BARS)["distance"]
    np.testing.assert_allclose(found, 100 * (CLOSE / vwap - 1), rtol=1e-7, atol=1e-9)


def test_volume_that_is_none_is_no_liquidity_and_adjusted_prices_keep_the_traded_value() -> None:
    silent = replace(BARS, volume=np.where(np.arange(300) == 100, 0.0, BARS.volume))
    assert np.isnan(Amihud(window=10).compute(silent)["illiquidity"][100:110]).all()
    assert np.isfinite(VwapDistance(window=10).compute(silent)["distance"][100:110]).all()
    nothing = replace(BARS, volume=np.zeros(300))
    assert np.isnan(VwapDistance(window=10).compute(nothing)["distance"]).all()
    halved = replace(BARS, close=BARS.close / 2, traded=BARS.volume * 2)
    same = Amihud(window=10).compute(halved)["illiquidity"]
    np.testing.assert_allclose(same, Amihud(window=10).compute(BARS)["illiquidity"])


def test_the_calendar_is_that_of_the_standard_library() -> None:
    bars = make_bars(np.ones(800), time=days(800, "2019-12-20"))
    found, turn = Calendar().compute(bars), TurnOfMonth().compute(bars)
    for at, moment in enumerate(bars.time.tolist()):
        day = moment.date()
        assert (found["weekday"][at], found["month"][at]) == (day.isoweekday(), day.month)
        last = calendar.monthrange(day.year, day.month)[1]
        weekdays = [number for number in range(1, last + 1) if day.replace(day=number).isoweekday() <= 5]
        assert turn["gone"][at] == sum(number <= day.day for number in weekdays)
        assert turn["left"][at] == sum(number > day.day for number in weekdays)


def test_the_day_is_that_of_the_exchange() -> None:
    """01:00 UTC on a Tuesday is Monday evening in New York."""
    bars = make_bars([1.0], time=["2024-01-02T01:00"], interval="1h", timezone="America/New_York")
    assert Calendar().compute(bars)["weekday"] == 1


def test_the_shape_of_a_candle_by_hand() -> None:
    bars = make_bars([12.0, 10], open=[10.0, 12])
    bars = replace(bars, high=np.array([14.0, 13]), low=np.array([9.0, 9]))
    found = CandleShape().compute(bars) | BarRange().compute(bars)
    np.testing.assert_allclose(found["body"], [2 / 5, -2 / 4])
    np.testing.assert_allclose(found["upper"], [2 / 5, 1 / 4])
    np.testing.assert_allclose(found["lower"], [1 / 5, 1 / 4])
    np.testing.assert_allclose(found["range"], [500 / 12, 40])


def test_a_missing_bar_costs_one_window() -> None:
    closes = BARS.close.copy()
    closes[150] = np.nan
    gapped: Bars = replace(BARS, close=closes)
    for indicator in (CloseZScore(window=10), PermutationEntropy(window=10), FractionalDifference(window=10)):
        (values,) = indicator.compute(gapped).values()
        unknown = np.flatnonzero(np.isnan(values[20:])) + 20
        assert unknown.tolist() == list(range(150, 151 + indicator.warm_up()))
