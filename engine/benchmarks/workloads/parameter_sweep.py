"""Every combination of two windows tried on one symbol: what the map of a strategy takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import SEED, Unit, Workload
from engine.core.axes import Axis
from engine.core.progress import silent
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Market
from engine.market.spec import MarketSpec
from engine.market.synthetic import COLUMNS, daily_bars
from engine.strategies.kinds.sma_cross import SmaCross

FIRST = 2  # bars of the shortest window
SYMBOL = "MADE-UP"

Inputs = NDArray[np.float64]


@plugin("parameter_sweep", title="Parameter sweep", group="Research", synonyms=("grid", "optimisation", "backtest"))
class ParameterSweep(Workload):
    """Crossings of two averages with costs, a square of fast and slow windows: all combinations at once, and a sweep
    for each fast window. The rate counts backtests.
    """

    unit: ClassVar[Unit] = Unit("backtests/s")
    pace: ClassVar[float] = 2e4
    axis: ClassVar[str] = "windows"
    default_sizes: ClassVar[tuple[int, ...]] = (10, 100)
    reference: ClassVar[str] = "sweep:whole"

    kind: Literal["parameter_sweep"] = "parameter_sweep"
    windows: int = parameter(50, title="Windows", help="Of each of the two averages.", ge=2, le=1_000, step=10)
    bars: int = parameter(2_000, title="Bars", ge=200, le=100_000, step=1_000)

    def label(self) -> str:
        return f"Sweep of {self.windows} × {self.windows} windows on {self.bars} bars"

    def variants(self) -> tuple[Variant, ...]:
        ways = (("whole", "Sweep at once", self.windows), ("rows", "Sweep by fast window", 1))
        return tuple(Variant(f"sweep:{name}", title, partial(self._prepare, at_once)) for name, title, at_once in ways)

    def inputs(self) -> Inputs:
        """(columns, bars): prices that walk at random from 100."""
        return walk(self.bars)

    @contextmanager
    def _prepare(self, at_once: int, inputs: Inputs) -> Iterator[Prepared]:
        count, bars = self.windows, inputs.shape[1]
        time = (np.datetime64("2000-01-01", "D") + np.arange(bars)).astype("datetime64[ms]")
        given = {"market": Market((daily_bars(SYMBOL, time, dict(zip(COLUMNS, inputs, strict=True))),))}
        market = MarketSpec(symbols=(SYMBOL,))
        base = BacktestSpec(market=market, strategy=SmaCross(), costs=Costs(commission=5, slippage=3))
        last = FIRST + count - 1
        slow = Axis(path="strategy.slow", low=last + 1, high=last + count)
        fast = [(low, min(low + at_once - 1, last)) for low in range(FIRST, last + 1, at_once)]
        axes = [(_axis(low, high), slow) for low, high in fast]
        specs = [SweepSpec(base=base, axes=pair) for pair in axes]

        def call() -> list[Any]:
            return [run_sweep(spec, given, silent, time[min(2 * count + 1, bars // 2)]) for spec in specs]

        def values(results: list[Any]) -> NDArray[np.float64]:
            return 1 + np.concatenate([result.total_return[0] for result in results])

        yield Prepared(call, values)

    def amount(self) -> float:
        return float(self.windows**2)

    def bound(self) -> float:
        """Sums of the same numbers in the same order."""
        return 1e-9

    def megabytes(self, variants: int) -> float:
        """Averages of each window, the figures of each combination, and their result."""
        return (16 * self.windows * self.bars + 400 * self.windows**2) / 1e6 + 0.1 * variants + 1


def walk(bars: int) -> Inputs:
    """(columns, bars): prices that walk at random from 100."""
    numbers = np.random.default_rng(SEED)
    close = 100 * np.exp(np.cumsum(0.01 * numbers.standard_normal(bars)))
    open = close * np.exp(0.005 * numbers.standard_normal(bars))
    return np.stack([open, np.maximum(open, close), np.minimum(open, close), close, np.ones(bars), close])


def _axis(low: int, high: int) -> Axis:
    return Axis(path="strategy.fast", values=(low,)) if low == high else Axis(path="strategy.fast", low=low, high=high)
