"""Accounts of a sweep, batches of combinations of parameters on them, and arrays of their metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.measured import MeasuredBars, from_start, measured
from engine.backtest.sweeps.device import Accelerator
from engine.core.axes import ResolvedAxis
from engine.market.bars import Bars, Floats, Times, periods_per_year, years_spanned
from engine.strategies import Allocation

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


@dataclass(frozen=True, eq=False)
class SweepAccount:
    """An account with metrics of its own: the portfolio of a request, or one of its symbols with its share of the
    capital.

    All combinations are measured on the same ``bars``.
    """

    name: str
    spec: BacktestSpec
    bars: MeasuredBars

    @property
    def known(self) -> tuple[Bars, ...]:
        """The ``bars`` with their lookback."""
        return self.bars.known

    @property
    def is_multi_account(self) -> bool:
        """Whether it has several symbols, each with an account of its own."""
        return is_multi_account(self.spec)

    def time(self) -> Times:
        """The bars of its calendar."""
        return self.bars.time

    def per_year(self) -> float:
        """Bars per calendar year, NaN for fewer than two."""
        time = self.time()
        return periods_per_year(time) if len(time) > 1 else np.nan

    def returns(self) -> int:
        """Number of bar returns."""
        return max(len(self.time()) - 1, 0)

    def years(self) -> float:
        """Calendar years from the first bar to the last."""
        time = self.time()
        return years_spanned(time) if len(time) else 0.0


@dataclass(frozen=True, eq=False)
class MetricArrays:
    """Metrics of each combination: arrays (accounts, combinations); ``drawdown`` is (accounts, 0) if not requested."""

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
        """The arrays of the portfolio, the first account."""
        return tuple(values[0] for values in self.arrays())


@dataclass(frozen=True, eq=False)
class EvaluationBatch:
    """Combinations of a request: ``parameters`` (combinations, axes) on ``scales``, whose figures go into ``metrics``,
    a row for each of ``units``: the whole, and its symbols. An ``accelerator`` computes what it can, the CPU the rest.

    ``step`` hears how many more are done, and raises once nobody wants them.
    """

    units: Sequence[SweepAccount]
    scales: Sequence[ResolvedAxis]
    parameters: Floats
    metrics: MetricArrays
    inputs: Mapping[str, Any]
    step: Callable[[int], None]
    accelerator: Accelerator | None = None

    @property
    def unit(self) -> SweepAccount:
        """The whole request."""
        return self.units[0]

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` if the sweep has been cancelled."""
        self.step(0)

    def strategy_axes(self) -> list[int]:
        """The axes that are parameters of the strategy."""
        return [axis for axis, scale in enumerate(self.scales) if scale.path.startswith("strategy.")]

    def plain(self, axes: Iterable[int], row: Floats) -> dict[str, Any]:
        """The field values of ``row``, one for each of ``axes``, by path."""
        scales = [self.scales[axis] for axis in axes]
        return {scale.path: scale.plain(value) for scale, value in zip(scales, row, strict=True)}


def sweep_accounts(
    base: BacktestSpec,
    inputs: Mapping[str, Any],
    warm_up: int | None = None,
    start: np.datetime64 | None = None,
) -> list[SweepAccount]:
    """The accounts of a sweep over ``base``: the portfolio, measured after ``warm_up`` bars or from ``start``; then,
    where several symbols have separate accounts, each with its bars and its share of the capital. Raises ``DataError``
    where one of them cannot be traded.
    """
    known = inputs["market"].bars
    bars = measured(base, known, warm_up, inputs) if start is None else from_start(base, known, start)
    return accounts_on(base, bars)


def accounts_on(base: BacktestSpec, bars: MeasuredBars) -> list[SweepAccount]:
    """``units_of`` that are measured on ``bars``, each with the spec that runs it by itself."""
    found = [SweepAccount(base.market.label(), base, bars)]
    if not is_multi_account(base):
        return found
    for place, item in enumerate(bars):
        market = base.market.model_copy(update={"symbols": (item.series.symbol,)})
        alone = base.model_copy(update={"market": market, "capital": base.capital / len(bars)})
        found.append(SweepAccount(item.series.symbol, alone, bars.for_symbol(place)))
    return found


def is_multi_account(base: BacktestSpec) -> bool:
    """Whether ``base`` gives each of several symbols an account of its own."""
    if isinstance(base.strategy, Allocation):
        return False
    return bool(base.cash == "separate") and len(base.market.symbols) > 1
