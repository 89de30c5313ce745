"""The hardware page: its texts, the benchmark's form and its callbacks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dash.exceptions import PreventUpdate
from flask import Flask

from dashboard.jobs.listing import Job
from dashboard.pages.hardware import callbacks, machine, measured, request, sampler, storage, view
from dashboard.pages.hardware.layout import layout
from dashboard.pages.hardware.readings import GpuUse, Sample
from dashboard.pages.hardware.request import FORM
from engine import devices
from engine.benchmarks.spec import BenchmarkSpec
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.jobs import records, runner
from engine.jobs.housekeeping import Usage
from tests.support.machine import GIGA, QUIET, job, result
from tests.support.workspace import Workspace

# Texts


def texts(sample: Sample, *jobs: Job, other_gpu: bool = False) -> dict[str, tuple[str, str]]:
    return {item.name: (item.text, item.note) for item in view.kpis(sample, jobs, other_gpu)}


def test_the_strip_names_eight_figures_and_invents_none() -> None:
    assert texts(QUIET, job(), job(status="queued")) == {
        "CPU": ("20%", "2 × 2.30 GHz"),
        "GPU": ("no GPU", "CPU only"),
        "Memory": ("4.0 GB", "of 16.0 GB"),
        "Swap": ("none", "not set up"),
        "Stratoscope": ("2.1 GB", "server 128 MB"),
        "Workers": ("1 of 2", "busy, 1 waiting"),
        "Load": ("0.50", "0.25, 0.75"),
        "Disk read": ("2.5 MB/s", "write 0.0 MB/s"),
    }


def test_what_a_system_does_not_tell_is_a_dash_and_not_a_zero() -> None:
    found = texts(replace(QUIET, megahertz=None, load=None, disk_read=None, disk_write=None), other_gpu=True)
    assert found["CPU"] == ("20%", "2 cores")
    assert found["GPU"] == ("–", "load not readable")
    assert found["Load"] == ("–", "not told here")
    assert found["Disk read"] == ("–", "write –")


def test_a_gpu_shows_its_load_and_its_memory() -> None:
    found = texts(replace(QUIET, gpus=(GpuUse(84.0, 3.1 * GIGA, 80.0 * GIGA),)))
    assert found["GPU"] == ("84%", "3.1 of 80.0 GB")
    assert texts(replace(QUIET, gpus=(GpuUse(None, None, None),)))["GPU"] == ("–", "memory not told")


def test_workers_are_listed_with_what_they_use_and_the_jobs_that_run() -> None:
    shown = str(view.workers(QUIET, [job(), job(label="Waiting", status="queued")], None))
    for part in ("Process 2", "95% of a core, 1.0 GB", "Process 3", "Matrix product", "50%: Timing"):
        assert part in shown
    assert "Waiting" not in shown


def test_workers_elsewhere_are_said_to_be_elsewhere() -> None:
    assert "tcp://far:8786" in str(view.workers(QUIET, [], "tcp://far:8786"))
    assert "starting" in str(view.workers(replace(QUIET, workers=()), [], None))


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
    assert shown.count("'here'") == len(devices.expected())


# The benchmark's form


def pressed(monkeypatch: pytest.MonkeyPatch, is_pressed: bool) -> None:
    monkeypatch.setattr(request, "_is_pressed", lambda: is_pressed)


def test_the_form_starts_with_every_variant_and_hides_the_take() -> None:
    values = FORM.defaults()
    assert values["variants"] == []
    assert "type='hidden'" in str(FORM.panel(values)[-1])
    assert all(item.path != "take" for item in FORM.shown(values))


def test_a_press_takes_the_next_take_that_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "is_stored", lambda spec: spec.take in (1, 2, 4))
    values = FORM.defaults()
    pressed(monkeypatch, False)
    assert FORM.parse(values).model_dump()["take"] == 1
    pressed(monkeypatch, True)
    assert FORM.parse(values).model_dump()["take"] == 3


def test_the_take_on_the_page_is_collected_from_its_hidden_control() -> None:
    found = [{"role": "field", "page": "hardware", "path": "take"},
             {"role": "choice", "page": "hardware", "path": "workload"}]  # fmt: skip
    assert FORM.collect(found, [7, "matrix_product"])["take"] == 7


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"workload": {"kind": "matrix_product", "size": 0}}, "workload.size"),
        ({"workload": {"kind": "abacus"}}, "workload.kind"),
        ({"repetitions": 10**9}, "repetitions"),
        ({"variants": ["torch:../../etc/passwd"]}, "variants"),
        ({"take": 0}, "take"),
    ],
)
def test_a_forged_request_is_refused_at_its_field(change: dict[str, object], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        FORM.parse({**FORM.defaults(), **change})
    assert [name for name, _ in caught.value.problems] == [path]


@pytest.mark.parametrize("forged", [0, -1, 59, None, "600", 10**9])
def test_a_forged_window_is_refused(forged: Any) -> None:
    with pytest.raises(SpecError, match="one minute or ten"):
        callbacks.seconds_of(forged)


def test_a_permalink_fills_the_form(workspace: Workspace) -> None:
    from dashboard import state

    spec = BenchmarkSpec(variants=("numpy:cpu",), repetitions=7, take=3)
    with Flask("test").app_context():
        shown = str(layout(state.to_query(spec)))
    assert '"repetitions":7' in shown
    assert '"take":3' in shown


def test_a_page_that_is_only_laid_out_starts_no_sampler(workspace: Workspace) -> None:
    server = Flask("test")
    with server.app_context():
        layout(None)
    assert sampler.EXTENSION not in server.extensions


# The benchmark's texts


def test_rows_print_three_digits_and_the_reason_of_what_is_not_used() -> None:
    first, second = measured.rows(result().results[0])
    assert first == {
        "variant": "NumPy CPU", "size": "64", "work": "Matrix product 64 × 64 float32", "median": "2.00 ms",
        "quartiles": "1.90 to 2.20", "speed_up": "1.00×",
        "rate": "22.9 GFLOP/s", "error": "8.9e−07", "allowed": "1.2e−05 from float64 is allowed.",
        "threads": "2", "note": "",
    }  # fmt: skip
    assert second["median"] == second["speed_up"] == second["rate"] == "–"
    assert second["note"] == "torch CPU differs from float64."


@pytest.mark.parametrize(
    ("value", "text"), [(1932.3, "1,930"), (0.01234, "0.0123"), (1.0, "1.00"), (999.6, "1,000"), (0.0, "0")]
)
def test_three_digits_count(value: float, text: str) -> None:
    assert measured.significant(value) == text


def test_a_result_with_missing_values_has_no_finite_error() -> None:
    assert measured.scientific(float("inf")) == "infinite"
    assert measured.scientific(float("nan")) == "–"


def measure(spec: BenchmarkSpec, **about: Any) -> str:
    """Store a made-up result of ``spec``, as the runner does; its key."""
    key = runner.run_key(spec)
    made = result(**about)
    runner.store().write(key, made)
    records.enter(key, spec, runner.origin(spec), made.summary(), 1.0)
    return key


def test_earlier_runs_are_listed_with_their_links_and_the_one_on_the_page_is_marked(workspace: Workspace) -> None:
    first, second = BenchmarkSpec(), BenchmarkSpec(take=2)
    measure(first, median=np.array([[0.002], [0.001]]))
    shown = measure(second)
    found = measured.earlier("matrix_product", shown)
    assert len(found) == 2
    assert "'shown'" in str(found[0])
    assert "torch CPU 2.00×" in str(found[1])
    assert "/hardware?spec=" in str(found[1])
    assert "Nothing has been measured" in str(measured.earlier("rolling_mean", ""))


def test_other_takes_of_the_same_work_are_compared_and_other_work_is_not(workspace: Workspace) -> None:
    spec = BenchmarkSpec(take=3)
    other = BenchmarkSpec.parse({"workload": {"kind": "matrix_product", "size": 128}})
    for item in (other, BenchmarkSpec(take=1), BenchmarkSpec(take=2, repetitions=5)):
        measure(item, title=item.label())
    assert [item.title for item in measured.takes(measure(spec), spec, result().results[0])] == [
        BenchmarkSpec(take=2, repetitions=5).label(),
        BenchmarkSpec(take=1).label(),
    ]


def test_a_result_without_numpy_says_why_there_is_no_chart() -> None:
    from dashboard.charts import benchmark

    without = result(variants=("torch:cpu", "mlx:cpu")).results[0]
    assert callbacks.speed_figure(benchmark.info(without)) == {"empty": callbacks.NO_REFERENCE}


@pytest.mark.parametrize(("quartile", "chip"), [(0.0021, False), (0.0029, True)])
def test_a_noisy_measurement_is_called_so(quartile: float, chip: bool) -> None:
    shown = str(measured.sub(result(upper=np.array([[quartile], [np.nan]])).results[0], True))
    assert ("chip warn" in shown) == chip
    assert "ring = earlier take" in shown
    assert f"noise {50 if chip else 10}%" in shown


# The callbacks


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
    cpu, memory, gpu, cells, workers, _ = callbacks.show_live(1, 60)
    assert [trace.name for trace in cpu.data] == ["all cores", "core 1", "core 2"]
    assert memory.data[0].y.tolist() == [4, 4]
    assert gpu is None
    assert len(cells) == 8
    assert len(workers) == 2


def test_the_live_part_draws_a_gpu_where_one_is_read(workspace: Workspace, watching: SimpleNamespace) -> None:
    watching.samples = (replace(QUIET, gpus=(GpuUse(84.0, None, None),)),)
    assert callbacks.show_live(1, 60)[2].data[0].y.tolist() == [84]


def test_a_machine_that_cannot_be_read_is_said_in_each_chart(workspace: Workspace, watching: SimpleNamespace) -> None:
    watching.problem = "The machine cannot be read."
    assert callbacks.show_live(1, 600) == ({"error": watching.problem},) * 3 + ([], [], [])


def test_a_result_is_drawn_and_listed_with_its_takes(workspace: Workspace) -> None:
    measure(BenchmarkSpec(take=1), median=np.array([[0.002], [0.001]]))
    spec = BenchmarkSpec(take=2)
    data = {"key": measure(spec), "spec": canonical_json(spec)}
    figure, rows, sub, absent = callbacks.draw(data, None, 0)
    assert list(figure.data[0].y) == ["NumPy CPU"]
    assert list(figure.data[-1].x) == [2]
    assert [row["variant"] for row in rows] == ["NumPy CPU", "torch CPU"]
    assert "Matrix product 64" in str(sub)
    assert "No NVIDIA driver answers" in str(absent)
    assert len(callbacks.list_earlier(data)) == 2
    assert callbacks.keep_take(data) == 2


def test_while_it_runs_the_medians_so_far_are_drawn_and_listed() -> None:
    partial = {"work": "Matrix product", "reference": "numpy:cpu", "variant": ["numpy:cpu", "torch:cpu"],
               "title": ["NumPy CPU", "torch CPU"], "seconds": [0.002, None]}  # fmt: skip
    figure, rows, sub, _ = callbacks.draw(None, {"partial": partial}, None)
    assert list(figure.data[0].x) == [1]
    assert [(row["median"], row["note"]) for row in rows] == [("2.00 ms", "so far"), ("–", "waiting for its turn")]
    assert sub == "Matrix product, median so far"


def test_the_workloads_of_a_suite_are_chosen_one_by_one(workspace: Workspace) -> None:
    first, second = result().results[0], result(labels=("Rolling mean",), title="Rolling mean").results[0]
    spec = BenchmarkSpec.parse({"workload": {"kind": "device_suite"}})
    data = {"key": measure(spec, results=(first, second)), "spec": canonical_json(spec)}
    options, chosen, shape = callbacks.offer_workloads(data)
    assert [item["label"] for item in options] == ["Matrix product 64 × 64 float32", "Rolling mean"]
    assert (chosen, shape) == (0, "seg small")
    for place, label in ((0, "Matrix product"), (1, "Rolling mean"), (2, "Matrix product"), ("1", "Matrix product")):
        assert label in str(callbacks.draw(data, None, place)[2])  # type: ignore[arg-type]


def test_one_workload_leaves_nothing_to_choose(workspace: Workspace) -> None:
    spec = BenchmarkSpec()
    assert callbacks.offer_workloads({"key": measure(spec), "spec": canonical_json(spec)})[2] == "d-none"


def test_several_sizes_are_lines_and_a_row_each(workspace: Workspace) -> None:
    from tests.dashboard.charts.test_scaling import DRAWN

    spec = BenchmarkSpec(sizes=(64, 128))
    data = {"key": measure(spec, results=(DRAWN,)), "spec": canonical_json(spec)}
    figure, rows, sub, _ = callbacks.draw(data, None, 0)
    assert [trace.mode for trace in figure.data] == ["lines+markers"] * 2
    assert [(row["variant"], row["size"], row["median"]) for row in rows] == [
        ("NumPy CPU", "64", "2.00 ms"), ("torch CPU", "64", "1.00 ms"),
        ("NumPy CPU", "128", "16.0 ms"), ("torch CPU", "128", "–"),
    ]  # fmt: skip
    assert rows[3]["note"] == "It failed."
    assert "GFLOP/s by size" in str(sub)


def test_the_variants_on_offer_are_those_of_the_workload() -> None:
    options, kept = callbacks.offer_variants("lightgbm_fit", ["numpy:cpu", "lightgbm:1"])
    assert [item["value"] for item in options] == ["lightgbm:1", "lightgbm:all"]
    assert kept == ["lightgbm:1"]
    assert callbacks.offer_variants("device_suite", ["numpy:cpu"]) == ([], [])
    assert [name for name, _ in FORM.offers()["variants"](FORM.defaults())] == list(devices.expected())
    with pytest.raises(SpecError):
        callbacks.offer_variants("abacus", None)


@pytest.mark.parametrize("progress", [None, {}, {"partial": None}])
def test_without_a_result_or_a_preview_nothing_is_drawn(progress: Any) -> None:
    with pytest.raises(PreventUpdate):
        callbacks.draw(None, progress, 0)
    with pytest.raises(PreventUpdate):
        callbacks.draw({"error": "It failed."}, {"partial": {"variant": [], "seconds": []}}, 0)


def test_a_forged_result_of_another_kind_is_refused(workspace: Workspace) -> None:
    forged = {"key": "0" * 64, "spec": '{"kind":"market","symbols":["AAPL"]}'}
    for callback in (lambda: callbacks.draw(forged, None, 0), lambda: callbacks.list_earlier(forged)):
        with pytest.raises(SpecError):
            callback()


# What the cache takes

USED = Usage(bars=3 * 2**20, results=2**30, count=9000, database=5 * 2**20, jobs=0, limit=4 * 2**30, free=9 * 2**30,
             total=100 * 2**30)  # fmt: skip


def test_each_part_of_the_cache_has_its_size() -> None:
    shown = str(storage.lines(USED, None))
    for part in ("9,000 results, 25% of the limit", "1.0 GB of 4.0 GB", "'25.0%'", "3.0 MB", "5.0 MB", "9.0 GB"):
        assert part in shown
    assert "almost full" not in shown


def test_a_limit_that_is_passed_a_missing_one_and_a_full_disk_are_told() -> None:
    assert "all marked or of today" in str(storage.lines(replace(USED, results=5 * 2**30), None))
    assert "9,000 results at s3://far, no limit" in str(storage.lines(replace(USED, limit=None), "s3://far"))
    assert "almost full" in str(storage.lines(replace(USED, free=2**20), None))
    assert "not been measured" in str(storage.lines(None, None))


def test_the_sampler_looks_at_the_cache(workspace: Workspace) -> None:
    watching = sampler.Sampler(period=0.01)
    watching.start()
    deadline = time.monotonic() + 60
    while watching.usage is None and time.monotonic() < deadline:
        time.sleep(0.01)
    watching.stop()
    assert watching.usage is not None
    assert (watching.usage.results, watching.usage.count) == (0, 0)
