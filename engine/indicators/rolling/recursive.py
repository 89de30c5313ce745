"""Figures of all values since the last gap: exponential means, and cumulative sums, products and extremes."""

from __future__ import annotations

import numpy as np

from engine.indicators.rolling.kernel import kernel
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
