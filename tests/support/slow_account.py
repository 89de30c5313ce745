"""A second account, written from the documented rules alone: loops in plain Python, one rule at a time, no speed.

The compiled account must agree with it. ``slow_accounts`` takes what ``engine.backtest.portfolio.keep_accounts``
takes and shares nothing with it but the request and the bars.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from engine.backtest.costs import Costs
from engine.backtest.sizings.percent import Percent
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars
from engine.strategies import Signals

YEAR = 365.2425 * 86_400_000
PROTECTIVE = ("stop loss", "take profit", "trailing stop", "time stop")
CLOSE_ENOUGH = 1e-9
"""An order that asks for more than there is by a smaller part than this is not cut."""


@dataclass
class Order:
    """A decision that waits. ``ask`` is "long", "short", "exit", "exit long", "exit short" or "weight"."""

    ask: str
    reason: str
    amount: float = math.nan
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
    reason: str = ""
    ambiguous: bool = False
    is_open: bool = False
    high: float = -math.inf
    low: float = math.inf
    trail: float = math.nan

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
    order: Order | None = None
    trade: Trade | None = None
    shielded: bool = False
    """Filled below the open of this very bar, whose high may have come before."""
    traded: float = 0.0
    """Units filled on this very bar."""
    late: bool = False
    """Filled at the close of this very bar: nothing of it was seen."""


@dataclass
class SlowAccount:
    """The account of the symbols whose columns it is given; ``run`` keeps it to the last bar."""

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

    def __post_init__(self) -> None:
        self.cash = self.capital
        self.places = [Place() for _ in self.wanted[0]]
        self.held_last: list[Place] = []

    # -- the bar ----------------------------------------------------------------------------------------------------

    def run(self) -> SlowAccount:
        for t in range(len(self.years)):
            if self.ruined:
                self.equity.append(0.0)
                self.gross.append(0.0)
                continue
            for place in self.places:
                place.shielded, place.late, place.traded = False, False, 0.0
            self.accrue(t)
            self.pay(t)
            self.mark(t, "open")
            if self.spec.fill in ("next_open", "limit"):
                self.fill(t, "open")
            self.margin(t)
            self.stop(t)
            self.mark(t, "close")
            if self.spec.fill == "same_close":
                self.decide(t)
            if self.spec.fill in ("next_close", "same_close"):
                self.fill(t, "close")
            self.value(t)
            if self.spec.fill != "same_close" and not self.ruined:
                self.decide(t)
        self.end()
        return self

    def price(self, t: int, symbol: int, name: str) -> float:
        return float(self.bars[name][t, symbol])

    def mark(self, t: int, name: str) -> None:
        for symbol, place in enumerate(self.places):
            price = self.price(t, symbol, name)
            if not math.isnan(price):
                place.mark = price
            elif name == "close":
                place.mark = place.closed
            if name == "close":
                place.closed = place.mark

    def worth(self) -> float:
        return self.cash + sum(place.units * place.mark for place in self.places if place.units)

    def size(self) -> float:
        return sum(abs(place.units) * place.mark for place in self.places if place.units)

    def shorts(self) -> float:
        return sum(-place.units * place.mark for place in self.places if place.units < 0)

    def accrue(self, t: int) -> None:
        rates, years, shorts = self.spec.financing, self.years[t], self.shorts()
        free = self.cash - shorts
        earned = free * (rates.cash_yield if free > 0 else rates.margin_rate) * years
        earned -= shorts * rates.borrow_cost * years
        self.cash += earned
        self.interest += earned

    def pay(self, t: int) -> None:
        for place, cash in zip(self.places, self.bars["dividend"][t], strict=True):
            if place.trade is not None and cash:
                self.cash += place.units * cash
                self.dividends += place.units * cash
                place.trade.received += place.units * cash

    def value(self, t: int) -> None:
        for place in self.places:
            if place.trade is not None and not place.late and place.units:
                self.watch(t, place)
        if self.worth() <= 0:
            for place in self.places:
                self.book_at_mark(t, place, "liquidation")
                place.order = None
            self.cash, self.ruined = 0.0, True
        self.equity.append(self.worth())
        self.gross.append(self.size())

    def watch(self, t: int, place: Place) -> None:
        """The extremes of a bar that was held to its close; the best of it moves the trailing stop from now on."""
        trade = place.trade
        assert trade is not None
        symbol = trade.symbol
        high, low, close = (self.price(t, symbol, name) for name in ("high", "low", "close"))
        worst, best = (low, high) if trade.side > 0 else (high, low)
        if place.shielded:
            best = close
        trade.saw(worst, best)
        if not math.isnan(best):
            trade.trail = max(trade.trail, best) if trade.side > 0 else min(trade.trail, best)

    def end(self) -> None:
        self.held_last = [replace(place) for place in self.places]
        for place in self.places:
            self.book_at_mark(len(self.years) - 1, place, "still open")

    def book_at_mark(self, t: int, place: Place, reason: str) -> None:
        """End the trade at the last known price, without a cost."""
        trade = place.trade
        if trade is None:
            return
        trade.units_out += abs(place.units)
        trade.value_out += abs(place.units) * place.mark
        trade.exit, trade.reason, trade.is_open = t, reason, reason == "still open"
        self.trades.append(trade)
        place.units, place.trade = 0.0, None

    @property
    def unfilled(self) -> bool:
        """Whether an order still waits that would change what is held."""
        waiting = [(place.order, place.units) for place in self.held_last if place.order is not None]
        opposite = {"long": -1, "short": 1}
        return any(
            order.ask == "weight" or order.closes(units) or (order.ask in opposite and units * opposite[order.ask] >= 0)
            for order, units in waiting
        )

    # -- decisions --------------------------------------------------------------------------------------------------

    def decide(self, t: int) -> None:
        for symbol, place in enumerate(self.places):
            order, waiting = self.wanted[t][symbol], place.order
            if order is not None and (
                waiting is None or waiting.reason not in PROTECTIVE or not place.units or order.ends(place.units)
            ):
                order.limit_from = place.mark
                place.order = order
            amounts = self.resize[t] if self.resize else []
            stays = place.units and not (place.order and place.order.ends(place.units))
            if amounts and stays:
                place.order = Order("resize", "rebalance", amounts[symbol])
            limit = self.spec.stops.time_stop
            trade = place.trade
            if limit is None or trade is None or t - trade.entry < limit:
                continue
            if place.order is None or not place.order.ends(place.units):
                place.order = Order("exit", "time stop")

    # -- fills ------------------------------------------------------------------------------------------------------

    def fill(self, t: int, name: str) -> None:
        """Exits of all symbols, then entries of all."""
        ready = [
            symbol
            for symbol, place in enumerate(self.places)
            if place.order is not None and not math.isnan(self.price(t, symbol, name))
        ]
        for symbol in ready:
            place, order = self.places[symbol], self.places[symbol].order
            assert order is not None
            if order.closes(place.units):
                reason = "reversal" if order.ask in ("long", "short") else order.reason
                place.order = order if reason == "reversal" else None
                self.leave(t, symbol, place.mark, reason, late=name == "close")
            elif order.ask.startswith("exit"):
                place.order = None
        wishes = self.rebalance(t, [symbol for symbol in ready if self.asks(symbol) == "weight"], name)
        entries: list[Wish] = []
        for symbol in ready:
            if self.asks(symbol) in ("long", "short"):
                entries += self.entry(t, symbol)
        wishes += self.resized(t, [symbol for symbol in ready if self.asks(symbol) == "resize"], entries)
        self.enter(t, wishes, name)

    def asks(self, symbol: int) -> str:
        order = self.places[symbol].order
        return "" if order is None else order.ask

    def entry(self, t: int, symbol: int) -> list[Wish]:
        """The entry that is due, if any; the order is taken off where it is done with."""
        place = self.places[symbol]
        order, place.order = place.order, None
        assert order is not None
        side = 1 if order.ask == "long" else -1
        if place.units:
            return []
        if self.spec.fill == "limit":
            order.tries += 1
            quote = self.limit_fill(t, symbol, side, order)
            if quote is None:
                place.order = order if order.tries < self.spec.limit_bars else None
                return []
            return self.wish(symbol, side, quote, quote, order.amount)
        return self.wish(symbol, side, place.mark, self.slipped(place.mark, side), order.amount)

    def limit_fill(self, t: int, symbol: int, side: int, order: Order) -> float | None:
        limit = order.limit_from * (1 - side * self.spec.limit_offset * 1e-4)
        opens, high, low = (self.price(t, symbol, name) for name in ("open", "high", "low"))
        if side > 0:
            return min(opens, limit) if low <= limit else None
        return max(opens, limit) if high >= limit else None

    def wish(self, symbol: int, side: int, quote: float, price: float, amount: float) -> list[Wish]:
        """What an entry asks for at ``price``; nothing where the amount is no positive number."""
        amount = self.part(amount)
        if not amount > 0:
            return []
        if self.measure in ("units", "value"):
            units = amount if self.measure == "units" else amount / price
            cost = units * price + self.commission(units, price)
            return [Wish(symbol, side, units, cost, quote, self.spec.fill == "limit")]
        budget = amount * self.worth()
        units = self.units_of(budget, price)
        return [Wish(symbol, side, units, budget, quote, self.spec.fill == "limit", strict=True)]

    def part(self, amount: float) -> float:
        """The amount of an order, or the Kelly fraction of the trades so far."""
        if self.measure != "kelly" or len(self.trades) < self.kelly_trades:
            return amount
        results = [trade.pnl / trade.value_in for trade in self.trades]
        won, lost = [r for r in results if r > 0], [-r for r in results if r <= 0]
        if not won:
            return 0.0
        p = len(won) / len(results)
        mean_loss = sum(lost) / len(lost) if lost else 0.0
        fraction = p - (1 - p) * mean_loss / (sum(won) / len(won))
        return min(max(self.scale * fraction, 0.0), self.cap)

    def enter(self, t: int, wishes: Sequence[Wish], name: str) -> None:
        """Entries; each gets the same part of its cost where they cost more than there is."""
        equity = self.worth()
        room = self.spec.financing.leverage * equity - self.size()
        if room <= CLOSE_ENOUGH * equity:
            room = 0.0
        total = sum(wish.cost for wish in wishes)
        for wish in wishes:
            share = room / total if total > 0 else 0.0
            if wish.strict:
                share = min(share, 1.0)
            units = abs(self.limited(t, wish.symbol, wish.units))
            price = self.paid(t, wish.symbol, wish.side * units, wish.quote, wish.by_limit)
            units = min(units, self.units_of(share * wish.cost, price))
            if units <= 0:
                self.rejected += 1
                continue
            self.cut += units < wish.units * (1 - CLOSE_ENOUGH)
            place = self.places[wish.symbol]
            if wish.by_limit and (wish.quote - self.price(t, wish.symbol, "open")) * wish.side < 0:
                place.shielded = True
            self.trade_units(t, wish.symbol, wish.side * units, wish.quote, "signal", by_limit=wish.by_limit)
            place.late = place.late or (name == "close" and place.trade is not None and place.trade.entry == t)

    def rebalance(self, t: int, symbols: Sequence[int], name: str) -> list[Wish]:
        """Shrink towards the weights, to nothing where they have another side; returns what has to grow."""
        equity, wishes = self.worth(), []
        targets: dict[int, float] = {}
        for symbol in symbols:
            place = self.places[symbol]
            assert place.order is not None
            targets[symbol] = place.order.amount * equity / place.mark
            place.order = None
        for symbol, target in targets.items():
            place = self.places[symbol]
            if place.units and place.units * target <= 0:
                reason = "reversal" if target else "signal"
                self.leave(t, symbol, place.mark, reason, late=name == "close")
            elif abs(place.units) - abs(target) > CLOSE_ENOUGH * abs(place.units):
                self.trade_units(t, symbol, self.limited(t, symbol, target - place.units), place.mark, "rebalance")
        for symbol, target in targets.items():
            place = self.places[symbol]
            more = abs(target) - abs(place.units)
            if place.units * target >= 0 and more > CLOSE_ENOUGH * abs(target):
                side = 1 if target > 0 else -1
                price = self.slipped(place.mark, side)
                cost = more * price + self.commission(more, price)
                wishes.append(Wish(symbol, side, more, cost, place.mark, by_limit=False))
        return wishes

    def resized(self, t: int, symbols: Sequence[int], entries: list[Wish]) -> list[Wish]:
        """Bring positions to what their sizing asks for, in fair parts with the entries; returns what has to grow."""
        equity, targets = self.worth(), dict[int, float]()
        for symbol in symbols:
            place = self.places[symbol]
            assert place.order is not None
            amount, place.order = self.part(place.order.amount), None
            if place.units and amount > 0:
                value = {"units": amount * place.mark, "value": amount}.get(self.measure, amount * equity)
                targets[symbol] = value / place.mark
        if not targets:
            return entries
        asked = sum(units * self.places[symbol].mark for symbol, units in targets.items())
        asked += sum(wish.cost for wish in entries)
        others = self.size() - sum(abs(self.places[symbol].units) * self.places[symbol].mark for symbol in targets)
        room = self.spec.financing.leverage * equity - others
        part = min(room / asked, 1.0) if room > CLOSE_ENOUGH * equity else 0.0
        wishes = [replace(wish, units=wish.units * part, cost=wish.cost * part) for wish in entries]
        lacking: dict[int, float] = {}
        for symbol, units in targets.items():
            held = abs(self.places[symbol].units)
            lacking[symbol] = units * part - held
            if lacking[symbol] < -CLOSE_ENOUGH * held:
                sold = self.limited(t, symbol, math.copysign(lacking[symbol], -self.places[symbol].units))
                if sold:
                    self.trade_units(t, symbol, sold, self.places[symbol].mark, "rebalance")
        for symbol, more in lacking.items():
            place = self.places[symbol]
            if place.units and more > CLOSE_ENOUGH * abs(place.units):
                side = 1 if place.units > 0 else -1
                price = self.slipped(place.mark, side)
                cost = more * price + self.commission(more, price)
                strict = self.measure in ("equity", "kelly")
                wishes.append(Wish(symbol, side, more, cost, place.mark, by_limit=False, strict=strict))
        return wishes

    # -- prices, costs, sizes ---------------------------------------------------------------------------------------

    def units_of(self, budget: float, price: float) -> float:
        """Units that cost ``budget`` with their commission; zero where it does not even pay the least one."""
        costs = self.costs
        by_minimum = (budget - costs.minimum) / price
        by_rates = (budget - costs.per_order) / (price * (1 + costs.commission * 1e-4) + costs.per_share)
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

    def commission(self, units: float, price: float) -> float:
        costs, size = self.costs, abs(units)
        return max(costs.minimum, costs.per_order + costs.per_share * size + costs.commission * 1e-4 * size * price)

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
        fee = self.commission(units, price)
        self.cash -= units * price + fee
        self.slippage += abs(units) * abs(price - quote)
        place.traded += abs(units)
        self.fills.append((t, symbol, units, price, fee, quote))
        trade = place.trade
        if trade is None:
            trade = place.trade = Trade(symbol, 1 if units > 0 else -1, t)
            trade.trail = price
            trade.saw(price)
        trade.fees += fee
        left = place.units + units
        if units * trade.side > 0:
            trade.units_in += abs(units)
            trade.value_in += abs(units) * price
            trade.entry_price = price if math.isnan(trade.entry_price) else trade.value_in / trade.units_in
        else:
            trade.units_out += abs(units)
            trade.value_out += abs(units) * price
            if abs(left) <= 1e-12 * abs(units):
                left = 0.0
        place.units = left
        if left == 0:
            if late:
                self.watch(t, place)
            if not late:
                trade.saw(self.price(t, symbol, "open") if not place.shielded else math.nan, quote)
            trade.exit, trade.reason = t, reason
            self.trades.append(trade)
            place.trade = None

    # -- margin and stops -------------------------------------------------------------------------------------------

    def margin(self, t: int) -> None:
        """Everything is closed where the equity falls below the maintenance margin, at the open or on the way down."""
        if self.cash >= 0 and all(place.units >= 0 for place in self.places):
            return
        maintenance = self.spec.financing.maintenance
        starts = [self.first(t, symbol) for symbol in range(len(self.places))]
        ends = [self.worst(t, symbol, start) for symbol, start in enumerate(starts)]

        def spare(prices: Sequence[float]) -> float:
            held = [(place.units, price) for place, price in zip(self.places, prices, strict=True) if place.units]
            return self.cash + sum(u * p for u, p in held) - maintenance * sum(abs(u) * p for u, p in held)

        first, last = spare(starts), spare(ends)
        if first >= 0 and last >= 0:
            return
        way = 0.0 if first < 0 else first / (first - last)
        for symbol, (start, end) in enumerate(zip(starts, ends, strict=True)):
            place = self.places[symbol]
            if place.units:
                self.forced += self.limited(t, symbol, place.units) != place.units
                self.trade_units(t, symbol, -place.units, start + way * (end - start), "liquidation")
                place.order = None

    def first(self, t: int, symbol: int) -> float:
        """Where the way of a position through the bar begins: at its limit if it was filled there."""
        place = self.places[symbol]
        if place.shielded and place.trade is not None:
            return place.trade.entry_price
        return place.mark

    def worst(self, t: int, symbol: int, start: float) -> float:
        place = self.places[symbol]
        low, high = self.price(t, symbol, "low"), self.price(t, symbol, "high")
        if not place.units or math.isnan(low) or math.isnan(self.price(t, symbol, "open")):
            return start
        stop, _ = self.stop_level(place)
        if place.units > 0:
            return min(start, max(low, stop if not math.isnan(stop) else low))
        return max(start, min(high, stop if not math.isnan(stop) else high))

    def stop_level(self, place: Place) -> tuple[float, str]:
        """The tighter of the stop loss and the trailing stop; NaN where there is none."""
        trade, stops = place.trade, self.spec.stops
        assert trade is not None
        found: list[tuple[float, str]] = []
        if stops.stop_loss is not None:
            found.append((trade.entry_price * (1 - trade.side * stops.stop_loss), "stop loss"))
        if stops.trailing_stop is not None:
            found.append((trade.trail * (1 - trade.side * stops.trailing_stop), "trailing stop"))
        if not found:
            return math.nan, ""
        return max(found, key=lambda item: trade.side * item[0])

    def stop(self, t: int) -> None:
        for symbol, place in enumerate(self.places):
            trade = place.trade
            opens, high, low = (self.price(t, symbol, name) for name in ("open", "high", "low"))
            if trade is None or math.isnan(opens):
                continue
            level, reason = self.stop_level(place)
            profit = self.spec.stops.take_profit
            target = math.nan if profit is None or place.shielded else trade.entry_price * (1 + trade.side * profit)
            if place.shielded:
                opens = trade.entry_price
            side = trade.side
            worst, best = (low, high) if side > 0 else (high, low)
            stopped, taken = side * worst <= side * level, side * best >= side * target
            if side * opens <= side * level:
                self.leave(t, symbol, opens, reason)
            elif side * opens >= side * target:
                self.leave(t, symbol, opens, "take profit")
            elif stopped:
                self.leave(t, symbol, level, reason)
                trade.ambiguous = taken and not place.units
            elif taken:
                self.leave(t, symbol, target, "take profit")

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


def asked_for(signals: Signals, direction: str, t: int) -> str:
    """What ``signals`` ask for at the close of bar ``t``, following one side or both; "" is nothing."""

    def at(flags: np.ndarray | None) -> bool:
        return flags is not None and bool(flags[t])

    go_long = direction != "short" and at(signals.entries) and not at(signals.exits)
    go_short = direction != "long" and at(signals.short_entries) and not at(signals.short_exits)
    end_long = direction != "short" and at(signals.exits)
    end_short = direction != "long" and at(signals.short_exits)
    if go_long != go_short:
        return "long" if go_long else "short"
    if end_long and end_short:
        return "exit"
    return "exit long" if end_long else "exit short" if end_short else ""


def slow_accounts(
    spec: BacktestSpec, bars: Sequence[Bars], decisions: Sequence[Signals] | np.ndarray, costs: Costs | None = None
) -> list[SlowAccount]:
    """The accounts of ``spec`` that follow ``decisions``: one for all symbols, or one for each."""
    costs = spec.costs if costs is None else costs
    if isinstance(decisions, np.ndarray):
        part = spec.sizing.part if isinstance(spec.sizing, Percent) else 1.0
        orders = [
            [None if np.isnan(weight) else Order("weight", "rebalance", float(weight) * part) for weight in row]
            for row in decisions
        ]
        return [_account(spec, costs, bars, orders, spec.capital)]
    if spec.cash == "shared":
        resize = _resizing(spec, bars) if len(bars) > 1 else None
        return [_account(spec, costs, bars, _orders(spec, bars, decisions), spec.capital, resize)]
    return [
        _account(spec, costs, [item], _orders(spec, [item], [signals]), spec.capital / len(bars))
        for item, signals in zip(bars, decisions, strict=True)
    ]


def _calendar(bars: Sequence[Bars]) -> list[int]:
    return sorted({int(moment) for item in bars for moment in item.time.astype("datetime64[ms]").astype(np.int64)})


def _orders(spec: BacktestSpec, bars: Sequence[Bars], decisions: Sequence[Signals]) -> list[list[Order | None]]:
    time = _calendar(bars)
    found: list[list[Order | None]] = [[None] * len(bars) for _ in time]
    for symbol, (item, signals) in enumerate(zip(bars, decisions, strict=True)):
        amount = spec.sizing.size(item).amount
        for t, moment in enumerate(item.time.astype("datetime64[ms]").astype(np.int64)):
            ask = asked_for(signals, spec.direction, t)
            if ask:
                found[time.index(int(moment))][symbol] = Order(ask, "signal", float(amount[t]))
    return found


def _resizing(spec: BacktestSpec, bars: Sequence[Bars]) -> list[list[float]]:
    """Amounts of each symbol at the first bar of each period, nothing at others."""
    time = [datetime.fromtimestamp(moment / 1000, UTC) for moment in _calendar(bars)]
    period = {
        "never": lambda day: 0,
        "day": lambda day: day.date(),
        "week": lambda day: day.isocalendar()[:2],
        "month": lambda day: (day.year, day.month),
        "quarter": lambda day: (day.year, (day.month - 1) // 3),
    }[spec.rebalance]
    begins = [False] + [period(after) != period(before) for before, after in pairwise(time)]
    amounts = [[math.nan] * len(bars) for _ in time]
    for symbol, item in enumerate(bars):
        for moment, amount in zip(item.time, spec.sizing.size(item).amount, strict=True):
            row = _calendar(bars).index(int(moment.astype("datetime64[ms]").astype(np.int64)))
            amounts[row][symbol] = float(amount)
    return [row if begin else [] for row, begin in zip(amounts, begins, strict=True)]


def _account(
    spec: BacktestSpec,
    costs: Costs,
    bars: Sequence[Bars],
    orders: list[list[Order | None]],
    cash: float,
    resize: list[list[float]] | None = None,
) -> SlowAccount:
    time = _calendar(bars)
    columns = {name: np.full((len(time), len(bars)), np.nan) for name in ("open", "high", "low", "close", "volume")}
    columns["dividend"] = np.zeros((len(time), len(bars)))
    for symbol, item in enumerate(bars):
        for t, moment in enumerate(item.time.astype("datetime64[ms]").astype(np.int64)):
            for name, column in list(columns.items())[:5]:
                column[time.index(int(moment)), symbol] = getattr(item, name)[t]
        paid = item.dividends
        for moment, each in [] if paid is None else zip(paid.time, paid.cash, strict=True):
            row = time.index(int(moment.astype("datetime64[ms]").astype(np.int64)))
            columns["dividend"][row, symbol] = each
    years = [0.0] + [(after - before) / YEAR for before, after in pairwise(time)]
    size = spec.sizing.size(bars[0])
    kelly = (size.scale, size.cap, size.trades, size.measure)
    return SlowAccount(spec, costs, columns, years, orders, cash, resize, *kelly).run()
