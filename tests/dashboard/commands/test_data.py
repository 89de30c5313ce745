"""Bars by the command line: downloaded, updated and listed, each failure a sentence and a status."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest

from dashboard.cli import FAILED, main
from tests.support.workspace import Workspace
from tests.support.yahoo import Listed, Yahoo

CLOSES: list[float | None] = [float(value) for value in range(100, 200)]


@pytest.fixture
def service(yahoo: Yahoo, workspace: Workspace) -> Yahoo:
    yahoo.listed = {"A": Listed("2024-01-01", list(CLOSES)), "B": Listed("2024-01-01", list(CLOSES))}
    return yahoo


def test_bars_are_downloaded_updated_and_listed(service: Yahoo, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "yahoo", "a", "B", "--from", "2024-01-08", "--collection", "mine"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("A, B from yahoo, daily: done.\n")
    assert "stored: 2" in out
    service.listed["A"].closes.append(200.0)
    assert main(["update", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary == {"series": {"stored": 1, "unchanged": 1}, "bars_added": 1, "refetched": 0, "failed": {}}
    assert main(["data", "--collection", "mine"]) == 0
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["Collection", "Symbol", "Interval", "From", "To", "Bars", "Source", "Fetched"]
    assert first.split()[:7] == ["mine", "A", "1d", "2024-01-08", "2024-05-20", "96", "yahoo"]
    assert second.split()[:7] == ["mine", "B", "1d", "2024-01-08", "2024-05-17", "95", "yahoo"]
    assert main(["data", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {item["collection"] for item in listed} > {"mine", "wiki"}


def test_quality_is_printed_by_series(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "--quality", "--collection", "fred"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("WTI in fred, 1d: note: The series has closes only. Stops and targets")
    assert lines[-1] == "{warning: 1, note: 1}"
    assert main(["data", "--quality", "--collection", "fred", "--json"]) == 0
    series = json.loads(capsys.readouterr().out)["series"]
    assert [(item["symbol"], item["findings"][0]["name"]) for item in series] == [
        ("WTI", "closes only"),
        ("^VIX", "jump"),
    ]


def test_a_symbol_that_fails_is_named_and_the_rest_is_kept(service: Yahoo, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "yahoo", "A", "NONE"]) == FAILED
    said = capsys.readouterr()
    assert said.err == "NONE: Yahoo does not know NONE: search for it, or check its suffix (SAP.DE, ^GSPC).\n"
    assert said.out.startswith("A, NONE from yahoo, daily: 1 failed.\n")
    assert "stored: 1" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["download", "yahooo", "A"], "There is no source 'yahooo'. Did you mean 'yahoo'?"),
        (["download", "sample", "A"], "Nothing can be fetched from 'sample'. Available: "),
        (["download", "yahoo", "A", "--from", "2024-02-31"], "start: From must be a date such as 2015-01-31"),
        (["download", "yahoo", "A", "--interval", "2h"], "The source 'yahoo' has no bars of 2h."),
        (["download", "yahoo", "../A"], "symbols: '../A' cannot be a symbol: it is a path."),
        (["update"], "None of the stored bars were fetched from a source: there is nothing to update."),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == FAILED
    assert capsys.readouterr().err.startswith(said)


def test_files_are_imported(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace.folder / "prices"
    folder.mkdir()
    (folder / "A.csv").write_text("date,close\n2020-01-02,1\nyesterday,2\n2020-01-03,2\n")
    (folder / "B.txt").write_text("nothing\n")
    assert main(["import", str(folder), "--collection", "mine", "--currency", "EUR"]) == FAILED
    said = capsys.readouterr()
    assert said.out.startswith("Import into mine: 1 failed.\n")
    assert "- 'line 3: its time cannot be read: yesterday, 2'" in said.out
    sentence, hint = said.err.splitlines()
    assert sentence == "B.txt is in no format that is known: its first line is 'nothing'. Choose one by name."
    assert hint == "Choose with --format."
    assert main(["data", "--collection", "mine", "--json"]) == 0
    (series,) = json.loads(capsys.readouterr().out)
    assert (series["symbol"], series["rows"], series["currency"], series["provider"]) == ("A", 2, "EUR", "")
    assert main(["import", str(workspace.folder / "none"), "--collection", "mine"]) == FAILED
    assert capsys.readouterr().err == f"There is no file {workspace.folder / 'none'}.\n"


def test_a_question_names_the_option_that_answers_it(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace.folder / "M.csv").write_text("time,close\n2020-01-06 10:00,1\n2020-01-06 10:01,2\n")
    (workspace.folder / "D.csv").write_text("date,close\n02/01/2020,1\n03/01/2020,2\n")
    paths = [str(workspace.folder / name) for name in ("D.csv", "M.csv")]
    assert main(["import", *paths, "--collection", "mine"]) == FAILED
    *_, time, hint = capsys.readouterr().err.splitlines()
    assert time.startswith("M.csv has times of the day without their time zone: choose one")
    assert hint == "Choose with --date-order and --timezone."
    answers = ["--date-order", "day first", "--timezone", "UTC"]
    assert main(["import", *paths, "--collection", "mine", *answers]) == 0


def test_what_may_have_passed_is_named_in_a_command(service: Yahoo, capsys: pytest.CaptureFixture[str]) -> None:
    service.fail("B", *[500] * 4)
    assert main(["download", "yahoo", "A", "B", "NONE", "--from", "2024-01-08", "--collection", "my own"]) == FAILED
    command = "stratoscope download yahoo B --from 2024-01-08 --collection 'my own'"
    hint = capsys.readouterr().err.splitlines()[-1]
    assert hint == f"To retry those that may succeed now: {command}"
    service.faults.clear()
    assert main(shlex.split(command)[1:]) == 0
    assert "stored: 1" in capsys.readouterr().out


def test_an_update_names_what_may_have_passed(service: Yahoo, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "yahoo", "A", "B", "--collection", "my own"]) == 0
    service.fail("B", *[500] * 4)
    assert main(["update", "--collection", "my own"]) == FAILED
    command = "stratoscope update B --collection 'my own'"
    assert capsys.readouterr().err.splitlines()[-1] == f"To retry those that may succeed now: {command}"
    service.faults.clear()
    assert main(shlex.split(command)[1:]) == 0
    service.fail("A", *[500] * 4)
    service.fail("B", *[500] * 4)
    capsys.readouterr()
    assert main(["update"]) == FAILED  # all of them: the same command
    assert "To retry" not in capsys.readouterr().err


def test_versions_are_listed_also_beside_series_that_keep_none(
    service: Yahoo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "--versions"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err[:27]) == ("", "No versions are kept of the")
    assert main(["download", "yahoo", "A"]) == 0
    service.listed["A"].closes[5] = 1.0
    assert main(["download", "yahoo", "A"]) == 0
    capsys.readouterr()
    assert main(["data", "--versions"]) == 0
    newer, older = capsys.readouterr().out.splitlines()
    assert newer.startswith("A in yahoo, 1d: ")
    assert "1 changed" in newer
    assert older.endswith("first version")


def test_a_list_may_be_read_in_part(workspace: Workspace) -> None:
    """`stratoscope data | head -1`: no traceback."""
    command = [sys.executable, "-c", "from dashboard.cli import main; raise SystemExit(main(['data']))"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listing:
        assert listing.stdout
        assert listing.stderr
        listing.stdout.close()
        assert listing.stderr.read() == ""
        assert listing.wait() == 0
