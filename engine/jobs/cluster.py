"""The only module that uses Dask, with ``local_cluster`` and ``fan_out``: an embedded cluster, or a remote scheduler.

A job is a function that is called as ``function(progress, *args)`` in a worker process, under a key: equal keys share
one job. The function must be importable there; what it is given and what it returns travel pickled between our own
processes, never through a file. The embedded cluster listens on the loopback address only and speaks TLS with
certificates that live in memory, so that no other user of the machine can have code run.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine.core.config import Compute
from engine.core.errors import Cancelled, JobError, WorkerLost
from engine.core.spec import Resources
from engine.jobs import local_cluster, worker
from engine.jobs.fan_out import distributes as distributes
from engine.jobs.fan_out import fan_out as fan_out
from engine.jobs.fan_out import pooled as pooled
from engine.jobs.local_cluster import CORES, GPU, OFFERED
from engine.jobs.local_cluster import distributed as _dask

Listener = Callable[[Mapping[str, Any]], None]
"""Told of ``{"event": "started"}``, ``{"event": "progress", "fraction":, "message":, "partial":}`` and, of the job and
of each of its parts, ``{"event": "used"}`` with the fields of ``use.Use``; all with the "pid" of the worker process, on
the cluster's own thread: it must return at once."""


_GRACE = 0.3  # seconds that a cancelled job has to stop by itself: three reports of progress
_STARTING = 5.0  # seconds that one has which its worker has not begun: it may import meanwhile, and not answer
_TIMEOUT = 10.0  # seconds within which a worker must have heard of a cancellation
_ATTEMPTS = 3  # attempts of a job whose worker died because of another job; workers that we kill do not count
_log = logging.getLogger("stratoscope.jobs")


@dataclass(frozen=True)
class WorkerProcess:
    """A worker process: its address in the cluster, and its process id on the machine where it runs."""

    address: str
    pid: int


@dataclass(eq=False)
class _Job:
    """A job from ``submit`` to its end: ``name`` is Dask's key of the attempt under way, ``task`` Dask's future, and
    ``processes`` that run the attempt and its parts, by Dask's keys, from start to end."""

    key: str
    payload: bytes
    resources: Resources
    listen: Listener | None
    future: Future[Any] = field(default_factory=Future)
    name: str = ""
    processes: dict[str, WorkerProcess] = field(default_factory=dict)
    task: Any = None


class Cluster:
    """Worker processes that run jobs. Every method but ``close`` returns at once.

    ``warm`` lists what each worker imports in the background when it starts (modules, or ``module:function`` to call);
    ``folder`` is the workers' working directory.
    """

    def __init__(self, compute: Compute, folder: Path, warm: Sequence[str] = worker.HEAVY) -> None:
        self._compute, self._folder, self._warm = compute, folder, tuple(warm)
        self._lock = threading.Lock()
        self._ready: Future[Any] = Future()  # of the client
        self._starter: threading.Thread | None = None
        self._template: threading.Thread | None = None
        self._embedded: Any = None
        self._jobs: dict[str, _Job] = {}  # by key
        self._names: dict[str, _Job] = {}  # by Dask's key
        self._failures: Counter[str] = Counter()  # attempts by key whose name in Dask must not be used again
        self._killed: set[str] = set()  # addresses of workers that we killed

    def start(self) -> None:
        """Start the workers in the background, unless started."""
        self._ensure_started()

    def is_ready(self) -> bool:
        """Whether workers are available."""
        return self._ready.done()

    def submit(
        self,
        key: str,
        function: Callable[..., Any],
        *args: Any,
        resources: Resources = Resources(),  # noqa: B008 - frozen
        listen: Listener | None = None,
    ) -> Future[Any]:
        """The future of the job ``key``, which is started unless it is queued or running already.

        A job that takes a GPU, or more threads than its worker's share of the cores, waits for a worker that has these
        ``resources`` to spare; where no worker offers any, it runs on whichever is free. The future raises what the
        function raised if that is an ``EngineError``, ``Cancelled`` after ``cancel``, ``WorkerLost`` when the process
        died under it, and else a ``JobError`` that names the error; the traceback goes to the log.
        """
        payload = worker.pack(function, *args)
        with self._lock:
            if key in self._jobs:
                return self._jobs[key].future
            job = self._jobs[key] = _Job(key, payload, resources, listen)
        self._ensure_started().add_done_callback(partial(self._launch, job))
        return job.future

    def cancel(self, key: str) -> bool:
        """Stop the job ``key``; False if there is none. Its future raises ``Cancelled`` at once.

        The next call of the job's progress raises ``Cancelled`` too; a job that makes none within 0.3 seconds loses its
        process, which starts anew, and one that has not begun within 5: its worker may be importing. A job that another
        server has submitted to the same scheduler continues.
        """
        with self._lock:
            job = self._jobs.pop(key, None)
            if job is None:
                return False
            self._failures[key] += 1
        job.future.set_exception(Cancelled("The job was cancelled."))
        if (task := job.task) is not None:  # looked at after the future is done: see _attempt
            grace = _GRACE if job.name in job.processes else _STARTING
            _spawn(task.client, self._evict(task.client, task, grace))
        return True

    def at_work(self) -> dict[str, tuple[WorkerProcess, ...]]:
        """Who has which job, by its key: the process that runs it, then others that compute parts of it right now.

        Jobs that wait are not among them.
        """
        with self._lock:
            return {at.key: tuple(dict.fromkeys(at.processes.values())) for at in self._jobs.values() if at.processes}

    def close(self) -> None:
        """Stop the workers of an embedded cluster, or leave the scheduler; jobs under way are given up."""
        if self._starter is not None:
            self._starter.join()
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.future.set_exception(Cancelled("The server was stopped."))
        with local_cluster.leaving():
            if self._ready.done():
                self._ready.result().close()
            if self._embedded is not None:
                local_cluster.stop(self._embedded)

    def _ensure_started(self) -> Future[Any]:
        with self._lock:
            if self._starter is None:
                self._starter = threading.Thread(target=self._connect_or_fail, name="cluster-start", daemon=True)
                self._starter.start()
            return self._ready

    def _connect_or_fail(self) -> None:
        try:
            client = self._connect()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the jobs that wait must hear of it
            _log.debug("The cluster did not start.", exc_info=True)
            self._reset().set_exception(self._start_error(error))
        else:
            self._ready.set_result(client)

    def _reset(self) -> Future[Any]:
        """Make the next job start the cluster again; returns the future that jobs have been waiting for."""
        with self._lock:
            ready, self._ready, self._starter = self._ready, Future(), None
        return ready

    def _start_error(self, error: Exception) -> JobError:
        if self._compute.scheduler is None:
            return JobError(f"The worker processes did not start: {type(error).__name__}: {error}.")
        advice = "start it, or remove 'compute.scheduler' from config.yaml to compute on this machine."
        return JobError(f"No scheduler answers at {self._compute.scheduler}: {advice}")

    def _connect(self) -> Any:
        if self._compute.scheduler is None:
            self._embedded = local_cluster.start(self._compute, self._folder)
        client = _dask().Client(self._compute.scheduler or self._embedded, timeout=5, set_as_default=False)
        client.subscribe_topic(worker.TOPIC, self._on_event)
        client.register_plugin(local_cluster.warm_up_plugin(self._warm))
        return client

    def _launch(self, job: _Job, ready: Future[Any]) -> None:
        if error := ready.exception():
            self._settle(job, error=error)
        else:
            _spawn(ready.result(), self._follow(ready.result(), job))

    async def _follow(self, client: Any, job: _Job) -> None:
        """The whole life of a job, on the client's event loop."""
        try:
            self._settle(job, value=worker.value_of(await self._attempt(client, job), job.key))
        except Exception as error:  # noqa: BLE001 - it is the job's outcome
            self._settle(job, error=error)
        finally:
            job.task = None  # lets the worker drop the result

    async def _attempt(self, client: Any, job: _Job) -> Any:
        losses = 0
        while losses < _ATTEMPTS:
            needs = _needs(job.resources, await self._offered(client), self._compute.threads_per_worker())
            if not self._name(job):  # cancelled on its way here: it is never sent
                break
            self._names[job.name] = job
            job.task = client.submit(worker.call, job.payload, key=job.name, resources=needs or None)
            try:
                if job.future.done():  # cancelled while there was no task to evict yet
                    await self._evict(client, job.task)
                return await job.task
            except _dask().KilledWorker as error:
                self._retire_name(job)
                losses += error.last_worker.address not in self._killed
                if self._is_at_fault(job):
                    break
            except _dask().CancelledError:
                if not job.future.done():
                    threading.Thread(target=self._disconnect, args=(client,), daemon=True).start()
                raise WorkerLost("The scheduler went away while this job ran: run it again.") from None
            finally:
                del self._names[job.name]
        raise self._worker_lost()

    async def _offered(self, client: Any) -> Mapping[str, float]:
        """What workers have. Ours may be starting anew, when the scheduler knows none: it is not asked about them."""
        return OFFERED if self._compute.scheduler is None else await _most_of_each(client)

    def _name(self, job: _Job) -> bool:
        """Name the next attempt of a job; False if it has been cancelled, when the name may be another's."""
        with self._lock:
            if self._jobs.get(job.key) is not job:
                return False
            count = self._failures[job.key]
            job.name, job.processes = f"run-{job.key}{f'-{count}' if count else ''}", {}
        return True

    def _retire_name(self, job: _Job) -> None:
        with self._lock:
            self._failures[job.key] += 1

    def _is_at_fault(self, job: _Job) -> bool:
        """Whether a job ran on the worker that died. Dask blames those that waited there as well; and where we killed
        the worker, it was for the sake of another job."""
        place = job.processes.get(job.name)
        return place is not None and place.address not in self._killed

    def _worker_lost(self) -> WorkerLost:
        return WorkerLost(
            "The worker process that ran this job died, usually for lack of memory: a worker may use "
            f"{self._compute.memory_limit_mb:,} MB ('compute.memory_limit_mb' in config.yaml). Make the job smaller, "
            "by fewer symbols, days or features, and a network also by smaller batches or a shorter window, or raise "
            "the limit, then run it again."
        )

    def _disconnect(self, client: Any) -> None:
        if self._ready.done() and self._ready.result() is client:
            self._reset()
            client.close()

    def _on_event(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """A message from a worker about a job or a part of one, on the client's event loop."""
        message = event[1]
        if message["event"] == "warm":
            self._keep_template()
            return
        name = message["task"]
        job = self._names.get(name) or self._names.get(worker.parent_task(name))
        if job is None or job.future.done():
            return
        if message["event"] == "started" and name == job.name and self._is_at_fault(job):
            # A scheduler that is not ours tries a job again when its worker has died. We do not.
            self._retire_name(job)
            task = job.task
            self._settle(job, error=self._worker_lost())
            _spawn(task.client, self._evict(task.client, task))
            return
        with self._lock:
            if message["event"] == "ended":
                job.processes.pop(name, None)
            elif message["event"] != "used":
                job.processes[name] = WorkerProcess(message["worker"], message["pid"])
        of_all = message["event"] == "used"  # parts take what the job takes
        if job.listen is not None and (of_all or (name == job.name and message["event"] != "ended")):
            job.listen(message)

    def _keep_template(self) -> None:
        """Once a worker is warm and the machine has time: what a kill costs from then on is no wait."""
        if self._embedded is not None and self._template is None:
            self._template = threading.Thread(
                target=local_cluster.keep_template, args=(self._warm,), name="worker-template", daemon=True
            )
            self._template.start()

    def _settle(self, job: _Job, value: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            if self._jobs.get(job.key) is not job:
                return  # cancelled meanwhile
            del self._jobs[job.key]
        job.future.set_exception(error) if error else job.future.set_result(value)

    async def _evict(self, client: Any, task: Any, grace: float = 0.0) -> None:
        """Have the workers drop a task, and kill those that still work on it after the grace."""
        try:
            await _until_known(client, task)
            processing = await client.processing()
            states = {address: "" for address, tasks in processing.items() if worker.has_task(tasks, task.key)}
            await client.cancel([task])
            began = time.monotonic()
            while states and time.monotonic() < began + _TIMEOUT:
                await asyncio.sleep(0.03)
                answers = await asyncio.gather(*(_ask(client, address, task.key) for address in states))
                states = {address: state for address, state in zip(states, answers, strict=True) if state}
                if time.monotonic() > began + (grace or _GRACE):
                    for address in [address for address, state in states.items() if state == "dropped"]:
                        del states[address]
                        await self._kill(client, address)
        except (OSError, KeyError) as error:  # the scheduler or the worker has gone, and the task with it
            _log.debug("Nothing left to cancel of %s: %s", task.key, error)

    async def _kill(self, client: Any, address: str) -> None:
        self._killed.add(address)
        try:
            has_nanny = await client.run(worker.kill_process, nanny=True, workers=[address])
        except (OSError, KeyError):
            return  # gone
        if not has_nanny:
            _log.warning("%s has no nanny: a cancelled job runs there until it ends.", address)


def _spawn(client: Any, coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(coroutine, client.loop.asyncio_loop)


async def _until_known(client: Any, task: Any) -> None:
    """Wait until the scheduler has unpacked a task, or it is over: the cancel of one that it does not know is lost."""
    deadline = time.monotonic() + _TIMEOUT
    while not task.done() and time.monotonic() < deadline:
        if (await client.scheduler.get_task_status(keys=[task.key]))[task.key] is not None:
            break
        await asyncio.sleep(0.01)


async def _ask(client: Any, address: str, name: str) -> str:
    """``lingering`` of one worker, by the scheduler's word where a job does not let the worker answer. A worker that
    has yet to hear of a cancel calls the task "wanted", as one does where another server waits for it."""
    try:
        try:
            answers = await asyncio.wait_for(client.run(worker.task_state, name, workers=[address]), 0.15)
            return str(answers.get(address, ""))
        except TimeoutError:
            processing = await client.processing([address])
            return "wanted" if worker.has_task(processing.get(address, ()), name) else "dropped"
    except (OSError, KeyError):
        return ""  # gone


def _needs(resources: Resources, offered: Mapping[str, float], share: int) -> dict[str, float]:
    """What a job asks of its worker, in Dask's words, out of what the cluster has."""
    requested = {GPU: resources.gpus, CORES: int(resources.threads > share)}
    return {name: min(count, offered[name]) for name, count in requested.items() if count and name in offered}


async def _most_of_each(client: Any) -> dict[str, float]:
    """The most that one worker of a scheduler has of each resource."""
    workers = (await client.scheduler.identity(n_workers=-1))["workers"].values()
    names = {name for item in workers for name in item["resources"]}
    return {name: max(float(item["resources"].get(name, 0)) for item in workers) for name in names}
