"""The card of decisions on the hardware page: what it says, and what pinning does."""

from __future__ import annotations

import pytest
from dash.exceptions import PreventUpdate

from dashboard.pages.hardware.benchmarks import routes
from engine import devices, routing
from engine.benchmarks import routed
from engine.core.errors import DeviceError
from engine.models.neural import choice
from tests.support.workspace import Workspace

GRU = choice.work("gru")


def shown() -> str:
    return str(routes.described())


def test_every_work_has_its_decision_before_anything_is_measured(workspace: Workspace) -> None:
    text = shown()
    assert all(work.title in text for work in routed.works())
    assert text.count("Nothing is measured here.") == len(routed.works())


def test_a_decision_has_its_margin_and_what_is_excluded_its_reason(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "expected", lambda: ("torch:cpu", "torch:cuda", "mlx:cpu"))
    times = {32: {"torch:cpu": 0.004, "mlx:cpu": 0.003}, 256: {"torch:cpu": 0.01, "mlx:cpu": 0.03}}
    routing.keep(GRU.name, times, {"torch:cuda": "torch CUDA differs from torch CPU."})
    text = shown()
    for said in ("1.33×", "3.00×", "torch CPU 4.00 ms", "MLX CPU 3.00 ms", "torch CUDA differs from torch CPU."):
        assert said in text
    monkeypatch.setattr(devices, "fingerprint", lambda: "another")
    assert "stale" in (text := shown())
    assert "1.33×" not in text
    assert "differs" not in text


def test_a_pin_is_shown_and_undone(workspace: Workspace) -> None:
    routes.keep(GRU.name, "mlx:cpu")
    assert routing.route(GRU, 32).device == "mlx:cpu"
    assert "Pinned by hand." in shown()
    with pytest.raises(PreventUpdate):
        routes.keep(GRU.name, "mlx:cpu")
    routes.keep(GRU.name, routes.FOLLOW)
    assert not routing.pinned()


@pytest.mark.parametrize("device", ["torch:mps", "../../etc/passwd", ""])
def test_a_forged_device_is_refused(workspace: Workspace, device: str) -> None:
    with pytest.raises(DeviceError, match="cannot be pinned"):
        routes.keep(GRU.name, device)


def test_work_that_nobody_knows_is_not_pinned(workspace: Workspace) -> None:
    with pytest.raises(PreventUpdate):
        routes.keep("x", "torch:cpu")
