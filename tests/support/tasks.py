"""Tasks for the cluster's workers in tests; each takes the progress first, as every job."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.core.errors import Cancelled, DataError, SpecError
from engine.core.progress import Progress
from engine.jobs.cluster import fan_out, pooled
from engine.jobs.fan_out import other_jobs

warmed: list[int] = []


def warm() -> None:
    """What a worker is told to do when it starts."""
    warmed.append(os.getpid())


def is_warm(progress: Progress) -> bool:
    return warmed == [os.getpid()]


def nothing(progress: Progress) -> int:
    return os.getpid()


def parent(progress: Progress) -> int:
    return os.getppid()


def others(progress: Progress) -> int:
    """How many other jobs run."""
    return other_jobs()


def add(progress: Progress, one: int, two: int) -> int:
    return one + two


def import_part(progress: Progress) -> int:
    """Import a part of a package by its own name, as jobs do."""
    from tests.support.slow.part import NUMBER

    return NUMBER


def note(progress: Progress, file: Path, seconds: float = 0.0) -> str:
    """Leave a line in ``file``; how often a job ran can be counted there."""
    with file.open("a") as lines:
        lines.write("ran\n")
    time.sleep(seconds)
    return str(file)


def held(progress: Progress, file: Path, gate: Path) -> str:
    """``note``, and then wait until ``gate`` is there."""
    note(progress, file)
    await_file(gate)
    return str(file)


def await_file(path: Path) -> None:
    """Wait until a test says so by a file."""
    while not path.exists():
        time.sleep(0.01)


def is_known(name: str, dask_worker: Any = None) -> bool:
    """Whether a worker, or the scheduler, where this is to be run, still knows the task."""
    return name in getattr(dask_worker, "state", dask_worker).tasks


def span(progress: Progress, seconds: float) -> tuple[float, float]:
    """When the job began and when it ended."""
    began = time.time()
    time.sleep(seconds)
    return began, time.time()


def tell(progress: Progress, count: int, gate: Path) -> float:
    """Report ``count`` times as fast as can be, then fall silent until ``gate`` is there; seconds of reporting."""
    began = time.monotonic()
    for number in range(count):
        progress(number / count, f"step {number}", {"number": number})
    took = time.monotonic() - began
    await_file(gate)
    return took


def polite(progress: Progress, file: Path) -> None:
    """Work until told to stop, and leave a note then."""
    try:
        while True:
            progress(0.5, str(os.getpid()))
            time.sleep(0.01)
    except Cancelled:
        file.write_text("stopped")
        raise


def asleep(progress: Progress, gate: Path | None = None) -> None:
    """Report the process, and sleep from then on, or once ``gate`` is there."""
    progress(0.0, str(os.getpid()))
    if gate:
        await_file(gate)
    time.sleep(600)


def busy(progress: Progress, gate: Path) -> None:
    """Multiply matrices, without a glance at the progress."""
    import numpy as np

    progress(0.0, str(os.getpid()))
    await_file(gate)
    matrix = np.ones((300, 300))
    while True:
        matrix @ matrix


def hoarding(progress: Progress, gate: Path) -> None:
    """Keep the interpreter to itself, so that not even the worker around it can answer."""
    progress(0.0, str(os.getpid()))
    await_file(gate)
    _ = 7 ** (10**9)


def dying(progress: Progress, gate: Path) -> None:
    """Die once ``gate`` is there."""
    progress(0.0, "about to die")
    await_file(gate)
    os.kill(os.getpid(), signal.SIGKILL)


def greedy(progress: Progress) -> None:
    """Take ever more memory."""
    hoard = []
    while True:
        hoard.append(b"x" * 50_000_000)
        time.sleep(0.02)


def wrong_spec(progress: Progress) -> None:
    raise SpecError([("strategy.fast", "Fast must be below slow."), ("", "Nothing fits.")])


def no_data(progress: Progress) -> None:
    raise DataError("There are no bars of NOPE.")


def hold_memory(progress: Progress, megabytes: int) -> int:
    """Fills so much memory, and gives it back."""
    return len(bytes(bytearray(megabytes * 2**20)))


def mistaken(progress: Progress) -> float:
    return 1 / 0


def spread(progress: Progress, items: Sequence[float]) -> list[tuple[float, int]]:
    """(item, process) of each item, which takes as many seconds."""
    return fan_out(_part, items, progress)


def _part(seconds: float, progress: Progress) -> tuple[float, int]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        progress(0.0, "")
        time.sleep(0.01)
    return seconds, os.getpid()


def spread_held(progress: Progress, count: int, gate: Path) -> list[int]:
    """The process of each part, all of which wait until ``gate`` is there."""
    return fan_out(_held_part, [gate] * count, progress)


def _held_part(gate: Path, progress: Progress) -> int:
    await_file(gate)
    return os.getpid()


def spread_mistake(progress: Progress) -> list[float]:
    return fan_out(_mistaken_part, [3.0, 2.0, 1.0, 0.0], progress)


def _mistaken_part(item: float, progress: Progress) -> float:
    if not item:
        raise DataError("There is nothing in zero.")
    return 1 / item


def spread_stubborn(progress: Progress) -> list[None]:
    return fan_out(_stubborn_part, [600.0, 600.0, 600.0], progress)


def _stubborn_part(seconds: float, progress: Progress) -> None:
    time.sleep(seconds)


def circumstances(progress: Progress) -> tuple[object, bool]:
    """Whether this worker may write what it holds to disk, and whether Ctrl-C stops it."""
    import dask

    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return dask.config.get("distributed.worker.memory.spill"), signal.SIGINT not in blocked


def sweep_of(progress: Progress, text: str) -> list[float]:
    """Sharpe ratios of a sweep over the sample."""
    import engine

    found = engine.load_spec(text)
    from engine.backtest.sweeps.run import run_sweep

    return list(run_sweep(found, {"market": engine.run(found.base.market)}, progress).sharpe[0])  # type: ignore[attr-defined]


def pooled_sums(progress: Progress, count: int) -> list[tuple[float, int]]:
    """Parts of which each is sent when the one two before it is known, the first ones the slowest; with the processes
    that computed them.
    """
    found: list[tuple[float, int]] = []
    with pooled(_part, 2, lambda: progress(len(found) / count, "Waiting.")) as pool:
        for number in range(count):
            pool.send(number, 0.2 / (number + 1))
            if number:
                found.append(pool.value(number - 1))
        return [*found, pool.value(count - 1)]
