"""Champion against challenger: paper accounts, scores, and since when the difference has been significant."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, callback, html, no_update
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import overlay
from dashboard.charts.models import challenge
from dashboard.components import card, graph, states
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import ids
from dashboard.pages.models.evaluation import table
from dashboard.pages.models.saved.tab import GROUP
from dashboard.runs.saved_runs import keys_of
from dashboard.security.payloads import Answer, Progress, Rows
from dashboard.text.service import decision, difference_rows
from engine.core.errors import EngineError
from engine.models.service import promoted
from engine.research.service.comparison.result import ComparisonResult
from engine.research.service.comparison.spec import ComparisonSpec
from engine.research.service.requests import comparison
from engine.research.service.rules import costs_of, rules_of

JOB = SideJob(GROUP, "challenge")
_BARS = {"all": "All out of sample", "new": "Since both were trained"}
_ALONE = "No challenger: promote another version of this model, to compare the two on the same bars."


def layout() -> list[Component]:
    bars = dbc.RadioItems(
        id=ids.CHALLENGE_BARS, name=ids.CHALLENGE_BARS, value="all", className="seg small",
        options=[{"value": value, "label": text} for value, text in _BARS.items()],
    )  # fmt: skip
    return [
        *JOB.stores(),
        card.card(
            "Champion and challenger",
            [html.Div(id=ids.CHALLENGE_SAID), html.Div(id=ids.CHALLENGE_TABLE)],
            sub="on the bars that both predict and neither was trained on",
            tools=[bars],
        ),
        html.Div(
            card.columns(
                graph.graph(ids.PAPER, height=300, title="Paper accounts", sub="growth of 1, after costs"),
                graph.graph(ids.HITS, height=300, title="Hit rate", sub="challenger less champion", rescale=False),
                kind="half",
            ),
            id=ids.CHALLENGE_CHARTS,
            hidden=True,
        ),
    ]


def wire() -> None:
    """Register the background callback."""
    JOB.wire(side_job.failed_in_place)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.IN_SERVICE, "selectedRows"),
    Input(ids.IN_SERVICE, "rowData"),
    Input(ids.CHALLENGE_BARS, "value"),
)
def ask(chosen: Rows, listed: Rows, bars: str | None) -> tuple[Any, Any, Any]:
    name = next(iter(keys_of(chosen) or keys_of(listed)), "").partition("@")[0]
    alone = {"error": _ALONE}, no_update, None
    held = {item.role: item.item for item in promoted.every([name])} if name else {}
    if len(held) < 2:
        return alone
    try:
        costs = costs_of(rules_of(name))
        spec = comparison(held["champion"], held["challenger"], costs, "new" if bars == "new" else "all")
        return *side_job.start(spec), None
    except EngineError as error:
        return {"error": str(error)}, no_update, None


@callback(
    Output(ids.CHALLENGE_SAID, "children"),
    Output(ids.CHALLENGE_TABLE, "children"),
    Output(frame.figure(ids.PAPER), "data"),
    Output(frame.figure(ids.HITS), "data"),
    Output(ids.CHALLENGE_CHARTS, "hidden"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def draw(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    if (words := side_job.instead(answer, progress, "")) is not None:
        return html.Div(words, className="pad hint"), "", None, None, not (answer and answer.get("waits"))
    found: ComparisonResult = runs.opened(answer, ComparisonSpec)[1]  # type: ignore[arg-type]
    rows = difference_rows(found)
    told = [html.P(text, className="note pad") for text in (decision(found), *found.notes)]
    return told, table(rows[0], rows[1:]), _paper(found), _hits(found), False


def _paper(found: ComparisonResult) -> Any:
    if not len(found.time):
        return states.no_figure("One of the two has no paper account.")
    lines = [
        (name, found.time, line, 1.0)
        for name, line in zip(found.names, (found.champion, found.challenger), strict=True)
    ]
    return overlay.figure(overlay.info(lines, held=("Buy and hold", found.time, found.benchmark, 1.0)))


def _hits(found: ComparisonResult) -> Any:
    if not len(found.moment):
        return states.no_figure("Too few labels are known: a block of them is needed.")
    return challenge.figure(challenge.info(found))
