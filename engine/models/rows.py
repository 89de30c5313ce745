"""Rows to learn from and to be tested on: features and labels of all symbols, pooled."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.features.matrix import FeatureMatrix
from engine.labels import Label
from engine.market.bars import Floats, Market, Times
from engine.market.known import known_at
from engine.models import Sample
from engine.models.splits import embargoed


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows behind the warm-up, symbol after symbol, each ascending in time.

    ``time`` datetime64[ms]; ``symbol`` int32; ``values`` float64, rows x features, all finite; ``label`` 1, 0 or
    NaN where the outcome is not known; ``end`` is the end of the label with the embargo added, NaT if unknown;
    ``known`` is the moment in UTC at which the features were known.
    """

    time: Times
    symbol: NDArray[np.int32]
    values: Floats
    label: Floats
    end: Times
    known: Times

    def __len__(self) -> int:
        return len(self.time)

    def where(self, mask: NDArray[np.bool_]) -> Rows:
        """The rows that ``mask`` keeps."""
        return Rows(*(getattr(self, field.name)[mask] for field in fields(self)))

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
        known=np.concatenate([known_at(bars) for bars in market.bars]),
    )
    return everything.where(matrix.usable())
