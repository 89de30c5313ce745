"""The contract of workloads, kept by every one that discovery finds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from engine import devices, load_spec, run_key
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS, Workload
from engine.core.errors import SpecError
from engine.core.registry import info
from engine.core.spec import to_yaml
from engine.features.kernels import kernels_for


@pytest.fixture(params=WORKLOADS.available())
def cls(request: pytest.FixtureRequest) -> type[Workload]:
    return WORKLOADS.get(request.param)


def _numbers(cls: type[Workload]) -> dict[str, tuple[int, int]]:
    """Lowest and highest value of each numeric field."""
    found = {}
    for name, field in cls.model_fields.items():
        bounds = {side: getattr(item, side) for item in field.metadata for side in ("ge", "le") if hasattr(item, side)}
        if field.annotation in (int, float):
            found[name] = (bounds["ge"], bounds["le"])  # both are required: a form and a request need them
    return found


def _smallest(cls: type[Workload], precision: str = "float32") -> Workload:
    values = {name: low for name, (low, _) in _numbers(cls).items()}
    return cls.parse({**values, "precision": precision})


def test_it_describes_itself(cls: type[Workload]) -> None:
    assert info(cls).title
    assert info(cls).summary.endswith(".")
    assert all(field.title for name, field in cls.model_fields.items() if name != "kind")
    assert cls().label() != _smallest(cls).label()
    assert cls().unit in ("GFLOP/s", "GB/s")


def test_numbers_out_of_bounds_are_refused(cls: type[Workload]) -> None:
    for name, (low, high) in _numbers(cls).items():
        for value in (low - 1, high + 1, "many", None):
            with pytest.raises(SpecError) as caught:
                cls.parse({name: value})
            assert caught.value.problems[0][0] == name


def test_inputs_are_the_same_each_time_and_finite(cls: type[Workload]) -> None:
    workload = _smallest(cls, "float64")
    for first, again in zip(workload.host_inputs(), workload.host_inputs(), strict=True):
        assert first.dtype == "float64"
        assert np.isfinite(first).all()
        np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", devices.expected())
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_device_stays_within_the_bound(cls: type[Workload], name: str, precision: str) -> None:
    kernels = kernels_for(devices.get(name))
    if precision == "float64" and not kernels.device.float64:
        precision = "float32"  # that float64 is refused there is the kernels' own test
    workload = _smallest(cls, precision)
    host = workload.host_inputs()
    inputs = tuple(kernels.to_device(array, workload.precision) for array in host)
    result = kernels.to_numpy(workload.call(kernels, inputs))
    assert result.dtype == precision
    assert workload.error(host, result) <= workload.bound()
    assert workload.bound() < 1e-3


def test_a_wrong_result_exceeds_the_bound(cls: type[Workload]) -> None:
    kernels = kernels_for(devices.get("numpy:cpu"))
    workload = _smallest(cls)
    host = workload.host_inputs()
    right = workload.call(kernels, host)
    for wrong in (right * 1.001, np.full_like(right, np.nan), np.zeros_like(right)):
        assert not workload.error(host, wrong) <= workload.bound()


def test_a_larger_one_costs_more(cls: type[Workload]) -> None:
    small, usual = _smallest(cls), cls()
    assert 0 < small.amount() < usual.amount()
    assert 0 < small.megabytes(1) < usual.megabytes(1) < usual.megabytes(3)
    assert BenchmarkSpec(workload=small).estimate().seconds < BenchmarkSpec(workload=usual).estimate().seconds
    double = usual.model_copy(update={"precision": "float64"})
    assert double.megabytes(1) > usual.megabytes(1)


def test_the_memory_stated_covers_what_numpy_takes(cls: type[Workload]) -> None:
    kernels, workload = kernels_for(devices.get("numpy:cpu")), cls()
    tracemalloc.start()
    try:
        host = workload.host_inputs()
        inputs = tuple(kernels.to_device(array, workload.precision) for array in host)
        workload.error(host, kernels.to_numpy(workload.call(kernels, inputs)))
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert peak <= workload.megabytes(1) <= 5 * peak


def test_yaml_gives_the_same_benchmark_back(cls: type[Workload]) -> None:
    spec = BenchmarkSpec(workload=_smallest(cls, "float64"))
    back = load_spec(to_yaml(spec))
    assert back == spec
    assert isinstance(back, BenchmarkSpec)
    assert type(back.workload) is cls
    assert run_key(back) == run_key(spec)
