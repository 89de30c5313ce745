"""The slow account's books: what is held and what it is worth, what a fill costs, and the trade that it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from tests.support.slow_account.records import Order, Place, Trade

CLOSE_ENOUGH = 1e-9
"""An order that asks for more than there is by a smaller part than this is not cut."""


@dataclass
class Books:
    """One cash and the symbols whose columns it is given."""

    spec: BacktestSpec
    costs: Costs
    bars: dict[str, np.ndarray]
    years: list[float]
    wanted: list[list[Order | None]]
    capital: float
    resize: list[list[float]] | None = None
    """The amounts of a rebalancing, at the bars that have one."""
    scale: float = 1.0
    cap: float = 1.0
    kelly_trades: int = 0
    measure: str = "equity"
    equity: list[float] = field(default_factory=list)
    gross: list[float] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    fills: list[tuple[int, int, float, float, float, float]] = field(default_factory=list)
    slippage: float = 0.0
    interest: float = 0.0
    dividends: float = 0.0
    cut: int = 0
    rejected: int = 0
    forced: int = 0
    ruined: bool = False
    cash: float = 0.0
    awaited: list[str] = field(default_factory=list)
    """What is asked of positions whose market is closed at this moment, and was open within a week."""

    def __post_init__(self) -> None:
        self.cash = self.capital
        self.places = [Place() for _ in self.wanted[0]]
        self.held_last: list[Place] = []

    def price(self, t: int, symbol: int, name: str) -> float:
        return float(self.bars[name][t, symbol])

    def worth(self) -> float:
        return self.cash + sum(place.units * place.mark for place in self.places if place.units)

    def size(self) -> float:
        return sum(abs(place.units) * place.mark for place in self.places if place.units)

    def shorts(self) -> float:
        return sum(-place.units * place.mark for place in self.places if place.units < 0)

    def units_of(self, t: int, symbol: int, budget: float, price: float) -> float:
        """Units that cost ``budget`` with their commission; zero where it does not even pay the least one."""
        costs, a_unit = self.costs, self.costs.per_share * self.price(t, symbol, "shares")
        by_minimum = (budget - costs.minimum) / price
        by_rates = (budget - costs.per_order) / (price * (1 + costs.commission * 1e-4) + a_unit)
        return max(0.0, min(by_minimum, by_rates))

    def slipped(self, quote: float, side: int) -> float:
        """A fill's price but for the volume that it takes."""
        return quote * (1 + side * (self.costs.slippage + self.costs.spread / 2) * 1e-4)

    def limited(self, t: int, symbol: int, units: float) -> float:
        if not self.costs.volume_limit:
            return units
        volume = self.price(t, symbol, "volume")
        most = 0.0 if math.isnan(volume) else self.costs.volume_limit * volume
        left = most - self.places[symbol].traded
        return math.copysign(min(abs(units), left if left > CLOSE_ENOUGH * most else 0.0), units)

    def paid(self, t: int, symbol: int, units: float, quote: float, by_limit: bool) -> float:
        """The price of a fill of signed ``units``."""
        if by_limit:
            return quote
        worse = (self.costs.slippage + self.costs.spread / 2) * 1e-4
        volume = self.price(t, symbol, "volume")
        if self.costs.volume_impact and volume > 0:
            worse += self.costs.volume_impact * (units / volume) ** 2
        return quote * max(1 + math.copysign(worse, units), 0.01)

    def commission(self, t: int, symbol: int, units: float, price: float) -> float:
        """By the value, and by what the units are in shares of the day."""
        costs, size, shares = self.costs, abs(units), abs(units) * self.price(t, symbol, "shares")
        return max(costs.minimum, costs.per_order + costs.per_share * shares + costs.commission * 1e-4 * size * price)

    def trade_units(
        self,
        t: int,
        symbol: int,
        units: float,
        quote: float,
        reason: str,
        *,
        by_limit: bool = False,
        late: bool = False,
    ) -> None:
        """Fill signed ``units``: pay, book, open, grow, shrink or end the trade."""
        place = self.places[symbol]
        price = self.paid(t, symbol, units, quote, by_limit)
        fee = self.commission(t, symbol, units, price)
        self.cash -= units * price + fee
        self.slippage += abs(units) * abs(price - quote)
        place.traded += abs(units)
        self.fills.append((t, symbol, units, price, fee, quote))
        trade = place.trade
        if trade is None:
            trade = place.trade = Trade(symbol, 1 if units > 0 else -1, t)
            trade.trail, trade.stop = price, place.stop
            trade.saw(price)
        trade.fees += fee
        left = place.units + units
        if units * trade.side > 0:
            trade.grow(abs(units), price)
        else:
            trade.shrink(abs(units), price)
            if abs(left) <= 1e-12 * abs(units):
                left = 0.0
        place.units = left
        if left == 0:
            if late:
                self.watch(t, place)
            else:
                trade.saw(self.price(t, symbol, "open") if not place.shielded else math.nan, quote)
            trade.exit, trade.reason = t, reason
            self.trades.append(trade)
            place.trade = None

    def watch(self, t: int, place: Place) -> None:
        """The extremes of a bar that was held to its close; the best of it moves the trailing stop from now on."""
        trade = place.trade
        assert trade is not None
        symbol = trade.symbol
        high, low, close = (self.price(t, symbol, name) for name in ("high", "low", "close"))
        worst, best = (low, high) if trade.side > 0 else (high, low)
        if place.shielded:
            best = close
        elif math.isnan(low):
            worst = best = close
        trade.saw(worst, best)
        if not math.isnan(best):
            trade.trail = max(trade.trail, best) if trade.side > 0 else min(trade.trail, best)

    def book_at_mark(self, t: int, place: Place, reason: str) -> None:
        """End the trade at the last known price, without a cost."""
        trade = place.trade
        if trade is None:
            return
        trade.shrink(abs(place.units), place.mark)
        trade.exit, trade.reason, trade.is_open = t, reason, reason == "still open"
        self.trades.append(trade)
        place.units, place.trade = 0.0, None

    def liquidate(self, t: int, symbol: int, quote: float, late: bool = False) -> None:
        """Close a position as a broker does, whatever the volume."""
        place = self.places[symbol]
        self.forced += self.limited(t, symbol, place.units) != place.units
        self.trade_units(t, symbol, -place.units, quote, "liquidation", late=late)
        place.order = None

    def leave(self, t: int, symbol: int, quote: float, reason: str, late: bool = False) -> None:
        """Close a position; what the volume limit leaves of it waits, and takes the place of a reversal's entry."""
        place = self.places[symbol]
        units = self.limited(t, symbol, -place.units)
        whole = units == -place.units
        if units:
            self.trade_units(t, symbol, units, quote, reason, late=late)
        if not whole:
            self.cut += units != 0
            place.order = Order("exit", reason)
