"""Series with missing values, of which each unbroken run is computed by itself, and series that stand still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

_DRIFT = 1e-12  # relative, and more than rounding leaves of a quotient whose parts shrink alike


def on_unbroken_runs(function: Callable[..., Floats], warm_up: int, *series: Floats, outputs: int = 0) -> Floats:
    """``function(*series)`` on every run of bars where all ``series`` are finite; NaN elsewhere.

    ``function`` gives a value for each bar or, with ``outputs``, a row of so many; the first ``warm_up`` of each run
    are NaN. Libraries such as TA-Lib carry one NaN to the end of the series; here a missing bar costs the bars that the
    function needs to warm up again, and nothing is filled in.
    """
    row = (outputs,) if outputs else ()
    known = np.isfinite(series[0] if len(series) == 1 else np.sum(series, axis=0))
    if known.all() and len(known) > warm_up:
        whole = function(*(np.ascontiguousarray(values) for values in series))
        return np.concatenate((np.full((warm_up, *row), np.nan), whole[warm_up:]))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0]))))
    result = np.full((len(known), *row), np.nan)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start > warm_up:
            values = function(*(np.ascontiguousarray(values[start:stop]) for values in series))
            result[start + warm_up : stop] = values[warm_up:]
    return result


SAME = 1e-10
"""Differences of prices below this part of the price are rounding: running sums leave an average of equal prices some
rounding apart from them.
"""


def without_rounding(difference: Floats, of: Floats | float = 1.0) -> Floats:
    """``difference``, zero where it is no more than the rounding of numbers as large as ``of``; NaN stays."""
    return np.where(np.abs(difference) <= SAME * np.abs(of), 0.0, difference)


def standing_still(share: Floats, moves: NDArray[np.bool_], first: int) -> Floats:
    """``share``, a quotient of Wilder's averages from place ``first`` on, corrected for bars that do not move.

    Before the first of ``moves`` it is nothing by nothing: NaN. On a later bar without one numerator and denominator
    shrink by the same factor, so that it stays what it was; TA-Lib's lose their digits once they come near the least
    number that there is, and give 0 in the end.
    """
    place = np.arange(len(share))
    last = np.maximum.accumulate(np.where(moves | (place == first), place, 0))
    drifted = ~moves & (np.abs(share - share[last]) > _DRIFT * np.abs(share[last]))
    kept = np.where(drifted, share[last], share)
    return np.where(np.logical_or.accumulate(moves), kept, np.nan)
