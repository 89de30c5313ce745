"""Processes of a benchmark's variants: one for each library, or this one for all of them.

A library's threads, its memory and its end are then its own: one that takes its process down costs its variants alone.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from engine.benchmarks import child
from engine.benchmarks.lane import Lane, Report, expected_of
from engine.benchmarks.result import Ceiling
from engine.benchmarks.variants import Variant
from engine.benchmarks.workloads import NOUN, Workload
from engine.core.errors import Cancelled, DataError, DeviceError, EngineError, PluginError, StoreError
from engine.core.plugin_errors import plugin_errors

HEARTBEAT = 0.2  # seconds between two looks at whether the benchmark is still wanted
_ERRORS: Mapping[str, type[EngineError]] = {item.__name__: item for item in (PluginError, DataError, StoreError)}
"""Errors that keep their class on the way from a process; every other is one of the device."""
COMMAND = (sys.executable, "-m", child.__name__)


class Bench(Protocol):
    """Where the variants compute. ``open`` comes before ``lane`` at every size; ``close`` gives everything back."""

    def open(self, workload: Workload, report: Report) -> tuple[Any, Any]:
        """The inputs and what is expected; None twice where they are elsewhere. Raises ``DeviceError``."""

    def lane(self, variant: Variant) -> Lane:
        """A new lane of ``variant``."""

    def ceiling(self, device: str, number: str, report: Report) -> Ceiling | None:
        """What the device called ``device`` reaches on numbers of that type; None where it is not measured."""

    def relative_iqr(self, report: Report) -> float:
        """Interquartile range over the median of a fixed piece of work; NaN where it is not measured."""

    def close(self) -> None: ...


class Here:
    """Every variant in this process: for tests, and where no process may be started."""

    def open(self, workload: Workload, report: Report) -> tuple[Any, Any]:
        with plugin_errors(workload, NOUN):
            inputs = workload.inputs()
        return inputs, expected_of(workload, inputs)

    def lane(self, variant: Variant) -> Lane:
        return Lane(variant)

    def ceiling(self, device: str, number: str, report: Report) -> Ceiling | None:
        return None

    def relative_iqr(self, report: Report) -> float:
        return float("nan")

    def close(self) -> None:
        return


class Apart:
    """A process for each library, started when it is first needed and again when it has died."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="stratoscope-")
        self._processes: dict[str, Process] = {}
        self._workload: Mapping[str, Any] = {}

    @property
    def file(self) -> str:
        """Where what is expected lies."""
        return str(Path(self._folder.name) / "expected.npy")

    def open(self, workload: Workload, report: Report) -> tuple[Any, Any]:
        self._workload = workload.model_dump(mode="json")
        for process in self._processes.values():
            if process.is_alive:
                process.ask({"do": "close"}, report)
        with plugin_errors(workload, NOUN):
            order = {"do": "expect", "workload": self._workload, "file": self.file}
        try:
            self.process(workload.reference).ask(order, report)
        except ProcessEnded as ended:
            raise DeviceError(
                f"{workload.label()} cannot be checked: {workload.versus()} {ended}. It may need more memory than "
                "there is: choose a smaller size."
            ) from None
        return None, None

    def lane(self, variant: Variant) -> Lane:
        return RemoteLane(variant, bench=self)

    def process(self, variant: str) -> Process:
        """The process of the library of a variant."""
        library = variant.partition(":")[0]
        found = self._processes.get(library)
        if found is not None and not found.is_alive:
            found.end()
            found = None
        if found is None:
            found = self._processes[library] = Process(COMMAND)
        return found

    def order(self, do: str, variant: str, **more: object) -> Mapping[str, Any]:
        """What a process is told about the workload that is open."""
        return {"do": do, "workload": self._workload, "file": self.file, "variant": variant, **more}

    def ceiling(self, device: str, number: str, report: Report) -> Ceiling | None:
        try:
            told = self.process(device).ask({"do": "ceiling", "device": device, "number": number}, report)
        except (ProcessEnded, EngineError):
            return None  # nothing is rejected by what could not be measured
        return Ceiling(**told["ceiling"])

    def relative_iqr(self, report: Report) -> float:
        try:
            return float(self.process("numpy").ask({"do": "steadiness"}, report)["relative_iqr"])
        except ProcessEnded:
            return float("nan")

    def close(self) -> None:
        for process in self._processes.values():
            process.end()
        self._folder.cleanup()


class ProcessEnded(Exception):
    """A process that ended before it answered; the text says how."""


class Process:
    """One process that obeys ``engine.benchmarks.child``."""

    def __init__(self, command: Sequence[str]) -> None:
        self._popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        )
        assert self._popen.stdout is not None
        self._out = self._popen.stdout.fileno()
        self._rest = b""

    @property
    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def ask(self, order: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        """The last answer to an order. Raises the error of ours that it tells, and ``ProcessEnded``."""
        *_, last = self.answers(order, report)
        return last

    def answers(self, order: Mapping[str, Any], report: Report) -> Iterator[Mapping[str, Any]]:
        """Every answer as it comes; ``report`` is called while there is none, and ends the process if it raises."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(order).encode() + b"\n")
            self._popen.stdin.flush()
        except OSError:
            raise ProcessEnded(self._ended()) from None
        try:
            while True:
                told = json.loads(self._line(report))
                if "raise" in told:
                    raise _ERRORS.get(told["raise"], DeviceError)(told["message"])
                yield told
                if "done" in told:
                    return
        except Cancelled:
            self.end()
            raise

    def _line(self, report: Report) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(HEARTBEAT):
                    report()
                    continue
                if not (found := os.read(self._out, 1 << 16)):
                    raise ProcessEnded(self._ended())
                self._rest += found
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _ended(self) -> str:
        code = self._popen.wait()
        return f"ended its process by signal {-code}" if code < 0 else f"ended its process with status {code}"

    def end(self) -> None:
        """Kill it, which has nothing to put in order."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with suppress_broken():
                    pipe.close()


@contextmanager
def suppress_broken() -> Iterator[None]:
    """A pipe whose other end is gone still has something to write when it is closed."""
    try:
        yield
    except BrokenPipeError:
        return


def _environment() -> dict[str, str]:
    """This process's, without the shares of threads that workers are given: a benchmark has all cores."""
    shares = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {name: value for name, value in os.environ.items() if name not in shares}


@dataclass
class RemoteLane(Lane):
    """A lane whose variant computes in the process of its library."""

    bench: Apart = field(kw_only=True)
    process: Process | None = None

    def begin(self, workload: Workload, inputs: Any, expected: Any, report: Report) -> None:
        report()
        self.process = self.bench.process(self.variant.name)
        self._do("begin", report)

    def warm_up(self, seconds: float, report: Report) -> None:
        if self.usable:
            self._do("warm_up", report, seconds=seconds)

    def sample(self, count: int, report: Report) -> None:
        self._do("sample", report, count=count - len(self.samples))

    def _do(self, do: str, report: Report, **more: object) -> None:
        assert self.process is not None
        order = self.bench.order(do, self.variant.name, **more)
        with self.watched():
            try:
                for told in self.process.answers(order, report):
                    self.samples += told.get("samples", ())
                    if "usable" in told:
                        self._take(told)
                    report()
            except ProcessEnded as ended:
                self.reject(f"{self.variant.title} {ended}.")

    def _take(self, state: Mapping[str, Any]) -> None:
        self.pace, self.threads, self.error = state["pace"], state["threads"], state["error"]
        self.joules, self.joules_error, self.metered = state["joules"], state["joules_error"], state["metered"]
        self.peak = max(state["peak"], self.peak if self.peak == self.peak else 0.0)
        if not state["usable"]:
            self.reject(state["note"])
