"""Rows to train on, to be tested on or to predict, and the windows of bars that end at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.features.matrix import FeatureMatrix
from engine.features.processing import FittedProcessors
from engine.labels import Label, Labels, Task, call_label
from engine.market.availability import known_at
from engine.market.bars import Bars, Floats, Market, Times
from engine.models.splits.fold import Timeline, embargoed

Indices = NDArray[np.int64]
BREAK = np.timedelta64(14, "D")
"""The longest time from one bar to the next that is a holiday and no gap: exchanges in China and Japan close for up to
eleven days."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of ``lookback`` bars, each ending at a row of a ``Dataset``, in the order of those rows.

    ``view`` float64 (places, lookback, features) is a strided view of the matrix behind the set: no value is copied.
    Only the places ``start`` are windows of the set; ``row`` says at which of its rows each of them ends.
    """

    view: Floats
    start: Indices
    row: Indices

    def __len__(self) -> int:
        return len(self.start)

    def batch(self, rows: Indices | slice) -> Floats:
        """The values of some windows (windows, lookback, features), copied for those alone."""
        return self.view[self.start[rows]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of a panel after the warm-up, symbol after symbol, each ascending in time.

    ``matrix`` float64 (bars of all symbols, features) is that of the whole panel, shared by all parts of it and never
    copied; ``place`` int64 says which of its rows belong to this set, all of them finite unless a processor is still to
    fill what is unknown. Of each row of the set:
    ``time`` datetime64[ms]; ``symbol`` int32; ``label``, a class index or a number (see ``labels.Labels``), NaN where
    the outcome is not known; ``end``, the end of the label with the embargo added, NaT if unknown, what purging goes
    by; ``reach`` int64, the bars from the row to the label's own end, 0 if unknown; ``known``, the moment in UTC at
    which the features were known. ``weight`` float64 are what training rows count in the loss, 1 in the mean; None
    where all count alike. ``task`` and ``classes`` are those of the label.
    """

    matrix: Floats
    place: Indices
    time: Times
    symbol: NDArray[np.int32]
    label: Floats
    end: Times
    reach: Indices
    known: Times
    weight: Floats | None = None
    task: Task = "binary"
    classes: tuple[str, ...] = ("down", "up")

    def __len__(self) -> int:
        return len(self.place)

    @property
    def values(self) -> Floats:
        """The features of the rows, rows x features: a view where the rows lie side by side in the matrix."""
        if len(self) and self.place[-1] - self.place[0] == len(self) - 1:
            return self.matrix[self.place[0] : self.place[-1] + 1]
        return self.matrix[self.place]

    def where(self, mask: NDArray[np.bool_]) -> Dataset:
        """The rows that ``mask`` keeps, of the same matrix."""
        names = ("place", "time", "symbol", "label", "end", "reach", "known")
        selected = {name: getattr(self, name)[mask] for name in names}
        return replace(self, **selected, weight=None if self.weight is None else self.weight[mask])

    def processed(self, processors: FittedProcessors) -> Dataset:
        """The rows as a model sees them."""
        return replace(self, matrix=processors.apply(self.matrix)) if processors.steps else self

    def labelled(self) -> Dataset:
        """The rows with a known label."""
        return self.where(~np.isnan(self.label))

    def windows(self, lookback: int) -> Windows:
        """All windows of ``lookback`` bars that lie in rows of this set.

        None spans two symbols, a row that is not in the set (a gap in the features, a purged row, another part of the
        split), or a time without bars that is longer than ``BREAK``.
        """
        features = self.matrix.shape[1]
        if lookback > len(self.matrix):
            empty = np.empty(0, dtype=np.int64)
            return Windows(np.empty((0, lookback, features)), empty, empty)
        view = np.swapaxes(sliding_window_view(self.matrix, lookback, axis=0), 1, 2)
        row = np.flatnonzero(self._run_length() >= lookback)
        return Windows(view, self.place[row] - (lookback - 1), row)

    def _run_length(self) -> Indices:
        """How many rows without a break end at each row, itself included."""
        numbers = np.arange(len(self), dtype=np.int64)
        breaks = np.ones(len(self), dtype=bool)
        breaks[1:] = (np.diff(self.place) != 1) | (np.diff(self.symbol) != 0) | (np.diff(self.time) > BREAK)
        return numbers - np.maximum.accumulate(np.where(breaks, numbers, 0)) + 1


def from_panel(
    features: FeatureMatrix, market: Market, target: Label, embargo: int, *, complete: bool = True
) -> Dataset:
    """The usable rows of ``features`` with their labels; ``market`` holds the bars that the features came from.
    ``complete`` is that of ``FeatureMatrix.usable``.
    """
    labels = [call_label.labels(target, bars) for bars in market.bars]
    ends = [embargoed(item.end, bars.time, embargo) for item, bars in zip(labels, market.bars, strict=True)]
    everything = Dataset(
        matrix=features.values,
        place=np.arange(len(features.values), dtype=np.int64),
        time=features.time,
        symbol=features.symbol,
        label=np.concatenate([item.value for item in labels]),
        end=np.concatenate(ends),
        reach=np.concatenate([_reach(item, bars) for item, bars in zip(labels, market.bars, strict=True)]),
        known=np.concatenate([known_at(bars) for bars in market.bars]),
        task=target.task,
        classes=target.classes,
    )
    return everything.where(features.usable(complete))


def _reach(labels: Labels, bars: Bars) -> Indices:
    """Bars from each of ``bars`` to the end of its label, 0 where there is none."""
    known = ~np.isnat(labels.end)
    at = np.searchsorted(bars.time, labels.end[known])
    found = np.zeros(len(bars), dtype=np.int64)
    found[known] = at - np.flatnonzero(known)
    return found


def timeline(rows: Dataset, features: FeatureMatrix) -> Timeline:
    """``rows`` as a split sees them, labels without the embargo; ``features`` is the matrix behind them."""
    end = features.time[rows.place + rows.reach]
    end[rows.reach == 0] = np.datetime64("NaT")
    bars = tuple(features.time[features.rows(symbol)] for symbol in features.symbols)
    return Timeline(rows.time, rows.symbol, end, bars)


def from_arrays(
    values: Floats, label: Floats | None = None, *, task: Task = "binary", classes: Sequence[str] = ("down", "up")
) -> Dataset:
    """Rows of one symbol without a calendar, taken to be a day apart. Labels that are not given are unknown."""
    count = len(values)
    time = np.datetime64("2000-01-01", "ms") + np.arange(count) * np.timedelta64(1, "D")
    return Dataset(
        matrix=values,
        place=np.arange(count, dtype=np.int64),
        time=time,
        symbol=np.zeros(count, dtype=np.int32),
        label=np.full(count, np.nan) if label is None else label,
        end=time,
        reach=np.ones(count, dtype=np.int64),
        known=time + np.timedelta64(1, "D"),
        task=task,
        classes=tuple(classes),
    )
