"""Two series over rolling windows: covariance and correlation, and the line through one against time or the other."""

from __future__ import annotations

import numpy as np

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats

COVARIANCE, CORRELATION, SLOPE, INTERCEPT, RESIDUAL, R_SQUARED = range(6)
"""What ``rolling_pair`` gives: the last four are of the least-squares line of ``y`` on ``x``, the residual that of the
last bar.
"""

EXACT = 1e-14
"""A correlation is 1 where it lacks less than this: two pairs lie on a line but for rounding."""


@kernel
def rolling_pair(x: Floats, y: Floats, window: int, what: int, out: Floats) -> None:
    """``what`` of each window of ``x`` and ``y`` (series, bars). The covariance is that of a sample, over
    ``window`` - 1. NaN where a series that stands still leaves it without a value. Updated as Welford's variances are,
    and computed anew after every ``window`` bars.
    """
    for row in range(x.shape[0]):
        run, age, still_x, still_y = 0, 0, 0, 0
        mean_x, mean_y, xx, yy, xy = 0.0, 0.0, 0.0, 0.0, 0.0
        for bar in range(x.shape[1]):
            a, b = x[row, bar], y[row, bar]
            if not (np.isfinite(a) and np.isfinite(b)):
                run, still_x, still_y, out[row, bar] = 0, 0, 0, np.nan
                continue
            still_x = still_x + 1 if run > 0 and a == x[row, bar - 1] else 1
            still_y = still_y + 1 if run > 0 and b == y[row, bar - 1] else 1
            run += 1
            if run < window or window < 2:
                out[row, bar] = np.nan
                continue
            age = 0 if run == window or age == window - 1 else age + 1
            if age == 0:
                mean_x, mean_y, xx, yy, xy = 0.0, 0.0, 0.0, 0.0, 0.0
                for place in range(bar - window + 1, bar + 1):
                    mean_x += x[row, place] - a
                    mean_y += y[row, place] - b
                mean_x, mean_y = a + mean_x / window, b + mean_y / window
                for place in range(bar - window + 1, bar + 1):
                    from_x, from_y = x[row, place] - mean_x, y[row, place] - mean_y
                    xx += from_x * from_x
                    yy += from_y * from_y
                    xy += from_x * from_y
            else:
                gone_x, gone_y = x[row, bar - window], y[row, bar - window]
                before_x, before_y = mean_x, mean_y
                mean_x += (a - gone_x) / window
                mean_y += (b - gone_y) / window
                xx += (a - gone_x) * ((a - mean_x) + (gone_x - before_x))
                yy += (b - gone_y) * ((b - mean_y) + (gone_y - before_y))
                xy += (a - mean_x) * (b - before_y) - (gone_x - mean_x) * (gone_y - before_y)
            if still_x >= window:
                mean_x, xx, xy = a, 0.0, 0.0
            if still_y >= window:
                mean_y, yy, xy = b, 0.0, 0.0
            xx, yy = max(xx, 0.0), max(yy, 0.0)
            out[row, bar] = _figure(what, window, a, b, mean_x, mean_y, xx, yy, xy)


@kernel
def _figure(
    what: int, window: int, x: float, y: float, mean_x: float, mean_y: float, xx: float, yy: float, xy: float
) -> float:
    """One figure from sums of squared and multiplied distances from the means."""
    if what == COVARIANCE:
        return xy / (window - 1)
    if what in (CORRELATION, R_SQUARED):
        if not (xx > 0.0 and yy > 0.0):
            return np.nan
        found = float(min(max(xy / (np.sqrt(xx) * np.sqrt(yy)), -1.0), 1.0))
        if 1.0 - abs(found) < EXACT:
            found = np.sign(found)
        return found if what == CORRELATION else found * found
    if not xx > 0.0:
        return np.nan
    slope = xy / xx
    if what == SLOPE:
        return slope
    return mean_y - slope * mean_x if what == INTERCEPT else y - mean_y - slope * (x - mean_x)
