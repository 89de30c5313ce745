"""Each library of a benchmark has a process of its own, which may die, be stopped, or claim what cannot be."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from engine.benchmarks import alongside, harness
from engine.benchmarks.lane import Lane, Report
from engine.benchmarks.processes import Apart, Here, Process, ProcessEnded
from engine.benchmarks.result import Ceiling
from engine.benchmarks.roofs import Roofs
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.core.errors import Cancelled, DeviceError
from engine.core.progress import silent
from tests.support.workspace import Workspace

SMALL = MatrixProduct(size=64)
SPEC = BenchmarkSpec(workload=SMALL, variants=("numpy:cpu",), sizes=(64, 128), repetitions=4)


@pytest.fixture(autouse=True)
def hurried(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    monkeypatch.setattr(harness, "WARM_UP", 0.0)


def ignore() -> None:
    return


class Steady(Apart):
    """Without the measurement of how steady the machine is, which takes two seconds, and with arithmetic beyond any
    machine's: other programs that have the processor meanwhile lower what is measured, and so reject a sound result.
    """

    def ceiling(self, device: str, number: str, report: Report) -> Ceiling | None:
        found = super().ceiling(device, number, report)
        return found and replace(found, compute=1e15, cache=1e15)

    def relative_iqr(self, report: object) -> float:
        return 0.03


def test_a_library_computes_in_its_own_process_with_its_own_memory() -> None:
    bench = Steady()
    result = harness.measure(SPEC, lambda *_: None, bench)
    (item,) = result.results
    assert np.isfinite(item.samples).all()
    assert (item.error <= item.bound).all()
    assert (item.peak > 20e6).all()
    assert (item.peak < 1e9).all()
    assert result.relative_iqr == 0.03
    (ceiling,) = result.ceilings
    assert (ceiling.device, ceiling.number) == ("numpy:cpu", "float32")
    assert (item.rate > 0).all()
    assert ceiling.memory > 1e8
    assert not any(process.is_alive for process in bench._processes.values())


def test_a_process_that_dies_costs_its_variants_alone() -> None:
    bench = Apart()
    try:
        bench.open(SMALL, ignore)
        lane, other = (bench.lane(SMALL.variant("numpy:cpu")) for _ in range(2))
        lane.begin(SMALL, None, None, ignore)
        assert lane.usable
        bench._processes["numpy"]._popen.kill()
        bench._processes["numpy"]._popen.wait()
        lane.sample(3, ignore)
        assert (lane.usable, lane.samples) == (False, [])
        assert lane.note == "NumPy CPU ended its process by signal 9."
        other.begin(SMALL, None, None, ignore)  # in the process that takes its place
        assert other.usable
        assert other.error <= SMALL.bound()
    finally:
        bench.close()


def test_a_call_under_way_ends_with_the_benchmark() -> None:
    process = Process((sys.executable, "-c", "import time; time.sleep(60)"))

    def cancelled() -> None:
        raise Cancelled("stopped")

    began = time.monotonic()
    with pytest.raises(Cancelled):
        process.ask({"do": "sample"}, cancelled)
    assert not process.is_alive
    assert time.monotonic() - began < 30  # it would sleep for 60


def test_what_a_process_says_of_its_end_and_of_its_errors() -> None:
    process = Process((sys.executable, "-c", "import sys; sys.exit(3)"))
    with pytest.raises(ProcessEnded, match="status 3"):
        process.ask({"do": "close"}, ignore)
    process.end()
    answer = '{"raise": "SpecError", "message": "no"}'
    telling = Process((sys.executable, "-c", f"input(); print({answer!r}, flush=True); input()"))
    with pytest.raises(DeviceError, match=r"^no$"):
        telling.ask({"do": "close"}, ignore)
    telling.end()


class Roof(Here):
    """A device that reaches so much, more at each measurement."""

    def __init__(self, *reached: float) -> None:
        self.reached = list(reached)

    def ceiling(self, device: str, number: str, report: object) -> Ceiling | None:
        return Ceiling(device, number, compute=self.reached.pop(0), memory=1e12, cache=1e12)


def lane(seconds: float) -> Lane:
    return Lane(SMALL.variant("numpy:cpu"), samples=[seconds] * 3)


@pytest.mark.parametrize(
    ("reached", "times", "said"),
    [
        ((1e9,), 1.2, ""),
        ((1e9, 2e9), 1.5, ""),  # the machine was disturbed when it was measured first
        ((1e9, 1.1e9), 3.0, "NumPy CPU: 3 GFLOP/s are beyond the 1 GFLOP/s that this device reaches at most"),
        ((1e9, 1e9), 1e6, "the work was not done. Not used."),
    ],
)
def test_a_result_beyond_the_roofline_is_rejected(reached: tuple[float, ...], times: float, said: str) -> None:
    roofs = Roofs(Roof(*reached))
    problem = roofs.problem(SMALL, lane(SMALL.amount() / 1e9 / times), ignore)
    assert problem.startswith(said) or said in problem
    assert bool(problem) == bool(said)


def test_what_reaches_more_than_its_device_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that throws its lazy work away: mlx-benchmark printed 0.00 ms."""
    monkeypatch.setattr(Lane, "call", _lazy)
    result = harness.measure(SPEC, lambda *_: None, Roof(1e9, 1e9, 1e9))
    (item,) = result.results
    assert not item.usable.any()
    assert np.isnan(item.median).all()
    assert "beyond" in item.notes[0][0]


def _lazy(lane: Lane) -> tuple[float, object]:
    return 1e-9, lane.ready.call()


def test_a_benchmark_waits_for_other_jobs_unless_it_is_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    left, said = [2, 1, 0], list[str]()
    monkeypatch.setattr(alongside, "other_jobs", lambda: left.pop(0))
    monkeypatch.setattr(alongside, "PAUSE", 0.0)
    alongside.Alongside(False, lambda _, message, partial=None: said.append(message)).wait()
    assert said == ["Waiting until 2 other jobs ended", "Waiting until another job ended"]
    monkeypatch.setattr(alongside, "other_jobs", lambda: 1)
    allowed = alongside.Alongside(True, silent)
    allowed.wait()
    assert not allowed.seen
    allowed.look()
    assert allowed.seen


def test_a_job_that_comes_and_goes_is_noted_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the turns of the variants: the bar stands still meanwhile."""
    said = list[tuple[float, str]]()
    waiting = "Waiting until another job ended"

    def jobs() -> int:
        """One comes with the first turn, and ends once somebody waits for it."""
        words = [text for _, text in said]
        return int(any(text.startswith("Timing") for text in words) and waiting not in words)

    monkeypatch.setattr(alongside, "other_jobs", jobs)
    monkeypatch.setattr(alongside, "PAUSE", 0.0)
    spec = SPEC.model_copy(update={"sizes": ()})
    result = harness.measure(spec, lambda fraction, text, partial=None: said.append((fraction, text)), Here())
    assert result.beside
    (place,) = (place for place, (_, text) in enumerate(said) if text == waiting)
    assert said[place][0] == said[place - 1][0] > 0
    assert not harness.measure(spec, silent, Here()).beside


def test_the_parts_of_a_suite_are_counted() -> None:
    said = list[str]()
    harness.measure(SPEC, lambda _, text, partial=None: said.append(text), Here())
    assert "1 of 2: Making the inputs" in said
    assert "2 of 2: Timing NumPy CPU" in said


def test_half_precision_may_be_computed_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's attention on float16 is faster on a CPU than its product of float16 matrices."""
    monkeypatch.setattr(MatrixProduct, "number", lambda self: "float16")
    reached = {"float16": 1e9, "float32": 9e9}
    bench = Here()
    monkeypatch.setattr(bench, "ceiling", lambda device, number, report: Ceiling(device, number, reached[number]))
    assert Roofs(bench).problem(SMALL, lane(SMALL.amount() / 8e9), ignore) == ""
    assert "beyond the 9 GFLOP/s" in Roofs(bench).problem(SMALL, lane(SMALL.amount() / 80e9), ignore)
