"""The volatility of a bar's returns as it was known at its close, by which labels scale what came after."""

from __future__ import annotations

import numpy as np

from engine.core.spec import parameter
from engine.indicators.gaps import apply_to_contiguous_runs
from engine.indicators.reference import talib
from engine.market.bars import Bars, Floats

STILL = 1e-10
"""Volatility below which the price counts as constant up to rounding."""
_SCALE = 2.0**32  # TA-Lib takes a variance below 1e-14 for none; a power of two costs no digit


def volatility_window() -> int:
    """The form field that labels in units of volatility have in common."""
    found: int = parameter(
        60, title="Volatility window", unit="bars", ge=2, le=1000, section="Label",
        help="Returns before the bar whose standard deviation is one volatility.",
    )  # fmt: skip
    return found


def total_return_prices(bars: Bars) -> Floats:
    """The adjusted closes, NaN where there is none above zero."""
    return np.where((bars.adj_close > 0) & np.isfinite(bars.adj_close), bars.adj_close, np.nan)


def volatility(bars: Bars, window: int) -> Floats:
    """Standard deviation (n - 1) of the last ``window`` simple total returns at each bar, a fraction of the price for
    one bar. NaN before there are as many in a row, and where the price stands still.
    """
    price = total_return_prices(bars)
    returns = np.full(len(price), np.nan)
    returns[1:] = price[1:] / price[:-1] - 1
    deviation = apply_to_contiguous_runs(lambda run: talib().STDDEV(run, window), window - 1, _SCALE * returns)
    measured = np.sqrt(window / (window - 1)) / _SCALE * deviation
    return np.where(measured > STILL, measured, np.nan)
