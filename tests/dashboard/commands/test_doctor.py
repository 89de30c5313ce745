"""``stratoscope doctor``: what is wrong with this machine is printed with a way out, and decides the exit status."""

from __future__ import annotations

import json

import pytest

from dashboard import cli
from engine.machine import libraries, probe
from engine.machine.libraries import Loaded
from tests.support.workspace import Workspace

FINE = Loaded(
    {name: {"seconds": 0.1, "built": ""} for name in probe.LIBRARIES},
    {f"{name}:cpu": {"off": 0.0, "float64": True} for name in ("numpy", "torch", "mlx")},
    [{"user_api": "blas", "internal_api": "openblas", "version": "0.3", "num_threads": 1}],
)


@pytest.fixture
def loads(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(libraries, "loaded", lambda progress: FINE)
    return monkeypatch


def test_a_machine_that_is_fit(loads: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "ok       Device torch CPU" in out
    assert "FAILED" not in out


def test_what_is_wrong_decides_the_status(loads: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {**FINE.libraries, "lightgbm": {"error": "OSError: Library not loaded: libomp.dylib"}}
    loads.setattr(libraries, "loaded", lambda progress: Loaded(broken, FINE.devices, FINE.pools))
    assert cli.main(["doctor"]) == 2
    out, err = capsys.readouterr()
    assert "-> Install OpenMP: brew install libomp." in out
    assert err.startswith("1 of ")


def test_everything_for_people_and_for_programs(loads: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--all"]) == 0
    assert "BLAS openblas 0.3: 1 thread\n" in capsys.readouterr().out
    assert cli.main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sections"]["Machine"]["Memory"].endswith("GB")
    assert {check["state"] for check in told["checks"]} <= {"passed", "warning", "skipped"}


def test_a_configuration_that_is_wrong_is_one_of_the_checks(
    loads: pytest.MonkeyPatch, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace.folder / "wrong.yaml"
    path.write_text("server: {port: 99999999}\n", encoding="utf-8")
    assert cli.main(["doctor", "--config", str(path)]) == 2
    out = capsys.readouterr().out
    assert "FAILED   Configuration" in out
    assert "port" in out
