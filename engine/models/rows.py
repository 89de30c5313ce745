"""Rows to learn from and to be tested on: features and labels of all symbols, pooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.features.matrix import FeatureMatrix
from engine.labels import Label
from engine.market.bars import Floats, Market, Times
from engine.models import Sample
from engine.models.splits import embargoed


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows behind the warm-up, symbol after symbol, each ascending in time.

    ``time`` datetime64[ms]; ``symbol`` int32; ``values`` float64, rows x features, all finite; ``label`` 1, 0 or
    NaN where the outcome is not known; ``end`` is the end of the label with the embargo added, NaT if unknown.
    """

    time: Times
    symbol: NDArray[np.int32]
    values: Floats
    label: Floats
    end: Times

    def __len__(self) -> int:
        return len(self.time)

    def where(self, mask: NDArray[np.bool_]) -> Rows:
        """The rows that ``mask`` keeps."""
        return Rows(self.time[mask], self.symbol[mask], self.values[mask], self.label[mask], self.end[mask])

    def sample(self) -> Sample:
        """These rows for a model; all labels must be known."""
        return Sample(self.values, self.label)


def pool(matrix: FeatureMatrix, market: Market, target: Label, embargo: int) -> Rows:
    """The usable rows of ``matrix`` with their labels; ``market`` holds the bars that the matrix came from."""
    labels = [target.compute(bars) for bars in market.bars]
    ends = [embargoed(item.end, bars.time, embargo) for item, bars in zip(labels, market.bars, strict=True)]
    everything = Rows(
        time=matrix.time,
        symbol=matrix.symbol,
        values=matrix.values,
        label=np.concatenate([item.value for item in labels]),
        end=np.concatenate(ends),
    )
    return everything.where(matrix.usable())
