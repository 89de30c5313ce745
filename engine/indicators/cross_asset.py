"""Indicators of one series against others: another symbol, or the same one in longer bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import (
    INDICATORS,
    Context,
    ContextIndicator,
    Indicator,
    Output,
    call_indicator,
    require_inputs,
)
from engine.indicators.averages import SmaDistance
from engine.indicators.regression import rolling_line
from engine.market.availability import STALE, align_known, known_at
from engine.market.bars import Bars, Floats
from engine.market.intervals import Interval, bar_interval

_GROUP = "Cross-asset"


@plugin("beta", title="Beta against a symbol", group=_GROUP, synonyms=("market beta", "sensitivity", "hedge ratio"))
class Beta(ContextIndicator):
    """Least-squares slope of the returns on those of another symbol, over the last bars (Sharpe 1964).

    Returns run between bars on which both have a close, that of the other being the last one known at the end of the
    bar. Unknown, NaN, where the other does not move.
    """

    kind: Literal["beta"] = "beta"
    symbol: str = parameter("SPY", title="Symbol", help="The one that the returns are compared with.")
    collection: str | None = parameter(None, title="Collection", help="Of that symbol; empty for that of the bars.")
    window: int = parameter(60, title="Window", unit="bars", ge=3, le=1000, help="Returns in the regression.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("beta"),)
    levels: ClassVar[tuple[float, ...]] = (1.0,)
    nanoseconds: ClassVar[float] = 200.0

    def label(self) -> str:
        return f"Beta {self.symbol} {self.window}"

    def context(self) -> Mapping[str, Context]:
        return {"other": Context(self.symbol, self.collection or "")}

    def warm_up(self) -> int:
        return self.window

    def compute_with(self, bars: Bars, context: Mapping[str, Bars]) -> dict[str, Floats]:
        other = context["other"]
        reference, result = align_known(other.close, known_at(other), bars), np.full(len(bars), np.nan)
        both = np.flatnonzero(np.isfinite(reference) & np.isfinite(bars.close) & (reference != 0) & (bars.close != 0))
        x, y = (np.diff(values[both]) / values[both][:-1] for values in (reference, bars.close))
        result[both[1:]] = rolling_line(x, y, self.window).slope
        return {"beta": result}


@plugin("longer_bars", title="Indicator of longer bars", group=_GROUP, synonyms=("higher timeframe", "multi-timeframe"))
class LongerBars(ContextIndicator):
    """An indicator of the same symbol on longer bars, as of the last of them that had ended.

    It looks back on all the longer bars before the range too, and is unknown where these do not reach, or end.
    """

    kind: Literal["longer_bars"] = "longer_bars"
    interval: Interval = parameter("1w", title="Interval", help="Longer than that of the bars.")
    indicator: Annotated[Indicator, INDICATORS] = Field(SmaDistance(), title="Indicator")
    output: int = parameter(1, title="Output", ge=1, le=20, help="Which of its lines, if it has several.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("value"),)

    @field_validator("indicator")
    @classmethod
    def _of_one_series(cls, indicator: Indicator) -> Indicator:
        if indicator.needs_other_series():
            raise ValueError(f"{indicator.label()} needs other series itself: choose an indicator of a single series.")
        return indicator

    def label(self) -> str:
        return f"{self.indicator.label()} of {self.interval}" + (f" line {self.output}" if self.output > 1 else "")

    def context(self) -> Mapping[str, Context]:
        return {"longer": Context(interval=self.interval)}

    def warm_up(self) -> int:
        return 0

    def require_interval(self, interval: str) -> None:
        if bar_interval(self.interval).duration <= bar_interval(interval).duration:
            raise DataError(
                f"{self.label()}: bars of {self.interval} are not longer than those of {interval}: "
                "choose a longer interval."
            )

    def compute_with(self, bars: Bars, context: Mapping[str, Bars]) -> dict[str, Floats]:
        longer = context["longer"]
        self.require_interval(bars.series.interval)
        if self.output > len(self.indicator.outputs):
            raise DataError(f"{self.indicator.label()} has no line {self.output}: choose a smaller number.")
        require_inputs(self.indicator, longer)
        values = call_indicator.line(self.indicator, longer, self.indicator.outputs[self.output - 1].name)
        ends, now = known_at(longer), known_at(bars)
        last = np.searchsorted(ends, now, side="right") - 1
        fresh = (last >= 0) & np.isfinite(bars.close)
        fresh[fresh] = now[fresh] - ends[last[fresh]] <= max(STALE, bar_interval(longer.series.interval).duration)
        result = np.full(len(bars), np.nan)
        result[fresh] = values[last[fresh]]
        return {"value": result}
