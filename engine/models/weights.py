"""Sample weights: rows whose labels share their bars with others tell less, and so may those of long ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import Floats, Times
from engine.models.dataset import Dataset


@dataclass(frozen=True)
class Weighting:
    """How training rows are weighted: by the average ``uniqueness`` of their labels, or all alike, times a factor that
    falls over time.

    ``time_decay`` is the part of its weight that the oldest row has lost: 0 for none, 1 for all of it, and from 1 to 2
    (not included) the weights are zero up to that part less 1 of the sum of uniqueness. The newest row has lost none,
    those between as much as their place in the running sum of uniqueness says (López de Prado 2018, section 4.7, whose
    last weight c is 1 - ``time_decay``).
    """

    uniqueness: bool = False
    time_decay: float = 0.0

    def of(self, rows: Dataset) -> Floats | None:
        """The weights of ``rows``, whose labels are all known: float64 with a mean of 1, None where all are alike."""
        if not len(rows) or not (self.uniqueness or self.time_decay):
            return None
        unique = average_uniqueness(rows) if self.uniqueness else np.ones(len(rows))
        weight = unique * decayed(rows.time, unique, self.time_decay)
        return np.asarray(weight / weight.mean())


EQUAL = Weighting()


def average_uniqueness(rows: Dataset) -> Floats:
    """Of each row the mean, over the bars of its label, of one over the number of labels that use the bar (López de
    Prado 2018, sections 4.3 and 4.4): 1 for a label that shares none of them.

    A label uses the returns of the bars after its own up to its end. It shares them with labels of the same symbol
    only, and of rows that are in the set.
    """
    first, last = rows.place + 1, rows.place + 1 + rows.reach
    steps = np.zeros(len(rows.matrix) + 2)
    np.add.at(steps, first, 1.0)
    np.add.at(steps, last, -1.0)
    count = np.cumsum(steps)
    share = np.divide(1.0, count, out=np.zeros(len(count)), where=count > 0)
    until = np.concatenate([[0.0], np.cumsum(share)])
    return np.asarray((until[last] - until[first]) / rows.reach)


def decayed(time: Times, unique: Floats, time_decay: float) -> Floats:
    """The factors of ``Weighting.time_decay`` of rows at these times, in any order; those of one time have the same."""
    moments, inverse = np.unique(time, return_inverse=True)
    passed = np.cumsum(np.bincount(inverse, weights=unique, minlength=len(moments)))[inverse]
    lost = time_decay if time_decay <= 1 else 1 / (2 - time_decay)
    return np.asarray(np.maximum(1 - lost * (1 - passed / passed.max()), 0.0))
