"""Series with missing values, of which each contiguous run is computed by itself, and series that do not move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

_DRIFT = 1e-12  # relative; above the rounding error of a quotient whose numerator and denominator shrink alike


def apply_to_contiguous_runs(
    function: Callable[..., Floats], warm_up: int, *series: Floats, outputs: int = 0
) -> Floats:
    """``function(*series)`` on each contiguous run of bars where all ``series`` are finite; NaN elsewhere.

    ``function`` returns a value for each bar or, with ``outputs``, a row of that many; the first ``warm_up`` of each
    run are NaN. TA-Lib would carry one NaN to the end of the series; here a missing bar costs another warm-up, and
    nothing is filled in.
    """
    row = (outputs,) if outputs else ()
    known = np.isfinite(series[0] if len(series) == 1 else np.sum(series, axis=0))
    if known.all() and len(known) > warm_up:
        computed = function(*(np.ascontiguousarray(values) for values in series))
        return np.concatenate((np.full((warm_up, *row), np.nan), computed[warm_up:]))
    result = np.full((len(known), *row), np.nan)
    for start, stop in runs_of(known):
        if stop - start > warm_up:
            values = function(*(np.ascontiguousarray(values[start:stop]) for values in series))
            result[start + warm_up : stop] = values[warm_up:]
    return result


def runs_of(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each contiguous run of ``known`` bars."""
    turns = (np.flatnonzero(known[1:] != known[:-1]) + 1).tolist()
    edges = [0, *turns] if known[:1].any() else turns
    if known[-1:].any():
        edges.append(len(known))
    return list(zip(edges[::2], edges[1::2], strict=True))


RELATIVE_TOLERANCE = 1e-10
"""Relative tolerance of prices: a smaller difference is the rounding of running sums, such as an average of equal
prices leaves.
"""


def without_rounding(difference: Floats, of: Floats | float = 1.0) -> Floats:
    """``difference``, set to zero where it is within the rounding of numbers as large as ``of``; NaN stays NaN."""
    is_rounding = np.abs(difference) <= RELATIVE_TOLERANCE * np.abs(of)
    return np.where(is_rounding, 0.0, difference) if is_rounding.any() else difference


def carry_through_unchanged(share: Floats, moves: NDArray[np.bool_], first: int) -> Floats:
    """``share``, a quotient of two Wilder averages from index ``first`` on, carried through bars without a move.

    Before the first of ``moves`` the quotient is 0/0: NaN. On later bars without a move its numerator and denominator
    shrink by the same factor, so that it keeps its value; TA-Lib's lose precision as both approach the smallest float,
    and end at 0.
    """
    index = np.arange(len(share))
    last = np.maximum.accumulate(np.where(moves | (index == first), index, 0))
    drifted = ~moves & (np.abs(share - share[last]) > _DRIFT * np.abs(share[last]))
    carried = np.where(drifted, share[last], share)
    return np.where(np.logical_or.accumulate(moves), carried, np.nan)
