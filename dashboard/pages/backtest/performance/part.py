"""On tabs that follow the brush on the equity: the line that says of which part they are, and the way back to all."""

from __future__ import annotations

from typing import Any

from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.performance.subject import in_words
from engine.backtest.reports.span import Span
from engine.backtest.result import BacktestResult

NONE = "No trade was entered in this part of the run."


def bar(tab: str) -> Component:
    """The line for the top of ``tab``, out of sight while that is of the whole run."""
    whole = html.Button("Whole run", id=_id("part-whole", tab), className="link-button strong", type="button")
    words = html.Span(id=_id("part-words", tab))
    return html.Div([words, whole], id=_id("part-bar", tab), className="undo-bar", role="status", hidden=True)


def outputs(tab: str) -> tuple[Output, Output]:
    """What ``said`` fills."""
    return Output(_id("part-words", tab), "children"), Output(_id("part-bar", tab), "hidden")


def said(result: BacktestResult, part: Span | None) -> tuple[str, bool]:
    """The words, and whether the line is hidden; ``result`` is the whole run."""
    if part is None:
        return "", True
    return f"Trades entered {in_words(result, part)}", False


def _id(role: str, tab: str) -> dict[str, Any]:
    return {"role": role, "page": "backtest", "tab": tab}


clientside_callback(
    ClientsideFunction("stratoscope", "wholeRun"),
    Output(ids.SPAN, "data"),
    Input(ids.SPAN_WHOLE, "n_clicks"),
    Input({"role": "part-whole", "page": "backtest", "tab": ALL}, "n_clicks"),
    State(frame.graph(ids.EQUITY), "id"),
    prevent_initial_call=True,
)
