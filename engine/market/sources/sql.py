"""Bars in databases that config.yaml names: each found by a query, fetched into the store."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, get_args

from engine.core.config import Query, settings
from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.core.registry import plugin
from engine.market.databases import PARAMETER, Database, QueryFailed
from engine.market.fetching import PASSING, Capabilities, Fetched, FetchedBars, FetchRequest, Field, Listing
from engine.market.importers.choices import Choices
from engine.market.importers.reader import Parsed, read
from engine.market.importers.times import Question
from engine.market.intervals import Interval
from engine.market.sources import Source
from engine.market.symbols import symbol

_REMEMBERED = 60  # seconds that a list of symbols is searched before it is queried again
_COLUMNS = ("time", "open", "high", "low", "close", "volume", "adj_close", "splits", "dividends", "symbol")
_TIMES = ("time", "date", "datetime", "timestamp")


@plugin("sql", title="Databases")
class Databases(Source):
    """Bars of DuckDB and SQLite files and of databases that SQLAlchemy reaches, by the queries of config.yaml.

    A query has {symbol} for the symbol, or a column ``symbol``. Of several with bars of a symbol the first is used;
    ``name:SYMBOL`` names one. Queries only read, and are stopped after ``timeout_s``; a search raises ``QueryFailed``
    where a database fails and no other has a match.
    """

    capabilities = Capabilities(
        intervals=get_args(Interval),
        fields=frozenset(get_args(Field)),
        note="The queries that config.yaml names under market.sql.",
        updates="whole",
    )
    kind: Literal["sql"] = "sql"

    def search(self, text: str) -> tuple[Listing, ...]:
        wanted = text.strip().casefold()
        found: dict[str, Listing] = {}
        failed: list[QueryFailed] = []
        for query in settings().market.sql:
            minute = int(time.time()) // _REMEMBERED
            try:
                names = _listed(query.name, query.address, query.symbols, query.timeout_s, minute)
            except QueryFailed as error:  # the other databases are searched all the same
                failed.append(error)
                continue
            for name in names:
                if wanted in name.casefold():
                    found.setdefault(name, Listing(name, name=query.name, currency=query.currency))
        if failed and not found:
            raise failed[0]
        return tuple(
            sorted(found.values(), key=lambda item: (not item.symbol.casefold().startswith(wanted), item.symbol))
        )

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        tables: dict[str, Parsed] = {}
        for at, name in enumerate(request.symbols):
            progress(at / len(request.symbols), f"Querying {name}.")
            try:
                yield _answer(name, request.interval, tables, progress)
            except QueryFailed as error:
                yield Fetched(name, status=error.status, sentence=str(error))
                if error.status in PASSING:  # the next symbol would only wait for the same failure
                    raise DataError(str(error)) from error


@lru_cache(maxsize=64)
def _listed(name: str, address: str, query: str, seconds: float, minute: int) -> tuple[str, ...]:
    """The symbols of a database, by the first column of its second query, asked for ``seconds`` at most."""
    if not query:
        return ()
    table = Database(name, address, seconds).table(query)
    found = []
    for item in table.column(0).unique().drop_null().to_pylist() if table.num_columns else ():
        try:
            found.append(symbol(str(item)))
        except ValueError:  # nothing that could be requested
            continue
    return tuple(found)


def _answer(name: str, interval: Interval, tables: dict[str, Parsed], progress: Progress) -> Fetched:
    queries = [query for query in settings().market.sql if query.interval == interval]
    first, _, rest = name.partition(":")
    named = [query for query in queries if query.name == first and rest]
    own = rest if named else name
    for query in named or queries:
        try:
            parsed = _parsed(query, own, tables, progress)
        except QueryFailed:
            raise
        except DataError as error:
            return Fetched(name, status="invalid", sentence=str(error))
        for bars in parsed.bars if parsed else ():
            series = bars.series
            if series.symbol != own:
                continue
            if series.interval != interval:
                said = f"The query '{query.name}' has bars of {series.interval} for {name}, not of {interval}."
                return Fetched(name, status="invalid", sentence=said)
            zone = query.timezone or settings().market.files.timezone
            series = replace(series, source="sql", collection="sql", symbol=name, timezone=zone, origin=query.name)
            return Fetched(name, replace(bars, series=series), dropped=bars.unpriced)
    return Fetched(name, status="unknown symbol", sentence=_unknown(name, interval, [item.name for item in queries]))


def _unknown(name: str, interval: str, queries: list[str]) -> str:
    if not settings().market.sql:
        return "config.yaml names no database: add market: {sql: [{name: ..., address: ..., query: ...}]}."
    if not queries:
        return f"No query of config.yaml has bars of {interval}: give one that interval."
    return f"No row for {name} in {', '.join(queries)}: search for it, or check how it is written there."


def _parsed(query: Query, own: str, tables: dict[str, Parsed], progress: Progress) -> Parsed | None:
    """What the query has for ``own``, or, where the symbol is a column, for all symbols; None for no row."""
    if query.name in tables:
        return tables[query.name]
    is_bound = PARAMETER in query.query
    rows = Database(query.name, query.address, query.timeout_s).table(query.query, own, progress)
    if not rows.num_rows:
        return None
    table = _renamed(query, rows, is_bound)
    choices = Choices("plain", query.timezone or "", own if is_bound else "", query.currency)
    try:
        found = read(_feather(table), f"The query '{query.name}'", choices, silent)
    except Question as question:
        said = (
            f"{question} Add timezone to '{query.name}' in config.yaml."
            if question.asks == "timezone"
            else str(question)
        )
        raise DataError(said) from question
    if not is_bound:
        tables[query.name] = found
    return found


def _renamed(query: Query, rows: Any, is_bound: bool) -> Any:
    """The columns of bars among those of the query, under their names. Raises ``DataError`` for one that is missing."""
    there = {name.lower(): name for name in rows.column_names}
    for column, name in query.columns.items():
        if name.lower() not in there:
            known = ", ".join(rows.column_names)
            raise DataError(f"The query '{query.name}' has no column '{name}' for {column}: it has {known}.")
    own = {column: there[column] for column in _COLUMNS if column in there}
    stamp = next((there[name] for name in _TIMES if name in there), None)
    own |= {} if stamp is None else {"time": stamp}
    own |= {str(column): there[name.lower()] for column, name in query.columns.items()}
    if is_bound:
        own.pop("symbol", None)
    for column in ("time", "close") if is_bound else ("time", "close", "symbol"):
        if column not in own:
            known = ", ".join(rows.column_names)
            raise DataError(
                f"The query '{query.name}' has no column '{column}', it has {known}: name the one that is it "
                f"(columns: {{{column}: ...}})" + (f", or write {PARAMETER} into it." if column == "symbol" else ".")
            )
    return rows.select(list(own.values())).rename_columns(list(own))


def _feather(table: Any) -> io.BytesIO:
    """The table as the file that an import reads; exact decimals as numbers."""
    import pyarrow as arrow
    import pyarrow.types as types
    from pyarrow import ipc

    columns = [
        column.cast("float64") if types.is_decimal(column.type) else column.cast("string") if types.is_null(column.type)
        else column for column in table.columns
    ]  # fmt: skip
    buffer = io.BytesIO()
    plain = arrow.table(columns, names=table.column_names)
    with ipc.new_file(buffer, plain.schema) as writer:
        writer.write_table(plain)
    buffer.seek(0)
    return buffer
