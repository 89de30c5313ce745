"""What the features page does."""

from __future__ import annotations

from typing import Any

from dash import ALL, Input, Output, State, callback
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.charts import candles
from dashboard.charts import features as charts
from dashboard.components.graph import ids_sub
from dashboard.pages.features import ids, view
from dashboard.pages.features.layout import FORM
from dashboard.text.format import count, day_range
from engine.features.matrix import FeatureMatrix, FeatureSpec
from engine.market.bars import Bars

runs.wire(FORM)
market_options.follow_collection(FORM)

RESULT = Input(frame.result(ids.PAGE), "data")
SYMBOL = Input(ids.SYMBOL, "value")
FIELDS = {"role": "field", "page": ids.PAGE, "path": ALL}


@callback(
    Output(ids.SYMBOL, "options"),
    Output(ids.SYMBOL, "value"),
    Output(ids.SYMBOL_ROW, "hidden"),
    RESULT,
    State(ids.SYMBOL, "value"),
)
def offer(data: runs.ResultData, symbol: str | None) -> tuple[Any, str, bool]:
    """The symbols that can be looked at; the one on screen stays while it is among them."""
    _, matrix = opened(data)
    options = [{"value": name, "label": name} for name in matrix.symbols]
    return options, symbol if symbol in matrix.symbols else matrix.symbols[0], len(matrix.symbols) == 1


@callback(
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    Output({"role": "graph-body", "graph": ids.CHART}, "style"),
    Output(frame.graph(ids.CHART), "style"),
    RESULT,
    SYMBOL,
    Input(ids.SPAN, "value"),
    Input(ids.SCALE, "value"),
    Input(ids.VIEW, "data"),
)
def chart(data: Any, symbol: str | None, span: str, scale: str, held: Any) -> tuple[Any, ...]:
    spec, matrix, bars = shown(data, symbol)
    start = candles.last_days(bars, span)
    keep = subject(data, symbol, span)
    window = candles.held_window(held, keep) or start
    info = charts.info(bars, matrix, spec.features, window, log=scale == "log")
    figure = charts.figure(info, keep=keep)
    height = {"height": info.height()}
    return figure, view.chart_note(info), height, height


@callback(
    Output(ids.VIEW, "data"),
    Input(frame.graph(ids.CHART), "relayoutData"),
    State(frame.result(ids.PAGE), "data"),
    State(ids.SYMBOL, "value"),
    State(ids.SPAN, "value"),
    prevent_initial_call=True,
)
def zoom(change: Any, data: runs.ResultData, symbol: str | None, span: str) -> Any:
    """The range that the chart was zoomed to, with what it is a range of."""
    try:
        return {"keep": subject(data, symbol, span), "range": candles.asked_window(change)}
    except KeyError:
        raise PreventUpdate from None


@callback(Output(ids.TABLE, "rowData"), Output(ids.TABLE_NOTE, "children"), RESULT, SYMBOL)
def describe(data: runs.ResultData, symbol: str | None) -> tuple[Any, str]:
    """The table of values with its look-ahead check, and what the header says."""
    spec, matrix, bars = shown(data, symbol)
    signs = view.signs_of_look_ahead(spec.features, bars)
    dates = day_range(str(bars.days[0]), str(bars.days[-1]))
    shell.show_context(
        [bars.series.symbol, count(len(matrix.names), "feature"), dates], view.chips(spec.features, signs)
    )
    return view.rows(bars, matrix, spec.features, signs), view.note(signs)


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
    _, matrix, bars = shown(data, symbol)
    info = charts.correlation_info(matrix, bars.series.symbol)
    height = {"height": info.height()}
    return view.correlation_figure(info), height, height


@callback(Output(ids.PROBLEM, "children"), Input(frame.part("run-problem", ids.PAGE), "children"))
def say(problem: str | None) -> str | None:
    """What is wrong with the form as a whole: without a run button, the bar that says it is out of sight."""
    return problem


def subject(data: runs.ResultData, symbol: str | None, span: str) -> str:
    """What a zoom belongs to: another run, symbol or range starts with all of itself in sight."""
    return f"{(data or {}).get('key')} {symbol} {span}"


def opened(data: runs.ResultData) -> tuple[FeatureSpec, FeatureMatrix]:
    """The request and its features; ``PreventUpdate`` where there is none. Raises ``SpecError`` for a forged one."""
    return runs.opened(data, FeatureSpec)


def shown(data: runs.ResultData, symbol: str | None) -> tuple[FeatureSpec, FeatureMatrix, Bars]:
    """The request, its features, and the bars of the symbol on screen: the first if ``symbol`` is not among them."""
    import engine

    spec, matrix = opened(data)
    by_symbol = {bars.series.symbol: bars for bars in engine.run(spec.market).bars}
    return spec, matrix, by_symbol.get(str(symbol), by_symbol[matrix.symbols[0]])
