"""Preview of the heatmap, small enough to be sent while a sweep runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.rows import CheckCancelled, Places, never_cancelled, unique_inverse
from engine.core.axes import ResolvedAxis
from engine.market.bars import Floats

_CELLS = 60  # most columns and rows


class Preview:
    """The first two axes of ``parameters`` in at most 60 columns and rows; of the combinations ``shown``, or of all."""

    def __init__(
        self,
        scales: Sequence[ResolvedAxis],
        parameters: Floats,
        check_cancelled: CheckCancelled = never_cancelled,
        shown: Places | None = None,
    ) -> None:
        self._check_cancelled, self._shown = check_cancelled, shown
        self._paths = [scale.path for scale in scales[:2]]
        self._parameters = parameters if shown is None else parameters[shown]

    @cached_property
    def _grid(self) -> tuple[list[Floats], NDArray[np.int64]]:
        """Values of columns and rows, and the cell of each combination; lazy, as a short sweep has no preview."""
        axes = [bins(self._parameters[:, axis], _CELLS, self._check_cancelled) for axis in range(len(self._paths))]
        cell = axes[0][1] + (axes[1][1] * len(axes[0][0]) if len(axes) > 1 else 0)
        return [centres for centres, _ in axes], cell

    def heatmap(self, sharpe: Floats) -> dict[str, object]:
        """The best of ``sharpe`` in each cell, None where there is none yet."""
        centres, cell = self._grid
        sharpe = sharpe if self._shown is None else sharpe[self._shown]
        shape = (len(centres[1]) if len(centres) > 1 else 1, len(centres[0]))
        best = np.full(shape[0] * shape[1], -np.inf)
        known = ~np.isnan(sharpe)
        np.maximum.at(best, cell[known], sharpe[known])
        rows = np.where(np.isinf(best), np.nan, np.round(best, 4)).reshape(shape)
        return {
            "x_axis": self._paths[0],
            "y_axis": self._paths[1] if len(self._paths) > 1 else None,
            "x": centres[0].tolist(),
            "y": centres[1].tolist() if len(centres) > 1 else [],
            "z": [[None if np.isnan(value) else float(value) for value in row] for row in rows],
        }


def bins(
    values: Floats, most: int, check_cancelled: CheckCancelled = never_cancelled
) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct ``values`` or, where there are more than ``most``, the centres of that many equal bins; and the
    index of each value among them.
    """
    known, place = unique_inverse(values, check_cancelled)
    if len(known) <= most:
        return known, place
    edges = np.linspace(known[0], known[-1], most + 1)
    part = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, most - 1)
    return (edges[:-1] + edges[1:]) / 2, part.astype(np.int64)[place]


def tiles(
    values: Floats, most: int, check_cancelled: CheckCancelled = never_cancelled
) -> tuple[Floats, NDArray[np.int64]]:
    """``bins`` of a grid's values: where these are evenly spaced, each bin has the same number of them, as few as fit
    into ``most`` bins, but for the last one, so that no tile of a map is favoured.
    """
    known, place = unique_inverse(values, check_cancelled)
    if len(known) <= most:
        return known, place
    step, each = (known[-1] - known[0]) / (len(known) - 1), -(-len(known) // most)
    if not np.allclose(np.diff(known), step, rtol=1e-6, atol=0):
        return bins(values, most, check_cancelled)
    centres = known[0] + step * (each * np.arange(-(-len(known) // each)) + (each - 1) / 2)
    return centres, place // each
