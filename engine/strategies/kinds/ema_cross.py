"""Crossing of two exponential averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.market.bars import Bars, Floats
from engine.registry import plugin
from engine.spec import parameter
from engine.strategies import lines
from engine.strategies.crossing import Crossing


@plugin("ema_cross", title="EMA cross")
class EmaCross(Crossing):
    """Long from the close at which the fast exponential average rises above the slow one until it falls below it.

    Both averages start with a simple one and are used once that has faded: 3.75 windows, see ``lines``.
    """

    fast_fields: ClassVar[tuple[str, ...]] = ("fast",)
    slow_fields: ClassVar[tuple[str, ...]] = ("slow",)
    same_lines: ClassVar[bool] = True
    kind: Literal["ema_cross"] = "ema_cross"
    fast: int = parameter(
        20, title="Fast window", unit="bars", help="Bars of the fast average.", ge=2, le=999, section="Strategy"
    )
    slow: int = parameter(
        100, title="Slow window", unit="bars", help="Bars of the slow average.", ge=3, le=1000, section="Strategy"
    )

    @model_validator(mode="after")
    def _in_order(self) -> EmaCross:
        if self.fast >= self.slow:
            raise ValueError(f"Fast window ({self.fast}) must be shorter than slow window ({self.slow}).")
        return self

    @classmethod
    def valid(cls, parameters: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        return np.asarray(parameters["fast"] < parameters["slow"])

    def label(self) -> str:
        return f"EMA {self.fast}/{self.slow}"

    def warm_up(self) -> int:
        return lines.ema_warm_up(self.slow) + 1

    def fast_line(self, bars: Bars) -> Floats:
        return lines.ema(bars, self.fast)

    def slow_line(self, bars: Bars) -> Floats:
        return lines.ema(bars, self.slow)
