"""Callbacks of the features page."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, dcc
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import market_options, runs, shell, state
from dashboard.charts import base
from dashboard.charts import features as charts
from dashboard.components import table, tabs
from dashboard.components.graph import ids_sub
from dashboard.components.series_view import Seen, zoom_of
from dashboard.pages.features import card_verdicts as card_verdicts
from dashboard.pages.features import ids, leak_test, matrix, sets, statistics, view
from dashboard.pages.features.form import FORM, SEEN
from dashboard.pages.features.result import opened, shown
from dashboard.runs import studies
from dashboard.security.payloads import Answer
from dashboard.text.format import count, day_range

market_options.follow_collection(FORM)

MOST_HEIGHT = 640
"""Pixels of the table of values, which is as tall as its rows below that."""
RESULT = Input(frame.result(ids.PAGE), "data")
SYMBOL = Input(SEEN.symbol, "value")


def symbols(data: runs.ResultData) -> tuple[str, ...]:
    """The symbols that can be looked at."""
    return opened(data)[1].symbols


SEEN.wire(symbols)
SEEN.wire_problem()
studies.wire_tabs(FORM, ids.TABS)
tabs.fill_late(ids.TABS, "matrix", matrix.contents)
tabs.fill_late(ids.TABS, "statistics", statistics.contents)
tabs.fill_late(ids.TABS, "sets", sets.contents)


CHART = (
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    Output({"role": "graph-body", "graph": ids.CHART}, "style"),
    Output(frame.graph(ids.CHART), "style"),
)


def chart(seen: Seen) -> tuple[Any, ...]:
    spec, values, bars = shown(seen["data"], seen["symbol"])
    keep, window = zoom_of(seen, bars)
    info = charts.info(bars, values, spec.features, window, log=seen["scale"] == "log")
    height = {"height": info.height()}
    return base.encoded(charts.figure(info, keep=keep)), view.chart_note(info), height, height


def first_picture(data: runs.ResultData, symbol: str | None, span: str, scale: str, zoom: Any) -> tuple[Any, ...]:
    """The chart in the same answer as its result."""
    return chart({"data": data, "symbol": symbol, "span": span, "scale": scale, "zoom": zoom})


runs.wire(FORM, runs.FirstPicture(first_picture, CHART, SEEN.states()))
callback(
    *(Output(item.component_id, item.component_property, allow_duplicate=True) for item in CHART),
    inputs={"seen": {**SEEN.inputs(), "data": State(frame.result(ids.PAGE), "data")}},
    prevent_initial_call=True,
)(chart)


@callback(
    Output(ids.TABLE, "rowData"),
    Output(ids.TABLE, "style"),
    Output(ids.TABLE_NOTE, "children"),
    Output(ids.PROOF, "children"),
    RESULT,
    SYMBOL,
    Input(leak_test.JOB.answer, "data"),
)
def describe(data: runs.ResultData, symbol: str | None, answer: Answer) -> tuple[Any, Any, str, Any]:
    """The table of values with the verdicts of the leak test, and what the header says."""
    spec, values, bars = shown(data, symbol)
    found = leak_test.verdicts(answer, spec)
    dates = day_range(str(bars.days[0]), str(bars.days[-1]))
    rows = view.rows(bars, values, spec.features, found)
    idle = view.idle(rows)
    said = view.idle_note(idle, bars)
    chips = [view.warm_up_chip(spec.features), *view.idle_chips(idle, said), *leak_test.chips(found, answer)]
    crumbs = [bars.series.symbol, count(len(values.names), "feature"), dates]
    shell.show_context(crumbs, [*chips, *view.device_chips(spec, values)])
    tested = leak_test.note(found, answer)
    note = f"{said} {tested[:1].upper()}{tested[1:].rstrip('.')}." if said and tested else said or tested
    return rows, table.fitting(len(rows), MOST_HEIGHT), note, leak_test.proof(found)


@callback(Output(ids.HANDOVER, "children"), RESULT)
def hand_over(data: runs.ResultData) -> Component:
    """The link to a model's form with these features and bars, to be filled in further before it is trained."""
    title = "Open the models page with these features, symbols and range"
    query = state.to_query(opened(data)[0])
    return dcc.Link("Use in a model →", href=f"/models?spec={query}", className="link-button", title=title)


@callback(
    Output(frame.figure(ids.CORRELATION), "data"),
    Output({"role": "graph-body", "graph": ids.CORRELATION}, "style"),
    Output(frame.graph(ids.CORRELATION), "style"),
    RESULT,
    SYMBOL,
    Input({"role": "tabs", "group": ids.TABS}, "active_tab"),
)
def correlate(data: runs.ResultData, symbol: str | None, tab: str) -> tuple[Any, Any, Any]:
    if tab != "correlation":
        raise PreventUpdate
    _, values, bars = shown(data, symbol)
    info = charts.correlation_info(values, bars.series.symbol)
    height = {"height": info.height()}
    return view.correlation_figure(info), height, height
