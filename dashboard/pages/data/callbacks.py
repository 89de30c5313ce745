"""Callbacks of the data page."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, callback
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.charts import candles
from dashboard.components import metric, states
from dashboard.components.graph import ids_sub
from dashboard.components.series_view import Seen, zoom_of
from dashboard.pages.data import download, ids, view
from dashboard.pages.data.layout import FORM, SEEN
from dashboard.runs import studies
from dashboard.text.format import day_range
from engine.market import quality
from engine.market.bars import Bars, Market
from engine.market.intervals import bar_interval
from engine.market.spec import MarketSpec
from engine.research.price_summary import summarise

runs.wire(FORM)
studies.wire(download.STUDY, download.layout, ids.TABS)
studies.wire_tabs(FORM, ids.TABS)
market_options.follow_collection(FORM)

RESULT = Input(frame.result(ids.PAGE), "data")
SYMBOL = Input(SEEN.symbol, "value")
TAB = Input({"role": "tabs", "group": ids.TABS}, "active_tab")


def symbols(data: runs.ResultData) -> list[str]:
    """The symbols that can be looked at."""
    return [bars.series.symbol for bars in opened(data)[1].bars]


SEEN.wire(symbols)


@callback(
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    inputs={"seen": SEEN.inputs()},
)
def chart(seen: Seen) -> tuple[Any, Any]:
    spec, bars = shown(seen["data"], seen["symbol"])
    keep, window = zoom_of(seen, bars)
    info = candles.info(bars, window, log=seen["scale"] == "log")
    return candles.figure(info, keep=keep), view.chart_note(info, bars.series, spec.adjustment)


@callback(Output(ids.KPIS, "children"), RESULT, SYMBOL)
def describe(data: runs.ResultData, symbol: str | None) -> Any:
    """The key metrics, and what the header says."""
    _, bars = shown(data, symbol)
    series = bars.series
    crumbs = [series.symbol, bar_interval(series.interval).adjective, day_range(str(bars.days[0]), str(bars.days[-1]))]
    shell.show_context(crumbs, view.chips(series, quality.check(as_supplied(data, symbol))))
    return metric.cells(view.kpis(summarise(bars), bars))


@callback(
    Output(frame.figure(ids.COMPARE), "data"),
    Output(ids.COMPARE_TABLE, "rowData"),
    RESULT,
    SEEN.inputs()["scale"],
    TAB,
)
def compare(data: runs.ResultData, scale: str, tab: str) -> tuple[Any, Any]:
    _, market = opened_for(tab, "compare", data)
    rows = view.compare_rows(market.bars)
    if len(market.bars) == 1:
        return states.no_figure("Choose a second symbol to compare with this one."), rows
    return candles.compare_figure(candles.compare_info(market.bars, log=scale == "log")), rows


@callback(Output(ids.QUALITY, "children"), RESULT, SYMBOL, TAB)
def faults(data: runs.ResultData, symbol: str | None, tab: str) -> Any:
    opened_for(tab, "quality", data)
    bars = as_supplied(data, symbol)
    return view.quality(bars, quality.check(bars))


@callback(
    Output(ids.TABLE, "columnDefs"),
    Output(ids.TABLE, "rowData"),
    Output(ids.TABLE_NOTE, "children"),
    RESULT,
    SYMBOL,
    TAB,
)
def list_bars(data: runs.ResultData, symbol: str | None, tab: str) -> tuple[Any, Any, str]:
    opened_for(tab, "table", data)
    _, bars = shown(data, symbol)
    return view.bar_columns(bars), view.bar_rows(bars), view.table_note(bars)


@callback(Output(ids.PROVENANCE, "children"), RESULT, SYMBOL, TAB)
def origin(data: runs.ResultData, symbol: str | None, tab: str) -> Any:
    opened_for(tab, "provenance", data)
    spec, bars = shown(data, symbol)
    return view.provenance(bars.series, bars, spec.adjustment)


def opened(data: runs.ResultData) -> tuple[MarketSpec, Market]:
    """The request and its bars; ``PreventUpdate`` where there is none. Raises ``SpecError`` for a forged one."""
    return runs.opened(data, MarketSpec)


def opened_for(tab: str, wanted: str, data: runs.ResultData) -> tuple[MarketSpec, Market]:
    """The same, once the tab that needs it is in sight."""
    if tab != wanted:
        raise PreventUpdate
    return opened(data)


def shown(data: runs.ResultData, symbol: str | None) -> tuple[MarketSpec, Bars]:
    """The request and the bars of the symbol on screen: the first if ``symbol`` is not among them."""
    spec, market = opened(data)
    by_symbol = {bars.series.symbol: bars for bars in market.bars}
    return spec, by_symbol.get(str(symbol), market.bars[0])


def as_supplied(data: runs.ResultData, symbol: str | None) -> Bars:
    """The bars on screen before adjustment, on which quality is assessed."""
    spec, bars = shown(data, symbol)
    raw = spec.model_copy(update={"symbols": (bars.series.symbol,), "adjustment": "none"})
    return engine.run(raw).bars[0]
