"""Feature sets by the command line."""

from __future__ import annotations

import json

import pytest

from dashboard.cli import FAILED, main
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

YAML = "kind: feature_set\nname: mine\nfeatures: [{kind: sma, window: 5}, {kind: rsi, window: 9}]\n"


def test_sets_are_imported_listed_compared_exported_and_deleted(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = workspace.folder / "mine.yaml", workspace.folder / "other.yaml"
    path.write_text(YAML)
    assert main(["sets", "import", str(path)]) == 0
    assert capsys.readouterr().out == "Saved mine@1 with 2 features.\n"
    path.write_text(YAML.replace("window: 9", "window: 8"))
    assert main(["sets", "import", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 2
    assert main(["sets"]) == 0
    heading, row, *published = capsys.readouterr().out.splitlines()
    assert heading.split() == ["Name", "Version", "Features", "Digest", "Saved"]
    assert row.split()[:3] == ["mine", "2", "2"]
    assert [line.split()[0] for line in published] == ["alpha158", "formulaic-alphas"]
    assert main(["sets", "diff", "mine@1", "mine@2"]) == 0
    assert capsys.readouterr().out == "~ RSI 9 -> RSI 8\n1 the same.\n"
    assert main(["sets", "show", "mine@1"]) == 0
    assert "Features of mine@1:\n  SMA 5\n  RSI 9\n" in capsys.readouterr().out
    assert main(["sets", "export", "mine@1", "--to", str(other)]) == 0
    assert main(["sets", "import", str(other), "--name", "again"]) == 0
    assert main(["sets", "delete", "mine"]) == 0
    assert capsys.readouterr().out.splitlines() == ["Saved again@1 with 2 features.", "Deleted mine@1, mine@2."]
    assert main(["sets", "list", "--json"]) == 0
    assert [item["name"] for item in json.loads(capsys.readouterr().out)] == ["again", "alpha158", "formulaic-alphas"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "mine"], "There is no feature set 'mine'."),
        (["import", "no.yaml"], "no.yaml cannot be read: No such file or directory."),
        (["delete", "alpha158"], "'alpha158' comes with the engine and cannot be deleted."),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sets", *arguments]) == FAILED
    assert said in capsys.readouterr().err
