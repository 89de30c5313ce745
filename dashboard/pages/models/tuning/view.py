"""A tuning's result as the page prints it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.charts.models.importance import ImportanceInfo
from dashboard.components import card, metric
from dashboard.components.table import Column, Kind, definition
from dashboard.text.format import MISSING, count, duration, number
from dashboard.text.model_scores import TITLES, shown
from dashboard.text.sweeps import AxisLabel, axis_label
from engine.market.bars import Floats
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from engine.models.tuning.deflation import Deflation
from engine.models.tuning.result import STATES, TuningResult
from engine.models.tuning.spec import TuningSpec
from engine.research import ledger

RARE = 0.05


def axis_labels(result: TuningResult) -> tuple[AxisLabel, ...]:
    """Labels of the axes, titled as in the page's form."""
    base = json.loads(result.base)
    named = zip(result.axes, result.titles, result.units, result.words, strict=True)
    return tuple(axis_label(base, path, title, unit, words, ModelSpec) for path, title, unit, words in named)


def tried(result: TuningResult) -> int:
    """Trials of models on the same data, by the ledger, those of this tuning included."""
    return max(ledger.models_tried(MarketSpec.parse(json.loads(result.base)["market"])), result.count)


def kpis(result: TuningResult, found: Deflation | None) -> list[metric.Metric]:
    """The strip above the charts."""
    name, counts = result.metric, result.counts()
    best = float(result.score[result.best])
    tone: metric.Tone = "" if found is None else "gain" if found.p_value < RARE else ""
    ended = ", ".join(f"{counts[state]:,} {state}" for state in STATES[1:] if counts[state])
    median = float(np.median(result.score[result.complete]))
    busy = float(result.seconds.sum())
    return [
        metric.Metric(f"Best {TITLES[name]}", shown(name, best), f"trial {result.best + 1:,}", tone,
                      "Mean over the folds of the split. The best of many: what that is worth stands beside it."),
        metric.Metric("Without skill", shown(name, found.expected) if found else MISSING,
                      f"best of {found.trials:,}" if found else "no null models",
                      help="What the best of as many trials is expected to reach without skill: the mean of null "
                      "models, and the expected maximum of a choice among scores that spread as these do (Bailey, "
                      "Lopez de Prado 2014)."),
        metric.Metric("p-value", number(found.p_value, 3) if found else MISSING, "deflated", tone,
                      "Probability that the best of as many trials without skill scores as high, from the spread "
                      "of the null models."),
        metric.Metric("Null models", shown(name, found.null) if found else MISSING,
                      f"± {shown(name, found.error)}" if found else "set Null models above 4",
                      help="The best trial's values on labels that have nothing to do with the features."),
        metric.Metric("Median", shown(name, median), f"of {counts[STATES[0]]:,} complete",
                      help="Of the trials that were tested on every fold."),
        metric.Metric("Trials", number(len(result)), ended or "all complete",
                      help="Pruned ones fell behind the median of others on the way; repeated ones drew the values of "
                      "an earlier one."),
        metric.Metric("Training", duration(busy), f"{duration(busy / max(len(result), 1))} each",
                      help="Time of all trials together, however many ran at once."),
    ]  # fmt: skip


def worth(result: TuningResult, found: Deflation | None) -> list[Component]:
    """What the best score is worth, and what a reader has to know."""
    name, best = result.metric, shown(result.metric, float(result.score[result.best]))
    if found is None:
        said = (
            f"The best {TITLES[name]} of {count(result.count, 'trial')} is {best}. How much of it is luck is unknown: "
            "set Null models to 5 or more on the left, and run the tuning again; its trials are kept."
        )
    else:
        verdict = "Better than luck" if found.p_value < RARE else "No better than luck"
        counted = f"{count(found.trials, 'trial')} of models on these data" if found.trials > result.count else (
            count(found.trials, "trial"))  # fmt: skip
        said = (
            f"{verdict}: without skill, the best of {counted} would reach about {shown(name, found.expected)}; this "
            f"one has {best} (p = {found.p_value:.3f})."
        )
    notes = (*result.warnings, *result.problems[:3])
    return [html.P(said), *(html.P(text, className="note") for text in notes)]


def importance(result: TuningResult) -> ImportanceInfo | None:
    """Shares of the variance of the score; None where the trials were too few or all alike."""
    if not len(result.importance) or not result.importance.sum() > 0:
        return None
    order = np.argsort(-result.importance, kind="stable")
    names = tuple(result.titles[place] for place in order)
    return ImportanceInfo(names, result.importance[order], 0, "variance of the score")


def trial(result: TuningResult, place: int) -> list[Component]:
    """The values and the scores of one trial."""
    named = zip(axis_labels(result), result.values[place].tolist(), strict=True)
    values = [(side.name(), side.text(value, 4)) for side, value in named]
    name, folds = result.metric, result.folds[place]
    known = folds[np.isfinite(folds)]
    scores = [(f"{TITLES[name]}, mean of {count(len(known), 'fold')}", shown(name, float(result.score[place])))]
    if len(known) > 1:
        scores.append(("lowest … highest", f"{shown(name, float(known.min()))} … {shown(name, float(known.max()))}"))
    state = STATES[result.state[place]]
    which = f"Trial {place + 1:,}, {'the best' if place == result.best else state}"
    took = ("Training", duration(float(result.seconds[place])))
    return [html.P(which, className="hint"), card.facts(values), html.Hr(), card.facts([*scores, took])]


def columns(result: TuningResult) -> list[dict[str, Any]]:
    """Of the table of trials: number, score, the values, what became of it."""
    name = result.metric
    kind: Kind = "percent" if shown(name, 0.5).endswith("%") else "number"
    digits = 2 if kind == "percent" else len(shown(name, 0.123456).partition(".")[2])
    found = [Column("trial", "Trial", "number", least=64), Column("score", TITLES[name], kind, digits, least=84)]
    found += [
        Column(
            field_of(side.path), side.title, kind_of(side), decimals(result.values[:, place], side),
            least=max(72, 26 + 7 * len(side.title)),
        )
        for place, side in enumerate(axis_labels(result))
    ]  # fmt: skip
    found += [
        Column("folds", "Folds", "number", least=64, help="Folds that it was tested on."),
        Column("state", "State", least=86),
        Column("seconds", "Seconds", "number", 2, least=78),
    ]
    return [definition(column) for column in found]


def rows(result: TuningResult, limit: int) -> list[dict[str, Any]]:
    """Rows of that table, complete ones first, the best first; ``id`` is the index of the trial."""
    sides = axis_labels(result)
    return [
        {
            "id": str(place),
            "trial": place + 1,
            "score": None if np.isnan(result.score[place]) else float(result.score[place]),
            "folds": int(np.isfinite(result.folds[place]).sum()),
            "state": STATES[result.state[place]],
            "seconds": float(result.seconds[place]),
        }
        | {
            field_of(side.path): side.text(value) if side.words else value
            for side, value in zip(sides, result.values[place].tolist(), strict=True)
        }
        for place in result.ranked()[:limit].tolist()
    ]


def kind_of(side: AxisLabel) -> Kind:
    """What a column of values of an axis holds."""
    return "text" if side.words else "percent" if side.percent else "number"


def decimals(values: Floats, side: AxisLabel) -> int:
    """Digits after the point that show two of the smallest of ``values``; none of whole numbers."""
    scaled = np.abs(values * (100 if side.percent else 1))
    if side.words or (scaled == np.round(scaled)).all():
        return 0
    return int(np.clip(1 - np.floor(np.log10(scaled[scaled > 0].min())), 1, 6))


def field_of(path: str) -> str:
    """A path as the name of a table's field, where a dot would mean something nested."""
    return path.replace(".", "__")


def kept(spec: TuningSpec, done: int) -> str:
    """What is kept of a search that was stopped."""
    return f"{done:,} of {count(spec.size(), 'trial')} of this search are done and kept." if done < spec.size() else ""
