"""Historical volatility by five estimators, in percent of the price for one bar: times the root of the bars per year it
is that of a year.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Column, Indicator, Output
from engine.indicators.logarithms import log_price, log_returns
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Bars, Floats

_GROUP, _SYNONYMS = "Volatility", ("realised volatility", "historical volatility")


class _Volatility(Indicator):
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=2000, help="Bars that it is measured on.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("volatility", unit="%"),)
    title: ClassVar[str]

    def label(self) -> str:
        return f"{self.title} {self.window}"

    def inputs(self) -> tuple[Column, ...]:
        return ("open", "high", "low", "close")

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"volatility": 100 * np.sqrt(np.maximum(self._variance(bars), 0.0))}

    @abstractmethod
    def _variance(self, bars: Bars) -> Floats:
        """Of the logarithmic return of one bar."""


@plugin("close_volatility", title="Volatility, close to close", group=_GROUP, synonyms=_SYNONYMS)
class CloseVolatility(_Volatility):
    """Standard deviation (n - 1) of the logarithmic returns, in percent a bar."""

    kind: Literal["close_volatility"] = "close_volatility"
    title: ClassVar[str] = "Volatility"
    nanoseconds: ClassVar[float] = 10.0

    def inputs(self) -> tuple[Column, ...]:
        return ("close",)

    def warm_up(self) -> int:
        return self.window

    def _variance(self, bars: Bars) -> Floats:
        return rolled(rolling().moments.rolling_variance, log_returns(bars.close), self.window, 1)


@plugin("parkinson_volatility", title="Volatility, Parkinson", group=_GROUP, synonyms=_SYNONYMS)
class ParkinsonVolatility(_Volatility):
    """From highs and lows (Parkinson 1980), in percent a bar: about five times as precise as from closes where nothing
    moves overnight, which it does not see.
    """

    kind: Literal["parkinson_volatility"] = "parkinson_volatility"
    title: ClassVar[str] = "Parkinson volatility"
    nanoseconds: ClassVar[float] = 10.0

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low")

    def _variance(self, bars: Bars) -> Floats:
        span = log_price(bars.high) - log_price(bars.low)
        return np.asarray(rolled(rolling().moments.rolling_mean, span**2, self.window) / (4 * np.log(2)))


@plugin("garman_klass_volatility", title="Volatility, Garman-Klass", group=_GROUP, synonyms=_SYNONYMS)
class GarmanKlassVolatility(_Volatility):
    """From open, high, low and close (Garman and Klass 1980), in percent a bar; without the moves overnight, and for
    prices without a drift.
    """

    kind: Literal["garman_klass_volatility"] = "garman_klass_volatility"
    title: ClassVar[str] = "Garman-Klass volatility"
    nanoseconds: ClassVar[float] = 20.0

    def _variance(self, bars: Bars) -> Floats:
        span, body = log_price(bars.high) - log_price(bars.low), log_price(bars.close) - log_price(bars.open)
        return rolled(rolling().moments.rolling_mean, 0.5 * span**2 - (2 * np.log(2) - 1) * body**2, self.window)


@plugin("rogers_satchell_volatility", title="Volatility, Rogers-Satchell", group=_GROUP, synonyms=_SYNONYMS)
class RogersSatchellVolatility(_Volatility):
    """From open, high, low and close whatever the drift (Rogers and Satchell 1991), in percent a bar; without the moves
    overnight.
    """

    kind: Literal["rogers_satchell_volatility"] = "rogers_satchell_volatility"
    title: ClassVar[str] = "Rogers-Satchell volatility"
    nanoseconds: ClassVar[float] = 20.0

    def _variance(self, bars: Bars) -> Floats:
        return rolled(rolling().moments.rolling_mean, _without_drift(bars), self.window)


@plugin("yang_zhang_volatility", title="Volatility, Yang-Zhang", group=_GROUP, synonyms=_SYNONYMS)
class YangZhangVolatility(_Volatility):
    """From open, high, low and close with the moves overnight, whatever the drift (Yang and Zhang 2000), in percent a
    bar.
    """

    kind: Literal["yang_zhang_volatility"] = "yang_zhang_volatility"
    title: ClassVar[str] = "Yang-Zhang volatility"

    def warm_up(self) -> int:
        return self.window

    def _variance(self, bars: Bars) -> Floats:
        open, close, moments = log_price(bars.open), log_price(bars.close), rolling().moments
        overnight = np.full(len(bars), np.nan)
        overnight[1:] = open[1:] - close[:-1]
        weight = 0.34 / (1.34 + (self.window + 1) / (self.window - 1))
        of_night, of_day = (
            rolled(moments.rolling_variance, moves, self.window, 1) for moves in (overnight, close - open)
        )
        inside = rolled(moments.rolling_mean, _without_drift(bars), self.window)
        return of_night + weight * of_day + (1 - weight) * inside


def _without_drift(bars: Bars) -> Floats:
    """Each bar's own estimate of Rogers and Satchell."""
    open, high, low, close = (log_price(values) for values in (bars.open, bars.high, bars.low, bars.close))
    return (high - close) * (high - open) + (low - close) * (low - open)
