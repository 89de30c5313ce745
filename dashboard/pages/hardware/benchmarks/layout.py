"""The cards under the comparison of variants."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import card
from dashboard.components.file_button import file_button
from dashboard.components.graph import graph
from dashboard.components.states import skeleton
from dashboard.pages.hardware.benchmarks import ids
from engine.benchmarks.exchange import LARGEST


def baseline() -> Component:
    """The choice of the variant that speed-ups are relative to."""
    choice = dbc.Select(id=ids.BASELINE, options=[], size="sm", className="select")
    words = html.Span("Baseline", className="sub")
    return html.Label([words, choice], className="tool-choice")


def layout() -> list[Component]:
    """What a result says, and what its file can be compared with."""
    return [
        graph(ids.ROOFLINE, height=280, title="Roofline", sub="measured ceilings, each timing a point", rescale=False),
        card("What to use", html.Div(skeleton(60), id=ids.ADVICE), sub="fastest verified variant of each library"),
        graph(ids.TIMINGS, height=180, title="Over time", sub="on this machine", rescale=False),
        _compared(),
    ]


def _compared() -> Component:
    take = html.Button("Compare with a file", className="button", type="button")
    tools = [
        html.Button("Export JSON", id=ids.EXPORT, className="button", type="button"),
        file_button(take, ids.UPLOAD, endings=(".json",), most=LARGEST),
        dcc.Download(id=ids.FILE),
    ]
    return card("Other machines", html.Div(hint(), id=ids.COMPARED), tools=tools)


def hint() -> Component:
    """What to do before there is a file to compare with."""
    return html.P("Export this result there, and choose the file here.", className="hint pad")
