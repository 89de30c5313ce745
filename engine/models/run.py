"""Training of a model on each fold, and its test on the rows that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.core.progress import Progress, section
from engine.features.evaluation import load_context
from engine.features.matrix import FeatureMatrix, require_causal
from engine.jobs.executors import computes, point_in_time, running_key
from engine.labels.honesty import require_honest_end
from engine.market import catalog
from engine.market.bars import Market
from engine.models.evaluation import evaluated
from engine.models.folds import FoldOutcome, train_folds
from engine.models.history import History
from engine.models.kept_parts import KeptParts
from engine.models.label_permutation import null_scores
from engine.models.memory import require_memory
from engine.models.preparation import Parts, constant_features, parts
from engine.models.result import NOT_IN_TIME, ModelResult
from engine.models.spec import ModelSpec
from engine.models.splits.fold import paths, stitched


@computes(ModelSpec)
def compute(spec: ModelSpec, inputs: Mapping[str, Any], progress: Progress) -> ModelResult:
    """The trained models and their predictions. Raises ``DataError`` for a feature that looks ahead, a label that does
    beyond its end, too few rows, or more than memory holds. Folds that a run which was stopped has trained are kept.
    """
    require_memory(spec)
    progress(0.0, "Checking features and label for look-ahead")
    require_causal(spec.features, inputs["market"], load_context(spec.features, spec.market))
    require_honest_end(spec.target, inputs["market"])
    features: FeatureMatrix = inputs["features"]
    found = parts(spec, inputs["market"], features)
    key = running_key()
    kept = KeptParts(key, FoldOutcome) if key else None
    outcomes, curve = train_folds(spec, found, section(progress, 0.05, 0.5 if spec.null_fits else 0.9), kept)
    nulls = null_scores(spec, found, section(progress, 0.5, 0.95), curve)
    progress(0.95, "Scoring", {**curve, **nulls.so_far()})
    bare = _stitched(spec, inputs["market"], features, found, outcomes)
    result = evaluated(bare, found, nulls, spec, section(progress, 0.95, 1.0))
    if kept is not None:
        kept.forget()
    return result


def _stitched(
    spec: ModelSpec, market: Market, features: FeatureMatrix, found: Parts, outcomes: list[FoldOutcome]
) -> ModelResult:
    """The result before it is evaluated: the predictions of all folds in one piece."""
    of_path = paths(found.folds)
    mask = of_path[0] >= 0
    rows = found.rows.where(mask)
    prediction = stitched(of_path, found.folds, [outcome.prediction for outcome in outcomes])
    folds = tuple(outcome.result for outcome in outcomes)
    late = () if all(fold.in_time for fold in folds) else (NOT_IN_TIME,)
    constant = filter(None, [constant_features(found.rows, features.names)])
    return ModelResult(
        **_request(spec),
        **_unevaluated(outcomes),
        task=rows.task,
        classes=rows.classes,
        features=features.names,
        symbols=features.symbols,
        time=rows.time,
        known=rows.known,
        symbol=rows.symbol,
        prediction=prediction[0],
        base=stitched(of_path, found.folds, [outcome.base for outcome in outcomes])[0],
        outcome=rows.label,
        realised=found.returns(rows),
        fold=of_path[:, mask],
        more_paths=prediction[1:],
        folds=folds,
        holdout_start="" if found.holdout is None else str(found.holdout.start),
        warnings=(*market.warnings, *constant, *late),
    )


def _request(spec: ModelSpec) -> dict[str, Any]:
    """What the result repeats of its request."""
    device = spec.model.processor()
    return {
        "label": spec.label(),
        "family": f"model:{spec.model.kind}",
        "unit": spec.target.unit,
        "step": spec.model.step,
        "importance_of": spec.model.importance_of,
        "split": spec.validation.label(),
        "device": device,
        "reproducibility": spec.model.reproducibility(device),
    }


def _unevaluated(outcomes: Sequence[FoldOutcome]) -> dict[str, Any]:
    """Importance over the folds, and no score yet."""
    measured = [outcome.permutation for outcome in outcomes if len(outcome.permutation)]
    nothing = np.empty(0)
    return {
        "permutation": np.mean(measured, axis=0) if measured else nothing,
        "path_scores": nothing,
        "scores": {},
        "intervals": np.empty((0, 2)),
        "null_scores": nothing,
        "null_table": np.empty((0, 0)),
        "baselines": (),
    }


@point_in_time(ModelSpec)
def known(spec: ModelSpec, result: ModelResult) -> Callable[[np.datetime64], ModelResult]:
    """The models with what they had predicted by a moment."""
    return History(spec, result, catalog.load(spec.market))
