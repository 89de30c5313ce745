"""Importance of the axes of a search: how much of the variance of the score each explains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.market.bars import Floats
from engine.models.tuning.proposals import quiet
from engine.models.tuning.space import Dimension

_MOST, _LEAST = 1_000, 4
"""Trials that the forest learns from at most, and without which nothing is said."""


def importance(dimensions: Sequence[Dimension], values: Floats, scores: Floats) -> Floats:
    """Share of the variance of ``scores`` (trials,) that each axis of ``values`` (trials, axes) explains by itself, by
    functional ANOVA over a random forest (Hutter, Hoos, Leyton-Brown 2014), summing to 1 (axes,); empty where the
    trials are too few or all alike.
    """
    import optuna

    if len(scores) < _LEAST or not np.ptp(scores) > 0:
        return np.empty(0)
    if len(dimensions) == 1:
        return np.ones(1)
    names = [item.scale.path for item in dimensions]
    spaces = dict(zip(names, (item.distribution() for item in dimensions), strict=True))
    with quiet():
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        for place in np.unique(np.linspace(0, len(scores) - 1, min(len(scores), _MOST)).astype(int)):
            drawn = [item.drawn(float(value)) for item, value in zip(dimensions, values[place], strict=True)]
            params = dict(zip(names, drawn, strict=True))
            study.add_trial(optuna.trial.create_trial(params=params, distributions=spaces, value=float(scores[place])))
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return np.array([found.get(name, 0.0) for name in names], dtype=np.float64)
