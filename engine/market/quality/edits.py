"""Edits of a series: recorded, reversible repairs that are applied when its bars are read.

The stored bars are never changed. An edit names the bars that it concerns by their times, and carries a guard, a digest
of the values that it was proposed for: where the source has restated these since, the edit is no longer applied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars

Kind = Literal["drop", "once", "swap", "scale", "split", "readjust"]
KINDS: dict[str, str] = {
    "drop": "Drop the bars",
    "once": "Drop the copies",
    "swap": "Swap low and high",
    "scale": "Rescale the prices",
    "split": "Add the split",
    "readjust": "Rescale the adjusted closes",
}
_PRICES = ("open", "high", "low", "close", "adj_close")


@dataclass(frozen=True)
class Edit:
    """One repair.

    - "drop": the bars at ``times`` are removed.
    - "once": of the identical bars at each of ``times`` the first remains.
    - "swap": low and high change places at ``times``.
    - "scale": ``columns`` from the first to the last of ``times`` are multiplied by ``factor``.
    - "split": a split of ``factor`` new shares for one at ``times[0]``, which the source does not report: adjusted
      closes before it are divided by ``factor``, and reported splits are completed.
    - "readjust": adjusted closes before ``times[0]`` are multiplied by ``factor``.

    ``times`` are ISO texts of bars. ``before`` and ``after`` describe one of the values that change. ``applied`` is the
    ISO time in UTC at which the edit was made, empty for a proposal, ``author`` who made it, and ``undone`` the ISO
    time at which it was taken back, empty for one in force.
    """

    kind: Kind
    times: tuple[str, ...]
    guard: str
    before: str
    after: str
    factor: float = 1.0
    columns: tuple[str, ...] = ()
    applied: str = ""
    author: str = ""
    undone: str = ""

    @property
    def id(self) -> str:
        """Identifies what the edit does, whoever applies it and when."""
        parts = (self.kind, self.times, self.guard, self.factor, self.columns)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def drop(bars: Bars, rows: NDArray[np.intp]) -> Edit:
    """Removal of the bars ``rows``."""
    before = _cells(bars, int(rows[0]), ("open", "high", "low", "close", "volume"))
    return _guarded(bars, "drop", rows, before, "no bar")


def once(bars: Bars, rows: NDArray[np.intp]) -> Edit:
    """Removal of ``rows``, each a copy of the bar before it."""
    left = len(np.unique(bars.time[rows]))
    return _guarded(bars, "once", rows, f"{len(rows) + left:,} bars", "1 bar" if left == 1 else f"{left:,} bars")


def copies(bars: Bars) -> NDArray[np.intp]:
    """Rows whose values are all those of the row before, its time included."""
    same = np.ones(max(len(bars) - 1, 0), dtype=np.bool_)
    for name in ("time", *_PRICES, "volume", "splits", "dividend_per_share"):
        values = getattr(bars, name)
        if values is not None:
            equal = values[1:] == values[:-1]
            same &= equal if name == "time" else equal | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    return np.flatnonzero(same) + 1


def swap(bars: Bars, rows: NDArray[np.intp]) -> Edit:
    """Exchange of low and high at ``rows``."""
    first = int(rows[0])
    before, after = bars.low[first], bars.high[first]
    return _guarded(
        bars, "swap", rows, f"low {before:,.6g}, high {after:,.6g}", f"low {after:,.6g}, high {before:,.6g}"
    )


def scale(bars: Bars, first: int, last: int, factor: float, columns: tuple[str, ...]) -> Edit:
    """Multiplication of ``columns`` of the bars ``first`` to ``last``, both included."""
    rows = np.array([first, last], dtype=np.intp) if last > first else np.array([first], dtype=np.intp)
    shown = "close" if "close" in columns else columns[0]
    value = float(getattr(bars, shown)[first])
    edit = _guarded(bars, "scale", rows, f"{shown} {value:,.6g}", f"{shown} {value * factor:,.6g}")
    edit = replace(edit, factor=factor, columns=columns)
    return replace(edit, guard=_guard(bars, edit, rows))


def split(bars: Bars, row: int, factor: float) -> Edit:
    """A split of ``factor`` for one at ``row``."""
    value = float(bars.adj_close[row - 1])
    edit = _guarded(bars, "split", np.array([row]), f"adj. close {value:,.6g}", f"adj. close {value / factor:,.6g}")
    return replace(edit, factor=factor)


def readjust(bars: Bars, row: int, factor: float) -> Edit:
    """Multiplication of the adjusted closes before ``row``."""
    value = float(bars.adj_close[row - 1])
    edit = _guarded(bars, "readjust", np.array([row]), f"adj. close {value:,.6g}", f"adj. close {value * factor:,.6g}")
    return replace(edit, factor=factor)


def fits(bars: Bars, edit: Edit) -> bool:
    """Whether ``bars`` still have the values that ``edit`` was proposed for."""
    rows = _rows(bars, edit)
    return rows is not None and _guard(bars, edit, rows) == edit.guard


def apply(bars: Bars, edits: Iterable[Edit]) -> Bars:
    """``bars`` after those of ``edits`` that fit, in their order; the same object where none does."""
    found = bars
    for edit in edits:
        rows = _rows(found, edit)
        if rows is not None and _guard(found, edit, rows) == edit.guard:
            found = _CHANGES[edit.kind](found, edit, rows)
    return found if found is bars else _sealed(found)


def _dropped(bars: Bars, edit: Edit, rows: NDArray[np.intp]) -> Bars:
    stays = np.ones(len(bars), dtype=np.bool_)
    stays[rows] = False
    columns = {name: values[stays] for name in (*_PRICES, "time", "volume", "splits", "dividend_per_share")
               if (values := getattr(bars, name)) is not None}  # fmt: skip
    found = replace(bars, **columns)
    if not len(found):
        return bars
    start, end = _iso(found.time[0]), _iso(found.time[-1])
    return replace(found, series=replace(found.series, rows=len(found), start=start, end=end))


def _swapped(bars: Bars, edit: Edit, rows: NDArray[np.intp]) -> Bars:
    low, high = bars.low.copy(), bars.high.copy()
    low[rows], high[rows] = bars.high[rows], bars.low[rows]
    return replace(bars, low=low, high=high)


def _scaled(bars: Bars, edit: Edit, rows: NDArray[np.intp]) -> Bars:
    columns = {name: getattr(bars, name).copy() for name in edit.columns if name in _PRICES}
    for values in columns.values():
        values[rows[0] : rows[-1] + 1] *= edit.factor
    return replace(bars, **columns)


def _split(bars: Bars, edit: Edit, rows: NDArray[np.intp]) -> Bars:
    found = _readjusted(bars, replace(edit, factor=1 / edit.factor), rows)
    if bars.splits is None:
        return found
    splits = bars.splits.copy()
    splits[rows[0]] = edit.factor
    return replace(found, splits=splits)


def _readjusted(bars: Bars, edit: Edit, rows: NDArray[np.intp]) -> Bars:
    adj_close = bars.adj_close.copy()
    adj_close[: rows[0]] *= edit.factor
    return replace(bars, adj_close=adj_close)


_CHANGES = {
    "drop": _dropped,
    "once": _dropped,
    "swap": _swapped,
    "scale": _scaled,
    "split": _split,
    "readjust": _readjusted,
}


def _guarded(bars: Bars, kind: Kind, rows: NDArray[np.intp], before: str, after: str) -> Edit:
    times = tuple(_iso(moment) for moment in bars.time[rows])
    edit = Edit(kind, times, "", before, after)
    return replace(edit, guard=_guard(bars, edit, rows))


def _guard(bars: Bars, edit: Edit, rows: NDArray[np.intp]) -> str:
    """Digest of the values that ``edit`` depends on. Changes of level before a bar depend on the step at it alone,
    which later dividends do not change.
    """
    if edit.kind in ("split", "readjust"):
        at = int(rows[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            step = bars.adj_close[at] / bars.adj_close[at - 1]
        text = f"{bars.time[at - 1]} {bars.close[at - 1]!r} {bars.close[at]!r} {step:.3f}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    chosen = slice(int(rows[0]), int(rows[-1]) + 1) if edit.kind == "scale" else rows
    total = hashlib.sha256()
    for name in ("time", "open", "high", "low", "close"):
        total.update(np.ascontiguousarray(getattr(bars, name)[chosen]).tobytes())
    return total.hexdigest()[:16]


def _rows(bars: Bars, edit: Edit) -> NDArray[np.intp] | None:
    """Indices of the bars of ``edit``; None where one is missing, or the first has none before it to change."""
    try:
        times = np.array(edit.times, dtype="datetime64[ms]")
    except ValueError:
        return None
    if not len(times) or not len(bars):
        return None
    if edit.kind == "drop":  # the times of bars that come twice are not unique
        rows = np.flatnonzero(np.isin(bars.time, times))
        return rows if len(rows) == len(times) else None
    if edit.kind == "once":
        found = copies(bars)
        rows = found[np.isin(bars.time[found], times)]
        return rows if len(rows) == len(times) else None
    rows = np.minimum(np.searchsorted(bars.time, times), len(bars) - 1)
    is_there = bool((bars.time[rows] == times).all())
    return rows if is_there and (rows[0] > 0 or edit.kind in ("swap", "scale")) else None


def _sealed(bars: Bars) -> Bars:
    """``bars`` with arrays that cannot be written."""
    for name in (*_PRICES, "time", "volume", "splits", "dividend_per_share"):
        values = getattr(bars, name)
        if values is not None:
            values.setflags(write=False)
    return bars


def _cells(bars: Bars, row: int, names: Iterable[str]) -> str:
    return ", ".join(f"{name} {float(getattr(bars, name)[row]):,.6g}" for name in names
                     if np.isfinite(getattr(bars, name)[row]))  # fmt: skip


def _iso(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[ms]"))
