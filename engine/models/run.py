"""Training of a model and its test on later bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine.core.progress import Progress, section
from engine.features.evaluation import load_context
from engine.features.matrix import FeatureMatrix, require_causal
from engine.jobs.executors import computes, point_in_time
from engine.labels.honesty import require_honest_end
from engine.market import catalog
from engine.market.bars import Floats
from engine.models import Model, call_model
from engine.models.dataset import Dataset
from engine.models.fitting import TrainedModel, TrainingCurve, train
from engine.models.history import History
from engine.models.label_permutation import null_scores
from engine.models.preparation import parts
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, headline, is_predicted, out_of_sample
from engine.models.spec import ModelSpec


@computes(ModelSpec)
def compute(spec: ModelSpec, inputs: Mapping[str, Any], progress: Progress) -> ModelResult:
    """The trained model and its predictions. Raises ``DataError`` for a feature that looks ahead, a label that does
    beyond its end, or too few rows.
    """
    progress(0.0, "Checking features and label for look-ahead")
    require_causal(spec.features, inputs["market"], load_context(spec.features, spec.market))
    require_honest_end(spec.target, inputs["market"])
    features: FeatureMatrix = inputs["features"]
    rows, test, split = parts(spec, inputs["market"], features)
    curve = TrainingCurve(section(progress, 0.05, 0.5), spec.model.step)
    trained = train(spec.model, rows, spec.seed, curve, processors=spec.processors, weighting=spec.weighting())
    test = test.processed(trained.processors)
    null = null_scores(spec, section(progress, 0.5, 1.0), curve.partial())
    prediction = call_model.predict(spec.model, trained.fitted.artifact, test)
    scored = is_predicted(prediction) & ~np.isnan(test.label)
    return ModelResult(
        label=spec.label(),
        family=f"model:{spec.model.kind}",
        task=test.task,
        classes=test.classes,
        unit=spec.target.unit,
        features=features.names,
        symbols=features.symbols,
        time=test.time,
        known=test.known,
        symbol=test.symbol,
        prediction=prediction,
        outcome=test.label,
        scores=_scores(spec, trained, test.where(scored), prediction[scored]),
        null_scores=null,
        n_purged=int(split.purged.sum()) + trained.n_purged,
        n_test=len(test),
        n_scored=int(scored.sum()),
        train_start=str(rows.time.min()),
        train_end=str(rows.time.max()),
        test_start=str(split.start),
        warnings=inputs["market"].warnings,
        **_training(spec.model, trained),
    )


def _training(model: Model, trained: TrainedModel) -> dict[str, Any]:
    """What the result holds of the training: the model itself, and how it came about."""
    fitted, device = trained.fitted, model.processor()
    return {
        "step": model.step,
        "train_loss": fitted.train_loss,
        "validation_loss": fitted.validation_loss,
        "best_step": fitted.best_step,
        "importance": fitted.importance,
        "importance_of": model.importance_of,
        "n_train": len(trained.fitted_on),
        "n_validation": trained.n_validation,
        "media_type": fitted.artifact.media_type,
        "content": np.frombuffer(fitted.artifact.content, dtype=np.uint8),
        "device": device,
        "processing": trained.processors.to_json(),
        "reproducibility": model.reproducibility(device),
    }


@point_in_time(ModelSpec)
def known(spec: ModelSpec, result: ModelResult) -> Callable[[np.datetime64], ModelResult]:
    """The model with what it had predicted by a moment."""
    return History(spec, result, catalog.load(spec.market))


def _scores(spec: ModelSpec, trained: TrainedModel, test: Dataset, prediction: Floats) -> dict[str, float]:
    """The scores of test rows that are predicted and whose outcome is known, and that of the training rows."""
    train = trained.fitted_on
    scores = out_of_sample(test.task, test.label, prediction, train.label)
    forecast = call_model.predict(spec.model, trained.fitted.artifact, train)
    predicted = is_predicted(forecast)
    return scores | {f"train_{HEADLINE[train.task]}": headline(train.task, train.label[predicted], forecast[predicted])}
