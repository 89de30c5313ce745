"""The trader that submits orders to Backtrader: decisions, sizes, stops and margin calls, from the positions that
Backtrader reports.

Backtrader decides whether and at what price an order fills, charges costs, and keeps cash, positions and profits.
Whatever it has no order type for is handled here, once per step (see ``script``): the joint buying power of new
positions, margin calls, and the exit at the open of a bar that gaps beyond a target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import copysign, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.crosscheck import sizes
from engine.backtest.crosscheck.position import BacktraderTrade, Broker, OrderRequest, OrderTerms, Position
from engine.backtest.crosscheck.script import INTRABAR, Script
from engine.backtest.crosscheck.targets import ENTRIES, EXITS, GO_LONG, RESIZE, TO_WEIGHT, Targets, effective_code, ends

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

MARKET = OrderTerms()
DUST, WEEK = 1e-12, 7 / 365.2425 + 1e-9
PROGRESS_BARS = 500
MARGIN, GAP, SHARED_LIMITS = "margin call", "gap", "shared limits"
"""Situations for which Backtrader has no order type."""


@dataclass
class Trader:
    """One account. ``cash`` is negative where it is borrowed; ``nav`` is the equity, ``gross`` the gross exposure."""

    spec: BacktestSpec
    script: Script
    targets: Targets
    broker: Broker
    cash: float
    nav: float
    gross: float = 0.0
    ruined: bool = False
    bar: int = 0
    equity: list[float] = field(default_factory=list)
    trades: list[BacktraderTrade] = field(default_factory=list)
    workarounds: Counter[str] = field(default_factory=Counter)
    on_progress: Callable[[float], None] = lambda part: None

    def __post_init__(self) -> None:
        self.step = INTRABAR
        self.traded = [0.0] * self.targets.codes.shape[1]
        self.positions = [Position() for _ in range(self.targets.codes.shape[1])]
        self.returns: list[float] = []
        self.queued: list[OrderRequest] | None = None

    def before(self, row: int) -> None:
        """Submit the orders of a step."""
        self.bar, self.step = int(self.script.bar[row]), int(self.script.step[row])
        if row == 0 or self.script.bar[row - 1] != self.bar:
            self.traded = [0.0] * len(self.positions)
        if not self.ruined:
            (self.accrue, self.close_positions, self.reduce_positions, self.enter, self.during)[self.step]()

    def after(self, row: int, equity: float) -> None:
        """Update the account after a step; ``equity`` is its value."""
        values = [self.broker.held(s) * self.script.prices[row, s, 3] for s in range(len(self.positions))]
        self.nav, self.cash, self.gross = equity, equity - sum(values), sum(map(abs, values))
        during = self.script.step[row] == INTRABAR
        if during:
            self.update_best_prices()
        last = row + 1 == len(self.script.bar) or self.script.bar[row + 1] != self.bar
        if during if self.spec.fill == "same_close" else last:
            self.decide()
        if last:
            self.close_bar()

    def filled(self, symbol: int, units: float, price: float, fee: float) -> None:
        """Record a fill."""
        position, side = self.positions[symbol], 1 if units > 0 else -1
        if not position.bought:
            position.entry, position.side, position.best = self.bar, side, price
            position.distance = position.decided_stop
        if side == position.side:
            position.enter(abs(units), price)
        else:
            position.proceeds, position.sold = position.proceeds + abs(units) * price, position.sold + abs(units)
        position.fees += fee
        self.traded[symbol] += abs(units)

    def closed(self, symbol: int, pnl: float) -> None:
        """Record a closed position; ``pnl`` is Backtrader's, without dividends."""
        position = self.positions[symbol]
        pnl += position.dividends
        if abs(pnl) > sizes.TOLERANCE * position.cost_basis:
            self.returns.append(pnl / position.cost_basis)
        self.trades.append(position.trade(symbol, self.bar, pnl))
        outlived = self.step == INTRABAR and not ends(position.pending, position.amount, position.side)
        over = position.unfunded or position.called or outlived
        self.positions[symbol] = position.closed(0 if over else position.pending)

    def unfinished(self, symbol: int) -> None:
        """Keep the rest of an exit beyond the volume limit pending for the next bar."""
        position = self.positions[symbol]
        position.from_stop = position.from_stop or self.step == INTRABAR
        position.pending, position.target = EXITS, nan

    def close_position(self, symbol: int, terms: OrderTerms = MARKET) -> None:
        """Close a position, as far as the volume limit allows, which a margin call ignores."""
        if not self.positions[symbol].called:
            terms = replace(terms, max_units=self.max_units(symbol), closes=True)
        self.broker.order(symbol, -self.broker.held(symbol), terms)

    def max_units(self, symbol: int) -> float:
        """Units left within the volume limit of this bar."""
        volume = float(self.script.volume[self.bar, symbol])
        return sizes.volume_capacity(volume, self.traded[symbol], self.spec.costs)

    def finish(self) -> None:
        """Record open positions as trades, at the last known prices."""
        for s, position in enumerate(self.positions):
            held, mark = self.broker.held(s), float(self.script.mark[self.bar, s])
            if held:
                position.proceeds, position.sold = position.proceeds + abs(held) * mark, position.sold + abs(held)
                pnl = position.side * (position.proceeds - position.cost_basis) - position.fees + position.dividends
                self.trades.append(position.trade(s, self.bar, pnl))

    def accrue(self) -> None:
        """Accrue interest on cash or debt, and dividends; Backtrader itself charges the borrow fee. Close what a margin
        call could not, where the market is open again.
        """
        rates, years = self.spec.financing, float(self.script.years[self.bar])
        short = sum(max(-self.broker.held(s), 0.0) * self.mark_before(s) for s in range(len(self.positions)))
        free = self.cash - short
        self.broker.add_cash(free * (rates.cash_yield if free > 0 else rates.margin_rate) * years)
        for s, position in enumerate(self.positions):
            paid = self.broker.held(s) * float(self.script.dividends[self.bar, s])
            position.dividends += paid
            self.broker.add_cash(paid)
            if position.called and isfinite(self.script.open[self.bar, s]):
                self.close_position(s)

    def mark_before(self, symbol: int) -> float:
        """The last known close before this bar."""
        return float(self.script.mark[max(self.bar - 1, 0), symbol])

    def close_positions(self) -> None:
        """Submit exits, those of reversals included."""
        for s, position, _ in self.pending_with_quote():
            held = self.broker.held(s)
            if held and position.pending != TO_WEIGHT and ends(position.pending, nan, held):
                self.close_position(s)
            if not position.pending & (ENTRIES | TO_WEIGHT | RESIZE):
                position.pending = 0

    def reduce_positions(self) -> None:
        """Submit reductions for weights and rebalancing, computed with the equity before any of them is filled."""
        self.resize()
        for s, position, quote in self.pending_with_quote():
            if position.pending == TO_WEIGHT:
                position.pending, position.unfunded = 0, False
                position.target = position.amount * self.nav / quote
                self.shrink(s, self.broker.held(s), position.target)

    def resize(self) -> None:
        """Set the targets of a rebalancing, scaled with the entries by one factor where buying power is short."""
        due = [(s, position, quote) for s, position, quote in self.pending_with_quote() if position.pending == RESIZE]
        requested, others, sized = 0.0, self.gross, list[tuple[int, float, float]]()
        for s, position, quote in due:
            position.pending, held, units = 0, self.broker.held(s), self.units_for(s, position.amount, quote)
            if held and units:
                requested, others = requested + units * quote, others - abs(held) * quote
                sized.append((s, held, units))
        if not sized:
            return
        orders = self.entries()
        requested += sum(order.cost for order in orders if order.is_reached)
        part = min(sizes.buying_power(self.nav, others, self.spec.financing.leverage) / requested, 1.0)
        self.queued = [replace(a, units=a.units * part, cost=a.cost * part) if a.is_reached else a for a in orders]
        again = part < 1 - sizes.TOLERANCE and self.awaits_market(RESIZE)
        for s, held, units in sized:
            missing = part * units - abs(held)
            self.positions[s].pending = RESIZE if again else 0
            if missing > sizes.TOLERANCE * abs(held):
                self.positions[s].target = copysign(part * units, held)
            elif missing < -sizes.TOLERANCE * abs(held):
                self.broker.order(s, copysign(missing, -held), OrderTerms(max_units=self.max_units(s)))

    def awaits_market(self, code: int) -> bool:
        """Whether a position to be changed by such a decision awaits its market, closed for at most a week."""
        waits = ~np.isfinite(self.script.quote[self.bar]) & (self.script.years_since_close[self.bar] <= WEEK)
        return any(waits[s] and p.pending == code and self.broker.held(s) for s, p in enumerate(self.positions))

    def pending_with_quote(self) -> list[tuple[int, Position, float]]:
        """Symbols with a pending decision and a quote to fill it at."""
        fill_prices = self.script.quote[self.bar]
        return [
            (s, position, float(fill_prices[s]))
            for s, position in enumerate(self.positions)
            if position.pending and isfinite(fill_prices[s])
        ]

    def shrink(self, symbol: int, held: float, target: float) -> None:
        """Reduce a position towards ``target`` units; close it where the target is on the other side."""
        if held and target * held <= 0:
            self.close_position(symbol)
        elif abs(held) - abs(target) > DUST * abs(held):
            self.broker.order(symbol, target - held, OrderTerms(max_units=self.max_units(symbol)))

    def enter(self) -> None:
        """Submit entries and additions, scaled by one factor where they exceed the buying power."""
        entries, self.queued = self.entries() if self.queued is None else self.queued, None
        orders = [*entries, *self.additions()]
        total = sum(order.cost for order in orders if order.is_reached)
        leverage, costs = self.spec.financing.leverage, self.spec.costs
        part = sizes.buying_power(self.nav, self.gross, leverage) / total if total > 0 else 0.0
        if self.targets.measure in ("equity", "kelly"):
            part = min(part, 1.0)
        again = part < 1 - sizes.TOLERANCE and self.awaits_market(TO_WEIGHT)
        for order in orders:
            if again:
                self.positions[order.symbol].pending, self.positions[order.symbol].unfunded = TO_WEIGHT, True
            side, volume = (1 if order.units > 0 else -1), float(self.script.volume[self.bar, order.symbol])
            budget, shares = order.cost * (part if order.is_reached else 1.0), self.shares(order.symbol)
            price = order.quote if isfinite(order.limit) else order.quote * (1 + side * costs.slip())  # before impact
            affordable = sizes.affordable(budget, price, shares, costs)
            units = min(abs(order.units), affordable, self.max_units(order.symbol))
            if isfinite(order.limit):
                self.submit(order.symbol, side * units, OrderTerms("limit", order.limit, without_slippage=True))
            else:
                self.submit(order.symbol, side * sizes.fitted(side, units, budget, order.quote, volume, shares, costs))
        met = [isfinite(order.limit) for order in orders if order.is_reached]
        self.workarounds[SHARED_LIMITS] += any(met) and len(met) > 1

    def submit(self, symbol: int, units: float, terms: OrderTerms = MARKET) -> None:
        """Submit an order unless ``units`` is zero."""
        if units:
            self.broker.order(symbol, units, terms)

    def entries(self) -> list[OrderRequest]:
        """Requests of the pending entries."""
        orders, is_limit = [], self.spec.fill == "limit"
        for s, position, quote in self.pending_with_quote():
            if not position.pending & ENTRIES:
                continue
            side = 1 if position.pending & GO_LONG else -1
            if self.broker.held(s):
                position.pending = 0
                continue
            best = float((self.script.low if side > 0 else self.script.high)[self.bar, s])
            is_reached = not is_limit or side * best <= side * position.limit
            position.age += 1
            if is_reached or position.age >= self.spec.limit_bars:
                position.pending = 0
            at = side * min(side * quote, side * position.limit) if is_limit else quote
            price = at if is_limit else at * (1 + side * self.spec.costs.slip())
            units, cost = self.entry_size(s, position.amount, price)
            if cost:
                orders.append(OrderRequest(s, side * units, at, cost, position.limit if is_limit else nan, is_reached))
        return orders

    def shares(self, symbol: int) -> float:
        """Shares per unit on this day."""
        return float(self.script.shares[self.bar, symbol])

    def entry_size(self, symbol: int, amount: float, price: float) -> tuple[float, float]:
        """Units of an entry at ``price``, and their cost including commission; zero cost for no entry."""
        costs, shares, units = self.spec.costs, self.shares(symbol), self.units_for(symbol, amount, price)
        if self.targets.measure in ("equity", "kelly"):
            return sizes.affordable(units * price, price, shares, costs), units * price
        return units, units * price + sizes.commission(units, price, shares, costs) if units else 0.0

    def units_for(self, symbol: int, amount: float, price: float) -> float:
        """Units of ``amount`` at ``price`` before commission; zero where it is undefined."""
        targets = self.targets
        if not (isfinite(amount) and amount > 0):
            return 0.0
        if targets.measure == "kelly" and len(self.returns) >= targets.trades:
            amount = sizes.kelly(self.returns, targets.scale, targets.cap)
        if targets.measure in ("equity", "kelly"):
            amount *= self.nav
        return amount / (self.shares(symbol) if targets.measure == "units" else price)

    def additions(self) -> list[OrderRequest]:
        """Requests of weights and rebalancing beyond current positions."""
        orders = []
        for s, position in enumerate(self.positions):
            target, position.target = position.target, nan
            missing = abs(target) - abs(self.broker.held(s))
            if missing > DUST * abs(target):
                side, quote = (1 if target > 0 else -1), float(self.script.quote[self.bar, s])
                price = quote * (1 + side * self.spec.costs.slip())
                cost = missing * price + sizes.commission(missing, price, self.shares(s), self.spec.costs)
                orders.append(OrderRequest(s, side * missing, quote, cost))
        return orders

    def during(self) -> None:
        """Submit a margin call, or stops and targets."""
        positions = [(s, self.broker.held(s)) for s in range(len(self.positions)) if self.broker.held(s)]
        if positions and not self.margin_call(positions):
            for s, _ in positions:
                if isfinite(self.script.open[self.bar, s]):
                    self.place_stops(s)

    def margin_call(self, positions: list[tuple[int, float]]) -> bool:
        """Close all positions where the equity breaches maintenance between the open and the worst prices."""
        paths = [self.price_path(s, held) for s, held in positions]
        held_units = [held for _, held in positions]
        part = sizes.margin_call_at(self.cash, held_units, paths, self.spec.financing.maintenance)
        if part is None:
            return False
        self.workarounds[MARGIN] += sum(not self.positions[s].called for s, _ in positions)
        for (s, held), (first, worst) in zip(positions, paths, strict=True):
            if not isfinite(self.script.open[self.bar, s]):
                self.positions[s].pending, self.positions[s].called = EXITS, True
                continue
            level = first + part * (worst - first)
            at_open = level == self.script.open[self.bar, s] or first == worst
            reach = self.script.low[self.bar, s] if held > 0 else self.script.high[self.bar, s]
            level = max(level, reach) if held > 0 else min(level, reach)
            self.broker.order(s, -held, MARKET if at_open else OrderTerms("stop", float(level)))
            self.positions[s].pending = 0
        return True

    def price_path(self, symbol: int, held: float) -> tuple[float, float]:
        """The first price of a position on the bar, and the worst one before its stop."""
        script, bar = self.script, self.bar
        first, mark = float(script.open[bar, symbol]), self.mark_before(symbol)
        if not isfinite(first):
            return mark, mark
        if self.filled_within_bar(symbol):
            first = self.positions[symbol].price
        better, worse = (max, min) if held > 0 else (min, max)
        stop = self.positions[symbol].stop(self.spec.stops)
        worst = float(script.low[bar, symbol] if held > 0 else script.high[bar, symbol])
        return first, worse(better(worst, stop) if isfinite(stop) else worst, first)

    def filled_within_bar(self, symbol: int) -> bool:
        """Whether a limit filled this position within this bar, whose best price may precede the fill."""
        position, open = self.positions[symbol], float(self.script.open[self.bar, symbol])
        if self.spec.fill != "limit" or position.entry != self.bar:
            return False
        return position.side * (open - position.price) > sizes.TOLERANCE * open

    def place_stops(self, symbol: int) -> None:
        """Submit stop and target as OCO orders; exit at the open of a bar that gaps beyond the target."""
        position, part = self.positions[symbol], self.spec.stops.take_profit
        stop, open = position.stop(self.spec.stops), float(self.script.open[self.bar, symbol])
        target = nan if part is None or self.filled_within_bar(symbol) else position.price * (1 + position.side * part)
        if position.side * open >= position.side * target and not position.side * open <= position.side * stop:
            self.workarounds[GAP] += 1
            self.close_position(symbol)
            return
        if isfinite(stop):
            self.close_position(symbol, OrderTerms("stop", stop))
        if isfinite(target):
            self.close_position(symbol, OrderTerms("limit", target, one_cancels_other=isfinite(stop)))

    def update_best_prices(self) -> None:
        """Update the best prices of positions held through the bar."""
        for s, position in enumerate(self.positions):
            if not self.broker.held(s):
                continue
            better, extremes = (max, self.script.high) if position.side > 0 else (min, self.script.low)
            close, best = float(self.script.close[self.bar, s]), float(extremes[self.bar, s])
            position.best = better(position.best, close if self.filled_within_bar(s) or not isfinite(best) else best)

    def decide(self) -> None:
        """Record the decisions of this close. The last pending one counts, but a stop's exit and a rebalancing give way
        to exits alone, and a time stop overrides other decisions.
        """
        for s, position in enumerate(self.positions):
            if position.called:
                continue
            requested, amount = int(self.targets.codes[self.bar, s]), float(self.targets.amounts[self.bar, s])
            code = effective_code(requested & ~RESIZE, position.pending, self.broker.held(s))
            held, after = self.broker.held(s), self.spec.stops.time_stop
            stays = held and (position.pending == RESIZE or (position.from_stop and position.pending == EXITS))
            if code and not (stays and not ends(code, amount, held)):
                away = self.spec.limit_offset / 10_000 * (1 if code & GO_LONG else -1)
                stop = float(self.targets.stops[self.bar, s])
                position.take(code, amount, float(self.script.mark[self.bar, s]) * (1 - away), stop)
            answered = isfinite(amount) and amount > 0
            if requested & RESIZE and answered and held and not ends(position.pending, position.amount, held):
                position.pending, position.from_stop, position.amount = RESIZE, False, amount
            closes = self.script.closes[:, s]
            due = after and held and closes[self.bar] - closes[position.entry] >= after
            if due and not (position.pending and ends(position.pending, position.amount, held)):
                position.pending, position.from_stop = EXITS, True

    def close_bar(self) -> None:
        """Record the equity at the close, which never goes below zero."""
        if self.nav <= 0 and not self.ruined:
            self.finish()
            self.ruined = True
        self.equity.append(0.0 if self.ruined else self.nav)
        if self.bar % PROGRESS_BARS == 0:
            self.on_progress(self.bar / len(self.script.years))
