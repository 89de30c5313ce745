"""Scores of models as they are printed."""

from __future__ import annotations

import numpy as np

from dashboard.text.format import MISSING, number, percent
from engine.market.bars import Floats

_NONE: Floats = np.empty(0)

TITLES = {
    "auc": "AUC", "average_precision": "Average precision", "log_loss": "Log loss", "brier": "Brier score",
    "accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "precision": "Precision", "recall": "Recall",
    "f1": "F1", "mcc": "Matthews correlation", "rank_ic": "Rank IC", "ic": "IC", "long_short": "Long-short quintiles",
    "r2": "R² out of sample", "rmse": "RMSE", "mse": "MSE", "mae": "MAE", "hit_rate": "Hit rate",
}  # fmt: skip
PERCENT = frozenset({"accuracy", "balanced_accuracy", "precision", "recall", "hit_rate", "r2", "long_short"})


def shown(name: str, value: float | None) -> str:
    """A score as it is printed: shares in percent, small errors with the digits that count."""
    if value is None or not np.isfinite(value):
        return MISSING
    if name in PERCENT:
        return percent(value)
    return number(value, 4 if name in ("log_loss", "brier", "rmse", "mse", "mae") else 3)


def form_of(name: str, scores: Floats = _NONE) -> str:
    """The number format in which charts print a score: that of ``shown``, with the digits that tell ``scores`` apart
    where they are very close.
    """
    digits = 2 if name in PERCENT else 4 if name in ("log_loss", "brier", "rmse", "mse", "mae") else 3
    known = scores[np.isfinite(scores)]
    width = float(np.ptp(known)) * (100 if name in PERCENT else 1) if len(known) else 0.0
    if width > 0:
        digits = min(max(digits, 2 - int(np.floor(np.log10(width)))), 7)
    return f".{digits}{'%' if name in PERCENT else 'f'}"
