"""Figures of all values so far: exponential means, cumulative sums, products and extremes since the last gap, and what
was last set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.rolling.kernel import fused, kernel
from engine.market.bars import Floats

SUM, PRODUCT, HIGHEST, LOWEST = range(4)
"""What ``cumulative`` gives."""


@kernel
def exponential_mean(values: Floats, window: int, out: Floats) -> None:
    """Smoothed by 2 / (window + 1), from the mean of the first ``window`` values on, as TA-Lib has it."""
    share = 2.0 / (window + 1.0)
    for row in range(values.shape[0]):
        run, mean = 0, 0.0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, mean, out[row, bar] = 0, 0.0, np.nan
                continue
            run += 1
            mean += (value - mean) * (share if run > window else 1.0 / run)
            out[row, bar] = mean if run >= window else np.nan


@kernel
def exponential_means(
    values: Floats, windows: NDArray[np.int64], late: NDArray[np.int64], once: bool, out: Floats
) -> None:
    """Into ``out`` (bars, windows) those of one series without gaps, NaN on the first bars, ``late`` of them for each
    window and its own at least, in the order of TA-Lib's operations; its compiler may have left product and sum to be
    rounded ``once``. All windows take a bar together, in the processor's vector registers.
    """
    bars, count = len(values), len(windows)
    share, mean = 2.0 / (windows + 1.0), np.zeros(count)
    longest = min(windows.max(), bars)
    for k in range(count):
        window = windows[k]
        for bar in range(min(window, bars)):
            mean[k] += values[bar]
        mean[k] /= window
        for bar in range(window - 1, longest):
            if bar >= window:
                mean[k] = _step(values[bar], mean[k], share[k], once)
            out[bar, k] = mean[k]
    for bar in range(longest, bars):
        for k in range(count):
            mean[k] = _step(values[bar], mean[k], share[k], once)
            out[bar, k] = mean[k]
    known = np.maximum(late, windows - 1)
    for bar in range(min(known.max(), bars)):
        for k in range(count):
            out[bar, k] = out[bar, k] if bar >= known[k] else np.nan


@kernel
def _step(value: float, mean: float, share: float, once: bool) -> float:
    apart = value - mean
    found: float = fused(apart, share, mean) if once else apart * share + mean
    return found


@kernel
def cumulative(values: Floats, what: int, out: Floats) -> None:
    """``what`` of the values since the last gap."""
    for row in range(values.shape[0]):
        found = np.nan
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                found = np.nan
            elif not np.isfinite(found):
                found = value
            elif what == SUM:
                found += value
            elif what == PRODUCT:
                found *= value
            else:
                found = max(found, value) if what == HIGHEST else min(found, value)
            out[row, bar] = found


@kernel
def outside_band(values: Floats, band: float, out: Floats) -> None:
    """Those of one series that differ from the one last set by more than ``band`` of that, which sets them; NaN for the
    others.
    """
    low, high = np.inf, -np.inf
    for bar in range(len(values)):
        value = values[bar]
        out[bar] = np.nan
        if value > high or value < low:
            out[bar] = value
            low, high = value * (1.0 - band), value * (1.0 + band)
