"""Callbacks of the features page."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dash import Input, Output, State, callback
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.charts import base
from dashboard.charts import features as charts
from dashboard.components.graph import ids_sub
from dashboard.components.series_view import Seen, zoom_of
from dashboard.pages.features import ids, view
from dashboard.pages.features.layout import FORM, SEEN
from dashboard.text.format import count, day_range
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.market.bars import Bars
from engine.market.spec import MarketSpec

market_options.follow_collection(FORM)

RESULT = Input(frame.result(ids.PAGE), "data")
SYMBOL = Input(SEEN.symbol, "value")


def symbols(data: runs.ResultData) -> tuple[str, ...]:
    """The symbols that can be looked at."""
    return opened(data)[1].symbols


SEEN.wire(symbols)


CHART = (
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    Output({"role": "graph-body", "graph": ids.CHART}, "style"),
    Output(frame.graph(ids.CHART), "style"),
)


def chart(seen: Seen) -> tuple[Any, ...]:
    spec, matrix, bars = shown(seen["data"], seen["symbol"])
    keep, window = zoom_of(seen, bars)
    info = charts.info(bars, matrix, spec.features, window, log=seen["scale"] == "log")
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


@callback(Output(ids.TABLE, "rowData"), Output(ids.TABLE_NOTE, "children"), RESULT, SYMBOL)
def describe(data: runs.ResultData, symbol: str | None) -> tuple[Any, str]:
    """The table of values with its look-ahead check, and what the header says."""
    spec, matrix, bars = shown(data, symbol)
    signs = view.look_ahead_findings(spec.features, bars, feature_inputs(spec))
    dates = day_range(str(bars.days[0]), str(bars.days[-1]))
    shell.show_context(
        [bars.series.symbol, count(len(matrix.names), "feature"), dates],
        [*view.chips(spec.features, signs), *view.device_chips(spec, matrix)],
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


def opened(data: runs.ResultData) -> tuple[FeatureSpec, FeatureMatrix]:
    """The request and its features; ``PreventUpdate`` where there is none. Raises ``SpecError`` for a forged one."""
    return runs.opened(data, FeatureSpec)


def feature_inputs(spec: FeatureSpec) -> FeatureInputs:
    """The series among which the features are computed; the same object while requests and data are the same."""
    needed = context_requests(spec.features, spec.market)
    data = tuple(item.fingerprint() for item in (spec.market, *needed.values()))
    return _feature_inputs(spec.market, tuple(needed.items()), data)


@lru_cache(maxsize=8)
def _feature_inputs(
    market: MarketSpec, needed: tuple[tuple[str, MarketSpec], ...], data: tuple[str, ...]
) -> FeatureInputs:
    return FeatureInputs(engine.run(market), {name: engine.run(item) for name, item in needed})


def shown(data: runs.ResultData, symbol: str | None) -> tuple[FeatureSpec, FeatureMatrix, Bars]:
    """The request, its features, and the bars of the symbol on screen: the first if ``symbol`` is not among them."""
    spec, matrix = opened(data)
    by_symbol = {bars.series.symbol: bars for bars in engine.run(spec.market).bars}
    return spec, matrix, by_symbol.get(str(symbol), by_symbol[matrix.symbols[0]])
