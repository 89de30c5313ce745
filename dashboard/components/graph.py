"""A chart in its card. The server writes figures without a theme; the browser adds it, and redraws when it changes."""

from __future__ import annotations

from collections.abc import Sequence

from dash import MATCH, ClientsideFunction, Input, Output, clientside_callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.states import skeleton

CONFIG = {"displayModeBar": False, "displaylogo": False, "responsive": True, "doubleClick": "reset+autosize"}
_BLANK = {"data": [], "layout": {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
                                 "xaxis": {"visible": False}, "yaxis": {"visible": False}}}  # fmt: skip


def graph(
    name: str,
    *,
    height: int,
    title: str,
    sub: str = "",
    tools: Sequence[Component] = (),
    rescale: bool = True,
    follows: str = "",
    full: str = "",
    brush: str = "",
) -> Component:
    """The card of the graph ``name``, whose figure goes to ``Output(ids.figure(name), "data")``.

    The store holds a figure without a template; None shows a skeleton, ``states.no_figure`` a sentence, and
    ``{"error": sentence}`` what went wrong. The legend stands in the title line. With ``rescale`` the y axes follow
    what is visible when x is zoomed. A chart that ``follows`` has a ``SeriesView.moved``: it is panned with the mouse
    and zoomed with its wheel, and the server draws what comes into sight. ``full`` is the id of the button that saves
    all that the chart draws a part of: it is pressed for the CSV. ``brush`` is the id of a store that is told what is
    zoomed to: two moments in milliseconds since 1970, or None for all.
    """
    config = CONFIG | {"scrollZoom": True, "doubleClick": False} if follows else CONFIG
    head = html.Header(
        [
            html.H3(title),
            html.Span(sub, className="sub", id=ids_sub(name)),
            html.Div(className="legend"),
            html.Div([*tools, _export()], className="tools"),
        ]
    )
    body = html.Div(
        [
            dcc.Graph(id=ids.graph(name), figure=_BLANK, config=config, responsive=True, style={"height": height}),
            html.Div(skeleton("100%"), className="graph-wait"),
            html.Div(id={"role": "graph-words", "graph": name}, className="graph-words", role="note"),
        ],
        id={"role": "graph-body", "graph": name},
        className="graph-body is-waiting",
        style={"height": height},
    )
    data = {
        "data-graph": name,
        "data-rescale": "true" if rescale else "false",
        "data-follows": follows,
        "data-full": full,
        "data-brush": brush,
        "aria-label": title,
    }
    return html.Section([head, body, dcc.Store(id=ids.figure(name))], className="panel-card graph-card", **data)


def ids_sub(name: str) -> ids.Id:
    """Id of the text after the title, for units that follow from the result: fill ``children``."""
    return {"role": "graph-sub", "graph": name}


def _export() -> Component:
    items = [
        html.Button(text, type="button", className="menu-item", **{"data-export": kind})
        for kind, text in (("png", "PNG image"), ("svg", "SVG image"), ("csv", "CSV of the data"))
    ]
    return html.Details([html.Summary("Export"), html.Div(items, className="menu")], className="drop")


clientside_callback(
    ClientsideFunction("stratoscope", "draw"),
    Output({"role": "graph", "graph": MATCH}, "figure"),
    Output({"role": "graph-body", "graph": MATCH}, "className"),
    Output({"role": "graph-words", "graph": MATCH}, "children"),
    Input({"role": "figure", "graph": MATCH}, "data"),
    Input(ids.THEME, "data"),
    Input(ids.THEMES, "data"),
)
