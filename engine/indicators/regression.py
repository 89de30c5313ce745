"""Least squares over a rolling window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import Floats


@dataclass(frozen=True, eq=False)
class RollingLine:
    """The least-squares line y = intercept + slope x of the last ``window`` pairs, at each of them.

    ``residual`` is the last pair's distance from its line, ``deviation`` the root mean square of the window's
    residuals. The first ``window`` - 1 values are NaN; so is everything of a window in which x does not move.
    """

    slope: Floats
    intercept: Floats
    residual: Floats
    deviation: Floats


def rolling_line(x: Floats, y: Floats, window: int) -> RollingLine:
    """``RollingLine`` of two series without missing values, in a time that does not depend on ``window``.

    The series are cut into blocks as long as the window, so that each window is the end of one block and the start of
    the next. Sums run from the block's own first value: however long the series and however far from zero, a window's
    sums lose no more to rounding than those of the window alone would.
    """
    count = len(x)
    if count < window:
        return RollingLine(*(np.full(count, np.nan) for _ in range(4)))
    anchors, sums = zip(*(_anchored(values, window) for values in (x, y)), strict=True)
    (own_x, next_x), (own_y, next_y) = sums
    n = float(window)
    mean_x = _window_sums(own_x, next_x, count) / n
    mean_y = _window_sums(own_y, next_y, count) / n
    var_x = _window_sums(own_x * own_x, next_x * next_x, count) / n - mean_x**2
    var_y = _window_sums(own_y * own_y, next_y * next_y, count) / n - mean_y**2
    cov = _window_sums(own_x * own_y, next_x * next_y, count) / n - mean_x * mean_y
    still = var_x <= np.finfo(np.float64).eps * np.maximum(mean_x**2, np.finfo(np.float64).tiny)
    slope = np.divide(cov, var_x, out=np.full(count, np.nan), where=~still & np.isfinite(var_x))
    at_x, at_y = (np.repeat(anchor, window)[:count] for anchor in anchors)
    intercept = mean_y + at_y - slope * (mean_x + at_x)
    residual = (y - at_y) - mean_y - slope * ((x - at_x) - mean_x)
    deviation = np.sqrt(np.maximum(var_y - slope * cov, 0.0))
    return RollingLine(slope, intercept, residual, deviation)


def _anchored(values: Floats, window: int) -> tuple[Floats, tuple[Floats, Floats]]:
    """Blocks of ``values`` less an anchor each: the first value of the block before (the first block takes its own).

    Returns the anchors by block, and the blocks before theirs and the blocks themselves, both less that anchor.
    """
    blocks = -(-len(values) // window)
    padded = np.concatenate([values, np.full(blocks * window - len(values), values[-1])]).reshape(blocks, window)
    before = np.concatenate([padded[:1], padded[:-1]])
    anchor = before[:, 0]
    return anchor, (before - anchor[:, None], padded - anchor[:, None])


def _window_sums(before: Floats, block: Floats, count: int) -> Floats:
    """Sums over the windows that end at each place: the end of the block before and the start of the block."""
    tails = np.cumsum(before[:, ::-1], axis=1)[:, ::-1]
    sums = np.cumsum(block, axis=1)
    sums[:, :-1] += tails[:, 1:]
    flat = sums.reshape(-1)[:count].copy()
    flat[: block.shape[1] - 1] = np.nan
    return flat
