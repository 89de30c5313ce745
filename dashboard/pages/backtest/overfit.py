"""Overfitting of the sweep on screen: a job of its own below the sweep."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, callback, ctx, html, no_update
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.research import overfit
from dashboard.components import card, graph
from dashboard.components.metric import defined
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.view import TONES
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import count, number, percent
from engine.backtest.sweeps.spec import SweepSpec
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.sweep_overfitting.spec import OverfittingSpec

JOB = SideJob("backtest", "overfit")
SWEPT = Input(frame.result(frame.study("backtest", "sweep")), "data")
ASK = (
    "Selects the best combination on one half of the history and ranks it on the other, over every split of the "
    "history into halves (combinatorially symmetric cross-validation), with tests for superior predictive ability."
)
SAFE, USELESS = 0.2, 0.5
MEANT = {
    "Probability of overfitting": "Share of the splits in which the best combination in sample ranks below the median "
    "out of sample (Bailey, Borwein, Lopez de Prado and Zhu).",
    "Probability of loss out of sample": "Share of the splits in which the best combination in sample loses money out "
    "of sample.",
    "p-value against zero return": "Hansen's test of superior predictive ability: the best against none.",
    "p-value against buy and hold": "The same test against buy and hold of the same symbols.",
}
GRADES = {tone: grade for grade, tone in TONES.items()}


def layout() -> Component:
    """The card with its button, the chart, and the stores of the job."""
    button = html.Button("Test for overfitting", id=ids.OVERFIT_ASK, className="link-button strong", type="button")
    box = html.Div(html.P(ASK, className="hint"), id=ids.OVERFIT)
    chart = graph.graph(ids.OVERFIT_CHART, height=280, title="In sample and out of sample", rescale=False)
    return html.Div(
        [
            *JOB.stores(),
            card.card("Overfitting", box, tools=[button]),
            html.Div(chart, id=ids.OVERFIT_BOX, hidden=True),
        ],
        className="cards",
    )


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.OVERFIT_ASK, "n_clicks"),
    SWEPT,
    prevent_initial_call=True,
)
def ask(clicks: int | None, data: runs.ResultData) -> tuple[Any, Any, Any]:
    """A stored answer at once, or a job for it; nothing for another sweep until it is asked about."""
    if not data or "spec" not in data:
        return None, no_update, None
    spec = OverfittingSpec(sweep=runs.opened(data, SweepSpec)[0])
    return *side_job.start(spec, ctx.triggered_id == ids.OVERFIT_ASK and bool(clicks)), None


JOB.wire()


@callback(
    Output(ids.OVERFIT, "children"),
    Output(frame.figure(ids.OVERFIT_CHART), "data"),
    Output(ids.OVERFIT_BOX, "hidden"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, Any, bool]:
    words = side_job.instead(answer, progress, ASK)
    if words is not None:
        return words, None, True
    _, found = runs.opened(answer, OverfittingSpec)
    return outcome(found), overfit.figure(overfit.info(found)), False


def outcome(found: SweepOverfitting) -> Component:
    """The answer in a sentence, then the values behind it."""
    rows = [
        ("Probability of overfitting", percent(found.probability, 1), tone(found.probability)),
        ("Probability of loss out of sample", percent(found.loss, 1), tone(found.loss)),
        ("p-value against zero return", number(found.spa_zero, 3), tone(found.spa_zero, 0.05, 0.2)),
        ("p-value against buy and hold", number(found.spa_hold, 3), tone(found.spa_hold, 0.05, 0.2)),
    ]
    lines = [
        html.Div([_dot(grade), html.Span(name, **defined(MEANT[name])), html.B(text)], className="finding")
        for name, text, grade in rows
    ]
    sample = "" if found.columns == found.whole else f" drawn at random from {found.whole:,}"
    note = (
        f"{count(len(found.logit), 'split')} of {found.blocks} blocks, {count(found.columns, 'combination')}{sample}. "
        f"{count(len(found.superior), 'combination')} superior to buy and hold at a family-wise error rate of 5%."
    )
    words = [html.P(answer(found), className="say"), *lines, html.P(note, className="hint")]
    return html.Div(words, className="verdict")


def _dot(grade: str) -> Component:
    return html.Span(className=f"dot {grade}", role="img", title=GRADES[grade])


def answer(found: SweepOverfitting) -> str:
    """What the probability means for who would trade the best combination."""
    share = percent(found.probability, 0)
    clause = "of the splits the in-sample best ranks below the out-of-sample median."
    if found.probability >= USELESS:
        return f"Selection adds nothing: in {share} {clause}"
    if found.probability > SAFE:
        return f"Selection helps a little: in {share} {clause}"
    return f"Selection holds up: in only {share} {clause}"


def tone(value: float, good: float = SAFE, bad: float = USELESS) -> str:
    return "ok" if value <= good else "bad" if value >= bad else "warn"
