"""Changes from one version of a series to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars

PRICES = ("open", "high", "low", "close", "adj_close")
VALUES = (*PRICES, "volume", "splits", "dividend_per_share")

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Change:
    """``changed`` bars have other values, ``withdrawn`` ones are no longer there, and ``inserted`` ones were missing
    between the first and the last; ``added`` ones lie before the first or after the last. ``largest`` is the largest
    relative change of a price, of another value where no price changed, and None where nothing can be divided by.
    ``columns`` are those with changed values, in the order of ``VALUES``; a column of actions that one version lacks
    is among them.
    """

    added: int = 0
    changed: int = 0
    inserted: int = 0
    withdrawn: int = 0
    largest: float | None = None
    columns: tuple[str, ...] = ()

    @property
    def is_restatement(self) -> bool:
        """Whether anything differs within the range that the older version had."""
        return bool(self.changed or self.inserted or self.withdrawn or self.columns)


def compare(old: Bars, new: Bars) -> Change:
    """What ``new`` changed of ``old``, bars of one series with ascending unique times."""
    mine, yours = common(old, new)
    touched = np.zeros(len(mine), dtype=np.bool_)
    columns: list[str] = []
    for name in VALUES:
        before, after = getattr(old, name), getattr(new, name)
        if before is None or after is None:
            columns += [name] * ((before is None) != (after is None))
            continue
        differs = bits(before[mine]) != bits(after[yours])
        if differs.any():
            touched |= differs
            columns.append(name)
    fresh = np.delete(new.time, yours)
    inside = (fresh > old.time[0]) & (fresh < old.time[-1]) if len(old) else np.zeros(len(fresh), dtype=np.bool_)
    return Change(
        added=int((~inside).sum()),
        changed=int(touched.sum()),
        inserted=int(inside.sum()),
        withdrawn=len(old) - len(mine),
        largest=_largest(old, new, mine, yours, columns),
        columns=tuple(columns),
    )


def common(old: Bars, new: Bars) -> tuple[Rows, Rows]:
    """The rows of ``old`` whose times ``new`` has too, and those of ``new``, both ascending."""
    if len(new) >= len(old) and np.array_equal(new.time[: len(old)], old.time):
        rows = np.arange(len(old))
        return rows, rows
    places = np.searchsorted(new.time, old.time)
    found = new.time[np.minimum(places, len(new) - 1)] == old.time if len(new) else np.zeros(len(old), dtype=np.bool_)
    mine = np.flatnonzero(found)
    return mine, places[mine]


def bits(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bits of ``values``: a NaN equals itself, and zero is not minus zero."""
    return np.ascontiguousarray(values).view(np.int64)


def _largest(old: Bars, new: Bars, mine: Rows, yours: Rows, columns: list[str]) -> float | None:
    names = [name for name in columns if name in PRICES] or columns
    found = []
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before is not None and after is not None:
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                ratio = np.abs(after[yours] / before[mine] - 1)
            found += [float(ratio[np.isfinite(ratio)].max())] if np.isfinite(ratio).any() else []
    return max(found, default=None)
