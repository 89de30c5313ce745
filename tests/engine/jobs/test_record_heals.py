"""A run and its result are written one after the other; whoever is killed between, the next reader makes it whole."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import chain, combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core.database import connect
from engine.core.store import encode
from engine.jobs import library, records, runner
from engine.research import ledger
from tests.support.requests import spec
from tests.support.workspace import Workspace, forget

TABLES = ("runs", "run_origins", "run_summaries", "run_results")
LOSSES = [*chain.from_iterable(combinations(TABLES, size) for size in range(1, 5))]


def test_a_run_that_dies_at_any_line_is_found_by_the_next_reader(tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # where a sync, of which there are thousands here, takes no time
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.dying", folder], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) > 30
    for state in found:
        assert state["strays"] == [], state
        assert state["listed"] or state["nothing"], state
        assert state["trials"] <= 1, state
        assert state["trials"] == 1 or state["nothing"], state
        assert (state["whole"], state["figures"], state["trials_after"]) == (True, True, 1), state
    seen = {(state["trials"], state["listed"], state["files"]) for state in found}
    assert seen == {(0, False, False), (1, False, False), (1, True, False), (1, True, True)}, "each state in between"


def lose(tables: tuple[str, ...]) -> None:
    with connect() as database:
        for table in tables:
            database.execute(f"DELETE FROM {table}")


@pytest.mark.usefixtures("workspace", "stored")
@pytest.mark.parametrize("tables", LOSSES, ids="+".join)
@pytest.mark.parametrize("how", ["run", "lookup"])
def test_a_record_that_lacks_a_part_is_mended_by_a_read(
    computed: list[BacktestSpec], tables: tuple[str, ...], how: str
) -> None:
    result = engine.run(spec())
    (before,) = library.saved("backtest")
    lose(tables)
    forget()
    assert encode(getattr(runner, how)(spec())) == encode(result)
    (after,) = library.saved("backtest")
    assert (after.key, after.spec, after.summary, after.origin) == (before.key, spec(), before.summary, before.origin)
    assert after.size == before.size == runner.store().size(before.key) > 0
    assert "runs" in tables or after.created == before.created
    assert (len(computed), ledger.count()) == (1, 1)


@pytest.mark.usefixtures("stored")
def test_a_lost_ledger_is_mended_by_a_read(workspace: Workspace, computed: list[BacktestSpec]) -> None:
    engine.run(spec())
    for path in workspace.cache.glob("stratoscope.sqlite*"):
        path.unlink()
    assert runner.lookup(spec()) is not None
    assert (len(computed), ledger.count(), len(library.saved("backtest"))) == (1, 1, 1)


@pytest.mark.usefixtures("workspace", "stored")
def test_a_run_without_its_result_is_listed_as_that_and_computed_again(computed: list[BacktestSpec]) -> None:
    result = engine.run(spec())
    key = engine.run_key(spec())
    runner.store().delete(key)
    lose(("run_results",))
    (item,) = library.saved("backtest")
    assert (item.key, item.size, item.metrics) == (key, 0, result.metrics)
    assert encode(engine.run(spec())) == encode(result)
    (item,) = library.saved("backtest")
    assert item.size == runner.store().size(key)
    assert (len(computed), ledger.count()) == (2, 1)


@pytest.mark.usefixtures("workspace", "stored")
def test_reading_again_and_again_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a page with twenty figures would wait twenty times for its turn to write."""
    engine.run(spec())
    with connect() as database:
        before = database.execute("PRAGMA data_version").fetchone()[0]
        for _ in range(5):
            runner.lookup(spec())
        assert database.execute("PRAGMA data_version").fetchone()[0] == before


@pytest.mark.usefixtures("workspace", "stored")
def test_a_run_in_the_bin_stays_there_when_it_is_read() -> None:
    engine.run(spec())
    library.delete(engine.run_key(spec()))
    assert runner.lookup(spec()) is not None
    assert library.saved("backtest") == []


@pytest.mark.usefixtures("workspace", "stored")
def test_the_use_of_a_result_is_noted_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(spec())
    start = used()
    monkeypatch.setattr(records.time, "time", lambda: start + records.USE_INTERVAL - 1)
    runner.lookup(spec())
    assert used() == start
    monkeypatch.setattr(records.time, "time", lambda: start + records.USE_INTERVAL + 1)
    runner.lookup(spec())
    assert used() == start + records.USE_INTERVAL + 1


def used() -> float:
    with connect() as database:
        return float(database.execute("SELECT used FROM run_results").fetchone()[0])
