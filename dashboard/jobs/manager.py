"""Background callbacks as jobs of the cluster: Dash's manager, and the shell's view of what runs.

A callback with ``background=True`` runs in a worker process. It is a plain function of its arguments: there is no
callback context in a worker, for equal requests of several tabs are one job. With ``progress=`` set to one output, its
first argument takes ``{"fraction": , "message": , "partial": }``, and that output receives it with the job's status. It
returns plain JSON values.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from dash.background_callback.managers import BaseBackgroundCallbackManager

from dashboard.jobs import elsewhere, listing
from dashboard.jobs.call import JobFunction, run_callback
from dashboard.jobs.exchange import page_in, progress_of, spec_in, value_of, why_lost
from dashboard.jobs.listing import Job, Status
from dashboard.jobs.progress_store import ProgressStore
from dashboard.jobs.requested import Request, job_key, resources
from dashboard.security.requests import require_fit
from engine.core.config import Config
from engine.core.database import prepare_cache
from engine.core.errors import Cancelled, EngineError, JobError, QueueFull, StoreError
from engine.core.spec import Resources, canonical_json
from engine.jobs import worker
from engine.jobs.cluster import Cluster
from engine.jobs.use import Use, total

_POLL = 0.25  # seconds that a request for a result may wait for it
_UNWANTED = 100  # cancels of what has not been asked for that are remembered, lest a forger fill the memory
_log = logging.getLogger("stratoscope.jobs")


@dataclass(eq=False)
class _Active:
    """A job from its call to the record of its end, with what it and its parts have taken: what is heard of an earlier
    one under its key is not of it.
    """

    status: Status = "queued"
    uses: list[Use] = field(default_factory=list)


class DaskManager(BaseBackgroundCallbackManager):
    """Runs background callbacks on the cluster and answers Dash's polls.

    ``callbacks`` names the function, as ``package.module:function``, that imports every module with callbacks: workers
    call it. ``threads`` is how many the server has: at most half of them wait for a result at a time. ``warm`` lists
    what workers import in advance.
    """

    def __init__(
        self,
        config: Config,
        callbacks: str = "dashboard.callbacks:import_callbacks",
        threads: int = 16,
        warm: Sequence[str] = worker.HEAVY,
    ) -> None:
        cache = prepare_cache(config.cache)
        self._cluster = Cluster(config.compute, cache / "workers", (callbacks, *warm))
        self._live = ProgressStore(cache / "live")
        self._callbacks, self._limit = callbacks, config.compute.queue_limit
        self._active: dict[str, _Active] = {}
        self._unwanted: dict[str, float] = {}  # keys cancelled before they were asked for, and until when that holds
        self._changed = threading.Condition()  # guards these two; notified when a job has ended
        self._waiters = threading.BoundedSemaphore(max(1, threads // 2))
        self._recorder = ThreadPoolExecutor(1, "job-recorder")  # keeps the cluster's thread free of disks
        self._started = self._closed = False
        super().__init__(None)

    def start(self) -> None:
        """Bring the workers up in the background; mark what an earlier server left unfinished as interrupted."""
        with self._changed:
            if self._started:
                return
            self._started = True
            self._interrupt()
        self._cluster.start()

    def close(self) -> None:
        """Stop the workers; what waits or runs is interrupted."""
        self._closed = True
        self._cluster.close()
        self._recorder.submit(self._live.close)
        self._recorder.shutdown()
        self._interrupt()
        self._live.close()

    # What the shell asks.

    def active(self) -> list[Job]:
        """Jobs that wait or run, oldest first, with their progress; then those of other processes on this cache."""
        own = [self._with_progress(job) for job in listing.active()]
        keys = {job.key for job in own}
        return [*own, *(job for job in elsewhere.active() if job.key not in keys)]

    def recent(self, limit: int = 20) -> list[Job]:
        """Jobs that have ended, newest first."""
        return listing.ended(limit)

    def progress(self, key: str) -> dict[str, Any] | None:
        """``status``, ``fraction``, ``message``, ``partial``, ``created`` and ``started`` of a job of today, and the
        ``pid`` of the process that runs it, or has.
        """
        return self._live.progress(key)

    def at_work(self) -> dict[int, tuple[str, ...]]:
        """Keys of the jobs that each worker process computes, whole or in part, by its process id."""
        found: dict[int, tuple[str, ...]] = {}
        for key, places in self._cluster.at_work().items():
            for place in places:
                found[place.pid] = (*found.get(place.pid, ()), key)
        return found

    def cancel(self, key: str, within: float = 0.0) -> bool:
        """Stop a job for all who wait for it; False if it does not wait or run. Its worker is free in a second.

        Then the one that is asked for under the key ``within`` so many seconds is stopped as it arrives.
        """
        with self._changed:
            found = self._cluster.cancel(key)
            if not found and within:
                self._refuse(key, within)
        if found:
            self._recorder.submit(int).result()  # returns when the cancel is recorded
        return found

    # What Dash asks.

    def make_job_fn(self, fn: Callable[..., Any], progress: bool, key: str | None = None) -> JobFunction:
        return JobFunction(str(key), fn.__module__, fn.__name__, bool(progress))

    def build_cache_key(self, fn: Any, args: Any, cache_args_to_ignore: Any, triggered: Any) -> str:
        """``job_key``, if the one argument is a request's JSON. Raises ``EngineError`` for one that cannot be run, and
        ``Refused`` for arguments that no page can have sent: a worker cannot ask.
        """
        require_fit()
        spec = spec_in(args)
        if spec is None:
            return cast(str, super().build_cache_key(fn, args, cache_args_to_ignore, triggered))
        return job_key(spec)

    def call_job_fn(self, key: str, job_fn: JobFunction, args: Any, context: Any) -> str:
        """Start the job, or join the one that runs under ``key``. Raises ``QueueFull``."""
        self.start()
        spec = spec_in(args)
        with self._changed:
            if key in self._active:
                return key
            waiting = sum(job.status == "queued" for job in self._active.values())
            if waiting >= self._limit:
                raise QueueFull(f"The queue is full ({waiting} jobs waiting): try again later, or cancel a job.")
            job = self._new_job(key, job_fn, spec, page_in(context))
            self._live.clear(key)
            self._live.set_progress(key, progress_of(job))
            _unless_full(listing.add, job)
            self._send(key, job_fn, args, resources(spec))
            if self._unwanted.pop(key, 0.0) > time.monotonic():
                self._cluster.cancel(key)
        return key

    def get_progress(self, key: str) -> list[dict[str, Any]] | None:
        """The progress, for the callback's one progress output. It is not consumed: several tabs may read it."""
        progress = self._live.progress(key)
        return [progress] if progress else None

    def result_ready(self, key: str) -> bool:
        with self._changed:
            return key not in self._active and self._live.outcome(key) is not None

    def get_result(self, key: str, job: str | None) -> Any:
        """The result, for every tab that asks; ``UNDEFINED`` while the job runs, after a short wait for its end. Who
        has seen it may ask for the job anew: it is there no sooner than the key is free.
        """
        if self._wait_for_end(key):
            return self.UNDEFINED
        outcome = self._live.outcome(key) or {"error": why_lost(listing.find(key))}
        if "error" in outcome:
            return {"background_callback_error": {"msg": outcome["error"], "tb": ""}}
        return outcome["result"]

    def job_running(self, job: str | None) -> bool:
        """True: ``get_result`` says when a job has ended.

        Dash asks after it has seen no result; a job that ended in between would lose its result if this said so.
        """
        return True

    def terminate_job(self, job: str | None) -> None:
        """Nothing. Dash calls this when a tab has asked for something else, but other tabs may wait for the job, and
        its result is stored for later. Users cancel through ``cancel``.
        """

    def terminate_unhealthy_job(self, job: str | None) -> bool:
        return False  # the cluster looks after its workers

    def get_updated_props(self, key: str) -> dict[str, Any]:
        return {}  # jobs have no callback context to set properties with

    def clear_cache_entry(self, key: str) -> None:
        self._live.clear(key)

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        return self._live.secret(self.SIGNING_SECRET_KEY, generate().decode("ascii")).encode("ascii")

    def _send(self, key: str, job_fn: JobFunction, args: Any, resources: Resources) -> None:
        active = self._active[key] = _Active()
        future = self._cluster.submit(
            key,
            run_callback,
            self._callbacks,
            job_fn,
            args,
            resources=resources,
            listen=lambda event: self._record(partial(self._record_event, key, active, dict(event))),
        )
        future.add_done_callback(lambda done: self._record(partial(self._ended, key, done)))

    def _refuse(self, key: str, within: float) -> None:
        now = time.monotonic()
        unwanted = [(name, until) for name, until in self._unwanted.items() if until > now and name != key]
        self._unwanted = dict([*unwanted[-_UNWANTED:], (key, now + within)])

    # The recorder's thread. The list of jobs comes last: a reader that sees a change there finds the rest.

    def _record(self, action: Callable[[], None]) -> None:
        if not self._closed:
            self._recorder.submit(action)

    def _record_event(self, key: str, active: _Active, event: Mapping[str, Any]) -> None:
        with self._changed:
            if self._active.get(key) is not active:
                return  # said as the job was cancelled
        if event["event"] == "used":
            active.uses.append(Use.of(event))
            return
        progress = self._live.progress(key) or {}
        if event["event"] == "started":
            with self._changed:
                active.status = "running"
            progress |= {"status": "running", "started": time.time(), "message": "", "pid": event["pid"]}
            self._live.set_progress(key, progress)
            _unless_full(listing.set_running, key)
        else:
            self._live.set_progress(key, progress | {name: event[name] for name in ("fraction", "message", "partial")})

    def _ended(self, key: str, future: Future[Any]) -> None:
        error = future.exception()
        status: Status = "failed" if error else "done"
        if isinstance(error, Cancelled):
            status = "cancelled"
        elif error is not None and not isinstance(error, EngineError):
            _log.error("Job %s failed.", key, exc_info=error)
            error = JobError("The job failed with an internal error: see the server's log.")
        message = str(error) if error else "Done."
        try:
            progress = (self._live.progress(key) or {}) | {"status": status, "message": message, "partial": None}
            progress["fraction"] = progress.get("fraction", 0.0) if error else 1.0
            self._live.set_progress(key, progress)
            self._live.set_outcome(key, {"error": message} if error else {"result": value_of(future.result())})
            with self._changed:
                active = self._active.get(key)
            taken = total(active.uses if active else ())
            _unless_full(listing.set_ended, key, status, message, progress["fraction"], taken)
        except Exception:  # noqa: BLE001 - those who wait must hear of the end whatever happens to its record
            _log.exception("The end of job %s could not be recorded.", key)
        finally:
            with self._changed:
                self._active.pop(key, None)
                self._changed.notify_all()

    def _wait_for_end(self, key: str) -> bool:
        """Whether the job still runs, after a wait if the server has a thread to spare."""
        with self._changed:
            if key in self._active and self._waiters.acquire(blocking=False):
                try:
                    self._changed.wait_for(lambda: key not in self._active, _POLL)
                finally:
                    self._waiters.release()
            return key in self._active

    def _interrupt(self) -> None:
        for job in map(self._with_progress, _unless_full(listing.active) or ()):
            _unless_full(listing.set_ended, job.key, "interrupted", listing.INTERRUPTED, job.fraction)
            self._live.set_progress(job.key, progress_of(replace(job, status="interrupted")))

    def _with_progress(self, job: Job) -> Job:
        progress = self._live.progress(job.key) if job.is_active else None
        return replace(job, message=progress["message"], fraction=progress["fraction"]) if progress else job

    def _new_job(self, key: str, job_fn: JobFunction, spec: Request | None, page: str) -> Job:
        return Job(
            key=key,
            page=page,
            kind=spec.kind if spec else job_fn.name,
            label=spec.label() if spec else job_fn.name.replace("_", " "),
            spec=canonical_json(spec) if spec else "",
            message="Waiting for a free worker." if self._cluster.is_ready() else "The workers are starting.",
            created=time.time(),
        )


def _unless_full(change: Callable[..., Any], *args: Any) -> Any:
    """What ``change`` of the list of jobs returns. A full disk keeps a job from being listed, not from running."""
    try:
        return change(*args)
    except StoreError as error:
        _log.warning("The list of jobs is incomplete: %s", error)
        return None
