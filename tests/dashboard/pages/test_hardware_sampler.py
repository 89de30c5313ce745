"""The hardware page's readings, and the sampler that keeps the last of them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from flask import Flask

from dashboard.pages.hardware import readings, sampler, view
from dashboard.pages.hardware.processes import ProcessUse
from dashboard.pages.hardware.readings import GpuUse, Reader, Sample
from engine import devices
from tests.support.machine import GIGA, QUIET


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "It did not happen within a minute."
        time.sleep(0.01)


# Readings


def test_a_reading_tells_of_this_machine_and_of_this_process() -> None:
    reader = Reader(None)
    sample = reader.read()
    assert len(sample.cores) == devices.machine().threads
    assert 0 < sample.memory < sample.memory_total == devices.machine().memory
    assert sample.own >= sample.server.memory > 1e6
    assert sample.gpus == ()


HELD = 64 * 2**20
STARTS = f"""
import subprocess, sys
held = "held = bytearray(b'x' * {HELD}); print(flush=True); input()"
with subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as inner:
    print(inner.stdout.readline(), flush=True)
    input()
    inner.communicate(b"end")
"""


def test_what_a_worker_has_started_counts_as_its_own() -> None:
    """As the processes of a benchmark; what somebody else has started does not."""
    reader = Reader(None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", STARTS]
    with subprocess.Popen([*command, "spawn_main"], **pipes) as worker, subprocess.Popen(command, **pipes) as other:
        for process in (worker, other):
            process.stdout.readline()
        sample = reader.read()
        alone = psutil.Process(worker.pid).memory_info().rss
        for process in (worker, other):
            process.communicate(b"end")
    assert [use.pid for use in sample.workers] == [worker.pid]
    assert sample.workers[0].memory > alone + HELD
    assert sample.own > sample.server.memory + sample.workers[0].memory + HELD


COPIES = """
import os, sys
reading, writing = os.pipe()
if child := os.fork():
    print(child, flush=True)
    input()
    os.close(writing)
    os.waitpid(child, 0)
else:
    os.close(writing)
    os.read(reading, 1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="copies of a template are made under Linux alone")
def test_a_copy_of_the_template_is_a_worker_and_the_template_is_named() -> None:
    """Both have the same command line."""
    reader = Reader(None)
    command = [sys.executable, "-c", COPIES, "multiprocessing.forkserver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as template:
        assert template.stdout is not None
        copy = int(template.stdout.readline())
        sample = reader.read()
        template.communicate("end\n")
    assert [use.pid for use in sample.workers] == [copy]
    assert sample.template is not None
    assert sample.template.pid == template.pid
    assert sample.own >= sample.server.memory + sample.template.memory + sample.workers[0].memory
    told = str(view.workers(sample, [], {}, None))
    assert all(words in told for words in (f"Worker {copy}", f"Template {template.pid}", f"Server {os.getpid()}"))


def test_uses_add_up() -> None:
    first, second = ProcessUse(1, 100, 50.0), ProcessUse(2, 10, 25.0, gpu_memory=7)
    assert first + second == ProcessUse(1, 110, 75.0, 7)
    assert (first + first).gpu_memory is None


def test_a_disk_that_tells_nothing_has_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings.psutil, "disk_io_counters", lambda: None)
    sample = Reader(None).read()
    assert sample.disk_read is None
    assert view.rate(sample.disk_read) == "–"


def test_a_gpu_is_read_and_what_its_driver_does_not_say_stays_unsaid() -> None:
    class Silent(Exception):
        pass

    def refuse(handle: int) -> None:
        raise Silent

    nvml = SimpleNamespace(
        NVMLError=Silent,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetUtilizationRates=refuse,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=3 * GIGA, total=80 * GIGA),
    )
    (gpu,) = Reader(nvml).read().gpus
    assert gpu == GpuUse(None, 3.0 * GIGA, 80.0 * GIGA)
    assert np.isnan(readings.mean_busy([gpu]))


def test_a_gpu_tells_what_each_process_holds_its_power_and_heat() -> None:
    class Silent(Exception):
        pass

    held = [SimpleNamespace(pid=7, usedGpuMemory=GIGA), SimpleNamespace(pid=8, usedGpuMemory=None)]
    nvml = SimpleNamespace(
        NVMLError=Silent, NVML_TEMPERATURE_GPU=0, NVML_CLOCK_SM=1,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=84),
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=3 * GIGA, total=80 * GIGA),
        nvmlDeviceGetPowerUsage=lambda handle: 310_500 if handle else 0,
        nvmlDeviceGetTemperature=lambda handle, kind: 61 if handle else 9,
        nvmlDeviceGetClockInfo=lambda handle, kind: 1980,
        nvmlDeviceGetComputeRunningProcesses=lambda handle: held,
    )  # fmt: skip
    first, second = Reader(nvml).read().gpus
    assert (first.watts, second.watts) == (None, 310.5)  # a GPU that draws nothing does not tell
    assert (first.temperature, second.temperature) == (None, 61.0)  # nor can one at work have nine degrees
    assert second.megahertz == 1980.0
    assert readings._by_process(nvml) == {7: 2 * GIGA, 8: 0}
    assert readings._by_process(None) == {}


def test_history_is_readings_as_arrays_and_begins_anew_with_another_core() -> None:
    earlier = replace(QUIET, moment=997.0, cores=(1.0,))
    found = readings.history([earlier, replace(QUIET, moment=998.5), QUIET])
    assert found.ages.tolist() == [1.5, 0.0]
    assert found.cores.tolist() == [[10, 30], [10, 30]]
    assert found.memory.tolist() == [4 * GIGA] * 2
    assert np.isnan(found.gpu).all()
    ended = readings.history([replace(QUIET, moment=998.5, disk_read=None), QUIET], 999.0)
    assert ended.ages.tolist() == [0.5]
    np.testing.assert_array_equal(ended.traffic, [[np.nan, 0.0, np.nan, np.nan]])


def test_history_of_nothing_is_empty() -> None:
    assert readings.history([]).cores.shape == (0, 0)


# The sampler


@pytest.fixture
def quick() -> Iterator[sampler.Sampler]:
    found = sampler.Sampler(period=0.01, length=5)
    yield found
    found.stop()


def test_a_sampler_keeps_the_last_readings(quick: sampler.Sampler) -> None:
    quick.start()
    until(lambda: len(quick.samples) == 5)
    first = quick.samples[0]
    until(lambda: quick.samples[0] is not first)
    moments = [sample.moment for sample in quick.samples]
    assert moments == sorted(moments)
    assert len(moments) == 5


def test_a_stopped_sampler_reads_no_more_and_starts_again(quick: sampler.Sampler) -> None:
    quick.start()
    until(lambda: bool(quick.samples))
    quick.stop()
    kept = quick.samples
    assert quick._thread is None
    quick.start()
    until(lambda: quick.samples != kept)


def test_starting_twice_is_starting_once(quick: sampler.Sampler) -> None:
    quick.start()
    thread = quick._thread
    quick.start()
    assert quick._thread is thread


def test_a_sampler_that_nobody_holds_ends() -> None:
    found = sampler.Sampler(period=0.01)
    found.start()
    thread, gone = found._thread, weakref.ref(found)
    del found
    gc.collect()
    assert gone() is None
    assert thread is not None
    thread.join(60)
    assert not thread.is_alive()


def test_a_failed_reading_is_told_and_the_next_one_heals_it(
    quick: sampler.Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Reader) -> Sample:
        raise OSError("no /proc")

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "read", fail)
        quick.start()
        until(lambda: "no /proc" in quick.problem)
    until(lambda: not quick.problem)
    assert quick.samples


def test_an_app_has_one_sampler_from_the_first_view_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[sampler.Sampler] = []

    class Counted(sampler.Sampler):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(sampler, "Sampler", Counted)
    server = Flask("test")
    assert sampler.past(server) == ()
    found = sampler.of(server)
    try:
        assert sampler.of(server) is found
        assert made == [found]  # none is made to be thrown away with each second of a page
        until(lambda: bool(sampler.past(server)))
    finally:
        found.stop()
