"""Momentum: gains against losses, and fast averages against slow ones."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Family, Indicator, Output
from engine.indicators.gaps import carry_through_unchanged, without_rounding
from engine.indicators.reference import in_price, talib, without_unit
from engine.market.bars import Bars, Floats

SETTLED = 7.5


def rsi_warm_up(window: int) -> int:
    """Seven and a half windows.

    Wilder's averages never forget their first value: after k bars it keeps the share (1 - 1/window)^k. By then, on the
    sample data and for windows from 2 to 200, the RSI of a series begun later differs by 0.01% of its value in the
    median, and by 0.15% at worst for windows from 9 on. 105 bars for a window of 14.
    """
    return -int(-SETTLED * window // 1)


def rsi(bars: Bars, window: int) -> Floats:
    """Wilder's relative strength index (1978), NaN as long as the price has never moved."""

    def known(close: Floats) -> Floats:
        moves = np.append(False, close[1:] != close[:-1])
        return carry_through_unchanged(talib().RSI(close, window), moves, window)

    return without_unit(known, rsi_warm_up(window), bars.close)


@lru_cache(maxsize=4096)
def macd_warm_up(slow: int, signal: int = 0) -> int:
    return -int(-5.3 * (slow + signal) // 1)


def macd(bars: Bars, fast: int, slow: int) -> Floats:
    """Appel's MACD (1979): the exponential average of ``fast`` bars less that of ``slow`` bars."""
    return in_price(lambda close: macd_of_run(close, fast, slow), macd_warm_up(slow), bars.close)


def macd_signal(bars: Bars, fast: int, slow: int, signal: int) -> Floats:
    """The exponential average of ``signal`` bars of the MACD."""

    def line(close: Floats) -> Floats:
        known = macd_of_run(close, fast, slow)
        known[slow - 1 :] = talib().EMA(np.ascontiguousarray(known[slow - 1 :]), signal)
        return known

    return in_price(line, macd_warm_up(slow, signal), bars.close)


def macd_of_run(close: Floats, fast: int, slow: int) -> Floats:
    """Zero where the averages are equal but for rounding: a price that does not move crosses no signal line."""
    longer = talib().EMA(close, slow)
    return without_rounding(talib().EMA(close, fast) - longer, longer)


def past_return(close: Floats, lookback: int, skip: int = 0) -> Floats:
    """Return over ``lookback`` bars up to ``skip`` bars ago, along the first axis; NaN out of a price of zero."""
    result = np.full(close.shape, np.nan)
    last, first = close[lookback : len(close) - skip], close[: max(len(close) - skip - lookback, 0)]
    result[lookback + skip :] = np.divide(last, first, out=np.full(last.shape, np.nan), where=first != 0) - 1
    return result


@plugin("rsi", title="RSI", group="Momentum", synonyms=("relative strength index", "Wilder"))
class Rsi(Indicator):
    """Relative strength index (Wilder 1978): 100 x average gain / (average gain + average loss).

    Both averages are Wilder's, smoothed by 1/window. It is unknown, NaN, as long as the price has never moved, where
    TA-Lib says 0; on a bar without a move both averages shrink alike and it stays what it was.
    """

    kind: Literal["rsi"] = "rsi"
    window: int = parameter(14, title="Window", unit="bars", ge=2, le=500, help="Bars in Wilder's averages.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("rsi"),)
    family: ClassVar[Family] = "recursive"
    levels: ClassVar[tuple[float, ...]] = (30.0, 70.0)
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"RSI {self.window}"

    def warm_up(self) -> int:
        return rsi_warm_up(self.window)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"rsi": rsi(bars, self.window)}


@plugin("macd", title="MACD", group="Momentum", synonyms=("moving average convergence divergence", "Appel"))
class Macd(Indicator):
    """Moving average convergence/divergence (Appel 1979): a fast exponential average of the close less a slow one, the
    average of that, which is the signal line, and the distance of the two.
    """

    kind: Literal["macd"] = "macd"
    fast: int = parameter(12, title="Fast window", unit="bars", ge=2, le=499, help="Bars of the fast average.")
    slow: int = parameter(26, title="Slow window", unit="bars", ge=3, le=500, help="Bars of the slow average.")
    signal: int = parameter(9, title="Signal window", unit="bars", ge=2, le=500, help="Bars of the signal line.")

    outputs: ClassVar[tuple[Output, ...]] = (
        Output("macd", unit="price"),
        Output("signal", unit="price"),
        Output("histogram", "histogram", unit="price"),
    )
    family: ClassVar[Family] = "recursive"
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    @model_validator(mode="after")
    def _in_order(self) -> Macd:
        if self.fast >= self.slow:
            raise ValueError(f"Fast window ({self.fast}) must be shorter than slow window ({self.slow}).")
        return self

    def label(self) -> str:
        return f"MACD {self.fast}/{self.slow}/{self.signal}"

    def warm_up(self) -> int:
        return macd_warm_up(self.slow, self.signal)

    def warm_ups(self) -> tuple[int, ...]:
        return (macd_warm_up(self.slow), self.warm_up(), self.warm_up())

    def line(self, bars: Bars, output: str) -> Floats:
        if output == "macd":
            return macd(bars, self.fast, self.slow)
        signal = macd_signal(bars, self.fast, self.slow, self.signal)
        return signal if output == "signal" else self._distance(bars, macd(bars, self.fast, self.slow), signal)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        line, signal = self.line(bars, "macd"), self.line(bars, "signal")
        return {"macd": line, "signal": signal, "histogram": self._distance(bars, line, signal)}

    def _distance(self, bars: Bars, line: Floats, signal: Floats) -> Floats:
        return without_rounding(line - signal, bars.close)


@plugin("past_return", title="Return", group="Momentum", synonyms=("rate of change", "momentum", "ROC"))
class PastReturn(Indicator):
    """Change of the close over some bars, in percent. Unknown, NaN, where it was zero."""

    kind: Literal["past_return"] = "past_return"
    window: int = parameter(
        20, title="Window", unit="bars", ge=1, le=2000, help="Bars over which the change is measured."
    )

    outputs: ClassVar[tuple[Output, ...]] = (Output("return", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 4.0

    def label(self) -> str:
        return f"Return {self.window} %"

    def warm_up(self) -> int:
        return self.window

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"return": np.asarray(100 * past_return(bars.close, self.window))}
