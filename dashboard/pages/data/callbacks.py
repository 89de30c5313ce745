"""Callbacks of the data page as a whole; each module of ``tabs`` registers the callbacks of its tab."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback

from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.pages.data import ids, symbol_search, view
from dashboard.pages.data.form import FORM, SEEN
from dashboard.pages.data.tab import OPEN, RESULT, SYMBOL, of_symbol, opened, verdict_of
from dashboard.pages.data.tabs import FIRST, TABS
from dashboard.runs import tabs
from dashboard.text.format import day_range
from engine.core.errors import DataError
from engine.jobs import runner
from engine.market.intervals import bar_interval

runs.wire(FORM)
market_options.follow_collection(FORM, symbol_search.offers)
tabs.wire(FORM, ids.TABS, TABS, FIRST)


def symbols(data: runs.ResultData) -> list[str]:
    """The symbols that can be viewed."""
    return [bars.series.symbol for bars in opened(data)[1].bars]


SEEN.wire(symbols)
SEEN.wire_problem()
clientside_callback(
    ClientsideFunction("stratoscope", "viewInLink"),
    Output(frame.part("rail", ids.PAGE), "href", allow_duplicate=True),
    Input(ids.CHART_VIEW, "data"),
    OPEN,
    SYMBOL,
    Input(SEEN.zoom, "data"),
    Input(SEEN.symbol, "options"),
    Input(ids.CHOICES, "data"),
    State(frame.result(ids.PAGE), "data"),
    State(SEEN.span, "value"),
    State(frame.part("rail", ids.PAGE), "href"),
    prevent_initial_call=True,
)


@callback(Output(ids.REFUSED, "children"), RESULT)
def say_refused(data: runs.ResultData) -> Any:
    """Why no tab but Quality and Provenance has anything to show; they are out of sight then."""
    try:
        opened(data)
        return None
    except DataError as error:
        return view.refused(str(error), runner.load_spec((data or {}).get("spec", "")))


clientside_callback(ClientsideFunction("stratoscope", "unsayRefused"), Input(ids.REFUSED, "children"))


@callback(Output(ids.DESCRIBED, "data"), RESULT, SYMBOL, Input(ids.CHECKED, "data"))
def describe(data: runs.ResultData, symbol: str | None, checked: str | None) -> str:
    """What the header says of the series, anew once its quality is ``checked``. Its output keeps it from running while
    another page is in sight.
    """
    spec, bars = of_symbol(data, symbol)
    series, days = bars.series, day_range(str(bars.days[0]), str(bars.days[-1]))
    crumbs = [series.symbol, bar_interval(series.interval).adjective, days]
    shell.show_context(crumbs, view.chips(series, verdict_of(spec, series.symbol)))
    return series.symbol
