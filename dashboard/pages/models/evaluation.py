"""Tables of a model's evaluation: scores beside null models and baselines, folds, symbols and years, the holdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.pages.models.predictions import moment
from dashboard.text.format import MISSING, count, number, percent
from dashboard.text.model_scores import TITLES, shown
from engine.labels import Task
from engine.models.breakdown import Group
from engine.models.fold_result import FoldResult
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, SCORES
from engine.models.spec import ModelSpec
from engine.research.model_verdict import headline_name

FEW_FOLDS = 60
WIDE: Mapping[Task, float] = {"binary": 0.2, "multiclass": 0.2, "regression": 0.4}
"""Width of an interval of the headline score that leaves little to be said: a fifth of all that it can be."""
SMALL = "* Few independent rows: the interval is wider than a fifth of the score's whole range, so it says little."


def table(names: Sequence[str], rows: Sequence[Sequence[object]], titles: Sequence[str] = ()) -> Component:
    """A small table of figures; ``titles`` explain the rows on hover."""
    head = html.Tr([html.Th(name, scope="col") for name in names])
    hints = titles or [""] * len(rows)
    body = [
        html.Tr([html.Td(cell, title=(hint or None) if not place else None) for place, cell in enumerate(row)])
        for row, hint in zip(rows, hints, strict=True)
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures"), className="scroll-x")


def scores(result: ModelResult) -> Component:
    """Every score with its interval, the null band, and the baselines on the same rows."""
    names = [name for name in SCORES[result.task] if name in TITLES and name in result.scores]
    rows = [
        [
            TITLES[name],
            html.B(shown(name, result.scores[name])),
            _span(name, result.interval(name)),
            _span(name, result.band_of(name)),
            number(result.p_value_of(name), 2) if result.p_value_of(name) is not None else MISSING,
            *(shown(name, line.scores.get(name)) for line in result.baselines),
        ]
        for name in names
    ]
    heads = ["Score", "Model", "95% interval", "Null models 5–95%", "p", *(line.title for line in result.baselines)]
    return table(heads, rows, [SCORES[result.task][name] for name in names])


def members(spec: ModelSpec, result: ModelResult) -> Component | str:
    """What each part of a model counts in its predictions, in the mean of the folds, or what is to be known of the
    newest one; nothing where that is nothing.
    """
    found = [spec.model.shares(fold.artifact) for fold in result.folds]
    if not found[-1]:
        told = spec.model.about(result.newest.artifact)
        lines = html.Dl([part for name, text in told for part in (html.Dt(name), html.Dd(text))])
        return html.Div(lines, className="model-card") if told else ""
    weights = np.array([[share for _, share in shares] for shares in found])
    rows = [
        [name, percent(own.mean()), f"{percent(own.min())} … {percent(own.max())}" if len(found) > 1 else MISSING]
        for (name, _), own in zip(found[-1], weights.T, strict=True)
    ]
    return table(["Member", "Weight", "Over the folds"], rows)


def about_rows(result: ModelResult) -> str:
    """What the scores were taken on."""
    paths = f", path 1 of {result.n_paths}" if result.n_paths > 1 else ""
    return f"{count(result.n_scored, 'row')} of {count(len(result.folds), 'test')}{paths}, {result.split}"


def folds(result: ModelResult) -> Component:
    """One row a fold, the first and the last of very many."""
    name = HEADLINE[result.task]
    numbered = list(enumerate(result.folds, start=1))
    if len(numbered) > FEW_FOLDS:
        numbered = [*numbered[: FEW_FOLDS // 2], *numbered[-FEW_FOLDS // 2 :]]
    heads = ("Fold", "Trained on", "Tested on", "Train", "Purged", "Embargo", "Test", headline_name(result),
             "95% interval", "Null models 5–95%", "In time")  # fmt: skip
    return table(heads, [_fold(number_, fold, name) for number_, fold in numbered])


def _fold(place: int, fold: FoldResult, name: str) -> list[object]:
    at = list(fold.scores).index(name) if name in fold.scores else len(fold.intervals)
    interval = tuple(map(float, fold.intervals[at])) if at < len(fold.intervals) else None
    blocks = ", ".join(f"{_day(first)} to {_day(last)}" for first, last in fold.blocks)
    return [
        str(place),
        f"{_day(fold.train_start)} to {_day(fold.train_end)}",
        blocks,
        number(fold.n_train + fold.n_validation),
        number(fold.n_purged),
        number(fold.n_embargoed),
        number(fold.n_test),
        html.B(shown(name, fold.scores.get(name))),
        _span(name, interval),
        _span(name, fold.null_band),
        "yes" if fold.in_time else "no",
    ]


def groups(found: Sequence[Group], result: ModelResult, title: str) -> list[Component]:
    """Scores by regime, symbol or year, the small ones marked."""
    right = "Hit rate" if result.task == "regression" else "Accuracy"
    small = [not group.high - group.low <= WIDE[result.task] for group in found]  # without one, too
    rows = [
        [
            f"{group.name} *" if is_small else group.name,
            number(group.rows),
            shown(HEADLINE[result.task], group.score),
            _span(HEADLINE[result.task], (group.low, group.high)),
            shown("accuracy", group.right),
            shown("long_short", group.long_short),
        ]
        for group, is_small in zip(found, small, strict=True)
    ]
    heads = (title, "Rows", headline_name(result), "95% interval", right, "Long-short quintiles")
    return [table(heads, rows), *([html.P(SMALL, className="hint")] if any(small) else [])]


def paths_note(result: ModelResult) -> list[Component]:
    """How the score is distributed over the paths, and whether the predictions could have been made."""
    said = [html.P(text, className="note") for text in result.caveats]
    if result.n_paths > 1:
        low, middle, high = result.path_range()
        said.append(
            html.P(
                f"{headline_name(result)} over {result.n_paths} out-of-sample paths: {number(low, 3)} to "
                f"{number(high, 3)}, median {number(middle, 3)}. A backtest follows path 1, or the one that its "
                "strategy names.",
                className="note",
            )
        )
    if result.n_paths > 1 and len(result.null_scores) and any(not len(fold.null_scores) for fold in result.folds):
        said.append(
            html.P(
                "Null models follow path 1: folds that are not on it have no band of their own, which would take as "
                "many trainings again for every other path.",
                className="note",
            )
        )
    return said


def holdout(result: ModelResult, openings: int) -> list[Component]:
    """What the sealed holdout said, or that it is still sealed; nothing where there is none. ``openings`` are those in
    the ledger on the same data.
    """
    if not result.holdout_start:
        return []
    since = f"The holdout begins on {_day(result.holdout_start)}. "
    if result.holdout is None:
        often = f" On these data a holdout was opened {_times(openings)} so far." if openings else ""
        return [html.P(f"{since}It is sealed: no model has seen it.{often}", className="note")]
    again = " It was unseen." if openings <= 1 else " It had been opened before, so it proves less."
    fold, name = result.holdout, HEADLINE[result.task]
    at = list(fold.scores).index(name)
    interval = _span(name, tuple(map(float, fold.intervals[at])) if at < len(fold.intervals) else None)
    return [
        html.P(
            f"{since}Opened: {headline_name(result)} {shown(name, fold.scores[name])} (95% interval {interval}) on "
            f"{count(fold.n_scored, 'row')}. On these data a holdout was opened {_times(openings)}.{again}",
            className="note",
        )
    ]


def _times(openings: int) -> str:
    return "once" if openings == 1 else f"{openings:,} times"


def _span(name: str, ends: tuple[float, ...] | None) -> str:
    if ends is None or not np.isfinite(ends).all():
        return MISSING
    return " … ".join(shown(name, end) for end in ends)


def _day(when: object) -> str:
    return moment(np.datetime64(str(when)))
