"""The parts of a sweep: the accounts of a request, combinations of parameters on them, and the figures that come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.measured import Measured, from_start, measured
from engine.backtest.sweeps.axes import ResolvedAxis
from engine.market.bars import MILLISECONDS_PER_YEAR, Bars, Floats, Times, periods_per_year
from engine.strategies import Allocation

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SweepAccount:
    """What has figures of its own: a request as a whole, or one of its symbols, which has a part of its capital.

    All combinations are measured on the same ``bars``.
    """

    name: str
    spec: BacktestSpec
    bars: Measured

    @property
    def known(self) -> tuple[Bars, ...]:
        """The ``bars`` and those before them, which are for looking back alone."""
        return self.bars.known

    @property
    def is_several(self) -> bool:
        """Whether it has several symbols, each with an account of its own."""
        return has_parts(self.spec)

    def time(self) -> Times:
        """The bars of its calendar."""
        return self.bars.time

    def per_year(self) -> float:
        """Bars a calendar year, NaN for fewer than two."""
        time = self.time()
        return periods_per_year(time) if len(time) > 1 else np.nan

    def returns(self) -> int:
        """Returns from bar to bar."""
        return max(len(self.time()) - 1, 0)

    def years(self) -> float:
        """Calendar years from the first bar to the last."""
        time = self.time()
        return float((time[-1] - time[0]) / np.timedelta64(1, "ms")) / MILLISECONDS_PER_YEAR if len(time) else 0.0


@dataclass(frozen=True, eq=False)
class MetricArrays:
    """What is kept of each combination: arrays (units, combinations), ``drawdown`` (units, 0) if it is not wanted."""

    total: Floats
    sharpe: Floats
    drawdown: Floats
    trades: NDArray[np.int32]

    @classmethod
    def empty(cls, units: int, count: int, drawdown: bool) -> MetricArrays:
        nothing = np.full((units, count), np.nan)
        deepest = np.full((units, count if drawdown else 0), np.nan)
        return cls(nothing, nothing.copy(), deepest, np.zeros((units, count), np.int32))

    @property
    def has_drawdown(self) -> bool:
        return bool(self.drawdown.shape[1])

    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.total, self.sharpe, self.drawdown, self.trades

    def whole(self) -> tuple[NDArray[Any], ...]:
        """The arrays of the first unit."""
        return tuple(values[0] for values in self.arrays())


@dataclass(frozen=True, eq=False)
class EvaluationBatch:
    """Combinations of a request: ``parameters`` (combinations, axes) on ``scales``, whose figures go into ``found``, a
    row for each of ``units``: the whole, and its symbols.

    ``step`` hears how many more are done, and raises once nobody wants them.
    """

    units: Sequence[SweepAccount]
    scales: Sequence[ResolvedAxis]
    parameters: Floats
    found: MetricArrays
    inputs: Mapping[str, Any]
    step: Callable[[int], None]

    @property
    def unit(self) -> SweepAccount:
        """The whole request."""
        return self.units[0]

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


def sweep_accounts(
    base: BacktestSpec,
    inputs: Mapping[str, Any],
    warm_up: int | None = None,
    start: np.datetime64 | None = None,
) -> list[SweepAccount]:
    """What a sweep over ``base`` has figures of: the whole request, measured from the first bars that have ``warm_up``
    before them or from ``start``; then, where several symbols have accounts of their own, each with its part of the
    bars and of the capital. Raises ``DataError`` where one of them cannot be traded.
    """
    known = inputs["market"].bars
    bars = measured(base, known, warm_up, inputs) if start is None else from_start(base, known, start)
    return laid_out(base, bars)


def laid_out(base: BacktestSpec, bars: Measured) -> list[SweepAccount]:
    """``units_of`` that are measured on ``bars``, each with the spec that runs it by itself."""
    found = [SweepAccount(base.market.label(), base, bars)]
    if not has_parts(base):
        return found
    for place, item in enumerate(bars):
        market = base.market.model_copy(update={"symbols": (item.series.symbol,)})
        alone = base.model_copy(update={"market": market, "capital": base.capital / len(bars)})
        found.append(SweepAccount(item.series.symbol, alone, bars.only(place)))
    return found


def has_parts(base: BacktestSpec) -> bool:
    """Whether ``base`` gives each of several symbols an account of its own."""
    if isinstance(base.strategy, Allocation):
        return False
    return bool(base.cash == "separate") and len(base.market.symbols) > 1
