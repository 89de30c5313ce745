"""The accounts of a sweep, combinations of parameters on each of them, and the figures that come of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.measured import Measured, from_start, measured
from engine.backtest.sweeps.axes import Scale
from engine.errors import DataError
from engine.market.bars import MILLISECONDS_PER_YEAR, Bars, Floats, periods_per_year
from engine.market.panel import calendar
from engine.strategies import Allocation

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Unit:
    """One account of a sweep: a symbol by itself, or all of them where they share one. All combinations are measured on
    the same ``bars``; ``problem`` says why there is nothing to measure.
    """

    name: str
    spec: BacktestSpec
    bars: Measured
    problem: str = ""

    @property
    def known(self) -> tuple[Bars, ...]:
        """The ``bars`` and those before them, which are for looking back alone."""
        return self.bars.known

    def per_year(self) -> float:
        """Bars a calendar year."""
        return periods_per_year(calendar(self.bars))

    def returns(self) -> int:
        """Returns from bar to bar."""
        return max(len(calendar(self.bars)) - 1, 0)

    def years(self) -> float:
        """Calendar years from the first bar to the last."""
        first, last = min(item.time[0] for item in self.bars), max(item.time[-1] for item in self.bars)
        return float((last - first) / np.timedelta64(1, "ms")) / MILLISECONDS_PER_YEAR


@dataclass(frozen=True, eq=False)
class Figures:
    """What is kept of each combination: arrays over combinations, ``drawdown`` empty if it is not wanted."""

    total: Floats
    sharpe: Floats
    drawdown: Floats
    trades: NDArray[np.int32]

    @classmethod
    def empty(cls, count: int, drawdown: bool) -> Figures:
        nothing = np.full(count, np.nan)
        return cls(nothing, nothing.copy(), np.full(count if drawdown else 0, np.nan), np.zeros(count, np.int32))

    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.total, self.sharpe, self.drawdown, self.trades


@dataclass(frozen=True, eq=False)
class Work:
    """Combinations on one unit: ``parameters`` (combinations, axes) on ``scales``, whose figures go into ``found``.

    ``step`` hears how many more are done, and raises once nobody wants them.
    """

    unit: Unit
    scales: Sequence[Scale]
    parameters: Floats
    found: Figures
    inputs: Mapping[str, Any]
    step: Callable[[int], None]

    def look(self) -> None:
        """Ask between two steps whether this is still wanted."""
        self.step(0)

    def inner(self) -> list[int]:
        """The axes that are parameters of the strategy."""
        return [axis for axis, scale in enumerate(self.scales) if scale.path.startswith("strategy.")]

    def plain(self, axes: Iterable[int], row: Floats) -> dict[str, Any]:
        """The values ``row`` of some of the axes, by path."""
        scales = [self.scales[axis] for axis in axes]
        return {scale.path: scale.plain(value) for scale, value in zip(scales, row, strict=True)}


def units_of(
    base: BacktestSpec, bars: Sequence[Bars], warm_up: int | None = None, start: np.datetime64 | None = None
) -> list[Unit]:
    """The accounts of a sweep over ``base``, each with the spec that runs it by itself: from the first bar that has
    ``warm_up`` bars before it, or from ``start``.
    """
    if isinstance(base.strategy, Allocation) or (base.cash == "shared" and len(bars) > 1):
        return [_unit(base.market.label(), base, bars, warm_up, start)]
    found = []
    for item in bars:
        market = base.market.model_copy(update={"symbols": (item.series.symbol,)})
        found.append(_unit(item.series.symbol, base.model_copy(update={"market": market}), [item], warm_up, start))
    return found


def _unit(
    name: str, spec: BacktestSpec, known: Sequence[Bars], warm_up: int | None, start: np.datetime64 | None
) -> Unit:
    if start is not None:
        return Unit(name, spec, from_start(known, start))
    try:
        return Unit(name, spec, measured(spec, known, warm_up))
    except DataError as error:
        return Unit(name, spec, from_start(known, known[0].time[0]), str(error))
