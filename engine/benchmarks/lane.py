"""One variant during a benchmark: ready to be called, its samples so far, or why it is out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.benchmarks.spec import SAMPLING_BUDGET
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import Workload
from engine.core import energy
from engine.core.errors import Cancelled, DeviceError, EngineError

Report = Callable[[], None]
"""Called between two calls of a variant, and while one takes long; it may raise ``Cancelled``."""

_EXPECTED_ERRORS = (RuntimeError, ValueError, MemoryError, ImportError, OSError)
"""Exceptions of libraries that cannot compute, out of memory among them: their messages suffice."""


def _unprepared(*_: Any) -> Any:
    raise RuntimeError("It is not prepared.")


UNPREPARED = Prepared(_unprepared, _unprepared)


@dataclass
class Lane:
    """``pace`` is in seconds of a warm call, ``target`` the number of samples to take; ``samples`` are seconds. One
    that is not ``usable`` says so in its ``note`` and holds nothing. ``peak`` is the most memory, in bytes, that its
    process has held while it was at work; NaN where the variants share this one. ``joules`` are what the machine drew
    in ``metered`` calls, NaN where nothing tells, known to ``joules_error``.
    """

    variant: Variant
    ready: Prepared = UNPREPARED
    pace: float = 0.0
    target: int = 0
    threads: int = 0
    samples: list[float] = field(default_factory=list)
    error: float = np.nan
    peak: float = np.nan
    joules: float = 0.0
    joules_error: float = 0.0
    metered: int = 0
    usable: bool = True
    note: str = ""
    held: ExitStack = field(default_factory=ExitStack)

    def begin(self, workload: Workload, inputs: Any, expected: Any, report: Report) -> None:
        """Bring the inputs in place, call once and compare the result with what is ``expected``."""
        report()
        with self.watched():
            self.prepare(inputs)
            self.pace, result = self.call()
            self._check(workload, result, expected)

    def warm_up(self, seconds: float, report: Report) -> None:
        """Call until so many seconds are spent; ``pace`` is then the last call's."""
        spent = 0.0
        while self.usable and self.pace <= SAMPLING_BUDGET and spent < seconds:
            report()
            with self.watched():
                self.pace, _ = self.call()
                spent += self.pace

    def sample(self, count: int, report: Report) -> None:
        """Take samples until there are ``count``, after a call that wakes the library and the processor's clock."""
        with self.watched():
            self.call()
            before, begun = energy.counters().read(), len(self.samples)
            while len(self.samples) < count:
                self.samples.append(self.call()[0])
                report()
            self.joules += energy.counters().since(before)
            self.joules_error += energy.step() if before else np.nan
            self.metered += len(self.samples) - begun

    def prepare(self, inputs: Any) -> None:
        """Bring the inputs to where the variant computes. Raises what it raises."""
        ready: Any = self.held.enter_context(self.variant.prepare(inputs))
        if not isinstance(ready, Prepared):
            raise TypeError(f"it prepared a {type(ready).__name__}, and must yield Prepared")
        self.ready = ready
        self.threads = self.ready.threads

    def close(self) -> None:
        """Give back all that it holds."""
        self.ready = UNPREPARED
        with suppress(Exception):  # a device that has failed may fail to release too
            self.held.close()

    def reject(self, note: str) -> None:
        """Take it out of the benchmark, with the reason."""
        self.usable, self.note, self.target = False, note, 0
        self.samples.clear()
        self.close()

    def _check(self, workload: Workload, result: Any, expected: Any) -> None:
        """Rejects it where the result is too far from what is expected."""
        values = self.ready.values(result)
        if not hasattr(values, "shape"):
            raise TypeError(f"its values are a {type(values).__name__}, and must be an array")
        self.error, bound = workload.error(values, expected), workload.bound()
        if not self.error <= bound:
            self.reject(
                f"{self.variant.title} differs from {workload.versus()} by {self.error:.1e} where {bound:.1e} is "
                "allowed: not used."
            )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A failure of the variant within the block becomes its note."""
        try:
            yield
        except Cancelled:
            raise
        except EngineError as error:
            self.reject(str(error))
        except Exception as error:  # noqa: BLE001 - a variant may raise anything, and the others go on
            self.reject(f"{self.variant.title} failed: {first_line(error)}")

    def call(self) -> tuple[float, Any]:
        """Wall seconds of one call to its last value, and the result."""
        call = self.ready.call
        began = time.perf_counter()
        result = call()
        return time.perf_counter() - began, result


def first_line(error: Exception) -> str:
    """What an error of a library says, without the rest of its report; of one that is no library's its name too."""
    message, name = str(error), type(error).__name__
    first = message.splitlines()[0] if message else name
    return first if isinstance(error, _EXPECTED_ERRORS) or not message else f"{name}: {first}"


def expected_of(workload: Workload, inputs: Any) -> Any:
    """What results are compared with. Raises ``DeviceError`` where the reference cannot compute it."""
    try:
        return workload.expected(inputs)
    except EngineError:
        raise
    except Exception as error:
        raise DeviceError(
            f"{workload.label()} cannot be checked: {workload.versus()} failed: {first_line(error)}"
        ) from error
