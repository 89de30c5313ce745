"""Unique rows and groups of large arrays, with frequent checks for cancellation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

Places = NDArray[np.int64]
CheckCancelled = Callable[[], None]
"""Raises ``Cancelled`` if the work has been cancelled; called about ten times a second."""

_PIECE = 200_000  # values sorted between two checks


def never_cancelled() -> None:
    """``CheckCancelled`` of work that cannot be cancelled."""


def groups(
    parameters: Floats,
    axes: Sequence[int],
    places: Places | None = None,
    check_cancelled: CheckCancelled = never_cancelled,
) -> Iterator[tuple[Floats, Places]]:
    """Groups of combinations (of ``places``) that are equal along ``axes``: the common values and the indices."""
    chosen = np.arange(len(parameters)) if places is None else places
    if not axes:
        yield np.empty(0), chosen
        return
    rows, label = unique_rows(parameters[chosen][:, axes], check_cancelled)
    order = argsort_labels(label, len(rows))
    check_cancelled()
    bounds = np.searchsorted(label[order], np.arange(len(rows) + 1))
    for row, start, stop in zip(rows, bounds[:-1], bounds[1:], strict=True):
        yield row, chosen[order[start:stop]]


def argsort_labels(label: Places, count: int) -> Places:
    """Stable argsort of labels below ``count``, in their smallest integer type, which is fastest."""
    return np.argsort(label.astype(np.min_scalar_type(count)), kind="stable")


def unique_rows(values: Floats | Places, check_cancelled: CheckCancelled = never_cancelled) -> tuple[Any, Places]:
    """The unique rows of ``values``, and the index of each row among them."""
    label = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        known, place = unique_inverse(column, check_cancelled)
        label = label * len(known) + place
        if values.shape[1] > 1:
            label = unique_inverse(label, check_cancelled)[1]
        check_cancelled()
    first = np.empty(int(label.max(initial=-1)) + 1, dtype=np.int64)
    first[label[::-1]] = np.arange(len(label))[::-1]
    return values[first], label


def unique_inverse(column: Floats | Places, check_cancelled: CheckCancelled = never_cancelled) -> tuple[Floats, Places]:
    """``np.unique`` with inverse indices; integers of a small range are counted instead of sorted."""
    check_cancelled()
    low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 0.0)
    if high - low < 4 * len(column) + 1000:
        offsets = (column - low).astype(np.int64)
        if np.array_equal(offsets + low, column):
            present = np.zeros(int(high - low) + 1, dtype=bool)
            present[offsets] = True
            unique: Floats = (np.flatnonzero(present) + low).astype(np.float64)
            return unique, (np.cumsum(present) - 1)[offsets]
    pieces: list[tuple[Any, Places]] = []
    for at in range(0, len(column), _PIECE):
        pieces.append(np.unique(column[at : at + _PIECE], return_inverse=True))
        check_cancelled()
    if not pieces:
        return np.empty(0), np.empty(0, dtype=np.int64)
    merged = np.sort(
        np.concatenate([values for values, _ in pieces])
    )  # np.unique hashes integers, one second per million
    known: Floats = merged[np.concatenate(([True], merged[1:] != merged[:-1]))]
    check_cancelled()
    places: list[Places] = []
    for values, place in pieces:
        places.append(np.searchsorted(known, values)[place])
        check_cancelled()
    return known, np.concatenate(places)


def drop_duplicates(values: Floats, check_cancelled: CheckCancelled = never_cancelled) -> Floats:
    """The first occurrence of each row of ``values``, in order."""
    label = unique_rows(values, check_cancelled)[1]
    first = np.full(int(label.max(initial=-1)) + 1, len(label))
    np.minimum.at(first, label, np.arange(len(label)))
    found: Floats = values[np.sort(first)]
    return found
