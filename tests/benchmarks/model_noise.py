"""False positives of models: the default pipeline on random walks, and how often it is shown as better than its null
models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.core.progress import silent
from engine.features.matrix import FeatureMatrix, matrix
from engine.market.bars import Market
from engine.models.folds import train_folds
from engine.models.label_permutation import null_scores
from engine.models.preparation import parts
from engine.models.scores import HEADLINE, headline, is_predicted
from engine.models.spec import ModelSpec
from engine.models.splits.fold import paths, stitched
from tests.support.market import random_walk

BARS = 1250
LEVEL = 0.05
DEFAULT: Mapping[str, Any] = {}
WALK_FORWARD: Mapping[str, Any] = {"validation": {"kind": "walk_forward"}}


def p_value(seed: int, changes: Mapping[str, Any]) -> float:
    """That of the pipeline on the random walk of ``seed``: share of null models that score as well, it among them."""
    spec = ModelSpec.parse({**changes, "seed": seed})
    market = Market((random_walk(BARS, seed),))
    return p_value_of(spec, market, matrix(spec.features, market))


def p_value_of(spec: ModelSpec, market: Market, features: FeatureMatrix) -> float:
    """Share of null models that score as well as the pipeline of ``spec``, it among them."""
    found = parts(spec, market, features)
    outcomes, _ = train_folds(spec, found, silent)
    of_path = paths(found.folds)
    rows = found.rows.where(of_path[0] >= 0)
    prediction = stitched(of_path, found.folds, [outcome.prediction for outcome in outcomes])[0]
    known = is_predicted(prediction) & np.isfinite(rows.label)
    own = headline(rows.task, rows.label[known], prediction[known])
    nulls = null_scores(spec, found, silent, {})
    assert np.isfinite(own), HEADLINE[rows.task]
    return float((1 + (nulls.headline >= own).sum()) / (1 + len(nulls.headline)))


def share(walks: int, changes: Mapping[str, Any], first: int = 0) -> float:
    """The share of walks on which the p-value is at most ``LEVEL``."""
    return float(np.mean([p_value(seed, changes) <= LEVEL for seed in range(first, first + walks)]))


def row(walks: int = 1000) -> tuple[str, ...]:
    """For the table of the benchmarks."""
    found = share(walks, DEFAULT)
    return (
        f"default model on random walks, {walks:,} times: shown as better than its null models at 5%",
        "3 to 7%",
        f"{found:.1%}",
        f"95% interval of so many walks {_spread(found, walks)}",
    )


def _spread(found: float, walks: int) -> str:
    reach = 1.96 * np.sqrt(max(found * (1 - found), 1e-9) / walks)
    return f"{max(found - reach, 0):.1%} to {found + reach:.1%}"
