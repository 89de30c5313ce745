"""Bars by queries of databases: read to the bit, in files and through SQLAlchemy, and never written to."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from engine.core.config import load
from engine.core.errors import Cancelled, ConfigError, DataError
from engine.core.progress import silent
from engine.market import download
from engine.market.databases import Database, QueryFailed, is_reading
from engine.market.fetching import PASSING, Fetched, FetchRequest
from engine.market.sources.sql import Databases
from tests.support.workspace import Workspace

ROWS = [("2020-01-01", "A", 1.5), ("2020-01-02", "A", 2.5), ("2020-01-03", "A", 3.5), ("2020-01-01", "B", 7.0)]
BOUND = "SELECT day, px FROM prices WHERE ticker = {symbol} ORDER BY day"
LONG = "SELECT day, px, ticker AS symbol FROM prices"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
PLACES = ("prices.duckdb", "prices.sqlite", "alchemy")


@pytest.fixture(params=PLACES)
def address(request: pytest.FixtureRequest, workspace: Workspace) -> str:
    """A database with the table ``prices``, by each way to reach one."""
    path = workspace.folder / request.param
    if request.param == "prices.duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE prices (day DATE, ticker VARCHAR, px DECIMAL(10, 2))")
            connection.executemany("INSERT INTO prices VALUES (?, ?, ?)", ROWS)
        return path.name
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE prices (day TEXT, ticker TEXT, px REAL)")
    connection.executemany("INSERT INTO prices VALUES (?, ?, ?)", ROWS)
    connection.commit()
    connection.close()
    return path.name if path.suffix else f"sqlite:///{path}"


def configure(workspace: Workspace, address: str, query: str = BOUND, more: str = "") -> None:
    workspace.configure(
        f"cache: cache\nmarket:\n  sql:\n    - name: own\n      address: {address}\n      query: >-\n        {query}\n"
        f"      columns: {{time: day, close: px}}\n{more}"
    )


def answers(*names: str, interval: str = "1d") -> list[Fetched]:
    request = FetchRequest.parse({"source": "sql", "symbols": names, "interval": interval})
    return list(Databases().fetch(request, silent))


def database(workspace: Workspace, address: str, seconds: float = 30.0) -> Database:
    place = address if "://" in address else str(workspace.folder / address)
    return Database("own", place, seconds)


@pytest.mark.parametrize("query", [BOUND, LONG])
def test_bars_are_the_rows_of_the_query(workspace: Workspace, address: str, query: str) -> None:
    configure(workspace, address, query)
    one, two, none = answers("A", "own:B", "C")
    assert one.bars is not None
    assert two.bars is not None
    assert one.bars.close.tolist() == [1.5, 2.5, 3.5]
    assert one.bars.time.astype("datetime64[D]").astype(str).tolist() == [row[0] for row in ROWS[:3]]
    assert (two.bars.series.symbol, two.bars.close.tolist()) == ("own:B", [7.0])
    assert (one.bars.series.origin, one.bars.series.timezone) == ("own", "America/New_York")
    assert (none.status, none.sentence.startswith("No row for C in own")) == ("unknown symbol", True)


def test_bars_are_stored(workspace: Workspace, address: str) -> None:
    configure(workspace, address)
    report = download.fetch(FetchRequest(source="sql", symbols=("A",)))
    assert [(item.status, item.rows) for item in report.outcomes] == [("stored", 3)]


def test_symbols_are_those_of_the_second_query(workspace: Workspace, address: str) -> None:
    configure(workspace, address, more="      symbols: SELECT DISTINCT ticker FROM prices\n")
    assert [(item.symbol, item.name) for item in Databases().search("a")] == [("A", "own")]
    assert [item.symbol for item in Databases().search("")] == ["A", "B"]


def test_a_search_asks_a_database_no_longer_than_its_limit_and_the_others_all_the_same(workspace: Workspace) -> None:
    path = workspace.folder / "own.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE prices (ticker TEXT)")
        connection.execute("INSERT INTO prices VALUES ('A')")
        connection.commit()
    queries = [("stuck", ENDLESS), ("own", "SELECT ticker FROM prices")]
    listed = [
        f"    - {{name: {name}, address: {path.name}, query: '{BOUND}', symbols: '{query}', timeout_s: 0.2}}\n"
        for name, query in queries
    ]
    workspace.configure(f"cache: cache\nmarket:\n  sql:\n{''.join(listed)}")
    assert [(item.symbol, item.name) for item in Databases().search("a")] == [("A", "own")]
    with pytest.raises(QueryFailed, match=r"'stuck' did not answer within 0\.2 s: check"):
        Databases().search("b")


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO prices SELECT * FROM prices",
        "DELETE FROM prices",
        "DROP TABLE prices",
        "UPDATE prices SET px = 0",
        "SELECT 1; DROP TABLE prices",
        "CREATE TABLE other AS SELECT * FROM prices",
        "ATTACH 'other.db' AS other",
        "WITH gone AS (SELECT 1) DELETE FROM prices",
    ],
)
def test_a_query_that_would_write_is_refused_and_writes_nothing(workspace: Workspace, address: str, query: str) -> None:
    file = workspace.folder / address.rpartition("/")[2]
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(QueryFailed) as refused:
        database(workspace, address).table(query)
    assert str(refused.value).startswith("The query of 'own'")
    assert refused.value.status not in PASSING  # asking again would change nothing
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert not (workspace.folder / "other.db").exists()


def test_a_query_that_would_write_is_refused_for_each_symbol_and_not_tried_again(
    workspace: Workspace, address: str
) -> None:
    configure(workspace, address, "DELETE FROM prices WHERE ticker = {symbol}")
    report = download.fetch(FetchRequest.parse({"source": "sql", "symbols": ["A", "B"]}), silent)
    assert [item.status for item in report.outcomes] == ["invalid", "invalid"]
    assert report.to_retry == ()


@pytest.mark.parametrize("query", ["SELECT * FROM absent", "SELECT absent FROM prices", "SELECT * FRM prices"])
def test_a_wrong_query_is_not_tried_again(workspace: Workspace, address: str, query: str) -> None:
    with pytest.raises(QueryFailed, match="The query of 'own' failed: ") as refused:
        database(workspace, address).table(query)
    assert refused.value.status == "invalid"


def test_a_locked_database_may_answer_later(workspace: Workspace) -> None:
    path = workspace.folder / "locked.db"
    with closing(sqlite3.connect(path)) as owner:
        owner.execute("CREATE TABLE prices (day, px)")
        owner.execute("BEGIN EXCLUSIVE")
        with pytest.raises(QueryFailed, match="locked") as refused:
            Database("own", str(path), 20.0).table("SELECT * FROM prices")
    assert refused.value.status in PASSING


def test_a_symbol_is_a_value_and_no_part_of_the_statement(workspace: Workspace, address: str) -> None:
    found = database(workspace, address).table(BOUND, "x' OR '1'='1")
    assert found.num_rows == 0
    with pytest.raises(QueryFailed, match="in quotes"):
        database(workspace, address).table("SELECT * FROM prices WHERE ticker = '{symbol}'", "A")


def test_duckdb_reaches_no_other_file(workspace: Workspace) -> None:
    path = workspace.folder / "x.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(QueryFailed, match="disabled by configuration"):
        Database("own", str(path)).table(f"SELECT * FROM read_csv('{workspace.config}')")


def test_a_database_that_does_not_answer_is_left(workspace: Workspace, address: str) -> None:
    began = time.monotonic()
    with pytest.raises(QueryFailed, match=r"'own' did not answer within 0\.2 s: check"):
        database(workspace, address, 0.2).table(ENDLESS)
    assert time.monotonic() - began < 60  # it would never end


def test_a_query_can_be_cancelled(workspace: Workspace, address: str) -> None:
    def cancel(*_: object) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        database(workspace, address).table(ENDLESS, None, cancel)


def test_no_message_has_a_password(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    for place in ("nothing://u:${SECRET}@host/x", "postgresql+none://u:${SECRET}@host/x", "sqlite:///no/${SECRET}/x"):
        configure(workspace, place)
        (found,) = [item for item in [_first()] if item]
        assert "hunter2" not in found
    assert "SECRET" not in repr(Database("own", "nothing://${SECRET}"))


def _first() -> str:
    try:
        return next(iter(answers("A"))).sentence
    except DataError as error:
        return str(error)


def test_a_variable_that_is_not_set_is_named(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    configure(workspace, "postgresql://u:${NOWHERE}@host/x")
    assert "needs the variable NOWHERE" in _first()


@pytest.mark.parametrize("missing", ["query", "name"])
def test_a_wrong_section_does_not_repeat_the_address(workspace: Workspace, missing: str) -> None:
    lines = {"name": "own", "address": "x://u:hunter2@h/d", "query": "SELECT 1"}
    del lines[missing]
    text = "market:\n  sql:\n    - " + "\n      ".join(f"{key}: {value}" for key, value in lines.items())
    workspace.config.write_text(text)
    with pytest.raises(ConfigError, match=f"line 3: 'market.sql.0.{missing}' is missing") as refused:
        load(workspace.config)
    assert "hunter2" not in str(refused.value)


def test_an_unknown_setting_of_a_query_is_named(workspace: Workspace) -> None:
    workspace.config.write_text("market:\n  sql:\n    - {name: a, address: b, query: c, symbol: d}\n")
    with pytest.raises(ConfigError, match=r"'market\.sql\.0\.symbol' is not a setting\. Did you mean 'symbols'"):
        load(workspace.config)


def test_a_file_that_is_no_database_is_refused(workspace: Workspace) -> None:
    Path(workspace.folder / "x.db").write_text("date,close\n")
    configure(workspace, "x.db")
    assert "x.db of 'own' is not a DuckDB or SQLite database" in _first()
    configure(workspace, "absent.db")
    assert "absent.db of 'own' cannot be opened" in _first()


def test_a_column_that_is_not_there_is_named(workspace: Workspace, address: str) -> None:
    configure(workspace, address, "SELECT day, px AS p FROM prices WHERE ticker = {symbol}")
    (found,) = answers("A")
    assert found.status == "invalid"
    assert "has no column 'px' for close: it has day, p." in found.sentence


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("SELECT 'a; drop' AS x -- delete", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a;", True),
        ('SELECT "set" FROM t', True),
        ("SELECT 1; SELECT 2", False),
        ("SELECT * INTO other FROM t", False),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", False),
        ("/*! DROP TABLE t */ SELECT 1", False),
        ("EXPLAIN SELECT 1", False),
    ],
)
def test_statements_that_read_are_told_from_others(query: str, reads: bool) -> None:
    assert is_reading(query) is reads
