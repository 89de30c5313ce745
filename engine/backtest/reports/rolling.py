"""Statistics over a moving window of bars, in time that does not depend on its length.

Every array is as long as the returns; the value at t is of the window of bars that ends at t, NaN before the first
full one. Deviations are those of samples (n - 1). A window whose returns are all the same has no deviation: its
volatility is zero, and a ratio that divides by it is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats


def sharpe(returns: Floats, window: int, periods_per_year: float) -> Floats:
    """Mean over deviation, times the root of the bars a year."""
    mean, spread = _mean(returns, window), deviation(returns, window)
    return _ratio(mean, spread) * float(np.sqrt(periods_per_year))


def volatility(returns: Floats, window: int, periods_per_year: float) -> Floats:
    """Deviation, times the root of the bars a year."""
    return deviation(returns, window) * float(np.sqrt(periods_per_year))


def beta(returns: Floats, benchmark: Floats, window: int) -> Floats:
    """Covariance with ``benchmark`` over its variance."""
    return _ratio(_covariance(returns, benchmark, window), deviation(benchmark, window) ** 2)


def deviation(returns: Floats, window: int) -> Floats:
    """Standard deviation of a sample."""
    variance = _covariance(returns, returns, window)
    result: Floats = np.sqrt(np.where(_is_constant(returns, window), 0.0, np.maximum(variance, 0.0)))
    result[np.isnan(variance)] = np.nan
    return result


def _mean(values: Floats, window: int) -> Floats:
    return _sums(values, window) / window


def _covariance(one: Floats, other: Floats, window: int) -> Floats:
    """From sums of products of what is centred on the whole series, so that little is lost to cancellation."""
    if window < 2 or not len(one):
        return np.full(len(one), np.nan)
    one, other = one - np.mean(one), other - np.mean(other)
    products = _sums(one * other, window) - _sums(one, window) * _sums(other, window) / window
    return products / (window - 1)


def _sums(values: Floats, window: int) -> Floats:
    """Sum of the last ``window`` values."""
    sums = np.full(len(values), np.nan)
    if 1 <= window <= len(values):
        total = np.concatenate(([0.0], np.cumsum(values)))
        sums[window - 1 :] = total[window:] - total[:-window]
    return sums


def _is_constant(values: Floats, window: int) -> NDArray[np.bool_]:
    """Whether the last ``window`` values are equal: exactly, where sums would leave their rounding."""
    changes = np.concatenate(([0], np.cumsum(values[1:] != values[:-1])))
    constant = np.zeros(len(values), dtype=np.bool_)
    if 1 <= window <= len(values):
        constant[window - 1 :] = changes[window - 1 :] == changes[: len(values) - window + 1]
    return constant


def _ratio(above: Floats, below: Floats) -> Floats:
    """Quotient, NaN where the divisor is zero or unknown."""
    ratio: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio
