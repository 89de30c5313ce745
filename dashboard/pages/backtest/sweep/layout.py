"""Layout of the sweep's tab."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import card, graph, metric, states, table
from dashboard.components.store import store
from dashboard.pages.backtest import ids, overfit

CONTROLS = (
    ("metric", ids.SWEEP_METRIC, "Metric"),
    ("x", ids.SWEEP_X, "X axis"),
    ("y", ids.SWEEP_Y, "Y axis"),
    ("symbol", ids.SWEEP_SYMBOL, "Symbol"),
    ("rest", ids.SWEEP_REST, "Other axes"),
    ("over", ids.SWEEP_OVER, "Colour"),
)
"""The selects above the map: name, id, label."""
ASKED = (*((name, id_) for name, id_, _ in CONTROLS), ("least", ids.SWEEP_LEAST))
"""All that says what is shown: the selects, and the least number of trades."""
TABLED = 500  # combinations that the table lists
_ROWS: dict[str, Any] = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
_PAGED = {"pagination": True, "paginationPageSize": 20, "paginationPageSizeSelector": False}


def empty() -> Component:
    """What a sweep is, and what to do first."""
    return states.empty(
        "No sweep yet",
        "A sweep runs the backtest on the left once for every combination of the parameters above. Look for a broad "
        "plateau of good results rather than a single peak: the best of many is partly luck. Choose the parameters "
        "to vary, then press Run sweep.",
    )


def layout() -> list[Component]:
    """Key metrics, the map with what it shows, one combination, all of them, the best of them."""
    contour = _link(ids.SWEEP_CONTOUR, "Contours", "Switch between heatmap and contours")
    return [
        metric.strip(ids.SWEEP_KPIS, 8),
        html.Div(id=ids.SWEEP_EXPECTED_MAXIMUM, className="sweep-expected"),
        _controls(),
        card.columns(
            graph.graph(ids.SWEEP_MAP, height=440, title="Parameter space", tools=[contour], rescale=False),
            _chosen(),
        ),
        _symbols(),
        card.columns(
            graph.graph(ids.SWEEP_IMPORTANCE, height=260, title="Importance", rescale=False),
            graph.graph(ids.SWEEP_SLICE_X, height=260, title="Along X", rescale=False),
            graph.graph(ids.SWEEP_SLICE_Y, height=260, title="Along Y", rescale=False),
            kind="three",
        ),
        card.columns(
            graph.graph(ids.SWEEP_PARALLEL, height=300, title="Parallel coordinates", rescale=False),
            graph.graph(ids.SWEEP_SPREAD, height=300, title="Distribution", rescale=False),
        ),
        overfit.layout(),
        card.card(
            "Combinations",
            _table(ids.SWEEP_TABLE, 440, **_PAGED),
            sub=f"the best {TABLED} at most; click to open as a backtest",
        ),
        dcc.Store(id=ids.SWEEP_VIEW),
        dcc.Store(id=ids.SWEEP_CHOSEN),
        store(ids.SWEEP_WINDOW),
    ]


def _controls() -> Component:
    slider = dcc.Slider(id=ids.SWEEP_AT, min=0, max=1, step=1, value=0, marks=None, allow_direct_input=False)
    at = [html.Span(id=ids.SWEEP_AT_TEXT, className="sweep-at-text"), slider]
    selects = [
        html.Div(
            [html.Label(title, htmlFor=id_, className="f-label"), dbc.Select(id=id_, options=[], className="select")],
            id=f"{id_}-box",
            className="sweep-control",
        )
        for _, id_, title in CONTROLS
    ]
    least = html.Div(
        [
            html.Label("Min. trades", htmlFor=ids.SWEEP_LEAST, className="f-label"),
            dcc.Input(id=ids.SWEEP_LEAST, type="number", min=0, step=1, debounce=0.4, placeholder="any", className="in",
                      inputMode="numeric"),
        ],
        className="sweep-control",
    )  # fmt: skip
    return html.Div([*selects, least, html.Div(at, id=f"{ids.SWEEP_AT}-box", className="sweep-at", hidden=True)],
                    className="sweep-controls fields")  # fmt: skip


def _chosen() -> Component:
    tools = [
        _link(ids.SWEEP_PLATEAU, "Plateau", "Show the combination of the plateau"),
        _link(ids.SWEEP_BEST, "Best", "Show the best combination"),
    ]
    opens = html.Button("Open as backtest", id=ids.SWEEP_OPEN, className="quiet-button", type="button")
    content = [html.Div(id=ids.SWEEP_CARD), opens]
    return card.card("Combination", content, tools=tools)


def _symbols() -> Component:
    listed = card.card("Combination by symbol", _table(ids.SWEEP_SYMBOLS), sub="click to show it on the map")
    return html.Div(listed, id=ids.SWEEP_SYMBOLS_BOX, hidden=True)


def _table(id_: str, height: int | None = None, **options: Any) -> Component:
    """A table whose rows can be chosen; their key is ``id``."""
    listed = table.table(id_, [], height=height, options={**_ROWS, **options})
    listed.getRowId = "params.data.id"
    listed.className += " chooses"
    return listed


def _link(id_: str, text: str, title: str) -> Component:
    return html.Button(text, id=id_, className="link-button", type="button", title=title)
