"""Integrity of a series: errors that make it unusable. Suspicious values are reported by ``quality``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.days import trading_days
from engine.market.intervals import bar_interval

MAXIMUM_ROWS_NAMED = 3
"""Rows listed in a sentence."""

EARLIEST, LATEST = np.datetime64("0001-01-01", "ms"), np.datetime64("9999-01-01", "ms")

_MILLISECONDS_A_DAY = 86_400_000

FATAL = ("columns", "time")
"""Flaws that preclude the check for others."""

_PRICES = ("open", "high", "low", "close", "volume", "adj_close", "splits", "dividend_per_share")


@dataclass(frozen=True)
class Flaw:
    """One reason to reject a series: the affected ``rows`` (from 0, ascending), and a sentence with the remedy."""

    name: str
    rows: NDArray[np.intp]
    sentence: str


def require_sound(bars: Bars) -> None:
    """Raise ``DataError`` with all flaws: columns of the wrong type or length, missing times, times that do not ascend
    (newest first, out of order, duplicates), daily rows with a time of day, infinite values, and intraday bars of an
    unknown time zone.

    One pass over the values, faster than their digest.
    """
    if found := [flaw.sentence for flaw in flaws(bars)]:
        further = "".join(f" {text[:1].upper()}{text[1:]}" for text in found[1:])
        raise DataError(f"{bars.series.symbol} in {bars.series.collection} cannot be used: {found[0]}{further}")


def flaws(bars: Bars) -> Iterator[Flaw]:
    """All reasons to reject ``bars``; one of ``FATAL`` is the only one reported."""
    for text in _column_faults(bars):
        yield Flaw("columns", np.arange(len(bars)), text)
        return
    missing = np.isnat(bars.time)
    if missing.any():
        rows = np.flatnonzero(missing)
        yield Flaw(
            "time", rows, f"{_count(rows, len(bars))} no time: {_numbers(rows)}. Give each its time, or drop it."
        )
        return
    yield from _implausible_times(bars)
    yield from _order_faults(bars)
    yield from _times_of_day(bars)
    yield from _infinite(bars)


def _column_faults(bars: Bars) -> Iterator[str]:
    """Columns of the wrong type or length."""
    if bars.time.dtype != np.dtype("datetime64[ms]"):
        yield f"its times are {bars.time.dtype}, and must be datetime64[ms]."
    for name in _PRICES:
        values = getattr(bars, name)
        if values is None and name in ("splits", "dividend_per_share"):
            continue
        if not isinstance(values, np.ndarray):
            yield f"{name} is a {type(values).__name__}, and must be an array of float64."
            return
        if values.dtype != np.float64:
            yield f"{name} is {values.dtype}, and must be float64."
        if values.shape != bars.time.shape:
            yield (
                f"it has {len(bars.time):,} times and {len(values):,} values of {name}: each column must have one for "
                "each bar."
            )


def _implausible_times(bars: Bars) -> Iterator[Flaw]:
    """Rows with implausible times, and all rows where the time zone is unknown."""
    rows = np.flatnonzero((bars.time < EARLIEST) | (bars.time >= LATEST))
    if len(rows):
        message = f"{_count(rows, len(bars))} a time outside the years 1 to 9998: {_named(bars, rows)}. "
        yield Flaw(
            "years", rows, message + "Such times are often seconds that were read as milliseconds, or the reverse."
        )
        return
    try:
        trading_days(bars.time[:1], bars.series.zones)
    except DataError as error:
        yield Flaw("zone", np.arange(len(bars)), str(error)[:1].lower() + str(error)[1:])


def _order_faults(bars: Bars) -> Iterator[Flaw]:
    """Rows that are not later than the previous row."""
    if (bars.time[1:] > bars.time[:-1]).all():
        return
    steps = np.diff(bars.time).astype(np.int64)
    if (steps <= 0).all() and (steps < 0).any():
        first, last = _moment(bars, 0), _moment(bars, -1)
        yield Flaw(
            "order", np.flatnonzero(steps <= 0) + 1, f"its rows come newest first, {first} to {last}: sort them."
        )
        return
    twice, back = np.flatnonzero(steps == 0) + 1, np.flatnonzero(steps < 0) + 1
    if len(back):
        message = (
            f"{_count(back, len(bars))} an earlier time than the row before: {_named(bars, back)}. Sort them by time."
        )
        yield Flaw("order", back, message)
    if len(twice):
        hint = "" if not bars.series.is_intraday else (
            " Intraday times must be in UTC, where no hour repeats when clocks go back."
        )  # fmt: skip
        message = f"{_count(twice, len(bars))} the time of the row before: {_named(bars, twice)}. Keep one of each."
        yield Flaw("twice", twice, message + hint)


def _times_of_day(bars: Bars) -> Iterator[Flaw]:
    """Rows of days, weeks or months with a time of day."""
    if bars.series.is_intraday:
        return
    rows = np.flatnonzero(bars.time.astype(np.int64) % _MILLISECONDS_A_DAY)
    if len(rows):
        kind = bar_interval(bars.series.interval).adjective
        yield Flaw(
            "date",
            rows,
            f"{_count(rows, len(bars))} a time of day though its bars are {kind}: {_named(bars, rows)}. The time of a "
            f"{kind} bar is its date: use the date by the clock of {bars.series.timezone}.",
        )


def _infinite(bars: Bars) -> Iterator[Flaw]:
    columns = [(name, values) for name in _PRICES if (values := getattr(bars, name)) is not None]
    found = [(name, np.isinf(values)) for name, values in columns]
    wrong = np.logical_or.reduce([mask for _, mask in found])
    if wrong.any():
        rows = np.flatnonzero(wrong)
        names = ", ".join(name for name, mask in found if mask.any())
        message = (
            f"{_count(rows, len(bars))} infinite values ({names}): {_named(bars, rows)}. Leave unknown values empty."
        )
        yield Flaw("infinite", rows, message)


def _count(rows: NDArray[np.intp], count: int) -> str:
    """``2 of its 400 rows have``."""
    return f"{len(rows):,} of its {count:,} rows {'has' if len(rows) == 1 else 'have'}"


def _numbers(rows: NDArray[np.intp]) -> str:
    """``row 3``, ``rows 3, 4, 9 and 17 more``, counted from 1."""
    message = ", ".join(f"{row + 1:,}" for row in rows[:MAXIMUM_ROWS_NAMED].tolist())
    return f"row{'s' if len(rows) > 1 else ''} {message}{_more(rows)}"


def _named(bars: Bars, rows: NDArray[np.intp]) -> str:
    """``row 3 (2020-01-02)``, several likewise."""
    return ", ".join(f"row {row + 1:,} ({_moment(bars, row)})" for row in rows[:MAXIMUM_ROWS_NAMED].tolist()) + _more(
        rows
    )


def _more(rows: NDArray[np.intp]) -> str:
    return f" and {len(rows) - MAXIMUM_ROWS_NAMED:,} more" if len(rows) > MAXIMUM_ROWS_NAMED else ""


def _moment(bars: Bars, row: int) -> str:
    return str(bars.time[row])[:16].replace("T", " ").removesuffix(" 00:00")
