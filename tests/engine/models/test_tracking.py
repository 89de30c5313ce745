"""Runs on an MLflow server: a real one, where one is to be had, and what happens where it is not.

The server has an environment of its own, as it does not fit beside our libraries. STRATOSCOPE_MLFLOW names its program:
``uv venv /tmp/mlflow && uv pip install --python /tmp/mlflow/bin/python mlflow`` makes /tmp/mlflow/bin/mlflow.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.core.config import Mlflow
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.models import tracking
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from tests.support.models import made_fold, made_result
from tests.support.served import trained
from tests.support.workbench import free_port
from tests.support.workspace import Workspace

PROGRAM = os.environ.get("STRATOSCOPE_MLFLOW", "")
INSTALLED = pytest.mark.skipif(
    find_spec("mlflow") is None, reason="MLflow's client is not installed: pip install 'stratoscope[mlflow]'"
)


def test_parameters_are_the_fields_of_the_request_by_their_paths() -> None:
    spec = ModelSpec.parse({"model": {"kind": "lightgbm", "rounds": 7}, "seed": 3})
    found = tracking.parameters(spec)
    assert found["model.rounds"] == "7"
    assert found["features.1.kind"] == "rsi"
    assert found["seed"] == "3"
    assert all(len(value) <= 500 for value in found.values())


def test_metrics_are_scores_folds_and_curves() -> None:
    result: ModelResult = made_result(scores={"auc": 0.6, "brier": float("nan")})
    found = tracking.metrics(result)
    assert ("auc", 0.6, 0) in found
    assert not [name for name, _, _ in found if name == "brier"]
    assert [value for name, value, _ in found if name == "train_loss"] == made_fold().train_loss.tolist()
    assert [step for name, _, step in found if name == "validation_loss"] == [1, 2, 3, 4]
    assert [name for name, _, step in found if step == 1 and name.startswith("fold.")] == ["fold.auc", "fold.train_auc"]


@pytest.mark.parametrize("address", ["127.0.0.1:5000", "file:///tmp/runs", "http://user:secret@host", "http://"])
def test_what_is_no_address_of_a_server_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Mlflow(uri=address)


def test_a_missing_package_fails_no_run_and_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.configure("cache: cache\nmlflow: {uri: 'http://127.0.0.1:1'}\n")
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    key, result = trained("ONE")
    assert result.n_scored > 0
    assert tracking.note(key) == "Not logged to MLflow: The package is missing: pip install 'stratoscope[mlflow]'."
    assert "was not logged to MLflow" in caplog.text


@INSTALLED
def test_a_server_that_is_not_there_fails_no_run_and_is_said(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    workspace.configure(f"cache: cache\nmlflow: {{uri: '{address}'}}\n")
    began = time.monotonic()
    key, result = trained("ONE")
    assert result.n_scored > 0
    assert time.monotonic() - began < 30
    words = f"The MLflow server at {address} does not answer. Start it, or correct mlflow.uri in config.yaml."
    assert tracking.note(key) == f"Not logged to MLflow: {words}"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@INSTALLED
def test_a_server_that_refuses_is_said_with_its_status(workspace: Workspace) -> None:
    """Such as one that wants a password, or another program at the address."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(403)

        def log_message(self, *_: Any) -> None:
            """Into no terminal."""

    with HTTPServer(("127.0.0.1", 0), Refusing) as program:
        threading.Thread(target=program.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{program.server_port}"
        workspace.configure(f"cache: cache\nmlflow: {{uri: '{address}'}}\n")
        key, _ = trained("ONE")
        program.shutdown()
    assert tracking.note(key) == f"Not logged to MLflow: The MLflow server at {address} refuses it with the status 403."


def test_nothing_is_said_where_nobody_asked(workspace: Workspace) -> None:
    key, _ = trained("ONE")
    assert tracking.note(key) == ""
    assert not (workspace.folder / "cache" / "mlflow").exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of MLflow that keeps its runs in a folder of its own."""
    if not Path(PROGRAM).is_file():
        pytest.skip(
            "There is no server of MLflow: set STRATOSCOPE_MLFLOW to its program, in an environment of its own."
        )
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [PROGRAM, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    kept = ["--backend-store-uri", f"sqlite:///{folder / 'runs.db'}", "--artifacts-destination", str(folder / "files")]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": ""}
    with subprocess.Popen(
        [*command, *kept], env=quiet, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            _await(address, process)
            yield address
        finally:
            process.terminate()


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "the server has ended"
            time.sleep(0.5)
    raise TimeoutError("The server of MLflow did not start.")


def asked(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """An answer of the server's own interface, without its client."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/api/2.0/mlflow/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@INSTALLED
def test_a_run_is_on_the_server_once_with_all_that_is_known_of_it(workspace: Workspace, server: str) -> None:
    workspace.configure(f"cache: cache\nmlflow: {{uri: '{server}', experiment: mine}}\n")
    model = {"kind": "mlp", "epochs": 4, "early_stopping": 2, "hidden": [4]}
    key, result = trained("ONE", model=model, processors=[{"kind": "zscore"}])
    assert tracking.note(key) == ""
    experiment = asked(server, "experiments/get-by-name?experiment_name=mine")["experiment"]["experiment_id"]
    wanted = {"experiment_ids": [experiment], "filter": f"tags.`stratoscope.run` = '{key}'"}
    (run,) = asked(server, "runs/search", wanted)["runs"]
    assert run["info"]["status"] == "FINISHED"
    told = {item["key"]: item["value"] for item in run["data"]["params"]}
    assert told["model.epochs"] == "4"
    assert told["processors.0.kind"] == "zscore"
    scores = {item["key"]: item["value"] for item in run["data"]["metrics"]}
    assert scores["auc"] == pytest.approx(result.scores["auc"])
    name = run["info"]["run_id"]
    history = asked(server, f"metrics/get-history?run_id={name}&metric_key=validation_loss")["metrics"]
    losses = [item["value"] for item in sorted(history, key=lambda item: item.get("step", 0))]
    assert losses == pytest.approx(result.newest.validation_loss.tolist())
    files = {item["path"]: item["file_size"] for item in asked(server, f"artifacts/list?run_id={name}")["files"]}
    assert int(files["model.safetensors"]) == len(result.newest.content)
    assert {"request.json", "processors.json"} < set(files)
    tracking.record(key, engine.load_spec(json.loads(request_of(key))), result, lambda *_: None)
    assert len(asked(server, "runs/search", wanted)["runs"]) == 1


def request_of(key: str) -> str:
    spec = runner.find_run(key)
    assert spec is not None
    return canonical_json(spec)
