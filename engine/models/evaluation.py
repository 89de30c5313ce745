"""Evaluation of stitched predictions and of each fold: scores, intervals, null models, baselines, and the holdout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, section
from engine.core.registry import info
from engine.market.bars import Floats, Times
from engine.models.baselines import Baseline, baselines
from engine.models.dataset import Indices
from engine.models.fold_result import FoldResult
from engine.models.folds import fit_fold, tested
from engine.models.label_permutation import NullScores
from engine.models.preparation import Parts
from engine.models.resampling import intervals
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, Scored, headline, out_of_sample
from engine.models.spec import ModelSpec
from engine.models.time_series import forecasts


def evaluated(bare: ModelResult, found: Parts, nulls: NullScores, spec: ModelSpec, progress: Progress) -> ModelResult:
    """``bare`` with its scores and all that they are to be compared with, and with the holdout where it is opened.
    Raises ``DataError`` where no row can be scored.
    """
    rows, mask = bare.scored()
    if not len(rows):
        raise DataError(
            f"{info(spec.model).title} predicted none of the {len(mask):,} tested rows: its window may be longer than "
            "a test, or its predictions are no numbers. Choose a shorter window, or a larger test part."
        )
    time, horizon = bare.time[mask], spec.target.horizon
    training = f"train_{HEADLINE[bare.task]}"
    memory = {training: float(np.mean([fold.scores[training] for fold in bare.folds]))}
    tested_rows = found.rows.where(np.any([fold.test for fold in found.folds], axis=0))
    result = replace(
        bare,
        scores=out_of_sample(rows) | memory,
        intervals=intervals(rows, time, horizon, spec.seed, section(progress, 0.0, 0.4)),
        path_scores=np.array([_headline(bare, path) for path in range(bare.n_paths)]),
        baselines=_baselines(rows, bare.fold[0][mask], tested_rows.where(mask).place, found, horizon),
        null_scores=nulls.headline,
        null_table=nulls.table,
    )
    folds = _folds(result, found, nulls, spec, section(progress, 0.4, 0.8))
    progress(0.8, "Holdout")
    return replace(result, folds=folds, holdout=_holdout(spec, found) if spec.open_holdout else None)


def _baselines(rows: Scored, fold: Indices, place: Indices, found: Parts, horizon: int) -> tuple[Baseline, ...]:
    """Baselines of rows that these folds have tested; time-series models are fitted to each fold's training bars."""
    trains = {number: found.rows.place[found.folds[number].train] for number in np.unique(fold).tolist()}
    ahead = forecasts(found.close, found.bar, trains, place, fold, horizon)
    return baselines(rows, place, found.close, found.bar, ahead)


def _headline(bare: ModelResult, path: int) -> float:
    rows = bare.scored(path)[0]
    return headline(rows.task, rows.label, rows.prediction)


def _folds(
    result: ModelResult, found: Parts, nulls: NullScores, spec: ModelSpec, progress: Progress
) -> tuple[FoldResult, ...]:
    """The folds with their intervals and null models, which those that are not on the first path lack."""
    if len(result.folds) == 1:
        return (replace(result.folds[0], intervals=result.intervals, null_scores=result.null_scores),)
    done = []
    for number, fold in enumerate(result.folds):
        progress(number / len(result.folds), f"Scoring fold {number + 1} of {len(result.folds)}")
        rows, time = _of_fold(result, number)
        bounds = _interval(rows, time, spec) if len(rows) else np.empty((0, 2))
        done.append(replace(fold, intervals=bounds, null_scores=nulls.folds.get(number, np.empty(0))))
    return tuple(done)


def _of_fold(result: ModelResult, number: int) -> tuple[Scored, Times]:
    """The scored rows of the test of a fold, whichever path they are on, and their times. What a constant model of its
    training rows predicts is known of those on the first path.
    """
    on = result.fold == number
    at, path = np.flatnonzero(on.any(axis=0)), on.argmax(axis=0)
    every = np.stack([result.on_path(place) for place in range(result.n_paths)])
    first = (path[at] == 0).reshape(-1, *[1] * (result.base.ndim - 1))
    base = np.where(first, result.base[at], np.nan)
    rows = Scored(result.task, result.outcome[at], every[path[at], at], base, result.realised[at])
    return rows.where(rows.known), result.time[at][rows.known]


def _interval(rows: Scored, time: Times, spec: ModelSpec) -> Floats:
    return intervals(rows, time, spec.target.horizon, spec.seed)


def _holdout(spec: ModelSpec, found: Parts) -> FoldResult | None:
    """What a model trained on all rows before the holdout makes of it."""
    if found.holdout is None:
        return None
    train, test = (found.everything.where(mask) for mask in (found.holdout.train, found.holdout.test))
    outcome = tested(spec, fit_fold(spec, train), found.holdout, train, test, found)
    rows = Scored(test.task, test.label, outcome.prediction, outcome.base, found.returns(test))
    known = np.isfinite(test.label) & np.isfinite(rows.directional())
    return replace(outcome.result, intervals=_interval(rows.where(known), test.time[known], spec))
