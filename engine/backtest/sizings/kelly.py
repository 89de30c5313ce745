"""Kelly sizing on the closed trades so far."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.backtest.sizings import Size, Sizing
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars


@plugin("kelly", title="Kelly fraction")
class Kelly(Sizing):
    """Win rate less loss rate over the payoff ratio of the account's closed trades, scaled and capped.

    f = p - (1 - p) / b with p the win rate and b mean win over mean loss (Kelly 1956), both relative to the entry
    value. A trade without profit or loss is neither won nor lost and does not count, as a tie in Thorp, The Kelly
    Criterion in Blackjack, Sports Betting and the Stock Market (2006): the growth rate that f maximises does not depend
    on it. Nothing is entered while f is not positive; without a loss it is one, before the scale.
    """

    kind: Literal["kelly"] = "kelly"
    scale: float = parameter(
        0.5,
        title="Scale",
        help="Fraction of Kelly to use; 0.5 is half Kelly.",
        gt=0,
        le=2,
        step=0.1,
        section="Sizing",
    )
    cap: float = parameter(
        1.0, title="Largest part", percent=True, help="Fraction of the equity.", gt=0, le=2, step=0.05, section="Sizing"
    )
    first: float = parameter(
        0.25, title="At first", percent=True, help="Fraction of the equity until enough trades are closed.", gt=0, le=2,
        step=0.05, section="Sizing",
    )  # fmt: skip
    trades: int = parameter(
        20,
        title="Needs",
        unit="trades",
        help="Closed trades with a profit or loss required before the Kelly fraction is used.",
        ge=2,
        le=1000,
        section="Sizing",
    )

    def size(self, bars: Bars) -> Size:
        amount = np.full(len(bars), self.first)
        return Size("kelly", amount, scale=self.scale, cap=self.cap, trades=self.trades)
