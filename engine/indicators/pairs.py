"""Indicators of one symbol against another: which has gained more, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Context, ContextIndicator, Output
from engine.indicators.logarithms import positive
from engine.indicators.momentum import past_return
from engine.indicators.regression import RollingLine, rolling_line
from engine.indicators.rolling import rolled, rolling
from engine.market.availability import align_known, known_at
from engine.market.bars import Bars, Floats

_GROUP = "Cross-asset"
EXACT = 1e-10
"""Root mean square distance from a line below which two logarithms of prices lie on it, but for rounding."""


class _Pair(ContextIndicator):
    symbol: str = parameter("SPY", title="Symbol", help="The one that it is compared with.")
    collection: str | None = parameter(None, title="Collection", help="Of that symbol; empty for that of the bars.")

    def context(self) -> Mapping[str, Context]:
        return {"other": Context(self.symbol, self.collection or "")}


@plugin("relative_strength", title="Relative strength", group=_GROUP, synonyms=("outperformance", "excess return"))
class RelativeStrength(_Pair):
    """The return over the last bars less that of another symbol, in percentage points.

    It runs between bars on which both have a close, that of the other being the last one known at the end of the bar.
    """

    kind: Literal["relative_strength"] = "relative_strength"
    window: int = parameter(60, title="Window", unit="bars", ge=1, le=2000, help="Bars of the return.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("difference", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Strength {self.symbol} {self.window}"

    def warm_up(self) -> int:
        return self.window

    def compute_with(self, bars: Bars, context: Mapping[str, Bars]) -> dict[str, Floats]:
        both, own, other = _closes(bars, context["other"])
        result = np.full(len(bars), np.nan)
        result[both] = 100 * (past_return(own, self.window) - past_return(other, self.window))
        return {"difference": result}


@plugin("spread", title="Spread to a symbol", group=_GROUP, synonyms=("pairs trading", "ratio", "cointegration"))
class Spread(_Pair):
    """How far the price has come apart from that of another symbol, in standard deviations over the last bars.

    Of the logarithm of their ratio from its mean, and of the logarithm of the price from its least-squares line on that
    of the other (Vidyamurthy 2004), whose slope is the hedge ratio. Unknown where nothing has moved.
    """

    kind: Literal["spread"] = "spread"
    window: int = parameter(120, title="Window", unit="bars", ge=3, le=2000, help="Bars of the mean and the line.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("ratio"), Output("residual"))
    levels: ClassVar[tuple[float, ...]] = (-2.0, 0.0, 2.0)
    nanoseconds: ClassVar[float] = 500.0

    def label(self) -> str:
        return f"Spread {self.symbol} {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute_with(self, bars: Bars, context: Mapping[str, Bars]) -> dict[str, Floats]:
        both, own, other = _closes(bars, context["other"])
        first, second = np.log(own), np.log(other)
        line = rolling_line(second, first, self.window)
        found = {"ratio": _standardised(first - second, self.window), "residual": line.residual / _moving(line)}
        result = {name: np.full(len(bars), np.nan) for name in found}
        for name, values in found.items():
            result[name][both] = values
        return result


def _standardised(values: Floats, window: int) -> Floats:
    """Distance from the mean of the last ``window`` values in their standard deviations (n - 1)."""
    moments = rolling().moments
    variance = rolled(moments.rolling_variance, values, window, 1)
    return np.asarray((values - rolled(moments.rolling_mean, values, window)) / np.sqrt(positive(variance)))


def _moving(line: RollingLine) -> Floats:
    """Deviations from a line, NaN where they are but the rounding of logarithms."""
    return np.where(line.deviation > EXACT, line.deviation, np.nan)


def _closes(bars: Bars, other: Bars) -> tuple[NDArray[np.intp], Floats, Floats]:
    """The bars on which both have a close above zero, and the closes of both on these."""
    reference = align_known(other.close, known_at(other), bars)
    both = np.flatnonzero((reference > 0) & (bars.close > 0) & np.isfinite(reference + bars.close))
    return both, bars.close[both], reference[both]
