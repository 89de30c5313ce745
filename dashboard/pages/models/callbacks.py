"""Callbacks of the models page."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, no_update

from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.charts.models import (
    calibration,
    confusion,
    curves,
    fold_scores,
    importance,
    loss,
    null_distribution,
    probability,
    quantiles,
    timeline,
)
from dashboard.components import metric, states
from dashboard.components.graph import ids_sub
from dashboard.pages.models import evaluation, ids, view
from dashboard.pages.models.handover import day
from dashboard.pages.models.kpis import kpis
from dashboard.pages.models.layout import FORM, STUDIES
from dashboard.pages.models.predictions import prediction_note, prediction_rows
from dashboard.runs import restated, studies
from dashboard.text.format import count, day_range
from engine.jobs import runner
from engine.models import tracking
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from engine.research.ledger import holdouts_opened, models_tried
from engine.research.model_verdict import assess

runs.wire(FORM)
restated.wire(FORM.page)
market_options.follow_collection(FORM)
studies.wire_tabs(FORM, "models")
for tab in STUDIES:
    if tab.study:
        studies.wire(tab.study, tab.layout, "models")

RESULT = frame.result("models")
NO_CURVE = "A regression has no classes to tell apart: these curves are those of a classifier."
NO_LOSS = "This model is not trained iteratively: it has no loss curve."
NO_NULLS = "No null models were trained: set Null models above 0."
NO_FIFTHS = "Too many predictions are equal: they cannot be divided into quintiles."


@callback(
    Output(ids.KPIS, "children"),
    Output(ids.VERDICT, "children"),
    Output(ids.PREDICTIONS, "rowData"),
    Output(ids.PREDICTIONS_NOTE, "children"),
    Output(ids.HANDOVER, "children"),
    Input(RESULT, "data"),
)
def draw(data: runs.ResultData) -> tuple[Any, ...]:
    spec, result = runs.opened(data, ModelSpec)
    show_context(data, spec, result)
    key = (data or {}).get("key", "")
    unused = (view.no_importance(result),) if len(result.importance) and not result.importance.any() else ()
    notes = (*unused, *view.among_many(result, models_tried(spec.market)), *result.warnings, tracking.note(key))
    verdict = view.verdict(assess(result, spec.target.horizon), list(filter(None, notes)))
    cells = metric.cells(kpis(result, view.took(key)))
    return cells, verdict, prediction_rows(result), prediction_note(result), view.handover(spec, result)


@callback(*(Output(ids_sub(name), "children") for name in view.SUBS), Input(RESULT, "data"))
def name_charts(data: runs.ResultData) -> tuple[str, ...]:
    """What each chart shows of a model of this task."""
    _, result = runs.opened(data, ModelSpec)
    return view.subs(result)


@callback(
    Output(frame.figure(ids.LOSS), "data"),
    Input(RESULT, "data"),
    Input(frame.progress("models"), "data"),
)
def losses(data: runs.ResultData, progress: dict[str, Any] | None) -> Any:
    """The curve so far while the model trains, the whole one afterwards."""
    if data and "spec" in data:
        curve = loss.info(runs.opened(data, ModelSpec)[1])
        return loss.figure(curve) if curve else states.no_figure(NO_LOSS)
    if progress and progress.get("partial"):
        so_far = loss.live(progress["partial"])
        return loss.figure(so_far) if so_far else no_update
    if data:
        return states.no_figure("The training did not finish.")
    return no_update if progress else None


@callback(Output(ids.SCORE_CARDS, "className"), Input(RESULT, "data"), Input(frame.progress("models"), "data"))
def make_room(data: runs.ResultData, progress: dict[str, Any] | None) -> Any:
    """Cards that a model has nothing for are left out, until another tells its loss while it trains."""
    if data and "spec" in data:
        return view.cards(runs.opened(data, ModelSpec)[1])
    partial = (progress or {}).get("partial")
    return view.ALL_CARDS if partial and loss.live(partial) else no_update


@callback(
    Output(frame.figure(ids.NULL_DISTRIBUTION), "data"),
    Input(RESULT, "data"),
    Input(frame.progress("models"), "data"),
)
def luck(data: runs.ResultData, progress: dict[str, Any] | None) -> Any:
    """The null models so far while they train, with the folds that are done; all of them afterwards."""
    if data and "spec" in data:
        nulls = null_distribution.info(runs.opened(data, ModelSpec)[1])
        return null_distribution.figure(nulls) if nulls else states.no_figure(NO_NULLS)
    if progress and progress.get("partial"):
        so_far = null_distribution.live(progress["partial"])
        return null_distribution.figure(so_far) if so_far else no_update
    if data:
        return states.no_figure("The training did not finish.")
    return no_update if progress else None


@callback(
    Output(frame.figure(ids.CALIBRATION), "data"),
    Output(frame.figure(ids.IMPORTANCE), "data"),
    Input(RESULT, "data"),
)
def score(data: runs.ResultData) -> tuple[Any, Any]:
    spec, result = runs.opened(data, ModelSpec)
    weights = importance.info(result)
    return (
        calibration.figure(calibration.info(result, spec.target.horizon)),
        importance.figure(weights) if weights else states.no_figure(view.no_importance(result)),
    )


@callback(Output(ids.SCORES, "children"), Output(ids.SCORED_ROWS, "children"), Input(RESULT, "data"))
def compare(data: runs.ResultData) -> tuple[Any, str]:
    """Every score beside null models and baselines."""
    _, result = runs.opened(data, ModelSpec)
    return evaluation.scores(result), evaluation.about_rows(result)


@callback(Output(ids.MEMBERS, "children"), Output(ids.MEMBERS_CARD, "hidden"), Input(RESULT, "data"))
def weigh(data: runs.ResultData) -> tuple[Any, bool]:
    """The members of an ensemble."""
    found = evaluation.members(*runs.opened(data, ModelSpec))
    return found, not found


@callback(
    Output(frame.figure(ids.FOLD_SCORES), "data"),
    Output(ids.FOLDS, "children"),
    Output(ids.FOLD_NOTES, "children"),
    Input(RESULT, "data"),
)
def fold_by_fold(data: runs.ResultData) -> tuple[Any, Any, Any]:
    spec, result = runs.opened(data, ModelSpec)
    notes = [*evaluation.paths_note(result), *evaluation.holdout(result, holdouts_opened(spec.market))]
    return fold_scores.figure(fold_scores.info(result)), evaluation.folds(result), notes


@callback(
    Output(frame.figure(ids.ROC), "data"),
    Output(frame.figure(ids.PRECISION_RECALL), "data"),
    Output(frame.figure(ids.CONFUSION), "data"),
    Output(frame.figure(ids.QUANTILES), "data"),
    Input(RESULT, "data"),
)
def classify(data: runs.ResultData) -> tuple[Any, Any, Any, Any]:
    """Curves of the classes, and the returns that followed."""
    spec, result = runs.opened(data, ModelSpec)
    found, fifths = curves.info(result), quantiles.info(result, spec.target.horizon)
    drawn = [curve(found) if found else states.no_figure(NO_CURVE) for curve in (curves.roc, curves.precision_recall)]
    returns = quantiles.figure(fifths) if fifths else states.no_figure(NO_FIFTHS)
    return drawn[0], drawn[1], confusion.figure(confusion.info(result)), returns


@callback(Output(frame.figure(ids.TIMELINE), "data"), Output(ids.PARTS, "children"), Input(RESULT, "data"))
def split(data: runs.ResultData) -> tuple[Any, Any]:
    spec, _ = runs.opened(data, ModelSpec)
    drawn = timeline.info(spec, runner.run(spec.market), runner.run(spec.feature_spec()))
    return timeline.figure(drawn), view.parts(drawn)


@callback(Output(ids.SYMBOL, "options"), Output(ids.SYMBOL, "value"), Input(RESULT, "data"), State(ids.SYMBOL, "value"))
def offer(data: runs.ResultData, chosen: str | None) -> tuple[list[dict[str, str]], str]:
    """The model's symbols; the chosen one stays where it is among them."""
    _, result = runs.opened(data, ModelSpec)
    options = [{"value": symbol, "label": symbol} for symbol in result.symbols]
    return options, chosen if chosen in result.symbols else result.symbols[0]


@callback(Output(frame.figure(ids.PROBABILITY), "data"), Input(ids.SYMBOL, "value"), Input(RESULT, "data"))
def predicted(symbol: str | None, data: runs.ResultData) -> Any:
    spec, result = runs.opened(data, ModelSpec)
    if symbol not in result.symbols:
        return no_update
    market = runner.run(spec.market.model_copy(update={"symbols": (symbol,)}))
    return probability.figure(probability.info(result, market.bars[0]))


def show_context(data: runs.ResultData, spec: ModelSpec, result: ModelResult) -> None:
    """The header's line: what is on screen."""
    days = day_range(*(str(day(spec, moment)) for moment in (result.newest.train_start, str(result.time.max()))))
    shell.show_context(
        crumbs=[spec.model.label(), spec.market.label(), days],
        chips=[
            shell.Chip("label", spec.target.label(), title=f"Horizon {count(spec.target.horizon, 'bar')}."),
            shell.Chip(
                "purged",
                count(sum(fold.n_purged + fold.n_embargoed for fold in result.folds), "row"),
                title="Overlapping with the test: labels that share bars with another part, or lie in the embargo.",
            ),
            shell.Chip("run", runs.short(data)),
        ],
    )
