"""Callbacks of the hardware page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, no_update
from dash.exceptions import PreventUpdate
from flask import current_app

from dashboard import ids as frame
from dashboard import runs, shell
from dashboard.charts import benchmark, hardware, scaling
from dashboard.charts.base import encoded
from dashboard.components import metric, states
from dashboard.components.graph import ids_sub
from dashboard.components.static_html import static_html
from dashboard.components.tabs import line_id
from dashboard.jobs.access import current_jobs
from dashboard.pages.hardware import ids, machine, measured, sampler, storage, view
from dashboard.pages.hardware.benchmarks import callbacks as benchmarks
from dashboard.pages.hardware.benchmarks import ids as benchmark_ids
from dashboard.pages.hardware.layout import BENCHMARKS, GROUP, WINDOWS
from dashboard.pages.hardware.readings import History, Sample, history
from dashboard.pages.hardware.request import FORM, PAGE, any_sizes, any_variants, variants_of
from engine import devices
from engine.benchmarks.result import WorkloadResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.core.config import settings
from engine.core.errors import SpecError
from engine.jobs.actions import Performed

runs.wire(FORM)

PARTS = (benchmarks,)
"""What else declares callbacks of the page."""
CHARTS = (ids.CPU, ids.MEMORY, ids.GPU, ids.TRAFFIC)
"""The live ones."""
MANY = 12
"""Workloads of a suite from which on their choice is a list to scroll through."""
NO_REFERENCE = "The reference was not timed, so there is no speed-up: add it to the variants, or see the table."


@callback(
    Output(ids.CHARTS, "data"),
    Output(ids.KPIS, "children"),
    Output(ids.WORKERS, "children"),
    Output(ids.STORAGE, "children"),
    Output(ids.ANSWERED, "data"),
    Input(ids.TICK, "data"),
    Input(ids.WINDOW, "value"),
    State(ids.ANSWERED, "data"),
)
def show_live(tick: int | None, window: int, answered: Any = None) -> tuple[Any, ...]:
    """What has changed since what the browser says it was ``answered`` last."""
    watching = sampler.of(current_app)
    seconds, samples = seconds_of(window), watching.samples
    if watching.problem:
        return {name: {"error": watching.problem} for name in CHARTS}, [], [], [], {"tick": tick}
    if not samples:
        raise PreventUpdate
    end = hardware.last_point(samples[-1].moment, seconds)
    answer = {"tick": tick, "charts": f"{seconds} s to {end}", "storage": repr(watching.usage)}
    known = {name: isinstance(answered, Mapping) and answered.get(name) == answer[name] for name in answer}
    charts = no_update if known["charts"] else encoded(live_charts(samples, seconds, end))
    stored = no_update if known["storage"] else static_html(storage.lines(watching.usage, settings().results))
    return charts, *words(samples[-1]), stored, answer


clientside_callback(
    ClientsideFunction("stratoscope", "tick"),
    Output(ids.TICK, "data"),
    Input(ids.INTERVAL, "n_intervals"),
    State(ids.TICK, "data"),
    State(ids.ANSWERED, "data"),
    State(ids.KPIS, "id"),
)
clientside_callback(ClientsideFunction("stratoscope", "live"), Input(ids.CHARTS, "data"))


clientside_callback(
    "function (run, shown) { return run && shown !== '" + BENCHMARKS + "' ? '" + BENCHMARKS + "'"
    " : window.dash_clientside.no_update; }",
    Output(line_id(GROUP), "active_tab"),
    Input(frame.run(PAGE), "data"),
    State(line_id(GROUP), "active_tab"),
    prevent_initial_call=True,
)


@callback(
    Output(frame.CONTEXT, "children", allow_duplicate=True),
    Input(frame.request(PAGE), "data"),
    prevent_initial_call="initial_duplicate",
)
def introduce(_: str | None) -> Any:
    """The machine, in the header. It has an output: without one it is not called as the page opens."""
    return static_html(shell.context(machine.crumbs(), machine.chips()))


@callback(
    Output(ids.SHOWN, "options"),
    Output(ids.SHOWN, "value"),
    Output(ids.SHOWN, "className"),
    Input(frame.result(PAGE), "data"),
)
def offer_workloads(data: runs.ResultData) -> tuple[Any, ...]:
    """The workloads of a suite to choose from; nothing to choose where there is one."""
    options = measured.choices(runs.report(data, BenchmarkSpec).report)
    style = "seg small many" if len(options) > MANY else "seg small" if len(options) > 1 else "d-none"
    return options, 0, style


@callback(
    Output(frame.figure(ids.SPEED), "data"),
    Output(ids.DEVICES, "rowData"),
    Output(ids_sub(ids.SPEED), "children"),
    Output(ids.REMARKS, "children"),
    Input(frame.result(PAGE), "data"),
    Input(frame.progress(PAGE), "data"),
    Input(ids.SHOWN, "value"),
    Input(benchmark_ids.BASELINE, "value"),
)
def draw(data: runs.ResultData, progress: Mapping[str, Any] | None, place: int | None, base: Any = "") -> Any:
    """The workload that is chosen of the result, or what is known of the one that is measured."""
    if data and "report" in data:
        done = runs.report(data, BenchmarkSpec)
        return drawn(done, measured.chosen(done.report, place), base)
    if data or not progress or not progress.get("partial"):
        raise PreventUpdate
    info = benchmark.live(progress["partial"])
    label = f"{progress['partial']['work']}, median so far"
    return speed_figure(info), measured.live_rows(info), label, []


@callback(
    Output(frame.field(PAGE, "variants"), "options"),
    Output(frame.field(PAGE, "variants"), "value"),
    Output(frame.field(PAGE, "variants"), "placeholder"),
    Output(frame.field(PAGE, "sizes"), "placeholder"),
    Input(frame.choice(PAGE, "workload"), "value"),
    State(frame.field(PAGE, "variants"), "value"),
    prevent_initial_call=True,
)
def offer_variants(kind: str, chosen: list[str] | None) -> tuple[Any, ...]:
    """The variants of another workload, those that it shares with the last one still chosen, and what it means to
    choose none and no size.
    """
    options = variants_of(kind)
    kept = [name for name in chosen or () if name in {item["value"] for item in options}]
    return options, kept, any_variants(kind), any_sizes(kind)


@callback(Output(ids.EARLIER, "children"), Input(frame.result(PAGE), "data"))
def list_earlier(data: runs.ResultData) -> Any:
    """Benchmarks of the workload on the page; of every one while there is none."""
    if not data or "report" not in data:
        return measured.earlier(None)
    return measured.earlier(runs.report(data, BenchmarkSpec))


@callback(
    Output(benchmark_ids.BASELINE, "options"),
    Output(benchmark_ids.BASELINE, "value"),
    Input(frame.result(PAGE), "data"),
    Input(ids.SHOWN, "value"),
)
def offer_baselines(data: runs.ResultData, place: int | None) -> tuple[Any, Any]:
    options = measured.baselines(measured.chosen(runs.report(data, BenchmarkSpec).report, place))
    return options, options[0]["value"]


def drawn(done: Performed, shown: WorkloadResult, base: Any) -> tuple[Any, ...]:
    """Figure, rows, title and remarks of a workload; speed-ups are over ``base``, else over its reference."""
    base = base if isinstance(base, str) and base in shown.variants else ""
    others = measured.others(done, shown) if len(shown.sizes) == 1 else []
    sub = measured.sub(done.report, shown, bool(others))
    return result_figure(shown, others, base), measured.rows(shown, base), sub, measured.remarks(done.report, shown)


def result_figure(result: WorkloadResult, earlier: Sequence[WorkloadResult], base: str = "") -> Any:
    """Speed-ups at one size, rates over several."""
    if len(result.sizes) > 1:
        return scaling.figure(scaling.info(result))
    return speed_figure(benchmark.info(result, earlier, baseline=base))


def speed_figure(info: benchmark.BenchmarkInfo) -> Any:
    """The chart, or a sentence where there is nothing to compare with."""
    if info.has_reference:
        return benchmark.figure(info)
    return states.no_figure(NO_REFERENCE if info.is_final else "Waiting for the timings of the reference.")


def words(last: Sample) -> tuple[Any, Any]:
    """The strip and the processes."""
    jobs = current_jobs()
    active, at_work = (jobs.active(), jobs.at_work()) if jobs else ([], {})
    workers = view.workers(last, active, at_work, settings().compute.scheduler)
    return static_html(metric.cells(view.kpis(last, active, has_other_gpu()))), static_html(workers)


def live_charts(samples: tuple[Sample, ...], seconds: int, end: float) -> dict[str, Any]:
    """Of ``CHARTS`` in the ``seconds`` before ``end``; of the GPU where one is read."""
    past, last = history(samples[-seconds:], end), samples[-1]
    memory = hardware.memory_info(
        past.ages,
        used=past.memory,
        own=past.own,
        swap=past.swap,
        total=last.memory_total,
        swap_total=last.swap_total,
        seconds=seconds,
    )
    return {
        ids.CPU: hardware.cpu_figure(hardware.cpu_info(past.ages, past.cores, seconds)),
        ids.MEMORY: hardware.memory_figure(memory),
        **gpu_chart(past, last, seconds),
        ids.TRAFFIC: hardware.traffic_figure(hardware.traffic_info(past.ages, past.traffic, seconds)),
    }


def gpu_chart(past: History, last: Sample, seconds: int) -> dict[str, Any]:
    """The chart of the GPU, or why there is none; nothing without a GPU."""
    if problem := view.gpu_problem(last):
        return {ids.GPU: {"error": problem}}
    return {ids.GPU: hardware.gpu_figure(hardware.gpu_info(past.ages, past.gpu, seconds))} if last.gpus else {}


def seconds_of(window: int) -> int:
    """A window that the page offers. Raises ``SpecError`` for any other."""
    if window not in WINDOWS:
        raise SpecError([("window", "The window is a minute, ten, or an hour.")])
    return window


def has_other_gpu() -> bool:
    """Whether a device of ours is a GPU that NVIDIA's library does not know."""
    return not devices.machine().gpus and any(not name.endswith(":cpu") for name in devices.expected())
