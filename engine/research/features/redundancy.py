"""Redundancy among features, and the information of each about the label."""

from __future__ import annotations

import numpy as np

from engine.core.progress import Progress, silent
from engine.labels import Task
from engine.market.bars import Floats
from engine.research.features.information import standard_ranks
from engine.research.features.result import Redundancy
from engine.research.series.correlation import cluster_order

MOST_ROWS = 5_000
"""Rows from which mutual information is estimated, evenly spaced."""
_COLLINEAR = 1e10


def redundancy(values: Floats, label: Floats, task: Task, seed: int, progress: Progress = silent) -> Redundancy:
    """``Redundancy`` of ``values`` (rows, columns); ``label`` is a value a row, NaN where it is not known."""
    whole = np.isfinite(values).all(axis=1)
    rows, columns = int(whole.sum()), values.shape[1]
    known = np.flatnonzero(whole & np.isfinite(label))
    information = np.full(columns, np.nan)
    if len(known) > columns + 10:
        chosen = known[np.unique(np.linspace(0, len(known) - 1, min(MOST_ROWS, len(known))).astype(int))]
        information = mutual_information(values[chosen], label[chosen], task, seed, progress)
    if rows <= columns + 1:
        empty = np.full((columns, columns), np.nan)
        return Redundancy(empty, np.arange(columns), np.full(columns, np.nan), information, rows, len(known))
    ranks = standard_ranks(values[whole], 0)
    correlation = np.clip(ranks.T @ ranks / rows, -1.0, 1.0)
    order = cluster_order(correlation) if columns > 1 else np.zeros(1, dtype=np.int64)
    return Redundancy(correlation, order, inflation(values[whole]), information, rows, len(known))


def inflation(values: Floats) -> Floats:
    """Variance inflation factor of each column, 1 / (1 - R2) of its regression on the others with a constant: the
    diagonal of the inverse of the correlation matrix. Infinite where the others determine it, NaN where it is constant.
    """
    deviation = values.std(axis=0)
    moves = deviation > 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)
    found = np.full(values.shape[1], np.nan)
    if not moves.any():
        return found
    scores = (values[:, moves] - values[:, moves].mean(axis=0)) / deviation[moves]
    roots, vectors = np.linalg.eigh(scores.T @ scores / len(values))
    factors = (vectors**2 / np.maximum(roots, 1e-15)).sum(axis=1)
    found[moves] = np.where(factors > _COLLINEAR, np.inf, factors)
    return found


def mutual_information(values: Floats, label: Floats, task: Task, seed: int, progress: Progress = silent) -> Floats:
    """In nats, of each column with the label, by scikit-learn: from nearest neighbours (Kraskov and others 2004; for
    classes Ross 2014).
    """
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    estimate = mutual_info_regression if task == "regression" else mutual_info_classif
    answer = label if task == "regression" else label.astype(int)
    found = []
    for column in range(values.shape[1]):
        progress(column / values.shape[1], "Mutual information")
        found.append(float(estimate(values[:, [column]], answer, random_state=seed)[0]))
    return np.array(found)
