"""Draws the page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import Input, Output, callback

from dashboard import ids, runs, shell
from dashboard.charts import base
from dashboard.components.metric import Metric, cells, tone
from dashboard.text.format import number, signed_percent
from engine.market.spec import MarketSpec
from tests.support.frame_pages.frame.layout import FORM

runs.wire(FORM)


@callback(
    Output(ids.figure("frame-chart"), "data"),
    Output("frame-kpis", "children"),
    Output("frame-table", "rowData"),
    Input(ids.result("frame"), "data"),
)
def draw(data: runs.ResultData) -> tuple[Any, Any, Any]:
    spec, market = runs.opened(data, MarketSpec)
    bars = market.bars[0]
    change = float(bars.close[-1] / bars.close[-2] - 1)
    shell.show_context([spec.label()], [shell.Chip("run", runs.short(data))])
    x = base.times(bars.time)
    traces = [
        go.Candlestick(x=x, open=bars.open, high=bars.high, low=bars.low, close=bars.close, name="Candles"),
        go.Scatter(x=x, y=base.values(bars.close), name="Close", line={"color": base.LOSS}),
    ]
    figure = base.figure(traces, x=base.time_axis(rangeslider={"visible": False}))
    figures = [Metric("Last", number(bars.close[-1], 2)), Metric("Day", signed_percent(change), tone=tone(change))]
    return figure, cells(figures), [{"symbol": spec.label(), "change": change, "bars": len(bars)}]
