"""All orders of a moment: exits, entries and rebalancing, with what the account can bear shared fairly."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import lean
from engine.backtest.kernels.fills import (
    allowed,
    close_position,
    execute,
    fee_of,
    fill_price,
    liquidate,
    open_position,
    units_for,
)
from engine.backtest.kernels.records import (
    DUST,
    EQUITY,
    EXIT,
    EXIT_LONG,
    EXIT_SHORT,
    GO_LONG,
    GO_SHORT,
    KELLY,
    LIMIT,
    LIQUIDATION,
    NOTHING,
    REBALANCE,
    RESIZE,
    REVERSAL,
    ROUNDING,
    SIGNAL,
    TO_WEIGHT,
    UNITS,
    WEEK,
    WEIGHT,
)


@lean
def kelly(totals: Any, rules: Any, first: float) -> float:
    """The Kelly fraction of the trades so far, ``first`` while they are too few."""
    if totals.wins + totals.losses < rules.kelly_trades:
        return first
    if totals.wins == 0:
        return 0.0
    rate = totals.wins / (totals.wins + totals.losses)
    lost = totals.lost / totals.losses if totals.losses > 0 else 0.0
    return min(max(rules.scale * (rate - (1.0 - rate) * lost / (totals.won / totals.wins)), 0.0), rules.cap)


@lean
def account_equity(book: Any, totals: Any) -> tuple[float, float]:
    """Equity and the sum of the positions' sizes, at the quotes of the moment or the last known prices."""
    equity, gross = totals.cash, 0.0
    for s in range(len(book)):
        position = book[s]
        if position.units != 0.0:
            value = position.units * (position.mark if np.isnan(position.quote) else position.quote)
            equity += value
            gross += abs(value)
    return equity, gross


@lean
def buying_power(equity: float, gross: float, rules: Any) -> float:
    """What new positions may cost together; what rounding leaves of a full account is nothing."""
    capacity = rules.leverage * equity - gross
    return capacity if capacity > ROUNDING * equity else 0.0


@lean
def requested_size(
    side: float, equity: float, slipping: bool, bar: Any, position: Any, totals: Any, rules: Any
) -> tuple[float, float]:
    """Units that an entry asks for, and what they cost with commission; no cost is no order."""
    amount = position.pending_amount
    if not amount > 0.0 or np.isinf(amount):
        return 0.0, 0.0
    price = position.quote * (1.0 + side * rules.slip) if slipping else position.quote
    if rules.measure == EQUITY or rules.measure == KELLY:
        part = kelly(totals, rules, amount) if rules.measure == KELLY else amount
        return units_for(part * equity, price, bar, rules), part * equity
    units = amount / (bar.shares if rules.measure == UNITS else price)
    return units, units * price + fee_of(units, price, bar, rules)


@lean
def request_entry(equity: float, bar: Any, position: Any, totals: Any, rules: Any) -> None:
    """Note what the waiting entry of ``position`` asks for, and what that costs."""
    side = 1.0 if position.pending == GO_LONG else -1.0
    position.requested, position.cost = requested_size(side, equity, rules.fill != LIMIT, bar, position, totals, rules)


@lean
def can_enter(position: Any) -> bool:
    """Whether an entry waits that this moment has a quote for."""
    return (position.pending == GO_LONG or position.pending == GO_SHORT) and not np.isnan(position.quote)


@lean
def awaits_open(code: int, book: Any, totals: Any) -> bool:
    """Whether something held that an order of this kind is to change waits for its market to open."""
    for s in range(len(book)):
        position = book[s]
        if (
            position.pending == code
            and position.units != 0.0
            and np.isnan(position.quote)
            and totals.now - position.seen <= WEEK
        ):
            return True
    return False


@lean
def resize_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> tuple[bool, bool]:
    """Shrink what is larger than its sizing asks for now; returns whether anything is to be resized, and once more.

    The entries of the moment get the same part of what they ask for, in ``requested`` and ``cost``; what is smaller is
    left with the units that it lacks in ``requested``.
    """
    equity, gross = account_equity(book, totals)
    asked, kept, resized = 0.0, gross, False
    for s in range(len(book)):
        position = book[s]
        if position.pending == RESIZE and not np.isnan(position.quote):
            position.requested = size_now(equity, bars[t, s], position, totals, rules) if position.units != 0.0 else 0.0
            if position.requested > 0.0:
                resized = True
                asked += position.requested * position.quote
                kept -= abs(position.units * position.quote)
            else:
                position.pending = NOTHING
        elif can_enter(position) and position.units == 0.0:
            request_entry(equity, bars[t, s], position, totals, rules)
            asked += position.cost
    if not resized:
        return False, False
    part = min(buying_power(equity, kept, rules) / asked, 1.0)
    for s in range(len(book)):
        position = book[s]
        if position.pending == RESIZE and not np.isnan(position.quote):
            held, side = abs(position.units), 1.0 if position.units > 0.0 else -1.0
            position.requested = part * position.requested - held
            bar = bars[t, s]
            size = allowed(t, -position.requested, bar, position, rules)
            if position.requested < -ROUNDING * held and size > 0.0:
                price = fill_price(-side, size, position.quote, bar, rules)
                delta = -side * size
                execute(s, t, bar, position, trades, orders, totals, rules, delta=delta, price=price, reason=REBALANCE)
        elif can_enter(position) and position.units == 0.0:
            position.requested *= part
            position.cost *= part
    return True, part < 1.0 - ROUNDING and awaits_open(RESIZE, book, totals)


@lean
def shortfall(bar: Any, position: Any, rules: Any) -> tuple[float, float]:
    """Units by which a position is to grow, and what they cost with commission; zero where it is not."""
    if position.units == 0.0 or not position.requested > ROUNDING * abs(position.units):
        return 0.0, 0.0
    price = position.quote * (1.0 + (1.0 if position.units > 0.0 else -1.0) * rules.slip)
    return position.requested, position.requested * price + fee_of(position.requested, price, bar, rules)


@lean
def size_now(equity: float, bar: Any, position: Any, totals: Any, rules: Any) -> float:
    """Units that the sizing asks for at the quote; zero or less for none."""
    amount = position.pending_amount
    if not amount > 0.0 or np.isinf(amount):
        return 0.0
    if rules.measure == EQUITY or rules.measure == KELLY:
        return (kelly(totals, rules, amount) if rules.measure == KELLY else amount) * equity / position.quote
    return amount / (bar.shares if rules.measure == UNITS else position.quote)


@lean
def enter_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill the waiting entries; where they ask for more than the account can bear, each gets the same part of it."""
    resized = again = False
    if len(book) > 1 or book[0].pending == RESIZE:
        resized, again = resize_all(t, bars, book, trades, orders, totals, rules)
    equity, gross = account_equity(book, totals)
    slipping = rules.fill != LIMIT
    total = 0.0
    for s in range(len(book)):
        position = book[s]
        if can_enter(position) and position.units == 0.0:
            if not resized:
                request_entry(equity, bars[t, s], position, totals, rules)
            total += position.cost
        elif position.pending == RESIZE and not np.isnan(position.quote):
            position.requested, position.cost = shortfall(bars[t, s], position, rules)
            total += position.cost
    part = buying_power(equity, gross, rules) / total if total > 0.0 else 0.0
    if rules.measure == EQUITY or rules.measure == KELLY:
        part = min(part, 1.0)
    for s in range(len(book)):
        position = book[s]
        resizes = position.pending == RESIZE and not np.isnan(position.quote)
        if can_enter(position) or resizes:
            if (position.units == 0.0 or resizes) and position.cost != 0.0:
                side = 1.0 if position.pending == GO_LONG or position.units > 0.0 else -1.0
                size, budget, bar = position.requested, position.cost * part, bars[t, s]
                open_position(
                    s,
                    t,
                    bar,
                    position,
                    trades,
                    orders,
                    totals,
                    rules,
                    side=side,
                    size=size,
                    budget=budget,
                    slipping=slipping or resizes,
                )
            position.pending = RESIZE if resizes and again else NOTHING


@lean
def closes(code: int, weight: float, held: float) -> bool:
    """Whether a decision ends a position of ``held`` units."""
    if code == TO_WEIGHT:
        return weight * held <= 0.0
    return code == EXIT or (code in (GO_SHORT, EXIT_LONG) if held > 0.0 else code in (GO_LONG, EXIT_SHORT))


@lean
def is_margin_called(position: Any) -> bool:
    """Whether a margin call closes this position at its next price."""
    return position.units != 0.0 and position.pending == EXIT and position.pending_reason == LIQUIDATION


@lean
def exit_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill the waiting exits, those of reversals among them."""
    for s in range(len(book)):
        position = book[s]
        code, held = position.pending, position.units
        if code in (NOTHING, TO_WEIGHT, RESIZE) or np.isnan(position.quote):
            continue
        if is_margin_called(position):
            liquidate(s, t, bars[t, s], position, trades, orders, totals, rules, quote=position.quote)
            continue
        is_entry = code in (GO_LONG, GO_SHORT)
        if not is_entry:
            position.pending = NOTHING
        if held != 0.0 and closes(code, 0.0, held):
            reason = REVERSAL if is_entry else position.pending_reason
            close_position(s, t, bars[t, s], position, trades, orders, totals, rules, reason=reason)


@lean
def shrink(
    s: int, t: int, bar: Any, position: Any, trades: Any, orders: Any, totals: Any, rules: Any, target: float
) -> None:
    """Take a position back towards ``target`` units, to zero where that lies on the other side."""
    held = position.units
    if held != 0.0 and target * held <= 0.0:
        reason = SIGNAL if target == 0.0 else REVERSAL
        close_position(s, t, bar, position, trades, orders, totals, rules, reason=reason)
        if position.units != 0.0:
            position.requested = np.nan
    elif abs(target) < abs(held):
        size = allowed(t, abs(held) - abs(target), bar, position, rules)
        if size > DUST * abs(held):
            side = -1.0 if held > 0.0 else 1.0
            price = fill_price(side, size, position.quote, bar, rules)
            execute(
                s, t, bar, position, trades, orders, totals, rules, delta=side * size, price=price, reason=REBALANCE
            )


@lean
def missing_units(bar: Any, position: Any, rules: Any) -> tuple[float, float]:
    """Units that are missing to the requested ones, and what they cost with commission; zero where none are."""
    units = abs(position.requested) - abs(position.units)
    if not units > DUST * abs(position.requested):
        return 0.0, 0.0
    price = position.quote * (1.0 + (1.0 if position.requested > 0.0 else -1.0) * rules.slip)
    return units, units * price + fee_of(units, price, bar, rules)


@lean
def rebalance_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Bring positions to the requested weights: what shrinks first, then what grows, each by the same part."""
    equity, _ = account_equity(book, totals)
    for s in range(len(book)):
        position = book[s]
        position.requested = np.nan
        if position.pending == TO_WEIGHT and not np.isnan(position.quote):
            position.pending = NOTHING
            position.requested = position.pending_amount * equity / position.quote
            shrink(s, t, bars[t, s], position, trades, orders, totals, rules, target=position.requested)
    equity, gross = account_equity(book, totals)
    total = 0.0
    for s in range(len(book)):
        total += missing_units(bars[t, s], book[s], rules)[1]
    part = buying_power(equity, gross, rules) / total if total > 0.0 else 0.0
    again = part < 1.0 - ROUNDING and awaits_open(TO_WEIGHT, book, totals)
    for s in range(len(book)):
        position = book[s]
        units, cost = missing_units(bars[t, s], position, rules)
        if units > 0.0 and again:
            position.pending = TO_WEIGHT
            position.pending_reason = REBALANCE
        if units > 0.0 and (part > 0.0 or not again):
            side = 1.0 if position.requested > 0.0 else -1.0
            bar, budget = bars[t, s], part * cost
            open_position(
                s, t, bar, position, trades, orders, totals, rules, side=side, size=units, budget=budget, slipping=True
            )


@lean
def quote_limit_orders(t: int, bars: Any, book: Any, rules: Any) -> None:
    """Quotes of entries by limit order: the limit or the open, whichever is better; none where it is not reached."""
    for s in range(len(book)):
        position, bar = book[s], bars[t, s]
        if position.units != 0.0 or not can_enter(position):
            continue
        is_long = position.pending == GO_LONG
        if (is_long and bar.low <= position.limit) or (not is_long and bar.high >= position.limit):
            position.quote = min(bar.open, position.limit) if is_long else max(bar.open, position.limit)
            continue
        position.quote = np.nan
        position.age += 1
        if position.age >= rules.limit_bars:
            position.pending = NOTHING


@lean
def quote_all(t: int, at_open: bool, bars: Any, book: Any) -> bool:
    """Set the quote of each position; returns whether an order waits for one of them."""
    waiting = False
    for s in range(len(book)):
        book[s].quote = bars[t, s].open if at_open else bars[t, s].close
        waiting = waiting or (book[s].pending != NOTHING and not np.isnan(book[s].quote))
    return waiting


@lean
def trade_at(t: int, at_open: bool, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill everything that waits, at the bar's open or close."""
    if quote_all(t, at_open, bars, book):
        exit_all(t, bars, book, trades, orders, totals, rules)
        if rules.measure == WEIGHT:
            rebalance_all(t, bars, book, trades, orders, totals, rules)
        else:
            if rules.fill == LIMIT:
                quote_limit_orders(t, bars, book, rules)
            enter_all(t, bars, book, trades, orders, totals, rules)
