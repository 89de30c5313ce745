"""Ranks across symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats

Keys = NDArray[np.int64]

UNKNOWN = np.iinfo(np.int64).max
"""The key of what is not finite: it comes last."""
INFINITE = np.float64(np.inf).view(np.int64)


def rank(values: Floats, out: Floats) -> None:
    """Ranks in each row of ``values`` from 0, the lowest, to 1, the highest; equal ones share the middle of theirs. NaN
    where a value is not finite or no other of the row is.

    Sorted are whole numbers in the order of the values, by NumPy in vector registers: each holds its place in the row
    in its lowest bits, in exchange for the last digits of the value. What those would tell apart is put right after.
    """
    bits = max(values.shape[1] - 1, 0).bit_length()
    keys = np.empty(values.shape, np.int64)
    _fill_keys(values, bits, keys)
    keys.sort(axis=1)
    _fill_ranks(values, keys, bits, out)


@kernel
def _fill_keys(values: Floats, bits: int, keys: Keys) -> None:
    places, most, infinite = (np.int64(1) << bits) - 1, np.int64(UNKNOWN), np.int64(INFINITE)
    whole = values.view(np.int64)
    for row in range(values.shape[0]):
        for place in range(values.shape[1]):
            value = whole[row, place]
            size = value & most
            key = value ^ ((value >> 63) & most) if size != 0 else size  # -0.0 is 0.0
            keys[row, place] = ((key & ~places) | place) if size < infinite else most


@kernel
def _fill_ranks(values: Floats, keys: Keys, bits: int, out: Floats) -> None:
    places, shares, known = (np.int64(1) << bits) - 1, np.empty(values.shape[1]), -1
    for row in range(values.shape[0]):
        own = keys[row]
        count, near = _counts(own, bits)
        if count != known:
            known = count
            for place in range(count):
                shares[place] = place / (count - 1)
        if count < len(own) or count == 1:
            out[row] = np.nan
        if count > 1 and near == 0:
            for place in range(count):
                out[row, own[place] & places] = shares[place]
        elif count > 1:
            _fill_groups(values[row], own, bits, count, out[row])


@kernel
def _counts(own: Keys, bits: int) -> tuple[int, int]:
    """How many keys are known, and how many of these are all but equal to the one before them."""
    count, near = 0, 0
    for place in range(len(own)):
        count += own[place] != UNKNOWN
    for place in range(1, count):
        near += own[place] >> bits == own[place - 1] >> bits
    return count, near


@kernel
def _fill_groups(values: Floats, own: Keys, bits: int, count: int, out: Floats) -> None:
    places, first = (np.int64(1) << bits) - 1, 0
    while first < count:
        last = first
        while last + 1 < count and own[last + 1] >> bits == own[first] >> bits:
            last += 1
        if last == first:
            out[own[first] & places] = first / (count - 1)
        else:
            _fill_near(values, own, places, first, last, out, count)
        first = last + 1


@kernel
def _fill_near(values: Floats, own: Keys, places: np.int64, first: int, last: int, out: Floats, count: int) -> None:
    """Ranks of the keys from ``first`` to ``last``, whose values are equal but for the last digits at most: most often
    they are equal, and stay where they are.
    """
    for at in range(first + 1, last + 1):
        moved, to = own[at], at
        while to > first and values[own[to - 1] & places] > values[moved & places]:
            own[to] = own[to - 1]
            to -= 1
        own[to] = moved
    low = first
    while low <= last:
        high = low
        while high < last and values[own[high + 1] & places] == values[own[low] & places]:
            high += 1
        for at in range(low, high + 1):
            out[own[at] & places] = (low + high) / 2.0 / (count - 1)
        low = high + 1
