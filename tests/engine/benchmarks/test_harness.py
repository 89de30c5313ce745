"""A benchmark times every device alike, checks it first, and can be stopped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import pytest

from engine import devices
from engine.benchmarks import harness, kernel_workload
from engine.benchmarks.lane import Lane
from engine.benchmarks.processes import Here
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.spec import PAUSE, ROUNDS, SAMPLING_BUDGET, START, STEADINESS, WARM_UP, BenchmarkSpec
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.benchmarks.workloads.rolling_mean import RollingMean
from engine.core import energy
from engine.core.energy import Counter, Counters
from engine.core.errors import Cancelled, DeviceError, SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.devices import Device
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.numpy import Backend
from engine.jobs import actions
from tests.support.workspace import Workspace

SMALL = MatrixProduct(size=64)
CPUS = ("numpy:cpu", "torch:cpu", "mlx:cpu")


@pytest.fixture(autouse=True)
def hurried(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and warm-up make timings comparable; these tests do not compare any."""
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    monkeypatch.setattr(harness, "WARM_UP", 0.0)
    monkeypatch.setattr(harness, "Apart", Here)  # faults are planted in this process


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

    monkeypatch.setattr(kernel_workload, "kernels_for", choose)


def run(spec: BenchmarkSpec) -> BenchmarkResult:
    found = harness.measure(spec, silent)
    assert isinstance(found, BenchmarkResult)
    return found


def measure(spec: BenchmarkSpec) -> WorkloadResult:
    """The result of the only workload."""
    (found,) = run(spec).results
    return found


@pytest.mark.parametrize("workload", [SMALL, RollingMean(symbols=4, bars=300, window=20)])
def test_every_device_present_is_timed(workload: MatrixProduct | RollingMean) -> None:
    whole = run(BenchmarkSpec(workload=workload, repetitions=5))
    assert set(whole.versions) == {"numpy", "torch", "mlx"}
    assert whole.machine == devices.machine().describe()
    assert 0 <= whole.busy <= 1
    (result,) = whole.results
    assert result.variants == tuple(device.name for device in devices.available())
    assert set(CPUS) <= set(result.variants)
    assert result.samples.shape == (len(result.variants), 1, 5)
    assert (result.samples > 0).all()
    np.testing.assert_allclose(result.median, np.median(result.samples, axis=2))
    assert (result.lower <= result.median).all()
    assert (result.median <= result.upper).all()
    assert (result.error <= result.bound).all()
    np.testing.assert_allclose(result.rate, workload.amount() / result.median / 1e9)
    assert result.usable.all()
    assert result.unit == workload.unit.symbol
    assert result.absent == {devices.NAMES[name]: devices.absence(name) for name in devices.missing()}


def test_energy_is_that_of_the_counters_by_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A counter that advances by 2 J at each look: a round has two of them, whatever its calls."""
    state = count(0, 2)
    counters = Counters([Counter(lambda: next(state), 1.0)])
    monkeypatch.setattr(energy, "counters", lambda: counters)
    monkeypatch.setattr(energy, "step", lambda: 0.5)
    action = BenchmarkSpec(workload=MatrixProduct(size=64), variants=("numpy:cpu",), repetitions=6)
    found = harness.measure(action, silent, Here()).results[0]
    assert found.energy[0, 0] == pytest.approx(3 * 2 / 6)
    assert found.energy_error[0, 0] == pytest.approx(3 * 0.5 / 6)


def test_libraries_use_every_core_and_give_them_back() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a worker, whose environment says so
    try:
        result = measure(BenchmarkSpec(workload=SMALL, variants=CPUS, repetitions=3))
        assert result.threads == (devices.physical_cores(), devices.physical_cores(), 1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_devices_take_turns_in_alternating_order(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    timed = Lane.call

    def call(lane: Lane) -> tuple[float, Any]:
        order.append(lane.variant.name.partition(":")[0])
        return timed(lane)

    monkeypatch.setattr(Lane, "call", call)
    result = measure(BenchmarkSpec(workload=SMALL, variants=CPUS, repetitions=6))
    turn = ["numpy"] * 3 + ["torch"] * 3 + ["mlx"] * 3  # one call to wake the library, two samples
    checks = ["numpy", "torch", "mlx"]
    assert order == [*checks, *turn, *reversed(turn), *turn]
    assert np.isfinite(result.samples).all()


def test_a_benchmark_is_measured_each_time_and_its_report_is_kept() -> None:
    spec = BenchmarkSpec(workload=SMALL, variants=CPUS, repetitions=3)
    first, again = actions.perform(spec), actions.perform(spec)
    assert first.report.measured < again.report.measured
    kept = actions.performed("benchmark")
    assert [item.id for item in kept] == [again.id, first.id]
    for one, other in zip(first.report.results, kept[1].report.results, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        np.testing.assert_array_equal(one.usable, other.usable)
        assert (one.variants, one.notes, one.absent) == (other.variants, other.notes, other.absent)
    assert kept[1].report.versions == first.report.versions
    assert kept[1].report.fingerprint == devices.fingerprint()


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
    result = measure(BenchmarkSpec(workload=SMALL, variants=CPUS, repetitions=4))
    assert result.usable[:, 0].tolist() == [True, False, True]
    assert np.isnan(result.samples[1]).all()
    assert np.isfinite(result.samples[[0, 2]]).all()
    assert np.isnan(result.speed_up()[1, 0])
    assert re.fullmatch(note, result.notes[1][0])


def test_float64_is_not_asked_of_a_device_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    single = Device("torch", "torch:mps", "Apple GPU", float64=False)
    monkeypatch.setattr(devices, "get", lambda name: single)
    monkeypatch.setattr(kernel_workload, "kernels_for", lambda device: Altered(device, ""))
    workload = MatrixProduct(size=64, precision="float64")
    result = measure(BenchmarkSpec(workload=workload, variants=("torch:mps",), repetitions=3))
    assert not result.usable.any()
    assert result.notes == (("torch MPS computes in float32 only: choose float32 for it.",),)


@pytest.mark.parametrize(
    ("pace", "target", "note"),
    [
        (0.01, 20, ""),
        (1.0, 10, "10 of 20 repetitions: a call takes 1 s."),
        (4.7, 3, "3 of 20 repetitions: a call takes 4.7 s."),
        (37.2, 0, "One call took 37 s, more than the 10 s that all calls may take."),
    ],
)
def test_slow_calls_are_repeated_less(pace: float, target: int, note: str) -> None:
    lane = Lane(SMALL.variant("numpy:cpu"), pace=pace)
    harness._plan(lane, 20)
    assert (lane.target, lane.note, lane.usable) == (target, note, True)


def test_what_takes_too_long_is_left_untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MatrixProduct, "budget", lambda self: 0.0)
    result = measure(BenchmarkSpec(workload=SMALL, variants=("numpy:cpu",), repetitions=3))
    assert np.isnan(result.median).all()
    assert result.usable.all()
    assert result.error[0, 0] <= result.bound[0]
    assert "that all calls may take" in result.notes[0][0]
    assert np.isnan(result.noise())


def test_progress_shows_the_medians_so_far_and_can_stop_it() -> None:
    seen: list[tuple[float, str, Mapping[str, object] | None]] = []

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        seen.append((fraction, message, partial))
        if message == "Timing MLX CPU" and partial and json.loads(json.dumps(partial))["seconds"][1]:
            raise Cancelled("stopped")

    spec = BenchmarkSpec(workload=SMALL, variants=CPUS, repetitions=9)
    with pytest.raises(Cancelled):
        harness.measure(spec, progress)
    fractions = [fraction for fraction, _, _ in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert [message for _, message, _ in seen[1:3]] == ["Making the inputs", "Warming up NumPy CPU"]
    partial = seen[-1][2]
    assert partial is not None
    assert partial["variant"] == list(CPUS)
    numpy_, torch_, mlx_ = partial["seconds"]  # type: ignore[misc]
    assert numpy_ > 0
    assert torch_ > 0
    assert mlx_ is None


def test_a_device_that_is_not_here_is_an_error_before_any_work() -> None:
    absent = next(iter(devices.missing()))
    with pytest.raises(DeviceError, match=f"{absent} is not on this machine"):
        measure(BenchmarkSpec(workload=SMALL, variants=("numpy:cpu", absent)))


@pytest.mark.parametrize(
    ("values", "path", "sentence"),
    [
        ({"variants": ["torch:cud"]}, "variants", "Did you mean 'torch:cuda'?"),
        ({"variants": ["numpy:cpu", "numpy:cpu"]}, "variants", "A variant is named twice."),
        ({"sizes": [64, 64]}, "sizes", "A size is named twice."),
        ({"sizes": [64, 90000]}, "sizes", "Size must be at most 32,768"),
        ({"workload": {"kind": "lightgbm_fit"}, "variants": ["numpy:cpu"]}, "variants", "not a variant"),
        ({"repetitions": 2}, "repetitions", "Repetitions"),
        ({"repetitions": 201}, "repetitions", "Repetitions"),
        ({"take": 2}, "take", "'take' is not a field here."),
        ({"workload": {"kind": "matrix_produkt"}}, "workload.kind", "Did you mean 'matrix_product'?"),
        ({"workload": {"kind": "matrix_product", "size": 90000}}, "workload.size", "Size"),
        ({"workload": {"kind": "rolling_mean", "bars": 10, "window": 11}}, "workload", "does not fit into 10"),
    ],
)
def test_a_wrong_request_names_its_field(values: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        BenchmarkSpec.parse(values)
    assert caught.value.problems[0][0] == path
    assert sentence in str(caught.value)


def test_the_estimate_is_bounded_by_the_patience() -> None:
    huge = BenchmarkSpec(workload=MatrixProduct(size=1792), variants=CPUS, repetitions=200)
    around, call = STEADINESS + 3 * START, 2 * 1792**3 / MatrixProduct.pace
    most = SAMPLING_BUDGET + WARM_UP + ROUNDS * PAUSE + (2 + ROUNDS) * call
    assert around + 3 * (SAMPLING_BUDGET - call) <= huge.estimate().seconds <= around + 3 * most
    assert huge.estimate().megabytes == 3 * MatrixProduct(size=1792).megabytes(1)  # a process each
    both = BenchmarkSpec(workload=SMALL, variants=("torch:cpu", "torch:cuda"))
    assert both.estimate().megabytes == SMALL.megabytes(2) + SMALL.megabytes(1)  # and the reference


def test_the_estimate_has_the_one_call_of_what_takes_longer_than_all_may() -> None:
    vast = BenchmarkSpec(workload=MatrixProduct(size=32_768), variants=CPUS[:1], repetitions=200)
    assert vast.estimate().seconds == STEADINESS + START + 2 * 32_768**3 / MatrixProduct.pace


@pytest.mark.parametrize(("names", "gpus"), [(CPUS, 0), (("numpy:cpu", "torch:cuda"), 1), (("mlx:gpu",), 1)])
def test_the_gpu_is_a_resource_of_those_that_compute_on_it(names: tuple[str, ...], gpus: int) -> None:
    resources = BenchmarkSpec(variants=names).resources()
    assert (resources.gpus, resources.threads) == (gpus, devices.physical_cores())


def test_what_is_measured_is_its_name() -> None:
    spec = BenchmarkSpec()
    assert '"kind":"benchmark"' in canonical_json(spec)
    assert spec.label() == "Matrix product 1024 × 1024 float32"
    assert BenchmarkSpec(sizes=(256, 64)).label() == "Matrix product 64 × 64 float32, size 256"


def test_several_sizes_are_columns() -> None:
    result = measure(BenchmarkSpec(workload=SMALL, sizes=(128, 64), variants=CPUS, repetitions=4))
    assert result.sizes.tolist() == [64, 128]
    assert result.labels == tuple(f"Matrix product {size} × {size} float32" for size in (64, 128))
    assert result.samples.shape == (3, 2, 4)
    np.testing.assert_allclose(result.median, np.median(result.samples, axis=2))
    np.testing.assert_allclose(result.rate, [2e-9 * 64**3, 2e-9 * 128**3] / result.median)
    np.testing.assert_allclose(result.bound, [MatrixProduct(size=size).bound() for size in (64, 128)])
    assert result.label == "Matrix product, size 64 to 128"
