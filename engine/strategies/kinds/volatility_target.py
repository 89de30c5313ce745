"""Exposure scaled to a target volatility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators.rolling import rolling
from engine.market.bars import MILLISECONDS_PER_YEAR, Floats, Times
from engine.market.panel import Panel
from engine.strategies import Allocation
from engine.strategies.panels import is_priced, no_decisions
from engine.strategies.rule_cache import shared


@plugin("volatility_target", title="Volatility target")
class VolatilityTarget(Allocation):
    """Always long, with an exposure of target over recent volatility, up to a cap.

    Harvey and others, The Impact of Volatility Targeting (2018); Moreira and Muir, Volatility-Managed Portfolios
    (2017), divide by the variance instead. Every symbol gets an equal share of the account and its own exposure
    within it. The exposure is changed only when it has moved by more than the band since it was last set.

    Volatility is the standard deviation of the symbol's last log returns, annualised by the bars per year of the series
    up to then. There is no decision on a bar without a price.
    """

    kind: Literal["volatility_target"] = "volatility_target"
    target: float = parameter(
        0.15, title="Target", percent=True, help="Annualised volatility to aim for.",
        ge=0.001, le=2, step=0.005, section="Strategy",
    )  # fmt: skip
    window: int = parameter(
        21, title="Window", unit="bars", help="Returns used to measure the volatility.",
        ge=5, le=1000, section="Strategy",
    )  # fmt: skip
    cap: float = parameter(
        1.0,
        title="Cap",
        unit="×",
        help="Maximum exposure; more than 1 needs leverage.",
        ge=0.1,
        le=10,
        step=0.1,
        section="Strategy",
    )
    band: float = parameter(
        0.1,
        title="Band",
        percent=True,
        help="Change of the exposure, relative to the last one set, below which nothing is traded.",
        ge=0,
        le=1,
        step=0.01,
        section="Strategy",
    )

    def label(self) -> str:
        cap = f", at most {self.cap:g}×" if self.cap != 1 else ""
        return f"Volatility target {100 * self.target:g}% by {self.window} bars{cap}"

    def warm_up(self) -> int:
        return self.window

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Floats:
        weights = no_decisions(panel)
        share = 1.0 / len(panel.symbols)
        for column, (rows, realised) in enumerate(shared(_volatilities, panel, self.window)):
            found = share * outside_band(self.exposure(realised), self.band)
            weights[slice(None) if len(rows) == len(weights) else rows, column] = found  # quicker where no bar lacks
        return weights

    def exposure(self, realised: Floats) -> Floats:
        """Target over volatility at each bar, at most the cap; NaN where the volatility is unknown or zero."""
        moved = realised > 1e-10
        exposure = np.divide(self.target, realised, out=np.full(len(realised), np.nan), where=moved)
        return np.asarray(np.minimum(exposure, self.cap))


def _volatilities(panel: Panel, window: int) -> tuple[tuple[NDArray[np.int64], Floats], ...]:
    """The bars on which each symbol has a price, and its volatility on them."""
    rows = [np.flatnonzero(is_priced(column)) for column in panel.close.T]
    return tuple((at, volatility(panel.close[at, s], panel.time[at], window)) for s, at in enumerate(rows))


def volatility(close: Floats, time: Times, window: int) -> Floats:
    """Annualised volatility of the last ``window`` log returns at each bar; NaN for the first ``window`` bars."""
    found = np.full(len(close), np.nan)
    if len(close) > window:
        returns = np.lib.stride_tricks.sliding_window_view(np.diff(np.log(close)), window)
        years = (time[window:] - time[0]) / np.timedelta64(1, "ms") / MILLISECONDS_PER_YEAR
        found[window:] = np.std(returns, axis=1, ddof=1) * np.sqrt(np.arange(window, len(close)) / years)
    return found


def outside_band(target: Floats, band: float) -> Floats:
    """``target`` where it differs from the value last set by more than ``band`` of that one, NaN elsewhere.

    Each value set moves the band for the next, so this goes through the bars one by one.
    """
    followed = np.empty(len(target))
    rolling().recursive.outside_band(target, float(band), followed)
    return followed
