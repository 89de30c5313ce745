"""Queries of a cluster: its messages, its workers, and the results that it has released."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import Queue
from typing import Any

from engine.jobs.cluster import Cluster
from tests.support import tasks

TIMEOUT = 240.0  # seconds, for a machine that other things keep busy
WORKERS = 2


class Heard:
    """A listener that remembers; ``first`` waits for the first report of progress."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Mapping[str, Any]]] = []
        self._reports: Queue[Mapping[str, Any]] = Queue()

    def __call__(self, event: Mapping[str, Any]) -> None:
        self.events.append((time.monotonic(), event))
        if event["event"] == "progress":
            self._reports.put(event)

    def first(self) -> Mapping[str, Any]:
        return self._reports.get(timeout=TIMEOUT)

    def messages(self) -> list[Any]:
        """What has been reported so far."""
        return [event["message"] for _, event in self.events if event["event"] == "progress"]


def outcomes(futures: list[Future[Any]]) -> list[Any]:
    """Results, and exceptions in the place of those that failed."""
    return [future.exception(TIMEOUT) or future.result() for future in futures]


def eventually(condition: Callable[[], bool], within: float = TIMEOUT) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes(cluster: Cluster, key: str) -> list[int]:
    """Process ids of the workers that have the job."""
    return [place.pid for place in cluster.at_work().get(key, ())]


def everybody_works(cluster: Cluster, name: str) -> bool:
    """Whether every worker takes jobs: as many as there are run at the same time."""
    spans = outcomes([cluster.submit(f"{name}-{n}", tasks.span, 0.3) for n in range(WORKERS)])
    return max(began for began, _ in spans) < min(ended for _, ended in spans)


def is_forgotten(cluster: Cluster, name: str) -> bool:
    """Whether neither the server nor the scheduler nor a worker knows a task of this name."""
    client = cluster._ready.result(TIMEOUT)
    known = [name in cluster._names, client.run_on_scheduler(tasks.is_known, name)]
    return not any([*known, *client.run(tasks.is_known, name, on_error="ignore").values()])  # one may be dying
