"""Sizing to a target volatility."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.backtest.sizings import Size, Sizing
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import MILLISECONDS_PER_YEAR, Bars

STILL = 1e-10
"""Volatility below which the price counts as constant up to rounding."""


@plugin("volatility", title="Volatility target")
class Volatility(Sizing):
    """Target over realised volatility of the symbol at the entry decision, up to a maximum fraction of the equity.

    Where the price has not moved within the window nothing is entered. The position is not resized while it is open;
    the strategy *Volatility target* does that.
    """

    kind: Literal["volatility"] = "volatility"
    target: float = parameter(
        0.2, title="Target", percent=True, help="Annualised volatility.", gt=0, le=1, step=0.01, section="Sizing"
    )
    window: int = parameter(
        20, title="Window", unit="bars", help="Returns used to measure the volatility.", ge=2, le=1000, section="Sizing"
    )
    largest: float = parameter(
        1.0,
        title="Largest part",
        percent=True,
        help="Fraction of the equity.",
        gt=0,
        le=20,
        step=0.05,
        section="Sizing",
    )

    def warm_up(self) -> int:
        return self.window

    def size(self, bars: Bars) -> Size:
        measured = realised_volatility(bars, self.window)
        part = np.divide(self.target, measured, out=np.full(len(measured), np.nan), where=measured > STILL)
        return Size("equity", np.minimum(part, self.largest))


def realised_volatility(bars: Bars, window: int) -> np.ndarray:
    """Annualised standard deviation (n - 1) of the last ``window`` simple returns at each bar, NaN before them;
    annualised by the bars per year of the series up to then.
    """
    found = np.full(len(bars), np.nan)
    returns = bars.close[1:] / bars.close[:-1] - 1
    if len(returns) >= window:
        rolled = np.lib.stride_tricks.sliding_window_view(returns, window)
        years = (bars.time[window:] - bars.time[0]) / np.timedelta64(1, "ms") / MILLISECONDS_PER_YEAR
        found[window:] = rolled.std(axis=1, ddof=1) * np.sqrt(np.arange(window, len(bars)) / years)
    return found
