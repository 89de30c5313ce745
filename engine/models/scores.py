"""Scores of predictions, by task: each has its one definition here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.labels import Task
from engine.market.bars import Floats
from engine.models import confusion, ranking

_RETURNS: Mapping[str, str] = {
    "long_short": "Mean return over the label's bars of the quintile with the highest predictions, minus that of "
    "the lowest quintile.",
}
BINARY: Mapping[str, str] = {
    "auc": "Probability that a random rise is ranked above a random fall; ties count half. 0.5 is no skill.",
    "average_precision": "Area under the precision-recall curve. The share of rises is no skill.",
    "log_loss": "Mean of -ln(probability of the outcome). Lower is better.",
    "base_log_loss": "Log loss of always predicting the share of rises in the training part: the baseline to beat.",
    "brier": "Mean squared difference of the probability of a rise and the outcome (Brier 1950). Lower is better.",
    "base_brier": "Brier score of always predicting the share of rises in the training part: the baseline to beat.",
    "accuracy": "Share of rows where a probability of one half or more preceded a rise, or a lower one a fall.",
    "balanced_accuracy": "Mean of the shares of rises and of falls that are recognised. 0.5 is no skill.",
    "precision": "Share of rises among the rows that were called a rise.",
    "recall": "Share of the rises that were called one.",
    "f1": "Harmonic mean of precision and recall.",
    "mcc": "Matthews correlation of the called class and the outcome (Matthews 1975). 0 is no skill.",
    "rank_ic": "Rank information coefficient: Spearman's correlation of predictions and returns over the label's bars.",
    "ic": "Information coefficient: Pearson's correlation of predictions and returns over the label's bars.",
    **_RETURNS,
    "base_rate": "Share of rises in the test part.",
    "train_auc": "AUC on the training rows themselves: the excess over the test is overfitting.",
}
MULTICLASS: Mapping[str, str] = {
    "auc": "AUC of each class against all others, averaged over the classes that occur. 0.5 is no skill.",
    "log_loss": BINARY["log_loss"],
    "base_log_loss": "Log loss of always predicting the class shares of the training part: the baseline to beat.",
    "brier": "Mean squared distance of the probabilities of all classes from the outcome (Brier 1950).",
    "base_brier": "Brier score of always predicting the class shares of the training part: the baseline to beat.",
    "accuracy": "Share of rows where the class with the highest probability is what happened.",
    "balanced_accuracy": "Mean over the classes of the share of their rows that are recognised.",
    "precision": "Share of the rows called a class that are of it, averaged over the classes.",
    "recall": "Share of the rows of a class that are called so, averaged over the classes.",
    "f1": "Harmonic mean of precision and recall, averaged over the classes.",
    "mcc": "Correlation of called class and outcome (Matthews 1975; Gorodkin 2004). 0 is no skill.",
    "rank_ic": BINARY["rank_ic"].replace("predictions", "the highest class's probability"),
    "ic": BINARY["ic"].replace("predictions", "the highest class's probability"),
    **_RETURNS,
    "base_rate": "Share of the most frequent class in the test part.",
    "train_auc": BINARY["train_auc"],
}
REGRESSION: Mapping[str, str] = {
    "rank_ic": "Rank information coefficient: Spearman's correlation of predictions and outcomes. 0 is no skill.",
    "ic": "Information coefficient: Pearson's correlation of predictions and outcomes.",
    **_RETURNS,
    "r2": "Share of the squared error of always predicting the training part's mean that the model saves "
    "(Campbell and Thompson 2008); negative where it is worse.",
    "rmse": "Root of the mean squared error, in the unit of the label. Lower is better.",
    "base_rmse": "Root mean squared error of always predicting the mean of the training part: the baseline to beat.",
    "mse": "Mean squared error, in the squared unit of the label. Lower is better.",
    "mae": "Mean absolute error, in the unit of the label. Lower is better.",
    "hit_rate": "Share of rows where prediction and outcome are both above zero, or both not.",
    "base_rate": "Share of outcomes above zero in the test part.",
    "train_rank_ic": "Rank IC on the training rows themselves: the excess over the test is overfitting.",
}
SCORES: Mapping[Task, Mapping[str, str]] = {"binary": BINARY, "multiclass": MULTICLASS, "regression": REGRESSION}
HEADLINE: Mapping[Task, str] = {"binary": "auc", "multiclass": "auc", "regression": "rank_ic"}
"""The score of each task that null models are compared on: higher is better, and a scale of the predictions does not
matter."""
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mse", "mae"})
ABOUT_THE_ROWS = frozenset({"base_rate", "base_log_loss", "base_brier", "base_rmse"})
"""Scores of the rows or of a constant prediction, which say nothing of the model."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Rows to be scored: those of ``known`` have a prediction and an outcome.

    ``label`` and ``prediction`` are those of ``Dataset`` and ``Model.predict``; ``base`` is the constant prediction of
    the training part of the same shape: its share of the second class, of each class, or its mean. ``returns`` are
    fractions over the bars of the label, NaN where they are not known.
    """

    task: Task
    label: Floats
    prediction: Floats
    base: Floats
    returns: Floats

    def __len__(self) -> int:
        return len(self.label)

    @property
    def known(self) -> NDArray[np.bool_]:
        """The rows that can be scored."""
        return is_predicted(self.prediction) & np.isfinite(self.label)

    def where(self, mask: NDArray[np.bool_]) -> Scored:
        """The rows that ``mask`` keeps."""
        return Scored(self.task, self.label[mask], self.prediction[mask], self.base[mask], self.returns[mask])

    def directional(self) -> Floats:
        """What the predictions say of a rise: the probability of the highest class, or the number itself."""
        return self.prediction if self.prediction.ndim == 1 else self.prediction[:, -1]


def is_predicted(prediction: Floats) -> NDArray[np.bool_]:
    """Rows that have a prediction."""
    return np.isfinite(prediction if prediction.ndim == 1 else prediction[:, 0])


def headline(task: Task, label: Floats, prediction: Floats) -> float:
    """The score called ``HEADLINE[task]``; NaN where it is not defined."""
    if task == "regression":
        return rank_correlation(label, prediction)
    return auc(label, prediction) if task == "binary" else mean_auc(label, prediction)


def out_of_sample(rows: Scored) -> dict[str, float]:
    """Every score of the task but the training's."""
    return {name: float(value[0]) for name, value in weighted(rows, np.ones((1, len(rows)))).items()}


def weighted(rows: Scored, weight: Floats) -> dict[str, Floats]:
    """``out_of_sample`` of each of many weightings of the rows (samples, rows): see ``ranking``."""
    kind = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}
    found = {**_of_returns(rows, weight), **kind[rows.task](rows, weight)}
    return {name: found[name] for name in SCORES[rows.task] if name in found}


def constant(task: Task, train_label: Floats, classes: int, count: int) -> Floats:
    """``Scored.base`` for ``count`` rows of a model that was trained on ``train_label``."""
    if task == "multiclass":
        return np.tile(np.bincount(train_label.astype(np.int64), minlength=classes) / len(train_label), (count, 1))
    return np.full(count, float(np.mean(train_label)))


def called(task: Task, prediction: Floats) -> NDArray[np.int64]:
    """The class that a prediction names: the likeliest, or the side of zero."""
    if task == "multiclass":
        return np.asarray(prediction.argmax(axis=1), dtype=np.int64)
    return (prediction > 0 if task == "regression" else prediction >= 0.5).astype(np.int64)


def auc(label: Floats, probability: Floats) -> float:
    """Area under the ROC curve; NaN where all labels are the same."""
    return float(ranking.areas((label == 1).astype(np.float64), probability, np.ones((1, len(label))))[0])


def mean_auc(label: Floats, probability: Floats) -> float:
    """``auc`` of each class against all others, averaged over the classes that occur; ``probability`` is (rows,
    classes). NaN where all labels are the same.
    """
    return float(_mean_areas(label, probability, np.ones((1, len(label))))[0])


def mean_ranks(values: Floats) -> Floats:
    """Ranks from 1 on, as float64; ties share the mean of their ranks."""
    return mean_ranks_of_groups(np.unique(values, return_inverse=True)[1])


def mean_ranks_of_groups(group: NDArray[np.int64]) -> Floats:
    """``mean_ranks`` of values given as indices into the ascending distinct values (``np.unique``'s inverse)."""
    counts = np.bincount(group)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[group], dtype=np.float64)


def correlation(first: Floats, second: Floats) -> float:
    """Pearson's correlation; NaN where either never changes."""
    if not len(first):
        return float("nan")
    return float(ranking.correlations(first, second, np.ones((1, len(first))))[0])


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's correlation; NaN where either never changes."""
    return correlation(mean_ranks(first), mean_ranks(second))


def log_loss(label: Floats, probability: Floats) -> float:
    """Mean negative log likelihood in nats; probabilities are kept off 0 and 1 by the float's resolution.

    ``probability`` is that of the second class (rows), or that of each class (rows, classes).
    """
    return float(np.mean(log_losses(label, probability)))


def log_losses(label: Floats, probability: Floats) -> Floats:
    """``log_loss`` of each row."""
    limit = np.finfo(np.float64).eps
    p = np.clip(probability, limit, 1 - limit)
    if p.ndim == 2:
        return np.asarray(-np.log(p[np.arange(len(p)), label.astype(np.int64)]))
    return np.asarray(-np.where(label == 1, np.log(p), np.log1p(-p)))


def brier_scores(label: Floats, probability: Floats) -> Floats:
    """Squared difference of the probability and the outcome of each row, summed over three or more classes."""
    if probability.ndim == 1:
        return np.asarray((probability - label) ** 2)
    outcome = np.eye(probability.shape[1])[label.astype(np.int64)]
    return np.asarray(((probability - outcome) ** 2).sum(axis=1))


def _mean(values: Floats, weight: Floats) -> Floats:
    return np.asarray(weight @ values / weight.sum(axis=1))


def _mean_areas(label: Floats, probability: Floats, weight: Floats) -> Floats:
    parts = [ranking.areas((label == n).astype(np.float64), column, weight) for n, column in enumerate(probability.T)]
    known = np.isfinite(parts).sum(axis=0)
    found: Floats = np.divide(np.nansum(parts, axis=0), known, out=np.full(len(weight), np.nan), where=known > 0)
    return found


def _of_returns(rows: Scored, weight: Floats) -> dict[str, Floats]:
    known = np.isfinite(rows.returns)
    if not known.any():
        return dict.fromkeys(("rank_ic", "ic", "long_short"), np.full(len(weight), np.nan))
    score, returns = rows.directional()[known], rows.returns[known]
    among = weight if known.all() else weight[:, known]
    return {
        "rank_ic": ranking.rank_correlations(score, returns, among),
        "ic": ranking.correlations(score, returns, among),
        "long_short": ranking.long_short(score, returns, among),
    }


def _of_classes(rows: Scored, weight: Floats, classes: int) -> dict[str, Floats]:
    matrix = confusion.matrices(rows.label, called(rows.task, rows.prediction), classes, weight)
    return {
        "log_loss": _mean(log_losses(rows.label, rows.prediction), weight),
        "base_log_loss": _mean(log_losses(rows.label, rows.base), weight),
        "brier": _mean(brier_scores(rows.label, rows.prediction), weight),
        "base_brier": _mean(brier_scores(rows.label, rows.base), weight),
        **confusion.measures(matrix),
    }


def _binary(rows: Scored, weight: Floats) -> dict[str, Floats]:
    return {
        "auc": ranking.areas(rows.label, rows.prediction, weight),
        "average_precision": ranking.average_precisions(rows.label, rows.prediction, weight),
        "base_rate": _mean(rows.label, weight),
        **_of_classes(rows, weight, 2),
    }


def _multiclass(rows: Scored, weight: Floats) -> dict[str, Floats]:
    classes = rows.prediction.shape[1]
    shares = [_mean((rows.label == number).astype(np.float64), weight) for number in range(classes)]
    return {
        "auc": _mean_areas(rows.label, rows.prediction, weight),
        "base_rate": np.max(shares, axis=0),
        **_of_classes(rows, weight, classes),
    }


def _regression(rows: Scored, weight: Floats) -> dict[str, Floats]:
    error = rows.label - rows.prediction
    squared, base = _mean(error**2, weight), _mean((rows.label - rows.base) ** 2, weight)
    share = np.divide(squared, base, out=np.full(len(weight), np.nan), where=base > 0)
    return {
        "rank_ic": ranking.rank_correlations(rows.label, rows.prediction, weight),
        "ic": ranking.correlations(rows.label, rows.prediction, weight),
        "r2": 1 - share,
        "rmse": np.sqrt(squared),
        "base_rmse": np.sqrt(base),
        "mse": squared,
        "mae": _mean(np.abs(error), weight),
        "hit_rate": _mean(((rows.prediction > 0) == (rows.label > 0)).astype(np.float64), weight),
        "base_rate": _mean((rows.label > 0).astype(np.float64), weight),
    }
