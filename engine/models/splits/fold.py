"""Folds of a split: rows to train on and rows to be tested on, and those in between that are neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats, Times

Mask = NDArray[np.bool_]
NEVER = np.datetime64("9999-12-31", "ms")
"""The end of a label that reaches beyond the data: later than every test."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """Rows of a panel as a split sees them, in any order: nothing but times.

    Of each row: ``time`` datetime64[ms], ``symbol`` int32 (index into ``bars``), and ``end``, the time of the last bar
    that its label uses, NaT where there is no label. ``bars`` are the times of all bars of each symbol, ascending: what
    an embargo is counted along.
    """

    time: Times
    symbol: NDArray[np.int32]
    end: Times
    bars: tuple[Times, ...]

    def __len__(self) -> int:
        return len(self.time)

    def where(self, mask: Mask) -> Timeline:
        """The rows that ``mask`` keeps."""
        return replace(self, time=self.time[mask], symbol=self.symbol[mask], end=self.end[mask])

    def embargoed(self, embargo: int) -> Times:
        """``end`` moved ``embargo`` bars on, along the bars of each row's symbol (see ``embargoed``)."""
        moved = self.end.copy()
        for number, bars in enumerate(self.bars):
            of_symbol = self.symbol == number
            moved[of_symbol] = embargoed(self.end[of_symbol], bars, embargo)
        return moved

    def after(self, moment: np.datetime64, embargo: int) -> Times:
        """Of each row the bar of its symbol that ends an embargo of so many bars after ``moment``; NEVER where the data
        end before.
        """
        found = np.full(len(self.bars), NEVER)
        for number, bars in enumerate(self.bars):
            place = int(np.searchsorted(bars, moment, side="right")) + embargo
            if place < len(bars):
                found[number] = bars[place]
        return np.asarray(found[self.symbol])


@dataclass(frozen=True, eq=False)
class Fold:
    """Row masks of one training and its test, no two of which share a row.

    ``purged`` rows have a label that shares bars with those of a test block, ``embargoed`` ones lie within the embargo
    around one. ``blocks`` datetime64[ms] (blocks, 2) are the test blocks in time: the first test row of each, and the
    last bar that one of its rows or labels uses.
    """

    train: Mask
    test: Mask
    purged: Mask
    embargoed: Mask
    blocks: Times

    @property
    def start(self) -> np.datetime64:
        """The time of the first test row."""
        first: np.datetime64 = self.blocks[0, 0]
        return first


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


def paths(folds: Sequence[Fold]) -> NDArray[np.int32]:
    """The fold that tests each row, (paths, rows), -1 where none does: the n-th path takes the n-th fold that tests a
    row. One path where every row is tested once, as many as tests of each row in a combinatorial split (López de Prado
    2018, section 12.4).
    """
    tested = np.zeros(len(folds[0].test), dtype=np.int32)
    rank = [tested := tested + fold.test for fold in folds]
    found = np.full((int(tested.max(initial=1)), len(tested)), -1, dtype=np.int32)
    for number, fold in enumerate(folds):
        found[rank[number][fold.test] - 1, np.flatnonzero(fold.test)] = number
    return found


def stitched(of_path: NDArray[np.int32], folds: Sequence[Fold], values: Sequence[Floats]) -> Floats:
    """``values`` of the test rows of each fold on each of the ``paths``: (paths, tested rows, ...), float64."""
    tested = of_path[0] >= 0
    found = np.full((*of_path.shape, *values[0].shape[1:]), np.nan)
    for number, (fold, value) in enumerate(zip(folds, values, strict=True)):
        rows = np.flatnonzero(fold.test)
        for path, taken in zip(found, of_path[:, rows] == number, strict=True):
            path[rows[taken]] = value[taken]
    return np.asarray(found[:, tested])
