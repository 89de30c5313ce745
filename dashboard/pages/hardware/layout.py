"""Layout of the hardware page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component
from flask import current_app

from dashboard import state
from dashboard.components import metric
from dashboard.components.card import card, columns
from dashboard.components.graph import graph
from dashboard.components.page_layout import page_layout
from dashboard.components.states import empty, skeleton
from dashboard.components.table import Column, table
from dashboard.components.tabs import fill_late, late_pane, pane, tabs
from dashboard.pages.hardware import examination, finished_jobs, ids, machine, sampler
from dashboard.pages.hardware.benchmarks import layout as benchmarks
from dashboard.pages.hardware.benchmarks import routes
from dashboard.pages.hardware.request import FORM
from engine import devices
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.everything_suite import EverythingSuite

WINDOWS = {60: "1 min", 600: "10 min", 3600: "1 h"}
GROUP, LIVE, JOBS, BENCHMARKS, MACHINE = "hardware", "live", "jobs", "benchmarks", "machine"
TABS = ((LIVE, "Live"), (JOBS, "Jobs"), (BENCHMARKS, "Benchmarks"), (MACHINE, "Machine"))
COLUMNS = (
    Column("variant", "Variant", least=118),
    Column("size", "Size", width=76, help="Size of the workload; hover for details."),
    Column("median", "Median", width=84, help="Wall time of one call, warm-up excluded."),
    Column("quartiles", "Quartiles", width=136, help="First and third quartile of the calls."),
    Column("speed_up", "Speed-up", width=84, help="Median of the reference at this size over this median."),
    Column("rate", "Rate", width=120, help="Work per call over the median."),
    Column("error", "Error", width=80, help="Deviation from the expected result; hover for the tolerance."),
    Column("peak", "Memory", width=84, help="Peak memory of the library's process, the library itself included."),
    Column("threads", "Threads", width=80, help="CPU threads available to the library."),
    Column("energy", "Energy", width=118, help="Of the whole machine, per call; ± is the step of its counters."),
)  # fmt: skip


def layout(query: str | None, seen: Mapping[str, str] = MappingProxyType({})) -> Component:
    """The page for a permalink's query, on its benchmarks, or with the default form, on what is live, or the ``tab``
    that the address names.
    """
    asked = seen.get("tab", "")
    first = BENCHMARKS if query else asked if asked in dict(TABS) else LIVE
    return page_layout(
        FORM,
        query,
        title=tabs(GROUP, TABS, first),
        panel=_live_controls(),
        results=_benchmark(),
        studies=[
            pane(GROUP, BENCHMARKS, [_earlier(), routes.layout()], first=first == BENCHMARKS),
            pane(GROUP, LIVE, _live(), first=first == LIVE, free=True),
            *late_pane(GROUP, JOBS, finished_jobs.layout, kind="free", is_open=first == JOBS),
            *late_pane(GROUP, MACHINE, _machine, kind="free", is_open=first == MACHINE),
        ],
        empty=empty(
            "No benchmark yet",
            "Choose a workload or a suite on the left and press Run benchmarks: the variants "
            "take turns at the same work, and each result is verified before it counts.",
            symbol="hardware",
        ),
    )


fill_late(GROUP, JOBS, finished_jobs.layout)


def _machine() -> list[Component]:
    return [
        card("Devices", columns(*machine.device_lists(), kind="three"), sub="of this machine"),
        examination.layout(),
    ]


fill_late(GROUP, MACHINE, _machine)


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return [*finished_jobs.layout(), *_machine()]


def _live_controls() -> list[Component]:
    window = dbc.RadioItems(
        id=ids.WINDOW,
        options=[{"value": value, "label": label} for value, label in WINDOWS.items()],
        value=_first_window(),
        className="seg",
    )
    name = html.Div(html.Span("Window", id="hardware-window-label", className="f-label"), className="f-name")
    control = html.Div(window, className="f-control", role="radiogroup", **{"aria-labelledby": "hardware-window-label"})
    return [html.H2("Live"), html.Div([name, control], className="f")]


def _first_window() -> int:
    """Ten minutes where there is more than two to show, else one."""
    return 600 if len(sampler.past(current_app)) > 120 else min(WINDOWS)


def _live() -> list[Component]:
    has_gpu = bool(devices.machine().gpus) or devices.is_apple_silicon()
    gpu = graph(ids.GPU, height=200, title="GPU", sub="% busy", rescale=False)
    charts = [
        graph(ids.CPU, height=200, title="CPU", sub="% busy", rescale=False),
        graph(ids.MEMORY, height=200, title="Memory", sub="GB", rescale=False),
        html.Div(gpu, hidden=not has_gpu),
    ]
    parts = [
        metric.strip(ids.KPIS),
        columns(*charts, kind="three" if has_gpu else "half"),
        graph(ids.TRAFFIC, height=150, title="Disks and network", sub="MB/s", rescale=False),
        columns(
            card("Processes", html.Div(skeleton(60), id=ids.WORKERS), sub="of Stratoscope, and the jobs that they run"),
            card("Storage", html.Div(skeleton(60), id=ids.STORAGE), sub="disk usage of the cache"),
            kind="half",
        ),
        dcc.Interval(id=ids.INTERVAL, interval=1000),
        dcc.Store(id=ids.TICK),
        dcc.Store(id=ids.ANSWERED),
        dcc.Store(id=ids.CHARTS),
    ]
    return [html.Div(parts, className="is-ready cards")]


def _benchmark() -> list[Component]:
    shown = dbc.RadioItems(id=ids.SHOWN, options=[], value=0, className="d-none")
    return [
        html.Div(shown, role="radiogroup", **{"aria-label": "Workload shown"}),
        graph(ids.SPEED, height=220, title="Variants compared", sub="median, whisker = quartiles",
              tools=[benchmarks.baseline()], rescale=False),
        card("Variants by size", html.Div([_benchmark_table(), html.Div(id=ids.REMARKS)]),
             sub="each result verified first"),
        *benchmarks.layout(),
    ]  # fmt: skip


def _benchmark_table() -> Component:
    """The table of a benchmark; its cells are text, as their units and digits differ from row to row."""
    grid = table(ids.DEVICES, COLUMNS, empty="No measurements.", options={"tooltipShowDelay": 300})
    for column in grid.columnDefs:
        column.update({"sortable": False} | ({} if column["field"] == "variant" else {"type": "rightAligned"}))
        if tooltip := {"error": "allowed", "size": "work"}.get(column["field"]):
            column["tooltipField"] = tooltip
    return grid


def _earlier() -> Component:
    everything = f"/hardware?spec={state.to_query(BenchmarkSpec(workload=EverythingSuite()))}"
    tool = dcc.Link("Choose all suites", href=everything, className="link-button strong")
    return card("Measurements", html.Div(skeleton(60), id=ids.EARLIER), sub="newest first", tools=[tool])
