"""A cancel of the cluster's jobs: whatever they do and whenever it comes, it stops one job and no other."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

import engine.jobs.cluster
from engine.core.config import Compute
from engine.core.errors import Cancelled, WorkerLost
from engine.core.spec import Resources
from engine.jobs import worker
from engine.jobs.cluster import Cluster, _Job
from tests.support import tasks
from tests.support.clusters import (
    TIMEOUT,
    WORKERS,
    Heard,
    eventually,
    everybody_works,
    is_forgotten,
    outcomes,
    processes,
)
from tests.support.processes import is_gone

GPU = Resources(gpus=1)


def test_cancel_stops_a_job_that_reports(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.jobs.cluster._GRACE", TIMEOUT)  # it stops by itself, however long that takes here
    file, heard = tmp_path / "polite", Heard()
    future = cluster.submit("polite", tasks.polite, file, listen=heard)
    pid = int(heard.first()["message"])
    assert cluster.cancel("polite")
    assert isinstance(future.exception(0), Cancelled)
    assert cluster.submit("polite", tasks.add, 1, 1).result(TIMEOUT) == 2  # the key is free again, at once
    assert eventually(file.exists)
    assert not is_gone(pid)
    assert not cluster.cancel("polite")


@pytest.mark.parametrize("task", [tasks.asleep, tasks.busy, tasks.hoarding])
def test_cancel_kills_a_job_that_does_not_listen(cluster: Cluster, gate: Path, task: Callable[..., Any]) -> None:
    heard = Heard()
    future = cluster.submit(task.__name__, task, gate, listen=heard)
    pid = int(heard.first()["message"])
    gate.touch()
    waiting = [cluster.submit(f"after-{task.__name__}-{n}", tasks.span, 0.01) for n in range(6)]
    assert cluster.cancel(task.__name__)
    assert isinstance(future.exception(0), Cancelled)
    assert eventually(lambda: is_gone(pid))
    assert all(isinstance(outcome, tuple) for outcome in outcomes(waiting))  # nobody else is blamed
    assert eventually(lambda: everybody_works(cluster, f"again-{task.__name__}-{time.monotonic()}"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers start from nothing")
def test_a_worker_that_starts_anew_is_a_copy_of_a_warm_process(cluster: Cluster) -> None:
    assert eventually(lambda: cluster._template is not None)
    cast(threading.Thread, cluster._template).join(TIMEOUT)
    heard = Heard()
    cluster.submit("copied", tasks.asleep, listen=heard)
    killed = int(heard.first()["message"])
    cluster.cancel("copied")
    assert eventually(lambda: is_gone(killed))
    assert eventually(lambda: everybody_works(cluster, f"copied-{time.monotonic()}"))
    parents = set(outcomes([cluster.submit(f"parent-{n}", tasks.parent) for n in range(20)]))
    (template,) = parents - {os.getpid()}
    assert psutil.Process(template).ppid() == os.getpid()
    assert all(cluster.submit(f"warm-{n}", tasks.is_warm).result(TIMEOUT) for n in range(4))


def test_a_job_cancelled_while_its_worker_imports_stops_before_the_import_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process need not be killed for it, with all that it has imported."""
    task, stopped = SimpleNamespace(state="executing"), list[Cancelled]()
    state = SimpleNamespace(tasks={"run": task}, executing=[task], long_running=[])
    monkeypatch.setattr(worker, "this_worker", lambda: SimpleNamespace(state=state, get_current_task=lambda: "run"))

    def called() -> None:
        try:
            worker.call(b"is never unpacked")
        except Cancelled as error:
            stopped.append(error)

    with worker._IMPORTING:
        thread = threading.Thread(target=called)
        thread.start()
        thread.join(3 * worker._LOOK)
        assert thread.is_alive()
        task.state = "cancelled"
        thread.join(TIMEOUT)
    assert len(stopped) == 1


def test_a_job_cancelled_in_the_queue_never_runs(cluster: Cluster, tmp_path: Path, gate: Path) -> None:
    file = tmp_path / "never"
    begun = [tmp_path / f"first-{n}" for n in range(WORKERS)]
    first = [cluster.submit(f"block-{n}", tasks.held, note, gate) for n, note in enumerate(begun)]
    assert eventually(lambda: all(note.exists() for note in begun)), "every process has something to do"
    future = cluster.submit("never", tasks.note, file)
    assert eventually(lambda: cluster._jobs["never"].task is not None)
    cluster.cancel("never")
    assert isinstance(future.exception(0), Cancelled)
    assert eventually(lambda: is_forgotten(cluster, "run-never"))
    gate.touch()
    outcomes(first)
    cluster.submit("later", tasks.nothing).result(TIMEOUT)
    assert not file.exists()


def test_a_job_cancelled_while_the_scheduler_unpacks_it_does_not_stay(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler ignores the cancel of a task that it does not know, and would run it to its end."""
    import distributed.scheduler

    cluster.submit("up", tasks.nothing).result(TIMEOUT)
    unpack, unpacks, may_go_on = distributed.scheduler._materialize_graph, threading.Event(), threading.Event()

    def slow(*args: Any, **more: Any) -> Any:
        unpacks.set()
        assert may_go_on.wait(TIMEOUT)
        return unpack(*args, **more)

    monkeypatch.setattr(distributed.scheduler, "_materialize_graph", slow)
    cluster.submit("unpacked", tasks.asleep)
    assert unpacks.wait(TIMEOUT)
    assert cluster.cancel("unpacked")
    time.sleep(0.3)  # the cancel would be there by now
    may_go_on.set()
    assert eventually(lambda: is_forgotten(cluster, "run-unpacked"))
    assert eventually(lambda: everybody_works(cluster, f"unpacked-{time.monotonic()}"))


def test_a_job_is_stopped_however_late_its_worker_hears_of_the_cancel(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the grace may be over by then."""
    asked: list[str] = []
    ask = engine.jobs.cluster._ask

    async def uninformed(client: Any, address: str, name: str) -> str:
        asked.append(address)
        return "wanted" if len(asked) < 10 else await ask(client, address, name)

    monkeypatch.setattr("engine.jobs.cluster._ask", uninformed)
    monkeypatch.setattr("engine.jobs.cluster._GRACE", 0.05)
    heard = Heard()
    cluster.submit("uninformed", tasks.asleep, listen=heard)
    pid = int(heard.first()["message"])
    assert cluster.cancel("uninformed")
    assert eventually(lambda: is_gone(pid))


def test_a_job_cancelled_before_it_is_sent_leaves_the_next_one_alone(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the same key; were both sent under one name, the end of the first would be that of the second."""
    waits, may_go_on, second_is_sent = threading.Event(), threading.Event(), threading.Event()

    async def hesitating(*_: Any) -> dict[str, float]:
        if not waits.is_set():
            waits.set()
            while not may_go_on.is_set():
                await asyncio.sleep(0.01)
        return {}

    monkeypatch.setattr("engine.jobs.cluster.Cluster._offered", hesitating)
    first = cluster.submit("twice", tasks.span, 0.5, resources=GPU)
    assert waits.wait(TIMEOUT)
    assert cluster.cancel("twice")
    second = cluster.submit("twice", tasks.span, 0.5, resources=GPU, listen=lambda _: second_is_sent.set())
    assert second_is_sent.wait(TIMEOUT)
    may_go_on.set()
    assert isinstance(first.exception(0), Cancelled)
    assert second.exception(TIMEOUT) is None


def test_a_job_outlives_any_number_of_workers_that_fall_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We kill for the sake of a cancel; only deaths of another cause count as attempts."""
    from distributed import KilledWorker

    async def outcome(address: str) -> str:
        if address == "none":
            return "the value"
        raise KilledWorker("task", SimpleNamespace(address=address), 0)

    async def nothing_special(*_: Any) -> dict[str, float]:
        return {}

    monkeypatch.setattr("engine.jobs.cluster.Cluster._offered", nothing_special)
    cluster, names = Cluster(Compute(), tmp_path), list[str]()
    cluster._killed.add("ours")

    def attempts(*addresses: str) -> str:
        ends = iter(addresses)

        def submit(*_: Any, key: str, resources: Any) -> Any:
            names.append(key)
            return outcome(next(ends))

        job = cluster._jobs["patient"] = _Job("patient", b"", Resources(), None)
        return asyncio.run(cluster._attempt(SimpleNamespace(submit=submit), job))

    assert attempts(*["ours"] * 5, "other", "ours", "other", "none") == "the value"
    with pytest.raises(WorkerLost):
        attempts("other", "ours", "other", "other", "none")
    assert len(names) == 9 + 4
    assert len(set(names)) == len(names) - 1  # a name whose task came to its end is used again, and no other


@pytest.mark.parametrize(("task", "args"), [(tasks.spread, ([0.3] * 2000,)), (tasks.spread_stubborn, ())])
def test_cancel_stops_every_part(cluster: Cluster, task: Callable[..., Any], args: tuple[Any, ...]) -> None:
    key = f"cancel-{task.__name__}"
    future = cluster.submit(key, task, *args)
    assert eventually(lambda: len(processes(cluster, key)) == WORKERS)
    cluster.cancel(key)
    assert isinstance(future.exception(0), Cancelled)
    assert eventually(lambda: everybody_works(cluster, f"{key}-{time.monotonic()}"))
