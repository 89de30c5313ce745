"""Persistence: the difference by chance between the means of two consecutive periods."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Floats

_MOST = 0.99
"""Autocorrelation beyond which a mean says nothing."""
_KNOWN = 0.2
"""Least share of the variance that is left within a period."""


def error_of_difference(first: Floats, second: Floats) -> float:
    """The standard deviation of the difference of the means of ``first`` and ``second``, as of values of an
    autoregression of order one with the autocorrelation and the variance within both.

    Of n values with the autocorrelation r a mean has the variance of one of them times
    [(1 + r) / (1 - r) - 2 r (1 - r^n) / (n (1 - r)^2)] / n, and the values around it lack as much.
    """
    parts = (first, second)
    persistence = autocorrelation(*parts)
    of_mean = [_of_mean(persistence, len(part)) for part in parts]
    within = [part.var() / max(1 - share, _KNOWN) for part, share in zip(parts, of_mean, strict=True)]
    return float(np.sqrt(np.average(within, weights=[len(part) for part in parts]) * sum(of_mean)))


def autocorrelation(*parts: Floats) -> float:
    """Of each value with the one before it, within the ``parts``, less its bias: that of a part of n values around its
    own mean is too low by (1 + 3 r) / n (Kendall 1954). From 0 to 0.99.
    """
    centred = [part - part.mean() for part in parts]
    total = sum(float(part @ part) for part in centred)
    found = sum(float(part[1:] @ part[:-1]) for part in centred) / max(total, 1e-300)
    found += len(parts) * (1 + 3 * found) / sum(map(len, parts))
    return float(np.clip(found, 0.0, _MOST))


def _of_mean(persistence: float, count: int) -> float:
    """The variance of a mean of so many values, as a share of that of one."""
    r = persistence
    return ((1 + r) / (1 - r) - 2 * r * (1 - r**count) / (count * (1 - r) ** 2)) / count
