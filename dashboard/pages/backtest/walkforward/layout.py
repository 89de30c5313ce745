"""Layout of the walk-forward's tab."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import card, graph, metric, states, table
from dashboard.pages.backtest import ids


def empty() -> Component:
    """What a walk-forward is, and what to do first."""
    return states.empty(
        "No walk-forward yet",
        "Parameters are optimised on a training window, traded on the test window that follows, and optimised again. "
        "Only the out-of-sample test windows count. Choose the parameters to vary and the lengths of the windows, then "
        "press Run walk-forward.",
    )


def layout() -> list[Component]:
    """The verdict, key metrics, the stitched account, the windows and what they chose."""
    listed = table.table(ids.WALK_TABLE, [], options={"rowSelection": {"mode": "singleRow", "checkboxes": False,
                                                                       "enableClickSelection": True}})  # fmt: skip
    listed.getRowId = "params.data.id"
    listed.className += " chooses"
    again = html.Button("Go on", id=ids.WALK_GO_ON, className="link-button strong", type="button")
    part = [html.Span(id=ids.WALK_PART_WORDS, role="status"), again]
    return [
        html.Div(part, id=ids.WALK_PART, className="part-line", hidden=True),
        html.Div(id=ids.WALK_VERDICT, className="walk-verdict verdict"),
        metric.strip(ids.WALK_KPIS),
        graph.graph(ids.WALK_CURVE, height=400, title="Out of sample", sub="growth of 1, all test windows combined"),
        card.columns(
            graph.graph(ids.WALK_PLAN, height=320, title="Windows", rescale=False),
            graph.graph(ids.WALK_PROMISE, height=320, title="In sample and out of sample", rescale=False),
            kind="half",
        ),
        graph.graph(ids.WALK_PATHS, height=300, title="Chosen parameters", rescale=False),
        card.card("Results by window", listed, sub="click to open the window's parameters as a backtest over all bars"),
    ]
