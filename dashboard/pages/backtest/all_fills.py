"""Every fill of a symbol on one chart of its whole range: one mark a candle from afar, single fills from near."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import Output, callback, html
from dash.development.base_component import Component

import engine
from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import base, candles, run_fills
from dashboard.charts import price as price_chart
from dashboard.charts.window import held_window
from dashboard.components import graph, states
from dashboard.components.graph import ids_sub
from dashboard.components.series_view import SeriesView, candles_for, pixels, subject
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import seen_id
from dashboard.pages.backtest.trade_list import NONE
from dashboard.text.format import count
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars

ROOM = 0.2
"""Share of the candles in sight that is drawn beyond each end of them."""
SEEN = SeriesView("backtest", ids.ALL_FILLS, name="backtest-fills", source=seen_id("trades"), whole=True)


def layout() -> Component:
    """The card, with a choice of the symbol where there are several."""
    chart = graph.graph(
        ids.ALL_FILLS, height=price_chart.PRICE_HEIGHT, title="All fills", rescale=False,
        tools=[SEEN.symbol_tool("Symbol of the fills")], follows=SEEN.moved,
    )  # fmt: skip
    return html.Div([chart, *SEEN.stores()])


def symbols(data: runs.ResultData) -> list[str]:
    """The symbols of the run that can be looked at."""
    return by_fills(runs.opened(data, BacktestSpec)[1])


SEEN.wire(symbols)


def by_fills(result: BacktestResult) -> list[str]:
    """The symbols of ``result``, those with the most fills first."""
    sizes = [len(run_fills.fills_of(result, place)[0]) for place in range(len(result.symbols))]
    return [result.symbols[place] for place in np.argsort(-np.array(sizes), kind="stable")]


@callback(
    Output(frame.figure(ids.ALL_FILLS), "data"),
    Output(ids_sub(ids.ALL_FILLS), "children"),
    inputs=SEEN.inputs(),
)
def draw(data: runs.ResultData, symbol: str | None, zoom: Any) -> tuple[Any, str]:
    spec, result = runs.opened(data, BacktestSpec)
    if not len(result.trade_pnl):
        return states.no_figure(NONE), ""
    name = symbol if symbol in result.symbols else by_fills(result)[0]
    bars: Bars = engine.run(spec.market.model_copy(update={"symbols": (name,)})).bars[0]
    keep = subject(data, symbol)
    info = filled(bars, result, held_window(zoom, keep), zoom)
    return base.encoded(price_chart.figure(info, keep=keep)), note(info, name, result)


def filled(bars: Bars, result: BacktestResult, window: Any, zoom: Any) -> price_chart.PriceInfo:
    """The candles in sight with their fills."""
    drawn = candles.info(bars, window, log=True, most=candles_for(zoom), room=ROOM)
    fills = run_fills.info(drawn, bars, result)
    return price_chart.info(drawn, volume=False, fills=fills, width=pixels(zoom, None))


def note(info: price_chart.PriceInfo, symbol: str, result: BacktestResult) -> str:
    """How many fills there are, and what one mark stands for."""
    total = len(run_fills.fills_of(result, result.symbols.index(symbol))[0])
    is_each_bar = bool(np.all(np.diff(info.price.index) == 1))
    shared = "" if is_each_bar else f", {candles.candles_named(info.price.step)} candles: those of one share a mark"
    return f"{symbol}, {count(total, 'fill')}{shared}; turn the wheel to zoom, drag to move"
