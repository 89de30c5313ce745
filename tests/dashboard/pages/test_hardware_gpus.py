"""GPUs that stop to answer while they are read: the rest of the machine is shown on, and why they are not."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from dashboard.pages.hardware import callbacks, ids, readings, sampler, view
from dashboard.pages.hardware.readings import Reader, Sample
from engine import devices
from engine.core import energy
from tests.support.gpu import FakeGpu
from tests.support.workspace import Workspace


def gpu_of(sample: Sample) -> tuple[str, str, str]:
    (found,) = (item for item in view.kpis(sample, [], False) if item.name == "GPU")
    return found.text, found.note, found.help


def test_a_lost_gpu_leaves_the_rest_readable_and_comes_back() -> None:
    nvml = FakeGpu()
    reader = Reader(nvml)
    assert gpu_of(reader.read())[:2] == ("84%", "3.0 GB of 80.0 GB")
    nvml.state = "lost"
    lost = reader.read()
    assert lost.memory > 0
    assert len(lost.cores) == devices.machine().threads
    assert gpu_of(lost)[:2] == ("–", "not readable here")
    assert "because its driver says: GPU is lost." in gpu_of(lost)[2]
    nvml.state = "gone"
    gone = reader.read()
    assert gone.gpus == ()
    assert gpu_of(gone) == ("–", "not readable here", "NVIDIA's driver no longer answers (Driver Not Loaded).")
    assert nvml.started == 1  # it is opened again as soon as it can be
    nvml.state = "well"
    assert gpu_of(reader.read())[0] == "84%"
    reader.close()


def test_a_gpu_without_figures_says_why() -> None:
    sample = Reader(FakeGpu("silent")).read()
    assert [item.reason for item in sample.gpus] == ["Not Supported"]
    assert gpu_of(sample)[1] == "not readable here"


def test_its_chart_says_why_and_the_others_are_drawn(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Reader(FakeGpu("lost")).read()
    monkeypatch.setattr(sampler, "of", lambda server: SimpleNamespace(samples=(sample,), problem="", usage=None))
    with Flask("test").app_context():
        charts = callbacks.show_live(1, 60)[0]
    assert "GPU is lost" in charts[ids.GPU]["error"]
    assert charts[ids.CPU]["data"]
    assert charts[ids.MEMORY]["data"]


def test_disks_and_networks_that_cannot_be_counted_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**about: object) -> None:
        raise FileNotFoundError("/proc/diskstats")

    monkeypatch.setattr(readings.psutil, "disk_io_counters", refuse)
    monkeypatch.setattr(readings.psutil, "net_io_counters", refuse)
    sample = Reader(None).read()
    assert (sample.disk_read, sample.disk_write, sample.received, sample.sent) == (None,) * 4
    assert sample.memory > 0


@pytest.mark.parametrize(("state", "names"), [("well", ("NVIDIA Made-up (driver 570.1)",)), ("lost", ()), ("gone", ())])
def test_a_machine_has_the_gpus_that_answer(
    state: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml = FakeGpu()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    with devices.nvidia() as found:
        assert found is nvml
        nvml.state = state  # between one call and the next, the last one included
        monkeypatch.setattr(devices, "nvidia", lambda: nullcontext(nvml))
        assert devices._gpus() == names


def test_energy_of_a_gpu_that_is_gone_is_not_told(tmp_path: Path) -> None:
    assert energy.counters_of(tmp_path, FakeGpu("gone")).reason == energy.NONE
    nvml = FakeGpu()
    counters = energy.counters_of(tmp_path, nvml)
    before = counters.read()
    nvml.state = "lost"
    assert counters.since(before) != counters.since(before)  # NaN
