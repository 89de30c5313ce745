"""Training a model and testing it on later bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine.core.progress import Progress, section
from engine.features.evaluation import load_context
from engine.features.matrix import FeatureMatrix, require_causal
from engine.jobs.executors import computes, point_in_time
from engine.market import catalog
from engine.market.bars import Floats
from engine.models.fitting import Learnt, LossCurve, learn
from engine.models.history import History
from engine.models.null import null_aucs
from engine.models.preparation import parts
from engine.models.result import ModelResult
from engine.models.rows import Rows
from engine.models.scores import auc, out_of_sample
from engine.models.spec import ModelSpec


@computes(ModelSpec)
def compute(spec: ModelSpec, inputs: Mapping[str, Any], progress: Progress) -> ModelResult:
    """The trained model and its predictions. Raises ``DataError`` for a feature that looks ahead, or too few rows."""
    progress(0.0, "Checking the features for look-ahead")
    require_causal(spec.features, inputs["market"], load_context(spec.features, spec.market))
    matrix: FeatureMatrix = inputs["features"]
    train, test, split = parts(spec, inputs["market"], matrix)
    curve = LossCurve(section(progress, 0.05, 0.5))
    learnt = learn(spec.model, train, spec.seed, curve)
    null = null_aucs(spec, section(progress, 0.5, 1.0), curve.partial())
    fitted = learnt.fitted
    probability = spec.model.predict(fitted.text, test.values)
    return ModelResult(
        label=spec.label(),
        family=f"model:{spec.model.kind}",
        features=matrix.names,
        symbols=matrix.symbols,
        train_loss=fitted.train_loss,
        validation_loss=fitted.validation_loss,
        best_round=fitted.best_round,
        importance=fitted.importance,
        time=test.time,
        known=test.known,
        symbol=test.symbol,
        probability=probability,
        outcome=test.label,
        scores=_scores(spec, learnt, test, probability),
        null_auc=null,
        n_train=len(learnt.fitted_on),
        n_validation=learnt.n_validation,
        n_purged=int(split.purged.sum()) + learnt.n_purged,
        n_test=len(test),
        n_scored=int((~np.isnan(test.label)).sum()),
        train_start=str(train.time.min()),
        train_end=str(train.time.max()),
        test_start=str(split.start),
        text=fitted.text,
    )


@point_in_time(ModelSpec)
def known(spec: ModelSpec, result: ModelResult) -> Callable[[np.datetime64], ModelResult]:
    """The model with what it had predicted by a moment."""
    return History(spec, result, catalog.load(spec.market))


def _scores(spec: ModelSpec, learnt: Learnt, test: Rows, probability: Floats) -> dict[str, float]:
    on, known = learnt.fitted_on, ~np.isnan(test.label)
    scores = out_of_sample(test.label[known], probability[known], float(np.mean(on.label)))
    return scores | {"train_auc": auc(on.label, spec.model.predict(learnt.fitted.text, on.values))}
