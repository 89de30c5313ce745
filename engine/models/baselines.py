"""Baselines: predictions without a model, scored on the rows that a model was scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.models.dataset import Indices
from engine.models.scores import Scored, out_of_sample

AVERAGE = 20
_RANKED = ("auc", "accuracy", "balanced_accuracy", "mcc", "rank_ic", "ic", "long_short", "hit_rate")
"""Scores that follow from the order of predictions and their side alone."""


@dataclass(frozen=True)
class Baseline:
    """A prediction without a model: its ``title``, and those ``scores`` that it has."""

    title: str
    scores: dict[str, float]


def baselines(
    rows: Scored, place: Indices, close: Floats, bar: NDArray[np.int32], forecasts: Mapping[str, Floats]
) -> tuple[Baseline, ...]:
    """What every model has to beat, on ``rows``, which are those at ``place`` in a matrix; of each row of that,
    ``close`` is known when the prediction is made, and ``bar`` is its number in its symbol.

    The constant is the training part's share or mean. Always up, the sign of the last return, the side of the mean of
    the last ``AVERAGE`` closes and the returns that ``forecasts`` expect, by name, have no probabilities: only scores
    of order and side.
    """
    constant = Scored(rows.task, rows.label, rows.base, rows.base, rows.returns)
    signs = {
        "Always up": np.ones(len(rows)),
        "Last return": _change(close, place, bar),
        f"Above its {AVERAGE}-bar mean": _above_mean(close, place, bar),
        **forecasts,
    }
    title = "Training mean" if rows.task == "regression" else "Base rate"
    return (
        Baseline(title, out_of_sample(constant)),
        *(Baseline(name, _by_sign(rows, value)) for name, value in signs.items()),
    )


def _by_sign(rows: Scored, value: Floats) -> dict[str, float]:
    prediction: Any = value
    if rows.task == "binary":
        prediction = 0.5 + 0.5 * value / (1 + np.abs(value))
    elif rows.task == "multiclass":
        prediction = np.zeros_like(rows.prediction)
        prediction[np.arange(len(value)), np.where(value >= 0, prediction.shape[1] - 1, 0)] = 1.0
    found = out_of_sample(Scored(rows.task, rows.label, prediction, rows.base, rows.returns))
    return {name: score for name, score in found.items() if name in _RANKED}


def _change(close: Floats, place: Indices, bar: NDArray[np.int32]) -> Floats:
    """The return of the last bar, 0 where it is not known."""
    with np.errstate(all="ignore"):
        found = close[place] / close[np.maximum(place - 1, 0)] - 1
    return np.where(np.isfinite(found) & (bar[place] >= 1), found, 0.0)


def _above_mean(close: Floats, place: Indices, bar: NDArray[np.int32]) -> Floats:
    """How far the close is above the mean of the last ``AVERAGE`` ones, 0 where that is not known."""
    window = np.maximum(place[:, None] - np.arange(AVERAGE), 0)
    with np.errstate(all="ignore"):
        found = close[place] / close[window].mean(axis=1) - 1
    return np.where(np.isfinite(found) & (bar[place] >= AVERAGE - 1), found, 0.0)
