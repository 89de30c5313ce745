"""Result files of other machines, advice in words, and the routes of devices."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import routing
from engine.benchmarks import exchange, routed
from engine.benchmarks.advice import advice, regressions, verdict
from engine.benchmarks.claims import claims
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.workloads.claims_suite import ClaimsSuite
from engine.benchmarks.workloads.everything_suite import EverythingSuite
from engine.benchmarks.workloads.network_step import NetworkStep
from engine.benchmarks.workloads.reference_suite import ReferenceSuite
from engine.benchmarks.workloads.research_suite import ResearchSuite
from engine.core.errors import DataError
from engine.models.neural import choice as networks
from tests.engine.benchmarks.test_result import part
from tests.support.workspace import Workspace

NAMES = ("numpy:cpu", "torch:cpu")
HIDDEN = "\x00\n\x7f\x85\u200b\u200e\u200f\u2028\u202e\u2066\ufeff\ue000\ud800"
"""Controls, what sets the direction or has no width, the end of a line, a private sign, half of a pair."""


def result(*median: float) -> BenchmarkResult:
    return BenchmarkResult((part(median, NAMES),), machine="A machine", versions={"numpy": "2"}, measured=1.7e9)


def test_a_file_holds_what_was_timed_and_is_read_again() -> None:
    text = exchange.to_json(result(0.5, float("nan")))
    back = exchange.from_json(text.encode())
    assert (back.machine, back.versions, back.measured) == ("A machine", {"numpy": "2"}, 1.7e9)
    (row,) = back.rows
    assert (row.work, row.variant, row.title) == ("Matrix product 64 × 64 float32", "numpy:cpu", "NumPy CPU")
    assert (row.lower, row.median, row.upper) == pytest.approx((0.45, 0.5, 0.6))


def test_the_file_of_a_machine_with_an_odd_name_can_be_read_again() -> None:
    text = exchange.to_json(replace(result(0.5, 0.1), machine="R&D <1>\x00" + "x" * 500))
    assert exchange.from_json(text.encode()).machine.startswith("R D  1 ?xxx")


def test_work_with_an_odd_name_can_be_exported_and_of_the_same_work_the_first() -> None:
    """A plug-in's, which may be called what it likes."""
    odd = replace(part([0.5, 0.1], NAMES), labels=("R&D <1>" + "x" * 200,), titles=("a\x00b", "c"))
    twice = replace(result(0.5, 0.1), results=(odd, replace(odd, median=np.array([[0.51], [0.11]]))))
    back = exchange.from_json(exchange.to_json(twice).encode())
    assert back.rows == exchange.rows(twice)
    assert [(row.title, row.median) for row in back.rows] == [("a?b", 0.5), ("c", 0.1)]
    assert {row.work for row in back.rows} == {"R D  1 " + "x" * 153}


def test_a_name_that_stands_twice_is_refused() -> None:
    text = exchange.to_json(result(0.5, 0.1)).replace('"machine"', '"machine": "Another", "machine"', 1)
    with pytest.raises(DataError, match="not JSON"):
        exchange.from_json(text.encode())


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
        ({"rows": [GOOD["rows"][0] | {"median": "0.5"}]}, "damaged at 'rows.0.median'"),
        ({"rows": [GOOD["rows"][0] | {"median": 1e400}]}, "not JSON"),
        ({"rows": [GOOD["rows"][0] | {"code": "import os"}]}, "damaged at 'rows"),
        ({"rows": GOOD["rows"][:1] * 5001}, "damaged at 'rows"),
        ({"rows": None}, "damaged at 'rows"),
        ({"rows": GOOD["rows"][:1] * 2}, "damaged at 'rows"),
        ({"rows": [GOOD["rows"][0] | {"lower": 0.7}]}, "damaged at 'rows"),
        ({"rows": [GOOD["rows"][0] | {"upper": 0.3}]}, "damaged at 'rows"),
        ({"versions": {"numpy": ["2"]}}, "damaged at 'versions"),
        ({"more": 1}, "damaged at 'more"),
        ({"mo\u202ere": 1}, "damaged at 'mo?re'"),
        *(({"machine": f"A{sign}machine"}, "damaged at 'machine'") for sign in HIDDEN),
        ({"rows": [GOOD["rows"][0] | {"title": "tor\u200fch"}]}, "damaged at 'rows"),
        ({"versions": {"num\u200bpy": "2"}}, "damaged at 'versions"),
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


def test_one_disturbed_measurement_hides_no_regression() -> None:
    earlier: list[WorkloadResult] = [part([0.5, value], NAMES) for value in (0.1, 0.1, 9.0)]
    assert regressions(part([0.5, 0.2], NAMES), earlier) == pytest.approx({"torch CPU": 2.0})


def test_a_device_that_failed_is_excluded_with_the_reason() -> None:
    failed = part([0.5, float("nan")], ("numpy:cpu", "torch:cuda"))
    assert routed.excluded(failed) == {"torch:cuda": "torch CUDA failed: no kernel"}


def test_devices_follow_a_measurement_of_all_that_could_do_the_work(workspace: Workspace) -> None:
    names = ("torch:cpu", "mlx:cpu")
    step, work = NetworkStep(network="gru"), networks.work("gru")
    routed.keep(step, part([0.5, 0.1], names[:1]))
    assert not routing.measured(work.name).seconds, "MLX was not measured"
    routed.keep(step.model_copy(update={"work": "inference"}), part([0.5, 0.1], names))
    assert not routing.measured(work.name).seconds, "training was not measured"
    routed.keep(step, part([0.5, 0.1], names))
    (found,) = routing.measured(work.name).seconds.values()
    assert found == {"torch:cpu": 0.5, "mlx:cpu": 0.1}
    assert work.name in {item.name for item in routed.works()}


def test_a_claim_stands_beside_what_was_measured() -> None:
    """Published: MLX 2.7 and 1.27 times as fast as torch, a hand-over 3 to 5 times as fast as a copy."""
    names = ("torch:mps", "mlx:gpu")
    parts = [part(times, names) for times in ([0.9, 0.3], [0.2, 0.4], [0.5, 0.2], [0.5, 0.05])]
    found = claims(BenchmarkResult(tuple(parts), machine="", versions={}, measured=0.0))
    assert [claim.measured for claim in found] == pytest.approx([3.0, 0.5, 4.0])
    assert [claim.verdict() for claim in found] == [
        "More than published.", "Less than published.", "As published.",
    ]  # fmt: skip
    mixed = [replace(item, variants=("torch:mps", "mlx:cpu")) for item in parts]
    unlike = claims(BenchmarkResult(tuple(mixed), machine="", versions={}, measured=0.0))
    assert [claim.measured for claim in unlike] == [claim.measured for claim in found]
    assert {claim.verdict() for claim in unlike} == {"No verdict: measured on a CPU, and the claim is of a GPU."}
    absent = [replace(item, variants=("torch:cpu", "other:cpu")) for item in parts]
    nothing = claims(BenchmarkResult(tuple(absent), machine="", versions={}, measured=0.0))
    assert {claim.verdict() for claim in nothing} == {"Not measured here."}


def test_everything_is_all_suites_and_each_work_once() -> None:
    series = EverythingSuite().series()
    assert len(set(series)) == len(series)
    for suite in (ClaimsSuite(), ReferenceSuite(), ResearchSuite()):
        assert set(suite.series()) <= set(series)
