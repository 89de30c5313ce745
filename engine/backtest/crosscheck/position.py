"""State of a trader per symbol, and the terms of its orders."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, nan
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from engine.backtest.stops import Stops


@dataclass(frozen=True)
class BacktraderTrade:
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
class OrderTerms:
    """Terms of an order: its ``price`` unless it is a market order, and the ``max_units`` within the volume limit.
    ``closes`` marks an exit; ``one_cancels_other`` (OCO) links it to the previous order.
    """

    kind: Literal["market", "stop", "limit"] = "market"
    price: float = nan
    max_units: float = inf
    without_slippage: bool = False
    closes: bool = False
    one_cancels_other: bool = False


class Broker(Protocol):
    """Interface of Backtrader to a trader."""

    def held(self, symbol: int) -> float:
        """Units, negative when short."""

    def order(self, symbol: int, units: float, terms: OrderTerms) -> None:
        """Buy, or sell where ``units`` is negative; the unfilled rest of an exit is reported by ``unfinished``."""

    def add_cash(self, cash: float) -> None:
        """Interest and dividends, paid where negative."""


@dataclass
class Position:
    """A symbol: the ``pending`` decision (``amount`` its size, ``age`` the bars on which its limit was tried,
    ``from_stop`` for a stop's exit, ``called`` for that of a margin call, ``unfunded`` for the part of a weight that
    lacked buying power), the ``target`` in units of a weight or a rebalancing, and sums over the fills of the position;
    ``price`` is the mean entry price.
    """

    pending: int = 0
    from_stop: bool = False
    called: bool = False
    unfunded: bool = False
    amount: float = nan
    limit: float = nan
    decided_stop: float = nan
    distance: float = nan
    age: int = 0
    target: float = nan
    entry: int = 0
    side: int = 0
    best: float = nan
    price: float = nan
    fees: float = 0.0
    dividends: float = 0.0
    cost_basis: float = 0.0
    bought: float = 0.0
    proceeds: float = 0.0
    sold: float = 0.0

    def take(self, code: int, amount: float, limit: float, stop: float) -> None:
        """Replace the pending decision."""
        self.pending, self.amount, self.limit, self.decided_stop, self.age = code, amount, limit, stop, 0
        self.from_stop = self.unfunded = False

    def enter(self, units: float, price: float) -> None:
        """Add an entry fill; the price of a single fill stays exact, as stop levels derive from it."""
        self.cost_basis, self.bought = self.cost_basis + units * price, self.bought + units
        self.price = price if units == self.bought else self.cost_basis / self.bought

    def closed(self, pending: int) -> Position:
        """The symbol without a position, with the terms of the decision that waits."""
        names = ("from_stop", "amount", "limit", "decided_stop", "age", "target")
        return Position(pending=pending, **{name: getattr(self, name) for name in names})

    def trade(self, symbol: int, exit: int, pnl: float) -> BacktraderTrade:
        """The position as a trade that ends at the bar ``exit``."""
        price = self.proceeds / self.sold
        return BacktraderTrade(symbol, self.side, self.entry, exit, self.price, price, self.bought, pnl)

    def stop(self, rules: Stops) -> float:
        """The tighter of stop loss and trailing stop, NaN for none."""
        levels = []
        distance = rules.stop_loss if isnan(self.distance) else self.distance
        if distance is not None:
            levels.append(self.price * (1 - self.side * distance))
        if rules.trailing_stop is not None:
            levels.append(self.best * (1 - self.side * rules.trailing_stop))
        return max(levels, key=lambda level: self.side * level) if levels else nan


@dataclass
class OrderRequest:
    """An entry or an addition: units at ``quote``, and their cost including commission. ``limit`` is NaN for none,
    ``is_reached`` whether the bar trades at it.
    """

    symbol: int
    units: float
    quote: float
    cost: float
    limit: float = nan
    is_reached: bool = True
