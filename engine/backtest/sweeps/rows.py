"""Equal rows among millions, in steps short enough to be cancelled between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

Places = NDArray[np.int64]
CheckCancelled = Callable[[], None]
"""Looks whether anybody still wants the work, and raises ``Cancelled`` if not; called about ten times a second."""

_PIECE = 200_000  # values that are sorted between two looks


def never_cancelled() -> None:
    """The look of work that nobody can cancel."""


def groups(
    parameters: Floats, axes: Sequence[int], places: Places | None = None, look: CheckCancelled = never_cancelled
) -> Iterator[tuple[Floats, Places]]:
    """Combinations (of ``places``) that are equal along ``axes``, with their values there."""
    chosen = np.arange(len(parameters)) if places is None else places
    if not axes:
        yield np.empty(0), chosen
        return
    rows, label = distinct(parameters[chosen][:, axes], look)
    order = ordered(label, len(rows))
    look()
    bounds = np.searchsorted(label[order], np.arange(len(rows) + 1))
    for row, start, stop in zip(rows, bounds[:-1], bounds[1:], strict=True):
        yield row, chosen[order[start:stop]]


def ordered(label: Places, count: int) -> Places:
    """The places of labels below ``count`` sorted by them, equal ones as they came; quickest where labels are short."""
    return np.argsort(label.astype(np.min_scalar_type(count)), kind="stable")


def distinct(values: Floats | Places, look: CheckCancelled = never_cancelled) -> tuple[Any, Places]:
    """The distinct rows of ``values``, and which of them each row is."""
    label = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        known, place = numbered(column, look)
        label = label * len(known) + place
        if values.shape[1] > 1:
            label = numbered(label, look)[1]
        look()
    first = np.empty(int(label.max(initial=-1)) + 1, dtype=np.int64)
    first[label[::-1]] = np.arange(len(label))[::-1]
    return values[first], label


def numbered(column: Floats | Places, look: CheckCancelled = never_cancelled) -> tuple[Floats, Places]:
    """The distinct values of ``column``, ascending, and the place of each among them. Whole numbers are not sorted."""
    look()
    low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 0.0)
    if high - low < 4 * len(column) + 1000:
        offsets = (column - low).astype(np.int64)
        if np.array_equal(offsets + low, column):
            there = np.zeros(int(high - low) + 1, dtype=bool)
            there[offsets] = True
            whole: Floats = (np.flatnonzero(there) + low).astype(np.float64)
            return whole, (np.cumsum(there) - 1)[offsets]
    pieces: list[tuple[Any, Places]] = []
    for at in range(0, len(column), _PIECE):
        pieces.append(np.unique(column[at : at + _PIECE], return_inverse=True))
        look()
    if not pieces:
        return np.empty(0), np.empty(0, dtype=np.int64)
    merged = np.sort(
        np.concatenate([values for values, _ in pieces])
    )  # np.unique hashes integers, at a second a million
    known: Floats = merged[np.concatenate(([True], merged[1:] != merged[:-1]))]
    look()
    places: list[Places] = []
    for values, place in pieces:
        places.append(np.searchsorted(known, values)[place])
        look()
    return known, np.concatenate(places)


def once(values: Floats, look: CheckCancelled = never_cancelled) -> Floats:
    """The rows of ``values`` without those that are there before, in their order."""
    label = distinct(values, look)[1]
    first = np.full(int(label.max(initial=-1)) + 1, len(label))
    np.minimum.at(first, label, np.arange(len(label)))
    found: Floats = values[np.sort(first)]
    return found
