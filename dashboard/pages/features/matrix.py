"""The tab that lists the values of all features bar by bar; a click on one shows the numbers that went in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from typing_extensions import TypedDict

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.candles import UTC, moment
from dashboard.components import card, table, tabs
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.features import explained, ids, processor_form
from dashboard.pages.features.form import SEEN
from dashboard.pages.features.result import shown
from dashboard.runs.form_callbacks import Entered
from dashboard.runs.wiring import entered
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import count
from engine.core.errors import SpecError
from engine.core.spec import RunSpec
from engine.features.explanation.spec import ExplanationSpec, ProcessorChain
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.market.bars import Bars

ROWS, COLUMNS = 1_000, 60
"""Bars and features that the table lists at most."""
DIRECT = ProcessorChain()
ASK = "Click a value, or press Enter on it, to see its formula with the numbers that went in."
JOB = SideJob(ids.PAGE, "explanation")
_REST = {"colId": "rest", "headerName": "", "minWidth": 0, "flex": 1, "sortable": False, "resizable": False}
"""What is left of the width, so that the lines between the rows reach across it."""
_KEYS = {"cellKeyDown": ["stratoscopeEnter(params)"]}


class Cell(TypedDict):
    """A cell that was clicked: the place of its row as it was sent, and its column."""

    rowId: str
    colId: str


def contents() -> Sequence[Component]:
    note = html.Span(id=ids.MATRIX_NOTE, className="sub")
    grid = table.table(ids.MATRIX, [], height=400)
    grid.className += " picks-cells"
    grid.eventListeners |= _KEYS
    box = html.Div(html.P(ASK, className="hint"), id=ids.EXPLAINED, role="status")
    save = html.Button("Parquet file", id=ids.SAVE_MATRIX, type="button", className="link-button",
                       title="All symbols, bars and columns: symbol, time, close, and one a feature.")  # fmt: skip
    value = card.card("Value", [*JOB.stores(), box])
    return [card.card("Matrix", grid, tools=[note, save]), *processor_form.contents(), value]


clientside_callback(
    ClientsideFunction("stratoscope", "saveMatrix"),
    Input(ids.SAVE_MATRIX, "n_clicks"),
    State(frame.run(ids.PAGE), "data"),
    prevent_initial_call=True,
)


@callback(
    Output(ids.MATRIX, "columnDefs"),
    Output(ids.MATRIX, "rowData"),
    Output(ids.MATRIX_NOTE, "children"),
    Input(frame.result(ids.PAGE), "data"),
    Input(SEEN.symbol, "value"),
    Input(tabs.line_id(ids.TABS), "active_tab"),
)
def list_values(data: runs.ResultData, symbol: str | None, tab: str) -> tuple[Any, Any, str]:
    if tab != "matrix":
        raise PreventUpdate
    _, matrix, bars = shown(data, symbol)
    return columns(matrix, bars), rows(matrix, bars), note(matrix, bars)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Output(frame.problems(processor_form.FORM.page), "data"),
    inputs={
        "cell": Input(ids.MATRIX, "cellClicked"),
        "form": entered(processor_form.FORM.page, Input),
        "data": State(frame.result(ids.PAGE), "data"),
        "symbol": State(SEEN.symbol, "value"),
    },
    prevent_initial_call=True,
)
def ask(cell: Cell | None, form: Entered, data: runs.ResultData, symbol: str | None) -> tuple[Any, Any, Any, Any]:
    """The explanation of a cell through the processors of the form, at once or by a job."""
    try:
        request = requested(cell, data, symbol, processor_form.chain(form))
    except SpecError as error:
        return no_update, no_update, no_update, dict(reversed(error.problems))
    return *(side_job.start(request) if request else (None, no_update)), None, {}


JOB.wire()


@callback(Output(ids.EXPLAINED, "children"), Input(JOB.answer, "data"), Input(JOB.progress, "data"))
def show(answer: Answer, progress: Progress | None) -> Any:
    words = side_job.instead(answer, progress, ASK)
    if words is not None:
        return words
    spec, found = runs.opened(answer, ExplanationSpec)
    return explained.content(spec, found)


def requested(
    cell: Cell | None, data: runs.ResultData, symbol: str | None, chain: ProcessorChain = DIRECT
) -> RunSpec | None:
    """What the click asks for; None where the cell holds no feature."""
    if not cell or not cell["colId"].removeprefix("f").isdigit() or not cell["rowId"].isdigit():
        return None
    spec, matrix, bars = shown(data, symbol)
    at, column = len(bars) - 1 - int(cell["rowId"]), int(cell["colId"].removeprefix("f"))
    if not 0 <= at < len(bars) or column >= len(matrix.names):
        return None
    feature, output = owners(spec)[column]
    values = {"market": spec.market, "feature": feature, "output": output, "symbol": bars.series.symbol, "chain": chain}
    return ExplanationSpec.parse({**values, "time": np.datetime_as_string(bars.time[at], unit="ms")})


def owners(spec: FeatureSpec) -> list[tuple[Any, str]]:
    """The feature of each column, and which of its outputs it is."""
    return [(feature, output.name) for feature in spec.features for output in feature.outputs]


def columns(matrix: FeatureMatrix, bars: Bars) -> list[dict[str, Any]]:
    """Definitions of the columns: the bar, its close, and the features in their order."""
    time = f"Time,{UTC}" if bars.series.is_intraday else "Bar"
    fixed = [table.Column("time", time, width=104 if not bars.series.is_intraday else 138, pinned=True),
             table.Column("close", "Close", "number", 4, width=96)]  # fmt: skip
    features = [table.Column(f"f{at}", name, "number", 4, width=_width(name)) for at, name in enumerate(matrix.names)]
    return [*(table.definition(column) for column in (*fixed, *features[:COLUMNS])), _REST]


def rows(matrix: FeatureMatrix, bars: Bars) -> list[dict[str, Any]]:
    """The newest bars first; what is unknown is None."""
    values = matrix.values[matrix.rows(bars.series.symbol)][:, :COLUMNS]
    newest = range(len(bars) - 1, max(len(bars) - 1 - ROWS, -1), -1)
    return [
        {"time": moment(bars, at).removesuffix(UTC), "close": _plain(bars.close[at])}
        | {f"f{column}": _plain(value) for column, value in enumerate(values[at])}
        for at in newest
    ]


def note(matrix: FeatureMatrix, bars: Bars) -> str:
    """How much of the matrix the table lists."""
    listed = "newest first" if len(bars) <= ROWS else f"newest {ROWS:,} listed"
    text = f"{count(len(bars), 'bar')}, {listed} · {count(len(matrix.names), 'column')}"
    return text if len(matrix.names) <= COLUMNS else f"{text}, the first {COLUMNS} listed"


def _width(name: str) -> int:
    return min(max(round(26 + 7.2 * len(name)), 96), 240)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
