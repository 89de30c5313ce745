"""The tab of importance: by the model itself, by permutation, by contributions; how far they agree; attention."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.models import attention, importance, permutation
from dashboard.charts.models.importance import ImportanceInfo
from dashboard.components import card, graph, states
from dashboard.components.graph import ids_sub
from dashboard.jobs import side_job
from dashboard.pages.models import evaluation, ids, view
from dashboard.pages.models.saved.tab import seen
from dashboard.pages.models.tabs import inspection
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import MISSING, count, number
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from engine.research.inspection.result import Agreement, Inspection

NOT_PERMUTED = "Permutation importance was not measured: there are too many rows and features to hold all at once."
NOTHING_CONTRIBUTES = "No feature contributes: the model predicts the same for every row."
TOO_FEW = "Ranks of fewer than three features, or one measure alone, cannot be compared."
STRONG, WEAK = 0.7, 0.3
MOST = 15


def layout() -> list[Component]:
    select = dbc.Select(id=ids.ATTENTION_SYMBOL, options=[], className="select add")
    symbol = html.Label([html.Span("Symbol", className="visually-hidden"), select])
    looked = card.columns(
        graph.graph(ids.ATTENTION, height=280, title="Attention", sub="newest predictions; click one", rescale=False,
                    tools=[symbol]),
        graph.graph(ids.ATTENTION_BAR, height=280, title="Weight by bar", rescale=False),
    )  # fmt: skip
    return [
        card.columns(
            graph.graph(ids.GAIN, height=300, title="By the model", rescale=False),
            graph.graph(ids.PERMUTATION, height=300, title="By permutation", rescale=False),
            graph.graph(ids.SHAP, height=300, title="By contributions", rescale=False),
            kind="three",
        ),
        card.card("Do they agree?", html.Div(id=ids.AGREEMENT, className="pad"), sub="rank correlation over features"),
        html.Div(looked, id=ids.ATTENTION_BOX, hidden=True),
    ]


TAB = Tab(inspection.IMPORTANCE, "Importance", layout)


@callback(
    Output(frame.figure(ids.GAIN), "data"),
    Output(frame.figure(ids.PERMUTATION), "data"),
    Output(ids_sub(ids.GAIN), "children"),
    Output(ids_sub(ids.PERMUTATION), "children"),
    seen(TAB.name),
)
def draw(data: runs.ResultData) -> tuple[Any, ...]:
    """What the result says by itself."""
    _, result = runs.opened(data, ModelSpec)
    own, permuted = importance.info(result), permutation.info(result)
    return (
        importance.figure(own) if own else states.no_figure(view.no_importance(result)),
        permutation.figure(permuted) if permuted else states.no_figure(NOT_PERMUTED),
        f"share of {result.importance_of}" if result.importance_of else "",
        view.permuted(result),
    )


@callback(
    Output(frame.figure(ids.SHAP), "data"),
    Output(ids_sub(ids.SHAP), "children"),
    Output(ids.AGREEMENT, "children"),
    Output(ids.ATTENTION_BOX, "hidden"),
    Output(ids.ATTENTION_SYMBOL, "options"),
    Output(ids.ATTENTION_SYMBOL, "value"),
    Input(inspection.JOB.answer, "data"),
    Input(inspection.JOB.progress, "data"),
)
def explain(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    """What the inspection says of the features, and whether there is attention to be drawn."""
    known = inspection.answered(answer)
    if known is None:
        told = (answer or {}).get("error")
        words = side_job.instead(answer, progress, inspection.HINT)
        return states.no_figure(str(told)) if told else None, "", words, True, [], None
    found, result = known
    shares = contributions(found, result)
    drawn = importance.figure(shares) if shares else states.no_figure(found.unexplained or NOTHING_CONTRIBUTES)
    sub = f"mean |SHAP| of {count(found.explained, 'test row')}" if shares else ""
    symbols = [{"value": name, "label": name} for name in result.symbols]
    return drawn, sub, agreement(found.agreement), not len(found.attention), symbols, result.symbols[0]


@callback(
    Output(frame.figure(ids.ATTENTION), "data"),
    Output(frame.figure(ids.ATTENTION_BAR), "data"),
    Input(ids.ATTENTION_SYMBOL, "value"),
    Input(frame.graph(ids.ATTENTION), "clickData"),
    Input(inspection.JOB.answer, "data"),
)
def attend(symbol: str | None, clicked: dict[str, Any] | None, answer: Answer) -> tuple[Any, Any]:
    """The attention at the predictions of a symbol, and at the one that was clicked."""
    known = inspection.answered(answer)
    if known is None or symbol not in known[1].symbols:
        return None, None
    drawn = attention.info(known[0], known[1].symbols.index(symbol), moment_of(clicked))
    if drawn is None:
        return states.no_figure(f"None of the newest predictions is of {symbol}."), None
    return attention.over_time(drawn), attention.of_bar(drawn)


def moment_of(clicked: dict[str, Any] | None) -> float | None:
    """The time of the bar that was clicked, in ms since 1970; None for nothing, or what is none."""
    points = (clicked or {}).get("points")
    x = points[0].get("x") if isinstance(points, list) and points and isinstance(points[0], dict) else None
    if isinstance(x, int | float):
        return float(x)
    try:
        return float(np.datetime64(str(x), "ms").astype(np.int64)) if x else None
    except ValueError:
        return None


def contributions(found: Inspection, result: ModelResult) -> ImportanceInfo | None:
    """Shares of the contributions, the largest first; None where there are none."""
    total = float(found.contributions.sum())
    if not total > 0:
        return None
    order = np.argsort(-found.contributions, kind="stable")[:MOST]
    names = tuple(result.features[place] for place in order)
    shares = found.contributions[order] / total
    return ImportanceInfo(names, shares, len(result.features) - len(order), "absolute contributions")


def agreement(pairs: tuple[Agreement, ...]) -> list[Component]:
    """Each pair of measures, and what the weakest of them means."""
    if not pairs:
        return [html.P(TOO_FEW, className="hint")]
    rows = [
        [f"{pair.first} and {pair.second}",
         number(pair.correlation, 2) if np.isfinite(pair.correlation) else MISSING]
        for pair in pairs
    ]  # fmt: skip
    return [evaluation.table(("Measures", "Rank correlation"), rows), html.P(_meaning(pairs), className="hint")]


def _meaning(pairs: tuple[Agreement, ...]) -> str:
    known = [pair.correlation for pair in pairs if np.isfinite(pair.correlation)]
    if not known:
        return "One of the measures gives every feature the same importance."
    if min(known) >= STRONG:
        return "The measures agree: which features matter does not depend on how importance is measured."
    if min(known) >= WEAK:
        return "The measures agree in part: trust the features that all of them rank high."
    return (
        "The measures disagree: what the model uses on its training rows is not what helps on the test, or features "
        "that move together share their importance at random."
    )
