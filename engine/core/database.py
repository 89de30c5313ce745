"""The SQLite database under the cache: finished runs and their notes, the ledger of trials, the jobs, feature sets,
registered models with their roles and alerts, stored bars.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from engine.core.config import settings
from engine.core.errors import StoreError, is_full, told_by_disk

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, spec TEXT NOT NULL,
    created REAL NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_kind ON runs (kind, created);
CREATE TABLE IF NOT EXISTS trials (
    key TEXT PRIMARY KEY, family TEXT NOT NULL, spec TEXT NOT NULL, created REAL NOT NULL,
    sharpe REAL, observations INTEGER NOT NULL,
    count INTEGER NOT NULL DEFAULT 1, variance REAL NOT NULL DEFAULT 0, periods_per_year REAL, rated INTEGER,
    code TEXT NOT NULL DEFAULT '', drawn BLOB
);
CREATE INDEX IF NOT EXISTS trials_by_family ON trials (family);
CREATE TRIGGER IF NOT EXISTS trials_keep BEFORE DELETE ON trials
    BEGIN SELECT RAISE(ABORT, 'the ledger of trials is append-only'); END;
CREATE TRIGGER IF NOT EXISTS trials_stay BEFORE UPDATE ON trials
    BEGIN SELECT RAISE(ABORT, 'the ledger of trials is append-only'); END;
CREATE TRIGGER IF NOT EXISTS trials_once BEFORE INSERT ON trials -- REPLACE would delete without asking trials_keep
    WHEN EXISTS (SELECT 1 FROM trials WHERE key = NEW.key) BEGIN SELECT RAISE(IGNORE); END;
CREATE TABLE IF NOT EXISTS jobs (
    key TEXT PRIMARY KEY, page TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, spec TEXT NOT NULL,
    status TEXT NOT NULL, message TEXT NOT NULL, fraction REAL NOT NULL,
    created REAL NOT NULL, started REAL, finished REAL, use TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS outside_jobs ( -- of other processes than the server's; seen: when they last said so
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, spec TEXT NOT NULL, page TEXT NOT NULL,
    message TEXT NOT NULL, fraction REAL NOT NULL, created REAL NOT NULL, seen REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS reports ( -- of actions: job is the key under which one of them ran
    id TEXT PRIMARY KEY, job TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, spec TEXT NOT NULL,
    created REAL NOT NULL, seconds REAL NOT NULL, report BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS reports_by_kind ON reports (kind, created);
CREATE TABLE IF NOT EXISTS links (key TEXT PRIMARY KEY, spec TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS named ( -- what users save under names: chart layouts, universes
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, created REAL NOT NULL, PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS feature_sets ( -- a row a version; features is JSON; a deleted one keeps its number
    name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, features TEXT NOT NULL, created REAL NOT NULL,
    deleted REAL, PRIMARY KEY (name, version)
);
CREATE TRIGGER IF NOT EXISTS feature_sets_stay BEFORE UPDATE OF name, version, digest, features ON feature_sets
    BEGIN SELECT RAISE(ABORT, 'a version of a feature set never changes'); END;
CREATE TABLE IF NOT EXISTS registered_models ( -- a row a version; digest is that of its file, run a key, here or not
    name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL, label TEXT NOT NULL,
    created REAL NOT NULL, deleted REAL, PRIMARY KEY (name, version)
);
CREATE TABLE IF NOT EXISTS model_numbers ( -- the highest version ever given, also where it is gone for good
    name TEXT PRIMARY KEY, highest INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS model_roles ( -- a row a promotion, version NULL for a demotion: the last one holds
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, version INTEGER, created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS model_roles_by_name ON model_roles (name, role);
CREATE TABLE IF NOT EXISTS model_trials (digest TEXT PRIMARY KEY, created REAL NOT NULL); -- files that load
CREATE TABLE IF NOT EXISTS model_rules (name TEXT PRIMARY KEY, rules TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS model_alerts ( -- cleared: when a score found the rule kept again; NULL while it is broken
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, rule TEXT NOT NULL, sentence TEXT NOT NULL,
    value REAL NOT NULL, threshold REAL NOT NULL, created REAL NOT NULL, acknowledged REAL, cleared REAL
);
CREATE TABLE IF NOT EXISTS run_summaries (key TEXT PRIMARY KEY, summary TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS run_previews ( -- curve and verdict of a result as JSON, when the ledger had so many rows
    key TEXT PRIMARY KEY, preview TEXT NOT NULL, trials INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS run_origins ( -- digests of what it was computed from
    key TEXT PRIMARY KEY, data TEXT NOT NULL, code TEXT NOT NULL, libraries TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS run_series ( -- digests of the series that it read, JSON by their names
    key TEXT PRIMARY KEY, digests TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS run_results ( -- bytes: NULL before it is known, 0 where the result is not stored
    key TEXT PRIMARY KEY, bytes INTEGER, used REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS run_results_by_use ON run_results (used, bytes);
CREATE TABLE IF NOT EXISTS series ( -- what the files of stored bars say: path is below their folder, about JSON
    path TEXT PRIMARY KEY, collection TEXT NOT NULL, symbol TEXT NOT NULL, interval TEXT NOT NULL, about TEXT NOT NULL,
    fingerprint TEXT NOT NULL, checked INTEGER NOT NULL,
    inode INTEGER NOT NULL, changed INTEGER NOT NULL, size INTEGER NOT NULL, -- the file's version
    since TEXT NOT NULL DEFAULT '' -- from when on these are the bars of the series
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quality ( -- verdicts on bars, by their digest and the code of the checks
    key TEXT PRIMARY KEY, verdict TEXT NOT NULL, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS run_notes (
    key TEXT PRIMARY KEY, tags TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    pinned INTEGER NOT NULL DEFAULT 0, deleted REAL, -- when it was put into the bin
    name TEXT NOT NULL DEFAULT '' -- instead of the label
);
"""

_TIMEOUT = 10.0  # seconds that a connection waits for a lock
_MOST_IDLE = 4  # connections that a process keeps open

# Columns that a database of an earlier version lacks: table, column, declaration.
_ADDED_COLUMNS = (
    ("trials", "count", "INTEGER NOT NULL DEFAULT 1"),
    ("trials", "variance", "REAL NOT NULL DEFAULT 0"),
    ("trials", "periods_per_year", "REAL"),
    ("trials", "rated", "INTEGER"),
    ("run_origins", "libraries", "TEXT NOT NULL DEFAULT ''"),
    ("trials", "code", "TEXT NOT NULL DEFAULT ''"),
    ("trials", "drawn", "BLOB"),
    ("series", "since", "TEXT NOT NULL DEFAULT ''"),
    ("jobs", "use", "TEXT NOT NULL DEFAULT ''"),
    ("run_notes", "name", "TEXT NOT NULL DEFAULT ''"),
)


@contextmanager
def connect() -> Iterator[sqlite3.Connection]:
    """A connection to the database, for one unit of work of one thread; commits on leaving, rolls back on an error.
    Raises ``StoreError``.

    It is one that an earlier unit has left open, where there is one: to open one reads the whole schema, and to close
    the last one moves the write-ahead log into the file and waits for the disk. Where the disk has no room to make the
    database, it is to an empty one, which can be read.
    """
    folder = settings().cache
    path = folder / "stratoscope.sqlite"
    file = _identity(path)
    if file is None:  # the first time, or deleted under us
        prepare_cache.cache_clear()
        _is_ready.cache_clear()
    prepare_cache(folder)
    full = None
    try:
        _is_ready(path)
        connection = _idle().take(file) or _prepared(path)
    except sqlite3.Error as error:
        if not is_full(error) or _is_written(path):
            raise StoreError(f"The database {path} failed: {told_by_disk(error)}.") from None
        full, connection = error, _empty()
    is_sound = False
    try:
        with connection:
            yield connection
        is_sound = True
    except sqlite3.DatabaseError as error:
        raise StoreError(f"The database {path} failed: {told_by_disk(full or error)}.") from error
    finally:
        if full or not (is_sound and file == _identity(path) and _idle().keep(file, connection)):
            connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None for none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class _Idle:
    """Open connections that nobody uses, all to one file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._connections: list[sqlite3.Connection] = []

    def take(self, file: tuple[int, int] | None) -> sqlite3.Connection | None:
        """One to ``file``, or None; those to another file are closed."""
        with self._lock:
            if file != self._file:
                for connection in self._connections:
                    connection.close()
                self._connections, self._file = [], file
            return self._connections.pop() if self._connections else None

    def keep(self, file: tuple[int, int] | None, connection: sqlite3.Connection) -> bool:
        """Keep ``connection`` to ``file``, unless there are enough or it locks others out; returns whether it did."""
        if connection.execute("PRAGMA locking_mode").fetchone()[0] != "normal":
            return False
        with self._lock:
            if file is None or file != self._file or len(self._connections) >= _MOST_IDLE:
                return False
            self._connections.append(connection)
            return True


@cache
def _idle() -> _Idle:
    return _Idle()


def _prepared(path: Path) -> sqlite3.Connection:
    connection = _open(path)
    if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
        connection.close()  # another process has made the file again
        _is_ready.cache_clear()
        _is_ready(path)
        connection = _open(path)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _open(path: Path) -> sqlite3.Connection:
    """An open database. On a full disk, without room for the shared-memory index, in exclusive mode, which keeps the
    index in memory.

    Such a connection keeps the shared lock that it begins with while it asks for the exclusive one, so that two of them
    would wait for each other: who meets another gives way, and tries again.
    """
    deadline = time.monotonic() + _TIMEOUT
    while True:
        for exclusive, expected in ((False, "SQLITE_IOERR"), (True, "SQLITE_BUSY")):
            try:
                return _opened(path, exclusive)
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith(expected) or time.monotonic() > deadline:
                    raise
        time.sleep(random.uniform(0.001, 0.02))


def _opened(path: Path, exclusive: bool) -> sqlite3.Connection:
    timeout = 0.0 if exclusive else _TIMEOUT
    connection = sqlite3.connect(path, timeout=timeout, check_same_thread=False)  # one unit of work has it at a time
    try:
        if exclusive:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_written(path: Path) -> bool:
    with suppress(OSError):
        return path.stat().st_size > 0
    return False


def _empty() -> sqlite3.Connection:
    """A database of the same tables in memory, without rows and for reading only."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.executescript(_SCHEMA)
    connection.execute("PRAGMA query_only = ON")
    return connection


@cache
def _is_ready(path: Path) -> bool:
    connection = _open(path)
    try:
        _write_ahead(connection)
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        _add_columns(connection)
    finally:
        connection.close()
    return True


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on. SQLite refuses that at once, without waiting, where two processes try together."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _add_columns(connection: sqlite3.Connection) -> None:
    """Bring the tables of an earlier version up to date, in place: rows stay, with the new columns' defaults."""
    if not _missing(connection):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # two processes may start at the same moment
        for table, column, declaration in _missing(connection):
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declaration}")


def _missing(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    known = {
        table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")} for table, _, _ in _ADDED_COLUMNS
    }
    return [item for item in _ADDED_COLUMNS if item[1] not in known[item[0]]]


@cache
def prepare_cache(folder: Path) -> Path:
    """``folder``, made if need be and readable by its owner alone. Raises ``StoreError`` where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)  # another process may try at the same moment
    except OSError as error:
        raise StoreError(
            f"The cache folder {folder} cannot be written ({error.strerror}): "
            "change its permissions, or name another under 'cache' in config.yaml."
        ) from None
    return folder
