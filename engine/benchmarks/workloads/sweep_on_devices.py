"""A sweep with stops, from prices in memory to metrics in memory: it decides where sweeps are computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.device import ON_CPU
from engine.backtest.sweeps.device_choice import OWN, WORK, WORKLOAD
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import Unit, Workload
from engine.benchmarks.workloads.parameter_sweep import SYMBOL, Inputs, walk
from engine.core.axes import Axis
from engine.core.progress import silent
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.device import Choice
from engine.market.bars import Market
from engine.market.spec import MarketSpec
from engine.market.synthetic import COLUMNS, daily_bars
from engine.strategies.kinds.sma_cross import SmaCross

FAST, LOSSES, WARM_UP = 10, 10, 61  # windows, stop losses; bars before the first that is measured


@plugin(WORKLOAD, title="Sweep on devices", group="Research", synonyms=("gpu", "cuda", "stops", "optimisation"))
class SweepOnDevices(Workload):
    """Crossings of two averages with a stop loss and a target, all combinations at once.

    The transfer to the device and back is part of the time. Sweeps with the device "Fastest measured" follow the last
    result of this workload on this machine. The rate counts backtests.
    """

    unit: ClassVar[Unit] = Unit("backtests/s")
    pace: ClassVar[float] = 1e4
    axis: ClassVar[str] = "combinations"
    default_sizes: ClassVar[tuple[int, ...]] = (1_000, 10_000, 100_000)
    reference: ClassVar[str] = OWN

    kind: Literal["sweep_on_devices"] = "sweep_on_devices"
    combinations: int = parameter(10_000, title="Combinations", ge=FAST * LOSSES, le=2_000_000, step=10_000)
    bars: int = parameter(5_000, title="Bars", ge=200, le=100_000, step=1_000)

    def label(self) -> str:
        return f"Sweep of {self.combinations:,} combinations with stops on {self.bars:,} bars"

    def variants(self) -> tuple[Variant, ...]:
        return tuple(
            Variant(name, title, partial(self.prepared, name), device=name)
            for name, title in devices.NAMES.items()
            if name in WORK.able
        )

    def inputs(self) -> Inputs:
        """(columns, bars): prices that walk at random from 100."""
        return walk(self.bars)

    @contextmanager
    def prepared(self, name: str, inputs: Inputs) -> Iterator[Prepared]:
        """The work on the device called ``name``, which need be none of the variants."""
        devices.get(name)
        time = (np.datetime64("2000-01-01", "D") + np.arange(inputs.shape[1])).astype("datetime64[ms]")
        given = {"market": Market((daily_bars(SYMBOL, time, dict(zip(COLUMNS, inputs, strict=True))),))}
        request, choice = self._request(), ON_CPU if name == OWN else Choice(name, "")
        threads = devices.physical_cores() if name == OWN else 1
        yield Prepared(lambda: run_sweep(request, given, silent, time[WARM_UP], choice), _values, threads)

    def _request(self) -> SweepSpec:
        base = BacktestSpec(
            market=MarketSpec(symbols=(SYMBOL,)), strategy=SmaCross(slow=60), costs=Costs(commission=5, slippage=3)
        )
        targets = tuple(np.linspace(0.02, 0.3, self._targets()).tolist())
        losses = tuple(np.linspace(0.01, 0.1, LOSSES).tolist())
        axes = (
            Axis(path="strategy.fast", low=5, high=5 * FAST, step=5),
            Axis(path="stops.stop_loss", values=losses),
            Axis(path="stops.take_profit", values=targets),
        )
        return SweepSpec(base=base, axes=axes)

    def _targets(self) -> int:
        return self.combinations // (FAST * LOSSES)

    def amount(self) -> float:
        return float(FAST * LOSSES * self._targets())

    def error(self, result: NDArray[Any], expected: NDArray[np.float64]) -> float:
        """Of the equity at the end; infinite where a combination has another number of trades."""
        if result.shape != expected.shape or not np.array_equal(result[1], expected[1]):
            return float("inf")
        return float(np.max(np.abs(result[0] - expected[0]) / expected[0]))

    def bound(self) -> float:
        """That of float32; where there is float64 nothing differs."""
        return 2e-4

    def megabytes(self, variants: int) -> float:
        """Metrics and parameters of all combinations, and tables of the bars; what a GPU needs is in its own memory."""
        return (300 * self.combinations + 200 * self.bars) / 1e6 * (1 + variants)


def _values(result: SweepResult) -> NDArray[np.float64]:
    return np.stack([1 + result.total_return[0], result.trades[0].astype(np.float64)])
