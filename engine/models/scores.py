"""How good predicted probabilities are: each figure has its one definition here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.market.bars import Floats

SCORES: Mapping[str, str] = {
    "auc": "Chance that a random rise got a higher probability than a random fall; ties count half. 0.5 is none.",
    "log_loss": "Mean of -ln(probability given to what happened). Lower is better.",
    "base_log_loss": "Log loss of always saying the share of rises in the training part: what has to be beaten.",
    "accuracy": "Share of rows where a probability of one half or more meant a rise, and less a fall.",
    "base_rate": "Share of rises in the test part.",
    "train_auc": "AUC on the training rows themselves: how much of the score is memory.",
}


def auc(label: Floats, probability: Floats) -> float:
    """Area under the ROC curve from the rank sum (Mann-Whitney); NaN where all labels are the same."""
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    rises = label == 1
    n_up, n_down = int(rises.sum()), int((~rises).sum())
    if not (n_up and n_down):
        return float("nan")
    rank_sum = float(mean_rank[inverse[rises]].sum())
    return (rank_sum - n_up * (n_up + 1) / 2) / (n_up * n_down)


def log_loss(label: Floats, probability: Floats) -> float:
    """Mean negative log likelihood in nats; probabilities are kept off 0 and 1 by the float's resolution."""
    limit = np.finfo(np.float64).eps
    p = np.clip(probability, limit, 1 - limit)
    return float(-np.mean(np.where(label == 1, np.log(p), np.log1p(-p))))


def out_of_sample(label: Floats, probability: Floats, train_rate: float) -> dict[str, float]:
    """Every figure of ``SCORES`` but the training's; ``train_rate`` is the share of rises in the training part."""
    return {
        "auc": auc(label, probability),
        "log_loss": log_loss(label, probability),
        "base_log_loss": log_loss(label, np.full(len(label), train_rate)),
        "accuracy": float(np.mean((probability >= 0.5) == (label == 1))),
        "base_rate": float(np.mean(label)),
    }
