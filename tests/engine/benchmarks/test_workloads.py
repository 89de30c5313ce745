"""A benchmark of any callables: what is absent, wrong or fails is said, and a suite measures each of its workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import numpy as np
import pytest

from engine.benchmarks import harness
from engine.benchmarks.processes import Here
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import SECONDS, Suite, Workload
from engine.benchmarks.workloads.group_by import GroupBy
from engine.benchmarks.workloads.llama_decoding import LlamaDecoding
from engine.benchmarks.workloads.reference_suite import ReferenceSuite
from engine.benchmarks.workloads.rolling_mean import RollingMean
from engine.core.errors import DeviceError
from engine.core.progress import silent
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.core.store import decode, encode
from tests.support.workspace import Workspace


@pytest.fixture(autouse=True)
def hurried(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses: these tests compare no timings."""
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    monkeypatch.setattr(harness, "WARM_UP", 0.0)
    monkeypatch.setattr(harness, "Apart", Here)  # faults are planted in this process


def measure(spec: BenchmarkSpec) -> WorkloadResult:
    """The result of the only workload."""
    (found,) = harness.measure(spec, silent).results
    return found


class Pair(Suite):
    kind: Literal["pair"] = "pair"

    def workloads(self) -> tuple[Workload, ...]:
        return Quick(), RollingMean(symbols=4, bars=300, window=20)


class Quick(Workload):
    """The sum of numbers, by variants of which one is wrong and one needs what is not installed."""

    unit = SECONDS
    pace = 1e9
    axis = "count"
    default_sizes = (10, 20)
    reference = "sum"

    kind: Literal["quick"] = "quick"
    count: int = parameter(10, title="Count", ge=1, le=1000)

    def variants(self) -> tuple[Variant, ...]:
        ways: dict[str, Callable[[Any], Any]] = {"sum": np.sum, "wrong": np.max, "absent": np.sum}
        needs = {"absent": ("no-such-distribution",)}
        return tuple(
            Variant(name, name.title(), partial(self._prepare, way), needs.get(name, ())) for name, way in ways.items()
        )

    @contextmanager
    def _prepare(self, way: Callable[[Any], Any], inputs: Any) -> Iterator[Prepared]:
        yield Prepared(lambda: way(inputs), np.atleast_1d)

    def inputs(self) -> Any:
        return np.arange(1.0, self.count + 1)

    def amount(self) -> float:
        return float(self.count)

    def bound(self) -> float:
        return 1e-12

    def megabytes(self, variants: int) -> float:
        return 1.0


# A plug-in of a test is marked as those of files are, and not found by discovery.
plugin("quick", title="Sum")(Quick)
plugin("pair", title="Pair")(Pair)


def test_a_variant_that_needs_what_is_not_installed_is_absent_with_the_reason() -> None:
    result = measure(BenchmarkSpec(workload=Quick(), repetitions=3))
    assert result.variants == ("sum", "wrong")
    assert result.absent == {"Absent": "The package no-such-distribution is not installed."}
    with pytest.raises(DeviceError, match="no-such-distribution is not installed"):
        measure(BenchmarkSpec(workload=Quick(), variants=("absent",)))


def test_results_are_checked_against_the_reference_of_the_workload() -> None:
    result = measure(BenchmarkSpec(workload=Quick(), repetitions=3))
    assert result.usable[:, 0].tolist() == [True, False]
    assert result.notes[1][0] == "Wrong differs from Sum by 8.2e-01 where 1.0e-12 is allowed: not used."
    assert result.error[1, 0] == pytest.approx(1 - 10 / 55)


def test_a_time_is_its_own_rate() -> None:
    result = measure(BenchmarkSpec(workload=Quick(), variants=("sum",), repetitions=3))
    assert result.unit == "s"
    np.testing.assert_array_equal(result.rate, result.median)


def test_a_reference_that_fails_is_an_error_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "atleast_1d", lambda _: (_ for _ in ()).throw(RuntimeError("no memory\nat all")))
    with pytest.raises(DeviceError, match=r"cannot be checked: Sum failed: no memory$"):
        measure(BenchmarkSpec(workload=Quick(), repetitions=3))


def test_a_suite_measures_each_workload_at_its_usual_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RollingMean, "default_sizes", (1, 2, 3))
    fractions: list[float] = []
    spec = BenchmarkSpec(workload=Pair(), repetitions=3)
    result = harness.measure(spec, lambda fraction, message, partial=None: fractions.append(fraction))
    assert [item.kind for item in result.results] == ["quick", "rolling_mean"]
    assert [item.sizes.tolist() for item in result.results] == [[10, 20], [1, 2, 3]]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    back = decode(encode(result), BenchmarkResult)
    assert encode(back) == encode(result)
    assert back.results[1].notes == result.results[1].notes
    np.testing.assert_array_equal(back.results[1].samples, result.results[1].samples)


def test_the_reference_table_holds_each_library_to_its_seconds_at_the_size_that_is_measured() -> None:
    full, reduced = ReferenceSuite(scale="full"), ReferenceSuite()
    assert [(item.library, item.seconds) for place in range(4) for item in full.targets(place)] == [
        ("numpy", 2.0), ("pandas", 5.0), ("torch", 1.0), ("mlx", 0.5), ("sklearn", 10.0),
    ]  # fmt: skip
    assert [item.axis_value() for (item,) in full.series()] == [10_000, 1_000_000, 5_000, 100_000]
    assert [item.name for item in BenchmarkSpec(workload=full).chosen(full.workloads()[0])] == ["numpy:cpu"]
    assert len(BenchmarkSpec(workload=reduced).chosen(reduced.workloads()[0])) > 1, "there is memory for all"
    variants = reduced.workloads()[2].variants()
    seconds = harness._targets(reduced.targets(2), reduced.series()[2], variants)
    by_name = {item.name: value for item, (value,) in zip(variants, seconds, strict=True)}
    assert by_name["torch:cpu"] == pytest.approx(1.0 * 0.3**3)  # the same rate at 1,500 as at 5,000
    assert by_name["mlx:cpu"] == pytest.approx(0.5 * 0.3**3)
    assert np.isnan(by_name["numpy:cpu"])


def test_decoding_says_the_same_with_and_without_a_cache_and_torch_what_numpy_says() -> None:
    kept, anew = (LlamaDecoding(tokens=6, heads=4, precision="float64", cache=cache) for cache in ("kept", "none"))
    np.testing.assert_allclose(kept.expected(kept.inputs()), anew.expected(anew.inputs()), rtol=1e-12)
    first = kept.expected(kept.inputs())
    assert first.shape == (6, 128)
    assert np.abs(first[1:] - first[:-1]).max() > 0.1  # each token is another
    np.testing.assert_allclose((first**2).mean(axis=1), 1, rtol=1e-4)  # RMSNorm


@pytest.mark.parametrize("rows", [1_001, 2_000])
def test_a_group_by_of_numpy_is_that_of_pandas(rows: int) -> None:
    work = GroupBy(rows=rows, groups=1_001)  # of groups with one row the deviation is not defined
    inputs = work.inputs()
    expected = work.expected(inputs)
    assert np.isnan(expected[:, 1]).any()
    with work.variant("numpy:bincount").prepare(inputs) as prepared:
        assert work.error(prepared.values(prepared.call()), expected) < 1e-12
