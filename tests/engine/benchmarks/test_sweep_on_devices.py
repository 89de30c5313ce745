"""The benchmark that decides where sweeps are computed, and the decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import devices, routing
from engine.backtest.sweeps.device_choice import OWN, WORK, choose
from engine.backtest.sweeps.spec import SweepSpec
from engine.benchmarks import routed
from engine.benchmarks.workloads.sweep_on_devices import SweepOnDevices
from engine.core.spec import canonical_json
from engine.features.device import CPU, Wanted
from engine.jobs import runner
from tests.support.sweeping import axis, spec, sweep
from tests.support.workspace import Workspace

FAST = axis("strategy.fast", 2, 9)
SMA: dict[str, Any] = {"kind": "sma_cross", "fast": 5, "slow": 20}


def asked(device: Wanted = "auto", **fields: Any) -> SweepSpec:
    return sweep(spec(SMA, **fields), [FAST], device=device)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with an NVIDIA GPU that torch can use."""
    here = ("numpy:cpu", "torch:cpu", "torch:cuda")
    monkeypatch.setattr(devices, "expected", lambda: here)


def test_torch_does_the_same_work_as_the_kernels() -> None:
    work = SweepOnDevices(combinations=400, bars=400)
    inputs, found = work.inputs(), []
    for name in (OWN, "torch:cpu"):
        with work.prepared(name, inputs) as prepared:
            found.append(prepared.values(prepared.call()))
    assert found[0].shape == (2, work.amount())
    assert found[0][1].max() > 1
    assert work.error(found[1], found[0]) == 0.0
    more = found[0] + np.array([[0.0], [1.0]])
    assert work.error(more, found[0]) == float("inf")


def test_without_an_accelerator_nothing_is_said_and_the_key_stays(workspace: Workspace) -> None:
    if len(WORK.here()) > 1:
        pytest.skip("this machine has one")
    request = asked()
    assert request.choice() == asked("cpu").choice() == (CPU, "")
    assert "device" not in canonical_json(request, brief=True)
    assert request.uses() == ()
    assert request.fingerprint() == ""
    assert request.estimate().way == asked("cpu").estimate().way
    assert not request.resources().gpus


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_not_used_before_it_is_measured(workspace: Workspace) -> None:
    choice = asked().choice()
    assert choice.device == CPU
    assert choice.reason.startswith("Computed on the CPU in float64. Nothing is measured here.")
    assert "Sweep on devices" in choice.reason


@pytest.mark.usefixtures("gpu")
def test_it_is_used_for_the_sizes_at_which_it_was_faster(workspace: Workspace) -> None:
    routing.keep(WORK.name, {100: {OWN: 0.01, "torch:cuda": 0.5}, 100_000: {OWN: 9.0, "torch:cuda": 1.0}}, {})
    few, many = asked(), sweep(spec(SMA), [axis("strategy.fast", 2, 19), axis("stops.stop_loss", 0.0001, 0.5, 0.0001)])
    assert few.choice().device == CPU
    assert many.choice().device == "torch:cuda"
    assert many.choice().reason.startswith("Computed on torch CUDA in float64. ")
    assert "combinations take" in many.choice().reason
    assert many.estimate().way.startswith(
        "streaming: lines and conditions shared, accounts followed bar by bar, on torch"
    )
    assert many.resources().gpus == 1
    assert many.fingerprint() == "torch:cuda"
    assert [cls.__name__ for cls in many.uses()] == ["TorchAccelerator"]
    cpu = many.model_copy(update={"device": "cpu"})
    assert "engine.backtest.accelerator.trades" in runner.code([many]).modules
    assert "engine.backtest.accelerator.trades" not in runner.code([cpu]).modules


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked("cuda", direction="both"), "long positions of all the capital"),
        (asked("cuda", sizing={"kind": "percent", "part": 0.5}), "long positions of all the capital"),
        (asked("cuda", fill="next_close"), "at the next open"),
        (sweep(spec(SMA, "AB"), [FAST], device="cuda"), "accounts of one symbol"),
        (sweep(spec(SMA), [FAST], device="cuda", sample="tpe", count=20), "TPE draws too few"),
        (
            sweep(spec({"kind": "buy_and_hold"}), [axis("costs.slippage", 0, 9)], device="cuda"),
            "by lines or conditions",
        ),
        (asked("mlx"), "MLX is not offered for sweeps"),
    ],
)
def test_what_only_the_cpu_can_is_left_to_it_and_said(request_: SweepSpec, why: str) -> None:
    choice = request_.choice()
    assert choice.device == CPU
    assert choice.reason.startswith("Computed on the CPU in float64: ")
    assert why in choice.reason
    assert f", on the CPU in float64: {choice.reason.partition(': ')[2].rstrip('.')}" in request_.estimate().way


def test_one_that_is_asked_for_is_named_with_its_precision_and_its_absence() -> None:
    for wanted, number in (("cuda", "float64"), ("mps", "float32")):
        name = f"torch:{wanted}"
        reason = asked(wanted).choice().reason  # type: ignore[arg-type]
        assert reason.startswith(f"Computed on {devices.NAMES[name]} in {number}, as asked for")
        assert reason.endswith(devices.absence(name)[1:] or "as asked for.")
        assert (", but it is missing: " in reason) == bool(devices.absence(name))


def test_the_benchmark_decides_on_sweeps(workspace: Workspace) -> None:
    assert routed.work_of(SweepOnDevices()) == WORK
    assert WORK in routed.works()


def test_a_walk_forward_trains_on_the_cpu() -> None:
    from engine.backtest.walkforward.spec import WalkForwardSpec

    request = WalkForwardSpec.parse({"base": spec(SMA), "axes": [FAST]})
    assert request.sweep().device == "cpu"


def test_nothing_is_asked_where_the_cpu_is_wanted() -> None:
    def never() -> Any:
        raise AssertionError

    assert choose("cpu", never) == (CPU, "")
