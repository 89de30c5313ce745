"""The embedded cluster on this machine: setup and shutdown of its scheduler and worker processes."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from engine.core.config import Compute
from engine.jobs import worker

GPU, CORES = "GPU", "CORES"
"""Resources of a worker, as Dask counts them: its GPUs, and 1 if it may take all cores of the machine."""
OFFERED: Mapping[str, float] = {GPU: 1, CORES: 1}
"""Those of the first worker on this machine; the others have none."""


def distributed() -> Any:
    """The package, imported at first use; half of it carries no types."""
    import distributed

    return distributed


def start(compute: Compute, folder: Path) -> Any:
    """Worker processes on this machine, each with one thread; the first one holds the GPU, and it alone runs what
    computes on all cores.
    """
    import dask

    package = distributed()
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # lost workers are ours to tell of
    count = compute.worker_count()
    tls = package.Security.temporary()
    common = {"host": "127.0.0.1", "protocol": "tls://", "security": tls}
    # Ctrl-C reaches the whole process group, and the server is to decide what it means: what this thread starts
    # inherits its mask. The tracker of resources would lift it, were it to start later.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    dask.config.set(worker.settings(count))  # for good: Dask reads some of it when a process starts anew
    options = {
        **common,
        "nthreads": 1,
        "memory_limit": compute.memory_limit,
        "local_directory": str(folder),
        "silence_logs": logging.CRITICAL,
    }
    return package.SpecCluster(
        scheduler={
            "cls": package.Scheduler,
            "options": {**common, "dashboard": False, "dashboard_address": "127.0.0.1:0"},
        },
        workers={
            n: {"cls": package.Nanny, "options": options | ({} if n else {"resources": dict(OFFERED)})}
            for n in range(count)
        },
        security=tls,
    )


def keep_template(modules: Sequence[str]) -> None:
    """Keep a process that has imported ``modules`` and does nothing: from then on, workers that start anew are copies
    of it, which are there in a tenth of a second and share its memory. It ends with this process. To be called in a
    thread of its own.

    Only Linux copies processes that have loaded such libraries safely; elsewhere workers start from nothing.
    """
    import dask
    from distributed import utils

    if sys.platform != "linux":
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # as in ``start``
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["distributed", *(path.partition(":")[0] for path in modules)])
    first = context.Process(target=int, daemon=True)
    first.start()
    first.join()  # is copied once all is imported
    if first.exitcode == 0:
        utils._forkserver_preload_set = True  # Dask would import pandas here to name it to the template
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})


@contextmanager
def leaving() -> Iterator[None]:
    """While the client leaves: that it cannot be told any more how its jobs get on is no news, and no traceback."""
    logger = logging.getLogger("distributed.scheduler")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def stop(cluster: Any) -> None:
    """End the workers and the scheduler."""
    cluster.sync(_kill, cluster)
    cluster.close()


async def _kill(cluster: Any) -> None:
    """Kill the workers, which have nothing to put in order: one that imports a large package would take its time."""
    for nanny in cluster.workers.values():
        nanny.close_gracefully()  # so that it starts no other
        worker.kill_process(nanny)


def warm_up_plugin(modules: tuple[str, ...]) -> Any:
    """Has the scheduler warm up each worker process, those that start anew included."""
    from distributed import WorkerPlugin

    warm_up = worker.warm_up

    class WarmUp(WorkerPlugin):
        name = "stratoscope"

        def setup(self, worker: Any) -> None:
            warm_up(worker, modules)

    return WarmUp()
