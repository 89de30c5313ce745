"""The space of a search: its axes, and how values are drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.axes import Axis, ResolvedAxis
from engine.core.errors import SpecError
from engine.core.spec import parameter
from engine.market.bars import Floats

GRID_STEPS = 11
"""Values of a logarithmic range on a grid."""


class TuningAxis(Axis):
    """An axis whose range may be searched by ratios: as many trials from 0.001 to 0.01 as from 0.01 to 0.1."""

    log: bool = parameter(False, title="Logarithmic", help="Search by ratios instead of differences.")


@dataclass(frozen=True)
class Dimension:
    """A resolved axis of a search; ``log`` says that ratios count. Values are float64, of a categorical axis indices
    into its words.
    """

    scale: ResolvedAxis
    log: bool

    def size(self) -> float:
        """The number of values that can be drawn, infinite of a range of floats."""
        if self.log:
            return self.scale.high - self.scale.low + 1 if self.scale.whole else float("inf")
        return float("inf") if self.scale.free else self.scale.count()

    def steps(self) -> int:
        """The number of values on a grid."""
        return len(self.grid()) if self.log else self.scale.count()

    def grid(self) -> Floats:
        """The values on a grid, ascending unless listed."""
        if not self.log:
            return self.scale.values()
        found = np.geomspace(self.scale.low, self.scale.high, GRID_STEPS)
        return np.unique(np.round(found)) if self.scale.whole else found

    def quantiles(self, shares: Floats) -> Floats:
        """Values at ``shares`` in [0, 1) of the axis."""
        low, high = self.scale.low, self.scale.high
        if not self.log:
            found = self.scale.quantiles(shares)
            return self._short(found) if self.scale.free else found
        if self.scale.whole:  # each number has the room from half below it to half above
            found = np.round((low - 0.5) * ((high + 0.5) / (low - 0.5)) ** shares)
            return np.asarray(np.clip(found, low, high))
        return self._short(low * (high / low) ** shares)

    def distribution(self) -> Any:
        """Optuna's: of a range with steps, or a list of numbers, over their places."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        low, high = self.scale.low, self.scale.high
        if self.scale.words:
            return CategoricalDistribution([int(value) for value in self.scale.listed])
        if self.log and self.scale.whole:
            return IntDistribution(int(low), int(high), log=True)
        if self.log or self.scale.free:
            return FloatDistribution(low, high, log=self.log)
        return IntDistribution(0, self.scale.count() - 1)

    def value(self, drawn: float) -> float:
        """The value that Optuna means by ``drawn``."""
        if self.scale.words or (self.log and self.scale.whole):
            return float(drawn)
        if self.log or self.scale.free:
            return float(self._short(np.array([drawn]))[0])
        return float(self.scale.at(np.array([int(drawn)]))[0])

    def drawn(self, value: float) -> float | int:
        """What Optuna says for ``value``."""
        scale = self.scale
        if scale.words or (self.log and scale.whole):
            return int(value)
        if self.log or scale.free:
            return float(value)
        return scale.listed.index(value) if scale.listed else round((value - scale.low) / scale.step)

    def _short(self, values: Floats) -> Floats:
        """Four digits that count: more say nothing, and somebody will read and type them."""
        found = np.array([float(f"{value:.4g}") for value in values.tolist()])
        return np.asarray(np.clip(found, self.scale.low, self.scale.high))


def dimension(axis: TuningAxis, scale: ResolvedAxis) -> Dimension:
    """``axis``, resolved as ``scale``. Raises ``SpecError`` where it cannot be logarithmic."""
    if axis.log and axis.values:
        raise SpecError([("values", f"{scale.title} lists its values: a list is not logarithmic.")])
    if axis.log and axis.step:
        raise SpecError([("step", f"{scale.title} is logarithmic: it has no step.")])
    if axis.log and scale.low <= 0:
        raise SpecError([("low", f"{scale.title} is logarithmic: it must start above 0.")])
    return Dimension(scale, axis.log)


def grid(dimensions: Sequence[Dimension]) -> Floats:
    """Every combination of the grid's values (combinations, axes), the last axis fastest."""
    columns = np.meshgrid(*(item.grid() for item in dimensions), indexing="ij")
    return np.stack([column.ravel() for column in columns], axis=1)


def random(dimensions: Sequence[Dimension], count: int, seed: int) -> Floats:
    """``count`` draws (count, axes); more of the same ``seed`` begin with them."""
    shares = np.random.default_rng(seed).random((count, len(dimensions)))
    return np.stack([item.quantiles(column) for item, column in zip(dimensions, shares.T, strict=True)], axis=1)
