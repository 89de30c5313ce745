"""Series with missing values, of which each unbroken run is computed by itself, and series that stand still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats


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


def standing_still(share: Floats, moves: NDArray[np.bool_], first: int) -> Floats:
    """``share``, a quotient of Wilder's averages from place ``first`` on, corrected for bars that do not move.

    Before the first of ``moves`` it is nothing by nothing: NaN. On a later bar without one numerator and denominator
    shrink by the same factor, so that it stays what it was; TA-Lib gives 0 once it takes the two for nothing.
    """
    place = np.arange(len(share))
    last = np.maximum.accumulate(np.where(moves | (place == first), place, 0))
    vanished = ~moves & (share == 0)
    kept = np.where(vanished, share[last], share)
    return np.where(np.logical_or.accumulate(moves), kept, np.nan)
