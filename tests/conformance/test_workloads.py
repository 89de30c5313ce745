"""The contract of workloads and suites, kept by every one that discovery finds."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine import devices
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.variants import Variant
from engine.benchmarks.workloads import WORKLOADS, Suite, Workload
from engine.core.errors import DeviceError, SpecError
from engine.core.registry import info
from engine.core.spec import to_yaml
from engine.jobs.requests import load_action

FOUND = tuple(WORKLOADS.available().values())


@pytest.fixture(params=[cls for cls in FOUND if issubclass(cls, Workload)], ids=lambda cls: cls.__name__)
def cls(request: pytest.FixtureRequest) -> type[Workload]:
    found: type[Workload] = request.param
    return found


@pytest.fixture(params=[cls for cls in FOUND if issubclass(cls, Suite)], ids=lambda cls: cls.__name__)
def suite(request: pytest.FixtureRequest) -> Suite:
    found: Suite = request.param()
    return found


def _numbers(cls: type[Workload]) -> dict[str, tuple[int, int]]:
    """Lowest and highest value of each numeric field."""
    found = {}
    for name, field in cls.model_fields.items():
        bounds = {side: getattr(item, side) for item in field.metadata for side in ("ge", "le") if hasattr(item, side)}
        if field.annotation in (int, float):
            found[name] = (bounds["ge"], bounds["le"])  # both are required: a form and a request need them
    return found


def _smallest(cls: type[Workload], **more: Any) -> Workload:
    return cls.parse({**{name: low for name, (low, _) in _numbers(cls).items()}, **more})


def _precisions(cls: type[Workload]) -> tuple[dict[str, str], ...]:
    return ({"precision": "float32"}, {"precision": "float64"}) if "precision" in cls.model_fields else ({},)


def _result(variant: Variant, inputs: Any) -> Any:
    """A copy of what a variant computes: it must not lie in memory that is given back."""
    with variant.prepare(inputs) as prepared:
        assert prepared.threads >= 1
        return np.array(prepared.values(prepared.call()))


def _result_or_refusal(variant: Variant, inputs: Any) -> Any:
    try:
        return _result(variant, inputs)
    except DeviceError as error:
        return str(error)


def test_it_describes_itself(cls: type[Workload]) -> None:
    assert info(cls).title
    assert info(cls).summary.endswith(".")
    assert all(field.title for name, field in cls.model_fields.items() if name != "kind")
    assert cls().label() != _smallest(cls).label()
    assert cls().unit.symbol
    assert cls().versus()
    assert cls().workloads() == (cls(),)


def test_numbers_out_of_bounds_are_refused(cls: type[Workload]) -> None:
    for name, (low, high) in _numbers(cls).items():
        for value in (low - 1, high + 1, "many", None):
            with pytest.raises(SpecError) as caught:
                cls.parse({name: value})
            assert caught.value.problems[0][0] == name


def test_variants_have_names_of_their_own_and_the_reference_is_one(cls: type[Workload]) -> None:
    workload = cls()
    for names in ([item.name for item in workload.variants()], [item.title for item in workload.variants()]):
        assert len(set(names)) == len(names) > 1
    assert workload.variant(workload.reference).name == workload.reference
    with pytest.raises(SpecError, match="not a variant") as caught:
        workload.variant("abacus")
    assert caught.value.problems[0][0] == "variants"


def test_what_is_not_available_has_a_reason_and_the_rest_computes(cls: type[Workload]) -> None:
    for variant in cls().variants():
        assert variant.unavailable() == "" or variant.unavailable().endswith(".")
        assert bool(variant.unavailable()) == bool(variant.problem())
        assert variant.unavailable() or variant.description()


def test_it_scales_along_its_axis_and_along_nothing_else(cls: type[Workload]) -> None:
    workload = cls()
    sizes = [workload.at(size) for size in workload.default_sizes]
    assert [item.axis_value() for item in sizes] == sorted(set(workload.default_sizes))
    assert {item.model_copy(update={cls.axis: 0}) for item in sizes} == {workload.model_copy(update={cls.axis: 0})}
    assert len({item.label() for item in sizes}) == len(sizes)
    assert [item.amount() for item in sizes] == sorted({item.amount() for item in sizes})
    with pytest.raises(SpecError):
        workload.at(_numbers(cls)[cls.axis][1] + 1)


def test_inputs_are_the_same_each_time_and_finite(cls: type[Workload]) -> None:
    workload = _smallest(cls)
    made = [found if isinstance(found, tuple) else (found,) for found in (workload.inputs(), workload.inputs())]
    assert made[0]
    for first, again in zip(*made, strict=True):
        assert np.size(first)
        assert np.isfinite(first).all()
        np.testing.assert_array_equal(first, again)


def test_every_variant_stays_within_the_bound(cls: type[Workload]) -> None:
    for more in _precisions(cls):
        workload = _smallest(cls, **more)
        inputs = workload.inputs()
        expected = workload.expected(inputs)
        assert 0 <= workload.bound() < 1e-3
        assert not workload.variant(workload.reference).problem()
        for variant in (item for item in workload.variants() if not item.problem()):
            if more == {"precision": "float64"} and not devices.get(variant.device).float64:
                continue  # that float64 is refused there is the kernels' own test
            found = _result_or_refusal(variant, inputs)
            if isinstance(found, str):  # a library that has the numbers, and not for this
                assert more == {"precision": "float64"}
                assert "float32" in found
                continue
            assert workload.error(found, expected) <= workload.bound()


def test_a_wrong_result_exceeds_the_bound(cls: type[Workload]) -> None:
    workload = _smallest(cls)
    inputs = workload.inputs()
    right, expected = _result(workload.variant(workload.reference), inputs), workload.expected(inputs)
    for wrong in (right * 1.001, np.full_like(right, np.nan), np.zeros_like(right)):
        assert not workload.error(wrong, expected) <= workload.bound()


def test_a_larger_one_costs_more(cls: type[Workload]) -> None:
    small, usual = _smallest(cls), cls()
    assert 0 < small.amount() < usual.amount()
    assert 0 < small.megabytes(1) < usual.megabytes(1) <= usual.megabytes(3)
    assert BenchmarkSpec(workload=small).estimate().seconds < BenchmarkSpec(workload=usual).estimate().seconds
    if len(_precisions(cls)) > 1:
        double = usual.model_copy(update={"precision": "float64"})
        assert double.megabytes(1) > usual.megabytes(1)


def test_the_memory_stated_covers_what_the_reference_takes(cls: type[Workload]) -> None:
    workload = cls()
    _result(_smallest(cls).variant(cls.reference), _smallest(cls).inputs())  # imports are not the workload's
    tracemalloc.start()
    try:
        inputs = workload.inputs()
        expected = workload.expected(inputs)
        with workload.variant(workload.reference).prepare(inputs) as prepared:
            workload.error(prepared.values(prepared.call()), expected)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    untraced = 0 if workload.reference.startswith("numpy") else 100  # what a library takes outside of Python
    assert peak <= workload.megabytes(1) <= 5 * peak + untraced


def test_yaml_gives_the_same_benchmark_back(cls: type[Workload]) -> None:
    workload = _smallest(cls)
    spec = BenchmarkSpec(workload=workload, sizes=(workload.axis_value(),), variants=(workload.reference,))
    back = load_action(to_yaml(spec))
    assert back == spec
    assert isinstance(back, BenchmarkSpec)
    assert type(back.workload) is cls


def test_a_suite_names_workloads_that_are_found_by_themselves(suite: Suite) -> None:
    assert info(suite).title
    assert info(suite).summary.endswith(".")
    assert suite.label()
    members = suite.workloads()
    assert len(members) > 1
    assert len(set(members)) == len(members)
    assert all(WORKLOADS.get(item.kind) is type(item) for item in members)


def test_a_suite_costs_what_its_workloads_cost_at_their_sizes(suite: Suite) -> None:
    whole = BenchmarkSpec(workload=suite).estimate()
    sizes = [tuple(item.axis_value() for item in part) for part in suite.series()]
    parts = [
        BenchmarkSpec(workload=part[0], sizes=of).estimate() for part, of in zip(suite.series(), sizes, strict=True)
    ]
    seconds = [item.seconds for item in parts]
    assert max(seconds) < whole.seconds < sum(seconds)  # the process of a library starts once
    assert whole.megabytes == max(item.megabytes for item in parts)


@pytest.mark.parametrize(("name", "value"), [("sizes", (64,)), ("variants", ("numpy:cpu",))])
def test_a_suite_has_its_own_sizes_and_variants(suite: Suite, name: str, value: tuple[Any, ...]) -> None:
    with pytest.raises(SpecError) as caught:
        BenchmarkSpec.parse({"workload": suite, name: value})
    assert caught.value.problems[0][0] == name
