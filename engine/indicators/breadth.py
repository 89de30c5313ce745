"""One symbol among the others of the market, and the market as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Output, PanelIndicator
from engine.indicators.expressions.functions import FUNCTIONS
from engine.indicators.momentum import past_return
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Floats
from engine.market.panel import Panel

_GROUP = "Cross-section"


def on_own_bars(panel: Panel, compute: Callable[[Floats], Floats]) -> Floats:
    """``compute`` of the closes of each symbol, on the bars that it has: (bars, symbols), NaN on the others."""
    found = np.full(panel.close.shape, np.nan)
    for place in range(len(panel.symbols)):
        own = np.flatnonzero(np.isfinite(panel.close[:, place]))
        found[own, place] = compute(panel.close[own, place])
    return found


@plugin("breadth", title="Market breadth", group=_GROUP, synonyms=("percent above average", "advance decline"))
class Breadth(PanelIndicator):
    """The share of the market's symbols whose close is above its average of the last bars, of those that have one, in
    percent. The same for each symbol on its own bars; unknown where fewer than two have an average.
    """

    kind: Literal["breadth"] = "breadth"
    window: int = parameter(50, title="Window", unit="bars", ge=2, le=2000, help="Closes in the average.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("above", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0, 50.0, 100.0)
    nanoseconds: ClassVar[float] = 1_000.0

    def label(self) -> str:
        return f"Breadth {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute_panel(self, panel: Panel) -> dict[str, Floats]:
        loop = rolling().moments.rolling_mean
        apart = on_own_bars(panel, lambda close: close - rolled(loop, close, self.window))
        known = np.isfinite(apart)
        count = known.sum(axis=1, keepdims=True)
        share = 100 * (apart > 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
        return {"above": np.where(known & (count > 1), share, np.nan)}


@plugin("excess_return", title="Return less the market's", group=_GROUP, synonyms=("demean", "cross-sectional"))
class ExcessReturn(PanelIndicator):
    """The return over the last bars less the mean of those of all symbols of the market, in percentage points.

    Returns beyond a quantile of the symbols can be cut to it before, at either end. Unknown where fewer than two
    symbols have a return.
    """

    kind: Literal["excess_return"] = "excess_return"
    window: int = parameter(20, title="Window", unit="bars", ge=1, le=2000, help="Bars of the return.")
    winsorise: float = parameter(
        0.0, title="Winsorise", percent=True, ge=0, lt=0.5, step=0.05, help="Part of the symbols beyond each limit."
    )

    outputs: ClassVar[tuple[Output, ...]] = (Output("excess", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 1_000.0

    def label(self) -> str:
        return f"Excess return {self.window}" + (f" cut {100 * self.winsorise:g}%" if self.winsorise else "")

    def warm_up(self) -> int:
        return self.window

    def compute_panel(self, panel: Panel) -> dict[str, Floats]:
        returns = 100 * on_own_bars(panel, lambda close: past_return(close, self.window))
        if self.winsorise:
            returns = FUNCTIONS["winsorize"].compute(returns, self.winsorise)
        enough = np.isfinite(returns).sum(axis=1, keepdims=True) > 1
        return {"excess": np.where(enough, FUNCTIONS["demean"].compute(returns), np.nan)}
