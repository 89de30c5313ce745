"""Resources that a job used, and the reasons that follow for a slow one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from engine.jobs import use
from engine.jobs.use import Meter, Use, slowdowns, total

QUIET = Use(seconds=10.0, processor=9.5, memory=100, pid=1, busy=10.0, capacity=40.0, swapped=0, throttled=0.0,
            waited=0.1, heat=0)  # fmt: skip


def _processor() -> float:
    """Seconds of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def test_a_meter_reads_this_process_against_its_own_clocks() -> None:
    earlier = _processor()
    meter = Meter()
    before = _processor()
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    held = bytearray(150 * 2**20)
    del held
    after = _processor()
    found = meter.use()
    assert after - before - 0.05 <= found.processor <= _processor() - earlier + 0.05
    assert found.seconds >= found.processor - 0.05
    assert found.memory > 150 * 2**20
    assert found.pid == os.getpid()
    assert Use.of({**found.event(), "of a later version": 1}) == found


def test_a_process_that_the_job_starts_counts_as_the_job() -> None:
    earlier = _processor()
    meter = Meter()
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    found = meter.use()
    assert 0.45 <= found.processor <= _processor() - earlier + 0.05


def test_the_memory_of_processes_that_the_job_starts_counts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "_LOOK", 0.05)
    meter, hold = Meter(), f"held = bytearray({100 * 2**20}); print(1, flush=True); input()"
    own = [
        subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        assert all(item.stdout and item.stdout.readline() for item in own)
        deadline = time.monotonic() + 60
        while meter._children._seen[0] < 200 * 2**20 and time.monotonic() < deadline:
            time.sleep(0.05)
        began = psutil.Process(own[0].pid).create_time()
        assert use._held(own[0].pid, began) > 100 * 2**20
        assert use._held(own[0].pid, began + 100) == 0, "it was there before the job"
    finally:
        for item in own:
            item.communicate(b"\n")
    found = meter.use()
    assert found.memory > 200 * 2**20 + psutil.Process().memory_info().rss / 2


def test_memory_that_was_given_back_before_does_not_count_where_the_system_can_forget_it() -> None:
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("only Linux counts the high-water mark anew")
    held = bytearray(300 * 2**20)
    del held
    first = Meter(alone=False).use().memory
    second = Meter(alone=True).use().memory
    assert first - second > 200 * 2**20


def test_parts_in_other_processes_add_and_parts_in_the_same_are_in_it_already() -> None:
    job = replace(QUIET, processor=5.0, memory=1000)
    parts = [
        replace(QUIET, seconds=2.0, processor=1.5, memory=900, pid=1),
        replace(QUIET, seconds=3.0, processor=2.5, memory=700, pid=2, gpu_memory=50),
        replace(QUIET, seconds=2.0, processor=2.0, memory=800, pid=2),
    ]
    found = total([*parts, job])
    assert found is not None
    assert (found.seconds, found.processor, found.memory, found.gpu_memory) == (10.0, 9.5, 1800, 50)
    assert total([]) is None


@pytest.mark.parametrize(
    ("change", "waited", "said"),
    [
        ({}, 0.0, ()),
        ({}, 1.5, ()),
        ({}, 30.0, ("waited 30 s for a free worker",)),
        ({"swapped": 2**30}, 0.0, ("memory was short: 1.0 GB swapped",)),
        ({"throttled": 4.0}, 0.0, ("the container's processor time was cut for 4.0 s",)),
        ({"heat": 3}, 0.0, ("the processor slowed down for heat",)),
        ({"busy": 39.5}, 0.0, ("other programs and jobs took 75% of the processors",)),
        ({"processor": 38.0, "busy": 39.0, "waited": 9.0}, 0.0, ("more threads than processors",)),
        ({"seconds": 0.2, "swapped": 2**30}, 0.0, ()),
        ({"busy": None, "swapped": None, "throttled": None, "waited": None, "heat": None}, 0.0, ()),
    ],
)
def test_a_slow_job_has_its_reasons(change: dict[str, float | None], waited: float, said: tuple[str, ...]) -> None:
    assert slowdowns(replace(QUIET, **change), waited) == said  # type: ignore[arg-type]
