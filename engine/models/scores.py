"""Scores of predictions, by task: each has its one definition here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.labels import Task
from engine.market.bars import Floats

BINARY: Mapping[str, str] = {
    "auc": "Probability that a random rise is ranked above a random fall; ties count half. 0.5 is no skill.",
    "log_loss": "Mean of -ln(probability of the outcome). Lower is better.",
    "base_log_loss": "Log loss of always predicting the share of rises in the training part: the baseline to beat.",
    "accuracy": "Share of rows where a probability of one half or more preceded a rise, or a lower one a fall.",
    "base_rate": "Share of rises in the test part.",
    "train_auc": "AUC on the training rows themselves: the excess over the test is overfitting.",
}
MULTICLASS: Mapping[str, str] = {
    "auc": "AUC of each class against all others, averaged over the classes that occur. 0.5 is no skill.",
    "log_loss": BINARY["log_loss"],
    "base_log_loss": "Log loss of always predicting the class shares of the training part: the baseline to beat.",
    "accuracy": "Share of rows where the class with the highest probability is what happened.",
    "base_rate": "Share of the most frequent class in the test part.",
    "train_auc": BINARY["train_auc"],
}
REGRESSION: Mapping[str, str] = {
    "rank_ic": "Rank information coefficient: Spearman's correlation of predictions and outcomes. 0 is no skill.",
    "ic": "Information coefficient: Pearson's correlation of predictions and outcomes.",
    "r2": "Share of the squared error of always predicting the training part's mean that the model saves "
    "(Campbell and Thompson 2008); negative where it is worse.",
    "rmse": "Root of the mean squared error, in the unit of the label. Lower is better.",
    "base_rmse": "Root mean squared error of always predicting the mean of the training part: the baseline to beat.",
    "mae": "Mean absolute error, in the unit of the label. Lower is better.",
    "hit_rate": "Share of rows where prediction and outcome are both above zero, or both not.",
    "base_rate": "Share of outcomes above zero in the test part.",
    "train_rank_ic": "Rank IC on the training rows themselves: the excess over the test is overfitting.",
}
SCORES: Mapping[Task, Mapping[str, str]] = {"binary": BINARY, "multiclass": MULTICLASS, "regression": REGRESSION}
HEADLINE: Mapping[Task, str] = {"binary": "auc", "multiclass": "auc", "regression": "rank_ic"}
"""The score of each task that null models are compared on: higher is better, and a scale of the predictions does not
matter."""


def is_predicted(prediction: Floats) -> NDArray[np.bool_]:
    """Rows that have a prediction."""
    return np.isfinite(prediction if prediction.ndim == 1 else prediction[:, 0])


def headline(task: Task, label: Floats, prediction: Floats) -> float:
    """The score called ``HEADLINE[task]``; NaN where it is not defined."""
    if task == "regression":
        return rank_correlation(label, prediction)
    return auc(label, prediction) if task == "binary" else mean_auc(label, prediction)


def out_of_sample(task: Task, label: Floats, prediction: Floats, train_label: Floats) -> dict[str, float]:
    """Every score of the task but the training's; ``train_label`` are the labels that were trained on."""
    if task == "binary":
        return _binary(label, prediction, float(np.mean(train_label)))
    if task == "multiclass":
        return _multiclass(label, prediction, train_label)
    return _regression(label, prediction, float(np.mean(train_label)))


def auc(label: Floats, probability: Floats) -> float:
    """Area under the ROC curve from the rank sum (Mann-Whitney); NaN where all labels are the same."""
    rises = label == 1
    n_up, n_down = int(rises.sum()), int((~rises).sum())
    if not (n_up and n_down):
        return float("nan")
    rank_sum = float(mean_ranks(probability)[rises].sum())
    return (rank_sum - n_up * (n_up + 1) / 2) / (n_up * n_down)


def mean_auc(label: Floats, probability: Floats) -> float:
    """``auc`` of each class against all others, averaged over the classes that occur; ``probability`` is (rows,
    classes). NaN where all labels are the same.
    """
    areas = [auc((label == number).astype(np.float64), column) for number, column in enumerate(probability.T)]
    known = [area for area in areas if np.isfinite(area)]
    return float(np.mean(known)) if known else float("nan")


def mean_ranks(values: Floats) -> Floats:
    """Ranks from 1 on, as float64; ties share the mean of their ranks."""
    return mean_ranks_of_groups(np.unique(values, return_inverse=True)[1])


def mean_ranks_of_groups(group: NDArray[np.int64]) -> Floats:
    """``mean_ranks`` of values given as indices into the ascending distinct values (``np.unique``'s inverse)."""
    counts = np.bincount(group)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[group], dtype=np.float64)


def correlation(first: Floats, second: Floats) -> float:
    """Pearson's correlation; NaN where either never changes."""
    if not len(first) or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    one, other = first - first.mean(), second - second.mean()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's correlation; NaN where either never changes."""
    return correlation(mean_ranks(first), mean_ranks(second))


def log_loss(label: Floats, probability: Floats) -> float:
    """Mean negative log likelihood in nats; probabilities are kept off 0 and 1 by the float's resolution.

    ``probability`` is that of the second class (rows), or that of each class (rows, classes).
    """
    limit = np.finfo(np.float64).eps
    p = np.clip(probability, limit, 1 - limit)
    if p.ndim == 2:
        return float(-np.mean(np.log(p[np.arange(len(p)), label.astype(np.int64)])))
    return float(-np.mean(np.where(label == 1, np.log(p), np.log1p(-p))))


def _binary(label: Floats, probability: Floats, train_rate: float) -> dict[str, float]:
    return {
        "auc": auc(label, probability),
        "log_loss": log_loss(label, probability),
        "base_log_loss": log_loss(label, np.full(len(label), train_rate)),
        "accuracy": float(np.mean((probability >= 0.5) == (label == 1))),
        "base_rate": float(np.mean(label)),
    }


def _multiclass(label: Floats, probability: Floats, train_label: Floats) -> dict[str, float]:
    classes = probability.shape[1]
    shares = np.bincount(train_label.astype(np.int64), minlength=classes) / len(train_label)
    return {
        "auc": mean_auc(label, probability),
        "log_loss": log_loss(label, probability),
        "base_log_loss": log_loss(label, np.tile(shares, (len(label), 1))),
        "accuracy": float(np.mean(probability.argmax(axis=1) == label)),
        "base_rate": float(np.bincount(label.astype(np.int64)).max() / len(label)),
    }


def _regression(label: Floats, prediction: Floats, train_mean: float) -> dict[str, float]:
    squared, base = float(np.mean((label - prediction) ** 2)), float(np.mean((label - train_mean) ** 2))
    return {
        "rank_ic": rank_correlation(label, prediction),
        "ic": correlation(label, prediction),
        "r2": 1 - squared / base if base else float("nan"),
        "rmse": float(np.sqrt(squared)),
        "base_rmse": float(np.sqrt(base)),
        "mae": float(np.mean(np.abs(label - prediction))),
        "hit_rate": float(np.mean((prediction > 0) == (label > 0))),
        "base_rate": float(np.mean(label > 0)),
    }
