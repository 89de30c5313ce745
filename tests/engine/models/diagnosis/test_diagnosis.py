"""A diagnosis of a network: the same findings as its parts, and two frameworks beside one another."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import DeviceError, SpecError
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.models.dataset import Dataset
from engine.models.diagnosis.result import NetworkDiagnosis
from engine.models.diagnosis.run import perform
from engine.models.diagnosis.spec import DiagnoseNetwork
from engine.models.fitting import learned_from, train
from engine.models.neural import frameworks
from engine.models.neural.finder import find_learning_rate
from engine.models.preparation import parts, prepare
from engine.models.spec import ModelSpec
from tests.support.workspace import Workspace

NETWORK = {"kind": "gru", "window": 4, "units": [4], "epochs": 2}


def request(**changes: object) -> DiagnoseNetwork:
    base = {"kind": "model", "model": NETWORK, "market": {"symbols": ["NVDA"], "start": "2022-01-01"}}
    return DiagnoseNetwork.parse({"base": base, **changes})


def test_it_looks_at_the_rows_that_a_training_learns_from(workspace: Workspace) -> None:
    action = request()
    spec = action.base
    found = perform(action, silent)
    made = parts(spec, *prepare(spec))
    rows = learned_from(spec.model, made.train(0), (), spec.weighting())
    fitted = train(spec.model, made.train(0), spec.seed)
    assert found.rows == fitted.fitted_on.place.size == len(rows)
    assert found.suggestion == find_learning_rate(action.network, rows, spec.seed).suggestion
    assert found.shape[1:] == (4, rows.matrix.shape[1])
    assert found.weights == sum(int(np.prod([int(size) for size in text.split(" × ")])) for text in found.shapes)
    assert min(found.data, found.forward, found.backward, found.step) >= 0
    assert (found.frameworks, found.parity) == ((), None)


def test_torch_and_mlx_compute_the_same(workspace: Workspace) -> None:
    found = perform(request(frameworks=True, rows=60, epochs=1), silent)
    assert [run.framework for run in found.frameworks] == ["torch", "mlx"]
    assert not any(run.problem for run in found.frameworks)
    assert found.parity is not None
    assert found.parity.outputs < 1e-5
    assert found.parity.gradients < 1e-4
    losses = [run.loss for run in found.frameworks]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert found.compared_rows >= 60
    assert decode(encode(found), NetworkDiagnosis).parity == found.parity


def test_a_framework_that_fails_says_why(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(framework: str, device: str) -> object:
        raise DeviceError(f"{framework} is not installed.")

    monkeypatch.setattr("engine.models.neural.kind.arrays_of", missing)
    model, rows = frameworks.on_framework(request().network, "mlx"), prepare_rows()
    run, artifact = frameworks.trained(model, rows, 0, 1)
    assert (run.problem, artifact) == ("mlx is not installed.", None)
    assert np.isnan(frameworks.parity((model, model), rows, None, 0).outputs)


def prepare_rows() -> Dataset:
    spec = request().base
    return parts(spec, *prepare(spec)).train(0)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(SpecError, match="LightGBM is not a network"):
        DiagnoseNetwork(base=ModelSpec())
