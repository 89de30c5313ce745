"""External values by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.cli import FAILED, main
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


def test_values_are_stored_listed_and_deleted(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    path = workspace.folder / "p.csv"
    path.write_text("date,A,B\n2024-01-02,0.1,0.2\n2024-01-03,x,0.4\n")
    stored = ["values", str(path), "--name", "p", "--kind", "predictions", "--known", "bar end"]
    assert main(stored) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Stored 3 values as 'p'.",
        "Predictions of 2 symbols, daily, 2024-01-02 to 2024-01-03, known at the end of its bar.",
        "1 line left out:",
        "line 3: A: 'x' is not a number",
    ]
    assert main([*stored, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"] == 3
    assert main(["values"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["Name", "Kind", "Interval", "Known", "Symbols", "From", "To", "Values", "Stored"]
    assert row.split()[:9] == ["p", "predictions", "1d", "bar", "end", "2", "2024-01-02", "2024-01-03", "3"]
    assert main(["values", "--delete", "p"]) == 0
    assert main(["values", "--json"]) == 0
    told, listed = capsys.readouterr().out.splitlines()
    assert told == "The values 'p' are deleted. To bring them back: stratoscope values --restore NAME."
    assert listed == "[]"
    assert main(["values", "--restore", "p"]) == 0
    assert capsys.readouterr().out == "The values 'p' are back.\n"
    assert main(["values", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "p"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["PATH", "--name", "p", "--kind", "signals"], "Values need --known"),
        (["PATH", "--name", "p", "--kind", "signals", "--known", "soon"], "'soon' does not say when values were known"),
        (["no.csv", "--name", "p", "--kind", "signals", "--known", "stamp"], "no.csv cannot be read: No such file"),
        (["--delete", "p"], "There are no stored values named 'p'."),
        (["--restore", "p"], "The values 'p' cannot be brought back: No such file or directory."),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.csv"
    path.write_text("date,A\n2024-01-02,1\n")
    assert main(["values", *[str(path) if item == "PATH" else item for item in arguments]]) == FAILED
    assert said in capsys.readouterr().err
