"""The library: what is kept of a run, found again, put into the bin and out of it."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core import database
from engine.core.database import connect
from engine.core.errors import SpecError
from engine.core.store import ResultStore
from engine.jobs import executors, library, runner
from engine.market import catalog
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.code import other_code
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

DAY = 86_400.0


def spec(fast: int = 3, symbol: str = "TEST") -> BacktestSpec:
    return BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": [symbol]},
            "strategy": {"kind": "sma_cross", "fast": fast, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )


def run(fast: int = 3, symbol: str = "TEST") -> str:
    engine.run(spec(fast, symbol))
    return engine.run_key(spec(fast, symbol))


@pytest.fixture(autouse=True)
def bars(workspace: Workspace) -> None:
    save(random_walk(200))
    save(random_walk(200, seed=1, symbol="OTHER"))


def keys(**more: Any) -> list[str]:
    return [item.key for item in library.saved("backtest", **more)]


def test_a_run_is_listed_with_its_figures_without_reading_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    key = run()
    metrics = engine.run(spec()).metrics
    monkeypatch.setattr(ResultStore, "read", lambda *_: pytest.fail("a result was read"))
    (found,) = library.saved("backtest")
    assert (found.key, found.label, found.spec) == (key, spec().label(), spec())
    assert found.metrics == metrics
    assert (found.tags, found.note, found.pinned, found.deleted) == ((), "", False, None)


def test_figures_of_older_runs_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    metrics = engine.run(spec()).metrics
    with connect() as connection:
        connection.execute("DELETE FROM run_summaries")
    assert library.saved("backtest")[0].metrics == metrics
    monkeypatch.setattr(ResultStore, "read", lambda *_: pytest.fail("a result was read"))
    assert library.saved("backtest")[0].metrics == metrics


def test_a_run_whose_result_is_gone_is_listed_without_figures() -> None:
    key = run()
    runner.store().delete(key)
    with connect() as connection:
        connection.execute("DELETE FROM run_summaries")
    assert library.saved("backtest")[0].metrics == {}


def test_other_kinds_and_specs_that_no_longer_parse_are_left_out() -> None:
    key = run()
    with connect() as connection:
        for other, kind, text in (("a" * 64, "backtest", "{}"), ("b" * 64, "model", "{}")):
            connection.execute("INSERT INTO runs VALUES (?, ?, '', ?, 0, 0)", (other, kind, text))
    assert keys() == [key]
    assert (library.size("backtest"), library.size("backtest", in_bin=True)) == (2, 0)


def test_newest_first_but_the_pinned_ones_before() -> None:
    first, second, third = run(3), run(4), run(5)
    assert keys() == [third, second, first]
    library.pin(first, True)
    assert keys() == [first, third, second]
    library.pin(first, False)
    assert keys() == [third, second, first]


def test_tags_and_notes_replace_those_before() -> None:
    key = run()
    assert library.tag(key, " trend,  to  watch , trend,,") == ("trend", "to watch")
    assert library.annotate(key, "  looks too good\n") == "looks too good"
    found = library.find([key])[key]
    assert (found.tags, found.note) == (("trend", "to watch"), "looks too good")
    library.tag(key, ["one, with a comma"])
    library.annotate(key, "")
    found = library.find([key])[key]
    assert (found.tags, found.note) == (("one  with a comma",), "")


@pytest.mark.parametrize("tags", ["x" * 33, ",".join(f"t{n}" for n in range(13)), "a\x00b"])
def test_tags_that_are_too_long_or_too_many_are_a_sentence(tags: str) -> None:
    key = run()
    with pytest.raises(SpecError, match="tag"):
        library.tag(key, tags)
    assert library.find([key])[key].tags == ()


def test_a_note_that_is_too_long_is_a_sentence() -> None:
    with pytest.raises(SpecError, match=r"at most 2,000 characters, not 2,001"):
        library.annotate(run(), "x" * 2001)


@pytest.mark.parametrize("key", ["0" * 64, "", "../../etc/passwd", "' OR 1=1 --", None, 7, ["x"]])
def test_a_key_that_is_not_there_changes_and_finds_nothing(key: Any) -> None:
    run()
    for change in (
        lambda: library.tag(key, "x"),
        lambda: library.annotate(key, "x"),
        lambda: library.pin(key, True),
        lambda: library.delete(key),
        lambda: library.restore(key),
    ):
        with pytest.raises(SpecError, match="no longer in the library"):
            change()
    assert library.find([key] if isinstance(key, str) else []) == {}
    with connect() as connection:
        assert connection.execute("SELECT COUNT(*) FROM run_notes").fetchone()[0] == 0


def test_search_wants_every_word_somewhere() -> None:
    first, second = run(3), run(4, "OTHER")
    library.tag(first, "Candidate")
    library.annotate(second, "drawdown too deep")

    def found(text: str) -> list[str]:
        return [item.key for item in library.saved("backtest", text)]

    assert found("") == [second, first]
    assert found("candidate") == [first]
    assert found("other") == [second]
    assert found("SMA deep") == [second]
    assert found("sma_cross test") == [first]
    assert found(first[:8]) == [first]
    assert found("candidate deep") == []
    library.annotate(first, "Größe 100%")
    assert found("GRÖSSE 100%") == [first]
    assert found("100_") == []
    assert found("capital") == [], "a field of every spec"
    assert found("' OR 1=1 --") == []


def test_a_search_parses_what_it_found_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    run(3), run(4), run(5)
    library.tag(wanted := run(6), "wanted")
    with connect() as connection:
        connection.execute("INSERT INTO runs VALUES (?, 'backtest', 'broken', '{', 0, 0)", ("a" * 64,))
    parsed, load = [], runner.load_spec
    monkeypatch.setattr(runner, "load_spec", lambda text: parsed.append(text) or load(text))
    assert [item.key for item in library.saved("backtest", "wanted")] == [wanted]
    assert len(parsed) == 1
    assert library.saved("backtest", "broken") == []


def test_what_is_deleted_lies_in_the_bin_and_comes_back_whole() -> None:
    first, second = run(3), run(4)
    library.tag(first, "keep")
    library.delete(first)
    assert keys() == [second]
    assert keys(in_bin=True) == [first]
    assert [key for key, _ in runner.recent_runs("backtest")] == [second]
    assert runner.lookup(spec(3)) is not None
    library.restore(first)
    assert keys() == [second, first]
    assert keys(in_bin=True) == []
    assert library.find([first])[first].tags == ("keep",)


def test_the_bin_is_emptied_after_its_time_or_when_asked_and_the_ledger_keeps_its_trials() -> None:
    first, second = run(3), run(4)
    library.delete(first)
    assert library.purge(older_than=DAY, now=time.time() + DAY - 10) == 0
    assert runner.store().has(first)
    assert library.purge(older_than=DAY, now=time.time() + DAY + 10) == 1
    assert not runner.store().has(first)
    assert keys(in_bin=True) == []
    library.delete(second)
    assert library.purge() == 1
    assert keys() == []
    assert ledger.count() == 2


def test_listing_empties_what_has_lain_in_the_bin_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    key = run()
    library.delete(key)
    later = time.time() + (library.BIN_DAYS + 1) * DAY
    monkeypatch.setattr(time, "time", lambda: later)
    assert keys(in_bin=True) == []
    assert not runner.store().has(key)


def test_a_purged_run_that_is_computed_again_is_a_new_one() -> None:
    key = run()
    library.tag(key, "old")
    library.delete(key)
    library.purge()
    run()
    assert [(item.key, item.tags) for item in library.saved("backtest")] == [(key, ())]


def test_an_old_database_gets_the_tables_in_place(workspace: Workspace) -> None:
    key = run()
    path = workspace.cache / "stratoscope.sqlite"
    old = sqlite3.connect(path)
    old.executescript("DROP TABLE run_summaries; DROP TABLE run_notes; DROP TABLE run_origins;")
    old.close()
    database._is_ready.cache_clear()
    library.tag(key, "there")
    assert [(item.key, item.tags) for item in library.saved("backtest")] == [(key, ("there",))]


def only() -> library.Saved:
    (item,) = library.saved("backtest")
    return item


def test_a_run_that_would_be_found_as_it_is_has_not_changed() -> None:
    key = run()
    assert library.changes([only()]) == {}
    assert library.earlier(key, spec()) is None


def test_other_bars_are_told_and_both_results_stay() -> None:
    old = run()
    save(random_walk(210, seed=5))
    assert library.changes([only()]) == {old: "data"}
    new = run()
    assert new != old
    assert library.changes(library.saved("backtest")) == {old: "data"}
    before = library.earlier(new, spec())
    assert before is not None
    assert (before.key, before.metrics["trades"] is not None) == (old, True)
    assert library.earlier(run(4), spec(4)) is None, "another request"
    library.delete(old)
    assert library.earlier(new, spec()) is None, "in the bin"


def test_the_latest_earlier_run_is_the_only_one_that_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for at every click on Run."""
    for seed in (3, 4, 5):
        save(random_walk(200, seed=seed))
        last = run()
    save(random_walk(200, seed=6))
    key, parsed, load = run(), [], runner.load_spec
    monkeypatch.setattr(runner, "load_spec", lambda text: parsed.append(text) or load(text))
    found = library.earlier(key, spec())
    assert found is not None
    assert (found.key, len(parsed)) == (last, 1)


def test_bars_that_change_while_a_run_computes_are_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = executors.compute

    def meanwhile(*arguments: Any) -> Any:
        result = compute(*arguments)
        save(random_walk(210, seed=5))
        return result

    monkeypatch.setattr(executors, "compute", meanwhile)
    engine.run(spec())
    assert library.changes([only()]) == {only().key: "data"}


def test_other_code_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    key = run()
    other_code(monkeypatch)
    assert library.changes([only()]) == {key: "code"}
    save(random_walk(210, seed=5))
    assert library.changes([only()]) == {key: "data and code"}


def test_bars_that_are_gone_are_a_change() -> None:
    key = run()
    (item,) = library.saved("backtest")
    for path in (database.settings().cache / "bars").rglob("*.parquet"):
        path.unlink()
    assert library.changes([item]) == {key: "data"}


def test_a_run_of_a_version_that_kept_no_origins_says_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    key = run()
    with connect() as opened:
        opened.execute("DELETE FROM run_origins")
    assert (only().origin, library.changes([only()])) == (None, {})
    other_code(monkeypatch)
    assert library.changes([only()]) == {key: library.UNKNOWN_CHANGE}


def test_bars_are_read_once_for_all_runs_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for fast in (3, 4, 5):
        run(fast)
    asked: list[object] = []
    fingerprint = catalog.fingerprint
    monkeypatch.setattr(catalog, "fingerprint", lambda item: asked.append(item) or fingerprint(item))
    assert library.changes(library.saved("backtest")) == {}
    assert len(asked) == 1
