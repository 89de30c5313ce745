"""Meta-labels: whether the trades that a strategy begins would earn."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from engine.core.registry import info, plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels
from engine.labels.barriers import NEITHER, UP, first_touched
from engine.labels.returns import plural
from engine.labels.volatility import total_return_prices, volatility, volatility_window
from engine.market.bars import Bars, Floats
from engine.strategies import STRATEGIES, Allocation, Strategy, call_strategy
from engine.strategies.flags import Flags, begun
from engine.strategies.kinds.bollinger_reversion import BollingerReversion

LOSES, EARNS = 0.0, 1.0


@plugin("meta_label", title="Meta-label")
class MetaLabel(Label):
    """Whether the trade that a strategy begins at bar t earns (López de Prado 2018, section 3.6): whether the price
    moves ``profit`` volatilities its way before it moves ``loss`` of them against it or, where it does neither within
    ``horizon`` bars, whether it is ahead then. Bars at which the strategy begins none have no answer.

    A trade begins at each close at which the strategy asks for an entry, and did not at the close before; whether an
    account would have been in a position by then is not considered, nor is what the trade costs. Barriers stand around
    that close and are watched as those of the triple barrier are. A model of this label says which entries to take.
    """

    classes: ClassVar[tuple[str, ...]] = ("loses", "earns")
    is_direction: ClassVar[bool] = False

    kind: Literal["meta_label"] = "meta_label"
    strategy: Annotated[Strategy, STRATEGIES] = Field(
        BollingerReversion(), title="Strategy", description="Whose entries are labelled.",
        json_schema_extra={"section": "Label"},
    )  # fmt: skip
    horizon: int = parameter(
        10, title="Horizon", unit="bars", ge=1, le=500, help="Bars to the vertical barrier.", section="Label"
    )
    profit: float = parameter(
        2.0, title="Profit barrier", unit="volatilities", gt=0, le=100, step=0.5, section="Label",
        help="Distance in favour of the trade, in standard deviations of one bar's return.",
    )  # fmt: skip
    loss: float = parameter(
        2.0, title="Loss barrier", unit="volatilities", gt=0, le=100, step=0.5, section="Label",
        help="Distance against the trade, in standard deviations of one bar's return.",
    )  # fmt: skip
    window: int = volatility_window()

    @field_validator("strategy")
    @classmethod
    def _has_entries_of_its_own(cls, strategy: Strategy) -> Strategy:
        if isinstance(strategy, Allocation):
            raise ValueError(
                f"{info(strategy).title} moves weights and begins no trades: choose a strategy that enters and exits."
            )
        if strategy.followed_runs():
            raise ValueError(f"{info(strategy).title} needs another run's result: choose a strategy of prices alone.")
        return strategy

    def label(self) -> str:
        moves = f"{self.profit:g} before {self.loss:g} volatilities"
        return f"{self.strategy.label()} earns {moves} in {plural(self.horizon)}"

    def lookback(self) -> int:
        return max(self.window, self.strategy.warm_up() + 1)

    def compute(self, bars: Bars) -> Labels:
        side, close, unit = self.sides(bars), total_return_prices(bars), volatility(bars, self.window)
        is_short = side < 0
        above = np.where(is_short, self.loss, self.profit) * unit
        below = np.where(is_short, self.profit, self.loss) * unit
        begun = np.where(side == 0, np.nan, close)
        found = first_touched(bars, begun * (1 + above), begun * (1 - below), self.horizon, is_short)
        ahead = np.full(len(bars), np.nan)
        ahead[: -self.horizon] = close[self.horizon :] - close[: -self.horizon]
        earns = np.where(found.value == NEITHER, ahead * side > 0, (found.value == UP) != is_short)
        return Labels(np.where(np.isnan(found.value), np.nan, np.where(earns, EARNS, LOSES)), found.end)

    def sides(self, bars: Bars) -> Floats:
        """1 where the strategy begins a long trade, -1 where it begins a short one, 0 elsewhere; where it asks for both
        at once as well.
        """
        signals = call_strategy.signals(self.strategy, bars, {})
        long = self._begins(signals.entries, signals.exits)
        return long - self._begins(signals.short_entries, signals.short_exits)

    def _begins(self, entries: Flags | None, exits: Flags | None) -> Floats:
        """1 where an entry is asked for that was not at the close before, 0 elsewhere."""
        if entries is None:
            return np.zeros(1)
        begins = begun(entries, exits)
        begins[: self.lookback()] = False  # what was asked for before is not known
        return begins.astype(np.float64)
