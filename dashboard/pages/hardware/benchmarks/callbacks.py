"""Callbacks of what is said about benchmarks."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs, shell
from dashboard.charts import roofline, timings
from dashboard.components import states
from dashboard.components.graph import ids_sub
from dashboard.pages.hardware import ids as page_ids
from dashboard.pages.hardware import measured
from dashboard.pages.hardware.benchmarks import ids, layout, view
from dashboard.pages.hardware.request import PAGE
from engine.benchmarks import advice, exchange
from engine.benchmarks.exchange import ResultFile
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.claims_suite import ClaimsSuite
from engine.core.errors import DataError, EngineError
from engine.jobs.actions import Performed

REGRESSED = "Than the median of earlier measurements of the same work: more than a tenth, beyond the quartiles of both."


@callback(
    Output(frame.figure(ids.ROOFLINE), "data"),
    Output(ids.ADVICE, "children"),
    Input(frame.result(PAGE), "data"),
)
def summarise(data: runs.ResultData) -> tuple[Any, Any]:
    done = runs.report(data, BenchmarkSpec)
    result = done.report
    found = roofline.info(result)
    if not len(found.reached):
        drawn: Any = states.no_figure("No workload in this result counts both operations and bytes.")
    else:
        drawn = roofline.figure(found)
    claimed = [view.claimed(result)] if isinstance(done.action.workload, ClaimsSuite) else []
    return drawn, [*view.held(result), *claimed, view.advised(result)]


@callback(
    Output(frame.figure(ids.TIMINGS), "data"),
    Output(ids_sub(ids.TIMINGS), "children"),
    Input(frame.result(PAGE), "data"),
    Input(page_ids.SHOWN, "value"),
)
def draw_timings(data: runs.ResultData, place: int | None) -> tuple[Any, Any]:
    done = runs.report(data, BenchmarkSpec)
    return over_time(done, place)


@callback(
    Output(ids.FILE, "data"),
    Input(ids.EXPORT, "n_clicks"),
    State(frame.result(PAGE), "data"),
    prevent_initial_call=True,
)
def export(clicks: int | None, data: runs.ResultData) -> Any:
    if not clicks:
        raise PreventUpdate
    return dcc.send_string(exchange.to_json(runs.report(data, BenchmarkSpec).report), "stratoscope-benchmarks.json")


@callback(
    Output(ids.COMPARED, "children"),
    Output(ids.UPLOAD, "contents"),
    Input(ids.UPLOAD, "contents"),
    Input(frame.result(PAGE), "data"),
    prevent_initial_call=True,
)
def compare(contents: str | None, data: runs.ResultData) -> tuple[Any, Any]:
    """The result beside a file; of another result nothing is compared yet."""
    if not contents:
        return layout.hint(), no_update
    try:
        return view.compared(runs.report(data, BenchmarkSpec).report, read(contents)), None
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        return no_update, None


def read(contents: str) -> ResultFile:
    """The file in a data URL. Raises ``DataError``."""
    try:
        data = base64.b64decode(str(contents).partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise DataError("The file did not arrive whole: choose it again.") from None
    return exchange.from_json(data)


def over_time(done: Performed, place: int | None) -> tuple[Any, Any]:
    """The chart of all measurements of the work that is shown, and what has become slower."""
    shown = measured.chosen(done.report, place)
    earlier = [item for item in measured.dated_others(done, shown) if item[0] <= done.report.measured]
    slower = advice.regressions(shown, [item for _, item in earlier])
    where = f". {reason}" if (reason := measured.elsewhere(done.report)) else ", on this machine"
    if not earlier:
        return states.no_figure("Measured once. Measure it again another day to see whether it changes."), ""
    drawn = timings.figure(timings.info([*earlier, (done.report.measured, shown)]))
    words = [f"{title} is {ratio:.2f} times as slow as before" for title, ratio in slower.items()]
    chips = [html.Span(text, className="chip warn", title=REGRESSED) for text in words]
    return drawn, [*chips, where.lstrip(".,")] if chips else f"no regression{where}"
