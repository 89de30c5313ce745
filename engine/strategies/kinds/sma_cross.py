"""Crossing of two simple moving averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.features.indicators.trend import Sma
from engine.market.bars import Bars, Floats
from engine.registry import plugin
from engine.spec import parameter
from engine.strategies.crossing import Crossing


@plugin("sma_cross", title="SMA cross")
class SmaCross(Crossing):
    """Long from the close at which the fast average rises above the slow one until it falls below it.

    A crossing needs both averages on both bars: a fast average that is above from the first comparable bar on is no
    entry.
    """

    fast_fields: ClassVar[tuple[str, ...]] = ("fast",)
    slow_fields: ClassVar[tuple[str, ...]] = ("slow",)
    same_lines: ClassVar[bool] = True
    kind: Literal["sma_cross"] = "sma_cross"
    fast: int = parameter(
        50,
        title="Fast window",
        unit="bars",
        help="Bars of the fast average.",
        ge=2,
        le=999,
        section="Strategy",
    )
    slow: int = parameter(
        200,
        title="Slow window",
        unit="bars",
        help="Bars of the slow average.",
        ge=3,
        le=1000,
        section="Strategy",
    )

    @model_validator(mode="after")
    def _in_order(self) -> SmaCross:
        if self.fast >= self.slow:
            raise ValueError(f"Fast window ({self.fast}) must be shorter than slow window ({self.slow}).")
        return self

    @classmethod
    def valid(cls, parameters: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        return np.asarray(parameters["fast"] < parameters["slow"])

    def label(self) -> str:
        return f"SMA {self.fast}/{self.slow}"

    def warm_up(self) -> int:
        return self.slow

    def fast_line(self, bars: Bars) -> Floats:
        (line,) = Sma(window=self.fast).compute(bars).values()
        return line

    def slow_line(self, bars: Bars) -> Floats:
        (line,) = Sma(window=self.slow).compute(bars).values()
        return line
