"""The cluster, with real worker processes: jobs arrive, share, stop, die and come back."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.core.config import Compute
from engine.core.errors import Cancelled, DataError, JobError, SpecError, WorkerLost
from engine.core.progress import silent
from engine.core.spec import Resources
from engine.jobs import cluster as under_test
from engine.jobs import local_cluster
from engine.jobs.cluster import Cluster, fan_out
from engine.jobs.use import Use
from tests.support import tasks
from tests.support.clusters import TIMEOUT, WORKERS, Heard, eventually, everybody_works, outcomes, processes
from tests.support.outside import outside_cluster
from tests.support.processes import is_gone

GPU = Resources(gpus=1)


class Told(logging.Handler):
    """What a logger was told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_stopping_the_server_amid_a_job_leaves_no_traceback_of_the_scheduler() -> None:
    logger, told = logging.getLogger("distributed.scheduler"), Told()
    logger.addHandler(told)
    try:
        with local_cluster.leaving():
            logger.critical("Closed comm while trying to write")
        logger.critical("Lost its socket")
    finally:
        logger.removeHandler(told)
    assert told.lines == ["Lost its socket"]


def listening(process: psutil.Process) -> list[Any]:
    """Addresses on which a process listens; none where it has just ended."""
    try:
        found = process.net_connections("tcp")
    except psutil.NoSuchProcess:
        return []
    return [connection.laddr for connection in found if connection.status == psutil.CONN_LISTEN]


def test_importing_the_module_does_not_import_dask() -> None:
    code = "import engine.jobs.cluster, sys; sys.exit('distributed' in sys.modules or 'dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_job_is_taken_before_the_workers_are_up(tmp_path: Path) -> None:
    cluster = Cluster(Compute(workers=1), tmp_path, warm=("tests.support.slow",))
    try:
        future = cluster.submit("early", tasks.add, 1, 2)
        assert not cluster.is_ready()
        assert future.result(TIMEOUT) == 3
        assert cluster.is_ready()
        # The warm-up imports by now, or soon: no job may import a part of that package meanwhile.
        assert cluster.submit("import", tasks.import_part).result(TIMEOUT) == 7
    finally:
        cluster.close()


def test_jobs_that_have_ended_leave_nothing_behind(cluster: Cluster) -> None:
    before = dict(cluster._failures)
    assert [cluster.submit(f"trip-{number}", tasks.add, number, 1).result(TIMEOUT) for number in range(20)] == [
        *range(1, 21)
    ]
    assert (cluster._jobs, cluster._names, dict(cluster._failures)) == ({}, {}, before)


def test_equal_keys_share_one_job(cluster: Cluster, tmp_path: Path, gate: Path) -> None:
    file = tmp_path / "runs"
    futures = [cluster.submit("shared", tasks.held, file, gate) for _ in range(10)]
    gate.touch()
    assert outcomes(futures) == [str(file)] * 10
    assert file.read_text().count("ran") == 1


def test_many_jobs_of_many_clients_all_arrive(cluster: Cluster) -> None:
    def client(number: int) -> list[int]:
        return [cluster.submit(f"sum-{number}-{n}", tasks.add, number, n).result(TIMEOUT) for n in range(25)]

    with ThreadPoolExecutor(8) as clients:
        assert list(clients.map(client, range(8))) == [[number + n for n in range(25)] for number in range(8)]


def test_errors_of_ours_arrive_as_they_are(cluster: Cluster) -> None:
    with pytest.raises(DataError, match=r"^There are no bars of NOPE\.$"):
        cluster.submit("no-data", tasks.no_data).result(TIMEOUT)
    with pytest.raises(SpecError) as caught:
        cluster.submit("wrong-spec", tasks.wrong_spec).result(TIMEOUT)
    assert caught.value.problems == (("strategy.fast", "Fast must be below slow."), ("", "Nothing fits."))


def test_other_errors_are_named_and_logged(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "stratoscope"), pytest.raises(JobError) as caught:
        cluster.submit("mistake", tasks.mistaken).result(TIMEOUT)
    assert str(caught.value) == "The job failed: ZeroDivisionError: division by zero."
    assert "tasks.py" in caplog.text
    assert "tasks.py" not in str(caught.value)


def test_progress_is_throttled_and_the_last_is_never_lost(cluster: Cluster, gate: Path) -> None:
    heard = Heard()
    future = cluster.submit("tell", tasks.tell, 3000, gate, listen=heard)
    assert eventually(lambda: "step 2999" in heard.messages())  # it did not wait for the end, which waits for us
    gate.touch()
    seconds = future.result(TIMEOUT)
    assert heard.events[0][1]["event"] == "started"
    assert [event for _, event in heard.events if event["event"] == "progress"][-1]["partial"] == {"number": 2999}
    assert len(heard.messages()) <= 20 * seconds + 2


def test_what_a_job_and_its_parts_have_taken_is_told(cluster: Cluster) -> None:
    heard = Heard()
    cluster.submit("use", tasks.hold_memory, 200, listen=heard).result(TIMEOUT)
    (use,) = [Use.of(event) for _, event in heard.events if event["event"] == "used"]
    assert use.memory > 200 * 2**20
    assert use.seconds > 0
    assert use.capacity >= use.seconds


def test_it_is_known_who_has_which_job(cluster: Cluster, tmp_path: Path, gate: Path) -> None:
    heard = [Heard() for _ in range(WORKERS)]
    running = [cluster.submit(f"has-{n}", tasks.asleep, gate, listen=listen) for n, listen in enumerate(heard)]
    pids = [int(listen.first()["message"]) for listen in heard]
    waiting = cluster.submit("has-none", tasks.nothing)
    assert [processes(cluster, f"has-{n}") for n in range(WORKERS)] == [[pid] for pid in pids]
    assert [listen.events[0][1]["pid"] for listen in heard] == pids
    assert not processes(cluster, "has-none")
    for n in range(WORKERS):
        cluster.cancel(f"has-{n}")
    assert outcomes([waiting])
    assert all(isinstance(future.exception(0), Cancelled) for future in running)
    assert cluster.at_work() == {}


def test_a_job_hears_of_the_others_that_run_and_not_of_those_that_wait(
    cluster: Cluster, tmp_path: Path, gate: Path
) -> None:
    assert cluster.submit("alone", tasks.others).result(TIMEOUT) == 0
    held = cluster.submit("held", tasks.held, tmp_path / "held", gate)
    assert eventually(lambda: bool(processes(cluster, "held")))
    seen = [cluster.submit(f"others-{number}", tasks.others) for number in range(2)]  # one waits for the other
    assert outcomes(seen) == [1, 1]
    gate.touch()
    held.result(TIMEOUT)


def test_a_job_whose_process_is_killed_fails_and_one_that_loses_a_part_goes_on(cluster: Cluster, gate: Path) -> None:
    assert eventually(lambda: everybody_works(cluster, f"lose-{time.monotonic()}"))
    whole = cluster.submit("lose-part", tasks.spread_held, 2 * WORKERS, gate)
    assert eventually(lambda: len(processes(cluster, "lose-part")) == WORKERS)
    _, other = processes(cluster, "lose-part")
    os.kill(other, signal.SIGKILL)
    assert eventually(lambda: other not in processes(cluster, "lose-part"))
    gate.touch()
    done = whole.result(TIMEOUT)
    assert len(done) == 2 * WORKERS
    assert other not in done
    gate.unlink()
    lost = cluster.submit("lose-all", tasks.spread_held, 2 * WORKERS, gate)
    assert eventually(lambda: bool(processes(cluster, "lose-all")))
    os.kill(processes(cluster, "lose-all")[0], signal.SIGKILL)
    with pytest.raises(WorkerLost, match="The worker process that ran this job died"):
        lost.result(TIMEOUT)


def test_a_killed_worker_fails_its_job_only(cluster: Cluster, gate: Path) -> None:
    heard = Heard()
    futures = [cluster.submit("dying", tasks.dying, gate, listen=heard)]
    heard.first()
    gate.touch()
    futures += [cluster.submit(f"innocent-{n}", tasks.span, 0.05) for n in range(10)]
    dead, *others = outcomes(futures)
    assert isinstance(dead, WorkerLost)
    assert "600 MB" in str(dead)
    assert all(isinstance(other, tuple) for other in others)
    assert cluster.submit("dying", tasks.add, 2, 2).result(TIMEOUT) == 4


def test_a_job_without_measure_fails_for_want_of_memory(cluster: Cluster) -> None:
    with pytest.raises(WorkerLost, match="for lack of memory"):
        cluster.submit("greedy", tasks.greedy).result(TIMEOUT)


def test_processes_that_start_anew_are_prepared_as_the_first(cluster: Cluster, gate: Path) -> None:
    gate.touch()
    with pytest.raises(WorkerLost):
        cluster.submit("reset", tasks.dying, gate).result(TIMEOUT)
    assert eventually(lambda: everybody_works(cluster, f"reset-{time.monotonic()}"))
    for number in range(2 * WORKERS):
        assert cluster.submit(f"under-{number}", tasks.circumstances).result(TIMEOUT) == (False, False)
    assert eventually(lambda: cluster.submit("warm?", tasks.is_warm).result(TIMEOUT))


def test_jobs_for_the_gpu_run_one_at_a_time(cluster: Cluster) -> None:
    spans = sorted(outcomes([cluster.submit(f"gpu-{n}", tasks.span, 0.1, resources=GPU) for n in range(4)]))
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_fan_out_uses_the_workers(cluster: Cluster, gate: Path) -> None:
    held = cluster.submit("fan-held", tasks.spread_held, 2 * WORKERS, gate)
    assert eventually(lambda: len(processes(cluster, "fan-held")) == WORKERS)
    gate.touch()
    assert len(set(held.result(TIMEOUT))) == WORKERS


def test_fan_out_keeps_the_order(cluster: Cluster) -> None:
    heard, items = Heard(), [0.08, 0.02, 0.05] * 4
    parts = cluster.submit("fan", tasks.spread, items, listen=heard).result(TIMEOUT)
    assert [item for item, _ in parts] == items
    fractions = [event["fraction"] for _, event in heard.events if event["event"] == "progress"]
    assert fractions == sorted(fractions)


def test_a_pool_answers_by_number_whatever_ends_first(cluster: Cluster) -> None:
    parts = cluster.submit("pool", tasks.pooled_sums, 8).result(TIMEOUT)
    assert [item for item, _ in parts] == [0.2 / (number + 1) for number in range(8)]
    assert tasks.pooled_sums(silent, 3)[1][0] == 0.1, "without a cluster too"


def test_fan_out_lets_other_jobs_through(cluster: Cluster) -> None:
    sweep = cluster.submit("sweep", tasks.spread, [0.05] * 4000)  # minutes
    assert eventually(lambda: len(processes(cluster, "sweep")) == WORKERS)
    cluster.submit("meanwhile", tasks.nothing).result(TIMEOUT)
    assert not sweep.done()
    cluster.cancel("sweep")


def test_fan_out_on_the_gpu_stays_in_its_process(cluster: Cluster) -> None:
    parts = cluster.submit("fan-gpu", tasks.spread, [0.01] * 6, resources=GPU).result(TIMEOUT)
    assert len({process for _, process in parts}) == 1


def test_a_job_for_the_gpu_waits_for_its_worker_to_start_anew(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile no worker that the scheduler knows has one."""

    async def nothing(_: object) -> dict[str, float]:
        return {}

    monkeypatch.setattr(under_test, "_most_of_each", nothing)
    parts = cluster.submit("gpu-anew", tasks.spread, [0.05] * 8, resources=GPU).result(TIMEOUT)
    assert len({process for _, process in parts}) == 1


def test_fan_out_without_a_cluster_works_in_turn() -> None:
    told: list[float] = []
    assert fan_out(tasks._mistaken_part, [1.0, 2.0], silent) == [1.0, 0.5]
    assert fan_out(tasks._part, [0.02], lambda fraction, *_: told.append(fraction))[0][0] == 0.02
    assert told


def test_an_error_in_a_part_is_the_jobs(cluster: Cluster) -> None:
    with pytest.raises(DataError, match="There is nothing in zero"):
        cluster.submit("spread-mistake", tasks.spread_mistake).result(TIMEOUT)


def test_only_this_machine_and_only_who_holds_the_certificate(cluster: Cluster) -> None:
    cluster.submit("listening", tasks.nothing).result(TIMEOUT)
    here = psutil.Process()
    sockets = [socket for process in (here, *here.children(recursive=True)) for socket in listening(process)]
    assert sockets
    assert {socket.ip for socket in sockets} == {"127.0.0.1"}
    address = cluster._ready.result().scheduler.address
    code = (
        "import sys; from distributed import Client\n"
        "try: Client(sys.argv[1], timeout=1)\n"
        "except (OSError, TypeError): sys.exit(7)"
    )
    for stranger in (address, address.replace("tls", "tcp")):
        tried = subprocess.run([sys.executable, "-c", code, stranger], capture_output=True, check=False, timeout=240)
        assert tried.returncode == 7, tried.stderr


def test_a_scheduler_elsewhere_by_its_address_alone(tmp_path: Path, gate: Path) -> None:
    with outside_cluster(tmp_path) as address:
        cluster = Cluster(Compute(scheduler=address), tmp_path, warm=())
        try:
            assert cluster.submit("first", tasks.add, 1, 1).result(TIMEOUT) == 2
            assert cluster._embedded is None
            assert [item for item, _ in cluster.submit("fan", tasks.spread, [0.01] * 4).result(TIMEOUT)] == [0.01] * 4
            assert cluster.submit("gpu", tasks.add, 1, 1, resources=GPU).result(TIMEOUT) == 2
            heard = Heard()
            cluster.submit("asleep", tasks.asleep, listen=heard)
            pid = int(heard.first()["message"])
            cluster.cancel("asleep")
            assert eventually(lambda: is_gone(pid))
            gate.touch()
            with pytest.raises(WorkerLost):  # that scheduler would try again: one worker is enough
                cluster.submit("dying", tasks.dying, gate).result(TIMEOUT)
            assert cluster.submit("next", tasks.add, 1, 2).result(TIMEOUT) == 3
        finally:
            cluster.close()


def test_a_scheduler_that_does_not_answer(tmp_path: Path) -> None:
    cluster = Cluster(Compute(scheduler="tcp://127.0.0.1:9"), tmp_path, warm=())
    try:
        with pytest.raises(JobError, match=r"No scheduler answers at tcp://127\.0\.0\.1:9"):
            cluster.submit("any", tasks.nothing).result(TIMEOUT)
    finally:
        cluster.close()
