"""Parts of a job, spread over the workers of the cluster that the job runs in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from engine.core.errors import WorkerLost
from engine.core.progress import Progress, section
from engine.jobs import worker
from engine.jobs.local_cluster import distributed as _dask

Item = TypeVar("Item")
R = TypeVar("R")
Given = TypeVar("Given", contravariant=True)
Found = TypeVar("Found", covariant=True)

_ATTEMPTS = 3  # attempts of a part whose worker died because of another job
_PAUSE = 0.02


class Pool(Protocol[Given, Found]):
    """Parts that are sent one by one, as the answers to earlier ones say what to ask next."""

    def send(self, number: int, item: Given) -> None:
        """Have the part ``number`` computed of ``item``."""

    def value(self, number: int) -> Found:
        """Its value, once it is there, and only once; raises its error."""


def distributes(count: int) -> bool:
    """Whether ``fan_out`` distributes so many items: over workers that do not have what this process holds."""
    host = worker.this_worker()
    return host is not None and count > 1 and not host.state.tasks[host.get_current_task()].resource_restrictions


def fan_out(
    function: Callable[[Item, Progress], R],
    items: Sequence[Item],
    progress: Progress,
    on_part: Callable[[int, R], None] | None = None,
) -> list[R]:
    """``[function(item, progress), ...]``, in order: spread over the cluster when called in a job, else in turn.

    The parts leave room for other jobs. A job on the GPU keeps its parts to itself. An error in a part, or
    ``Cancelled``, stops the rest and is raised. ``function`` must be importable. ``on_part`` hears of each value.
    """
    if not distributes(len(items)):
        step, found = 1 / max(len(items), 1), []
        for n, item in enumerate(items):
            found.append(function(item, section(progress, n * step, (n + 1) * step)))
            if on_part:
                on_part(n, found[n])
        return found
    with _parts(function) as parts:
        return _gather(parts, items, progress, on_part)


@contextmanager
def pooled(function: Callable[[Item, Progress], R], count: int, waiting: Callable[[], None]) -> Iterator[Pool[Item, R]]:
    """A pool for up to ``count`` parts, each ``function(item, progress)``, where ``fan_out`` would spread them; else
    each is computed here, as its value is asked for. ``waiting`` is called while a value is waited for, and may raise.
    Parts that nobody has asked for are dropped at the end.
    """
    if not distributes(count):
        yield _Here(function, waiting)
        return
    with _parts(function) as parts:
        yield _Spread(parts, waiting)


class _Here(Generic[Item, R]):
    """A pool of this process alone."""

    def __init__(self, function: Callable[[Item, Progress], R], waiting: Callable[[], None]) -> None:
        self._function, self._waiting = function, waiting
        self._items: dict[int, Item] = {}

    def send(self, number: int, item: Item) -> None:
        self._items[number] = item

    def value(self, number: int) -> R:
        self._waiting()
        return self._function(self._items.pop(number), lambda fraction, message, partial=None: self._waiting())


class _Spread(Generic[Item, R]):
    """A pool of the cluster's workers."""

    def __init__(self, parts: _Parts[Item, R], waiting: Callable[[], None]) -> None:
        self._parts, self._waiting = parts, waiting
        self._values: dict[int, R] = {}

    def send(self, number: int, item: Item) -> None:
        self._parts.send({number: item})

    def value(self, number: int) -> R:
        while number not in self._values:
            self._waiting()
            ended = self._parts.ended()
            self._values |= ended
            if not ended:
                time.sleep(_PAUSE)
        return self._values.pop(number)


class _Parts(Generic[Item, R]):
    """The parts of the job that runs here, each by its number, from sending to value."""

    def __init__(self, client: Any, function: Callable[[Item, Progress], R]) -> None:
        self._client, self._function = client, function
        self._name = worker.this_worker().get_current_task()
        self._packed: dict[int, bytes] = {}
        self._futures: dict[int, Any] = {}  # Dask's
        self._losses = Counter[int]()

    def send(self, items: dict[int, Item]) -> None:
        self._packed |= {number: worker.pack(self._function, item) for number, item in items.items()}
        self._submit(list(items))

    def ended(self) -> dict[int, R]:
        """The values of those that have ended since it was last asked. Raises the error of a part."""
        done = [number for number, future in self._futures.items() if future.done()]
        lost = [number for number in done if self._futures[number].status == "error"]
        self._again(lost)  # their worker died, of this part or of another job
        fine = [number for number in done if number not in lost]
        outcomes = self._client.gather([self._futures[number] for number in fine]) if fine else []
        for number in fine:
            del self._futures[number], self._packed[number]
        return {number: worker.value_of(outcome, self._name) for number, outcome in zip(fine, outcomes, strict=True)}

    def drop(self) -> None:
        """Have those that have not ended given up."""
        self._client.cancel(list(self._futures.values()))

    def _again(self, numbers: Sequence[int]) -> None:
        self._losses.update(numbers)
        for number in numbers:
            ended = {"event": "ended"}
            worker.send_event(worker.this_worker(), self._futures[number].key, ended)  # the dead cannot
        if any(self._losses[number] == _ATTEMPTS for number in numbers):
            raise WorkerLost("The worker process that computed a part of this job died: run it again.")
        self._submit(numbers)

    def _submit(self, numbers: Sequence[int]) -> None:
        if numbers:
            keys = worker.part_names(self._name, numbers)
            packed = [self._packed[number] for number in numbers]
            sent = self._client.map(worker.call_part, packed, key=keys, priority=-1)
            self._futures.update(zip(numbers, sent, strict=True))


@contextmanager
def _parts(function: Callable[[Item, Progress], R]) -> Iterator[_Parts[Item, R]]:
    with _dask().worker_client() as client:
        parts = _Parts(client, function)
        try:
            yield parts
        finally:
            parts.drop()


def _gather(
    parts: _Parts[Item, R], items: Sequence[Item], progress: Progress, on_part: Callable[[int, R], None] | None
) -> list[R]:
    """The values of all ``items``; raises as soon as one has failed or the job is cancelled."""
    values: dict[int, R] = {}
    parts.send(dict(enumerate(items)))
    while len(values) < len(items):
        progress(len(values) / len(items), f"{len(values)} of {len(items)} parts done.")
        ended = parts.ended()
        values |= ended
        if on_part:
            for number, value in ended.items():
                on_part(number, value)
        if not ended:
            time.sleep(_PAUSE)
    return [values[number] for number in range(len(items))]


def other_jobs() -> int:
    """How many jobs the cluster computes right now on this machine beside the one that calls; 0 outside of a job. Those
    that wait are not among them: they may wait for this one.
    """
    host = worker.this_worker()
    if host is None:
        return 0
    own, machine = host.get_current_task(), host.address.rpartition(":")[0]
    with _dask().worker_client(separate_thread=False) as client:
        told = client.run(worker.at_work, on_error="ignore")
    keys = [key for address, found in told.items() if address.rpartition(":")[0] == machine for key in found]
    return len({worker.parent_task(key) for key in keys if not worker.has_task([key], own)})
