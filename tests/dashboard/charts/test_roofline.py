"""The roofline and the timings over time draw exactly what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dashboard.charts import roofline, timings
from engine.benchmarks.result import BenchmarkResult, Ceiling, WorkloadResult
from tests.support.machine import result


def measured() -> BenchmarkResult:
    found = result()
    parts = [
        replace(item, arithmetic=np.full(len(item.sizes), 2e9), traffic=np.full(len(item.sizes), 1e8))
        for item in found.results
    ]
    ceilings = (Ceiling("numpy:cpu", "float32", 1e11, 1e10, 5e10), Ceiling("torch:cpu", "float32", 2e11, 8e9, 9e10))
    return replace(found, results=tuple(parts), ceilings=ceilings)


def test_a_roof_is_the_highest_of_its_libraries_and_a_point_is_operations_over_seconds() -> None:
    whole = measured()
    info = roofline.info(whole)
    assert [(roof.title, roof.compute, roof.memory, roof.cache) for roof in info.roofs] == [
        ("CPU float32", 200.0, 10.0, 90.0)
    ]
    first: WorkloadResult = whole.results[0]
    assert (info.intensity == 20).all()
    timed = np.isfinite(first.median[:, 0])
    np.testing.assert_allclose(info.reached[: timed.sum()], 2.0 / first.median[timed, 0])
    drawn = roofline.figure(info)
    memory = next(trace for trace in drawn.data if trace.name == "CPU float32, memory")
    np.testing.assert_allclose(memory.y, np.minimum(200, 10 * np.asarray(memory.x)))


def test_work_that_counts_no_bytes_has_no_point() -> None:
    assert not len(roofline.info(result()).reached)


def test_timings_are_milliseconds_by_variant_in_order() -> None:
    one = result().results[0]
    slower = replace(one, median=2 * one.median)
    info = timings.info([(1e9, one), (2e9, slower)])
    np.testing.assert_allclose(info.milliseconds[:, 1], 2e3 * one.median[:, -1])
    np.testing.assert_allclose(info.time, [1e12, 2e12])
    assert [trace.name for trace in timings.figure(info).data] == list(one.titles)
