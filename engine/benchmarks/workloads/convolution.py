"""A convolution over time: what temporal convolutional networks are made of."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GFLOPS, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("convolution", title="Convolution", group="Arithmetic", synonyms=("conv1d", "temporal convolution", "tcn"))
class Convolution(Primitive):
    """Each output channel is a weighted sum of the last bars of every input channel, without padding."""

    unit: ClassVar[Unit] = GFLOPS
    pace: ClassVar[float] = 2e9
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (4, 32)

    kind: Literal["convolution"] = "convolution"
    symbols: int = parameter(32, title="Symbols", ge=1, le=10_000, step=8)
    bars: int = parameter(512, title="Bars", help="Of each symbol.", ge=8, le=100_000, step=128)
    channels: int = parameter(32, title="Channels", help="Of the input, and of the output.", ge=1, le=512, step=16)
    taps: int = parameter(5, title="Taps", help="Bars that each output sees.", ge=1, le=8, step=1)

    def label(self) -> str:
        return f"Convolution of {self.taps} taps, {self.symbols} × {self.bars} × {self.channels} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.symbols, self.bars, self.channels), (self.channels, self.taps, self.channels)

    def counts(self) -> tuple[int, int, int]:
        return (
            self.symbols * self.bars * self.channels + self.channels**2 * self.taps,
            self.symbols * self.bars * self.channels,
            self.symbols * self.bars * self.channels * self.taps,
        )

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.convolution(*arrays)

    def amount(self) -> float:
        return 2.0 * self.symbols * (self.bars - self.taps + 1) * self.taps * self.channels**2

    def depth(self) -> int:
        return self.taps * self.channels

    def traffic(self) -> float:
        return 2.0 * self.itemsize() * self.symbols * (self.bars - self.taps + 1) * self.channels
