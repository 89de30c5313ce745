"""All orders of a moment: exits, entries and rebalancing, with what the account can bear shared fairly."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import kernel
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


@kernel
def kelly(totals: Any, rules: Any, first: float) -> float:
    """The Kelly fraction of the trades so far, ``first`` while they are too few."""
    if totals.wins + totals.losses < rules.kelly_trades:
        return first
    if totals.wins == 0:
        return 0.0
    rate = totals.wins / (totals.wins + totals.losses)
    lost = totals.lost / totals.losses if totals.losses > 0 else 0.0
    return min(max(rules.scale * (rate - (1.0 - rate) * lost / (totals.won / totals.wins)), 0.0), rules.cap)


@kernel
def account_equity(book: Any, totals: Any) -> tuple[float, float]:
    """Equity and the sum of the positions' sizes, at the quotes of the moment or the last known prices."""
    equity, gross = totals.cash, 0.0
    for s in range(len(book)):
        place = book[s]
        if place.units != 0.0:
            value = place.units * (place.mark if np.isnan(place.quote) else place.quote)
            equity += value
            gross += abs(value)
    return equity, gross


@kernel
def buying_power(equity: float, gross: float, rules: Any) -> float:
    """What new positions may cost together; what rounding leaves of a full account is nothing."""
    capacity = rules.leverage * equity - gross
    return capacity if capacity > ROUNDING * equity else 0.0


@kernel
def requested_size(
    side: float, equity: float, slipping: bool, bar: Any, place: Any, totals: Any, rules: Any
) -> tuple[float, float]:
    """Units that an entry asks for, and what they cost with commission; no cost is no order."""
    amount = place.pending_amount
    if not amount > 0.0 or np.isinf(amount):
        return 0.0, 0.0
    price = place.quote * (1.0 + side * rules.slip) if slipping else place.quote
    if rules.measure == EQUITY or rules.measure == KELLY:
        part = kelly(totals, rules, amount) if rules.measure == KELLY else amount
        return units_for(part * equity, price, bar, rules), part * equity
    units = amount / (bar.shares if rules.measure == UNITS else price)
    return units, units * price + fee_of(units, price, bar, rules)


@kernel
def enters(place: Any) -> bool:
    """Whether an entry waits that this moment has a quote for."""
    return (place.pending == GO_LONG or place.pending == GO_SHORT) and not np.isnan(place.quote)


@kernel
def expects(code: int, book: Any, totals: Any) -> bool:
    """Whether something held that an order of this kind is to change waits for its market to open."""
    for s in range(len(book)):
        place = book[s]
        if place.pending == code and place.units != 0.0 and np.isnan(place.quote) and totals.now - place.seen <= WEEK:
            return True
    return False


@kernel
def resize_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> tuple[bool, bool]:
    """Shrink what is larger than its sizing asks for now; returns whether anything is to be resized, and once more.

    The entries of the moment get the same part of what they ask for, in ``wanted`` and ``cost``; what is smaller is
    left with the units that it lacks in ``wanted``.
    """
    equity, gross = account_equity(book, totals)
    asked, kept, resized = 0.0, gross, False
    for s in range(len(book)):
        place = book[s]
        if place.pending == RESIZE and not np.isnan(place.quote):
            place.wanted = size_now(equity, bars[t, s], place, totals, rules) if place.units != 0.0 else 0.0
            if place.wanted > 0.0:
                resized = True
                asked += place.wanted * place.quote
                kept -= abs(place.units * place.quote)
            else:
                place.pending = NOTHING
        elif enters(place) and place.units == 0.0:
            side = 1.0 if place.pending == GO_LONG else -1.0
            place.wanted, place.cost = requested_size(
                side, equity, rules.fill != LIMIT, bars[t, s], place, totals, rules
            )
            asked += place.cost
    if not resized:
        return False, False
    part = min(buying_power(equity, kept, rules) / asked, 1.0)
    for s in range(len(book)):
        place = book[s]
        if place.pending == RESIZE and not np.isnan(place.quote):
            held, side = abs(place.units), 1.0 if place.units > 0.0 else -1.0
            place.wanted = part * place.wanted - held
            bar = bars[t, s]
            size = allowed(t, -place.wanted, bar, place, rules)
            if place.wanted < -ROUNDING * held and size > 0.0:
                price = fill_price(-side, size, place.quote, bar, rules)
                execute(
                    s, t, bar, place, trades, orders, totals, rules, delta=-side * size, price=price, reason=REBALANCE
                )
        elif enters(place) and place.units == 0.0:
            place.wanted *= part
            place.cost *= part
    return True, part < 1.0 - ROUNDING and expects(RESIZE, book, totals)


@kernel
def shortfall(bar: Any, place: Any, rules: Any) -> tuple[float, float]:
    """Units by which a position is to grow, and what they cost with commission; zero where it is not."""
    if place.units == 0.0 or not place.wanted > ROUNDING * abs(place.units):
        return 0.0, 0.0
    price = place.quote * (1.0 + (1.0 if place.units > 0.0 else -1.0) * rules.slip)
    return place.wanted, place.wanted * price + fee_of(place.wanted, price, bar, rules)


@kernel
def size_now(equity: float, bar: Any, place: Any, totals: Any, rules: Any) -> float:
    """Units that the sizing asks for at the quote; zero or less for none."""
    amount = place.pending_amount
    if not amount > 0.0 or np.isinf(amount):
        return 0.0
    if rules.measure == EQUITY or rules.measure == KELLY:
        return (kelly(totals, rules, amount) if rules.measure == KELLY else amount) * equity / place.quote
    return amount / (bar.shares if rules.measure == UNITS else place.quote)


@kernel
def enter_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill the waiting entries; where they ask for more than the account can bear, each gets the same part of it."""
    resized = again = False
    if len(book) > 1 or book[0].pending == RESIZE:
        resized, again = resize_all(t, bars, book, trades, orders, totals, rules)
    equity, gross = account_equity(book, totals)
    slipping = rules.fill != LIMIT
    total = 0.0
    for s in range(len(book)):
        place = book[s]
        if enters(place) and place.units == 0.0:
            side = 1.0 if place.pending == GO_LONG else -1.0
            if not resized:
                place.wanted, place.cost = requested_size(side, equity, slipping, bars[t, s], place, totals, rules)
            total += place.cost
        elif place.pending == RESIZE and not np.isnan(place.quote):
            place.wanted, place.cost = shortfall(bars[t, s], place, rules)
            total += place.cost
    part = buying_power(equity, gross, rules) / total if total > 0.0 else 0.0
    if rules.measure == EQUITY or rules.measure == KELLY:
        part = min(part, 1.0)
    for s in range(len(book)):
        place = book[s]
        resizes = place.pending == RESIZE and not np.isnan(place.quote)
        if enters(place) or resizes:
            if (place.units == 0.0 or resizes) and place.cost != 0.0:
                side = 1.0 if place.pending == GO_LONG or place.units > 0.0 else -1.0
                size, budget, bar = place.wanted, place.cost * part, bars[t, s]
                slips = slipping or resizes
                open_position(
                    s, t, bar, place, trades, orders, totals, rules, side=side, size=size, budget=budget, slipping=slips
                )
            place.pending = RESIZE if resizes and again else NOTHING


@kernel
def closes(code: int, weight: float, held: float) -> bool:
    """Whether a decision ends a position of ``held`` units."""
    if code == TO_WEIGHT:
        return weight * held <= 0.0
    return code == EXIT or (code in (GO_SHORT, EXIT_LONG) if held > 0.0 else code in (GO_LONG, EXIT_SHORT))


@kernel
def is_called(place: Any) -> bool:
    """Whether a margin call closes this position at its next price."""
    return place.units != 0.0 and place.pending == EXIT and place.pending_reason == LIQUIDATION


@kernel
def exit_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill the waiting exits, those of reversals among them."""
    for s in range(len(book)):
        place = book[s]
        code, held = place.pending, place.units
        if code in (NOTHING, TO_WEIGHT, RESIZE) or np.isnan(place.quote):
            continue
        if is_called(place):
            liquidate(s, t, bars[t, s], place, trades, orders, totals, rules, quote=place.quote)
            continue
        is_entry = code in (GO_LONG, GO_SHORT)
        if not is_entry:
            place.pending = NOTHING
        if held != 0.0 and closes(code, 0.0, held):
            reason = REVERSAL if is_entry else place.pending_reason
            close_position(s, t, bars[t, s], place, trades, orders, totals, rules, reason=reason)


@kernel
def shrink(
    s: int, t: int, bar: Any, place: Any, trades: Any, orders: Any, totals: Any, rules: Any, target: float
) -> None:
    """Take a position back towards ``target`` units, to zero where that lies on the other side."""
    held = place.units
    if held != 0.0 and target * held <= 0.0:
        reason = SIGNAL if target == 0.0 else REVERSAL
        close_position(s, t, bar, place, trades, orders, totals, rules, reason=reason)
        if place.units != 0.0:
            place.wanted = np.nan
    elif abs(target) < abs(held):
        size = allowed(t, abs(held) - abs(target), bar, place, rules)
        if size > DUST * abs(held):
            side = -1.0 if held > 0.0 else 1.0
            price = fill_price(side, size, place.quote, bar, rules)
            execute(s, t, bar, place, trades, orders, totals, rules, delta=side * size, price=price, reason=REBALANCE)


@kernel
def growth(bar: Any, place: Any, rules: Any) -> tuple[float, float]:
    """Units that are missing to the wanted ones, and what they cost with commission; zero where none are."""
    units = abs(place.wanted) - abs(place.units)
    if not units > DUST * abs(place.wanted):
        return 0.0, 0.0
    price = place.quote * (1.0 + (1.0 if place.wanted > 0.0 else -1.0) * rules.slip)
    return units, units * price + fee_of(units, price, bar, rules)


@kernel
def rebalance_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Bring positions to their wanted weights: what shrinks first, then what grows, each by the same part."""
    equity, _ = account_equity(book, totals)
    for s in range(len(book)):
        place = book[s]
        place.wanted = np.nan
        if place.pending == TO_WEIGHT and not np.isnan(place.quote):
            place.pending = NOTHING
            place.wanted = place.pending_amount * equity / place.quote
            shrink(s, t, bars[t, s], place, trades, orders, totals, rules, target=place.wanted)
    equity, gross = account_equity(book, totals)
    total = 0.0
    for s in range(len(book)):
        total += growth(bars[t, s], book[s], rules)[1]
    part = buying_power(equity, gross, rules) / total if total > 0.0 else 0.0
    again = part < 1.0 - ROUNDING and expects(TO_WEIGHT, book, totals)
    for s in range(len(book)):
        place = book[s]
        units, cost = growth(bars[t, s], place, rules)
        if units > 0.0 and again:
            place.pending = TO_WEIGHT
            place.pending_reason = REBALANCE
        if units > 0.0 and (part > 0.0 or not again):
            side = 1.0 if place.wanted > 0.0 else -1.0
            bar, budget = bars[t, s], part * cost
            open_position(
                s, t, bar, place, trades, orders, totals, rules, side=side, size=units, budget=budget, slipping=True
            )


@kernel
def meet_limits(t: int, bars: Any, book: Any, rules: Any) -> None:
    """Quotes of entries by limit order: the limit or the open, whichever is better; none where it is not reached."""
    for s in range(len(book)):
        place, bar = book[s], bars[t, s]
        if place.units != 0.0 or not enters(place):
            continue
        is_long = place.pending == GO_LONG
        if (is_long and bar.low <= place.limit) or (not is_long and bar.high >= place.limit):
            place.quote = min(bar.open, place.limit) if is_long else max(bar.open, place.limit)
            continue
        place.quote = np.nan
        place.age += 1
        if place.age >= rules.limit_bars:
            place.pending = NOTHING


@kernel
def quote_all(t: int, at_open: bool, bars: Any, book: Any) -> bool:
    """Set the quote of each position; returns whether an order waits for one of them."""
    waiting = False
    for s in range(len(book)):
        book[s].quote = bars[t, s].open if at_open else bars[t, s].close
        waiting = waiting or (book[s].pending != NOTHING and not np.isnan(book[s].quote))
    return waiting


@kernel
def trade_at(t: int, at_open: bool, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill everything that waits, at the bar's open or close."""
    if quote_all(t, at_open, bars, book):
        exit_all(t, bars, book, trades, orders, totals, rules)
        if rules.measure == WEIGHT:
            rebalance_all(t, bars, book, trades, orders, totals, rules)
        else:
            if rules.fill == LIMIT:
                meet_limits(t, bars, book, rules)
            enter_all(t, bars, book, trades, orders, totals, rules)
