"""``stratoscope models`` and ``stratoscope predict``: from a run to predictions without a browser."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from dashboard import cli
from engine.features.matrix import matrix
from engine.market import catalog
from engine.market.export import export
from engine.market.sources.stored import save
from engine.models.service.forecast import predict
from engine.models.service.served import of_run
from tests.support.market import random_walk
from tests.support.served import trained
from tests.support.workspace import Workspace, in_force


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints that goes well."""
    assert cli.main(list(arguments)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence of a command that does not."""
    assert cli.main(list(arguments)) == cli.FAILED
    return capsys.readouterr().err.strip()


@pytest.fixture
def table(workspace: Workspace) -> Path:
    """A file of bars of ONE."""
    path = workspace.folder / "ONE.csv"
    path.write_bytes(export(random_walk(400, 0, symbol="ONE"), "csv", whole=True))
    return path


def test_a_model_is_registered_listed_described_renamed_deleted_and_restored(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    key, _ = trained("ONE")
    assert said(capsys, "models", "register", key[:10], "mine") == "Saved mine@1.\n"
    assert key[:12] in said(capsys, "models")
    card = said(capsys, "models", "show", "mine")
    assert card.startswith("# mine\n")
    assert "- Symbols: ONE" in card
    assert "It was not compared with null models" in card
    assert json.loads(said(capsys, "models", "show", "mine", "--json"))["run"] == key
    said(capsys, "models", "rename", "mine", "other")
    assert said(capsys, "models", "delete", "other@1") == "other@1 is in the bin, for 30 days.\n"
    assert "other" in said(capsys, "models", "deleted")
    assert "no model 'other'" in refused(capsys, "models", "show", "other")
    assert said(capsys, "models", "restore", "other") == "other@1 is back.\n"
    assert json.loads(said(capsys, "models", "--json"))[0]["reference"] == "other@1"


def test_a_model_is_written_as_a_graph_with_its_certificate(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="graphs need onnxruntime")
    pytest.importorskip("onnx", reason="graphs need onnx")
    key, result = trained("ONE", processors=[{"kind": "zscore"}])
    said(capsys, "models", "register", key, "mine")
    file = tmp_path / "mine.onnx"
    told = said(capsys, "models", "export", "mine", "--onnx", "--int8", "--to", str(file))
    assert told.startswith(f"Wrote {file}, {tmp_path / 'mine.certificate.json'}.")
    assert "no layers whose weights could have eight bits" in told
    certificate = json.loads((tmp_path / "mine.certificate.json").read_text(encoding="utf-8"))
    assert certificate["rows"] == result.n_test
    assert certificate["scored"] == result.n_scored
    assert certificate["scores"]["model"] == pytest.approx(result.scores["auc"])
    assert certificate["processors_within"] == ["z-score"]
    assert certificate["hashes"]["onnx"] == hashlib.sha256(file.read_bytes()).hexdigest()
    model = of_run(key)
    rows = matrix(model.spec.features, catalog.load(model.spec.market)).values[-result.n_test :]
    asked = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(asked.run(None, {"features": rows})[0], result.prediction, atol=1e-6)


def test_a_graph_without_its_bars_is_not_written(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime", reason="graphs need onnxruntime")
    pytest.importorskip("onnx", reason="graphs need onnx")
    said(capsys, "models", "register", trained("ONE")[0], "mine")
    said(capsys, "models", "export", "mine", "--to", str(tmp_path / "mine.zip"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with in_force(elsewhere):
        said(capsys, "models", "import", str(tmp_path / "mine.zip"))
        assert "so the bars must be there" in refused(capsys, "models", "export", "mine", "--onnx")


def test_a_model_goes_to_another_machine_as_one_file(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key, _ = trained("ONE")
    said(capsys, "models", "register", key, "mine")
    file = tmp_path / "mine@1.zip"
    said(capsys, "models", "export", "mine", "--to", str(file))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with in_force(elsewhere):
        assert said(capsys, "models", "import", str(file)) == "Saved mine@1.\n"
        file.write_bytes(file.read_bytes()[:-100])
        assert "damaged" in refused(capsys, "models", "import", str(file))
        assert "cannot be read" in refused(capsys, "models", "import", str(tmp_path / "none.zip"))


def test_predictions_are_printed_as_a_table_as_csv_and_as_json(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, _ = trained("ONE")
    expected = predict(of_run(key), [random_walk(400, 0, symbol="ONE")], last=2)
    found = json.loads(said(capsys, "predict", key[:10], str(table), "--last", "2", "--json"))
    assert [row["prediction"] for row in found["predictions"]] == expected.prediction.tolist()
    assert [row["time"] for row in found["predictions"]] == [str(time)[:10] for time in expected.time]
    rows = list(csv.reader(io.StringIO(said(capsys, "predict", key, str(table), "--csv"))))
    assert rows[0] == ["symbol", "time", "probability of up"]
    assert [float(row[2]) for row in rows[-2:]] == expected.prediction.tolist()
    shown = said(capsys, "predict", key, str(table), "--last", "1")
    assert shown.splitlines()[-1].split()[0] == "ONE"
    assert shown.splitlines()[-1].split()[-1] == ("up" if expected.prediction[-1] >= 0.5 else "down")


def test_what_cannot_be_predicted_is_one_sentence(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, _ = trained("ONE")
    assert "no model 'nobody'" in refused(capsys, "predict", "nobody", str(table))
    assert "There is no file" in refused(capsys, "predict", key, str(table.with_name("none.csv")))
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(lines[:50]), encoding="utf-8")
    assert "has 49 bars, and the model needs 106" in refused(capsys, "predict", key, str(table))
    table.write_text("\n".join([lines[0], "2020-01-01,x,1,1,1,1,1"]), encoding="utf-8")
    assert "ONE.csv" in refused(capsys, "predict", key, str(table))


def test_models_are_put_into_service_scored_and_compared(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No model is in service" in said(capsys, "models", "service")
    for kind in ({}, {"model": {"kind": "linear"}}):
        said(capsys, "models", "register", trained("ONE", **kind)[0], "mine")
    assert said(capsys, "models", "promote", "mine@1") == "mine@1 is the champion of mine.\n"
    assert "no role 'boss'" in refused(capsys, "models", "promote", "mine@2", "boss")
    assert "No version of 'mine' is its challenger" in refused(capsys, "models", "compare", "mine")
    said(capsys, "models", "promote", "mine@2", "challenger")
    save(random_walk(560, 0, symbol="ONE"))
    assert "Newest bars" in said(capsys, "models", "score", "mine@champion")
    assert json.loads(said(capsys, "models", "score", "--json"))["scored"] == 2
    assert "RSI 14" in said(capsys, "models", "drift", "mine@champion")
    compared = said(capsys, "models", "compare", "mine", "--new")
    assert "155 rows of 155 bars" in compared
    assert "No difference of the hit rates is decided yet" in compared
    assert "Hit rate" in said(capsys, "models", "compare", "mine@1", "mine@2")
    assert "mine@2" in said(capsys, "models", "service")
    said(capsys, "models", "demote", "mine@challenger")
    assert "mine@2" not in said(capsys, "models", "service")
    said(capsys, "models", "undo", "mine")
    assert json.loads(said(capsys, "models", "service", "--json"))["service"][1]["reference"] == "mine@2"


def test_alerts_are_listed_until_they_are_acknowledged(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.configure("cache: cache\nservice: {rules: {ic_below: 1, least_labels: 20}}\n")
    said(capsys, "models", "register", trained("ONE")[0], "mine")
    said(capsys, "models", "promote", "mine")
    save(random_walk(460, 0, symbol="ONE"))
    assert "The rank IC of mine@1 on 55 new labels" in said(capsys, "models", "score")
    assert said(capsys, "models", "score") == "No new alert.\n"  # the rule is still broken, and was told
    assert "The rank IC of mine@1" in said(capsys, "models", "alerts", "--acknowledge")
    assert said(capsys, "models", "alerts") == "No alerts.\n"
