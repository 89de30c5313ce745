"""Execution of one order: its price, its commission, the position that it leaves, the trade that it closes."""

from __future__ import annotations

from typing import Any

from engine.backtest.kernels.compiled import kernel
from engine.backtest.kernels.records import (
    DUST,
    EXIT,
    LIQUIDATION,
    MINIMUM_SALE_PRICE,
    NOTHING,
    ROUNDING,
    SIGNAL,
    STILL_OPEN,
)


@kernel
def fee_of(units: float, price: float, bar: Any, rules: Any) -> float:
    """Commission of a fill on ``bar``, by the shares of that day."""
    by_share = rules.per_share * bar.shares
    return max(rules.per_order + by_share * units + rules.commission * units * price, rules.minimum)


@kernel
def units_for(budget: float, price: float, bar: Any, rules: Any) -> float:
    """Units whose price and commission on ``bar`` together cost ``budget``."""
    by_share = rules.per_share * bar.shares
    units = (budget - rules.per_order) / (price * (1.0 + rules.commission) + by_share)
    if units <= 0.0:
        return 0.0
    if rules.per_order + by_share * units + rules.commission * units * price < rules.minimum:
        units = (budget - rules.minimum) / price
    return max(units, 0.0)


@kernel
def fill_price(side: float, units: float, quote: float, bar: Any, rules: Any) -> float:
    """The quote made worse by slippage and by the share of the bar's volume; a sale brings something."""
    worse = rules.slip
    if rules.impact > 0.0 and bar.volume > 0.0:
        worse += rules.impact * (units / bar.volume) ** 2
    return quote * max(1.0 + side * worse, MINIMUM_SALE_PRICE)


@kernel
def allowed(t: int, units: float, bar: Any, place: Any, rules: Any) -> float:
    """``units``, or what the volume limit and the bar's earlier fills leave of them: nothing of an unknown volume."""
    if rules.volume_limit == 0.0:
        return units
    if not bar.volume > 0.0:
        return 0.0
    most = rules.volume_limit * bar.volume
    left = most - place.traded if place.traded_bar == t else most
    return min(units, left) if left > ROUNDING * most else 0.0


@kernel
def note_price(place: Any, price: float) -> None:
    """``price`` was seen while the position was held."""
    place.lowest = min(place.lowest, price)
    place.highest = max(place.highest, price)


@kernel
def close_trade(s: int, t: int, reason: int, ambiguous: int, place: Any, trades: Any, totals: Any) -> None:
    """Enter the finished trade of symbol ``s`` and clear its place."""
    side = 1 if place.entry_value > 0.0 else -1
    entry_value = abs(place.entry_value)
    pnl = side * (place.exit_value - entry_value) - place.fees + place.received
    relative = pnl / entry_value
    if relative > ROUNDING:
        totals.wins += 1
        totals.won += relative
    elif relative < -ROUNDING:
        totals.losses += 1
        totals.lost -= relative
    if totals.recording:
        entry_price = place.price
        low, high = place.lowest / entry_price - 1.0, place.highest / entry_price - 1.0
        trade = trades[totals.trades]
        trade.symbol = s
        trade.entry = place.entry_bar
        trade.exit = t
        trade.side = side
        trade.reason = reason
        trade.ambiguous = ambiguous
        trade.is_open = 1 if reason == STILL_OPEN else 0
        trade.entry_price = entry_price
        trade.exit_price = place.exit_value / place.exit_units
        trade.size = place.entry_units
        trade.pnl = pnl
        trade.fees = place.fees
        trade.mae = min(low if side > 0 else -high, 0.0)
        trade.mfe = max(high if side > 0 else -low, 0.0)
    totals.trades += 1
    place.units = 0.0
    place.entry_value = 0.0
    place.entry_units = 0.0
    place.exit_value = 0.0
    place.exit_units = 0.0
    place.fees = 0.0
    place.received = 0.0


@kernel
def execute(
    s: int,
    t: int,
    bar: Any,
    place: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
    delta: float,
    price: float,
    reason: int,
    ambiguous: int = 0,
) -> None:
    """Change the position of symbol ``s`` by ``delta`` units at ``price``; never across zero."""
    size, before = abs(delta), place.units
    fee = fee_of(size, price, bar, rules)
    totals.cash -= delta * price + fee
    totals.slippage += size * abs(price - place.quote)
    if before == 0.0:
        place.entry_bar = t
        place.held = 0
        place.best = price
        place.lowest = price
        place.highest = price
    if before * delta >= 0.0:
        place.entry_value += delta * price
        place.entry_units += size
        # A quotient may miss the price of a single fill by a rounding, and a stop lies exactly below it.
        place.price = price if before == 0.0 else abs(place.entry_value) / place.entry_units
    else:
        place.exit_value += size * price
        place.exit_units += size
        note_price(place, place.quote)
    place.fees += fee
    place.units = before + delta
    place.traded = size + (place.traded if place.traded_bar == t else 0.0)
    place.traded_bar = t
    if totals.recording:
        order = orders[totals.orders]
        order.bar = t
        order.symbol = s
        order.reason = reason
        order.units = delta
        order.price = price
        order.fee = fee
        order.quote = place.quote
    totals.orders += 1
    if before * delta < 0.0 and abs(place.units) <= DUST * abs(before):
        close_trade(s, t, reason, ambiguous, place, trades, totals)


@kernel
def close_position(
    s: int,
    t: int,
    bar: Any,
    place: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
    reason: int,
    ambiguous: int = 0,
) -> None:
    """Sell or buy back what is held, or the part that the volume limit allows; the rest waits for the next fill."""
    held = place.units
    size = allowed(t, abs(held), bar, place, rules)
    whole = size >= abs(held)
    side = -1.0 if held > 0.0 else 1.0
    if size > 0.0:
        price = fill_price(side, size, place.quote, bar, rules)
        delta = -held if whole else side * size
        execute(
            s,
            t,
            bar,
            place,
            trades,
            orders,
            totals,
            rules,
            delta=delta,
            price=price,
            reason=reason,
            ambiguous=ambiguous,
        )
    if not whole:
        totals.cut += 1 if size > 0.0 else 0
        place.pending = EXIT
        place.pending_reason = reason


@kernel
def liquidate(
    s: int, t: int, bar: Any, place: Any, trades: Any, orders: Any, totals: Any, rules: Any, quote: float
) -> None:
    """Close a position by force, whatever the volume of the bar."""
    held = place.units
    place.quote = quote
    totals.forced += 1 if allowed(t, abs(held), bar, place, rules) < abs(held) else 0
    price = fill_price(-1.0 if held > 0.0 else 1.0, abs(held), quote, bar, rules)
    execute(s, t, bar, place, trades, orders, totals, rules, delta=-held, price=price, reason=LIQUIDATION)
    place.pending = NOTHING


@kernel
def affordable(units: float, budget: float, quote: float, bar: Any, rules: Any) -> float:
    """``units``, or as many as cost ``budget`` with slippage, impact and commission. The cost is convex in the units,
    so Newton's method from above never passes the solution.
    """
    for _ in range(100):
        price = fill_price(1.0, units, quote, bar, rules)
        fee = fee_of(units, price, bar, rules)
        excess = units * price + fee - budget
        if units <= 0.0 or excess <= 1e-14 * budget:
            break
        slope = price + 2.0 * quote * rules.impact * (units / bar.volume) ** 2
        if fee > rules.minimum:
            slope += rules.per_share * bar.shares + rules.commission * slope
        units -= excess / slope
    return max(units, 0.0)


@kernel
def open_position(
    s: int,
    t: int,
    bar: Any,
    place: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
    side: float,
    size: float,
    budget: float,
    slipping: bool,
) -> None:
    """Enter ``size`` units, or fewer where the volume limits them or ``budget`` does not reach.

    The budget pays for the volume impact of a purchase; that of a short sale makes it smaller than the budget.
    """
    before_impact = fill_price(side, 0.0, place.quote, bar, rules) if slipping else place.quote
    possible = allowed(t, min(size, units_for(budget, before_impact, bar, rules)), bar, place, rules)
    taken, price = possible, before_impact
    if slipping and rules.impact > 0.0 and bar.volume > 0.0:
        taken = affordable(possible, budget, place.quote, bar, rules) if side > 0.0 else possible
        price = fill_price(side, taken, place.quote, bar, rules)
    if taken > 0.0:
        totals.cut += 1 if possible < size * (1.0 - ROUNDING) else 0
        execute(s, t, bar, place, trades, orders, totals, rules, delta=side * taken, price=price, reason=SIGNAL)
    else:
        totals.rejected += 1
