"""Parts of a job, spread over the workers of the cluster that the job runs in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from engine.core.errors import WorkerLost
from engine.core.progress import Progress, section
from engine.jobs import worker
from engine.jobs.local_cluster import distributed as _dask

Item = TypeVar("Item")
R = TypeVar("R")

_ATTEMPTS = 3  # attempts of a part whose worker died because of another job


def spreads(count: int) -> bool:
    """Whether ``fan_out`` spreads so many items: over workers that do not have what this process holds."""
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
    if not spreads(len(items)):
        step, found = 1 / max(len(items), 1), []
        for n, item in enumerate(items):
            found.append(function(item, section(progress, n * step, (n + 1) * step)))
            if on_part:
                on_part(n, found[n])
        return found
    with _dask().worker_client() as client:
        parts: dict[int, Any] = {}  # Dask's futures
        try:
            return _gather(client, [worker.pack(function, item) for item in items], parts, progress, on_part)
        finally:
            client.cancel(list(parts.values()))


def _gather(
    client: Any, items: Sequence[bytes], parts: dict[int, Any], progress: Progress, on_part: Any = None
) -> list[Any]:
    """The values of all parts; raises as soon as one has failed or the job is cancelled."""
    name, values, losses = worker.this_worker().get_current_task(), dict[int, Any](), Counter[int]()
    pending = list(range(len(items)))
    while len(values) < len(items):
        if pending:
            keys = worker.part_names(name, pending)
            sent = client.map(worker.call_part, [items[n] for n in pending], key=keys, priority=-1)
            parts.update(zip(pending, sent, strict=True))
        progress(len(values) / len(items), f"{len(values)} of {len(items)} parts done.")
        ended = [n for n, part in parts.items() if n not in values and part.done()]
        pending = [n for n in ended if parts[n].status == "error"]  # its worker died, of this part or of another job
        losses.update(pending)
        for n in pending:
            worker.send_event(worker.this_worker(), parts[n].key, {"event": "ended"})  # the dead cannot
        if any(losses[n] == _ATTEMPTS for n in pending):
            raise WorkerLost("The worker process that computed a part of this job died: run it again.")
        fine = [n for n in ended if n not in pending]
        for n, outcome in zip(fine, client.gather([parts[n] for n in fine]), strict=True):
            values[n] = worker.value_of(outcome, name)
            if on_part:
                on_part(n, values[n])
        if not ended:
            time.sleep(0.02)
    return [values[n] for n in range(len(items))]
