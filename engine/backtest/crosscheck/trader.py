"""The trader that gives Backtrader its orders: decisions, sizes, stops and margin calls, from the
positions that Backtrader reports.

Backtrader decides whether and at what price an order fills, charges for it, and keeps cash, positions and profits.
What it has no order for is looked at here, once a step (see ``script``): what new positions may cost together, when a
margin call comes, and that a bar which opens beyond a target is sold at its open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import copysign, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.crosscheck import sizes
from engine.backtest.crosscheck.position import Ask, Broker, Position, RepeatedTrade, Terms
from engine.backtest.crosscheck.script import DURING, Script
from engine.backtest.crosscheck.targets import ENTER as ENTRIES
from engine.backtest.crosscheck.targets import GO_LONG, RESIZE, TO_WEIGHT, Targets, ends, heard
from engine.backtest.crosscheck.targets import LEAVE as EXITS

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

MARKET = Terms()
DUST, WEEK = 1e-12, 7 / 365.2425 + 1e-9
PROGRESS_BARS = 500
MARGIN, GAP, PEEK = "margin call", "gap", "shared limits"
"""What Backtrader has no order for."""


@dataclass
class Trader:
    """One account. ``cash`` is negative where it is borrowed; ``worth`` the equity, ``gross`` the positions' sizes."""

    spec: BacktestSpec
    script: Script
    targets: Targets
    broker: Broker
    cash: float
    worth: float
    gross: float = 0.0
    ruined: bool = False
    bar: int = 0
    equity: list[float] = field(default_factory=list)
    trades: list[RepeatedTrade] = field(default_factory=list)
    own: Counter[str] = field(default_factory=Counter)
    on_progress: Callable[[float], None] = lambda part: None

    def __post_init__(self) -> None:
        self.stepping = DURING
        self.taken = [0.0] * self.targets.codes.shape[1]
        self.positions = [Position() for _ in range(self.targets.codes.shape[1])]
        self.returns: list[float] = []
        self.asks: list[Ask] | None = None

    def before(self, row: int) -> None:
        """Give the orders of a step."""
        self.bar, self.stepping = int(self.script.bar[row]), int(self.script.step[row])
        if row == 0 or self.script.bar[row - 1] != self.bar:
            self.taken = [0.0] * len(self.positions)
        if not self.ruined:
            (self.accrue, self.leave, self.trim, self.enter, self.during)[self.stepping]()

    def after(self, row: int, worth: float) -> None:
        """A step is over; ``worth`` is the account's value at its close."""
        values = [self.broker.held(s) * self.script.prices[row, s, 3] for s in range(len(self.positions))]
        self.worth, self.cash, self.gross = worth, worth - sum(values), sum(map(abs, values))
        during = self.script.step[row] == DURING
        if during:
            self.see()
        last = row + 1 == len(self.script.bar) or self.script.bar[row + 1] != self.bar
        if during if self.spec.fill == "same_close" else last:
            self.decide()
        if last:
            self.close_bar()

    def filled(self, symbol: int, units: float, price: float, fee: float) -> None:
        """Backtrader has filled an order."""
        position, side = self.positions[symbol], 1 if units > 0 else -1
        if not position.bought:
            position.entry, position.side, position.best = self.bar, side, price
        if side == position.side:
            position.enter(abs(units), price)
        else:
            position.got, position.sold = position.got + abs(units) * price, position.sold + abs(units)
        position.fees += fee
        self.taken[symbol] += abs(units)

    def closed(self, symbol: int, pnl: float) -> None:
        """By Backtrader's books the position is closed with this profit; it knows no dividends."""
        position = self.positions[symbol]
        pnl += position.received
        self.returns.append(pnl / position.paid)
        self.trades.append(position.trade(symbol, self.bar, pnl))
        outlived = self.stepping == DURING and not ends(position.pending, position.amount, position.side)
        self.positions[symbol] = Position(
            pending=0 if position.rest or outlived else position.pending, firm=position.firm, amount=position.amount,
            limit=position.limit, age=position.age, target=position.target,
        )  # fmt: skip

    def unfinished(self, symbol: int) -> None:
        """The volume limit has left something of an order that closes: it waits for the next bar."""
        position = self.positions[symbol]
        position.firm = position.firm or self.stepping == DURING
        position.pending, position.target = EXITS, nan

    def leave_all(self, symbol: int, terms: Terms = MARKET) -> None:
        """Close a position, as far as the volume limit lets it."""
        terms = replace(terms, most=self.most(symbol), closes=True)
        self.broker.order(symbol, -self.broker.held(symbol), terms)

    def most(self, symbol: int) -> float:
        """What the volume limit leaves of this bar."""
        return sizes.most(float(self.script.volume[self.bar, symbol]), self.taken[symbol], self.spec.costs)

    def finish(self) -> None:
        """Enter what is still held as trades, at the last known prices."""
        for s, position in enumerate(self.positions):
            held, mark = self.broker.held(s), float(self.script.mark[self.bar, s])
            if held:
                position.got, position.sold = position.got + abs(held) * mark, position.sold + abs(held)
                pnl = position.side * (position.got - position.paid) - position.fees + position.received
                self.trades.append(position.trade(s, self.bar, pnl))

    def accrue(self) -> None:
        """Interest on free cash or on what is borrowed, and dividends; Backtrader itself charges for shorts."""
        rates, years = self.spec.financing, float(self.script.years[self.bar])
        short = sum(max(-self.broker.held(s), 0.0) * self.mark_before(s) for s in range(len(self.positions)))
        free = self.cash - short
        self.broker.earn(free * (rates.cash_yield if free > 0 else rates.margin_rate) * years)
        for s, position in enumerate(self.positions):
            paid = self.broker.held(s) * float(self.script.dividends[self.bar, s])
            position.received += paid
            self.broker.earn(paid)

    def mark_before(self, symbol: int) -> float:
        """The last known close before this bar."""
        return float(self.script.mark[max(self.bar - 1, 0), symbol])

    def leave(self) -> None:
        """Exits, those of reversals among them."""
        for s, position, _ in self.asking():
            held = self.broker.held(s)
            if held and position.pending != TO_WEIGHT and ends(position.pending, nan, held):
                self.leave_all(s)
            if not position.pending & (ENTRIES | TO_WEIGHT | RESIZE):
                position.pending = 0

    def trim(self) -> None:
        """What new weights and a rebalancing take away, all reckoned with the equity before any of it is filled."""
        self.resize()
        for s, position, quote in self.asking():
            if position.pending == TO_WEIGHT:
                position.pending, position.rest, position.target = 0, False, position.amount * self.worth / quote
                self.shrink(s, self.broker.held(s), position.target)

    def resize(self) -> None:
        """Targets of what is brought back to its size, in equal parts with the entries where there is not enough."""
        due = [(s, position, quote) for s, position, quote in self.asking() if position.pending == RESIZE]
        asked, others, sized = 0.0, self.gross, list[tuple[int, float, float]]()
        for s, position, quote in due:
            position.pending, held, units = 0, self.broker.held(s), self.sized(s, position.amount, quote)
            if held and units:
                asked, others = asked + units * quote, others - abs(held) * quote
                sized.append((s, held, units))
        if not sized:
            return
        asks = self.entries()
        asked += sum(ask.cost for ask in asks if ask.met)
        part = min(sizes.room(self.worth, others, self.spec.financing.leverage) / asked, 1.0)
        self.asks = [replace(a, units=a.units * part, cost=a.cost * part) if a.met else a for a in asks]
        again = part < 1 - sizes.NOTHING and self.expects(RESIZE)
        for s, held, units in sized:
            missing = part * units - abs(held)
            self.positions[s].pending = RESIZE if again else 0
            if missing > sizes.NOTHING * abs(held):
                self.positions[s].target = copysign(part * units, held)
            elif missing < -sizes.NOTHING * abs(held):
                self.broker.order(s, copysign(missing, -held), Terms(most=self.most(s)))

    def expects(self, code: int) -> bool:
        """Whether something held that such a decision is to change waits for its market, closed for a week at most."""
        waits = ~np.isfinite(self.script.quote[self.bar]) & (self.script.silence[self.bar] <= WEEK)
        return any(waits[s] and p.pending == code and self.broker.held(s) for s, p in enumerate(self.positions))

    def asking(self) -> list[tuple[int, Position, float]]:
        """Symbols with a decision and a quote to fill it at."""
        quotes = self.script.quote[self.bar]
        return [
            (s, position, float(quotes[s]))
            for s, position in enumerate(self.positions)
            if position.pending and isfinite(quotes[s])
        ]

    def shrink(self, symbol: int, held: float, target: float) -> None:
        """Towards ``target`` units, by way of nothing where it lies on the other side."""
        if held and target * held <= 0:
            self.leave_all(symbol)
        elif abs(held) - abs(target) > DUST * abs(held):
            self.broker.order(symbol, target - held, Terms(most=self.most(symbol)))

    def enter(self) -> None:
        """Entries and additions; where they ask for more than the account can bear, each gets the same part of it."""
        entries, self.asks = self.entries() if self.asks is None else self.asks, None
        asks = [*entries, *self.additions()]
        total = sum(ask.cost for ask in asks if ask.met)
        leverage, costs = self.spec.financing.leverage, self.spec.costs
        part = sizes.room(self.worth, self.gross, leverage) / total if total > 0 else 0.0
        if self.targets.measure in ("equity", "kelly"):
            part = min(part, 1.0)
        again = part < 1 - sizes.NOTHING and self.expects(TO_WEIGHT)
        for ask in asks:
            if again:
                self.positions[ask.symbol].pending, self.positions[ask.symbol].rest = TO_WEIGHT, True
            side, volume = (1 if ask.units > 0 else -1), float(self.script.volume[self.bar, ask.symbol])
            budget, shares = ask.cost * (part if ask.met else 1.0), self.shares(ask.symbol)
            before_impact = ask.quote if isfinite(ask.limit) else ask.quote * (1 + side * costs.slip())
            units = min(abs(ask.units), sizes.affordable(budget, before_impact, shares, costs), self.most(ask.symbol))
            if isfinite(ask.limit):
                self.send(ask.symbol, side * units, Terms("limit", ask.limit, plain=True))
            else:
                self.send(ask.symbol, side * sizes.fitted(side, units, budget, ask.quote, volume, shares, costs))
        met = [isfinite(ask.limit) for ask in asks if ask.met]
        self.own[PEEK] += any(met) and len(met) > 1

    def send(self, symbol: int, units: float, terms: Terms = MARKET) -> None:
        """An order, if there is anything to order."""
        if units:
            self.broker.order(symbol, units, terms)

    def entries(self) -> list[Ask]:
        """The entries that wait, and what they ask for."""
        asks, is_limit = [], self.spec.fill == "limit"
        for s, position, quote in self.asking():
            if not position.pending & ENTRIES:
                continue
            side = 1 if position.pending & GO_LONG else -1
            if self.broker.held(s):
                position.pending = 0
                continue
            met = not is_limit or self.meets(s, side, position.limit)
            position.age += 1
            if met or position.age >= self.spec.limit_bars:
                position.pending = 0
            at = side * min(side * quote, side * position.limit) if is_limit else quote
            price = at if is_limit else at * (1 + side * self.spec.costs.slip())
            units, cost = self.wanted(s, position.amount, price)
            if cost:
                asks.append(Ask(s, side * units, at, cost, position.limit if is_limit else nan, met))
        return asks

    def meets(self, symbol: int, side: int, limit: float) -> bool:
        """Whether the bar reaches a limit: what several entries ask for together has to be known before."""
        reached = self.script.low[self.bar, symbol] if side > 0 else self.script.high[self.bar, symbol]
        return bool(side * reached <= side * limit)

    def shares(self, symbol: int) -> float:
        """What a unit is on this day."""
        return float(self.script.shares[self.bar, symbol])

    def wanted(self, symbol: int, amount: float, price: float) -> tuple[float, float]:
        """Units of an entry at ``price``, and what they cost with commission; no cost is no entry."""
        costs, shares, units = self.spec.costs, self.shares(symbol), self.sized(symbol, amount, price)
        if self.targets.measure in ("equity", "kelly"):
            return sizes.affordable(units * price, price, shares, costs), units * price
        return units, units * price + sizes.commission(units, price, shares, costs) if units else 0.0

    def sized(self, symbol: int, amount: float, price: float) -> float:
        """Units of ``amount`` at ``price`` before commission; zero for no answer."""
        targets = self.targets
        if not (isfinite(amount) and amount > 0):
            return 0.0
        if targets.measure == "kelly" and len(self.returns) >= targets.trades:
            amount = sizes.kelly(self.returns, targets.scale, targets.cap)
        if targets.measure in ("equity", "kelly"):
            amount *= self.worth
        return amount / (self.shares(symbol) if targets.measure == "units" else price)

    def additions(self) -> list[Ask]:
        """What weights and a rebalancing ask for beyond what is held."""
        asks = []
        for s, position in enumerate(self.positions):
            target, position.target = position.target, nan
            missing = abs(target) - abs(self.broker.held(s))
            if missing > DUST * abs(target):
                side, quote = (1 if target > 0 else -1), float(self.script.quote[self.bar, s])
                price = quote * (1 + side * self.spec.costs.slip())
                cost = missing * price + sizes.commission(missing, price, self.shares(s), self.spec.costs)
                asks.append(Ask(s, side * missing, quote, cost))
        return asks

    def during(self) -> None:
        """What happens without a decision: a margin call, or stops and targets."""
        positions = [(s, self.broker.held(s)) for s in range(len(self.positions)) if self.broker.held(s)]
        if positions and not self.called(positions):
            for s, _ in positions:
                if isfinite(self.script.open[self.bar, s]):
                    self.protect(s)

    def called(self, positions: list[tuple[int, float]]) -> bool:
        """Close everything where the equity falls below maintenance on the way from the open to the worst prices."""
        ways = [self.way(s, held) for s, held in positions]
        spare = []
        for place in (0, 1):
            values = [held * way[place] for (_, held), way in zip(positions, ways, strict=True)]
            gross = sum(map(abs, values))
            spare.append(self.cash + sum(values) - self.spec.financing.maintenance * gross)
            if place == 0 and self.cash >= -sizes.NOTHING * gross and all(held > 0 for _, held in positions):
                return False
        if min(spare) >= 0:
            return False
        part = 0.0 if spare[0] <= 0 else spare[0] / (spare[0] - spare[1])
        self.own[MARGIN] += len(positions)
        for (s, held), (first, worst) in zip(positions, ways, strict=True):
            level = first + part * (worst - first)
            at_open = level == self.script.open[self.bar, s] or first == worst
            reach = self.script.low[self.bar, s] if held > 0 else self.script.high[self.bar, s]
            level = max(level, reach) if held > 0 else min(level, reach)
            self.broker.order(s, -held, MARKET if at_open else Terms("stop", float(level)))
            self.positions[s].pending = 0
        return True

    def way(self, symbol: int, held: float) -> tuple[float, float]:
        """Where a position begins the bar, and the worst price that it meets before its stop."""
        script, bar = self.script, self.bar
        first, mark = float(script.open[bar, symbol]), self.mark_before(symbol)
        if not isfinite(first):
            return mark, mark
        if self.within(symbol):
            first = self.positions[symbol].price
        better, worse = (max, min) if held > 0 else (min, max)
        stop = self.positions[symbol].stop(self.spec.stops)
        worst = float(script.low[bar, symbol] if held > 0 else script.high[bar, symbol])
        return first, worse(better(worst, stop) if isfinite(stop) else worst, first)

    def within(self, symbol: int) -> bool:
        """Whether a limit filled this position on this bar, away from its open: its best price may lie before that."""
        position, open = self.positions[symbol], float(self.script.open[self.bar, symbol])
        if self.spec.fill != "limit" or position.entry != self.bar:
            return False
        return position.side * (open - position.price) > sizes.NOTHING * open

    def protect(self, symbol: int) -> None:
        """Stop before target, each instead of the other; a bar that opens beyond a target is sold at its open."""
        position, part = self.positions[symbol], self.spec.stops.take_profit
        stop, open = position.stop(self.spec.stops), float(self.script.open[self.bar, symbol])
        target = nan if part is None or self.within(symbol) else position.price * (1 + position.side * part)
        if position.side * open >= position.side * target and not position.side * open <= position.side * stop:
            self.own[GAP] += 1
            self.leave_all(symbol)
            return
        if isfinite(stop):
            self.leave_all(symbol, Terms("stop", stop))
        if isfinite(target):
            self.leave_all(symbol, Terms("limit", target, instead=isfinite(stop)))

    def see(self) -> None:
        """The best prices of positions that were held through the bar."""
        for s, position in enumerate(self.positions):
            if not self.broker.held(s) or not isfinite(self.script.open[self.bar, s]):
                continue
            better, script = (max, self.script.high) if position.side > 0 else (min, self.script.low)
            seen = self.script.mark if self.within(s) else script
            position.best = better(position.best, float(seen[self.bar, s]))

    def decide(self) -> None:
        """The decisions of this close. The last one that waits counts, but an exit of a stop and a new size of what is
        held give way to exits alone, and a time stop waits for no other decision.
        """
        for s, position in enumerate(self.positions):
            given, amount = int(self.targets.codes[self.bar, s]), float(self.targets.amounts[self.bar, s])
            code = heard(given & ~RESIZE, position.pending, self.broker.held(s))
            held, after = self.broker.held(s), self.spec.stops.time_stop
            stays = held and (position.pending == RESIZE or (position.firm and position.pending == EXITS))
            if code and not (stays and not ends(code, amount, held)):
                position.pending, position.firm, position.amount, position.age = code, False, amount, 0
                position.rest = False
                away = self.spec.limit_offset / 10_000 * (1 if code & GO_LONG else -1)
                position.limit = float(self.script.mark[self.bar, s]) * (1 - away)
            answered = isfinite(amount) and amount > 0
            if given & RESIZE and answered and held and not ends(position.pending, position.amount, held):
                position.pending, position.firm, position.amount = RESIZE, False, amount
            closes = self.script.closes[:, s]
            due = after and held and closes[self.bar] - closes[position.entry] >= after
            if due and not (position.pending and ends(position.pending, position.amount, held)):
                position.pending, position.firm = EXITS, True

    def close_bar(self) -> None:
        """The equity at the close; nobody loses more than there is."""
        if self.worth <= 0 and not self.ruined:
            self.finish()
            self.ruined = True
        self.equity.append(0.0 if self.ruined else self.worth)
        if self.bar % PROGRESS_BARS == 0:
            self.on_progress(self.bar / len(self.script.years))
