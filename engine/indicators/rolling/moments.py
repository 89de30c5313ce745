"""Sums, means and higher moments of rolling windows, in a time that does not depend on the window but for ``product``.

A window's sum follows from that of the one before, and is computed anew after every ``window`` bars (``age`` counts
them), so that no window loses more to rounding than its own values cause. Of a series that stands still the mean is its
value and the variance is zero, exactly.
"""

from __future__ import annotations

import numpy as np

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats


@kernel
def rolling_sum(values: Floats, window: int, out: Floats) -> None:
    for row in range(values.shape[0]):
        run, age, total = 0, 0, 0.0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, out[row, bar] = 0, np.nan
                continue
            run += 1
            if run < window:
                out[row, bar] = np.nan
                continue
            age = 0 if run == window or age == window - 1 else age + 1
            if age == 0:
                total = 0.0
                for place in range(bar - window + 1, bar + 1):
                    total += values[row, place]
            else:
                total += value - values[row, bar - window]
            out[row, bar] = total


@kernel
def rolling_mean(values: Floats, window: int, out: Floats) -> None:
    """Means, from sums of the differences to a value of the window: exact for equal values, and without the loss of
    digits that large values with small differences would cause.
    """
    for row in range(values.shape[0]):
        run, age, equal, total, anchor = 0, 0, 0, 0.0, 0.0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, equal, out[row, bar] = 0, 0, np.nan
                continue
            equal = equal + 1 if run > 0 and value == values[row, bar - 1] else 1
            run += 1
            if run < window:
                out[row, bar] = np.nan
                continue
            age = 0 if run == window or age == window - 1 else age + 1
            if equal >= window:
                anchor, total = value, 0.0
            elif age == 0:
                anchor, total = value, 0.0
                for place in range(bar - window + 1, bar + 1):
                    total += values[row, place] - anchor
            else:
                total += value - values[row, bar - window]
            out[row, bar] = anchor + total / window


@kernel
def rolling_variance(values: Floats, window: int, freedom: int, out: Floats) -> None:
    """Variances: squared distances from the mean over ``window - freedom``; NaN where that is not positive.

    Welford's update of the sum of squared distances (Technometrics 4, 1962) for one value that comes and one that goes.
    Where the sum has fallen to a small part of what it was, as when a huge value goes, its digits went with it: it is
    taken anew.
    """
    for row in range(values.shape[0]):
        run, age, equal, mean, squares, largest = 0, 0, 0, 0.0, 0.0, 0.0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, equal, out[row, bar] = 0, 0, np.nan
                continue
            equal = equal + 1 if run > 0 and value == values[row, bar - 1] else 1
            run += 1
            if run < window or window <= freedom:
                out[row, bar] = np.nan
                continue
            age = 0 if run == window or age == window - 1 else age + 1
            if age > 0:
                gone, before = values[row, bar - window], mean
                mean += (value - gone) / window
                squares += (value - gone) * ((value - mean) + (gone - before))
                largest = max(largest, squares)
                if squares <= 1e-6 * largest:
                    age = 0
            if age == 0:
                mean = 0.0
                for place in range(bar - window + 1, bar + 1):
                    mean += values[row, place] - value
                mean = value + mean / window
                squares = 0.0
                for place in range(bar - window + 1, bar + 1):
                    squares += (values[row, place] - mean) ** 2
                largest = squares
            if equal >= window:
                mean, squares = value, 0.0
            squares = max(squares, 0.0)
            out[row, bar] = squares / (window - freedom)


@kernel
def rolling_moments(values: Floats, window: int, power: int, out: Floats) -> None:
    """Skewness (``power`` 3) or excess kurtosis (4) of the sample: the standardised moments with the corrections for
    their bias that pandas applies (Joanes and Gill 1998). NaN for fewer than ``power`` values and for equal ones.
    """
    n = float(window)
    for row in range(values.shape[0]):
        run, equal = 0, 0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, equal, out[row, bar] = 0, 0, np.nan
                continue
            equal = equal + 1 if run > 0 and value == values[row, bar - 1] else 1
            run += 1
            out[row, bar] = np.nan
            if run < window or window < power or equal >= window:
                continue
            mean = 0.0
            for place in range(bar - window + 1, bar + 1):
                mean += values[row, place] - value
            mean = value + mean / n
            second, higher = 0.0, 0.0
            for place in range(bar - window + 1, bar + 1):
                apart = values[row, place] - mean
                second += apart * apart
                higher += apart * apart * apart * (apart if power == 4 else 1.0)
            second, higher = second / n, higher / n
            if not second > 0.0:
                continue
            if power == 3:
                out[row, bar] = np.sqrt(n * (n - 1.0)) / (n - 2.0) * higher / second**1.5
            else:
                biased = higher / (second * second) - 3.0
                out[row, bar] = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * biased + 6.0)


@kernel
def rolling_product(values: Floats, window: int, out: Floats) -> None:
    for row in range(values.shape[0]):
        run = 0
        for bar in range(values.shape[1]):
            if not np.isfinite(values[row, bar]):
                run, out[row, bar] = 0, np.nan
                continue
            run += 1
            if run < window:
                out[row, bar] = np.nan
                continue
            product = 1.0
            for place in range(bar - window + 1, bar + 1):
                product *= values[row, place]
            out[row, bar] = product


@kernel
def decaying_mean(values: Floats, window: int, out: Floats) -> None:
    """Means with weights ``window``, ``window - 1``, ... 1 from the last value back."""
    weights = window * (window + 1) / 2.0
    for row in range(values.shape[0]):
        run, age, total, weighted, anchor = 0, 0, 0.0, 0.0, 0.0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, out[row, bar] = 0, np.nan
                continue
            run += 1
            if run < window:
                out[row, bar] = np.nan
                continue
            age = 0 if run == window or age == window - 1 else age + 1
            if age == 0:
                anchor, total, weighted = value, 0.0, 0.0
                for place in range(window):
                    apart = values[row, bar - window + 1 + place] - anchor
                    total += apart
                    weighted += (place + 1) * apart
            else:
                weighted += window * (value - anchor) - total
                total += value - values[row, bar - window]
            out[row, bar] = anchor + weighted / weights
