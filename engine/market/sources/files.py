"""Files of bars in folders that config.yaml names: listed by a search, fetched into the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from engine.core.config import settings
from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.core.registry import plugin
from engine.market.bars import Bars
from engine.market.fetching import Capabilities, Fetched, FetchedBars, FetchRequest, Field, Listing
from engine.market.importers.choices import Choices
from engine.market.importers.opening import SUFFIXES, Part, parts
from engine.market.importers.reader import Parsed, read, symbols_in
from engine.market.importers.times import Question
from engine.market.intervals import INTERVALS, Interval, bar_interval
from engine.market.sources import Source
from engine.market.symbols import name_of_file, symbol

_SHOWN = 5  # symbols in a sentence
_FILES = 20_000  # whose lists of symbols are remembered


@plugin("files", title="Files")
class Files(Source):
    """Files that are fetched into the store: CSV, Parquet, Feather and workbooks, in each format that an import reads.

    A file has one series, a column of closes for each symbol, or a column ``symbol``. Its name begins with the symbol
    of an only series and may end with its interval (``AAPL-1h.csv``); what file systems do not allow in a name is
    written as in addresses: ``BTC%2FUSDT.csv``.
    """

    capabilities = Capabilities(
        intervals=get_args(Interval),
        fields=frozenset(get_args(Field)),
        note="Files in the folders that config.yaml names under market.files: CSV, Parquet, Feather and Excel.",
        updates="whole",
    )
    kind: Literal["files"] = "files"

    def search(self, text: str) -> tuple[Listing, ...]:
        wanted = text.strip().casefold()
        known = {name: table.path for table in reversed(_tables()) for name in table.symbols}
        found = [name for name in known if wanted in name.casefold()]
        found.sort(key=lambda name: (not name.casefold().startswith(wanted), name))
        currency = settings().market.files.currency
        return tuple(Listing(name, name=str(known[name]), currency=currency) for name in found)

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        tables, reader = _tables(), _Reader()
        for at, name in enumerate(request.symbols):
            progress(at / len(request.symbols), f"Reading {name}.")
            having = [item for item in tables if name in item.symbols]
            yield reader.answer(name, request.interval, having) if having else _unknown(name, tables)


# -- what there is ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """A table in a file: the part ``inner`` of ``path``, the ``symbols`` of its series, and the ``interval`` that the
    file's name ends with. ``own`` is the symbol that it begins with.
    """

    path: Path
    inner: str
    own: str
    symbols: tuple[str, ...]
    interval: str


def _tables() -> list[_Table]:
    """All tables; of two with one series that of the first folder takes precedence."""
    found: list[_Table] = []
    for folder in settings().market.files.folders:
        for path in sorted(folder.glob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                state = path.stat()
                found += _tables_in(path, state.st_mtime_ns, state.st_size)
    return found


@lru_cache(maxsize=_FILES)
def _tables_in(path: Path, changed: int, size: int) -> tuple[_Table, ...]:
    """The tables of a file; one that cannot be read is that of its name, and is refused when it is fetched."""
    own, interval = _named(path)
    found = []
    for part in parts(path, path.name):
        try:
            with part.open() as file:
                names = (own,) if part.problem else symbols_in(file, part.name, _choices(part, path, own))
        except (DataError, OSError):
            names = (own,)
        found.append(_Table(path, part.inner, own, tuple(filter(None, map(_symbol, names))), interval))
    return tuple(found)


def _named(path: Path) -> tuple[str, str]:
    """The symbol and the interval in a file's name, empty for none."""
    stem = Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem
    name, _, interval = stem.rpartition("-")
    if not name or interval not in INTERVALS:
        name, interval = stem, ""
    return _symbol(name_of_file(name)), interval


def _symbol(text: str) -> str:
    try:
        return symbol(text)
    except ValueError:
        return ""


def _choices(part: Part, path: Path, own: str) -> Choices:
    """The symbol of a file's name is that of its only series, but of a sheet that has a name itself."""
    is_own = part.name in (path.name, path.name.removesuffix(".gz"))
    return Choices(symbol=own if is_own else "", currency=settings().market.files.currency)


# -- reading ---------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads tables for one symbol after another; the last one is not read again."""

    def __init__(self) -> None:
        self._table: _Table | None = None
        self._parsed: Parsed | DataError | None = None

    def answer(self, name: str, interval: Interval, tables: list[_Table]) -> Fetched:
        """The bars of ``name`` in the first of ``tables`` that has some of ``interval``."""
        others: dict[str, None] = {}
        for table in sorted(tables, key=lambda item: item.interval != interval):
            if table.interval not in ("", interval):
                others[table.interval] = None
                continue
            parsed = self._read(table)
            if isinstance(parsed, DataError):
                return Fetched(name, status="invalid", sentence=str(parsed))
            if message := parsed.failed.get(name, ""):
                return Fetched(name, status="invalid", sentence=message)
            for bars in parsed.bars:
                if bars.series.symbol == name and bars.series.interval == interval:
                    return _fetched(bars, parsed, table)
                others |= {bars.series.interval: None} if bars.series.symbol == name else {}
        message = f"The files have {', '.join(others) or 'no'} bars of {name}, none of {interval}."
        return Fetched(name, status="no data in range", sentence=message)

    def _read(self, table: _Table) -> Parsed | DataError:
        if table != self._table or self._parsed is None:
            self._table, self._parsed = table, None  # the one before goes first
            try:
                self._parsed = _parsed(table)
            except DataError as error:
                self._parsed = error
            except OSError as error:
                self._parsed = DataError(f"{table.path.name} cannot be read: {error.strerror or error}.")
        return self._parsed


def _parsed(table: _Table) -> Parsed:
    """All series of a table. Raises ``DataError``."""
    for part in _parts(table):
        if part.problem:
            raise DataError(part.problem)
        choices = _choices(part, table.path, table.own)
        files = settings().market.files
        try:
            with part.open() as file:
                return read(file, part.name, choices)
        except Question as question:
            if question.asks != "timezone" or "timezone" not in files.model_fields_set:
                raise DataError(_asked(question, table)) from question
        with part.open() as file:
            return read(file, part.name, replace(choices, timezone=files.timezone))
    raise DataError(f"{table.path.name} has changed while it was read: fetch it again.")


def _parts(table: _Table) -> Iterator[Part]:
    return (part for part in parts(table.path, table.path.name) if part.inner == table.inner)


def _asked(question: Question, table: _Table) -> str:
    if question.asks == "timezone":
        return (
            f"{table.path.name} has times of the day without their time zone: name that of the exchange in config.yaml "
            "(market: {files: {timezone: America/New_York}}), or write times with their UTC offset."
        )
    return f"{question} An import (the Import tab, or stratoscope import) can be given it."


def _fetched(bars: Bars, parsed: Parsed, table: _Table) -> Fetched:
    """The answer; rows that are no bars are counted for the file's only series, and named for all."""
    files = settings().market.files
    by_exchange = not parsed.format.timezone and bar_interval(bars.series.interval).is_intraday
    timezone = files.timezone if by_exchange else bars.series.timezone
    series = replace(bars.series, source="files", collection="files", timezone=timezone, origin=table.path.name)
    dropped = parsed.dropped + parsed.rejected if len(parsed.bars) == 1 else bars.unpriced
    first = f", line {parsed.lines[0].line}: {parsed.lines[0].sentence}" if parsed.lines else ""
    count = "1 row is not a bar" if parsed.rejected == 1 else f"{parsed.rejected:,} rows are not bars"
    sentence = f"{count} of {table.path.name}{first}.".replace("..", ".") if parsed.rejected else ""
    return Fetched(bars.series.symbol, replace(bars, series=series), sentence=sentence, dropped=dropped)


def _unknown(name: str, tables: list[_Table]) -> Fetched:
    folders = tuple(dict.fromkeys(settings().market.files.folders))
    absent = [str(folder) for folder in folders if not folder.is_dir()]
    named = next((item for item in tables if item.own == name), None)
    if not folders:
        message = "config.yaml names no folder of files: add market: {files: {folders: [...]}}."
    elif named is not None:
        there = ", ".join(named.symbols[:_SHOWN])
        message = f"{named.path.name} has no column 'close': its columns are taken for the closes of {there}."
    elif absent:
        message = f"The folder {absent[0]} of market.files in config.yaml does not exist: create it or name another."
    else:
        message = f"There is no {name}.csv in {', '.join(map(str, folders))}, and no file there has {name} in it."
    return Fetched(name, status="unknown symbol", sentence=message)
