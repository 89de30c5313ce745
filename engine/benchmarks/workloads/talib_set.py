"""Every function of TA-Lib as a feature of several symbols."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import SEED, VALUES, Unit, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features import Features
from engine.features.matrix import matrix
from engine.indicators.talib_family import infos, make
from engine.market.bars import Market
from engine.market.synthetic import COLUMNS, daily_bars

OUTPUTS = 180  # roughly, of all functions together

Inputs = NDArray[np.float64]


@plugin("talib_set", title="TA-Lib set", group="Research", synonyms=("indicators", "features", "technical analysis"))
class TalibSet(Workload):
    """The matrix of all of TA-Lib's functions with their usual parameters, checked and with their warm-up, as a run
    computes it: on one thread, and with the symbols side by side.
    """

    unit: ClassVar[Unit] = VALUES
    pace: ClassVar[float] = 5e6
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (2, 8)
    reference: ClassVar[str] = "features:1"

    kind: Literal["talib_set"] = "talib_set"
    symbols: int = parameter(4, title="Symbols", ge=2, le=500, step=2)
    bars: int = parameter(2_000, title="Bars", help="Of each symbol.", ge=300, le=100_000, step=1_000)

    def label(self) -> str:
        return f"TA-Lib's functions on {self.symbols} × {self.bars} bars"

    def variants(self) -> tuple[Variant, ...]:
        counts = (("1", "1 thread", 1), ("all", "all cores", devices.physical_cores()))
        return tuple(
            Variant(f"features:{name}", f"Features {title}", partial(self._prepare, threads), ("TA-Lib",))
            for name, title, threads in counts
        )

    def inputs(self) -> Inputs:
        """(symbols, columns, bars): prices that walk at random from 100."""
        numbers = np.random.default_rng(SEED)
        close = 100 * np.exp(np.cumsum(0.01 * numbers.standard_normal((self.symbols, self.bars)), axis=1))
        open = close * np.exp(0.005 * numbers.standard_normal(close.shape))
        high, low = np.maximum(open, close) * 1.003, np.minimum(open, close) * 0.997
        volume = numbers.integers(500, 5_000, close.shape).astype(np.float64)
        return np.stack([open, high, low, close, volume, close], axis=1)

    @contextmanager
    def _prepare(self, threads: int, inputs: Inputs) -> Iterator[Prepared]:
        time = (np.datetime64("2000-01-01", "D") + np.arange(inputs.shape[2])).astype("datetime64[ms]")
        columns = [dict(zip(COLUMNS, of, strict=True)) for of in inputs]
        market = Market(tuple(daily_bars(f"S{place}", time, of) for place, of in enumerate(columns)))
        features: Features = tuple(make(info.name).parse({}) for info in infos())
        yield Prepared(lambda: matrix(features, market, threads=threads).values, np.nan_to_num, threads)

    def amount(self) -> float:
        return float(OUTPUTS * self.symbols * self.bars)

    def bound(self) -> float:
        """The same functions on the same numbers."""
        return 0.0

    def megabytes(self, variants: int) -> float:
        """The matrix of each, what is checked of it, and what is expected."""
        return 8 * OUTPUTS * self.symbols * self.bars * (5 + variants) / 1e6 + 5
