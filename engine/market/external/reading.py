"""Cells of text as a table of external values: long (time, symbol, value) or wide (a column for each symbol)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Floats, Times
from engine.market.external.cells import Cells
from engine.market.external.request import Request
from engine.market.external.table import About, ExternalValues, Kind
from engine.market.external.timing import clock_times, interval_of
from engine.market.importers.reader import Rejected
from engine.market.importers.text import numbers_of
from engine.market.importers.times import ANY
from engine.market.importers.times import Times as TimesOf
from engine.market.symbols import symbol as checked_symbol

_TIMES = ("time", "date", "datetime", "timestamp", "index", "", "unnamed: 0")
_SYMBOLS = ("symbol", "ticker", "asset", "instrument")
_VALUES = ("value", "signal", "weight", "prediction", "score", "probability", "position", "target")
_PATTERNS = ("iso", "%Y%m%d", "%Y/%m/%d", "epoch")
_MOST_WEIGHT = 10.0
SHOWN: Final = 100
"""Rejected lines that are listed."""


@dataclass(frozen=True, eq=False)
class Parsed:
    """A table, the first of the rejected lines, how many there are, how many cells were empty, and the unit in which
    lines are counted.
    """

    values: ExternalValues
    lines: tuple[Rejected, ...]
    rejected: int
    blank: int
    unit: str


@dataclass(frozen=True, eq=False)
class _Rows:
    """Values with the place of each among the rows of the cells, and how many cells were empty."""

    place: NDArray[np.int64]
    symbol: NDArray[np.int32]
    value: Floats
    symbols: tuple[str, ...]
    blank: int


def parse(cells: Cells, request: Request) -> Parsed:
    """The table in ``cells``. Raises ``DataError`` with what is wrong with all of it, or with what must be said."""
    request = request.checked()
    headings = [heading.strip().lower() for heading in cells.headings]
    time_at = next((headings.index(name) for name in _TIMES if name in headings), None)
    if time_at is None:
        shown = ", ".join(cells.headings)[:80]
        raise DataError(f"{cells.origin} has no column of times: name one 'time' or 'date'. Its columns are {shown}.")
    wrong: dict[int, str] = {}
    time, is_dated, zone = _times(cells, cells.columns[time_at], request, wrong)
    rows = _rows(cells, headings, time_at, request, wrong)
    valid = _first_of_each(cells, rows, time, _sound(rows, request.kind, wrong) & ~np.isnat(time)[rows.place], wrong)
    rejected = cells.rejected | {int(cells.lines[at]): text for at, text in wrong.items() if _has_any(cells, at)}
    if not len(valid):
        raise DataError(f"{cells.origin} has no value in it: {_first_reason(rejected, cells.unit)}")
    interval = interval_of(request.interval, time[rows.place[valid]], is_dated, request.known, cells.origin)
    listed = tuple(Rejected(line, rejected[line]) for line in sorted(rejected)[:SHOWN])
    values = _made(rows, valid, time, request, interval, zone, cells.origin)
    return Parsed(values, listed, len(rejected), rows.blank, cells.unit)


def _first_reason(rejected: dict[int, str], unit: str) -> str:
    return f"{unit} {min(rejected)}: {rejected[min(rejected)]}." if rejected else "all its cells are empty."


# -- times -----------------------------------------------------------------------------------------------------------


def _times(cells: Cells, column: Any, request: Request, wrong: dict[int, str]) -> tuple[Times, bool, str]:
    """The time of each row, NaT where it cannot be read; whether all are dates; the time zone of dates."""
    reader = TimesOf(cells.origin, (ANY, "iso"), request.date_order)
    text = _trimmed(column)
    reader.add(text, lambda at: str(text[at]))
    stamps = reader.stamps()
    time, is_utc = stamps.times, stamps.is_utc
    for at in np.flatnonzero(np.isnat(time)).tolist():
        wrong[at] = f"the time '{text[at].as_py() or ''!s:.30}' cannot be read, write 2020-01-31 or 2020-01-31 09:30"
    is_dated = bool((time.astype("datetime64[D]") == time)[~np.isnat(time)].all())
    if is_dated or is_utc:
        return time, is_dated, request.timezone
    return clock_times(time, request.timezone, cells.origin, wrong), False, request.timezone


# -- symbols and values ----------------------------------------------------------------------------------------------


def _rows(cells: Cells, headings: list[str], time_at: int, request: Request, wrong: dict[int, str]) -> _Rows:
    """The values of ``cells`` row by row, whichever way they are laid out. Raises ``DataError``."""
    others = [at for at in range(len(headings)) if at != time_at]
    symbol_at = next((at for at in others if headings[at] in _SYMBOLS), None)
    named = [at for at in others if headings[at].removesuffix("s") in _VALUES]
    if symbol_at is not None:
        rest = [at for at in others if at != symbol_at]
        chosen = named or rest
        if len(chosen) != 1:
            listed = ", ".join(cells.headings[at] for at in rest)[:80] or "none"
            raise DataError(f"{cells.origin} must have one column of values, named 'value'. It has: {listed}.")
        return _long(cells, cells.columns[symbol_at], cells.columns[chosen[0]], wrong)
    if len(named) == 1 and len(others) == 1:
        if not request.symbol:
            raise DataError(f"{cells.origin} does not say of which symbol its values are: name it.")
        return _wide(cells, [(request.symbol, named[0])], wrong)
    if not others:
        raise DataError(f"{cells.origin} has times and no values.")
    return _wide(cells, [(cells.headings[at], at) for at in others], wrong)


def _long(cells: Cells, symbols: Any, column: Any, wrong: dict[int, str]) -> _Rows:
    coded = _trimmed(symbols.cast("string")).fill_null("").dictionary_encode()
    texts, codes = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    names = [_symbol(text) for text in texts]
    for place, name in enumerate(names):
        if name is None:
            wrong |= dict.fromkeys(np.flatnonzero(codes == place).tolist(), f"'{texts[place][:32]}' cannot be a symbol")
    unique = tuple(sorted({name for name in names if name}))
    index = np.array([unique.index(name) if name else -1 for name in names], dtype=np.int32)
    rows = np.arange(len(cells.lines), dtype=np.int64)
    values, blank = _numbers(cells, column, "", wrong)
    return _Rows(rows, index[codes], values, unique, blank)


def _wide(cells: Cells, columns: list[tuple[str, int]], wrong: dict[int, str]) -> _Rows:
    names: dict[str, int] = {}
    for text, at in columns:
        name = _symbol(text)
        if name is None or name in names:
            fault = "twice has a column for" if name else "has a column that cannot be a symbol:"
            raise DataError(f"{cells.origin} {fault} '{text[:32]}'. Long tables have the columns time, symbol, value.")
        names[name] = at
    unique, count = tuple(sorted(names)), len(cells.lines)
    values, blanks = zip(
        *(_numbers(cells, cells.columns[names[name]], f"{name}: ", wrong) for name in unique), strict=True
    )
    return _Rows(
        np.tile(np.arange(count, dtype=np.int64), len(unique)),
        np.repeat(np.arange(len(unique), dtype=np.int32), count),
        np.concatenate(values),
        unique,
        sum(blanks),
    )


def _symbol(text: str) -> str | None:
    try:
        return checked_symbol(text)
    except ValueError:
        return None


def _is_text(column: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(column.type))


def _trimmed(column: Any) -> Any:
    """``column`` without blanks around its texts."""
    import pyarrow.compute as compute

    return compute.utf8_trim_whitespace(column) if _is_text(column) else column


def _has_any(cells: Cells, at: int) -> bool:
    """Whether the row ``at`` has a cell that is not empty."""
    return any(str(column[at].as_py() or "").strip() for column in cells.columns)


def _numbers(cells: Cells, column: Any, prefix: str, wrong: dict[int, str]) -> tuple[Floats, int]:
    """A column as numbers, NaN for empty cells and for what is no number; and how many cells are empty."""
    plain = _as_numbers(column)
    values, bad = numbers_of(plain, cells.separator)
    for at in np.flatnonzero(bad).tolist():
        wrong[at] = f"{prefix}'{str(column[at])[:30]}' is not a number"
    return values, int((~np.isfinite(values) & ~bad).sum())


def _as_numbers(column: Any) -> Any:
    """``column`` with the words of true and false as 1 and 0, where it has no other."""
    import pyarrow.compute as compute

    if not _is_text(column):
        return column
    known = compute.unique(compute.utf8_lower(column)).to_pylist()
    if not {"true", "false"} & set(known) or not set(known) <= {"true", "false", ""}:
        return column
    lower = compute.utf8_lower(column)
    return compute.replace_substring(compute.replace_substring(lower, "true", "1"), "false", "0")


def _sound(rows: _Rows, kind: Kind, wrong: dict[int, str]) -> NDArray[np.bool_]:
    """Which rows have a value that ``kind`` allows, of a symbol."""
    valid = np.isfinite(rows.value) & (rows.symbol >= 0)
    if kind == "signals":
        odd, demand = valid & ~np.isin(rows.value, (-1.0, 0.0, 1.0)), "is no signal, which is 1, -1 or 0"
    elif kind == "weights":
        odd, demand = (
            valid & (np.abs(rows.value) > _MOST_WEIGHT),
            "is no weight, which is a share of the equity: 0.25 for 25%",
        )
    else:
        return valid
    for at in np.flatnonzero(odd).tolist():
        wrong[int(rows.place[at])] = f"{rows.value[at]:g} {demand}"
    return valid & ~odd


def _first_of_each(
    cells: Cells, rows: _Rows, time: Times, sound: NDArray[np.bool_], wrong: dict[int, str]
) -> NDArray[np.int64]:
    """The sound rows by symbol and time, the first of those with the same of both."""
    order = np.flatnonzero(sound)
    order = order[np.lexsort((rows.place[order], time[rows.place[order]], rows.symbol[order]))]
    if len(order) < 2:
        return order
    same = (np.diff(time[rows.place[order]]) == np.timedelta64(0)) & (np.diff(rows.symbol[order]) == 0)
    again = np.append(False, same)
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))
    for at in np.flatnonzero(again).tolist():
        name = rows.symbols[rows.symbol[order[at]]]
        line = cells.lines[rows.place[order[first[at]]]]
        wrong[int(rows.place[order[at]])] = f"{name} has a value for this time already, in {cells.unit} {line}"
    return np.asarray(order[~again], dtype=np.int64)


def _made(
    rows: _Rows, valid: NDArray[np.int64], time: Times, request: Request, interval: Any, zone: str, origin: str
) -> ExternalValues:
    """The table of the rows that are kept, without symbols that have none."""
    used = np.unique(rows.symbol[valid])
    place = np.full(len(rows.symbols), -1, dtype=np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    columns = time[rows.place[valid]], place[rows.symbol[valid]], rows.value[valid]
    for column in columns:
        column.setflags(write=False)
    about = About(
        name=request.name,
        kind=request.kind,
        interval=interval,
        timezone=zone,
        known=request.known,
        symbols=tuple(rows.symbols[at] for at in used),
        rows=len(valid),
        start=str(columns[0].min()),
        end=str(columns[0].max()),
        lowest=float(columns[2].min()),
        highest=float(columns[2].max()),
        origin=origin,
        stored=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return ExternalValues(about, *columns)
