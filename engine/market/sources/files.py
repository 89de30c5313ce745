"""CSV files of one series each, in folders that config.yaml names: listed by a search, fetched into the store."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import numpy as np

from engine.core.config import settings
from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.core.registry import plugin
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS, floats, milliseconds
from engine.market.fetching import Capabilities, Fetched, FetchedBars, FetchRequest, Field, Listing
from engine.market.intervals import DAILY, INTERVALS, Interval, bar_interval
from engine.market.sources import Source
from engine.market.symbols import name_of_file, symbol

_TIME = ("date", "datetime", "time", "timestamp")
_HEADINGS: Final[Mapping[str, str]] = MappingProxyType(
    {name.replace("_", " "): name for name in COLUMNS}
    | dict.fromkeys(_TIME, "time")
    | {"adjusted close": "adj_close", "adjclose": "adj_close"}
    | {"stock splits": "splits", "dividends": "dividend_per_share", "splits": "splits"}
)
"""Columns of bars by what heads them in a file, in lower case."""
_PRICES = ("open", "high", "low")
_PLACE = re.compile(r"(?:In CSV column #\d+: )?(?:CSV parse error: )?Row #(\d+): (.*)", re.DOTALL)
_VALUE = re.compile(
    r"CSV conversion error to (\w+).*?(?:invalid value|expected \w+ zone offset in) '([^']*)'", re.DOTALL
)


@plugin("files", title="Files")
class Files(Source):
    """CSV files that are fetched into the store: ``<symbol>.csv`` has daily bars, ``<symbol>-<interval>.csv`` others.

    The first line heads the columns: date (or datetime, time, timestamp) and close, and as far as there are any open,
    high, low, volume, adj close, splits and dividends, in any order. Days are written as 2020-01-31, moments as
    2020-01-31T09:30-05:00. What file systems do not allow in a name is written as in addresses: ``BTC%2FUSDT.csv``.
    """

    capabilities = Capabilities(intervals=get_args(Interval), fields=frozenset(get_args(Field)))
    kind: Literal["files"] = "files"

    def search(self, text: str) -> tuple[Listing, ...]:
        wanted = text.strip().casefold()
        known = {name: path for (name, _), path in reversed(tuple(_files().items()))}
        found = [name for name in known if wanted in name.casefold()]
        found.sort(key=lambda name: (not name.casefold().startswith(wanted), name))
        currency = settings().market.files.currency
        return tuple(Listing(name, name=str(known[name]), currency=currency) for name in found)

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        known = _files()
        for at, name in enumerate(request.symbols):
            progress(at / len(request.symbols), f"Reading {name}.")
            path = known.get((name, request.interval))
            yield _missing(name, request.interval, known) if path is None else _answer(path, name, request.interval)


def _files() -> Mapping[tuple[str, str], Path]:
    """The files by symbol and interval; the first folder with a name takes precedence."""
    found: dict[tuple[str, str], Path] = {}
    for folder in settings().market.files.folders:
        for path in sorted(folder.glob("*.csv")):
            name, _, interval = path.stem.rpartition("-")
            if not name or interval not in INTERVALS:
                name, interval = path.stem, DAILY
            try:
                found.setdefault((symbol(name_of_file(name)), interval), path)
            except ValueError:  # no file of a symbol
                continue
    return found


def _missing(name: str, interval: str, known: Mapping[tuple[str, str], Path]) -> Fetched:
    others = [other for of, other in known if of == name]
    if others:
        message = f"{name} has a file of {', '.join(others)} bars, none of {interval}."
        return Fetched(name, status="no data in range", sentence=message)
    folders = settings().market.files.folders
    if not folders:
        message = "config.yaml names no folder of files: add market: {files: {folders: [...]}}."
    else:
        message = f"There is no {name}.csv in {', '.join(map(str, folders))}."
    return Fetched(name, status="unknown symbol", sentence=message)


def _answer(path: Path, name: str, interval: Interval) -> Fetched:
    try:
        bars, dropped = _bars(path, name, interval)
    except DataError as error:
        return Fetched(name, status="invalid", sentence=str(error))
    return Fetched(name, bars, dropped=dropped)


def _bars(path: Path, name: str, interval: Interval) -> tuple[Bars, int]:
    """The bars of a file, and the number of dropped rows without a close. Raises ``DataError``."""
    headings = _headings(path)
    table = _table(path, headings, interval)
    columns: dict[str, Any] = {key: floats(table.column(heading)) for key, heading in headings.items() if key != "time"}
    time = milliseconds(table.column(headings["time"]))
    if not len(time):
        raise DataError(f"{path.name} has no rows below its headings.")
    unknown = np.full(len(time), np.nan)
    has_ohlc, has_volume = all(key in columns for key in _PRICES), "volume" in columns
    columns = {key: columns.get(key, columns["close"] if key == "adj_close" else unknown) for key in COLUMNS} | (
        {
            "splits": columns.get("splits", np.ones(len(time))),
            "dividend_per_share": columns.get("dividend_per_share", np.zeros(len(time))),
        }
        if "splits" in columns or "dividend_per_share" in columns
        else {}
    )
    files = settings().market.files
    series = Series(
        source="files",
        collection="files",
        symbol=name,
        interval=interval,
        kind="equity",
        currency=files.currency,
        timezone=files.timezone,
        tradeable=True,
        has_ohlc=has_ohlc,
        has_volume=has_volume,
        adjustment="raw prices + adj_close" if "adj_close" in headings else "as in the file",
        rows=len(time),
        start=str(time[0]),
        end=str(time[-1]),
        origin=path.name,
        licence="your own",
    )
    bars = Bars(series, time, **columns).drop_unpriced()
    return bars, bars.unpriced


def _headings(path: Path) -> Mapping[str, str]:
    """The heading in the file of each column that bars have."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 text: save it as UTF-8.") from error
    except (OSError, csv.Error) as error:
        raise DataError(f"{path.name} cannot be read: {error}.") from error
    found: dict[str, str] = {}
    for heading in first:
        if key := _HEADINGS.get(heading.strip().lower().replace("_", " ")):
            if key in found:
                raise DataError(f"{path.name} has two columns of {key}: '{found[key]}' and '{heading}'.")
            found[key] = heading
    for key, example in (("time", "date"), ("close", "close")):
        if key not in found:
            there = ", ".join(first)[:80] or "nothing"
            raise DataError(f"{path.name} has no column '{example}' separated by commas: its first line is {there}.")
    return found


def _table(path: Path, headings: Mapping[str, str], interval: Interval) -> Any:
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    intraday = bar_interval(interval).is_intraday
    types = {heading: arrow.float64() for heading in headings.values()}
    types[headings["time"]] = arrow.timestamp("ms", "UTC" if intraday else None)
    try:
        return arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(use_threads=False),  # names the lines of what it refuses
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, include_columns=list(types), timestamp_parsers=[arrow_csv.ISO8601]
            ),
        )
    except (arrow.ArrowException, OSError) as error:
        raise DataError(_csv_error(path, str(error), intraday)) from error


def _csv_error(path: Path, error: str, intraday: bool) -> str:
    """A sentence on an error in a file, with its line."""
    placed = _PLACE.fullmatch(error)
    if placed is None:
        return f"{path.name} cannot be read as CSV: {error.removesuffix('.')}."
    value = _VALUE.match(placed[2])
    if value is None:
        return f"{path.name}, line {placed[1]}: {placed[2].removesuffix('.')}."
    time = "a time with its UTC offset such as 2020-01-31T09:30-05:00" if intraday else "a date such as 2020-01-31"
    return f"{path.name}, line {placed[1]}: '{value[2]}' is not {'a number' if value[1] == 'double' else time}."
