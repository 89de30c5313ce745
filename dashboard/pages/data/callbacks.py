"""What the data page does."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.charts import candles
from dashboard.components import metric, states
from dashboard.components.graph import ids_sub
from dashboard.pages.data import ids, view
from dashboard.pages.data.layout import FORM
from dashboard.pages.data.summary import summarise
from dashboard.text.format import day_range
from engine.market import quality
from engine.market.bars import Bars, Market, MarketSpec
from engine.market.intervals import bar_interval

runs.wire(FORM)
market_options.follow_collection(FORM)

RESULT = Input(frame.result(ids.PAGE), "data")
SYMBOL = Input(ids.SYMBOL, "value")
TAB = Input({"role": "tabs", "group": ids.TABS}, "active_tab")


@callback(
    Output(ids.SYMBOL, "options"),
    Output(ids.SYMBOL, "value"),
    Output(ids.SYMBOL_ROW, "hidden"),
    RESULT,
    State(ids.SYMBOL, "value"),
)
def offer(data: runs.ResultData, symbol: str | None) -> tuple[Any, str, bool]:
    """The symbols that can be looked at; the one on screen stays while it is among them."""
    _, market = opened(data)
    symbols = [bars.series.symbol for bars in market.bars]
    options = [{"value": name, "label": name} for name in symbols]
    return options, symbol if symbol in symbols else symbols[0], len(symbols) == 1


@callback(
    Output(frame.figure(ids.CHART), "data"),
    Output(ids_sub(ids.CHART), "children"),
    RESULT,
    SYMBOL,
    Input(ids.SPAN, "value"),
    Input(ids.SCALE, "value"),
    Input(ids.VIEW, "data"),
)
def chart(data: Any, symbol: str | None, span: str, scale: str, held: Any) -> tuple[Any, Any]:
    spec, bars = shown(data, symbol)
    start = candles.last_days(bars, span)
    keep = subject(data, symbol, span)
    window = candles.held_window(held, keep) or start
    info = candles.info(bars, window, log=scale == "log")
    figure = candles.figure(info, keep=keep)
    return figure, view.chart_note(info, bars.series, spec.adjustment)


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


@callback(Output(ids.KPIS, "children"), RESULT, SYMBOL)
def describe(data: runs.ResultData, symbol: str | None) -> Any:
    """The key figures, and what the header says."""
    _, bars = shown(data, symbol)
    series = bars.series
    crumbs = [series.symbol, bar_interval(series.interval).adjective, day_range(str(bars.days[0]), str(bars.days[-1]))]
    shell.show_context(crumbs, view.chips(series, quality.check(as_supplied(data, symbol))))
    return metric.cells(view.kpis(summarise(bars), series))


@callback(
    Output(frame.figure(ids.COMPARE), "data"),
    Output(ids.COMPARE_TABLE, "rowData"),
    RESULT,
    Input(ids.SCALE, "value"),
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


@callback(Output(ids.PROBLEM, "children"), Input(frame.part("run-problem", ids.PAGE), "children"))
def say(problem: str | None) -> str | None:
    """What is wrong with the form as a whole: without a run button, the bar that says it is out of sight."""
    return problem


def subject(data: runs.ResultData, symbol: str | None, span: str) -> str:
    """What a zoom belongs to: another run, symbol or range starts with all of itself in sight."""
    return f"{(data or {}).get('key')} {symbol} {span}"


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
    """The bars on screen before adjustment, which is what quality is judged on."""
    import engine

    spec, bars = shown(data, symbol)
    raw = spec.model_copy(update={"symbols": (bars.series.symbol,), "adjustment": "none"})
    return engine.run(raw).bars[0]
