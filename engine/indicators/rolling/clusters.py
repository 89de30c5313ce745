"""Clusters of rolling windows of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats

_STEPS = 100
_STILL = 1e-12
"""Standard deviation below which a coordinate counts as constant, but for rounding."""


@kernel
def rolling_cluster(x: Floats, y: Floats, window: int, count: int, out: Floats) -> None:
    """The cluster of the last of each window's points (x, y), by k-means on both in standard deviations: Lloyd's steps
    (1982) from ``count`` centres that are evenly spaced over x, from -1.5 to 1.5. Clusters are numbered by the x of
    their centres, the lowest 0. NaN where a coordinate does not vary.
    """
    points, centres, sums = np.empty((window, 2)), np.empty((count, 2)), np.empty((count, 3))
    member = np.empty(window, np.int64)
    for row in range(x.shape[0]):
        run = 0
        for bar in range(x.shape[1]):
            out[row, bar] = np.nan
            run = run + 1 if np.isfinite(x[row, bar]) and np.isfinite(y[row, bar]) else 0
            if run < window:
                continue
            first = bar - window + 1
            if not (_standardised(x[row], first, points, 0) and _standardised(y[row], first, points, 1)):
                continue
            for number in range(count):
                centres[number, 0], centres[number, 1] = 3.0 * (number + 0.5) / count - 1.5, 0.0
            member[:] = -1
            for _ in range(_STEPS):
                if not _assigned(points, centres, member, sums):
                    break
            rank = 0
            for number in range(count):
                rank += centres[number, 0] < centres[member[window - 1], 0]
            out[row, bar] = rank


@kernel
def _standardised(values: Floats, first: int, points: Floats, column: int) -> bool:
    """Fills a column of ``points`` with the values from ``first`` on; whether they vary."""
    count, mean, squares = points.shape[0], 0.0, 0.0
    for place in range(count):
        mean += (values[first + place] - values[first]) / count
    for place in range(count):
        points[place, column] = values[first + place] - values[first] - mean
        squares += points[place, column] ** 2
    deviation = np.sqrt(squares / count)
    if not deviation > _STILL:
        return False
    for place in range(count):
        points[place, column] /= deviation
    return True


@kernel
def _assigned(points: Floats, centres: Floats, member: NDArray[np.int64], sums: Floats) -> bool:
    """Gives each point to its nearest centre, and moves the centres that have points to their means; whether any point
    has changed.
    """
    changed = False
    sums[:] = 0.0
    for place in range(points.shape[0]):
        nearest, least = 0, np.inf
        for number in range(centres.shape[0]):
            distance = (points[place, 0] - centres[number, 0]) ** 2 + (points[place, 1] - centres[number, 1]) ** 2
            if distance < least:
                nearest, least = number, distance
        changed = changed or member[place] != nearest
        member[place] = nearest
        sums[nearest, 0] += points[place, 0]
        sums[nearest, 1] += points[place, 1]
        sums[nearest, 2] += 1.0
    for number in range(centres.shape[0]):
        if sums[number, 2] > 0.0:
            centres[number, 0] = sums[number, 0] / sums[number, 2]
            centres[number, 1] = sums[number, 1] / sums[number, 2]
    return changed
