"""Deflation: what the best score of many trials is worth.

The deflated Sharpe ratio of Bailey and Lopez de Prado (2014), for scores of models: the best is compared with what the
best of as many trials is expected to reach without skill, in units of the error of a single score. The two standard
deviations are different things. That of the trials, ``deviation``, is how far one choice lies from another on the same
data: the expected best rises with it. That of null models, which are the best one's values trained on labels that have
nothing to do with the features, is how far luck carries all trials together: where trials are alike their deviation is
small, and it alone says how easily all of them look good. Null models are few, so that Student's distribution takes the
place of the normal one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engine.core.probability import expected_maximum, student_survival
from engine.market.bars import Floats

LEAST = 5
"""Null models without which nothing is deflated."""


@dataclass(frozen=True)
class Deflation:
    """``best`` of ``trials``; what the best of as many is ``expected`` to reach without skill: that of a null model,
    ``null``, and a choice among scores that vary by ``deviation``. ``error`` is the standard deviation of null models,
    ``p_value`` how often the best without skill would be as good.
    """

    best: float
    null: float
    error: float
    deviation: float
    trials: int
    expected: float
    p_value: float


def deflated(best: float, nulls: Floats, deviation: float, trials: int, sign: int) -> Deflation | None:
    """``best`` of ``trials`` deflated; ``sign`` is 1 where higher scores are better, -1 where lower are. None with
    fewer than ``LEAST`` null models, or where they do not vary.
    """
    known = nulls[np.isfinite(nulls)]
    if len(known) < LEAST or not np.isfinite(best):
        return None
    null, error = float(known.mean()), float(known.std(ddof=1))
    expected = null + sign * deviation * expected_maximum(trials)
    if not error > 0:
        return None
    distance = sign * (best - expected) / (error * sqrt(1 + 1 / len(known)))
    return Deflation(best, null, error, deviation, trials, expected, student_survival(distance, len(known) - 1))


def deviation_of_scores(folds: Floats, drawn: NDArray[np.bool_]) -> float:
    """Standard deviation (n - 1) of the mean scores of trials, whose scores on each fold are ``folds`` (trials, folds),
    NaN where they were not tested: the larger of that of all and that of those ``drawn`` at random, as a search comes
    to draw what is alike. Zero where there are not two.

    A trial that was ended early is taken to have gone on as the others did in the mean.
    """
    means = running_means(folds)
    whole = means[np.isfinite(means[:, -1])]
    if not len(whole):
        return 0.0
    centre = whole.mean(axis=0)
    reached = np.isfinite(means).sum(axis=1) - 1
    tested = reached >= 0
    last = means[np.arange(len(means)), np.maximum(reached, 0)] - centre[np.maximum(reached, 0)]
    found = [last[mask] for mask in (tested, tested & drawn)]
    return max((float(values.std(ddof=1)) for values in found if len(values) > 1), default=0.0)


def running_means(folds: Floats) -> Floats:
    """The mean over the folds up to each (trials, folds); NaN from the first that was not tested on."""
    return np.asarray(np.cumsum(folds, axis=1) / np.arange(1, folds.shape[1] + 1))


def best_of(scores: Sequence[float] | Floats, sign: int) -> int | None:
    """The place of the best of ``scores``, the first of equal ones; None where none is known."""
    found = sign * np.asarray(scores, dtype=np.float64)
    return int(np.nanargmax(found)) if np.isfinite(found).any() else None
