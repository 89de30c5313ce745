"""Controls of the performance tab: the benchmark, the part that was brushed, the rolling window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component

from dashboard import runs
from dashboard.charts import rolling
from dashboard.components.store import store
from dashboard.market_options import Symbols
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import seen
from engine.backtest.reports.benchmarks import BENCHMARKS
from engine.backtest.spec import BacktestSpec


def benchmark() -> list[Component]:
    """For the tools of the equity: what the run is compared with."""
    options = [{"value": name, "label": title, "title": text} for name, (title, text) in BENCHMARKS.items()]
    select = dbc.Select(id=ids.BENCHMARK, options=options, value="hold", className="select small", size="sm")
    label = html.Label("Benchmark", htmlFor=ids.BENCHMARK, className="unseen")
    named = html.Label("Symbol", htmlFor=ids.BENCHMARK_SYMBOL, className="unseen")
    symbol = dcc.Dropdown(id=ids.BENCHMARK_SYMBOL, options=[], placeholder="Symbol", clearable=False, className="pick")
    box = html.Div([named, symbol], id=ids.BENCHMARK_BOX, className="benchmark-symbol", hidden=True)
    return [html.Div([label, select, box], className="benchmark-choice")]


def span_bar() -> Component:
    """The line that says of which part the figures are, once a part of the equity was brushed."""
    whole = html.Button("Whole run", id=ids.SPAN_WHOLE, className="link-button strong", type="button")
    words = html.Span(id=ids.SPAN_WORDS)
    stores = [store(ids.SPAN), store(ids.SPAN_LATER)]
    return html.Div([*stores, words, whole], id=ids.SPAN_BAR, className="undo-bar", role="status", hidden=True)


def window() -> Component:
    """The choice of the rolling window."""
    choices = dbc.RadioItems(
        id=ids.WINDOW, name=ids.WINDOW, options=windows(tuple(rolling.WINDOWS)), className="seg small"
    )
    return html.Div(choices, role="radiogroup", **{"aria-label": "Window"})


def windows(filled: Sequence[str]) -> list[dict[str, Any]]:
    """The choice of windows; those that a run does not fill cannot be taken."""
    return [{"value": name, "label": name, "disabled": name not in filled} for name in rolling.WINDOWS]


@callback(
    Output(ids.BENCHMARK_SYMBOL, "options"),
    Input(ids.BENCHMARK_SYMBOL, "search_value"),
    seen("performance"),
    State(ids.BENCHMARK_SYMBOL, "value"),
)
def offer(text: str | None, data: runs.ResultData, chosen: str | None) -> list[dict[str, str]]:
    """Symbols of the run's collection whose name contains the ``text``."""
    spec, _ = runs.opened(data, BacktestSpec)
    found = Symbols().search(spec.market.collection, text or "", [chosen] if isinstance(chosen, str) else [])
    known = set(Symbols().every({"market": spec.market.model_dump(mode="json")}))
    return [{"value": name, "label": label} for name, label in found if name in known]


clientside_callback(
    ClientsideFunction("stratoscope", "asksSymbol"),
    Output(ids.BENCHMARK_BOX, "hidden"),
    Input(ids.BENCHMARK, "value"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "brushedLater"),
    Output(ids.SPAN_LATER, "data"),
    Input(ids.SPAN_WORDS, "children"),
    State(ids.SPAN, "data"),
    State(ids.SPAN_LATER, "data"),
    prevent_initial_call=True,
)
