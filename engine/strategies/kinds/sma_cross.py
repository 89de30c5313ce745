"""Crossing of two simple moving averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from engine.features.indicators.trend import Sma
from engine.market.bars import Bars
from engine.registry import plugin
from engine.spec import parameter
from engine.strategies import Signals, Strategy

TIE = 1e-10  # of the price: averages this close are equal but for the rounding of their running sums


@plugin("sma_cross", title="SMA cross")
class SmaCross(Strategy):
    """Long from the close at which the fast average rises above the slow one until it falls below it.

    A crossing needs both averages on both bars: a fast average that is above from the first comparable bar on is no
    entry.
    """

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

    def label(self) -> str:
        return f"SMA {self.fast}/{self.slow}"

    def warm_up(self) -> int:
        return self.slow

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        (fast,) = Sma(window=self.fast).compute(bars).values()
        (slow,) = Sma(window=self.slow).compute(bars).values()
        gap = np.where(np.abs(fast - slow) <= TIE * slow, 0.0, fast - slow)
        before = np.concatenate(([np.nan], gap[:-1]))
        return Signals(entries=(before <= 0) & (gap > 0), exits=(before >= 0) & (gap < 0))
