"""Result files of other machines, advice in words, and the routes of devices."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.benchmarks import exchange
from engine.benchmarks.advice import advice, regressions, verdict
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.routing import decisions, excluded
from engine.core.errors import DataError
from tests.engine.benchmarks.test_result import part

NAMES = ("numpy:cpu", "torch:cpu")


def result(*median: float) -> BenchmarkResult:
    return BenchmarkResult((part(median, NAMES),), machine="A machine", versions={"numpy": "2"}, measured=1.7e9)


def test_a_file_holds_what_was_timed_and_is_read_again() -> None:
    text = exchange.to_json(result(0.5, float("nan")))
    back = exchange.from_json(text.encode())
    assert (back.machine, back.versions, back.measured) == ("A machine", {"numpy": "2"}, 1.7e9)
    (row,) = back.rows
    assert (row.work, row.variant, row.title) == ("Matrix product 64 × 64 float32", "numpy:cpu", "NumPy CPU")
    assert (row.lower, row.median, row.upper) == pytest.approx((0.45, 0.5, 0.6))


GOOD: dict[str, Any] = json.loads(exchange.to_json(result(0.5, 0.1)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "of another version than 1"),
        ({"schema_version": True}, "of another version than 1"),
        ({"schema_version": "1"}, "of another version than 1"),
        ({"machine": "<img src=x onerror=alert(1)>"}, "damaged at 'machine'"),
        ({"machine": 7}, "damaged at 'machine'"),
        ({"machine": "x" * 401}, "damaged at 'machine'"),
        ({"rows": [GOOD["rows"][0] | {"title": "<b>fast</b>"}]}, "damaged at 'rows"),
        ({"rows": [GOOD["rows"][0] | {"median": -1}]}, "damaged at 'rows"),
        ({"rows": [GOOD["rows"][0] | {"median": 1e400}]}, "no JSON"),
        ({"rows": [GOOD["rows"][0] | {"code": "import os"}]}, "damaged at 'rows"),
        ({"rows": GOOD["rows"][:1] * 5001}, "damaged at 'rows"),
        ({"rows": None}, "damaged at 'rows"),
        ({"versions": {"numpy": ["2"]}}, "damaged at 'versions"),
        ({"more": 1}, "damaged at 'more"),
    ],
)
def test_a_hostile_file_is_refused_with_one_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        exchange.from_json(json.dumps(GOOD | change).encode())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_what_is_no_file_of_ours_is_never_another_error(data: bytes) -> None:
    with pytest.raises(DataError):
        exchange.from_json(data)


def test_a_large_or_deep_file_is_not_parsed() -> None:
    for data in (b" " * (exchange.LARGEST + 1), b"[" * 100_000):
        with pytest.raises(DataError):
            exchange.from_json(data)


def test_what_to_use_is_said_where_the_lead_is_beyond_the_noise() -> None:
    told = advice(part([0.5, 0.1], NAMES), 0)
    assert told is not None
    assert told.sentence == "Use torch CPU: 5.0 times as fast as NumPy CPU."
    assert told.seconds == pytest.approx({"torch": 0.1, "numpy": 0.5})
    close = advice(part([0.5, 0.47], NAMES), 0)
    assert close is not None
    assert "no difference beyond the noise" in close.sentence
    assert advice(part([float("nan")] * 2, NAMES), 0) is None


def test_a_target_is_met_or_missed() -> None:
    held = replace(part([0.5, 0.1], NAMES), target=np.array([[0.25], [np.nan]]))
    assert verdict(held, 0, 0) == "Target 0.25 s: missed by 2.0 times."
    assert verdict(held, 1, 0) == ""
    assert verdict(replace(held, target=np.array([[1.0], [1.0]])), 0, 0) == "Target 1 s: met."
    assert verdict(part([0.5, 0.1], NAMES), 0, 0) == ""


@pytest.mark.parametrize(
    ("latest", "expected"),
    [([0.5, 0.1], {}), ([0.5, 0.109], {}), ([0.5, 0.2], {"torch CPU": 2.0}), ([float("nan"), 0.1], {})],
)
def test_a_regression_is_beyond_a_tenth_and_the_quartiles_of_before(
    latest: list[float], expected: dict[str, float]
) -> None:
    earlier: list[WorkloadResult] = [part([0.5, value], NAMES) for value in (0.09, 0.1, 0.11)]
    assert regressions(part(latest, NAMES), earlier) == pytest.approx(expected)


def test_work_goes_to_the_fastest_device_with_its_margin() -> None:
    found = decisions("Features", {100: {"numpy:cpu": 0.4, "torch:cuda": 0.1}, 1: {"numpy:cpu": 0.01}, 7: {}})
    assert [(item.size, item.name, item.margin) for item in found] == [
        (1, "numpy:cpu", float("inf")),
        (100, "torch:cuda", 4.0),
    ]
    assert found[0].sentence() == "NumPy CPU, the only device that passed."
    assert found[1].sentence() == "torch CUDA, 4.00 times as fast as the next."


def test_a_device_that_failed_is_excluded_with_the_reason() -> None:
    failed = part([0.5, float("nan")], ("numpy:cpu", "torch:cuda"))
    assert excluded(failed) == {"torch CUDA": "torch CUDA failed: no kernel"}
