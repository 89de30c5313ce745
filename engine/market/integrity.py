"""Integrity of a series: rows that make it unusable. What is merely odd is ``quality``'s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.days import trading_days
from engine.market.intervals import bar_interval

TOLD = 3
"""Rows that a sentence names."""

EARLIEST, LATEST = np.datetime64("0001-01-01", "ms"), np.datetime64("9999-01-01", "ms")

_MILLISECONDS_A_DAY = 86_400_000

LAST = ("columns", "time")
"""Flaws without which no other can be looked for."""

_PRICES = ("open", "high", "low", "close", "volume", "adj_close", "splits", "dividend_per_share")


@dataclass(frozen=True)
class Flaw:
    """One reason to refuse a series: ``rows`` (from 0, ascending) show it; ``sentence`` says so and what to do."""

    name: str
    rows: NDArray[np.intp]
    sentence: str


def require_sound(bars: Bars) -> None:
    """Raise ``DataError`` for columns of the wrong type or length, a row without a time, rows that do not ascend
    (newest first, out of order, a time twice), daily rows that are no dates, infinite values, and intraday bars whose
    time zone is not known; it says all that is wrong.

    It looks at each value once, in a part of the time that the digest of the same bars takes.
    """
    if found := [flaw.sentence for flaw in flaws(bars)]:
        more = "".join(f" {text[:1].upper()}{text[1:]}" for text in found[1:])
        raise DataError(f"{bars.series.symbol} in {bars.series.collection} cannot be used: {found[0]}{more}")


def flaws(bars: Bars) -> Iterator[Flaw]:
    """All reasons to refuse ``bars``; one of ``LAST`` is the only one."""
    for text in _misfits(bars):
        yield Flaw("columns", np.arange(len(bars)), text)
        return
    missing = np.isnat(bars.time)
    if missing.any():
        rows = np.flatnonzero(missing)
        yield Flaw("time", rows, f"{_some(rows, len(bars))} no time: {_numbers(rows)}. Give each its time, or drop it.")
        return
    yield from _unplaced(bars)
    yield from _unordered(bars)
    yield from _undated(bars)
    yield from _infinite(bars)


def _misfits(bars: Bars) -> Iterator[str]:
    """Columns that are not what they must be."""
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


def _unplaced(bars: Bars) -> Iterator[Flaw]:
    """Rows whose times cannot be meant, and all where the exchange's clock is not known."""
    rows = np.flatnonzero((bars.time < EARLIEST) | (bars.time >= LATEST))
    if len(rows):
        told = f"{_some(rows, len(bars))} a time outside the years 1 to 9998: {_named(bars, rows)}. "
        yield Flaw("years", rows, told + "Such times are often seconds that were read as milliseconds, or the reverse.")
        return
    try:
        trading_days(bars.time[:1], bars.series.zones)
    except DataError as error:
        yield Flaw("zone", np.arange(len(bars)), str(error)[:1].lower() + str(error)[1:])


def _unordered(bars: Bars) -> Iterator[Flaw]:
    """Rows that are not later than the row before."""
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
        told = f"{_some(back, len(bars))} an earlier time than the row before: {_named(bars, back)}. Sort them by time."
        yield Flaw("order", back, told)
    if len(twice):
        hint = "" if not bars.series.is_intraday else (
            " Intraday times must be in UTC, where no hour repeats when clocks go back."
        )  # fmt: skip
        told = f"{_some(twice, len(bars))} the time of the row before: {_named(bars, twice)}. Keep one of each."
        yield Flaw("twice", twice, told + hint)


def _undated(bars: Bars) -> Iterator[Flaw]:
    """Rows of days, weeks or months with a time of day."""
    if bars.series.is_intraday:
        return
    rows = np.flatnonzero(bars.time.astype(np.int64) % _MILLISECONDS_A_DAY)
    if len(rows):
        kind = bar_interval(bars.series.interval).adjective
        yield Flaw(
            "date",
            rows,
            f"{_some(rows, len(bars))} a time of day though its bars are {kind}: {_named(bars, rows)}. The time of a "
            f"{kind} bar is its date: use the date by the clock of {bars.series.timezone}.",
        )


def _infinite(bars: Bars) -> Iterator[Flaw]:
    columns = [(name, values) for name in _PRICES if (values := getattr(bars, name)) is not None]
    found = [(name, np.isinf(values)) for name, values in columns]
    wrong = np.logical_or.reduce([mask for _, mask in found])
    if wrong.any():
        rows = np.flatnonzero(wrong)
        names = ", ".join(name for name, mask in found if mask.any())
        told = f"{_some(rows, len(bars))} infinite values ({names}): {_named(bars, rows)}. Leave unknown values empty."
        yield Flaw("infinite", rows, told)


def _some(rows: NDArray[np.intp], count: int) -> str:
    """``2 of its 400 rows have``."""
    return f"{len(rows):,} of its {count:,} rows {'has' if len(rows) == 1 else 'have'}"


def _numbers(rows: NDArray[np.intp]) -> str:
    """``row 3``, ``rows 3, 4, 9 and 17 more``, counted from 1."""
    told = ", ".join(f"{row + 1:,}" for row in rows[:TOLD].tolist())
    return f"row{'s' if len(rows) > 1 else ''} {told}{_more(rows)}"


def _named(bars: Bars, rows: NDArray[np.intp]) -> str:
    """``row 3 (2020-01-02)``, several likewise."""
    return ", ".join(f"row {row + 1:,} ({_moment(bars, row)})" for row in rows[:TOLD].tolist()) + _more(rows)


def _more(rows: NDArray[np.intp]) -> str:
    return f" and {len(rows) - TOLD:,} more" if len(rows) > TOLD else ""


def _moment(bars: Bars, row: int) -> str:
    return str(bars.time[row])[:16].replace("T", " ").removesuffix(" 00:00")
