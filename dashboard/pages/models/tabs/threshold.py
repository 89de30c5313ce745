"""The tab of thresholds: what calling the highest class at each is worth, and which one the training rows choose."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs, state
from dashboard.charts.models import thresholds as chart
from dashboard.components import card, graph
from dashboard.jobs import side_job
from dashboard.jobs.requested import stored
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import evaluation, ids
from dashboard.pages.models.handover import backtest
from dashboard.pages.models.saved.tab import seen
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import MISSING, count, duration, number, percent, signed_percent
from engine.backtest.thresholds.result import Followed, ThresholdResult
from engine.backtest.thresholds.spec import ThresholdSpec
from engine.models.spec import ModelSpec
from engine.strategies.kinds.follow_model import FollowModel

JOB = SideJob("models", "thresholds")
LONGEST = 20.0
"""Seconds that it may be estimated to take to be begun by itself."""
NUMBERS = "A regression has no classes: thresholds are those of a probability."
HINT = "After training: the equity and the scores of predicting the highest class at each threshold."
UNTRADEABLE = "These predictions cannot be traded on their own: there is no equity to show at each threshold."
HEADS = ("", "Threshold", "Called", "Precision", "Recall", "F1", "Matthews", "Accuracy", "Trades", "Winning", "Return",
         "Sharpe")  # fmt: skip


def layout() -> list[Component]:
    ask = html.Button("Try all thresholds", id=ids.THRESHOLD_ASK, className="link-button strong", type="button",
                      hidden=True)  # fmt: skip
    slider = dcc.Slider(id=ids.THRESHOLD_AT, min=0, max=1, step=1, value=0, marks=None, allow_direct_input=False,
                        updatemode="drag", included=False)  # fmt: skip
    at = html.Div([html.Span(id=ids.THRESHOLD_AT_TEXT, className="sweep-at-text"), slider], className="sweep-at")
    box = [
        card.card(
            "At one threshold",
            [html.Div(at, className="sweep-controls fields pad"), html.Div(id=ids.THRESHOLD_TABLE)],
            sub="the highest class is predicted at or above this probability",
            tools=[html.Span(id=ids.THRESHOLD_LINK)],
        ),
        card.columns(
            graph.graph(ids.THRESHOLD_EQUITY, height=320, title="Equity", sub="after costs"),
            graph.graph(ids.THRESHOLD_MEASURES, height=320, title="Measures", rescale=False),
        ),
    ]
    words = html.Div(html.P(HINT, className="hint"), id=ids.THRESHOLD_WORDS, className="pad sweep-expected")
    return [
        *JOB.stores(),
        card.card("Thresholds", words, sub="out of sample, filled at the next open", tools=[ask]),
        html.Div(box, id=ids.THRESHOLD_BOX, className="cards", hidden=True),
    ]


TAB = Tab("threshold", "Threshold", layout)
JOB.wire(side_job.failed_in_place)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Output(ids.THRESHOLD_ASK, "hidden"),
    seen(TAB.name),
    Input(ids.THRESHOLD_ASK, "n_clicks"),
)
def ask(data: runs.ResultData, clicks: int | None) -> tuple[Any, ...]:
    """A stored answer at once, else a job for it; one that takes long waits for the button."""
    request = request_of(*runs.opened(data, ModelSpec))
    if isinstance(request, str):
        return {"error": request}, no_update, None, True
    seconds = request.estimate().seconds
    if ctx.triggered_id != ids.THRESHOLD_ASK and seconds > LONGEST and stored(request) is None:
        words = f"This trains on inner folds of the training rows, which takes about {duration(seconds)}."
        return {"error": words}, no_update, None, False
    return *side_job.start(request), None, True


def request_of(spec: ModelSpec, result: Any) -> ThresholdSpec | str:
    """The thresholds of a model, or why there are none."""
    if spec.target.task == "regression":
        return NUMBERS
    base = backtest(spec, result)
    if base is None or not isinstance(base.strategy, FollowModel):
        return UNTRADEABLE
    return ThresholdSpec(base=base)


@callback(
    Output(ids.THRESHOLD_WORDS, "children"),
    Output(ids.THRESHOLD_BOX, "hidden"),
    Output(ids.THRESHOLD_AT, "max"),
    Output(ids.THRESHOLD_AT, "value"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    """The slider begins at the threshold that the training rows choose."""
    words = side_job.instead(answer, progress, HINT)
    if words is not None:
        return words, True, no_update, no_update
    _, found = runs.opened(answer, ThresholdSpec)
    return notes(found), False, len(found) - 1, found.nearest(found.typical)


@callback(
    Output(frame.figure(ids.THRESHOLD_EQUITY), "data"),
    Output(frame.figure(ids.THRESHOLD_MEASURES), "data"),
    Output(ids.THRESHOLD_TABLE, "children"),
    Output(ids.THRESHOLD_AT_TEXT, "children"),
    Output(ids.THRESHOLD_LINK, "children"),
    Input(ids.THRESHOLD_AT, "value"),
    State(JOB.answer, "data"),
)
def move(value: int | None, answer: Answer) -> tuple[Any, ...]:
    """Everything at the threshold under the slider, looked up: all were computed."""
    if not answer or "spec" not in answer:
        raise PreventUpdate
    spec, found = runs.opened(answer, ThresholdSpec)
    place = min(max(value or 0, 0), len(found) - 1)
    figures = (
        chart.followed(chart.followed_info(found, place)),
        chart.measures(chart.measures_info(found, place)),
    )
    return *figures, table(found, place), _at(found, place), link(spec, found, place)


def notes(found: ThresholdResult) -> list[Component]:
    """How many thresholds were looked at, and what is fitted to the test and what is not."""
    known = found.fitted[found.fitted == found.fitted]
    bounds = f" ({known.min():g} to {known.max():g} over {count(len(known), 'fold')})" if len(known) > 1 else ""
    chosen = (
        f"The training rows alone choose {found.typical:g}{bounds}, by the Matthews correlation out of their own folds."
        if len(known)
        else "The training rows are too few to choose a threshold: 0.5 is used instead."
    )
    looked = (
        f"{count(len(found), 'threshold')} were looked at on {count(found.rows, 'test row')}. The best of them is "
        "fitted to the test: the ledger counts each as a backtest, so the deflated Sharpe ratio of a backtest that "
        f"follows this model allows for the choice. {chosen}"
    )
    return [html.P(looked, className="hint"), *(html.P(text, className="note") for text in found.warnings)]


def table(found: ThresholdResult, place: int) -> Component:
    """The chosen threshold beside that of the training rows."""
    rows = [
        ["On the slider", f"{found.thresholds[place]:g}", *_cells(found.tried, place)],
        ["Chosen by training rows", _fitted(found), *_cells(found.by_training, 0)],
    ]
    return evaluation.table(HEADS, rows)


def _fitted(found: ThresholdResult) -> str:
    """The thresholds of the folds, each of which calls its own test."""
    known = found.fitted[found.fitted == found.fitted]
    if len(known) < 2 or known.min() == known.max():
        return f"{found.typical:g}"
    return f"{known.min():g} … {known.max():g}"


def _cells(calls: Followed, place: int) -> list[str]:
    def share(values: Any) -> str:
        return percent(values[place]) if values[place] == values[place] else MISSING

    def ratio(values: Any, places: int) -> str:
        return number(values[place], places) if values[place] == values[place] else MISSING

    return [
        share(calls.share), share(calls.precision), share(calls.recall), ratio(calls.f1, 3), ratio(calls.mcc, 3),
        share(calls.accuracy), number(int(calls.trades[place])), share(calls.winning),
        signed_percent(calls.total_return[place]), ratio(calls.sharpe, 2),
    ]  # fmt: skip


def _at(found: ThresholdResult, place: int) -> str:
    return f"Called from {found.thresholds[place]:g} on"


def link(spec: ThresholdSpec, found: ThresholdResult, place: int) -> Component:
    """The backtest of the threshold under the slider."""
    threshold = float(found.thresholds[place])
    return dcc.Link(
        f"Backtest {threshold:g} →", href=f"/backtest?spec={state.to_query(spec.at(threshold))}",
        className="link-button", title="All metrics of this backtest; the ledger counts the other thresholds.",
    )  # fmt: skip
