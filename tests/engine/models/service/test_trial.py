"""Files from elsewhere are tried in a process of their own: one that ends it is refused in a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import cli
from engine.core.errors import DataError
from engine.models.artifact import LIGHTGBM_TEXT, Artifact
from engine.models.service import archive, registered, trial
from engine.models.service.served import ServedModel
from tests.support.served import served
from tests.support.workspace import Workspace, in_force


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    with in_force(tmp_path_factory.mktemp("training")):
        return served("ONE")


def crafted(model: ServedModel, pattern: str, to: str) -> bytes:
    """A whole file, with right hashes, of a text that LightGBM cannot bear."""
    text, count = re.subn(pattern, to, model.artifact.content.decode(), count=1)
    assert count
    return archive.to_bytes(replace(model, artifact=Artifact(LIGHTGBM_TEXT, text.encode())))


@pytest.mark.parametrize(
    ("pattern", "to"), [(r"threshold=[^\n]*\n", ""), (r"tree_sizes=[^\n]*", "tree_sizes=5 99999999 3 4 5")]
)
def test_a_text_that_aborts_the_program_is_refused(
    workspace: Workspace, model: ServedModel, pattern: str, to: str
) -> None:
    with pytest.raises(DataError, match=r"bad\.zip cannot be used: the process that loaded its model was ended by it"):
        trial.take(crafted(model, pattern, to), "bad.zip", "bad")
    assert registered.versions("bad") == ()


def test_a_sound_file_is_registered_and_not_tried_again(
    workspace: Workspace, model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = trial.take(archive.to_bytes(model), "good.zip", "good")
    monkeypatch.setattr(trial, "require_sound", lambda *_: pytest.fail("it was tried already"))
    trial.require_tried(found)
    trial.require_tried(registered.find("good"))


def test_a_model_that_was_taken_before_is_tried_before_it_predicts(
    workspace: Workspace, model: ServedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered.add(archive.from_bytes(crafted(model, r"threshold=[^\n]*\n", ""), "bad.zip"), "bad")
    assert cli.main(["predict", "bad", str(tmp_path / "bars.csv")]) == cli.FAILED
    assert "bad@1 cannot be used: the process that loaded its model was ended by it" in capsys.readouterr().err


def test_what_is_refused_without_a_crash_keeps_its_sentence(workspace: Workspace, model: ServedModel) -> None:
    with pytest.raises(DataError, match=r"x\.zip cannot be used: It is damaged"):
        trial.require_sound(b"no zip", "x.zip")


def test_a_list_reads_the_request_alone(workspace: Workspace, model: ServedModel) -> None:
    """Also where the model's bytes behind it are not what they were: those are checked where they are used."""
    item = registered.add(model, "mine")
    path = workspace.cache / "models" / f"{item.digest}.zip"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"tree\n", b"treE\n", 1))
    assert registered.spec_of(item) == model.spec
    with pytest.raises(DataError, match="was changed since it was saved"):
        registered.load(item)
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        registered.spec_of(item)
