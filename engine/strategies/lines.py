"""The lines that strategies compare: averages, bands and channels known at each close. TA-Lib computes them.

Every function returns float64 as long as the bars. A line is NaN for its ``*_warm_up`` first bars, and after a missing
bar until it has warmed up again (``gaps.on_unbroken_runs``). Averages that never forget warm up until, on the sample
data, the line of a series begun later differs by less than 0.01% in the median.

A quotient of nothing by nothing is unknown, NaN, where TA-Lib says 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.features.gaps import on_unbroken_runs, standing_still
from engine.features.indicators.momentum import Rsi
from engine.features.reference import near_one, talib
from engine.market.bars import Bars, Floats
from engine.strategies import Signals
from engine.strategies.crossing import levels

Flags = NDArray[np.bool_]

SAME = 1e-10
"""Differences of prices below this part of the price are rounding."""


def above(one: Floats, other: Floats | float) -> Flags:
    """Where ``one`` lies above ``other`` by more than rounding; never where either is NaN."""
    return np.asarray(levels(one) > levels(np.asarray(other, dtype=np.float64)))


def ema_warm_up(window: int) -> int:
    return -int(-3.75 * window // 1)


def ema(bars: Bars, window: int) -> Floats:
    """Exponential average of the close, smoothed by 2 / (window + 1)."""
    return _in_price(lambda close: talib().EMA(close, window), ema_warm_up(window), bars.close)


def kama_warm_up(window: int) -> int:
    return 45 + 5 * window


def kama(bars: Bars, window: int) -> Floats:
    """Kaufman's adaptive average (1995): smoothed by 2/3 where the close trends over ``window`` bars, by 2/31 squared
    where it only oscillates. Where it has not moved at all, the two are the same, and TA-Lib takes the first.
    """
    return _in_price(lambda close: talib().KAMA(close, window), kama_warm_up(window), bars.close)


def macd_warm_up(slow: int, signal: int = 0) -> int:
    return -int(-5.3 * (slow + signal) // 1)


def macd(bars: Bars, fast: int, slow: int) -> Floats:
    """Appel's MACD (1979): the exponential average of ``fast`` bars less that of ``slow`` bars."""
    return _in_price(lambda close: _macd(close, fast, slow), macd_warm_up(slow), bars.close)


def macd_signal(bars: Bars, fast: int, slow: int, signal: int) -> Floats:
    """The exponential average of ``signal`` bars of the MACD."""

    def line(close: Floats) -> Floats:
        known = _macd(close, fast, slow)
        known[slow - 1 :] = talib().EMA(np.ascontiguousarray(known[slow - 1 :]), signal)
        return known

    return _in_price(line, macd_warm_up(slow, signal), bars.close)


def _macd(close: Floats, fast: int, slow: int) -> Floats:
    """Zero where the averages are equal but for rounding: a price that stands still crosses no signal line."""
    longer = talib().EMA(close, slow)
    gap = talib().EMA(close, fast) - longer
    gap[np.abs(gap) <= SAME * np.abs(longer)] = 0.0
    return np.asarray(gap, dtype=np.float64)


def rsi_warm_up(window: int) -> int:
    return Rsi(window=window).warm_up()


def rsi(bars: Bars, window: int) -> Floats:
    """``Rsi``: Wilder's relative strength index (1978)."""
    (line,) = Rsi(window=window).compute(bars).values()
    return line


def band(bars: Bars, window: int, width: float) -> Floats:
    """Bollinger's band (2001): the mean of ``window`` closes plus ``width`` of their standard deviations (population).

    A negative width gives the lower band, zero the middle.
    """

    def line(close: Floats) -> Floats:
        middle = talib().SMA(close, window)
        return np.asarray(middle + width * talib().STDDEV(close, window) if width else middle)

    return _in_price(line, window - 1, bars.close)


def atr_warm_up(window: int) -> int:
    return rsi_warm_up(window)


def atr(bars: Bars, window: int) -> Floats:
    """Wilder's average true range (1978), in units of price."""
    return _in_price(lambda *prices: talib().ATR(*prices, window), atr_warm_up(window), *_ranges(bars))


def keltner_warm_up(window: int, atr_window: int) -> int:
    return max(ema_warm_up(window), atr_warm_up(atr_window))


def keltner(bars: Bars, window: int, atr_window: int, width: float) -> Floats:
    """Keltner's channel (1960) in Raschke's form: the exponential average plus ``width`` average true ranges."""
    return np.asarray(ema(bars, window) + width * atr(bars, atr_window))


def adx_warm_up(window: int) -> int:
    return 11 * window + 1


def adx(bars: Bars, window: int) -> Floats:
    """Wilder's average directional index (1978), from 0 to 100: how one-sided the movement has been.

    It is an average of shares of the movement in either direction, and warms up from the first bar on that has any; a
    series without one has no index.
    """
    warm_up = adx_warm_up(window)

    def line(high: Floats, low: Floats, close: Floats) -> Floats:
        found = np.full(len(close), np.nan)
        up, down = np.diff(high), -np.diff(low)
        directed = np.flatnonzero((np.maximum(up, down) > 0) & (up != down)) + 1
        if len(directed):
            start = max(int(directed[0]) - window, 0)  # of the first share
            part = talib().ADX(high[start:], low[start:], close[start:], window)
            found[start + warm_up :] = part[warm_up:]
        return found

    return _plain(line, warm_up, *_ranges(bars))


def directional_warm_up(window: int) -> int:
    return 9 * window


def directional(bars: Bars, window: int) -> tuple[Floats, Floats]:
    """Wilder's directional indicators (1978), +DI and -DI, from 0 to 100: shares of the true range. NaN as long as
    there has been none.
    """

    def share(name: str) -> Callable[..., Floats]:
        def line(high: Floats, low: Floats, close: Floats) -> Floats:
            top, bottom = np.maximum(high[1:], close[:-1]), np.minimum(low[1:], close[:-1])
            found = getattr(talib(), name)(high, low, close, window)
            return standing_still(found, np.append(False, top > bottom), window)

        return line

    warm_up, prices = directional_warm_up(window), _ranges(bars)
    return _plain(share("PLUS_DI"), warm_up, *prices), _plain(share("MINUS_DI"), warm_up, *prices)


def highest(values: Floats, window: int) -> Floats:
    """The highest of the ``window`` bars before each one; it warms up for ``window`` bars."""
    return on_unbroken_runs(lambda known: _delayed(talib().MAX(known, window)), window, values)


def lowest(values: Floats, window: int) -> Floats:
    """The lowest of the ``window`` bars before each one; it warms up for ``window`` bars."""
    return on_unbroken_runs(lambda known: _delayed(talib().MIN(known, window)), window, values)


def past_return(close: Floats, lookback: int, skip: int = 0) -> Floats:
    """Return over ``lookback`` bars up to ``skip`` bars ago, along the first axis; NaN out of a price of zero."""
    result = np.full(close.shape, np.nan)
    last, first = close[lookback : len(close) - skip], close[: max(len(close) - skip - lookback, 0)]
    result[lookback + skip :] = np.divide(last, first, out=np.full(last.shape, np.nan), where=first != 0) - 1
    return result


def with_ranges(bars: Bars) -> Bars:
    """``bars``; raises ``DataError`` where the series has closes alone."""
    if not bars.series.has_ohlc:
        raise DataError(
            f"{bars.series.symbol} has closing prices only, and this strategy needs highs and lows: "
            "choose one that compares closes, or another symbol."
        )
    return bars


def _ranges(bars: Bars) -> tuple[Floats, Floats, Floats]:
    return with_ranges(bars).high, bars.low, bars.close


def _delayed(line: Floats) -> Floats:
    return np.concatenate(([np.nan], line[:-1]))


def _in_price(function: Callable[..., Floats], warm_up: int, *prices: Floats) -> Floats:
    """A line in units of price."""
    return on_unbroken_runs(near_one(function, in_price=True), warm_up, *prices)


def _plain(function: Callable[..., Floats], warm_up: int, *prices: Floats) -> Floats:
    """A line without unit."""
    return on_unbroken_runs(near_one(function, in_price=False), warm_up, *prices)


def silent(bars: Bars, warm_up: int, **decisions: Flags) -> Signals:
    """``Signals`` of ``decisions``, none of them in the first ``warm_up`` bars or where there is no close."""
    known = np.isfinite(bars.close)
    known[:warm_up] = False
    return Signals(**{name: flags & known for name, flags in decisions.items()})


def never(bars: Bars) -> Flags:
    """A decision that is not taken on any bar."""
    return np.zeros(len(bars), dtype=bool)
