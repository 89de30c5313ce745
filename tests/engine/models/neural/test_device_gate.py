"""The gate of a device: gradients as on the CPU, or no training on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import devices, routing
from engine.core.errors import DeviceError
from engine.models import resumable
from engine.models.dataset import from_arrays
from engine.models.kinds.ensemble import Ensemble
from engine.models.kinds.gru import Gru
from engine.models.neural import choice, device_gate, kind
from engine.models.neural.device_gate import Verdict, compare, require_agreement
from engine.models.neural.losses import Loss
from engine.models.neural.mlx_arrays import MlxArrays
from engine.models.neural.networks.base import Network
from engine.models.neural.torch_arrays import TorchArrays
from engine.models.neural.training import Training
from engine.models.spec import ModelSpec
from tests.support.networks import FEATURES, NETWORKS, WINDOW
from tests.support.workspace import Workspace

LOSS, SHAPE = Loss(Training(), "binary", 2), (WINDOW, FEATURES)


class Wrong(TorchArrays):
    """Forgets the gradient of a recurrent layer where a batch is smaller than the one before."""

    largest = 0

    def recurrent(self, cell: Any, x: Any, *weights: Any) -> Any:
        self.largest = max(self.largest, len(x))
        said = super().recurrent(cell, x, *weights)
        return said if len(x) == self.largest else said.detach() + 0 * said


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_mlx_agrees(network: Network) -> None:
    verdict = compare(network, LOSS, SHAPE, MlxArrays("cpu"))
    assert verdict.agrees
    assert 0 < verdict.difference < 1e-5
    assert verdict.sentence().startswith("Gradients on MLX CPU agree with the CPU's to ")


def test_a_wrong_gradient_of_the_last_batch_is_found(workspace: Workspace) -> None:
    with pytest.raises(DeviceError, match=r"differ from the CPU's by \d+\.\d% of the largest: train it on the CPU"):
        require_agreement(NETWORKS["gru"], LOSS, SHAPE, Wrong("cpu"))
    assert compare(NETWORKS["mlp"], LOSS, SHAPE, Wrong("cpu")).agrees


def test_a_verdict_is_kept_for_the_machine(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(*given: Any) -> Verdict:
        asked.append(given)
        return Verdict("torch CPU", 0.5)

    monkeypatch.setattr(device_gate, "compare", counted)
    for _ in range(2):
        with pytest.raises(DeviceError):
            require_agreement(NETWORKS["gru"], LOSS, SHAPE, TorchArrays("cpu"))
    assert len(asked) == 1
    monkeypatch.setattr(devices, "fingerprint", lambda: "another machine")
    with pytest.raises(DeviceError):
        require_agreement(NETWORKS["gru"], LOSS, SHAPE, TorchArrays("cpu"))
    assert len(asked) == 2


def test_what_is_not_a_number_does_not_agree() -> None:
    assert not Verdict("torch MPS", float("nan")).agrees


def test_nothing_is_trained_on_a_device_that_is_wrong(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU in the place of an accelerator."""
    random = np.random.default_rng(0)
    rows = from_arrays(random.standard_normal((60, 2)), random.integers(0, 2, 60).astype(np.float64))
    model = Gru(window=3, units=(3,), epochs=1, early_stopping=0)
    monkeypatch.setattr(kind, "arrays_of", lambda framework, device: Wrong("cpu"))
    with pytest.raises(DeviceError, match="train it on the CPU"):
        model.fit(rows, None, 0, "cuda")
    monkeypatch.setattr(kind, "arrays_of", lambda framework, device: TorchArrays("cpu"))
    model = model.model_copy(update={"window": 4})  # the verdict on the other is kept
    assert model.fit(rows, None, 0, "cuda").artifact.digest == model.fit(rows, None, 0).artifact.digest


def test_what_is_left_to_measurements_keeps_away_from_a_device_that_is_wrong(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "expected", lambda: ("torch:cpu", "torch:cuda"))
    model = Gru(window=3, units=(3,), epochs=1, early_stopping=0, device="auto")
    assert (model.processor(), ModelSpec(model=model).resources().gpus) == ("cpu", 0)
    routing.keep(choice.work("gru").name, {32: {"torch:cpu": 2.0, "torch:cuda": 1.0}}, {})
    assert (model.processor(), ModelSpec(model=model).resources().gpus) == ("cuda", 1)
    random = np.random.default_rng(0)
    rows = from_arrays(random.standard_normal((60, 2)), random.integers(0, 2, 60).astype(np.float64))
    monkeypatch.setattr(kind, "arrays_of", lambda framework, device: Wrong("cpu"))
    with pytest.raises(DeviceError, match="train it on the CPU"):
        resumable.fit(model, rows, None, 0, None)
    assert model.processor() == "cpu"
    assert "differ" in routing.measured(choice.work("gru").name).excluded["torch:cuda"]


def test_the_key_follows_the_device_that_a_network_comes_to(workspace: Workspace) -> None:
    auto = ModelSpec(model=Ensemble(members=(Gru(device="auto"), Gru())))
    routing.keep(choice.work("gru").name, {32: {"torch:cpu": 2.0, "mlx:cpu": 1.0}}, {})
    assert '"framework":"mlx"' in auto.fingerprint()
    routing.pin(choice.work("gru"), "torch:cpu")
    assert '"framework":"torch"' in auto.fingerprint()
    assert not ModelSpec(model=Gru()).fingerprint()
