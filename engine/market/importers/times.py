"""The times of a file, read piece by piece in the one way of writing that fits all of them.

``01/02/2020`` is the second of January or the first of February: both are tried on every line. Where both fit all of
them the order is asked for, and where neither does the file has dates of both orders and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.importers.text import numbers_of

Order = Literal["", "day first", "month first"]
Moments = NDArray[np.datetime64]

ANY: Final = "any"
"""A pattern that stands for the usual ways of writing, told apart by the first time of a file."""
SHOWN: Final = 100
"""Rejected lines with a sentence; the others are counted."""

_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")
_DATES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"\d{4}-\d\d-\d\d(?!\d)"), ("iso",)),
    (re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)"), ("%Y-%m-%d",)),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}(?!\d)"), ("%Y/%m/%d",)),
    (re.compile(r"\d{4}\.\d{1,2}\.\d{1,2}(?!\d)"), ("%Y.%m.%d",)),
    (re.compile(r"\d{8}(?!\d)"), ("%Y%m%d",)),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}(?!\d)"), ("%m/%d/%Y", "%d/%m/%Y")),
    (re.compile(r"\d{1,2}-\d{1,2}-\d{4}(?!\d)"), ("%m-%d-%Y", "%d-%m-%Y")),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}(?!\d)"), ("%m.%d.%Y", "%d.%m.%Y")),
    (re.compile(r"\d{1,2}/\d{1,2}/\d\d(?!\d)"), ("%m/%d/%y", "%d/%m/%y")),
    (re.compile(r"\d{1,2}-\d{1,2}-\d\d(?!\d)"), ("%m-%d-%y", "%d-%m-%y")),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d\d(?!\d)"), ("%m.%d.%y", "%d.%m.%y")),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{4}(?!\d)"), ("%d-%b-%Y",)),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d\d(?!\d)"), ("%d-%b-%y",)),
    (re.compile(r"\d{1,2} [A-Za-z]{3} \d{4}(?!\d)"), ("%d %b %Y",)),
    (re.compile(r"[A-Za-z]{3} \d{1,2}, \d{4}(?!\d)"), ("%b %d, %Y",)),
    (re.compile(r"[A-Za-z]{3,9} \d{1,2}, \d{4}(?!\d)"), ("%B %d, %Y",)),
)
_CLOCK = re.compile(r"([ T]?)\d{1,2}:\d\d(:\d\d)?(\.\d+)?( ?[AaPp][Mm])?")
_BARE_CLOCK = re.compile(r"([ T])\d{6}")
_EPOCH = re.compile(r"\d{9,17}(\.\d+)?")
_MICROSECONDS, _MILLISECONDS = 10**14, 10**11  # the least numbers since 1970 that are so many
_ORDERS: Mapping[str, Order] = {"%d%m": "day first", "%m%d": "month first"}


class Question(DataError):
    """What a file does not say and must be chosen: the field ``asks`` of the request."""

    def __init__(self, asks: str, sentence: str) -> None:
        self.asks = asks
        super().__init__(sentence)


@dataclass(frozen=True, eq=False)
class Stamps:
    """The times of a file: datetime64[ms], NaT where a line has none that can be read, the first of which are in
    ``unread``, a text by row. They are in UTC where ``is_utc``, else by the clock of some place.
    """

    times: Moments
    is_utc: bool
    unread: Mapping[int, str]


class Times:
    """Reads the times of a file piece by piece; ``patterns`` are those of ``formats.Format``. An ``order`` that was
    chosen replaces that of the patterns.
    """

    def __init__(self, file: str, patterns: Sequence[str], order: Order = "") -> None:
        self._file, self._patterns, self._order = file, tuple(patterns), order
        self._ways: list[_Way] = []
        self._rows = 0

    def add(self, cells: Any, shown: Callable[[int], str]) -> None:
        """Read the next ``cells``, an Arrow column of text or of times; ``shown`` is the text of a row among them."""
        if not self._ways and len(cells):
            self._ways = [_Way(pattern) for pattern in self._possible(cells)]
        for way in self._ways:
            way.add(cells, self._rows, shown)
        if len(self._ways) > 1 and any(way.read for way in self._ways):
            self._ways = [way for way in self._ways if way.read]
        self._rows += len(cells)

    def has_clock(self) -> bool:
        """Whether what was read so far has times of the day, by a clock that is not named."""
        best = max(self._ways, key=lambda way: way.read, default=None)
        if best is None or best.is_utc:
            return False
        clock = best.times - best.times.astype("datetime64[D]")
        return len(np.unique(clock[~np.isnat(clock)])) > 1

    def stamps(self, lines: Sequence[int] | NDArray[np.int64] = ()) -> Stamps:
        """All times. Raises ``Question`` where the order of day and month must be chosen, ``DataError`` where lines are
        of both orders, whose numbers are among ``lines``, a number for each row.
        """
        if not self._ways:
            return Stamps(np.empty(0, "datetime64[ms]"), False, {})
        best = max(self._ways, key=lambda way: way.read)
        other = next((way for way in self._ways if way is not best and way.is_other_order_of(best)), None)
        if other is not None:
            self._require_one_order(best, other, lines)
        return best.stamps()

    def _require_one_order(self, best: _Way, other: _Way, lines: Sequence[int] | NDArray[np.int64]) -> None:
        one, two = best.times, other.times
        if (np.isnat(one) & ~np.isnat(two)).any():
            mine, yours = int(np.argmax(~np.isnat(one) & np.isnat(two))), int(np.argmax(np.isnat(one) & ~np.isnat(two)))
            examples = best.example(mine, other, lines), other.example(yours, best, lines)
            raise DataError(
                f"{self._file} has dates of both orders: {examples[0]} has the {best.order}, {examples[1]} the "
                f"{other.order}. Write all of them in one order."
            )
        if best.read == other.read and (one != two)[~np.isnat(one)].any():
            at = int(np.argmax(one != two))
            days = " or ".join(str(way.times[at].astype("datetime64[D]")) for way in (best, other))
            raise Question(
                "date_order",
                f"{self._file} does not say in which order its dates are: one of them is {days}. Choose whether the "
                "day or the month comes first.",
            )

    def _possible(self, cells: Any) -> tuple[str, ...]:
        """The patterns that may fit, decided by the first cell that is not empty."""
        if not _is_text(cells):
            return ("typed",)
        first = _first(cells)
        found = [item for pattern in self._patterns for item in (written(first) if pattern == ANY else (pattern,))]
        if self._order:
            found = [in_order(item, self._order) for item in found]
        return tuple(dict.fromkeys(found)) or ("iso",)


class _Way:
    """One pattern, and what it has read so far."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.read = pattern, 0
        self._parts: list[Moments] = []
        self._dates: list[Moments] | None = []  # of times with an offset that are all midnights of some place
        self._is_utc: bool | None = None
        self._unread: dict[int, str] = {}
        self._texts: dict[int, str] = {}

    @property
    def order(self) -> Order:
        """Which of day and month comes first, both being numbers."""
        return _ORDERS.get("".join(re.findall(r"%[dm]", self.pattern)), "")

    @property
    def is_utc(self) -> bool:
        return bool(self._is_utc)

    @property
    def times(self) -> Moments:
        return np.concatenate(self._parts)

    def is_other_order_of(self, other: _Way) -> bool:
        return bool(self.order) and self.pattern == in_order(other.pattern, self.order)

    def example(self, row: int, other: _Way, lines: Sequence[int] | NDArray[np.int64]) -> str:
        """A row that the ``other`` way could not read: its text, and the number of its line where that is known."""
        text = f"'{other._unread.get(row, self.pattern)}'"
        return f"line {lines[row]:,} ({text})" if len(lines) else text

    def add(self, cells: Any, first: int, shown: Callable[[int], str]) -> None:
        times, dates, is_utc = _read(cells, self.pattern, self._is_utc)
        if self._is_utc is None:
            self._is_utc = is_utc
        missing = np.flatnonzero(np.isnat(times))
        self.read += len(times) - len(missing)
        for row in missing[: max(SHOWN - len(self._unread), 0)].tolist():
            self._unread[first + row] = shown(row)
        self._parts.append(times)
        if dates is None:
            self._dates = None
        elif self._dates is not None:
            self._dates.append(dates)

    def stamps(self) -> Stamps:
        if self._dates:
            return Stamps(np.concatenate(self._dates), False, self._unread)
        return Stamps(self.times, self.is_utc, self._unread)


def written(text: str) -> tuple[str, ...]:
    """The patterns of which ``text`` may be one; none for what is no time."""
    text = text.strip()
    if _EPOCH.fullmatch(text):
        return ("epoch",)
    for date, patterns in _DATES:
        if match := date.match(text):
            clock = _clock(text[match.end() :])
            return patterns if patterns == ("iso",) else tuple(item + clock for item in patterns)
    return ()


def in_order(pattern: str, order: Order) -> str:
    """``pattern`` with its day and month in that order, where both are numbers next to each other."""
    first, second = ("%d", "%m") if order == "day first" else ("%m", "%d")
    return re.sub(r"%([dm])([/.\-])%([dm])", rf"{first}\2{second}", pattern) if "%Y%m%d" not in pattern else pattern


def _clock(text: str) -> str:
    """The pattern of a time of the day behind a date."""
    if match := _BARE_CLOCK.fullmatch(text):
        return f"{match[1]}%H%M%S"
    match = _CLOCK.fullmatch(text)
    if match is None:
        return ""
    hour, half = ("%I", "%p") if match[4] else ("%H", "")
    return (
        f"{match[1]}{hour}:%M"
        + (":%S" if match[2] else "")
        + (".%f" if match[3] else "")
        + (" " if (match[4] or "").startswith(" ") else "")
        + half
    )


def _first(cells: Any) -> str:
    """The first of ``cells`` that is not empty."""
    return next((text for text in cells.slice(0, 1000).to_pylist() if text), "")


def _is_text(cells: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(cells.type) or types.is_large_string(cells.type))


def _read(cells: Any, pattern: str, was_utc: bool | None) -> tuple[Moments, Moments | None, bool]:
    """``cells`` as times, as dates where each is a midnight with an offset, and whether they are in UTC; ``was_utc``
    is that of the pieces before, of which all others are.
    """
    if pattern == "typed":
        return _typed(cells)
    if pattern == "epoch":
        return _epoch(cells), None, True
    if pattern == "iso":
        return _iso(cells, was_utc)
    return _strict(cells, pattern), None, False


def _typed(cells: Any) -> tuple[Moments, Moments | None, bool]:
    """A column of timestamps or dates; one with a time zone is in UTC, its midnights there are dates."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    is_utc = getattr(cells.type, "tz", None) is not None
    dates = None
    if is_utc:
        local = _naive(compute.local_timestamp(cells))
        dates = local if (local == local.astype("datetime64[D]")).all() else None
        cells = cells.cast(arrow.timestamp(cells.type.unit, "UTC")).cast(arrow.timestamp(cells.type.unit))
    return _naive(cells), dates, is_utc


def _naive(cells: Any) -> Moments:
    import pyarrow as arrow

    return np.asarray(cells.cast(arrow.timestamp("ms"), safe=False).to_numpy(zero_copy_only=False), "datetime64[ms]")


def _iso(cells: Any, was_utc: bool | None) -> tuple[Moments, Moments | None, bool]:
    import pyarrow as arrow
    import pyarrow.compute as compute

    first = _first(cells) if was_utc is None else ""
    is_utc = bool(_OFFSET.search(first[10:])) if was_utc is None else was_utc
    try:
        times = _naive(cells.cast(arrow.timestamp("us", "UTC" if is_utc else None)).cast(arrow.timestamp("us")))
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
        times = _one_by_one(cells, is_utc)
    if not is_utc:
        return times, None, False
    is_midnight = compute.match_substring_regex(cells, r"^.{10}[ T]00:00(:00(\.0+)?)?(Z|[+-])")
    if not compute.all(is_midnight).as_py():
        return times, None, True
    return times, _strict(compute.utf8_slice_codeunits(cells, 0, 10), "%Y-%m-%d"), True


def _one_by_one(cells: Any, is_utc: bool) -> Moments:
    """ISO 8601 where some cells are none, among them those with an offset where others have none, and the reverse."""
    import pandas as pd

    texts = cells.to_pandas().astype(object)
    is_same = texts.str[10:].str.contains(_OFFSET).fillna(False).astype(bool) == is_utc
    times = pd.to_datetime(texts.where(is_same), format="ISO8601", errors="coerce", utc=is_utc)
    plain = times.dt.tz_localize(None) if is_utc else times
    return np.asarray(plain.to_numpy(), "datetime64[ms]")


def _strict(cells: Any, pattern: str) -> Moments:
    """By ``pattern``. Arrow takes 30 February for the first of March, so days after the 28th are looked at again."""
    import pandas as pd
    import pyarrow as arrow
    import pyarrow.compute as compute

    try:
        if "%f" in pattern:
            raise arrow.ArrowInvalid("fractions of a second")
        times = np.asarray(
            compute.strptime(cells, format=pattern, unit="ms").to_numpy(zero_copy_only=False), "datetime64[ms]"
        )
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
        found = pd.to_datetime(cells.to_pandas().astype(object), format=pattern, errors="coerce")
        return np.asarray(found.to_numpy(), "datetime64[ms]")
    day = (times.astype("datetime64[D]") - times.astype("datetime64[M]")).astype(np.int64)
    early = np.flatnonzero(day < 3)
    if len(early):
        times = times.copy()
        texts = cells.take(arrow.array(early)).to_pandas().astype(object)
        times[early] = np.asarray(pd.to_datetime(texts, format=pattern, errors="coerce").to_numpy(), "datetime64[ms]")
    return times


def _epoch(cells: Any) -> Moments:
    numbers, _ = numbers_of(cells, ",")
    known = numbers[np.isfinite(numbers)]
    largest = float(np.abs(known).max()) if len(known) else 0.0
    unit = 1e-3 if largest >= _MICROSECONDS else 1.0 if largest >= _MILLISECONDS else 1e3
    times = np.full(len(numbers), np.datetime64("NaT"), dtype="datetime64[ms]")
    sane = np.isfinite(numbers) & (np.abs(numbers * unit) < 2.5e14)
    times[sane] = (numbers[sane] * unit).round().astype(np.int64).astype("datetime64[ms]")
    return times
