"""Bands and channels around the price."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Column, Family, Indicator, Output, Pane
from engine.indicators.averages import ema, ema_warm_up
from engine.indicators.gaps import apply_to_contiguous_runs
from engine.indicators.reference import in_price, talib
from engine.indicators.volatility import atr, atr_warm_up, ranges
from engine.market.bars import Bars, Floats

_EDGES = (Output("upper", "band", "price"), Output("lower", "band", "price"))
_MIDDLE = Output("middle", unit="price")
_GROUP = "Averages and bands"


def band(bars: Bars, window: int, width: float) -> Floats:
    """Bollinger's band (2001): the mean of ``window`` closes plus ``width`` of their standard deviations (population).

    A negative width gives the lower band, zero the middle.
    """

    def line(close: Floats) -> Floats:
        middle = talib().SMA(close, window)
        return np.asarray(middle + width * talib().STDDEV(close, window) if width else middle)

    return in_price(line, window - 1, bars.close)


def deviation(bars: Bars, window: int) -> Floats:
    """The (population) standard deviation of ``window`` closes: ``band`` is its middle plus a multiple of this."""
    return in_price(lambda close: talib().STDDEV(close, window), window - 1, bars.close)


def keltner_warm_up(window: int, atr_window: int) -> int:
    return max(ema_warm_up(window), atr_warm_up(atr_window))


def keltner(bars: Bars, window: int, atr_window: int, width: float) -> Floats:
    """Keltner's channel (1960) in Raschke's form: the exponential average plus ``width`` average true ranges."""
    return np.asarray(ema(bars, window) + width * atr(bars, atr_window))


def highest(values: Floats, window: int) -> Floats:
    """The highest of the ``window`` bars before each one; it warms up for ``window`` bars."""
    return apply_to_contiguous_runs(lambda known: _delayed(talib().MAX(known, window)), window, values)


def lowest(values: Floats, window: int) -> Floats:
    """The lowest of the ``window`` bars before each one; it warms up for ``window`` bars."""
    return apply_to_contiguous_runs(lambda known: _delayed(talib().MIN(known, window)), window, values)


def _delayed(line: Floats) -> Floats:
    return np.concatenate(([np.nan], line[:-1]))


class _Channel(Indicator):
    outputs: ClassVar[tuple[Output, ...]] = (*_EDGES, _MIDDLE)
    pane: ClassVar[Pane] = "price"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {output.name: self.line(bars, output.name) for output in self.outputs}


@plugin("bollinger", title="Bollinger bands", group=_GROUP, synonyms=("BBANDS", "standard deviation bands"))
class Bollinger(_Channel):
    """Mean of the last closes, plus and minus a multiple of their standard deviation (Bollinger 2001)."""

    kind: Literal["bollinger"] = "bollinger"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in mean and deviation.")
    width: float = parameter(2.0, title="Width", unit="σ", ge=0, le=10, step=0.1, help="Deviations above and below.")
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"Bollinger {self.window}, {self.width:g}σ"

    def warm_up(self) -> int:
        return self.window - 1

    def formulas(self) -> tuple[str, ...]:
        middle = f"mean(close, {self.window})"
        width = self.width * float(np.sqrt((self.window - 1) / self.window))  # of a population
        apart = f"{width!r} * std(close, {self.window})"
        return f"{middle} + {apart}", f"{middle} - {apart}", middle

    def line(self, bars: Bars, output: str) -> Floats:
        return band(bars, self.window, {"upper": self.width, "lower": -self.width}.get(output, 0.0))


@plugin("keltner", title="Keltner channel", group=_GROUP, synonyms=("ATR channel", "Raschke"))
class Keltner(_Channel):
    """Exponential average of the close, plus and minus a multiple of the average true range (Keltner 1960)."""

    kind: Literal["keltner"] = "keltner"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars of the average.")
    atr_window: int = parameter(10, title="Range window", unit="bars", ge=2, le=500, help="Bars of the true range.")
    width: float = parameter(2.0, title="Width", unit="ATR", ge=0, le=10, step=0.1, help="Ranges above and below.")

    family: ClassVar[Family] = "recursive"

    def label(self) -> str:
        return f"Keltner {self.window}, {self.width:g} ATR {self.atr_window}"

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low", "close")

    def warm_up(self) -> int:
        return keltner_warm_up(self.window, self.atr_window)

    def line(self, bars: Bars, output: str) -> Floats:
        return keltner(bars, self.window, self.atr_window, {"upper": self.width, "lower": -self.width}.get(output, 0.0))


@plugin(
    "donchian",
    title="Donchian channel",
    group=_GROUP,
    synonyms=("highest high", "lowest low", "breakout"),
)
class Donchian(_Channel):
    """Highest and lowest price of the bars before the current one, and the midpoint (Donchian 1960)."""

    kind: Literal["donchian"] = "donchian"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars before the current one.")
    prices: Literal["ranges", "closes"] = parameter(
        "ranges", title="Channel of", choices={"ranges": "Highs, lows", "closes": "Closes"}
    )
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"Donchian {self.window}" + (" of closes" if self.prices == "closes" else "")

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low") if self.prices == "ranges" else ("close",)

    def warm_up(self) -> int:
        return self.window

    def formulas(self) -> tuple[str, ...]:
        high, low = ("close", "close") if self.prices == "closes" else ("high", "low")
        upper, lower = f"ts_max(lag({high}, 1), {self.window})", f"ts_min(lag({low}, 1), {self.window})"
        return upper, lower, f"({upper} + {lower}) / 2"

    def line(self, bars: Bars, output: str) -> Floats:
        if output == "middle":
            return np.asarray((self.line(bars, "upper") + self.line(bars, "lower")) / 2)
        high, low = (bars.close, bars.close) if self.prices == "closes" else ranges(bars)[:2]
        return highest(high, self.window) if output == "upper" else lowest(low, self.window)
