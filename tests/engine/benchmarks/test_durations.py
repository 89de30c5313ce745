"""Estimates of benchmarks: what measuring took is that of the next time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine import devices
from engine.benchmarks import durations
from engine.benchmarks.run import taken
from engine.benchmarks.spec import STEADINESS, BenchmarkSpec
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from tests.support.machine import result
from tests.support.workspace import Workspace

SPEC = BenchmarkSpec(workload=MatrixProduct(size=64), variants=("numpy:cpu", "torch:cpu"))
SECONDS = 47.5


@pytest.fixture(autouse=True)
def _empty(workspace: Workspace) -> None:
    """Nothing is known yet."""


def learn(spec: BenchmarkSpec = SPEC) -> None:
    made_up = result(measuring=np.array([SECONDS]))
    durations.keep(taken(spec, made_up))


def test_the_next_estimate_is_what_the_last_one_took() -> None:
    """One variant of the two was not timed: what it took is no call."""
    guessed = SPEC.estimate()
    assert guessed.seconds != pytest.approx(STEADINESS + SECONDS, rel=0.3)
    learn()
    assert SPEC.estimate().seconds == pytest.approx(STEADINESS + SECONDS)
    assert SPEC.estimate().megabytes == guessed.megabytes
    more = SPEC.model_copy(update={"repetitions": 70})
    assert more.estimate().seconds == pytest.approx(STEADINESS + SECONDS + 50 * 0.002)  # calls of two milliseconds


def test_each_piece_of_work_is_known_by_itself() -> None:
    """One size after another; what was not measured is guessed."""
    learn()
    both = SPEC.model_copy(update={"sizes": (64, 128)})
    assert both.estimate().seconds > SPEC.estimate().seconds
    two = replace(result(measuring=np.array([SECONDS])).results[0], sizes=np.array([64.0, 128.0]))
    doubled = {name: np.repeat(getattr(two, name), 2, axis=1) for name in ("median", "lower", "upper", "error", "rate")}
    report = result(results=(replace(two, **doubled, measuring=np.array([SECONDS, 5.0])),))
    durations.keep(taken(both, report))
    assert both.estimate().seconds == pytest.approx(STEADINESS + SECONDS + 5.0)


@pytest.mark.parametrize("content", ["", "[]", '{"fingerprint": 1}', '{"taken": {}}'])
def test_what_cannot_be_read_is_not_known(content: str) -> None:
    guessed = SPEC.estimate()
    learn()
    durations._path().write_text(content, encoding="utf-8")
    assert SPEC.estimate() == guessed


@pytest.mark.parametrize("damage", [('"rest": ', '"rest": NaN, "was": '), ('{"numpy:cpu": ', '{"numpy:cpu": -')])
def test_what_makes_no_sense_is_not_known(damage: tuple[str, str]) -> None:
    guessed = SPEC.estimate()
    learn()
    path = durations._path()
    text = path.read_text(encoding="utf-8")
    assert damage[0] in text
    path.write_text(text.replace(*damage), encoding="utf-8")
    assert SPEC.estimate() == guessed


def test_another_machine_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    guessed = SPEC.estimate()
    learn()
    monkeypatch.setattr(devices, "fingerprint", lambda: "another")
    assert SPEC.estimate() == guessed


def test_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "MOST", 2)
    for size in (64, 65, 66):
        workload = MatrixProduct(size=size)
        durations.keep({workload: durations.Taken({}, 1.0)})
    known = [durations.known(MatrixProduct(size=size), durations.read()) for size in (64, 65, 66)]
    assert [item is not None for item in known] == [False, True, True]
