"""Rows of a matrix by date and symbol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.features.matrix import FeatureMatrix
from engine.market.bars import Floats


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the rows of a matrix lie among all ``dates`` and ``symbols``: int64 a row each, symbol after symbol, each
    ascending in time.
    """

    dates: int
    symbols: tuple[str, ...]
    date: NDArray[np.int64]
    symbol: NDArray[np.int64]

    @classmethod
    def of(cls, matrix: FeatureMatrix) -> Grid:
        """That of all bars of the matrix."""
        times, date = np.unique(matrix.time, return_inverse=True)
        return cls(len(times), matrix.symbols, date.astype(np.int64), matrix.symbol.astype(np.int64))

    def on_grid(self, values: Floats) -> Floats:
        """A value a row as (dates, symbols), NaN where a symbol has no bar."""
        found = np.full((self.dates, len(self.symbols)), np.nan)
        found[self.date, self.symbol] = values
        return found

    def by_bar(self, values: Floats) -> Floats:
        """A value a row as (bars, symbols): of each symbol its own bars from the first on, NaN after the last."""
        first = np.searchsorted(self.symbol, np.arange(len(self.symbols)))
        bar = np.arange(len(self.symbol)) - first[self.symbol]
        found = np.full((int(bar.max(initial=-1)) + 1, len(self.symbols)), np.nan)
        found[bar, self.symbol] = values
        return found
