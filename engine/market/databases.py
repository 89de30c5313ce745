"""Queries that only read: of DuckDB and SQLite files, and of any database that SQLAlchemy reaches.

A file is opened read-only, and without access to others: DuckDB with its external access disabled and its configuration
locked, SQLite with an authorizer that admits reading alone. Elsewhere the statement must be a single SELECT, and runs
in a transaction that is read-only where the database knows such, and rolled back in any case. Values are bound and
never written into a statement. No message has an address or a password in it.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.fetching import Status

PARAMETER: Final = "{symbol}"
"""What stands for the symbol in a query."""

_MOST_ROWS = 20_000_000
_PIECE = 50_000  # rows that are fetched at once
_GRACE = 1.0  # seconds that an interrupted query is waited for
_LOOK = 0.05  # seconds between two looks for the answer, a cancel, the end of patience
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_QUIET = re.compile(r"--[^\n]*|/\*(?!!).*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$", re.DOTALL)
"""What a statement has besides its words: comments, literals, quoted names."""
_WRITING = re.compile(
    r"\b(insert|update|delete|merge|replace|into|create|alter|drop|truncate|grant|revoke|call|exec|execute|copy|lock|"
    r"set|attach|pragma|vacuum|load_file|outfile|dumpfile)\b",
    re.IGNORECASE,
)
_READ_ONLY: Final[Mapping[str, str]] = {
    "sqlite": "PRAGMA query_only = ON",
    **dict.fromkeys(("postgresql", "mysql", "mariadb", "oracle"), "SET TRANSACTION READ ONLY"),
}
"""What makes the transaction that begins a read-only one, by SQLAlchemy's name of the database."""
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


class QueryFailed(DataError):
    """A query without an answer, and the status that its symbol has therefore."""

    def __init__(self, status: Status, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


@dataclass
class _Stop:
    """Tells the thread of a query that nobody waits for it any more."""

    event: threading.Event = field(default_factory=threading.Event)
    interrupts: list[Callable[[], None]] = field(default_factory=list)

    def set(self) -> None:
        self.event.set()
        for interrupt in self.interrupts:
            with suppress(Exception):
                interrupt()


@dataclass(frozen=True)
class Database:
    """The database ``name`` at ``address``, asked for ``seconds`` at most."""

    name: str
    address: str = field(repr=False)
    seconds: float = 30.0

    def table(self, query: str, symbol: str | None = None, progress: Progress = silent) -> Any:
        """The rows of ``query`` as an Arrow table, ``symbol`` bound to each {symbol}. ``progress`` may raise
        ``Cancelled``. Raises ``QueryFailed``.
        """
        address = self._expanded()
        if _QUIET.sub("", query).count(PARAMETER) != query.count(PARAMETER):
            self._fail(f"has {PARAMETER} in quotes: write it without, it is bound as a value.")
        bound = {"symbol": symbol} if PARAMETER in query else {}
        ask: _Ask = _sqlalchemy if "://" in address else self._of_file(Path(address))
        return self._awaited(lambda stop: ask(self, address, query, bound, stop), progress)

    def _expanded(self) -> str:
        missing = [name for name in _VARIABLE.findall(self.address) if name not in environ]
        if missing:
            raise QueryFailed(
                "source failed",
                f"The address of '{self.name}' in config.yaml needs the variable {missing[0]} of the environment, "
                "which is not set.",
            )
        return _VARIABLE.sub(lambda found: environ[found[1]], self.address)

    def _of_file(self, path: Path) -> _Ask:
        """How to ask the file ``path``, which its first bytes say."""
        try:
            with path.open("rb") as file:
                start = file.read(16)
        except OSError as error:
            message = f"The file {path.name} of '{self.name}' cannot be opened: {error.strerror}."
            raise QueryFailed("source failed", message) from error
        if start.startswith(b"SQLite format 3"):
            return _sqlite
        if start[8:12] == b"DUCK":
            return _duckdb
        raise QueryFailed("source failed", f"The file {path.name} of '{self.name}' is not a DuckDB or SQLite database.")

    def _awaited(self, ask: Callable[[_Stop], Any], progress: Progress) -> Any:
        """What ``ask`` returns or raises, in a thread of its own that is left behind after ``seconds``."""
        stop, found = _Stop(), _Found()
        thread = threading.Thread(target=found.by, args=(ask, stop), daemon=True, name=f"query {self.name}")
        until = time.monotonic() + self.seconds
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_LOOK)
                progress(0.0, "")
                if thread.is_alive() and time.monotonic() > until:
                    raise QueryFailed(
                        "no network",
                        f"'{self.name}' did not answer within {self.seconds:g} s: check that the database can be "
                        "reached, or raise timeout_s in config.yaml.",
                    )
        finally:
            last = time.monotonic() + _GRACE
            while thread.is_alive() and time.monotonic() < last:  # the query may begin just now
                stop.set()
                thread.join(_LOOK)
        if found.error is not None:
            raise found.error
        return found.table

    def _fail(self, problem: str, status: Status = "source failed") -> None:
        raise QueryFailed(status, f"The query of '{self.name}' {problem}")

    def failed(self, error: BaseException, hidden: Sequence[str] = ()) -> QueryFailed:
        """The sentence on what a driver raised, without what is ``hidden``."""
        text = " ".join(str(error).split())
        for secret in sorted(filter(None, hidden), key=len, reverse=True):
            text = text.replace(secret, "***")
        status: Status = "invalid" if _is_wrong(error) else "source failed"
        return QueryFailed(status, f"The query of '{self.name}' failed: {text[:300].removesuffix('.')}.")

    def refused(self) -> QueryFailed:
        """The sentence on a statement that would do more than read."""
        problem = "would write, or is more than one statement: only a single SELECT is run."
        return QueryFailed("invalid", f"The query of '{self.name}' {problem}")


_Ask = Callable[[Database, str, str, Mapping[str, Any], _Stop], Any]


def _is_wrong(error: BaseException) -> bool:
    """Whether the statement is at fault, such as for a table that is not there, and not the database or the network:
    PEP 249 calls that a programming error, and SQLite an error without a more special code.
    """
    is_sqlite = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return is_sqlite or any(kind.__name__ == "ProgrammingError" for kind in type(error).__mro__)


@dataclass
class _Found:
    table: Any = None
    error: BaseException | None = None

    def by(self, ask: Callable[[_Stop], Any], stop: _Stop) -> None:
        try:
            self.table = ask(stop)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error


# -- the three ways --------------------------------------------------------------------------------------------------


def _duckdb(database: Database, path: str, query: str, bound: Mapping[str, Any], stop: _Stop) -> Any:
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": False,
        "lock_configuration": True,
    }
    try:
        statements = duckdb.extract_statements(query.replace(PARAMETER, "$symbol"))
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise database.refused()
        with closing(duckdb.connect(path, read_only=True, config=settings)) as connection:
            stop.interrupts.append(connection.interrupt)
            found = connection.sql(query.replace(PARAMETER, "$symbol"), params=dict(bound))
            return found.limit(_MOST_ROWS).to_arrow_table()
    except duckdb.Error as error:
        raise database.failed(error) from error


def _sqlite(database: Database, path: str, query: str, bound: Mapping[str, Any], stop: _Stop) -> Any:
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(stop.event.is_set, 10_000)
            connection.set_authorizer(
                lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
            )
            cursor = connection.execute(query.replace(PARAMETER, ":symbol"), dict(bound))
            if cursor.description is None:
                raise database.refused()
            return _arrow([item[0] for item in cursor.description], cursor, stop)
    except sqlite3.Error as error:
        if "not authorized" in str(error) or "one statement" in str(error) or "readonly" in str(error):
            raise database.refused() from error
        raise database.failed(error) from error


def _sqlalchemy(database: Database, address: str, query: str, bound: Mapping[str, Any], stop: _Stop) -> Any:
    try:
        import sqlalchemy
    except ImportError as error:
        text = "needs SQLAlchemy: pip install 'stratoscope[sql]', or pip install sqlalchemy."
        raise QueryFailed("source failed", f"The address of '{database.name}' {text}") from error
    if not is_reading(query):
        raise database.refused()
    url, hidden = None, [address]
    try:
        url = sqlalchemy.make_url(address)
        hidden += [url.password or "", quote(url.password or "")]
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
        with engine.connect() as connection, closing(_Rolled(connection)):
            driver = connection.connection.driver_connection
            stop.interrupts += [getattr(driver, name) for name in ("interrupt", "cancel") if hasattr(driver, name)]
            if engine.dialect.name in _READ_ONLY:
                connection.exec_driver_sql(_READ_ONLY[engine.dialect.name])
            statement = sqlalchemy.text(query.replace(":", r"\:").replace(PARAMETER, ":symbol"))
            result = connection.execute(statement, dict(bound))
            return _arrow(list(result.keys()), result, stop)
    except (ModuleNotFoundError, sqlalchemy.exc.NoSuchModuleError) as error:
        package = getattr(error, "name", None) or (url.get_backend_name() if url else "")
        text = f"The address of '{database.name}' needs the driver {package}: pip install it, or name another in the "
        raise QueryFailed("source failed", f"{text}address (postgresql+psycopg://...).") from error
    except sqlalchemy.exc.ArgumentError as error:
        text = f"The address of '{database.name}' is not one of SQLAlchemy's: driver://user:password@host/database."
        raise QueryFailed("source failed", text) from error
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError) as error:
        raise database.failed(error.orig or error, hidden) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise database.failed(getattr(error, "orig", None) or error, hidden) from None


@dataclass(frozen=True)
class _Rolled:
    connection: Any

    def close(self) -> None:
        self.connection.rollback()


def is_reading(query: str) -> bool:
    """Whether ``query`` is a single statement that begins with SELECT or WITH and has no word of those that write."""
    words = _QUIET.sub(" ", query).strip().removesuffix(";")
    is_select = re.match(r"(select|with)\b", words, re.IGNORECASE) is not None
    return is_select and ";" not in words and "\\'" not in query and "/*!" not in words and not _WRITING.search(words)


def _arrow(names: Sequence[str], rows: Any, stop: _Stop) -> Any:
    """The rows of a cursor, piece by piece."""
    import pyarrow as arrow

    columns: list[list[Any]] = [[] for _ in names]
    while (piece := rows.fetchmany(_PIECE)) and not stop.event.is_set() and len(columns[0]) < _MOST_ROWS:
        for column, values in zip(columns, zip(*piece, strict=True), strict=True):
            column.extend(values)
    return arrow.table([_array(column) for column in columns], names=[str(name) for name in names])


def _array(values: list[Any]) -> Any:
    import pyarrow as arrow

    try:
        return arrow.array(values)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError):  # of several types, as SQLite allows
        return arrow.array([None if value is None else str(value) for value in values])
