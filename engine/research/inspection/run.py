"""Executor of a look inside a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, section
from engine.jobs.executors import computes
from engine.market.bars import Floats
from engine.models import call_model
from engine.models.breakdown import by_symbol, by_year
from engine.models.dataset import Dataset
from engine.models.folds import fit_fold
from engine.models.kinds.attention_rnn import AttentionRnn
from engine.models.preparation import Parts, parts
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, headline, is_predicted
from engine.models.spec import ModelSpec
from engine.research.inspection.explained import agreement, contributions
from engine.research.inspection.market_regimes import by_regime
from engine.research.inspection.result import Inspection
from engine.research.inspection.spec import SHARES, InspectionSpec

SHOWN = 400
"""Newest rows of which the attention is kept."""


@computes(InspectionSpec)
def compute(spec: InspectionSpec, inputs: Mapping[str, Any], progress: Progress) -> Inspection:
    """Everything at once: each part is small beside the training."""
    base, result = spec.base, inputs["model"]
    horizon, seed = base.target.horizon, base.seed
    found = parts(base, inputs["market"], inputs["features"])
    progress(0.0, "Scoring regimes, years and symbols")
    regimes = by_regime(result, inputs["market"], horizon, seed)
    years, symbols = by_year(result, horizon, seed), by_symbol(result, horizon, seed)
    shap, explained, unexplained = contributions(base.model, found, result, section(progress, 0.4, 0.5))
    measures = {
        result.importance_of or "importance": result.importance,
        "permutation": result.permutation,
        "SHAP": shap,
    }
    return Inspection(
        label=spec.label(),
        regimes=regimes,
        years=years,
        symbols=symbols,
        contributions=shap,
        explained=explained,
        unexplained=unexplained,
        agreement=agreement(measures),
        **_learning(base, result, found, progress),
        **_attention(base, result, found),
    )


def _learning(spec: ModelSpec, result: ModelResult, found: Parts, progress: Progress) -> dict[str, Any]:
    """Scores of models of ever more of the newest training rows; the last is the one that was trained."""
    rows, test = found.train(len(found.folds) - 1), found.test(len(found.folds) - 1)
    sizes, train, held = list[int](), list[float](), list[float]()
    for number, share in enumerate(SHARES):
        progress(0.5 + 0.45 * number / len(SHARES), f"Training on {share:.0%} of the training rows")
        newest = np.sort(rows.time)[int((1 - share) * len(rows))]
        few = rows.where(rows.time >= newest)
        own, tested = _scores(spec, few, test)
        sizes.append(len(few))
        train.append(own)
        held.append(tested)
    name = HEADLINE[result.task]
    fold = result.newest
    train.append(fold.scores[f"train_{name}"])
    held.append(fold.scores.get(name, np.nan))
    return {
        "learning_rows": np.array([*sizes, len(rows)], dtype=np.int64),
        "learning_train": np.array(train),
        "learning_test": np.array(held),
    }


def _scores(spec: ModelSpec, rows: Dataset, test: Dataset) -> tuple[float, float]:
    """The headline score of a model of ``rows`` on what it was fitted on, and on the test."""
    try:
        trained = fit_fold(spec, rows)
    except DataError:
        return float("nan"), float("nan")
    artifact = trained.fitted.artifact
    own, other = trained.fitted_on, test.processed(trained.processors).labelled()
    return _headline(own, call_model.predict(spec.model, artifact, own)), _headline(
        other, call_model.predict(spec.model, artifact, other)
    )


def _headline(rows: Dataset, prediction: Floats) -> float:
    known = is_predicted(prediction)
    return headline(rows.task, rows.label[known], prediction[known]) if known.any() else float("nan")


def _attention(spec: ModelSpec, result: ModelResult, found: Parts) -> dict[str, Any]:
    """Of the newest model on its test; nothing of one without attention."""
    model, fold = spec.model, result.newest
    if not isinstance(model, AttentionRnn):
        empty = np.empty((0, 0))
        return {
            "attention": empty,
            "attention_mean": np.empty(0),
            "attention_time": np.empty(0, dtype="datetime64[ms]"),
            "attention_symbol": np.empty(0, dtype=np.int32),
        }
    test = found.test(len(found.folds) - 1).processed(fold.processors)
    weights = model.attention(fold.artifact, test, model.processor())
    known = np.asarray(np.isfinite(weights).all(axis=1))
    weights, rows = weights[known], test.where(known)
    newest = np.sort(np.lexsort((rows.symbol, rows.time))[-SHOWN:])
    return {
        "attention": weights[newest],
        "attention_mean": weights.mean(axis=0),
        "attention_time": rows.time[newest],
        "attention_symbol": rows.symbol[newest],
    }
