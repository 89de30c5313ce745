"""All orders of a moment in the slow account: exits, entries and rebalancing, each with its fair part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tests.support.slow_account.books import CLOSE_ENOUGH, Books
from tests.support.slow_account.records import Order, Wish

WEEK = 7 / 365.2425 + 1e-9


class Orders(Books):
    """Books that fill what waits."""

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
            if place.is_called:
                self.liquidate(t, symbol, place.mark, late=name == "close")
            elif order.closes(place.units):
                reason = "reversal" if order.ask in ("long", "short") else order.reason
                place.order = order if reason == "reversal" else None
                self.leave(t, symbol, place.mark, reason, late=name == "close")
            elif order.ask.startswith("exit"):
                place.order = None
        closed = [place for symbol, place in enumerate(self.places) if math.isnan(self.price(t, symbol, name))]
        self.awaited = [
            place.order.ask
            for place in closed
            if place.units and place.order is not None and sum(self.years[place.seen + 1 : t + 1]) <= WEEK
        ]
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
        place.stop = order.stop if not place.units else place.stop
        side = 1 if order.ask == "long" else -1
        if place.units:
            return []
        if self.spec.fill == "limit":
            order.tries += 1
            quote = self.limit_fill(t, symbol, side, order)
            if quote is None:
                place.order = order if order.tries < self.spec.limit_bars else None
                return []
            return self.wish(t, symbol, side, quote, quote, order.amount)
        return self.wish(t, symbol, side, place.mark, self.slipped(place.mark, side), order.amount)

    def limit_fill(self, t: int, symbol: int, side: int, order: Order) -> float | None:
        limit = order.limit_from * (1 - side * self.spec.limit_offset * 1e-4)
        opens, high, low = (self.price(t, symbol, name) for name in ("open", "high", "low"))
        if side > 0:
            return min(opens, limit) if low <= limit else None
        return max(opens, limit) if high >= limit else None

    def wish(self, t: int, symbol: int, side: int, quote: float, price: float, amount: float) -> list[Wish]:
        """What an entry asks for at ``price``; nothing where the amount is no positive number."""
        amount = self.part(amount)
        if not amount > 0:
            return []
        if self.measure in ("units", "value"):
            units = amount / (self.price(t, symbol, "shares") if self.measure == "units" else price)
            cost = units * price + self.commission(t, symbol, units, price)
            return [Wish(symbol, side, units, cost, quote, self.spec.fill == "limit")]
        budget = amount * self.worth()
        units = self.units_of(t, symbol, budget, price)
        return [Wish(symbol, side, units, budget, quote, self.spec.fill == "limit", strict=True)]

    def part(self, amount: float) -> float:
        """The amount of an order, or the Kelly fraction of the trades so far; NaN, without a bar to size by, stays."""
        returns = [trade.pnl / trade.value_in for trade in self.trades]
        results = [value for value in returns if abs(value) > CLOSE_ENOUGH]
        if self.measure != "kelly" or len(results) < self.kelly_trades or math.isnan(amount):
            return amount
        won, lost = [r for r in results if r > 0], [-r for r in results if r < 0]
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
            if wish.order is not None and share < 1 - CLOSE_ENOUGH and "weight" in self.awaited:
                self.places[wish.symbol].order = replace(wish.order, reason="rest")
                if share == 0:
                    continue
            price = wish.quote if wish.by_limit else self.slipped(wish.quote, wish.side)
            possible = min(wish.units, self.units_of(t, wish.symbol, share * wish.cost, price))
            possible = abs(self.limited(t, wish.symbol, possible))
            units = self.borne(t, wish, possible, share * wish.cost)
            if units <= 0:
                self.rejected += 1
                continue
            self.cut += possible < wish.units * (1 - CLOSE_ENOUGH)
            place = self.places[wish.symbol]
            if wish.by_limit and (wish.quote - self.price(t, wish.symbol, "open")) * wish.side < 0:
                place.shielded = True
            self.trade_units(t, wish.symbol, wish.side * units, wish.quote, "signal", by_limit=wish.by_limit)
            place.late = place.late or (name == "close" and place.trade is not None and place.trade.entry == t)

    def borne(self, t: int, wish: Wish, units: float, budget: float) -> float:
        """As many of the ``units`` of a purchase as the budget pays for, with what they themselves move the price."""
        if wish.side < 0 or wish.by_limit or not self.costs.volume_impact:
            return units

        def is_dear(size: float) -> bool:
            price = self.paid(t, wish.symbol, size, wish.quote, by_limit=False)
            return size * price + self.commission(t, wish.symbol, size, price) > budget * (1 + 1e-14)

        if not is_dear(units):
            return units
        low, high = 0.0, units
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if is_dear(middle) else (middle, high)
        return low

    def rebalance(self, t: int, symbols: Sequence[int], name: str) -> list[Wish]:
        """Shrink towards the weights, to nothing where they have another side; returns what has to grow."""
        equity, wishes = self.worth(), []
        targets: dict[int, float] = {}
        orders: dict[int, Order] = {}
        for symbol in symbols:
            place = self.places[symbol]
            assert place.order is not None
            targets[symbol] = place.order.amount * equity / place.mark
            orders[symbol], place.order = place.order, None
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
                cost = more * price + self.commission(t, symbol, more, price)
                wishes.append(Wish(symbol, side, more, cost, place.mark, by_limit=False, order=orders[symbol]))
        return wishes

    def resized(self, t: int, symbols: Sequence[int], entries: list[Wish]) -> list[Wish]:
        """Bring positions to what their sizing asks for, in fair parts with the entries; returns what has to grow."""
        targets = self.sized(t, symbols)
        part = self.bearable(targets, entries)
        for symbol in symbols:
            if symbol not in targets or part >= 1 - CLOSE_ENOUGH or "resize" not in self.awaited:
                self.places[symbol].order = None
        if not targets:
            return entries
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
                cost = more * price + self.commission(t, symbol, more, price)
                strict = self.measure in ("equity", "kelly")
                wishes.append(Wish(symbol, side, more, cost, place.mark, by_limit=False, strict=strict))
        return wishes

    def sized(self, t: int, symbols: Sequence[int]) -> dict[int, float]:
        """Units that the sizing asks for now, of positions that it has an answer for."""
        targets: dict[int, float] = {}
        for symbol in symbols:
            place = self.places[symbol]
            assert place.order is not None
            amount = self.part(place.order.amount)
            if place.units and amount > 0:
                a_share = place.mark / self.price(t, symbol, "shares")
                value = {"units": amount * a_share, "value": amount}.get(self.measure, amount * self.worth())
                targets[symbol] = value / place.mark
        return targets

    def bearable(self, targets: dict[int, float], entries: Sequence[Wish]) -> float:
        """The part of targets and entries that the account can bear beside what else it holds."""
        if not targets:
            return 1.0
        asked = sum(units * self.places[symbol].mark for symbol, units in targets.items())
        asked += sum(wish.cost for wish in entries)
        others = self.size() - sum(abs(self.places[symbol].units) * self.places[symbol].mark for symbol in targets)
        room = self.spec.financing.leverage * self.worth() - others
        return min(room / asked, 1.0) if room > CLOSE_ENOUGH * self.worth() else 0.0
