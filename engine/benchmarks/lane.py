"""One variant during a benchmark: ready to be called, its samples so far, or why it is out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.benchmarks.variants import Prepared, Variant
from engine.core.errors import Cancelled, EngineError

_EXPECTED_ERRORS = (RuntimeError, ValueError, MemoryError, ImportError, OSError)
"""Exceptions of libraries that cannot compute, out of memory among them: their messages suffice."""


def _unprepared(*_: Any) -> Any:
    raise RuntimeError("It is not prepared.")


UNPREPARED = Prepared(_unprepared, _unprepared)


@dataclass
class Lane:
    """``pace`` is in seconds of a warm call, ``target`` the number of samples to take; ``samples`` are seconds. One
    that is not ``usable`` says so in its ``note`` and holds nothing.
    """

    variant: Variant
    ready: Prepared = UNPREPARED
    pace: float = 0.0
    target: int = 0
    threads: int = 0
    samples: list[float] = field(default_factory=list)
    error: float = np.nan
    usable: bool = True
    note: str = ""
    held: ExitStack = field(default_factory=ExitStack)

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
