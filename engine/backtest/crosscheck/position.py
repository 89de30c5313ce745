"""State that a trader keeps per symbol, and the orders it gives Backtrader."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from engine.backtest.stops import Stops


@dataclass(frozen=True)
class RepeatedTrade:
    """A trade from flat to flat; ``entry`` and ``exit`` are bars. An open one ends at the last close, without a fee."""

    symbol: int
    side: int
    entry: int
    exit: int
    entry_price: float
    exit_price: float
    size: float
    pnl: float


@dataclass(frozen=True)
class Terms:
    """Of an order: its ``price`` if it is no market order, and the ``most`` units that the volume limit lets through.
    One that is ``plain`` has no slippage; one ``instead`` of the order before it is withdrawn when that is filled.
    """

    kind: Literal["market", "stop", "limit"] = "market"
    price: float = nan
    most: float = inf
    plain: bool = False
    closes: bool = False
    instead: bool = False


class Broker(Protocol):
    """What a trader needs of Backtrader."""

    def held(self, symbol: int) -> float:
        """Units, negative when short."""

    def order(self, symbol: int, units: float, terms: Terms) -> None:
        """Buy, or sell where ``units`` is negative; what is left of one that closes comes back by ``unfinished``."""

    def earn(self, cash: float) -> None:
        """Interest and dividends, paid where negative."""


@dataclass
class Position:
    """A symbol: the ``pending`` decision (``amount`` its size, ``age`` the bars that its limit was tried on, ``firm``
    where it is a stop's exit, ``rest`` where it is what a weight could not pay for), the ``target`` in units of a
    weight or a rebalancing, and sums over the fills of what is held; ``price`` is the mean of those into it,
    ``received`` are its dividends.
    """

    pending: int = 0
    firm: bool = False
    rest: bool = False
    amount: float = nan
    limit: float = nan
    age: int = 0
    target: float = nan
    entry: int = 0
    side: int = 0
    best: float = nan
    price: float = nan
    fees: float = 0.0
    received: float = 0.0
    paid: float = 0.0
    bought: float = 0.0
    got: float = 0.0
    sold: float = 0.0

    def enter(self, units: float, price: float) -> None:
        """A fill into the position; a quotient would miss the price of the first by a rounding, and a stop lies exactly
        below it.
        """
        self.paid, self.bought = self.paid + units * price, self.bought + units
        self.price = price if units == self.bought else self.paid / self.bought

    def trade(self, symbol: int, exit: int, pnl: float) -> RepeatedTrade:
        """The position as a trade that ends at the bar ``exit``."""
        price = self.got / self.sold
        return RepeatedTrade(symbol, self.side, self.entry, exit, self.price, price, self.bought, pnl)

    def stop(self, rules: Stops) -> float:
        """The nearer of stop loss and trailing stop, NaN for none."""
        levels = []
        if rules.stop_loss is not None:
            levels.append(self.price * (1 - self.side * rules.stop_loss))
        if rules.trailing_stop is not None:
            levels.append(self.best * (1 - self.side * rules.trailing_stop))
        return max(levels, key=lambda level: self.side * level) if levels else nan


@dataclass
class Ask:
    """An entry or an addition: units at ``quote``, and what they cost with commission. ``limit`` is NaN for none,
    ``met`` tells whether the bar reaches it.
    """

    symbol: int
    units: float
    quote: float
    cost: float
    limit: float = nan
    met: bool = True
