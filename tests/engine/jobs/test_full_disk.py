"""A disk without room: what is computed is the answer all the same, what is stored can be read, and nothing breaks."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core import store
from engine.core.errors import StoreError
from engine.core.store import ResultStore, encode
from engine.jobs import library, runner
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.requests import spec
from tests.support.workspace import forget

pytestmark = pytest.mark.usefixtures("workspace", "stored")


@pytest.fixture
def full() -> Iterator[pytest.MonkeyPatch]:
    """No file can be written, until this is undone."""
    patch = pytest.MonkeyPatch()

    def no_room(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    patch.setattr(store, "write_atomically", no_room)
    yield patch
    patch.undo()


def test_a_result_that_cannot_be_stored_is_the_answer_and_is_found_while_the_process_lives(
    full: pytest.MonkeyPatch, computed: list[BacktestSpec], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "stratoscope"):
        result = engine.run(spec())
    (line,) = caplog.messages
    assert "No space left on device" in line
    assert line.endswith("The result is kept in memory until the program ends.")
    assert runner.is_stored(spec())
    assert encode(runner.lookup(spec())) == encode(engine.run(spec())) == encode(result)
    assert (len(computed), ledger.count()) == (1, 1)
    (item,) = library.saved("backtest")
    assert (item.size, item.metrics) == (0, result.metrics)


def test_it_is_stored_as_soon_as_there_is_room(full: pytest.MonkeyPatch, computed: list[BacktestSpec]) -> None:
    engine.run(spec())
    full.undo()
    key = engine.run_key(spec())
    assert runner.lookup(spec()) is not None
    assert runner.store().held(key) is None
    forget()
    assert library.saved("backtest")[0].size == runner.store().size(key) > 0
    assert runner.lookup(spec()) is not None
    assert len(computed) == 1


def test_without_room_for_its_record_a_result_is_the_answer_too(
    monkeypatch: pytest.MonkeyPatch, computed: list[BacktestSpec]
) -> None:
    def no_room(*_: Any, **__: Any) -> None:
        raise StoreError("The database failed: database or disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(runner.records, "enter", no_room)
        result = engine.run(spec())
        assert encode(runner.lookup(spec())) == encode(result)
    assert library.saved("backtest") == []
    assert runner.lookup(spec()) is not None
    (item,) = library.saved("backtest")
    assert item.size == runner.store().size(item.key) > 0
    assert (len(computed), ledger.count()) == (1, 1)


def test_what_is_held_is_the_latest_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MEMORY_LIMIT", 10)
    made = ResultStore("memory://stratoscope-held")
    for name in "abc":
        made.hold(name, name.encode() * 4)
    assert [made.held(name) for name in "abc"] == [None, b"bbbb", b"cccc"]
    made.delete("b")
    assert made.held("b") is None
    made.hold("d", bytes(99))
    assert (made.held("c"), made.held("d")) == (None, bytes(99)), "the one that is asked for, however large"


def test_bars_without_room_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(
        StoreError,
        match=r"bars of NEW could not be stored at .*: No space left on device\. 'stratoscope clean' frees some",
    ):
        save(random_walk(100, symbol="NEW"))


CHILD = """
import json, resource
import vectorbt  # it looks for a temporary folder
import engine
from engine.jobs import housekeeping, library, runner
from engine.research import ledger
from tests.support.requests import spec

engine.run(spec())  # stored by another process
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
known, new = spec(), spec(capital=7)
told = {"known": engine.run(known).metrics["trades"], "new": float(engine.run(new).equity[0])}
told["again"] = runner.lookup(new) is not None
told["listed"] = len(library.saved("backtest"))
told["trials"] = ledger.count()
planned = housekeeping.plan(runner.store(), older_than=-1.0)
told["planned"] = len(planned.results.items)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
told["mended"] = runner.lookup(new) is not None and ledger.count()
print(json.dumps(told))
"""


def test_a_process_that_can_write_no_byte_reads_computes_and_plans() -> None:
    """The system itself refuses: also the index that SQLite's connections share, without which it reads nothing."""
    result = engine.run(spec())
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout) == {
        "known": result.metrics["trades"],
        "new": 7.0,
        "again": True,
        "listed": 1,
        "trials": 1,
        "planned": 1,
        "mended": 2,
    }
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "of the child alone"
