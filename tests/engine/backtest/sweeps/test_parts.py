"""Sweeps of strategies without a kernel, spread over worker processes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from queue import Queue
from typing import Any

import numpy as np
import pytest

from engine.core.config import Compute
from engine.core.errors import Cancelled
from engine.jobs import worker
from engine.jobs.cluster import Cluster
from engine.market.catalog import load
from engine.market.spec import MarketSpec
from tests.support import tasks
from tests.support.sweeping import axis, run, spec, sweep

REQUEST = sweep(
    spec({"kind": "rsi_reversion"}, market={"collection": "wiki", "symbols": ["IBM"]}, direction="both"),
    [axis("strategy.window", 2, 60), axis("strategy.enter_below", 20, 34, 2)],
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(Compute(workers=2, memory_limit_mb=2000), tmp_path_factory.mktemp("workers"), warm=())
    yield started
    started.close()


def test_parts_give_what_one_process_gives(cluster: Cluster) -> None:
    heard: list[Mapping[str, Any]] = []
    there = cluster.submit("parts", tasks.sweep_of, REQUEST.model_dump_json(), listen=heard.append)
    (bars,) = load(MarketSpec.parse({"collection": "wiki", "symbols": ["IBM"]})).bars
    here = run(REQUEST, bars)
    np.testing.assert_array_equal(there.result(120), here.sharpe[0])
    fractions = [event["fraction"] for event in heard if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 1


def test_cancelled_parts_end(cluster: Cluster) -> None:
    under_way: Queue[float] = Queue()
    larger = REQUEST.model_copy(update={"axes": (REQUEST.axes[0], REQUEST.axes[1].model_copy(update={"step": 0.01}))})
    job = cluster.submit(
        "long", tasks.sweep_of, larger.model_dump_json(), listen=lambda event: under_way.put(event.get("fraction", 0))
    )
    while under_way.get(timeout=240) == 0:
        pass
    assert cluster.cancel("long")
    with pytest.raises(Cancelled):
        job.result(30)
    client, deadline = cluster._ready.result(), time.monotonic() + 60  # the whole sweep takes longer
    while any(client.run(worker.task_state, "run-long", on_error="ignore").values()):  # one may be dying
        assert time.monotonic() < deadline, "the parts go on"
        time.sleep(0.05)
