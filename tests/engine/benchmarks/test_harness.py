"""A benchmark times every device alike, checks it first, and can be stopped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import engine
from engine import devices
from engine.benchmarks import harness
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import PATIENCE, PAUSE, ROUNDS, WARM_UP, BenchmarkSpec
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.benchmarks.workloads.rolling_mean import RollingMean
from engine.core.errors import Cancelled, DeviceError, SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.devices import Device
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.numpy import Backend
from engine.jobs import executors
from tests.support.workspace import Workspace

SMALL = MatrixProduct(size=64)
CPUS = ("numpy:cpu", "torch:cpu", "mlx:cpu")


@pytest.fixture(autouse=True)
def hurried(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and warm-up make timings comparable; these tests do not compare any."""
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    monkeypatch.setattr(harness, "WARM_UP", 0.0)


class Altered(Backend):
    """NumPy under another device's name, with a fault."""

    calls = 0

    def __init__(self, device: Device, fault: str) -> None:
        super().__init__(device)
        self.fault = fault

    def matrix_product(self, a: Any, b: Any) -> Any:
        self.calls += 1
        if self.fault == "late" and self.calls > 3:
            raise RuntimeError("CUDA out of memory.\nTried to allocate 20 GiB")
        if self.fault == "early":
            raise MemoryError
        product = super().matrix_product(a, b)
        if self.fault == "imprecise":
            product = product + 1e-4 * np.abs(product).max()
        return product


@pytest.fixture
def altered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch:cpu computes with the fault that the test names."""

    def choose(device: Device) -> Kernels:
        return Altered(device, request.param) if device.library == "torch" else kernels_for(device)

    monkeypatch.setattr(harness, "kernels_for", choose)


def measure(spec: BenchmarkSpec) -> BenchmarkResult:
    return executors.compute(spec, {}, silent)


@pytest.mark.parametrize("workload", [SMALL, RollingMean(symbols=4, bars=300, window=20)])
def test_every_device_present_is_timed(workload: MatrixProduct | RollingMean) -> None:
    result = measure(BenchmarkSpec(workload=workload, repetitions=5))
    assert result.devices == tuple(device.name for device in devices.available())
    assert set(CPUS) <= set(result.devices)
    assert result.samples.shape == (len(result.devices), 5)
    assert (result.samples > 0).all()
    np.testing.assert_allclose(result.median, np.median(result.samples, axis=1))
    assert (result.lower <= result.median).all()
    assert (result.median <= result.upper).all()
    assert (result.error <= result.bound).all()
    np.testing.assert_allclose(result.rate, workload.amount() / result.median / 1e9)
    assert all(result.usable)
    assert result.unit == workload.unit
    assert set(result.versions) == {"numpy", "torch", "mlx"}
    assert result.machine == devices.machine().describe()
    assert 0 <= result.busy <= 1


def test_libraries_use_every_core_and_give_them_back() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a worker, whose environment says so
    try:
        result = measure(BenchmarkSpec(workload=SMALL, devices=CPUS, repetitions=3))
        assert result.threads == (devices.cores(), devices.cores(), 1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_devices_take_turns_in_alternating_order(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    timed = harness._Lane.call

    def call(lane: harness._Lane, workload: Any) -> tuple[float, Any]:
        order.append(lane.device.library)
        return timed(lane, workload)

    monkeypatch.setattr(harness._Lane, "call", call)
    result = measure(BenchmarkSpec(workload=SMALL, devices=CPUS, repetitions=6))
    turn = ["numpy"] * 3 + ["torch"] * 3 + ["mlx"] * 3  # one call to wake the library, two samples
    checks = ["numpy", "torch", "mlx"]
    assert order == [*checks, *turn, *reversed(turn), *turn]
    assert np.isfinite(result.samples).all()


def test_a_stored_benchmark_is_read_and_a_new_take_measures_again() -> None:
    spec = BenchmarkSpec(workload=SMALL, devices=CPUS, repetitions=3)
    first, again = engine.run(spec), engine.run(spec)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.measured == again.measured
    assert (first.devices, first.usable, first.note) == (again.devices, again.usable, again.note)
    assert first.versions == again.versions
    taken = engine.run(spec.model_copy(update={"take": 2}))
    assert taken.measured > first.measured


def test_another_machine_measures_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = BenchmarkSpec(workload=SMALL)
    keys = {engine.run_key(spec)}
    with monkeypatch.context() as patch:
        patch.setattr(devices, "fingerprint", lambda: "another machine")
        keys.add(engine.run_key(spec))
    assert len(keys) == 2
    assert engine.run_key(spec) in keys


@pytest.mark.parametrize(
    ("altered", "note"),
    [
        ("imprecise", r"torch CPU differs from float64 by 1\.0e-04 where 1\.9e-06 is allowed: not used\."),
        ("early", "torch CPU failed: MemoryError"),
        ("late", r"torch CPU failed: CUDA out of memory\."),
    ],
    indirect=["altered"],
)
@pytest.mark.usefixtures("altered")
def test_a_device_that_is_wrong_or_fails_is_marked_and_the_others_go_on(note: str) -> None:
    result = measure(BenchmarkSpec(workload=SMALL, devices=CPUS, repetitions=4))
    assert result.usable == (True, False, True)
    assert np.isnan(result.samples[1]).all()
    assert np.isfinite(result.samples[[0, 2]]).all()
    assert np.isnan(result.speed_up()[1])
    assert re.fullmatch(note, result.note[1])


def test_float64_is_not_asked_of_a_device_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    single = Device("torch", "torch:mps", "Apple GPU", float64=False)
    monkeypatch.setattr(devices, "get", lambda name: single)
    monkeypatch.setattr(harness, "kernels_for", lambda device: Altered(device, ""))
    workload = MatrixProduct(size=64, precision="float64")
    result = measure(BenchmarkSpec(workload=workload, devices=("torch:mps",), repetitions=3))
    assert result.usable == (False,)
    assert result.note == ("torch MPS computes in float32 only: choose float32 for it.",)


@pytest.mark.parametrize(
    ("pace", "target", "note"),
    [
        (0.01, 20, ""),
        (1.0, 10, "10 of 20 repetitions: a call takes 1 s."),
        (4.7, 3, "3 of 20 repetitions: a call takes 4.7 s."),
        (37.2, 0, "One call took 37 s, longer than all of them may: 10 s."),
    ],
)
def test_slow_calls_are_repeated_less(pace: float, target: int, note: str) -> None:
    device = devices.get("numpy:cpu")
    lane = harness._Lane(device, kernels_for(device), 1, pace=pace)
    harness._plan(lane, 20)
    assert (lane.target, lane.note, lane.usable) == (target, note, True)


def test_what_takes_too_long_is_left_untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "PATIENCE", 0.0)
    result = measure(BenchmarkSpec(workload=SMALL, devices=("numpy:cpu",), repetitions=3))
    assert np.isnan(result.median[0])
    assert result.usable == (True,)
    assert result.error[0] <= result.bound
    assert "longer than all of them may" in result.note[0]
    assert np.isnan(result.noise())


def test_progress_shows_the_medians_so_far_and_can_stop_it() -> None:
    seen: list[tuple[float, str, Mapping[str, object] | None]] = []

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        seen.append((fraction, message, partial))
        if message == "Timing MLX CPU" and partial and json.loads(json.dumps(partial))["seconds"][1]:
            raise Cancelled("stopped")

    spec = BenchmarkSpec(workload=SMALL, devices=CPUS, repetitions=9)
    with pytest.raises(Cancelled):
        executors.compute(spec, {}, progress)
    fractions = [fraction for fraction, _, _ in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert [message for _, message, _ in seen[:2]] == ["Making the inputs", "Warming up NumPy CPU"]
    partial = seen[-1][2]
    assert partial is not None
    assert partial["device"] == list(CPUS)
    numpy_, torch_, mlx_ = partial["seconds"]  # type: ignore[misc]
    assert numpy_ > 0
    assert torch_ > 0
    assert mlx_ is None


def test_more_memory_than_allowed_is_refused_before_any_is_taken(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.configure("cache: cache\ncompute:\n  memory_limit_mb: 1000\n")
    monkeypatch.setattr(MatrixProduct, "host_inputs", lambda self: pytest.fail("inputs were made"))
    spec = BenchmarkSpec(workload=MatrixProduct(size=8192, precision="float64"), devices=CPUS)
    with pytest.raises(DeviceError) as caught:
        measure(spec)
    assert str(caught.value) == (
        "Matrix product 8192 × 8192 float64 needs about 7.0 GB on 3 devices and 0.8 GB may be used: "
        "choose a smaller one, fewer devices or float32."
    )


def test_a_device_that_is_not_here_is_an_error_before_any_work() -> None:
    absent = next(iter(devices.missing()))
    with pytest.raises(DeviceError, match=f"{absent} is not on this machine"):
        measure(BenchmarkSpec(workload=SMALL, devices=("numpy:cpu", absent)))


@pytest.mark.parametrize(
    ("values", "path", "sentence"),
    [
        ({"devices": ["torch:cud"]}, "devices", "Did you mean 'torch:cuda'?"),
        ({"devices": ["numpy:cpu", "numpy:cpu"]}, "devices", "A device is named twice."),
        ({"repetitions": 2}, "repetitions", "Repetitions"),
        ({"repetitions": 201}, "repetitions", "Repetitions"),
        ({"take": 0}, "take", "Take"),
        ({"workload": {"kind": "matrix_produkt"}}, "workload.kind", "Did you mean 'matrix_product'?"),
        ({"workload": {"kind": "matrix_product", "size": 9000}}, "workload.size", "Size"),
        ({"workload": {"kind": "rolling_mean", "bars": 10, "window": 11}}, "workload", "does not fit into 10"),
    ],
)
def test_a_wrong_request_names_its_field(values: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        BenchmarkSpec.parse(values)
    assert caught.value.problems[0][0] == path
    assert sentence in str(caught.value)


def test_the_estimate_is_bounded_by_the_patience() -> None:
    huge = BenchmarkSpec(workload=MatrixProduct(size=8192), devices=CPUS, repetitions=200)
    assert huge.estimate().seconds <= 3 * (PATIENCE + WARM_UP + ROUNDS * PAUSE)
    assert huge.estimate().megabytes == huge.workload.megabytes(3)
    assert BenchmarkSpec(workload=SMALL).estimate().megabytes == SMALL.megabytes(len(devices.expected()))


def test_one_benchmark_at_a_time_and_none_inside_another_key() -> None:
    spec = BenchmarkSpec()
    assert spec.resources().threads == devices.cores()
    assert '"kind":"benchmark"' in canonical_json(spec)
    assert spec.label() == "Matrix product 1024 × 1024 float32, take 1"
