"""The paper account of a model: long while it predicts a rise, short while it predicts a fall, by the backtest's own
account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import Costs
from engine.backtest.portfolio import run_portfolio
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.core.progress import silent
from engine.labels import Task
from engine.market.availability import align_known
from engine.market.bars import Bars, Floats, Market, Times
from engine.market.spec import MarketSpec
from engine.models.scores import Scored
from engine.strategies import Signals, Strategy
from engine.strategies.kinds.buy_and_hold import BuyAndHold


@dataclass(frozen=True, eq=False)
class Side:
    """What a model says of each row, above zero for a rise and below for a fall: ``value`` float64, ``known`` when, and
    the number of the ``symbol``, an index into ``symbols``.
    """

    symbols: tuple[str, ...]
    symbol: NDArray[np.int32]
    known: Times
    value: Floats

    def on(self, bars: Bars) -> Floats:
        """The side at the close of each of ``bars``, NaN where there is none."""
        own = self.symbol == self.symbols.index(bars.series.symbol)
        return align_known(self.value[own], self.known[own], bars)


class Paper(Strategy):
    """Follows a ``Side``, which comes in as the input of that name. No plug-in: it is made here alone."""

    kind: Literal["paper"] = "paper"

    def label(self) -> str:
        return "Paper position"

    def begins(self, bars: Bars, inputs: Mapping[str, Any]) -> int:
        known = np.flatnonzero(np.isfinite(inputs["side"].on(bars)))
        return int(known[0]) if len(known) else len(bars)

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        side = inputs["side"].on(bars)
        rise, fall = side > 0, side < 0
        return Signals(entries=rise, exits=side <= 0, short_entries=fall, short_exits=side >= 0)


def side_of(scored: Scored) -> Floats:
    """The side of each prediction: the probability of a rise less one half, that of the highest class less that of the
    lowest, or the predicted number.
    """
    values = scored.prediction
    sides: Mapping[Task, Any] = {
        "binary": lambda: values - 0.5,
        "multiclass": lambda: values[:, -1] - values[:, 0],
        "regression": lambda: values,
    }
    return np.asarray(sides[scored.task](), dtype=np.float64)


def account(market: MarketSpec, bars: Market, side: Side, costs: Costs) -> BacktestResult:
    """The account that holds ``side`` on ``bars`` of ``market``, filled at the next open at these ``costs``, an equal
    part of the capital for each symbol, from the first prediction on. Raises ``DataError`` where nothing can be traded.
    """
    priced = side.value[np.isfinite(side.value)]
    if not len(priced):
        raise DataError("There is no prediction to trade on.")
    spec = BacktestSpec(market=market, strategy=BuyAndHold(), costs=costs, direction="both")
    return run_portfolio(spec.model_copy(update={"strategy": Paper()}), {"market": bars, "side": side}, silent)
