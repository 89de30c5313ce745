"""The slow account bar by bar: what happens in which order, decisions, margin and stops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tests.support.slow_account.orders import Orders
from tests.support.slow_account.records import Order, Place

PROTECTIVE = ("stop loss", "take profit", "trailing stop", "time stop")


class SlowAccount(Orders):
    """``run`` keeps the account to the last bar."""

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
            self.answer_calls(t)
            if self.spec.fill in ("next_open", "limit"):
                self.fill(t, "open")
            self.margin(t)
            self.stop(t)
            self.mark(t, "close")
            for symbol, place in enumerate(self.places):
                if place.trade is not None and place.trade.entry < t and not math.isnan(self.price(t, symbol, "close")):
                    place.trade.closes += 1
            if self.spec.fill == "same_close":
                self.decide(t)
            if self.spec.fill in ("next_close", "same_close"):
                self.fill(t, "close")
            self.value(t)
            if self.spec.fill != "same_close" and not self.ruined:
                self.decide(t)
        self.end()
        return self

    def answer_calls(self, t: int) -> None:
        """Margin calls of a bar on which a market was closed are answered when it opens."""
        for symbol, place in enumerate(self.places):
            if place.is_called and not math.isnan(self.price(t, symbol, "open")):
                self.liquidate(t, symbol, place.mark)

    def mark(self, t: int, name: str) -> None:
        for symbol, place in enumerate(self.places):
            price = self.price(t, symbol, name)
            if not math.isnan(price):
                place.mark = price
                place.seen = t if name == "close" else place.seen
            elif name == "close":
                place.mark = place.closed
            if name == "close":
                place.closed = place.mark

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

    def end(self) -> None:
        self.held_last = [replace(place) for place in self.places]
        for place in self.places:
            self.book_at_mark(len(self.years) - 1, place, "still open")

    @property
    def unfilled(self) -> bool:
        """Whether an order still waits that would change what is held."""
        waiting = [(place.order, place.units) for place in self.held_last if place.order is not None]
        opposite = {"long": -1, "short": 1}
        return any(
            order.ask == "weight" or order.closes(units) or (order.ask in opposite and units * opposite[order.ask] >= 0)
            for order, units in waiting
        )

    def decide(self, t: int) -> None:
        for symbol, place in enumerate(self.places):
            if place.is_called:
                continue
            waiting = place.order
            order = self.heard(self.wanted[t][symbol], place)
            firm = waiting is not None and (waiting.reason in PROTECTIVE or waiting.ask == "resize")
            if order is not None and (not firm or not place.units or order.ends(place.units)):
                order.limit_from = place.mark
                place.order = order
            amounts = self.resize[t] if self.resize else []
            stays = place.units and not (place.order and place.order.ends(place.units))
            if amounts and stays and 0 < amounts[symbol] < math.inf:
                place.order = Order("resize", "rebalance", amounts[symbol])
            limit = self.spec.stops.time_stop
            trade = place.trade
            if limit is None or trade is None or trade.closes < limit:
                continue
            if place.order is None or not place.order.ends(place.units):
                place.order = Order("exit", "time stop")

    @staticmethod
    def heard(order: Order | None, place: Place) -> Order | None:
        """An exit of a side that is neither held nor waited for is none; of one that waits it withdraws the entry
        alone.
        """
        if order is None or order.ask not in ("exit long", "exit short"):
            return order
        side = order.ask.removeprefix("exit ")
        entry = place.order.ask if place.order is not None else ""
        if entry == side:
            return Order("exit", order.reason)
        if entry in ("long", "short"):
            return None
        return order if place.units * (1 if side == "long" else -1) > 0 else None

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
            if place.units and math.isnan(self.price(t, symbol, "open")):
                place.order = Order("exit", "liquidation")
            elif place.units:
                self.liquidate(t, symbol, start + way * (end - start))

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
        if stops.stop_expression is not None:
            found.append((trade.entry_price * (1 - trade.side * trade.stop), "stop loss"))
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
            side, held = trade.side, place.units
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
            else:
                continue
            if place.order is not None and (place.order.reason == "rest" or not place.order.ends(held)):
                place.order = None
