"""Layout of the tab that tunes a model."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import card, graph, metric, states, table
from dashboard.pages.models import ids

CONTROLS = (("x", ids.TUNING_X, "Axis"), ("y", ids.TUNING_Y, "Against"))
"""The selects above the charts of axes: name, id, label."""
TABLED = 500  # trials that the table lists
_ROWS: dict[str, Any] = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
_PAGED = {"pagination": True, "paginationPageSize": 20, "paginationPageSizeSelector": False}


def empty() -> Component:
    """What a tuning is, and what to do first."""
    return states.empty(
        "No tuning yet",
        "A tuning trains the model on the left again and again with other values of the parameters above, and scores "
        "it on the folds of its split. The best of many trials is partly luck: its score is compared with what the "
        "best of as many would reach without skill. Press Run tuning.",
        symbol="models",
    )


def layout() -> list[Component]:
    """Key figures, the course of the search with one trial, the axes, all trials."""
    return [
        metric.strip(ids.TUNING_KPIS, 7),
        html.Div(id=ids.TUNING_WORTH, className="sweep-expected"),
        card.columns(
            graph.graph(ids.TUNING_HISTORY, height=330, title="Trials", rescale=False),
            _chosen(),
        ),
        _controls(),
        card.columns(
            graph.graph(ids.TUNING_IMPORTANCE, height=290, title="Importance", rescale=False),
            graph.graph(ids.TUNING_SLICE, height=290, title="Slice", rescale=False),
            graph.graph(ids.TUNING_CONTOUR, height=290, title="Contour", rescale=False),
            kind="three",
        ),
        graph.graph(ids.TUNING_PARALLEL, height=300, title="Parallel coordinates", rescale=False),
        card.card("All trials", _table(), sub=f"complete ones first, the best {TABLED} at most; click to choose one"),
        dcc.Store(id=ids.TUNING_CHOSEN),
    ]


def _controls() -> Component:
    selects = [
        html.Div(
            [html.Label(title, htmlFor=id_, className="f-label"), dbc.Select(id=id_, options=[], className="select")],
            id=f"{id_}-box",
            className="sweep-control",
        )
        for _, id_, title in CONTROLS
    ]
    return html.Div(selects, className="sweep-controls fields")


def _chosen() -> Component:
    best = html.Button("Best", id=ids.TUNING_BEST, className="link-button", type="button", title="Show the best trial")
    use = html.Button("Use these values", id=ids.TUNING_USE, className="quiet-button", type="button")
    train = html.Button("Train in full", id=ids.TUNING_TRAIN, className="quiet-button", type="button")
    use.title = "Put them into the form on the left"
    train.title = "Train the model with them, with every score, null models and importance"
    return card.card("Trial", [html.Div(id=ids.TUNING_CARD), use, train], tools=[best])


def _table() -> Component:
    listed = table.table(ids.TUNING_TABLE, [], height=440, options={**_ROWS, **_PAGED})
    listed.getRowId = "params.data.id"
    listed.className += " chooses"
    return listed
