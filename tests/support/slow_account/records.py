"""Records of the slow account: orders, requested entries, trades, and a position per symbol."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Order:
    """A decision that waits. ``ask`` is "long", "short", "exit", "exit long", "exit short" or "weight"."""

    ask: str
    reason: str
    amount: float = math.nan
    stop: float = math.nan
    limit_from: float = math.nan
    tries: int = 0

    def closes(self, units: float) -> bool:
        """Whether it ends a position of ``units``."""
        if units > 0:
            return self.ask in ("short", "exit", "exit long")
        return units < 0 and self.ask in ("long", "exit", "exit short")

    def ends(self, units: float) -> bool:
        """The same, where a weight of nothing or of the other side is an exit too."""
        return self.amount * units <= 0 if self.ask == "weight" else self.closes(units)


@dataclass(frozen=True)
class Wish:
    """An entry as it is asked for: units, what they cost with commission; a strict one shall not cost more."""

    symbol: int
    side: int
    units: float
    cost: float
    quote: float
    by_limit: bool
    strict: bool = False
    order: Order | None = None
    """Of a weight: it waits on where there is not enough."""


@dataclass
class Trade:
    """A position from flat to flat."""

    symbol: int
    side: int
    entry: int
    units_in: float = 0.0
    value_in: float = 0.0
    units_out: float = 0.0
    value_out: float = 0.0
    fees: float = 0.0
    received: float = 0.0
    exit: int = -1
    closes: int = 0
    """Of the symbol's own bars since that of the entry."""
    reason: str = ""
    ambiguous: bool = False
    is_open: bool = False
    high: float = -math.inf
    low: float = math.inf
    trail: float = math.nan
    stop: float = math.nan
    entry_price: float = math.nan

    @property
    def exit_price(self) -> float:
        return self.value_out / self.units_out

    @property
    def pnl(self) -> float:
        return self.side * (self.value_out - self.value_in) - self.fees + self.received

    @property
    def mae(self) -> float:
        worst = self.low if self.side > 0 else self.high
        return min(0.0, self.side * (worst / self.entry_price - 1))

    @property
    def mfe(self) -> float:
        best = self.high if self.side > 0 else self.low
        return max(0.0, self.side * (best / self.entry_price - 1))

    def grow(self, units: float, price: float) -> None:
        self.units_in += units
        self.value_in += units * price
        self.entry_price = price if math.isnan(self.entry_price) else self.value_in / self.units_in

    def shrink(self, units: float, price: float) -> None:
        self.units_out += units
        self.value_out += units * price

    def saw(self, *prices: float) -> None:
        """Prices that were there while it was held."""
        for price in prices:
            if not math.isnan(price):
                self.high, self.low = max(self.high, price), min(self.low, price)


@dataclass
class Place:
    """What an account has of one symbol: signed units, the price of the moment and the last known close, the order
    that waits.
    """

    units: float = 0.0
    mark: float = math.nan
    closed: float = math.nan
    seen: int = 0
    """The bar of the last known close."""
    order: Order | None = None
    stop: float = math.nan
    """The distance that came with the last entry."""
    trade: Trade | None = None
    shielded: bool = False
    """Filled below the open of this very bar, whose high may have come before."""
    traded: float = 0.0
    """Units filled on this very bar."""
    late: bool = False
    """Filled at the close of this very bar: nothing of it was seen."""

    @property
    def is_called(self) -> bool:
        """A margin call closes it at its next price, and nothing changes that."""
        return self.units != 0 and self.order is not None and self.order.reason == "liquidation"
