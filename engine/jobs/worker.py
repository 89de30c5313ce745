"""Code that runs in a worker process: the call of a job, its progress, and the imports that keep the process warm.

Nothing here imports Dask: ``engine.jobs.cluster`` sends these functions to workers, which hand their worker object
in. Calls and outcomes travel as bytes, so that they are unpickled in the thread of the job: Dask
would do it on the thread that keeps the worker alive, and unpickling imports modules.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.core import errors
from engine.core.errors import Cancelled, EngineError, JobError, SpecError
from engine.core.progress import cancellable
from engine.jobs.use import Meter

HEAVY = (
    *("pandas", "numba", "scipy.stats", "sklearn", "lightgbm", "talib"),
    "engine.backtest.precompile:precompile",
    *("matplotlib.pyplot", "quantstats", "vectorbt"),  # the last needs the others
    *("torch", "mlx.core"),
)
"""Imports that workers preload, in the order of likely use and in small steps, as a job that arrives meanwhile waits
for the end of a step."""

TOPIC = "stratoscope"
"""Under which workers send messages to servers: mappings with "event", "task" (Dask's key, if any), "worker", "pid"."""

_THROTTLE = 0.05  # seconds between two messages of progress
_LOOK = 0.05  # seconds between two looks of a task that waits for the end of an import
_IMPORTING = threading.Lock()  # held by the warm-up while it imports
_log = logging.getLogger("stratoscope.jobs")

_FREED = {"MALLOC_TRIM_THRESHOLD_": 16 << 20, "MALLOC_MMAP_THRESHOLD_": 4 << 20}
"""Bytes freed at the end of the heap that glibc keeps, and those of an array from which on it is none of the heap's.
Dask's own 64 KiB give every array back at once: sweeps spent two fifths of their time on getting new pages.
"""


def call(payload: bytes) -> bytes:
    """The outcome of ``function(progress, *args)``, packed as ``payload``; the server hears of start and end."""
    progress = TaskProgress(this_worker())
    progress.begin()

    def run() -> object:
        function, *args = _unpack(payload)
        return function(progress, *args)

    meter = Meter(alone=progress.is_alone())
    with cancellable(progress.look):
        outcome = outcome_of(run)
    progress.flush()
    progress.send({"event": "used", **meter.use().event()})
    progress.send({"event": "ended"})
    return outcome


def call_part(payload: bytes) -> bytes:
    """The outcome of ``function(item, progress)``, whose progress only looks out for a cancel."""
    progress = TaskProgress(this_worker(), silent=True)
    progress.begin()

    def run() -> object:
        function, item = _unpack(payload)
        return function(item, progress)

    meter = Meter(alone=progress.is_alone())
    with cancellable(progress.look):
        outcome = outcome_of(run)
    progress.send({"event": "used", **meter.use().event()})
    progress.send({"event": "ended"})
    return outcome


def outcome_of(call: Callable[[], object]) -> bytes:
    """``{"value": ...}``, or ``{"error": ...}`` with the error as text: an exception need not survive the journey."""
    try:
        return pickle.dumps({"value": call()})
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the job's outcome
        return pickle.dumps(
            {
                "error": type(error).__name__,
                "ours": isinstance(error, EngineError),
                "message": str(error),
                "problems": getattr(error, "problems", ()),
                "traceback": traceback.format_exc(),
            }
        )


def value_of(outcome: bytes, key: str) -> Any:
    """The value of an outcome; raises its error, a foreign one as a ``JobError`` whose traceback goes to the log."""
    found = _unpack(outcome)
    if "error" not in found:
        return found["value"]
    name, message = found["error"], found["message"]
    if not found["ours"]:
        _log.error("Job %s failed.\n%s", key, found["traceback"])
        first_line = message.strip().partition("\n")[0][:300]
        raise JobError(f"The job failed: {name}: {first_line}".rstrip(". :") + ".")
    kind = getattr(errors, name, JobError)
    raise kind(found["problems"]) if issubclass(kind, SpecError) else kind(message)


def pack(*call: object) -> bytes:
    """A function and what it is given. Raises ``TypeError`` or ``PicklingError`` for what cannot be imported."""
    return pickle.dumps(call)


def _unpack(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301 - from our own processes, over the cluster's connections, never from a file


class TaskProgress:
    """Progress of the task that this thread runs. It is sent at most 20 times a second, and the last always is.

    Raises ``Cancelled`` once the scheduler has made this worker drop the task.
    """

    def __init__(self, worker: Any, silent: bool = False) -> None:
        self._worker, self._silent = worker, silent
        self._task = worker.get_current_task()
        self._lock = threading.Lock()
        self._sent = 0.0
        self._waiting: Mapping[str, Any] | None = None

    def begin(self) -> None:
        """Say that the task has started, once no import is under way: Python fails where one thread imports a package
        and another a part of it. Raises ``Cancelled`` where the task is dropped meanwhile: an import may take longer
        than a cancelled task has time, and its process is worth keeping.
        """
        while not _IMPORTING.acquire(timeout=_LOOK):
            self.look()
        try:
            self.look()
            self.send({"event": "started"})
        finally:
            _IMPORTING.release()

    def look(self) -> None:
        """Raise ``Cancelled`` where the task has been dropped."""
        task = self._worker.state.tasks.get(self._task)
        if task is None or task.state not in ("executing", "long-running"):
            raise Cancelled("The job was cancelled.")

    def is_alone(self) -> bool:
        """Whether the worker does nothing besides."""
        return len(self._worker.state.executing) + len(self._worker.state.long_running) <= 1

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        self.look()
        if self._silent:
            return
        with self._lock:
            idle = self._waiting is None
            if partial is None and self._waiting is not None:
                partial = self._waiting["partial"]  # what has not been sent must not be lost
            self._waiting = {"fraction": float(fraction), "message": message, "partial": partial}
        pause = self._sent + _THROTTLE - time.monotonic()
        if pause <= 0:
            self.flush()
        elif idle:
            self._worker.loop.add_callback(self._worker.loop.call_later, pause, self.flush)

    def flush(self) -> None:
        """Send the latest progress, unless it is sent."""
        with self._lock:
            event, self._waiting = self._waiting, None
            self._sent = time.monotonic()
        if event is not None:
            self.send({"event": "progress", **event})

    def send(self, event: Mapping[str, Any]) -> None:
        """Tell the server; raises ``TypeError`` for what is not plain data."""
        send_event(self._worker, self._task, event)


def send_event(worker: Any, task: str, event: Mapping[str, Any]) -> None:
    """Tell the server of a task, from its worker or from the one that waits for it; raises as ``TaskProgress.send``."""
    worker.log_event(TOPIC, {**event, "task": task, "worker": worker.address, "pid": os.getpid()})


def this_worker() -> Any:
    """The worker whose task this thread runs, or None."""
    module = sys.modules.get("distributed.worker")
    try:
        return module.get_worker() if module else None
    except ValueError:
        return None


def settings(workers: int) -> dict[str, object]:
    """Dask's settings for ``workers`` processes of our own, whose libraries share the cores."""
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = dict.fromkeys(threads, max((os.cpu_count() or 1) // workers, 1)) | _FREED
    return {
        "distributed.nanny.pre-spawn-environ": environment,
        "distributed.worker.multiprocessing-method": "spawn",  # until ``local_cluster.keep_template``
        "distributed.scheduler.allowed-failures": 0,  # what killed one worker would kill the next
        "distributed.scheduler.work-stealing-interval": "100ms",
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.worker.profile.enabled": False,
        # Nothing is spilled: that would write pickles to disk. A job beyond the limit dies, with a sentence.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        # A worker that happens to be starting anew at the end of this time would never come back.
        "distributed.deploy.lost-worker-timeout": "365d",
        "distributed.admin.low-level-log-length": 100,
        "distributed.admin.large-graph-warning-threshold": "1GB",  # parts may carry arrays
    }


def warm_up(worker: Any, modules: Sequence[str]) -> None:
    """Import ``modules``, or call ``module:function``, in the background of a worker that has just started."""
    threading.Thread(target=_warm_up, args=(worker, modules), name="warm-up", daemon=True).start()


def _warm_up(worker: Any, modules: Sequence[str]) -> None:
    """Import ``modules`` at low priority, one after the other, and none while a job runs."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
    for module in modules:
        while not _load_if_idle(worker, module):
            time.sleep(0.05)
    send_event(worker, "", {"event": "warm"})


def _load_if_idle(worker: Any, module: str) -> bool:
    with _IMPORTING:
        if worker.state.executing or worker.state.long_running:
            return False
        with contextlib.suppress(Exception):  # the job that needs it will tell
            load(module)
        return True


def load(path: str) -> Any:
    """The module ``package.module``, or what ``package.module:function`` returns."""
    name, _, function = path.partition(":")
    module = importlib.import_module(name)
    return getattr(module, function)() if function else module


def part_names(name: str, numbers: Iterable[int]) -> list[str]:
    """Dask's keys of parts of the task ``name``, never used before."""
    stem = f"{name}/{uuid.uuid4().hex[:8]}"
    return [f"{stem}/{n}" for n in numbers]


def parent_task(part: str) -> str:
    """The task that ``part`` is a part of, by Dask's keys."""
    return part.rsplit("/", 2)[0]


def has_task(keys: Iterable[object], name: str) -> bool:
    """Whether the task ``name`` or a part of it is among ``keys``."""
    return any(key == name or str(key).startswith(f"{name}/") for key in keys)


def task_state(name: str, dask_worker: Any) -> str:
    """What a worker does with a task or its parts: "" nothing, "wanted" by some server, or "dropped"."""
    state = dask_worker.state
    found = [task for task in {*state.executing, *state.long_running} if has_task([task.key], name)]
    if any(task.state in ("cancelled", "resumed") for task in found):
        return "dropped"
    return "wanted" if found else ""


def at_work(dask_worker: Any) -> list[str]:
    """Dask's keys of the tasks that a worker computes right now."""
    return [str(task.key) for task in {*dask_worker.state.executing, *dask_worker.state.long_running}]


def kill_process(dask_worker: Any) -> bool:
    """Kill the process that a nanny looks after; the nanny starts another."""
    if dask_worker.pid is not None:
        os.kill(dask_worker.pid, signal.SIGKILL)
    return True
