"""A trained model as the page prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import runs, state
from dashboard.charts.models.timeline import TimelineInfo
from dashboard.components import metric
from dashboard.jobs import listing
from dashboard.pages.models.handover import backtest, tradeable
from dashboard.pages.models.verdict import majority
from dashboard.text.format import MISSING, count, duration, number, percent
from engine.jobs import runner
from engine.models.result import ModelResult
from engine.models.scores import SCORES
from engine.models.spec import ModelSpec
from engine.research.findings import Verdict

TONES = {"good": "ok", "doubtful": "warn", "bad": "bad"}
LUCK = "Under it the 5% to 95% band of models without knowledge on the same rows."
P_VALUE = "Share of the models without knowledge that score as well, this one counted among them."
MOST_ROWS = 1_000
MOST_MODELS = 30
Trained: TypeAlias = tuple[str, ModelSpec, ModelResult | None]


def kpis(result: ModelResult, seconds: float | None) -> list[metric.Metric]:
    """The strip above the charts, each figure with what it has to beat; ``seconds`` is how long the job took."""
    scores, band = result.scores, result.null_band()
    guess, share = majority(result)
    lossy, right = scores["log_loss"] - scores["base_log_loss"], scores["accuracy"] - share
    rounds = max(len(result.train_loss), result.best_round)
    return [
        metric.Metric(
            "AUC and luck", number(scores["auc"], 3), f"{number(band[0], 3)} … {number(band[1], 3)}" if band else "",
            _beside(scores["auc"], band), f"{SCORES['auc']} {LUCK}",
        ),
        metric.Metric("Luck as good", f"p {number(result.p_value(), 2)}" if band else MISSING,
                      f"of {count(len(result.null_auc), 'fit')}" if band else "no null models", help=P_VALUE),
        metric.Metric("Log loss", number(scores["log_loss"], 4), f"base {number(scores['base_log_loss'], 4)}",
                      metric.tone(-lossy), f"{SCORES['log_loss']} Base: {SCORES['base_log_loss']}"),
        metric.Metric("Accuracy", percent(scores["accuracy"]), f"{guess} {percent(share)}", metric.tone(right),
                      f"{SCORES['accuracy']} Under it the share that always saying {guess} gets right."),
        metric.Metric("Rounds", number(result.best_round), f"of {number(rounds)} run",
                      help="Kept are those up to the lowest loss on the validation rows; all without early stopping."),
        metric.Metric("Trained on", number(result.n_train), f"{number(result.n_purged)} purged",
                      help=f"Rows. {number(result.n_validation)} more decided when to stop. Purged rows have labels "
                      "that reach into a later part."),
        metric.Metric("Tested on", number(result.n_test), f"{number(result.n_scored)} scored",
                      help="Rows. The outcome of the last bars lies beyond the data: predicted, not scored."),
        metric.Metric("Took", duration(seconds), count(len(result.null_auc) + 1, "fit"),
                      help="From the start of the job to its end, the models without knowledge included; nothing for a "
                      "model that was not trained here in the browser."),
    ]  # fmt: skip


def took(key: str) -> float | None:
    """Seconds that the job of this run took, None if no page has trained it."""
    job = listing.find(key)
    return job.finished - job.started if job and job.started and job.finished else None


def verdict(judgement: Verdict) -> Component:
    """The answer first, then the tests behind it."""
    rows = [
        html.Div(
            [
                html.Span(className=f"dot {TONES[finding.grade]}", role="img", **{"aria-label": finding.grade}),
                html.Span(finding.question, title=finding.explanation),
                html.B(finding.figure),
            ],
            className="finding",
        )
        for finding in judgement.findings
    ]
    return html.Div(
        [html.P([html.B(judgement.headline), " ", judgement.reason], className="say"), *rows], className="verdict"
    )


def prediction_rows(result: ModelResult) -> list[dict[str, Any]]:
    """Rows of the table of predictions, newest first, ``MOST_ROWS`` at most."""
    order = np.lexsort((result.symbol, -result.time.astype(np.int64)))[:MOST_ROWS]
    return [
        {
            "time": moment(result.time[i]),
            "symbol": result.symbols[result.symbol[i]],
            "probability": float(result.probability[i]),
            "says": _way(result.probability[i] >= 0.5),
            "outcome": "not known yet" if np.isnan(result.outcome[i]) else _way(result.outcome[i] == 1),
            "right": "" if np.isnan(result.outcome[i]) else _right(result, i),
        }
        for i in order
    ]


def prediction_note(result: ModelResult) -> str:
    """What the table holds."""
    shown = min(MOST_ROWS, result.n_test)
    some = f"newest {number(shown)} of {count(result.n_test, 'row')}" if shown < result.n_test else count(shown, "row")
    return f"{some}, probability of a rise"


def moment(time: np.datetime64) -> str:
    """The day, and the time of day of intraday bars."""
    return str(time)[:16].replace("T", " ").removesuffix(" 00:00")


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
    asked = backtest(spec, result)
    levels = [symbol for symbol in spec.market.symbols if symbol not in tradeable(spec)]
    if asked is None:
        title = "Train a model that includes a symbol which can be bought."
        return html.Span("Index levels cannot be backtested", className="hint", title=title)
    left_out = f", without {', '.join(levels)} (an index level cannot be bought)" if levels else ""
    text = f"Follows its predictions from {asked.market.start}, its first test bar{left_out}."
    words = ["Backtest this model →", *([f" (without {', '.join(levels)})"] if levels else [])]
    return dcc.Link(words, href=f"/backtest?spec={state.to_query(asked)}", className="link-button", title=text)


def earlier(limit: int = MOST_MODELS) -> list[Trained]:
    """Finished models, newest first; the result of one that is not stored any more is None."""
    return [
        (key, spec, runner.store().read(key, ModelResult))
        for key, spec in _distinct(runner.recent_runs("model"))[:limit]
    ]


def latest() -> list[Component]:
    """Links to the newest models, for a page that shows none yet."""
    newest = _distinct(runner.recent_runs("model", limit=50))[:5]
    return [html.Div([_link(spec), " ", html.Span(_short(key), className="hint")]) for key, spec in newest]


def _distinct(found: Sequence[tuple[str, Any]]) -> list[tuple[str, ModelSpec]]:
    """The newest run of each spec: its link opens the spec, whatever engine or data an older run had."""
    newest = {spec: key for key, spec in reversed(found)}
    return [(key, spec) for key, spec in found if newest[spec] == key]


def trained(models: Sequence[Trained], current: str) -> Component:
    """A table of ``models``, each with its link; ``current`` is the run key of the one on the page."""
    if not models:
        return html.P("No model has been trained yet.", className="hint")
    names = ("Model", "Label", "Test, embargo", "AUC", "Luck", "Log loss", "Base rate", "Run")
    head = html.Tr([html.Th(name, scope="col") for name in names])
    body = [_trained_row(key, spec, result, key == current) for key, spec, result in models]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures"), className="scroll-x")


def _trained_row(key: str, spec: ModelSpec, result: ModelResult | None, is_current: bool) -> Component:
    link = html.B(_name(spec)) if is_current else _link(spec)
    scores = result.scores if result else {}
    band = result.null_band() if result else None
    cells = [
        html.Td(spec.target.label()),
        html.Td(f"{percent(spec.test_fraction, 0)}, {count(spec.embargo, 'bar')}"),
        html.Td(number(scores.get("auc"), 3)),
        html.Td(f"{number(band[0], 3)} … {number(band[1], 3)}" if band else "none"),
        html.Td(number(scores.get("log_loss"), 4)),
        html.Td(number(scores.get("base_log_loss"), 4)),
        html.Td(_short(key)),
    ]
    return html.Tr([html.Td(link), *cells], className="current" if is_current else None)


def _name(spec: ModelSpec) -> str:
    features = ", ".join(feature.label() for feature in spec.features)
    return f"{spec.model.label()} on {features}: {spec.market.label()}"


def _link(spec: ModelSpec) -> Component:
    return dcc.Link(_name(spec), href=f"/models?spec={state.to_query(spec)}")


def _beside(auc: float, band: tuple[float, float] | None) -> metric.Tone:
    """Gain above the band, loss below it."""
    return "" if band is None else "gain" if auc > band[1] else "loss" if auc < band[0] else ""


def _short(key: str) -> str:
    return runs.short({"key": key})


def _way(rises: Any) -> str:
    return "up" if rises else "down"


def _right(result: ModelResult, index: int) -> str:
    return "right" if (result.probability[index] >= 0.5) == (result.outcome[index] == 1) else "wrong"
