"""Made-up results of tunings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.spec import canonical_json
from engine.models.spec import ModelSpec
from engine.models.tuning.result import COMPLETE, FAILED, PRUNED, REPEATED, TuningResult

BASE: dict[str, Any] = {"validation": {"kind": "purged_k_fold", "n_folds": 3}}
AXES = [
    {"path": "model.learning_rate", "low": 0.005, "high": 0.5, "log": True},
    {"path": "model.leaves", "low": 2, "high": 60},
    {"path": "sample_weights", "values": ["none", "uniqueness"]},
]


def made_tuning(trials: int = 40, **changes: Any) -> TuningResult:
    """A search by three axes, of which the learning rate matters; every fifth trial was ended early."""
    random = np.random.default_rng(3)
    rate = 0.005 * 100 ** random.random(trials)
    values = np.column_stack([rate, random.integers(2, 61, trials), random.integers(0, 2, trials)]).astype(float)
    good = 0.55 - 0.02 * np.log10(rate / 0.05) ** 2
    folds = good[:, None] + 0.005 * random.normal(size=(trials, 3))
    state = np.full(trials, COMPLETE, dtype=np.int8)
    state[4::5] = PRUNED
    folds[4::5, 1:] = np.nan
    state[7], folds[7] = FAILED, np.nan
    values[11], folds[11], state[11] = values[10], folds[10], REPEATED
    counts = np.isfinite(folds).sum(axis=1)
    score = np.divide(np.nansum(folds, axis=1), counts, out=np.full(trials, np.nan), where=counts > 0)
    made = TuningResult(
        label="made up",
        family="model:lightgbm",
        task="binary",
        metric="auc",
        axes=tuple(str(axis["path"]) for axis in AXES),
        titles=("Learning rate", "Leaves", "Sample weights"),
        units=("", "", ""),
        whole=(False, True, False),
        log=(True, False, False),
        words=((), (), ("none", "uniqueness")),
        values=values,
        score=score,
        folds=folds,
        state=state,
        seconds=np.full(trials, 0.5),
        drawn=np.arange(trials) < 10,
        importance=np.array([0.8, 0.15, 0.05]),
        null_scores=np.linspace(0.48, 0.52, 20),
        observations=1000,
        split="3 folds",
        problems=("Fold 1 of 3: nothing to learn from.",),
        warnings=(),
        base=canonical_json(ModelSpec.parse(BASE)),
    )
    return replace(made, **changes)
