"""A trained model as the page prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import runs, state
from dashboard.charts.models import importance, loss, null_distribution
from dashboard.charts.models.timeline import TimelineInfo
from dashboard.jobs import listing
from dashboard.pages.models import ids
from dashboard.pages.models.handover import backtest, follower, tradeable
from dashboard.pages.models.predictions import meaning
from dashboard.text.format import number
from engine.core.spec import kind_name
from engine.jobs import runner
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE
from engine.models.spec import ModelSpec
from engine.research.findings import Verdict
from engine.research.model_verdict import NAMES, skill

TONES = {"good": "ok", "doubtful": "warn", "bad": "bad"}


SUBS = (
    ids.LOSS, ids.NULL_DISTRIBUTION, ids.CALIBRATION, ids.IMPORTANCE, ids.PROBABILITY, ids.TIMELINE, ids.FOLD_SCORES,
    ids.QUANTILES,
)  # fmt: skip
"""Charts whose second line follows from the result."""


def subs(result: ModelResult) -> tuple[str, ...]:
    """What the charts ``SUBS`` show of ``result``."""
    is_number = result.task == "regression"
    last = f", fold {len(result.folds)}" if len(result.folds) > 1 else ""
    loss = "mean squared error" if is_number else "mean log loss"
    rise = "that rose" if result.classes == ("down", "up") else "".join(result.classes[-1:])
    return (
        (f"{loss} by {result.step}" + ("" if is_number else ", nats") + last) if result.step else "",
        f"test {NAMES[HEADLINE[result.task]]}",
        "mean outcome by prediction" if is_number else f"share {rise}",
        f"share of {result.importance_of}" if result.importance_of else "",
        f"close, and {meaning(result)}",
        result.split,
        "95% intervals",
        "mean return, 95% interval",
    )


def permuted(result: ModelResult) -> str:
    """What permutation importance is measured in."""
    return f"drop in test {NAMES[HEADLINE[result.task]]}"


def no_importance(result: ModelResult) -> str:
    """Why there is none to be drawn."""
    if not len(result.importance):
        return "This model does not report feature importance."
    return "The model made no split: no feature helped it."


ALL_CARDS = "columns score grows of-3"
"""The cards of the score: ``cards`` says which of them have nothing to draw and leave their room to the others."""


def cards(result: ModelResult) -> str:
    """Class of the cards of the score: those left out, and how many of equal width share what is below the curve."""
    without = {
        "without-loss": loss.info(result) is None,
        "without-nulls": null_distribution.info(result) is None,
        "without-importance": importance.info(result) is None,
    }
    left_out = [name for name, is_absent in without.items() if is_absent]
    equal = 3 - len([name for name in left_out if name != "without-loss"]) + without["without-loss"]
    return " ".join(["columns score grows", f"of-{equal}", *left_out])


def took(key: str) -> float | None:
    """Seconds that the job of this run took, None if no page has trained it."""
    job = listing.find(key)
    return job.finished - job.started if job and job.started and job.finished else None


def among_many(result: ModelResult, tried: int) -> tuple[str, ...]:
    """What a score above the null models leaves out where it is one of ``tried`` on these data."""
    if tried < 2 or skill(result) != "good":
        return ()
    return (
        f"{tried:,} models were tried on these data, and null models do not account for the choice among them: the "
        "best of many looks better than it is. A tuning measures by how much; a sealed holdout is untouched by it.",
    )


def verdict(judgement: Verdict, warnings: Sequence[str] = ()) -> Component:
    """The answer first, then the tests behind it, and ``warnings``."""
    rows = [
        html.Div(
            [
                html.Span(className=f"dot {TONES[finding.grade]}", role="img", **{"aria-label": finding.grade}),
                html.Span(finding.question, title=finding.explanation),
                html.B(finding.value),
            ],
            className="finding",
        )
        for finding in judgement.findings
    ]
    notes = [html.P(text, className="note") for text in warnings]
    answer = html.P([html.B(judgement.headline), " ", judgement.reason], className="say")
    return html.Div([answer, *rows, *notes], className="verdict")


def parts(info: TimelineInfo) -> Component:
    """The parts of all symbols together, with their first and last bars."""
    body = [
        html.Tr([html.Td(part.name), html.Td(part.first), html.Td(part.last), html.Td(number(part.rows))])
        for part in info.totals
    ]
    head = html.Tr([html.Th(name, scope="col") for name in ("Part", "First bar", "Last bar", "Rows")])
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures"), className="scroll-x")


def handover(spec: ModelSpec, result: ModelResult) -> Component:
    """The link to a backtest that follows the model, or why there is none."""
    if spec.target.task == "regression":
        title = "Backtests follow class probabilities: train a classifier, such as up or down."
        return html.Span("Cannot be backtested", className="hint", title=title)
    if follower(spec) is None:
        title = f"It predicts whether {spec.target.label()}: no strategy follows that."
        return html.Span("Cannot be backtested", className="hint", title=title)
    request = backtest(spec, result)
    levels = [symbol for symbol in spec.market.symbols if symbol not in tradeable(spec)]
    if request is None:
        title = "Train a model that includes a tradeable symbol."
        return html.Span("Cannot be backtested", className="hint", title=title)
    left_out = f", without {', '.join(levels)} (an index level is not tradeable)" if levels else ""
    text = f"Trades its predictions from {request.market.start}, the first test bar{left_out}."
    words = ["Backtest →", *([f" (without {', '.join(levels)})"] if levels else [])]
    return dcc.Link(words, href=f"/backtest?spec={state.to_query(request)}", className="link-button", title=text)


def latest() -> list[Component]:
    """Links to the newest models, for a page that shows none yet."""
    newest = _distinct(runner.recent_runs(kind_name(ModelSpec), limit=50))[:5]
    return [html.Div([_link(spec), " ", html.Span(_short(key), className="hint")]) for key, spec in newest]


def _distinct(found: Sequence[tuple[str, Any]]) -> list[tuple[str, ModelSpec]]:
    """The newest run of each spec: its link opens the spec, whatever engine or data an older run had."""
    newest = {spec: key for key, spec in reversed(found)}
    return [(key, spec) for key, spec in found if newest[spec] == key]


def _name(spec: ModelSpec) -> str:
    features = ", ".join(feature.label() for feature in spec.features)
    return f"{spec.model.label()} on {features}: {spec.market.label()}"


def _link(spec: ModelSpec) -> Component:
    return dcc.Link(_name(spec), href=f"/models?spec={state.to_query(spec)}")


def _short(key: str) -> str:
    return runs.short({"key": key})
