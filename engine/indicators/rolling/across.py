"""Ranks across symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats

Places = NDArray[np.int64]

FEW = 128
"""Values up to which comparing each with each, in vector registers, is faster than to sort them."""


@kernel
def rank(values: Floats, out: Floats) -> None:
    """Ranks in each row of ``values`` from 0, the lowest, to 1, the highest; equal ones share the middle of theirs. NaN
    where a value is not finite or no other of the row is.
    """
    known, places = np.empty(values.shape[1]), np.empty(values.shape[1], np.int64)
    for row in range(values.shape[0]):
        count = 0
        for place in range(values.shape[1]):
            out[row, place] = np.nan
            if np.isfinite(values[row, place]):
                known[count], places[count] = values[row, place], place
                count += 1
        if count < 2:
            continue
        if count <= FEW:
            _by_counting(known[:count], places[:count], out[row])
        else:
            _by_sorting(known[:count], places[:count], out[row])


@kernel
def _by_counting(known: Floats, places: Places, out: Floats) -> None:
    count, total = len(known), 0
    for at in range(count):
        below = 0
        for other in range(count):
            below += known[other] < known[at]
        out[places[at]] = below
        total += below
    if total == count * (count - 1) // 2:  # each is below or above each other
        for at in range(count):
            out[places[at]] /= count - 1
        return
    for at in range(count):
        equal = 0
        for other in range(count):
            equal += known[other] == known[at]
        below = out[places[at]]
        out[places[at]] = (below + (equal - 1) / 2.0) / (count - 1)


@kernel
def _by_sorting(known: Floats, places: Places, out: Floats) -> None:
    order, first = np.argsort(known), 0
    while first < len(known):
        last = first
        while last + 1 < len(known) and known[order[last + 1]] == known[order[first]]:
            last += 1
        for at in range(first, last + 1):
            out[places[order[at]]] = (first + (last - first) / 2.0) / (len(known) - 1)
        first = last + 1
