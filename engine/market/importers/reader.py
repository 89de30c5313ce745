"""Reading a file of bars in any format that ``formats`` knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.core.config import settings
from engine.core.errors import DataError
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS
from engine.market.importers.formats import Format, format_of, named_format
from engine.market.importers.layout import Layout, layout_of
from engine.market.importers.text import numbers_of, times_of
from engine.market.intervals import INTERVALS, Interval
from engine.market.symbols import symbol

_PRICES = ("open", "high", "low", "close", "adj_close")
_LOOK = 64 * 1024  # bytes of a file by which it is recognised
_SHOWN = 100  # rejected lines that are told
_DAYS: tuple[tuple[Interval, float, float], ...] = (("1d", 0.0, 4.0), ("1w", 5.0, 9.0), ("1mo", 27.0, 32.0))


@dataclass(frozen=True)
class Rejected:
    """A line that is no bar, counted from 1, and why."""

    line: int
    sentence: str


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a file holds: the series in it, the first of the rejected ``lines``, how many were ``rejected`` in all, and
    how many had no close (``dropped``).
    """

    format: Format
    bars: tuple[Bars, ...]
    lines: tuple[Rejected, ...]
    rejected: int
    dropped: int


@dataclass(frozen=True)
class Choices:
    """What a file may not tell: its ``format`` (a name), the ``timezone`` of times of the day, the ``symbol`` of its
    only series, and the currency; empty for what the file, its name or the configuration says.
    """

    format: str = ""
    timezone: str = ""
    symbol: str = ""
    currency: str = ""


def read(file: BinaryIO, name: str, choices: Choices) -> Parsed:
    """The bars in ``file``, whose name is ``name``. Raises ``DataError`` with what is wrong with it, or with what must
    be chosen.
    """
    encoding, head = _head(file, name)
    found = named_format(choices.format) if choices.format else format_of(head[0])
    if found is None:
        raise DataError(
            f"{name} is in no format that is known: its first line is '{head[0][:80]}'. Choose one by name."
        )
    layout = layout_of(found, head, name, choices.symbol)
    table, lines, rejected = _table(file, encoding, layout)
    times, is_utc = times_of(_moments(table, layout), found.times)
    wrong = dict.fromkeys(np.flatnonzero(np.isnat(times)).tolist(), "its time cannot be read")
    series = [_Columns.of_table(own, table, columns, found, layout) for own, columns in layout.series.items()]
    for item in series:
        wrong |= item.wrong
    cells = {at: _shown(table, layout, at) for at in wrong}
    rejected |= {int(lines[at]): f"{text}: {cells[at]}" for at, text in wrong.items() if cells[at].strip(", ")}
    good = np.ones(len(times), dtype=np.bool_)
    good[list(wrong)] = False
    maker = _Maker(name, found, choices, times, is_utc)
    made = [maker.bars(own, item, rows) for item in series for own, rows in item.split(good)]
    whole = [bars.drop_unpriced() for bars in made]
    bars = tuple(item for item in whole if len(item))
    if not bars:
        raise DataError(f"{name} has no bar in it ({found.title}): {_first_reason(rejected)}")
    told = tuple(Rejected(line, rejected[line]) for line in sorted(rejected)[:_SHOWN])
    return Parsed(found, bars, told, len(rejected), sum(item.unpriced for item in whole))


def _first_reason(rejected: Mapping[int, str]) -> str:
    return f"line {min(rejected)}, {rejected[min(rejected)]}." if rejected else "there is nothing below its headings."


def _head(file: BinaryIO, name: str) -> tuple[str, list[str]]:
    """The encoding of a file and its first lines. Raises ``DataError`` for one that is empty or no text."""
    start = file.read(_LOOK)
    file.seek(0)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = start.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4 or len(start) < _LOOK:
            raise DataError(f"{name} is not UTF-8 text: save it as UTF-8.") from error
        text = start[: error.start].decode(encoding)
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise DataError(f"{name} is empty.")
    if "\x00" in text:
        raise DataError(f"{name} is not text.")
    return encoding, lines


# -- cells -----------------------------------------------------------------------------------------------------------


def _table(file: BinaryIO, encoding: str, layout: Layout) -> tuple[Any, NDArray[np.int64], dict[int, str]]:
    """All cells as text, the line of each row, and the lines with another number of cells."""
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    rejected: dict[int, str] = {}
    blank: list[int] = []

    def refuse(row: Any) -> str:
        line = int(row.number)
        if row.text.strip():
            rejected[line] = f"{row.actual_columns} cells instead of {row.expected_columns}: {row.text[:60]}"
        else:
            blank.append(line)
        return "skip"

    wanted = sorted({column for columns in layout.series.values() for column in columns.values()})
    try:
        table = arrow_csv.read_csv(
            file,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # names the lines of what it refuses
                column_names=list(layout.names),
                skip_rows=layout.first - 1,
                encoding="utf-16" if encoding == "utf-16" else "utf8",
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.separator, invalid_row_handler=refuse, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(layout.names, arrow.string()),
                include_columns=wanted,
                strings_can_be_null=False,
            ),
        )
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"The file cannot be read: {str(error).removesuffix('.')}.") from error
    count = table.num_rows + len(rejected) + len(blank)
    lines = np.arange(layout.first, layout.first + count, dtype=np.int64)
    lines = lines[~np.isin(lines, [*rejected, *blank])]
    return table, lines, rejected


def _moments(table: Any, layout: Layout) -> Any:
    """The text of each row's time."""
    import pyarrow.compute as compute

    columns = next(iter(layout.series.values()))
    if "time" in columns:
        return compute.utf8_trim_whitespace(table[columns["time"]])
    date = compute.utf8_trim_whitespace(table[columns["date"]])
    if "clock" not in columns:
        return date
    clock = compute.utf8_trim_whitespace(table[columns["clock"]])
    if not compute.any(compute.match_substring_regex(clock, "[1-9]")).as_py():
        return date  # days have no time, or midnight
    return compute.binary_join_element_wise(date, clock, " ")


def _shown(table: Any, layout: Layout, at: int) -> str:
    return ", ".join(str(table[name][at]) for name in layout.names if name in table.column_names)[:80]


# -- bars ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Columns:
    """The numbers of a series, and what is wrong with which row; ``of`` are the symbols of a file of several."""

    symbol: str
    numbers: Mapping[str, NDArray[np.float64]]
    wrong: Mapping[int, str]
    of: Any

    @staticmethod
    def of_table(symbol: str, table: Any, columns: Mapping[str, str], found: Format, layout: Layout) -> _Columns:
        numbers: dict[str, NDArray[np.float64]] = {}
        wrong: dict[int, str] = {}
        for column, name in columns.items():
            if column in (*COLUMNS, "splits", "dividend_per_share", "ticks"):
                values, bad = numbers_of(table[name], layout.separator)
                numbers[column] = values / found.scale if column in _PRICES else values
                wrong |= dict.fromkeys(np.flatnonzero(bad).tolist(), f"{column} is no number")
        ticks = numbers.pop("ticks", None)
        if ticks is not None and not (numbers.get("volume", np.zeros(1)) > 0).any():
            numbers["volume"] = ticks
        return _Columns(symbol, numbers, wrong, table[columns["symbol"]] if "symbol" in columns else None)

    def split(self, good: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Each symbol with its rows among the ``good`` ones."""
        if self.of is None:
            yield self.symbol, np.flatnonzero(good)
            return
        coded = self.of.combine_chunks().dictionary_encode()
        codes = coded.indices.to_numpy()
        for place, name in enumerate(coded.dictionary.to_pylist()):
            rows = np.flatnonzero(good & (codes == place))
            if len(rows):
                yield str(name).strip(), rows


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes bars of the rows of a file; ``times`` are those of all rows, in UTC where ``is_utc``."""

    file: str
    format: Format
    choices: Choices
    times: NDArray[np.datetime64]
    is_utc: bool

    def bars(self, name: str, columns: _Columns, rows: NDArray[np.intp]) -> Bars:
        """Those of one series, oldest first where the file has the newest first. Raises ``DataError``."""
        if not name:
            raise DataError(f"{self.file} does not say of which symbol its bars are: name it.")
        time = self.times[rows]
        if len(time) > 1 and (np.diff(time) < np.timedelta64(0)).all():
            rows, time = rows[::-1], time[::-1]
        intraday = bool((time.astype("datetime64[D]") != time).any())
        interval = _interval(time, intraday, self.file)
        zone = self._zone(intraday)
        moments = _utc(time, zone, self.file) if intraday and not self.is_utc else time
        numbers = {key: values[rows] for key, values in columns.numbers.items()}
        series = self._series(name, interval, zone, numbers, moments)
        return Bars(series, moments, **_complete(numbers, len(rows)))

    def _zone(self, intraday: bool) -> str:
        zone = self.choices.timezone or self.format.timezone
        if intraday and not zone and not self.is_utc:
            more = "".join(f" {note}" for note in self.format.notes)
            raise DataError(
                f"{self.file} has times of the day without their time zone: choose one, such as America/New_York or "
                f"UTC.{more}"
            )
        return zone or ("UTC" if self.is_utc else settings().market.files.timezone)

    def _series(
        self, name: str, interval: Interval, zone: str, numbers: Mapping[str, NDArray[np.float64]], time: Any
    ) -> Series:
        return Series(
            source="import",
            collection="import",
            symbol=symbol(name),
            interval=interval,
            kind="equity",
            currency=self.choices.currency or settings().market.files.currency,
            timezone=zone,
            tradeable=True,
            has_ohlc=all(key in numbers for key in ("open", "high", "low")),
            has_volume="volume" in numbers,
            adjustment=self.format.adjustment,
            rows=len(time),
            start=str(time[0]) if len(time) else "",
            end=str(time[-1]) if len(time) else "",
            origin=f"{self.file} ({self.format.title})",
            licence="your own",
            split_adjusted=self.format.split_adjusted,
        )


def _complete(numbers: Mapping[str, NDArray[np.float64]], count: int) -> dict[str, Any]:
    """All columns of bars; splits and dividends where the file has one of them."""
    unknown = np.full(count, np.nan)
    found: dict[str, Any] = {key: numbers.get(key, unknown) for key in COLUMNS}
    if "adj_close" not in numbers:
        found["adj_close"] = found["close"]
    if "splits" in numbers or "dividend_per_share" in numbers:
        splits = numbers.get("splits", np.ones(count))
        found["splits"] = np.where(splits > 0, splits, 1.0)
        found["dividend_per_share"] = np.nan_to_num(numbers.get("dividend_per_share", np.zeros(count)))
    for values in found.values():
        values.setflags(write=False)
    return found


def _interval(time: NDArray[np.datetime64], intraday: bool, file: str) -> Interval:
    """That of bars with these times: the most frequent step between them, or of days the usual one."""
    import pandas as pd

    steps = np.abs(np.diff(time)).astype("timedelta64[s]").astype(np.int64)
    steps = steps[steps > 0]
    if not len(steps) and not intraday:
        return "1d"
    if not len(steps):
        raise DataError(f"{file} has one bar with a time of day: the interval of its bars cannot be told.")
    if intraday:
        usual = np.timedelta64(int(pd.Series(steps).value_counts().index[0]), "s")
        exact = next((item.name for item in INTERVALS.values() if item.is_intraday and item.duration == usual), None)
        if exact is not None:
            return exact
        raise DataError(f"The bars of {file} lie {usual.item()} apart, which is none of the intervals.")
    days = float(np.median(steps)) / 86_400
    found = next((name for name, least, most in _DAYS if least <= days <= most), None)
    if found is None:
        raise DataError(f"The bars of {file} lie {days:.0f} days apart, which is none of the intervals.")
    return found


def _utc(time: NDArray[np.datetime64], zone: str, file: str) -> NDArray[np.datetime64]:
    """Times by the clock of ``zone`` as UTC; an hour that the clock shows twice is told by the order of rows."""
    import pandas as pd

    try:
        local = pd.DatetimeIndex(time).tz_localize(zone, ambiguous="infer", nonexistent="shift_forward")
    except (ValueError, KeyError) as error:  # pytz and zoneinfo name what is wrong
        raise DataError(f"The times of {file} are not those of {zone}: {error}. Choose another time zone.") from error
    return np.asarray(local.tz_convert("UTC").tz_localize(None).to_numpy(), dtype="datetime64[ms]")
