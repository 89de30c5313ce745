"""Breakouts, directional movement and momentum, against loops in plain Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import talib

from engine.core.errors import DataError, SpecError
from engine.strategies import Strategy
from engine.strategies.kinds.adx_trend import AdxTrend
from engine.strategies.kinds.donchian import DonchianBreakout
from engine.strategies.kinds.keltner import KeltnerBreakout
from engine.strategies.kinds.time_series_momentum import TimeSeriesMomentum
from tests.support import by_definition
from tests.support.deciding import marks, mirrored, sides
from tests.support.market import make_bars, random_walk

BARS = random_walk(1200, seed=8)
CLOSE, HIGH, LOW = BARS.close.tolist(), BARS.high.tolist(), BARS.low.tolist()


def table(rows: list[tuple[bool, bool, bool, bool]]) -> dict[str, list[bool]]:
    names = ("entries", "exits", "short_entries", "short_exits")
    return {name: [bool(row[place]) for row in rows] for place, name in enumerate(names)}


NOTHING = (False,) * 4


@pytest.mark.parametrize(("enter", "leave"), [(55, 20), (10, 3), (5, 30)])
@pytest.mark.parametrize("prices", ["ranges", "closes"])
def test_donchian_agrees_with_plain_python(enter: int, leave: int, prices: str) -> None:
    strategy = DonchianBreakout.parse({"kind": "donchian_breakout", "enter": enter, "leave": leave, "prices": prices})
    high, low = (CLOSE, CLOSE) if prices == "closes" else (HIGH, LOW)
    rows = []
    for at, close in enumerate(CLOSE):
        into, out = slice(at - enter, at), slice(at - leave, at)
        known = at >= max(enter, leave)
        rows.append(
            (close > max(high[into]), close < min(low[out]), close < min(low[into]), close > max(high[out]))
            if known
            else NOTHING
        )
    assert sum(row[0] for row in rows) > 5
    assert sides(strategy, BARS) == table(rows)


def test_donchian_by_hand() -> None:
    """The bar's own high is not part of its channel, and equalling a past extreme exceeds nothing."""
    found = DonchianBreakout(enter=3, leave=2, prices="closes").signals(make_bars([1.0, 2, 3, 3, 4, 3, 2]), {})
    assert (marks(found.entries), marks(found.exits)) == ("....x..", "......x")


@pytest.mark.parametrize("strategy", [DonchianBreakout(), KeltnerBreakout(), AdxTrend()])
def test_closes_alone_are_refused_with_a_sentence(strategy: Strategy) -> None:
    with pytest.raises(DataError, match="has closing prices only, and this strategy needs highs and lows"):
        strategy.signals(make_bars(CLOSE, has_ohlc=False), {})


def test_donchian_of_closes_takes_closes_alone() -> None:
    nothing = np.full(len(CLOSE), np.nan)
    bars = replace(make_bars(CLOSE, has_ohlc=False), open=nothing, high=nothing, low=nothing)
    assert sum(sides(DonchianBreakout(prices="closes"), bars)["entries"]) > 5


@pytest.mark.parametrize(("window", "ranges", "width"), [(20, 10, 2.0), (5, 20, 0.5)])
def test_keltner_agrees_with_plain_python(window: int, ranges: int, width: float) -> None:
    strategy = KeltnerBreakout(window=window, atr_window=ranges, width=width)
    middles, reaches = by_definition.ema(CLOSE, window), by_definition.atr(HIGH, LOW, CLOSE, ranges)
    rows = [
        (close > middle + width * reach, close < middle, close < middle - width * reach, close > middle)
        if at >= strategy.warm_up()
        else NOTHING
        for at, (close, middle, reach) in enumerate(zip(CLOSE, middles, reaches, strict=True))
    ]
    assert sum(row[0] for row in rows) > 5
    assert sides(strategy, BARS) == table(rows)


@pytest.mark.parametrize(("window", "high", "low"), [(14, 25.0, 20.0), (7, 30.0, 0.0), (5, 40.0, 40.0)])
def test_adx_trend_agrees_with_talib_bar_by_bar(window: int, high: float, low: float) -> None:
    strategy = AdxTrend(window=window, enter_above=high, leave_below=low)
    lines = [
        function(BARS.high, BARS.low, BARS.close, window) for function in (talib.PLUS_DI, talib.MINUS_DI, talib.ADX)
    ]
    rows = [
        (
            plus > minus and adx > high,
            minus > plus or adx < low,
            minus > plus and adx > high,
            plus > minus or adx < low,
        )
        if at >= strategy.warm_up()
        else NOTHING
        for at, (plus, minus, adx) in enumerate(zip(*(line.tolist() for line in lines), strict=True))
    ]
    assert sum(row[0] for row in rows) > 5
    assert sides(strategy, BARS) == table(rows)


@pytest.mark.parametrize(("lookback", "skip", "threshold"), [(252, 0, 0.0), (20, 5, 0.03), (1, 0, 0.005)])
def test_time_series_momentum_agrees_with_plain_python(lookback: int, skip: int, threshold: float) -> None:
    strategy = TimeSeriesMomentum(lookback=lookback, skip=skip, threshold=threshold)
    rows = []
    for at in range(len(CLOSE)):
        if at < lookback + skip:
            rows.append(NOTHING)
            continue
        gained = CLOSE[at - skip] / CLOSE[at - skip - lookback] - 1
        rows.append((gained > threshold, gained <= 0, gained < -threshold, gained >= 0))
    assert sum(row[0] for row in rows) > 5
    assert sides(strategy, BARS) == table(rows)


@pytest.mark.parametrize(
    "strategy", [DonchianBreakout(enter=10, leave=5), KeltnerBreakout(window=10, width=1.0), AdxTrend(window=7)]
)
def test_market_upside_down_trades_the_other_side(strategy: Strategy) -> None:
    one, other = sides(strategy, BARS), sides(strategy, replace(BARS, **mirrored(BARS)))
    assert any(one["entries"])
    assert one["entries"] == other["short_entries"]
    assert one["exits"] == other["short_exits"]
    assert one["short_entries"] == other["entries"]
    assert one["short_exits"] == other["exits"]


def test_adx_levels_are_in_order() -> None:
    with pytest.raises(SpecError, match=r"Exit below \(30\) must not exceed enter above \(25\)"):
        AdxTrend.parse({"kind": "adx_trend", "leave_below": 30})


def test_labels_and_warm_ups() -> None:
    assert (DonchianBreakout().label(), DonchianBreakout().warm_up()) == ("Donchian 55/20", 55)
    assert DonchianBreakout(prices="closes").label() == "Donchian 55/20 of closes"
    assert (KeltnerBreakout().label(), KeltnerBreakout().warm_up()) == ("Keltner 20, 2 ATR 10", 75)
    assert (AdxTrend().label(), AdxTrend().warm_up()) == ("ADX 14 > 25, out < 20", 155)
    assert TimeSeriesMomentum(skip=21, threshold=0.02).label() == "TS momentum 252, skip 21, > 2%"
    assert TimeSeriesMomentum(skip=21).warm_up() == 273
