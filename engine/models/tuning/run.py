"""Executor of tunings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, counting, section
from engine.core.spec import canonical_json
from engine.core.store import Trial
from engine.features.evaluation import load_context
from engine.features.matrix import FeatureMatrix, require_causal
from engine.jobs.executors import computes
from engine.labels.honesty import require_honest_end
from engine.market.bars import Floats, Market
from engine.models import resumable
from engine.models.preparation import Parts, parts
from engine.models.tuning.importance import importance
from engine.models.tuning.kept import search_key
from engine.models.tuning.result import COMPLETE, FAILED, REPEATED, TuningResult
from engine.models.tuning.search import Search, Tried, best
from engine.models.tuning.space import Dimension
from engine.models.tuning.spec import TuningSpec

_ONE_FOLD = (
    "The split has one test, and that alone decides: purged k-fold or walk-forward folds give a mean over several."
)


@computes(TuningSpec)
def compute(spec: TuningSpec, inputs: Mapping[str, Any], progress: Progress) -> TuningResult:
    """The trials and what the best of them is worth. Raises ``DataError`` as the training of a model does, and where no
    trial could be trained.
    """
    market: Market = inputs["market"]
    features: FeatureMatrix = inputs["features"]
    progress(0.0, "Checking features and label for look-ahead")
    require_causal(spec.base.features, market, load_context(spec.base.features, spec.base.market))
    require_honest_end(spec.base.target, market)
    dimensions, found = spec.dimensions(), parts(spec.base, market, features)
    fits = spec.size() + spec.base.null_fits
    end = 0.02 + 0.96 * spec.size() / fits
    search = Search(spec, dimensions, found, search_key(spec), section(progress, 0.02, end))
    with counting(progress, lambda: _trial(spec, found, search.tried)):
        tried = search.run()
        chosen = best(tried, spec.score())
        if chosen is None:
            raise DataError(f"No trial could be trained and scored. The first one: {tried[0].answer.problem}")
        nulls = search.null_scores(tried[chosen].values, section(progress, end, 0.98))
    resumable.forget()
    progress(0.98, "Importance of the axes")
    warnings = (*market.warnings, *((_ONE_FOLD,) if len(found.folds) == 1 else ()))
    return _result(spec, dimensions, found, tried, nulls, warnings)


def _family(spec: TuningSpec) -> str:
    return f"model:{spec.base.model.kind}"


def _trial(spec: TuningSpec, found: Parts, tried: Sequence[Tried]) -> Trial:
    """The trials so far, for the ledger."""
    count = sum(item.state not in (FAILED, REPEATED) for item in tried)
    return Trial(_family(spec), None, _tested(found), count=count)


def _tested(found: Parts) -> int:
    return int(np.any([fold.test for fold in found.folds], axis=0).sum())


def _result(
    spec: TuningSpec,
    dimensions: Sequence[Dimension],
    found: Parts,
    tried: Sequence[Tried],
    nulls: Floats,
    warnings: tuple[str, ...],
) -> TuningResult:
    scales = [item.scale for item in dimensions]
    values = np.array([item.values for item in tried])
    state = np.array([item.state for item in tried], dtype=np.int8)
    folds = np.full((len(tried), len(found.folds)), np.nan)
    for place, item in enumerate(tried):
        folds[place, : len(item.answer.scores)] = item.answer.scores
    score = np.array([item.answer.mean() for item in tried])
    return TuningResult(
        label=spec.label(),
        family=_family(spec),
        task=spec.base.target.task,
        metric=spec.score(),
        axes=tuple(scale.path for scale in scales),
        titles=tuple(scale.title for scale in scales),
        units=tuple(scale.unit for scale in scales),
        whole=tuple(scale.whole for scale in scales),
        log=tuple(item.log for item in dimensions),
        words=tuple(scale.words for scale in scales),
        values=values,
        score=score,
        folds=folds,
        state=state,
        seconds=np.array([item.answer.seconds for item in tried]),
        drawn=np.arange(len(tried)) < spec.startup if spec.sampler == "tpe" else np.ones(len(tried), dtype=bool),
        importance=importance(dimensions, values[state == COMPLETE], score[state == COMPLETE]),
        null_scores=nulls,
        observations=_tested(found),
        split=spec.base.validation.label(),
        problems=tuple(dict.fromkeys(item.answer.problem for item in tried if item.answer.problem)),
        warnings=warnings,
        base=canonical_json(spec.base),
    )
