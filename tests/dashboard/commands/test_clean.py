"""``stratoscope clean``: it says what it will remove, asks, and never takes a trial."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

import engine
from dashboard import cli
from dashboard.commands import options
from engine.core.database import connect
from engine.jobs import actions, library, runner
from engine.market.external import stored as external
from engine.market.fetch.spec import Fetch
from engine.market.frames import store_values
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.requests import spec
from tests.support.workspace import Workspace


@pytest.fixture(autouse=True)
def stored(workspace: Workspace) -> None:
    """Two results, one of them not used for a long time; the other is pinned."""
    save(random_walk(300))
    for capital in (1000, 2000):
        engine.run(spec(capital=capital))
    with connect() as database:
        database.execute("UPDATE run_results SET used = 0 WHERE key = ?", (key(1000),))
    library.pin(key(2000), True)


def key(capital: int) -> str:
    return engine.run_key(spec(capital=capital))


class Typed(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


def has(capital: int) -> bool:
    return runner.store().has(key(capital))


def test_it_says_what_goes_and_removes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["clean", "--older-than", "30d", "--yes"]) == 0
    first, total, done = capsys.readouterr().out.splitlines()
    assert first.startswith("1 result, ")
    assert first.endswith(" KB: their runs stay in the library and are computed again when opened")
    assert (total.startswith("Total: "), done) == (True, "Done.")
    assert (has(1000), has(2000), ledger.count()) == (False, True, 2)
    assert len(library.saved("backtest")) == 2


def test_without_options_only_what_nobody_can_reach_goes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["clean", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("Nothing to remove from ")
    assert (has(1000), has(2000)) == (True, True)


def test_all_results_are_all_but_the_marked_ones() -> None:
    assert cli.main(["clean", "--all-results", "--yes"]) == 0
    assert (has(1000), has(2000)) == (False, True)


def test_reports_go_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    done = [actions.perform(Fetch(source="files", symbols=("NONE",))) for _ in range(3)]
    with connect() as database:
        database.execute("UPDATE reports SET created = 0 WHERE id = ?", (done[0].id,))
    assert cli.main(["clean", "--older-than", "30d", "--yes"]) == 0
    assert "report" not in capsys.readouterr().out
    assert cli.main(["clean", "--older-than", "30d", "--reports", "--yes"]) == 0
    assert "1 report, " in capsys.readouterr().out
    assert {item.id for item in actions.performed("fetch")} == {item.id for item in done[1:]}
    assert cli.main(["clean", "--reports", "--yes"]) == 0
    assert "2 reports, " in capsys.readouterr().out
    assert actions.performed("fetch") == []


@pytest.mark.parametrize(("answer", "stays"), [("y\n", False), ("Yes\n", False), ("n\n", True), ("\n", True)])
def test_it_asks_first(monkeypatch: pytest.MonkeyPatch, answer: str, stays: bool) -> None:
    monkeypatch.setattr(sys, "stdin", Typed(answer))
    assert cli.main(["clean", "--older-than", "30d"]) == 0
    assert has(1000) == stays


def test_where_nobody_can_be_asked_nothing_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert cli.main(["clean", "--older-than", "30d"]) == 2
    assert capsys.readouterr().err == "Nothing was removed: pass --yes when there is no terminal to confirm on.\n"
    assert has(1000)


def test_bars_go_only_when_they_are_named(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["clean", "--all-results", "--yes"]) == 0
    assert [*workspace.cache.glob("bars/*/*.parquet")]
    assert cli.main(["clean", "--bars", "--yes"]) == 0
    assert "1 file of bars, " in capsys.readouterr().out
    assert not [*workspace.cache.glob("bars/*/*.parquet")]


def test_the_bin_is_emptied_when_it_is_named() -> None:
    library.delete(key(2000))
    assert cli.main(["clean", "--bin", "--yes"]) == 0
    assert (has(1000), has(2000), ledger.count()) == (True, False, 2)


def test_deleted_values_go_after_a_month_or_when_the_trash_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def deleted(name: str) -> Path:
        frame = pd.DataFrame({"A": [1.0, 2.0]}, index=pd.to_datetime(["2024-01-02", "2024-01-03"]))
        store_values(frame, name, "predictions", known="bar end")
        external.delete(name)
        return external.folder() / f"{name}.deleted"

    old, young = deleted("old"), deleted("young")
    os.utime(old, (0.0, 0.0))
    assert cli.main(["clean", "--yes"]) == 0
    assert "1 deleted table of values, " in capsys.readouterr().out
    assert (old.exists(), young.exists()) == (False, True)
    external.restore("young")
    assert cli.main(["clean", "--trash", "--yes"]) == 0
    assert [item.name for item in external.listed()] == ["young"]
    external.delete("young")
    assert cli.main(["clean", "--trash", "--yes"]) == 0
    assert not young.exists()


@pytest.mark.parametrize(("text", "hours"), [("12h", 12), ("30d", 720), (" 6W ", 1008), ("0d", 0)])
def test_ages(text: str, hours: int) -> None:
    assert options.age(text) == hours * 3600


@pytest.mark.parametrize("text", ["", "30", "d", "-3d", "3 days", "999999d"])
def test_what_is_no_age_is_a_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not an age: use 12h, 30d or 6w"):
        options.age(text)
    with pytest.raises(SystemExit):
        cli.main(["clean", "--older-than", text or "x"])
    assert "is not an age" in capsys.readouterr().err or text == "-3d"
