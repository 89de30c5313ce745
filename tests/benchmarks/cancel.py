"""Cancel of a training by a worker: from the click to a worker that is free again, for every kind of model.

A kind that reports its steps stops by itself; one that is solved at once loses its process after 0.3 seconds.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import numpy as np

from engine.core.config import Compute
from engine.core.progress import Progress
from engine.jobs.cluster import Cluster
from engine.models import MODELS, call_model
from engine.models.dataset import Dataset
from engine.models.fitting import TrainingCurve

FEATURES = 20
LATER, BEGUN = 0.5, 20.0
"""Seconds of training before the cancel, and for the first step of a kind that tells steps: torch is imported first."""
ROWS, WORKERS = 60_000, 2
LONG = {"epochs": 200, "rounds": 5000, "iterations": 1000, "trees": 1000, "early_stopping": 0, "patience": 0}
"""Sizes that make a training last, where a kind has such a field."""


def rows_of(count: int) -> Dataset:
    """Rows of noise, with labels of two classes."""
    random = np.random.default_rng(0)
    time_of = np.datetime64("2000-01-01", "ms") + np.arange(count) * np.timedelta64(60_000, "ms")
    place = np.arange(count, dtype=np.int64)
    return Dataset(
        matrix=random.normal(size=(count, FEATURES)),
        place=place,
        time=time_of,
        symbol=np.zeros(count, dtype=np.int32),
        label=random.integers(0, 2, count).astype(np.float64),
        end=time_of,
        reach=np.ones(count, dtype=np.int64),
        known=time_of,
    )


def long_training(progress: Progress, kind: str) -> int:
    """A training of the kind that lasts, in a worker."""
    fields = MODELS.available()[kind].model_fields
    model = MODELS.parse({"kind": kind} | {name: value for name, value in LONG.items() if name in fields})
    data = rows_of(ROWS)
    progress(0.0, "begun")
    later = data.where(np.arange(ROWS) >= ROWS * 4 // 5) if model.wants_validation() else None
    call_model.fit(model, data, later, 0, TrainingCurve(progress, model.step))
    return 0


def met(progress: Progress, folder: str, count: int) -> int:
    """Wait for as many jobs like this one to run at the same time."""
    (Path(folder) / f"met-{os.getpid()}").touch()
    while len(list(Path(folder).glob("met-*"))) < count:
        time.sleep(0.005)
    return os.getpid()


def seconds(cluster: Cluster, folder: Path, kind: str) -> float | None:
    """From the cancel until as many jobs run at once as there are workers; None where the training was over before."""
    begun: Queue[Any] = Queue()
    name = f"{kind}-{time.monotonic()}"
    future = cluster.submit(name, long_training, kind, listen=lambda event: begun.put(event))
    _progress(begun, 120)
    if MODELS.available()[kind].step:
        with suppress(Empty):
            _progress(begun, BEGUN)
    time.sleep(LATER)
    if future.done():
        future.result()  # raises what went wrong
        return None
    for file in folder.glob("met-*"):
        file.unlink()
    at = time.perf_counter()
    cluster.cancel(name)
    waiting = [cluster.submit(f"{name}-after-{n}", met, str(folder), WORKERS) for n in range(WORKERS)]
    for job in waiting:
        job.result(120)
    return time.perf_counter() - at


def _progress(begun: Queue[Any], timeout: float) -> None:
    """Wait for the job's next progress; raises ``Empty`` where none comes."""
    while begun.get(timeout=timeout)["event"] != "progress":
        pass


def row(runs: int = 3) -> tuple[str, ...]:
    """For the table of the benchmarks."""
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Compute(workers=WORKERS), Path(folder))
        try:
            for kind in MODELS.available():
                found = [
                    took for took in (seconds(cluster, Path(folder), kind) for _ in range(runs)) if took is not None
                ]
                if found:
                    taken[kind] = found
        finally:
            cluster.close()
    worst = max(taken, key=lambda kind: statistics.median(taken[kind]))
    every = [took for found in taken.values() for took in found]
    what = f"cancel of a training, click to free worker: the slowest of {len(taken)} kinds, {worst}"
    return what, "1 s", f"{statistics.median(taken[worst]):.2f} s", f"{min(every):.2f} to {max(every):.2f} s over all"
