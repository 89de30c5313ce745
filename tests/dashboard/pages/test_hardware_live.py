"""The live part of the hardware page: what it prints, and its callback."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from flask import Flask

from dashboard.jobs.listing import Job
from dashboard.pages.hardware import callbacks, ids, machine, sampler, view
from dashboard.pages.hardware.readings import GpuUse, Sample
from engine import devices
from engine.machine.host.facts import CoreKind
from engine.machine.host.sensors import Heat
from tests.support.machine import GIGA, QUIET, job
from tests.support.workspace import Workspace

NAMES = ("CPU", "GPU", "Memory", "Swap", "Temperature", "Stratoscope", "Workers", "Load", "Disk read", "Received")


def texts(sample: Sample, *jobs: Job, other_gpu: bool = False) -> dict[str, tuple[str, str]]:
    return {item.name: (item.text, item.note) for item in view.kpis(sample, jobs, other_gpu)}


def test_the_strip_names_ten_figures_and_invents_none() -> None:
    assert texts(QUIET, job(), job(status="queued")) == {
        "CPU": ("20%", "2 × 2.30 GHz"),
        "GPU": ("no GPU", "CPU only"),
        "Memory": ("4.0 GB", "of 16.0 GB"),
        "Swap": ("none", "not configured"),
        "Temperature": ("–", "not readable here"),
        "Stratoscope": ("2.1 GB", "server 128 MB"),
        "Workers": ("1 of 2", "busy, 1 waiting"),
        "Load": ("0.50", "0.25, 0.75"),
        "Disk read": ("2.5 MB/s", "write 0.0 MB/s"),
        "Received": ("–", "sent –"),
    }


def test_the_limit_of_a_container_stands_for_the_machine() -> None:
    assert texts(replace(QUIET, container=(8 * GIGA, 3 * GIGA)))["Memory"] == ("3.0 GB", "of 8.0 GB, container")


def test_memory_pressure_stands_with_the_swap() -> None:
    assert texts(replace(QUIET, pressure=12.0))["Swap"] == ("none", "pressure 12%")
    assert texts(replace(QUIET, pressure=0.0, swap_total=GIGA, swap=GIGA // 2))["Swap"] == ("512 MB", "pressure 0%")


def test_temperature_is_the_processors_or_else_the_gpus() -> None:
    gpu = GpuUse(50.0, None, None, watts=210.5, temperature=61.0)
    assert texts(replace(QUIET, heat=Heat(71.2, 45.0)))["Temperature"] == ("71 °C", "processor, 45.0 W")
    assert texts(replace(QUIET, gpus=(gpu,)))["Temperature"] == ("61 °C", "GPU, 210.5 W")
    assert texts(replace(QUIET, heat=Heat(watts=5.0)))["Temperature"] == ("–", "processor, 5.0 W")


def test_what_a_system_does_not_tell_is_a_dash_and_not_a_zero() -> None:
    found = texts(replace(QUIET, megahertz=None, load=None, disk_read=None, disk_write=None), other_gpu=True)
    assert found["CPU"] == ("20%", "2 cores")
    assert found["GPU"] == ("–", "load not readable")
    assert found["Load"] == ("–", "not reported")
    assert found["Disk read"] == ("–", "write –")


def test_a_gpu_shows_its_load_and_its_memory() -> None:
    found = texts(replace(QUIET, gpus=(GpuUse(84.0, 3.1 * GIGA, 80.0 * GIGA),)))
    assert found["GPU"] == ("84%", "3.1 GB of 80.0 GB")
    assert texts(replace(QUIET, gpus=(GpuUse(None, None, None),)))["GPU"] == ("–", "memory not reported")


def test_each_gpu_tells_its_clock_and_what_it_does_not_say() -> None:
    gpus = (
        GpuUse(84.0, 3.1 * GIGA, 80.0 * GIGA, 310.5, 61.0, 1980.0),
        GpuUse(20.0, 0.0, 80.0 * GIGA),
        GpuUse(None, None, None, reason="GPU is lost"),
    )
    (help,) = [item.help for item in view.kpis(replace(QUIET, gpus=gpus), [], other_gpu=False) if item.name == "GPU"]
    assert "1: busy 84%, clock 1,980 MHz, temperature 61 °C, power 310.5 W." in help
    assert "2: busy 20%, clock not readable here, temperature not readable here, power not readable here." in help
    assert help.endswith("3: not readable here, because its driver says: GPU is lost.")


def test_the_kinds_of_cores_are_told_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> str:
        return next(item.help for item in view.kpis(QUIET, [], other_gpu=False) if item.name == "CPU")

    monkeypatch.setattr(view.inventory, "core_kinds", lambda: (CoreKind("performance", 6), CoreKind("efficiency", 2)))
    assert told().endswith("over 2 logical cores: 6 performance, 2 efficiency.")
    monkeypatch.setattr(view.inventory, "core_kinds", tuple)
    assert told().endswith("over 2 logical cores.")


def test_workers_are_listed_with_what_they_use_and_the_jobs_that_run() -> None:
    jobs = [job(), job(key="other", label="A sweep"), job(label="Waiting", status="queued")]
    shown = str(view.workers(QUIET, jobs, {3: ("k", "gone")}, None))
    for part in ("Server 1", "Worker 2", "95% of a core, 1.0 GB", "Worker 3", "Matrix product", "50%: Timing"):
        assert part in shown
    assert shown.index("Worker 3") < shown.index("Matrix product") < shown.index("A sweep")
    assert "Waiting" not in shown
    on_gpu = replace(QUIET, workers=(replace(QUIET.workers[0], gpu_memory=3 * GIGA),))
    assert "1.0 GB, 3.0 GB on the GPU" in str(view.workers(on_gpu, [], {}, None))


def test_workers_elsewhere_are_said_to_be_elsewhere() -> None:
    assert "tcp://far:8786" in str(view.workers(QUIET, [], {}, "tcp://far:8786"))
    assert "starting" in str(view.workers(replace(QUIET, workers=()), [], {}, None))


def test_makers_marks_are_left_out() -> None:
    assert machine.plain("Intel(R) Xeon(R)  Processor") == "Intel Xeon Processor"
    assert machine.short("2.13.0+cpu") == "2.13"


@pytest.mark.parametrize(
    ("name", "versions", "gpus", "said"),
    [
        ("mlx:cpu", {"numpy": "2"}, (), "The package mlx is not installed."),
        ("torch:cuda", {"torch": "2.13.0"}, (), "No NVIDIA driver"),
        ("torch:cuda", {"torch": "2.13.0+cpu"}, ("H100",), "torch 2.13.0+cpu is built without CUDA."),
        ("torch:mps", {"torch": "2.13.0"}, ("H100",), "Apple silicon"),
        ("mlx:gpu", {"mlx": "0.32"}, ("H100",), "mlx 0.32 is built without CUDA."),
    ],
)
def test_an_absent_device_has_its_reason(name: str, versions: dict[str, str], gpus: tuple[str, ...], said: str) -> None:
    assert said in devices.absence_on(name, versions, gpus)


def test_every_device_is_listed_as_here_or_absent() -> None:
    shown = str(machine.device_lists())
    assert all(title in shown for title in devices.NAMES.values())
    assert shown.count("'available'") == len(devices.expected())


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A sampler whose readings the test sets, in a request to an app without jobs."""
    found = SimpleNamespace(samples=(), problem="", usage=None)
    monkeypatch.setattr(sampler, "of", lambda server: found)
    with Flask("test").app_context():
        yield found


def test_the_live_part_waits_for_the_first_reading(workspace: Workspace, watching: SimpleNamespace) -> None:
    with pytest.raises(PreventUpdate):
        callbacks.show_live(1, 60)


def test_the_live_part_draws_what_was_read(workspace: Workspace, watching: SimpleNamespace) -> None:
    watching.samples = (replace(QUIET, moment=999.0), QUIET)
    charts, strip, workers, _, answer = callbacks.show_live(1, 60)
    assert [trace["name"] for trace in charts[ids.CPU]["data"]] == ["Mean", "Core 1", "Core 2"]
    assert charts[ids.MEMORY]["data"][0]["y"] == {"dtype": "u1", "bdata": base64.b64encode(bytes([4, 4])).decode()}
    assert ids.GPU not in charts
    assert [trace["name"] for trace in charts[ids.TRAFFIC]["data"]] == ["Disk read", "Disk written"]
    assert all(name in str(strip) for name in NAMES)
    assert all(f"Worker {pid}" in str(workers) for pid in (2, 3))
    assert answer["tick"] == 1


def test_the_live_part_draws_a_gpu_where_one_is_read(workspace: Workspace, watching: SimpleNamespace) -> None:
    watching.samples = (replace(QUIET, gpus=(GpuUse(84.0, None, None),)),)
    shown = callbacks.show_live(1, 60)[0][ids.GPU]
    assert shown["data"][0]["y"]["bdata"] == base64.b64encode(bytes([84])).decode()


def test_charts_are_sent_when_a_point_is_new_and_figures_each_second(
    workspace: Workspace, watching: SimpleNamespace
) -> None:
    watching.samples = tuple(replace(QUIET, moment=float(moment)) for moment in range(990, 1002))
    charts, *_, answer = callbacks.show_live(1, 3600)
    assert all(charts[name]["data"] for name in (ids.CPU, ids.MEMORY, ids.TRAFFIC))
    watching.samples += (replace(QUIET, moment=1002.0),)
    charts, _, _, stored, answer = callbacks.show_live(2, 3600, answer)  # the point of 996 to 1,002 is complete
    assert charts is not no_update
    assert stored is no_update
    watching.samples += (replace(QUIET, moment=1003.0, memory=6 * GIGA),)
    charts, strip, _, _, again = callbacks.show_live(3, 3600, answer)
    assert charts is no_update
    assert "6.0 GB" in str(strip)
    assert again == answer | {"tick": 3}
    assert callbacks.show_live(4, 600, again)[0] is not no_update
    assert callbacks.show_live(5, 3600, "forged")[0] is not no_update


def test_a_machine_that_cannot_be_read_is_said_in_each_chart(workspace: Workspace, watching: SimpleNamespace) -> None:
    watching.problem = "The machine cannot be read."
    charts, *words, answer = callbacks.show_live(1, 600)
    assert charts == {name: {"error": watching.problem} for name in (ids.CPU, ids.MEMORY, ids.GPU, ids.TRAFFIC)}
    assert words == [[], [], []]
    watching.problem, watching.samples = "", (QUIET,)
    assert callbacks.show_live(2, 600, answer)[0][ids.CPU]["data"]
