"""The limit of stored results and what ``clean`` removes: never a trial, and never what somebody has marked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core.database import connect
from engine.core.errors import StoreError
from engine.core.store import ResultStore, encode
from engine.jobs import housekeeping, library, records, runner
from engine.research import ledger
from tests.support.requests import spec
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace", "stored")

DAY = 86_400.0


def request(fast: int) -> BacktestSpec:
    return spec(strategy={"kind": "sma_cross", "fast": fast, "slow": 20})


def run(fast: int, days_ago: float = 0.0) -> str:
    """A stored run that was last used then."""
    engine.run(request(fast))
    key = engine.run_key(request(fast))
    with connect() as database:
        database.execute("UPDATE run_results SET used = ? WHERE key = ?", (time.time() - days_ago * DAY, key))
    return key


def stored() -> set[str]:
    return set(runner.store().sizes())


@pytest.fixture
def limit(workspace: Workspace) -> Callable[[float], None]:
    """Sets the limit in bytes."""
    return lambda size: workspace.configure(f"cache: cache\nresults_limit_gb: {size / 2**30:.12f}\n")


# -- the limit ------------------------------------------------------------------------------------------------------


def test_beyond_the_limit_the_longest_unused_go_and_the_ledger_stays(limit: Callable[[float], None]) -> None:
    keys = [run(fast, days_ago=10 - fast) for fast in range(3, 9)]  # the first is the oldest
    size = runner.store().size(keys[0])
    limit(4.2 * size)
    assert housekeeping.keep_within_limit(runner.store()) == 3  # down to 90% of the limit
    assert stored() == set(keys[3:])
    listed = {item.key: item.size for item in library.saved("backtest")}
    assert [listed[key] > 0 for key in keys] == [False] * 3 + [True] * 3
    assert all(item.metrics for item in library.saved("backtest")), "figures stay"
    assert ledger.count() == 6
    assert records.stored() == records.StoredTotals(3, sum(listed.values()))
    assert housekeeping.keep_within_limit(runner.store()) == 0


def test_what_is_pinned_tagged_annotated_binned_or_of_today_stays(limit: Callable[[float], None]) -> None:
    pinned, tagged, noted, binned, recent, plain = (run(fast, days_ago=9) for fast in range(3, 9))
    library.pin(pinned, True)
    library.tag(tagged, "keep")
    library.annotate(noted, "why")
    library.delete(binned)
    runner.lookup(request(7))  # `recent` is looked at
    limit(10)
    assert housekeeping.keep_within_limit(runner.store()) == 1
    assert stored() == {pinned, tagged, noted, binned, recent}
    library.pin(pinned, False)
    assert housekeeping.keep_within_limit(runner.store()) == 1
    assert stored() == {tagged, noted, binned, recent}
    assert plain not in stored()


def test_each_new_result_makes_room_for_itself(limit: Callable[[float], None]) -> None:
    old = run(3, days_ago=9)
    limit(10)
    new = run(4)
    assert stored() == {new}
    assert old in {item.key for item in library.saved("backtest")}


@pytest.mark.parametrize("setting", ["", "results_limit_gb: 0\n", "results_limit_gb:\n"])
def test_without_a_limit_or_below_it_nothing_goes(workspace: Workspace, setting: str) -> None:
    key = run(3, days_ago=900)
    workspace.configure(f"cache: cache\n{setting}")
    assert housekeeping.keep_within_limit(runner.store()) == 0
    assert stored() == {key}


def test_a_dropped_result_is_computed_again_as_it_was(
    limit: Callable[[float], None], computed: list[BacktestSpec]
) -> None:
    run(3, days_ago=9)
    before = encode(engine.run(request(3)))
    with connect() as database:
        database.execute("UPDATE run_results SET used = 0")
    limit(10)
    housekeeping.keep_within_limit(runner.store())
    assert runner.lookup(request(3)) is None
    limit(1e9)
    assert encode(engine.run(request(3))) == before
    assert len(computed) == 2
    (item,) = library.saved("backtest")
    assert item.size > 0
    assert ledger.count() == 1


def test_a_result_is_dropped_by_one_of_many_and_what_a_dead_one_left_is_found(limit: Callable[[float], None]) -> None:
    keys = [run(fast, days_ago=9) for fast in (3, 4, 5)]
    before = time.time() - DAY
    assert records.claim(keys[:2], before) == keys[:2]
    assert records.claim(keys, before) == keys[2:], "claimed by another"
    runner.store().delete(keys[0])  # the one who claimed two dies after the first
    listed = {item.key: item.size for item in library.saved("backtest")}
    assert listed == {keys[0]: 0, keys[1]: runner.store().size(keys[1]), keys[2]: runner.store().size(keys[2])}
    assert min(listed[keys[1]], listed[keys[2]]) > 0


def test_readers_and_droppers_at_once_lose_and_break_nothing(workspace: Workspace) -> None:
    """Every read is the whole result or none, and the record is right in the end."""
    keys = [run(fast, days_ago=9) for fast in range(3, 13)]
    script = (
        "import sys, time\n"
        "from engine.jobs import housekeeping, records, runner\n"
        "from engine.backtest.result import BacktestResult\n"
        "sys.stdin.readline()\n"
        "keys = sys.argv[2:]\n"
        "if sys.argv[1] == 'drop': print(housekeeping.drop(runner.store(), keys, time.time() - 86400))\n"
        "else: print(sum(runner.store().read(key, BacktestResult) is not None for _ in range(5) for key in keys))\n"
    )
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen([sys.executable, "-c", script, what, *keys], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for what in ("drop", "drop", "read")
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    (one, errors), (other, more), (_, rest) = [process.communicate() for process in started]
    assert (errors, more, rest) == ("", "", "")
    assert int(one) + int(other) == len(keys)
    assert stored() == set()
    assert records.stored() == records.StoredTotals(0, 0)


# -- clean ----------------------------------------------------------------------------------------------------------


def test_a_plan_without_wishes_is_what_nobody_can_reach(workspace: Workspace) -> None:
    key = run(3, days_ago=900)
    folder = workspace.cache / "results" / "ab"
    folder.mkdir(exist_ok=True)
    for name, age in ((f"ab{'0' * 62}.zip", 7200), (f"ab{'1' * 62}.zip", 60), (".tmp-old", 7200), (".tmp-new", 60)):
        (folder / name).write_bytes(b"1234567")
        os.utime(folder / name, (time.time() - age,) * 2)
    planned = housekeeping.plan(runner.store())
    assert planned.orphans == housekeeping.Removal((f"ab{'0' * 62}",), 7)
    assert planned.leftovers == housekeeping.Removal((folder / ".tmp-old",), 7)
    assert (planned.results, planned.bin, planned.bars) == (housekeeping.Removal(),) * 3
    housekeeping.clean(runner.store(), planned)
    assert {path.name for path in folder.iterdir()} == {f"ab{'1' * 62}.zip", ".tmp-new"}
    assert key in stored()


def test_results_of_some_age_or_all_can_be_asked_for_and_marked_ones_stay() -> None:
    old, young, pinned = run(3, days_ago=40), run(4, days_ago=20), run(5, days_ago=40)
    library.pin(pinned, True)
    assert housekeeping.plan(runner.store(), older_than=30 * DAY).results.items == (old,)
    planned = housekeeping.plan(runner.store(), older_than=0.0)
    assert planned.results.items == (old, young)
    assert planned.results.size == sum(runner.store().size(key) for key in (old, young))
    library.tag(young, "wait")
    housekeeping.clean(runner.store(), planned)
    assert stored() == {young, pinned}, "what was tagged since stays"
    assert ledger.count() == 3


def test_the_bin_and_bars_go_only_where_they_are_asked_for(workspace: Workspace) -> None:
    key = run(3)
    library.delete(key)
    housekeeping.clean(runner.store(), housekeeping.plan(runner.store(), older_than=0.0))
    assert key in stored()
    bars = [*(workspace.cache / "bars").rglob("*.parquet")]
    planned = housekeeping.plan(runner.store(), empty_bin=True, bars=True)
    assert (planned.bin.items, list(planned.bars.items)) == ((key,), bars)
    housekeeping.clean(runner.store(), planned)
    assert stored() == set()
    assert library.saved("backtest", in_bin=True) == []
    assert not any(path.exists() for path in bars)
    assert ledger.count() == 1


def test_a_record_that_is_wrong_about_a_file_is_corrected() -> None:
    gone, back = run(3), run(4)
    (path,) = (Path(runner.store()._path(gone)),)
    path.unlink()
    with connect() as database:
        database.execute("UPDATE run_results SET bytes = 0 WHERE key = ?", (back,))
    housekeeping.plan(runner.store())
    assert records.sizes() == {gone: 0, back: runner.store().size(back)}


def test_results_elsewhere_have_no_orphans_of_ours(workspace: Workspace) -> None:
    workspace.configure(f"cache: cache\nresults: {workspace.folder}/shared\n")
    key = run(3)
    foreign = workspace.folder / "shared" / "ab" / f"ab{'0' * 62}.zip"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_bytes(b"of another server")
    os.utime(foreign, (0, 0))
    planned = housekeeping.plan(runner.store(), older_than=0.0)
    assert (planned.orphans.items, planned.results.items) == ((), (key,))


def test_a_full_disk_can_be_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database has no room for a claim before something else has gone."""
    keys = [run(fast, days_ago=9) for fast in (3, 4)]
    claim = records.claim

    def full(chosen: list[str], before: float) -> list[str]:
        if set(keys) <= stored():
            raise StoreError("The database failed: database or disk is full.")
        return claim(chosen, before)

    monkeypatch.setattr(records, "claim", full)
    assert housekeeping.drop(runner.store(), keys, time.time() - DAY) == 2
    assert stored() == set()
    assert records.stored() == records.StoredTotals(0, 0)


# -- what is used ---------------------------------------------------------------------------------------------------


def test_usage_is_told_without_a_look_at_a_result(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    keys = [run(3), run(4)]
    sizes = [runner.store().size(key) for key in keys]
    monkeypatch.setattr(ResultStore, "size", lambda *_: pytest.fail("a file was looked at"))
    monkeypatch.setattr(ResultStore, "sizes", lambda *_: pytest.fail("files were listed"))
    used = housekeeping.usage()
    assert (used.results, used.count, used.limit) == (sum(sizes), 2, 5 * 2**30)
    assert used.bars == sum(path.stat().st_size for path in (workspace.cache / "bars").rglob("*.parquet"))
    assert used.database >= (workspace.cache / "stratoscope.sqlite").stat().st_size > 0
    assert 0 < used.free <= used.total
