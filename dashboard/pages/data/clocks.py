"""The clock by which the tabs of the data page show the times of intraday bars: that of the chart's settings."""

from __future__ import annotations

from dash import ClientsideFunction, Input, Output, State, clientside_callback
from dash.exceptions import PreventUpdate

from dashboard.charts.window import UTC_CLOCK, Clock, clock
from dashboard.pages.data import ids
from engine.market.bars import Series

EXCHANGE = "exchange"
CLOCK = Input(ids.CLOCK, "data")
"""A time zone, or ``EXCHANGE``: changes with the settings, and only with this one of them."""


def clock_of(chosen: str | None, series: Series) -> Clock:
    """The clock of ``series``, UTC for what is no time zone. ``PreventUpdate`` before the settings are known."""
    if chosen is None:
        raise PreventUpdate
    if not series.is_intraday:
        return UTC_CLOCK
    return clock(series.timezone if chosen == EXCHANGE else chosen)


clientside_callback(
    ClientsideFunction("stratoscope", "clock"),
    Output(ids.CLOCK, "data"),
    Input(ids.CHART_VIEW, "data"),
    Input(ids.ZONE, "data"),
    State(ids.CLOCK, "data"),
)
