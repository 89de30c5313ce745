"""Splits in time: the training part never overlaps the test part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Times

NEVER = np.datetime64("9999-12-31", "ms")
"""The end of a label that reaches beyond the data: later than every test."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row masks. ``train`` and ``test`` are disjoint; ``purged`` are earlier rows whose labels reach into the test.

    ``start`` is the time of the first test row: every test row is at or after it, and every training label ended
    before it.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    purged: NDArray[np.bool_]
    start: np.datetime64


def chronological(time: Times, end: Times, fraction: float) -> Split:
    """The latest ``fraction`` of the rows is the test, the earlier ones whose labels end before it are the training.

    ``time`` and ``end`` are the rows' times and the ends of their labels, in any order and pooled over any
    calendars; rows of one time fall on one side, so that the test may be a little larger than asked. Rows whose label
    is unknown (NaT) can be tested on, not trained on. Raises ``DataError`` where all rows have one time.
    """
    ordered = np.sort(time)
    start = ordered[min(int(len(ordered) * (1 - fraction)), len(ordered) - 1)] if len(ordered) else NEVER
    earlier = time < start
    if not earlier.any():
        raise DataError("Too few bars to split in time: choose a longer range.")
    train = earlier & (end < start)
    return Split(train, ~earlier, earlier & ~train & ~np.isnat(end), start)


def embargoed(end: Times, bars: Times, embargo: int) -> Times:
    """Label ends moved ``embargo`` bars on, along ``bars``, the times of the bars of their series.

    Training rows then stay that many bars clear of the test, beyond what purging alone demands: for features whose
    memory is longer than the label's horizon. Ends that leave the data become ``NEVER``; unknown ones stay NaT.
    """
    if not embargo:
        return end
    later = np.concatenate([bars[embargo:], np.full(min(embargo, len(bars)), NEVER)])
    moved = end.copy()
    known = ~np.isnat(end)
    moved[known] = later[np.searchsorted(bars, end[known])]
    return moved
