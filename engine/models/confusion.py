"""Confusion matrices of class predictions, and the measures that follow from them, of many weightings at once.

A matrix is (samples, classes, classes): the weight of the rows of each true class (first) with each predicted class.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats


def matrices(label: Floats, predicted: NDArray[np.int64], classes: int, weight: Floats) -> Floats:
    """The matrices of each weighting (samples, rows) of the rows."""
    cell = label.astype(np.int64) * classes + predicted
    cells = [weight @ (cell == number).astype(np.float64) for number in range(classes * classes)]
    return np.stack(cells, axis=1).reshape(len(weight), classes, classes)


def measures(matrix: Floats) -> dict[str, Floats]:
    """Accuracy, balanced accuracy, precision, recall, F1 and the Matthews correlation, (samples).

    Precision, recall and F1 are those of the second of two classes; of three or more the mean over all classes. They
    are NaN where two classes leave them undefined, and such a class counts as zero among more. The balanced accuracy is
    the mean recall of the classes that occur. Of several classes the correlation is that of Gorodkin (2004), zero where
    only one class occurs or is predicted.
    """
    right = np.einsum("sii->si", matrix)
    true, said = matrix.sum(axis=2), matrix.sum(axis=1)
    precision, recall = _divided(right, said), _divided(right, true)
    f1 = _divided(2 * right, true + said)
    pick = _second if matrix.shape[1] == 2 else _mean_of_all
    known = np.isfinite(recall)
    return {
        "accuracy": right.sum(axis=1) / matrix.sum(axis=(1, 2)),
        "balanced_accuracy": np.nansum(recall, axis=1) / known.sum(axis=1),
        "precision": pick(precision),
        "recall": pick(recall),
        "f1": pick(f1),
        "mcc": _matthews(right.sum(axis=1), true, said),
    }


def _matthews(right: Floats, true: Floats, said: Floats) -> Floats:
    total = true.sum(axis=1)
    above = right * total - (true * said).sum(axis=1)
    below = np.sqrt((total**2 - (said**2).sum(axis=1)) * (total**2 - (true**2).sum(axis=1)))
    found: Floats = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return found


def _second(values: Floats) -> Floats:
    return values[:, 1]


def _mean_of_all(values: Floats) -> Floats:
    return np.asarray(np.nan_to_num(values).mean(axis=1))


def _divided(above: Floats, below: Floats) -> Floats:
    found: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return found
