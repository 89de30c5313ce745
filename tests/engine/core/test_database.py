"""The database: made on first use, private, and a ledger in it that only grows."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from engine.core import database
from engine.core.database import connect
from engine.core.errors import StoreError
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

TRIAL = ("key", "family", "{}", 1.0, 0.1, 100)
COLUMNS = "key, family, spec, created, sharpe, observations"
INSERT = f"INSERT INTO trials ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"


def enter_trial() -> None:
    with connect() as connection:
        connection.execute(INSERT, TRIAL)


def trials() -> list[tuple[object, ...]]:
    with connect() as connection:
        return [tuple(row) for row in connection.execute(f"SELECT {COLUMNS} FROM trials")]


def test_cache_and_database_are_made_on_first_use(workspace: Workspace) -> None:
    assert not workspace.cache.exists()
    assert trials() == []
    assert (workspace.cache / "stratoscope.sqlite").is_file()


def test_cache_is_its_owners_alone(workspace: Workspace) -> None:
    workspace.cache.mkdir(mode=0o755)
    assert trials() == []
    assert stat.S_IMODE(workspace.cache.stat().st_mode) == 0o700


def test_readers_go_on_while_one_writes() -> None:
    enter_trial()
    with connect() as writer:
        writer.execute(INSERT, ("second", *TRIAL[1:]))
        assert len(trials()) == 1
    assert len(trials()) == 2


def test_what_fails_is_rolled_back() -> None:
    with pytest.raises(StoreError), connect() as connection:
        connection.execute(INSERT, TRIAL).execute("SELECT * FROM nothing")
    assert trials() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trials SET sharpe = 9",
        "DELETE FROM trials",
        "DELETE FROM trials WHERE key = 'key'",
        "UPDATE OR REPLACE trials SET key = 'other'",
    ],
)
def test_ledger_refuses_every_change(statement: str) -> None:
    enter_trial()
    with pytest.raises(StoreError, match="append-only"), connect() as connection:
        connection.execute(statement)
    assert trials() == [TRIAL]


@pytest.mark.parametrize("how", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"])
def test_ledger_keeps_the_first_row_of_a_key(how: str) -> None:
    enter_trial()
    with connect() as connection:
        connection.execute(INSERT.replace("INSERT", how), ("key", "family", "{}", 2.0, 9.0, 100))
    assert trials() == [TRIAL]


def test_ledger_refuses_changes_by_any_program(workspace: Workspace) -> None:
    enter_trial()
    other = sqlite3.connect(workspace.cache / "stratoscope.sqlite")
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute("DELETE FROM trials")
    finally:
        other.close()


def test_wrong_statement_is_one_sentence() -> None:
    with pytest.raises(StoreError, match=r"^The database .* failed: .*\.$"), connect() as connection:
        connection.execute("SELECT * FROM nothing")


def test_database_deleted_under_us_is_made_again(workspace: Workspace) -> None:
    enter_trial()
    (workspace.cache / "stratoscope.sqlite").unlink()
    assert trials() == []


def test_cache_deleted_under_us_is_made_again(workspace: Workspace) -> None:
    enter_trial()
    shutil.rmtree(workspace.cache)
    assert trials() == []
    assert stat.S_IMODE(workspace.cache.stat().st_mode) == 0o700


def test_database_that_another_process_has_made_again_is_filled(workspace: Workspace) -> None:
    enter_trial()
    (workspace.cache / "stratoscope.sqlite").unlink()
    (workspace.cache / "stratoscope.sqlite").touch()
    assert trials() == []


def test_write_ahead_log_is_asked_for_again_where_another_process_turns_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite refuses at once then, its timeout notwithstanding: seen in 8 of 450 starts of six processes."""
    refusals = 3

    class Contended(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            nonlocal refusals
            if "journal_mode" in sql and refusals:
                refusals -= 1
                busy = sqlite3.OperationalError("database is locked")
                busy.sqlite_errorname = "SQLITE_BUSY"
                raise busy
            return super().execute(sql, *parameters)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Contended))
    assert trials() == []
    assert not refusals
    with connect() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_file_that_is_no_database_is_one_sentence(workspace: Workspace) -> None:
    workspace.cache.mkdir()
    (workspace.cache / "stratoscope.sqlite").write_bytes(b"not a database " * 1000)
    with pytest.raises(StoreError, match=r"stratoscope\.sqlite failed: file is not a database"):
        trials()


def test_cache_that_cannot_be_made_is_one_sentence(workspace: Workspace) -> None:
    (workspace.folder / "file").touch()
    workspace.configure("cache: file/cache\n")
    with pytest.raises(StoreError) as caught:
        trials()
    assert str(caught.value) == (
        f"The cache folder {workspace.folder / 'file' / 'cache'} cannot be written (Not a directory): "
        "change its permissions, or name another under 'cache' in config.yaml."
    )


def test_cache_that_is_a_file_is_one_sentence(workspace: Workspace) -> None:
    workspace.cache.touch()
    with pytest.raises(StoreError, match="cannot be written"):
        trials()


def test_threads_that_start_together_find_the_cache_ready(workspace: Workspace) -> None:
    count, start = 8, Barrier(8)

    def enter(number: int) -> None:
        start.wait()
        database.prepare_cache.__wrapped__(workspace.cache)
        with connect() as connection:
            connection.execute(INSERT, (str(number), *TRIAL[1:]))

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(enter, range(count)))
    assert len(trials()) == count


def test_processes_that_start_together_lose_no_row(workspace: Workspace) -> None:
    script = (
        "import sys\n"
        "from engine.core.database import connect\n"
        "sys.stdin.readline()\n"
        "for i in range(20):\n"
        "    with connect() as c:\n"
        f"        c.execute('{INSERT}', (sys.argv[1] + str(i), 'family', '', 1.0, None, 1))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, name], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in "abcd"
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    assert len(trials()) == 80


OLD = """
CREATE TABLE trials (
    key TEXT PRIMARY KEY, family TEXT NOT NULL, spec TEXT NOT NULL, created REAL NOT NULL,
    sharpe REAL, observations INTEGER NOT NULL
);
CREATE TRIGGER trials_keep BEFORE DELETE ON trials
    BEGIN SELECT RAISE(ABORT, 'the ledger of trials is append-only'); END;
CREATE TRIGGER trials_stay BEFORE UPDATE ON trials
    BEGIN SELECT RAISE(ABORT, 'the ledger of trials is append-only'); END;
"""


def old_database(workspace: Workspace) -> None:
    """What the version before sweeps left: a ledger without counts."""
    workspace.cache.mkdir()
    connection = sqlite3.connect(workspace.cache / "stratoscope.sqlite")
    connection.executescript(OLD)
    connection.execute(INSERT, TRIAL)
    connection.commit()
    connection.close()


def test_ledger_of_an_earlier_version_is_brought_up_to_date(workspace: Workspace) -> None:
    old_database(workspace)
    assert trials() == [TRIAL]
    with connect() as connection:
        (row,) = connection.execute("SELECT count, variance, periods_per_year, rated FROM trials").fetchall()
    assert tuple(row) == (1, 0.0, None, None)
    with pytest.raises(StoreError, match="append-only"), connect() as connection:
        connection.execute("UPDATE trials SET count = 0")


def test_processes_that_find_an_old_ledger_together_agree(workspace: Workspace) -> None:
    old_database(workspace)
    script = (
        "import sys\nfrom engine.core.database import connect\nsys.stdin.readline()\n"
        "with connect() as c: print(c.execute('SELECT SUM(count) FROM trials').fetchone()[0])\n"
    )
    pipe = subprocess.PIPE
    readers = [
        subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(4)
    ]
    for reader in readers:
        assert reader.stdin
        reader.stdin.write("\n")
        reader.stdin.flush()
    assert [reader.communicate() for reader in readers] == [("1\n", "")] * 4


def test_units_of_work_share_a_connection(workspace: Workspace) -> None:
    with connect() as first, connect() as second:
        assert first is not second, "each unit has one of its own while it lasts"
    with connect() as third:
        assert third in (first, second)


def test_connection_of_a_failed_unit_is_closed(workspace: Workspace) -> None:
    enter_trial()
    with pytest.raises(StoreError), connect() as failed:
        failed.execute("SELECT * FROM nothing")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        failed.execute("SELECT 1")
    assert len(trials()) == 1


def test_idle_connection_to_a_replaced_file_is_not_used(workspace: Workspace) -> None:
    enter_trial()
    file = workspace.cache / "stratoscope.sqlite"
    with connect() as kept:
        pass
    with connect() as during:
        assert during is kept
        replacement = file.with_suffix(".new")
        replacement.touch()
        replacement.replace(file)
    assert trials() == []
    for connection in (kept, during):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_threads_share_connections_and_lose_nothing(workspace: Workspace) -> None:
    with connect() as connection:
        connection.execute("CREATE TABLE counted (value INTEGER)")

    def count(value: int) -> None:
        with connect() as connection:
            connection.execute("INSERT INTO counted VALUES (?)", (value,))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(200)))
    with connect() as connection:
        found = sorted(row[0] for row in connection.execute("SELECT value FROM counted"))
    assert found == list(range(200))


def full(*_: Any) -> None:
    """A disk without room."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    raise error


def test_database_that_a_full_disk_has_no_room_for_reads_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that was computed can be shown: nobody has tried anything, and nothing is stored."""
    database._is_ready.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(database, "_write_ahead", full)
        assert trials() == []
        with pytest.raises(StoreError, match=r"disk is full\. 'stratoscope clean' frees some room\."):
            enter_trial()
    enter_trial()
    assert trials() == [TRIAL]


def test_database_with_rows_is_never_read_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    enter_trial()
    database._is_ready.cache_clear()
    monkeypatch.setattr(database, "_write_ahead", full)
    with pytest.raises(StoreError, match="disk is full"):
        trials()


def test_units_of_work_do_not_block_each_other_without_a_shared_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk: each opens the database for itself alone, and two at once used to wait for each other."""
    enter_trial()
    opened = database._opened

    def no_index(path: Path, exclusive: bool) -> sqlite3.Connection:
        if exclusive:
            return opened(path, exclusive)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
        raise error

    def read(_: int) -> list[tuple[object, ...]]:
        together.wait()
        return trials()

    database._idle.cache_clear()
    monkeypatch.setattr(database, "_opened", no_index)
    together = Barrier(8, timeout=60)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(160)))
    assert found == [[TRIAL]] * 160
