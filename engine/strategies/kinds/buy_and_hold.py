"""Buy and hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.market.bars import Bars
from engine.strategies import Signals, Strategy


@plugin("buy_and_hold", title="Buy and hold")
class BuyAndHold(Strategy):
    """Enters on the first bar and never exits: the benchmark of every other strategy."""

    kind: Literal["buy_and_hold"] = "buy_and_hold"
    carries_decisions: ClassVar[bool] = True

    def label(self) -> str:
        return "Buy and hold"

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        entries = np.zeros(len(bars), dtype=bool)
        entries[:1] = True
        return Signals(entries, np.zeros(len(bars), dtype=bool))
