"""The hardware page: its texts, the benchmark's form and its callbacks."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash.exceptions import PreventUpdate
from dash.html import Div
from flask import Flask

from dashboard.jobs.requested import reported
from dashboard.pages.hardware import callbacks, measured, sampler
from dashboard.pages.hardware.benchmarks import callbacks as benchmark_callbacks
from dashboard.pages.hardware.benchmarks import view as benchmark_view
from dashboard.pages.hardware.layout import layout
from dashboard.pages.hardware.request import FORM
from engine import devices
from engine.benchmarks import room
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.core.errors import DeviceError, EngineError, SpecError
from engine.core.progress import Progress
from engine.core.spec import canonical_json
from engine.jobs import actions, executors
from tests.support.machine import result
from tests.support.workspace import Workspace

# The benchmark's form


def test_the_form_starts_with_every_variant() -> None:
    assert FORM.defaults()["variants"] == []
    assert FORM.parse(FORM.defaults()) == BenchmarkSpec()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"workload": {"kind": "matrix_product", "size": 0}}, "workload.size"),
        ({"workload": {"kind": "abacus"}}, "workload.kind"),
        ({"repetitions": 10**9}, "repetitions"),
        ({"variants": ["torch:../../etc/passwd"]}, "variants"),
        ({"take": 2}, "take"),
    ],
)
def test_a_forged_request_is_refused_at_its_field(change: dict[str, object], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        FORM.parse({**FORM.defaults(), **change})
    assert [name for name, _ in caught.value.problems] == [path]


def test_what_memory_cannot_hold_is_not_begun(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: 1_000_000_000)
    large, small = (BenchmarkSpec(workload=MatrixProduct(size=size)) for size in (16_384, 512))
    with pytest.raises(DeviceError, match=r"may be used: Size [\d,]+ would fit\.$"):
        FORM.require_feasible(large)
    assert (FORM.extent(large), FORM.extent(small)) == ("more than the free memory holds", "")
    workspace.configure("compute: {scheduler: tcp://elsewhere:8786}")
    FORM.require_feasible(large)  # of another machine nothing is known here


@pytest.mark.parametrize("forged", [0, -1, 59, None, "600", 10**9])
def test_a_forged_window_is_refused(forged: Any) -> None:
    with pytest.raises(SpecError, match="a minute, ten, or an hour"):
        callbacks.seconds_of(forged)


def test_a_permalink_fills_the_form(workspace: Workspace) -> None:
    from dashboard import state

    spec = BenchmarkSpec(variants=("numpy:cpu",), repetitions=7)
    with Flask("test").app_context():
        shown = str(layout(state.to_query(spec)))
    assert '"repetitions":7' in shown


def test_a_link_with_the_take_of_an_earlier_version_says_what_is_wrong(workspace: Workspace) -> None:
    text = canonical_json(BenchmarkSpec()).replace('"kind":"benchmark"', '"kind":"benchmark","take":3')
    query = base64.urlsafe_b64encode(zlib.compress(text.encode())).decode().rstrip("=")
    with Flask("test").app_context():
        assert "'take' is not a field here." in str(layout(query))


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
        "quartiles": "1.90 to 2.20 ms", "speed_up": "1.00×",
        "rate": "22.9 GFLOP/s", "error": "8.9e−07", "allowed": "Tolerance: 1.2e−05 against float64.",
        "peak": "–", "energy": "–",
        "threads": "2",
    }  # fmt: skip
    assert second["median"] == second["speed_up"] == second["rate"] == "–"
    (said, *_) = measured.remarks(result(), result().results[0])
    assert "torch CPU differs from float64." in str(said)


def test_energy_has_its_error_or_the_reason_that_there_is_none() -> None:
    metered = replace(
        result().results[0], energy=np.array([[1.234], [np.nan]]), energy_error=np.array([[0.05], [np.nan]])
    )
    assert [row["energy"] for row in measured.rows(metered)] == ["1.23 ± 0.0500 J", "–"]
    without = replace(result(), no_energy="Only root may read the counters.")
    assert "Only root may read the counters." in str(measured.remarks(without, without.results[0]))
    assert "Energy" not in str(measured.remarks(result(), result().results[0]))


@pytest.mark.parametrize(
    ("value", "text"), [(1932.3, "1,930"), (0.01234, "0.0123"), (1.0, "1.00"), (999.6, "1,000"), (0.0, "0")]
)
def test_three_digits_count(value: float, text: str) -> None:
    assert measured.significant(value) == text


def test_a_result_with_missing_values_has_no_finite_error() -> None:
    assert measured.scientific(float("inf")) == "infinite"
    assert measured.scientific(float("nan")) == "–"


def measure(spec: BenchmarkSpec, **about: Any) -> dict[str, str]:
    """Perform ``spec`` with a made-up report; what the page's result store holds of it."""
    about = {"fingerprint": devices.fingerprint(), "machine": devices.machine().describe()} | about

    def made_up(action: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
        return result(**about)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executors, "executor", lambda cls: made_up)
        return reported(actions.perform(spec))


def test_earlier_measurements_are_listed_with_their_links_and_the_one_on_the_page_is_marked(
    workspace: Workspace,
) -> None:
    spec = BenchmarkSpec()
    first = measure(spec, median=np.array([[0.002], [0.001]]))
    shown = measure(spec)
    found = measured.earlier(actions.find(shown["report"]))
    assert len(found) == 2
    assert "'shown'" in str(found[0])
    assert "torch CPU 2.00×" in str(found[1])
    assert f"/hardware?spec=report.{first['report']}" in str(found[1])
    assert "chip warn" not in str(found)
    assert len(measured.earlier(None)) == 2
    other = measure(BenchmarkSpec.parse({"workload": {"kind": "rolling_mean"}}))
    assert len(measured.earlier(actions.find(other["report"]))) == 1


def test_where_nothing_was_measured_the_list_says_so(workspace: Workspace) -> None:
    assert "No measurements yet" in str(callbacks.list_earlier(None))


@pytest.mark.parametrize(
    ("about", "mark", "reason"),
    [
        ({"machine": "Another CPU, 2 cores"}, "another machine", "Measured on another machine: Another CPU, 2 cores."),
        ({"versions": {"numpy": "1.0"}}, "other libraries", "Measured with other versions: numpy 1.0."),
        ({"fingerprint": "0"}, "other libraries", "Measured with other libraries."),
    ],
)
def test_what_another_machine_or_library_measured_is_marked_and_not_compared(
    workspace: Workspace, about: dict[str, Any], mark: str, reason: str
) -> None:
    spec = BenchmarkSpec()
    away, here = measure(spec, **about), measure(spec)
    listed = measured.earlier(actions.find(here["report"]))
    assert ["chip warn" in str(entry) for entry in listed] == [False, True]
    assert mark in str(listed[1])
    assert reason in str(listed[1])
    shown = actions.find(here["report"])
    assert shown is not None
    assert measured.others(shown, shown.report.results[0]) == []
    assert mark in str(callbacks.draw(away, None, 0)[2])
    assert "chip warn" not in str(callbacks.draw(here, None, 0)[2])


def test_what_is_stale_is_compared_with_its_own_time(workspace: Workspace) -> None:
    spec, old = BenchmarkSpec(), {"versions": {"numpy": "1.0"}}
    measure(spec, measured=1.0)
    measure(spec, measured=2.0, median=np.array([[0.001], [np.nan]]), upper=np.array([[0.0012], [np.nan]]), **old)
    shown = actions.find(measure(spec, measured=3.0, **old)["report"])
    assert shown is not None
    assert [when for when, _ in measured.dated_others(shown, shown.report.results[0])] == [2.0]
    drawn, words = benchmark_callbacks.over_time(shown, 0)
    assert len(drawn.data[0].x) == 2
    assert "NumPy CPU is 2.00 times as slow as before" in str(words)
    assert "Measured with other versions: numpy 1.0." in str(words)
    now = actions.find(measure(spec, measured=4.0)["report"])
    assert now is not None
    assert benchmark_callbacks.over_time(now, 0)[1] == "no regression, on this machine"


def test_other_measurements_of_the_same_work_are_compared_and_other_work_is_not(workspace: Workspace) -> None:
    spec = BenchmarkSpec()
    measure(BenchmarkSpec.parse({"workload": {"kind": "matrix_product", "size": 128}}), title="other")
    measure(spec, title="first")
    measure(BenchmarkSpec(repetitions=5), title="second")
    shown = actions.find(measure(spec)["report"])
    assert shown is not None
    assert [item.title for item in measured.others(shown, result().results[0])] == ["second", "first"]


def test_a_result_without_numpy_says_why_there_is_no_chart() -> None:
    from dashboard.charts import benchmark

    without = result(variants=("torch:cpu", "mlx:cpu")).results[0]
    assert callbacks.speed_figure(benchmark.info(without)) == {"empty": callbacks.NO_REFERENCE}


@pytest.mark.parametrize(("quartile", "chip"), [(0.0021, False), (0.0029, True)])
def test_a_noisy_measurement_is_called_so(quartile: float, chip: bool) -> None:
    here = {"fingerprint": devices.fingerprint(), "machine": devices.machine().describe()}
    noisy = result(upper=np.array([[quartile], [np.nan]]), **here)
    shown = str(measured.sub(noisy, noisy.results[0], True))
    assert ("chip warn" in shown) == chip
    assert "ring = earlier measurement" in shown
    assert f"noise {50 if chip else 10}%" in shown


# The callbacks


def test_a_result_is_drawn_and_listed_with_the_earlier_ones(workspace: Workspace) -> None:
    measure(BenchmarkSpec(), median=np.array([[0.002], [0.001]]))
    data = measure(BenchmarkSpec())
    figure, rows, sub, absent = callbacks.draw(data, None, 0)
    assert list(figure.data[0].y) == ["NumPy CPU"]
    assert list(figure.data[-1].x) == [2]
    assert [row["variant"] for row in rows] == ["NumPy CPU", "torch CPU"]
    assert "Matrix product 64" in str(sub)
    assert "No NVIDIA driver answers" in str(absent)
    assert len(callbacks.list_earlier(data)) == 2


def test_each_figure_with_a_target_stands_beside_it() -> None:
    timed = result(
        labels=("Matrix product 2000 × 2000 float64",),
        median=np.array([[0.5], [0.12]]),
        target=np.array([[0.25], [1.0]]),
    )
    (table,) = benchmark_view.held(timed)
    words = [item.children for item in table._traverse() if getattr(item, "_type", "") in ("Th", "Td")][4:]
    assert words == [
        "Matrix product 2,000 × 2,000 float64, NumPy CPU", "500 ms", "250 ms", "missed, 2.00× the time",
        "Matrix product 2,000 × 2,000 float64, torch CPU", "120 ms", "1.00 s", "met, 0.12× the time",
    ]  # fmt: skip
    untimed = result(target=np.array([[np.nan], [1.0]]))
    assert "not timed" in str(benchmark_view.held(untimed))
    assert benchmark_view.held(result()) == []


def test_while_it_runs_the_medians_so_far_are_drawn_and_listed() -> None:
    partial = {"work": "Matrix product", "reference": "numpy:cpu", "variant": ["numpy:cpu", "torch:cpu"],
               "title": ["NumPy CPU", "torch CPU"], "seconds": [0.002, None]}  # fmt: skip
    figure, rows, sub, _ = callbacks.draw(None, {"partial": partial}, None)
    assert list(figure.data[0].x) == [1]
    assert [(row["median"], row["quartiles"]) for row in rows] == [("2.00 ms", "so far"), ("–", "pending")]
    assert sub == "Matrix product, median so far"


def test_the_workloads_of_a_suite_are_chosen_one_by_one(workspace: Workspace) -> None:
    first, second = result().results[0], result(labels=("Rolling mean",), title="Rolling mean").results[0]
    spec = BenchmarkSpec.parse({"workload": {"kind": "device_suite"}})
    data = measure(spec, results=(first, second))
    options, chosen, shape = callbacks.offer_workloads(data)
    assert [item["label"] for item in options] == ["Matrix product 64 × 64 float32", "Rolling mean"]
    assert (chosen, shape) == (0, "seg small")
    assert callbacks.offer_workloads(measure(spec, results=(first,) * 40))[2] == "seg small many"
    for place, label in ((0, "Matrix product"), (1, "Rolling mean"), (2, "Matrix product"), ("1", "Matrix product")):
        assert label in str(callbacks.draw(data, None, place)[2])  # type: ignore[arg-type]


def test_one_workload_leaves_nothing_to_choose(workspace: Workspace) -> None:
    assert callbacks.offer_workloads(measure(BenchmarkSpec()))[2] == "d-none"


def test_several_sizes_are_lines_and_a_row_each(workspace: Workspace) -> None:
    from tests.dashboard.charts.test_scaling import DRAWN

    spec = BenchmarkSpec(sizes=(64, 128))
    data = measure(spec, results=(DRAWN,))
    figure, rows, sub, said = callbacks.draw(data, None, 0)
    assert [trace.mode for trace in figure.data] == ["lines+markers"] * 2
    assert [(row["variant"], row["size"], row["median"]) for row in rows] == [
        ("NumPy CPU", "64", "2.00 ms"), ("torch CPU", "64", "1.00 ms"),
        ("NumPy CPU", "128", "16.0 ms"), ("torch CPU", "128", "–"),
    ]  # fmt: skip
    assert "It failed." in str(said[0])
    assert "size 128" in str(said[0])
    assert "GFLOP/s by size" in str(sub)


def test_the_variants_on_offer_are_those_of_the_workload() -> None:
    options, kept, *blanks = callbacks.offer_variants("lightgbm_fit", ["numpy:cpu", "lightgbm:1"])
    assert [item["value"] for item in options] == ["lightgbm:1", "lightgbm:all"]
    assert kept == ["lightgbm:1"]
    assert blanks == [f"all: {options[0]['label']}, {options[1]['label']}", "the size above"]
    suite = callbacks.offer_variants("device_suite", ["numpy:cpu"])
    assert suite == ([], [], "those of each workload", "those of each workload")
    assert [name for name, _ in FORM.offers()["variants"](FORM.defaults())] == list(devices.expected())
    with pytest.raises(SpecError):
        callbacks.offer_variants("abacus", None)


def test_empty_fields_say_what_they_stand_for() -> None:
    panel = Div(FORM.panel(FORM.defaults()))
    said = {item.id["path"]: item.placeholder for item in panel._traverse() if hasattr(item, "placeholder")}
    assert said["sizes"] == "the size above"
    assert said["variants"].startswith("all: NumPy CPU")
    assert said["repetitions"] == ""


@pytest.mark.parametrize("progress", [None, {}, {"partial": None}])
def test_without_a_result_or_a_preview_nothing_is_drawn(progress: Any) -> None:
    with pytest.raises(PreventUpdate):
        callbacks.draw(None, progress, 0)
    with pytest.raises(PreventUpdate):
        callbacks.draw({"error": "It failed."}, {"partial": {"variant": [], "seconds": []}}, 0)


def test_a_forged_report_is_refused(workspace: Workspace) -> None:
    forged = {"key": "0" * 64, "spec": canonical_json(BenchmarkSpec()), "report": "' OR 1 --"}
    asked = (callbacks.offer_workloads, callbacks.list_earlier, lambda data: callbacks.draw(data, None, 0))
    for callback in asked:
        with pytest.raises(EngineError, match="no longer stored"):
            callback(forged)
