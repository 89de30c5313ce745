"""Execution of one order: its price, its commission, the position that it leaves, the trade that it closes."""

from __future__ import annotations

from typing import Any

from engine.backtest.kernels.compiled import lean
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


@lean
def fee_of(units: float, price: float, bar: Any, rules: Any) -> float:
    """Commission of a fill on ``bar``, by the shares of that day."""
    by_share = rules.per_share * bar.shares
    return max(rules.per_order + by_share * units + rules.commission * units * price, rules.minimum)


@lean
def units_for(budget: float, price: float, bar: Any, rules: Any) -> float:
    """Units whose price and commission on ``bar`` together cost ``budget``."""
    by_share = rules.per_share * bar.shares
    units = (budget - rules.per_order) / (price * (1.0 + rules.commission) + by_share)
    if units <= 0.0:
        return 0.0
    if rules.per_order + by_share * units + rules.commission * units * price < rules.minimum:
        units = (budget - rules.minimum) / price
    return max(units, 0.0)


@lean
def fill_price(side: float, units: float, quote: float, bar: Any, rules: Any) -> float:
    """The quote made worse by slippage and by the share of the bar's volume; a sale brings something."""
    worse = rules.slip
    if rules.impact > 0.0 and bar.volume > 0.0:
        worse += rules.impact * (units / bar.volume) ** 2
    return quote * max(1.0 + side * worse, MINIMUM_SALE_PRICE)


@lean
def allowed(t: int, units: float, bar: Any, position: Any, rules: Any) -> float:
    """``units``, or what the volume limit and the bar's earlier fills leave of them: nothing of an unknown volume."""
    if rules.volume_limit == 0.0:
        return units
    if not bar.volume > 0.0:
        return 0.0
    most = rules.volume_limit * bar.volume
    left = most - position.traded if position.traded_bar == t else most
    return min(units, left) if left > ROUNDING * most else 0.0


@lean
def note_price(position: Any, price: float) -> None:
    """``price`` was seen while the position was held."""
    position.lowest = min(position.lowest, price)
    position.highest = max(position.highest, price)


@lean
def close_trade(s: int, t: int, reason: int, ambiguous: int, position: Any, trades: Any, totals: Any) -> None:
    """Enter the finished trade of symbol ``s`` and clear its position."""
    side = 1 if position.entry_value > 0.0 else -1
    entry_value = abs(position.entry_value)
    pnl = side * (position.exit_value - entry_value) - position.fees + position.received
    relative = pnl / entry_value
    if relative > ROUNDING:
        totals.wins += 1
        totals.won += relative
    elif relative < -ROUNDING:
        totals.losses += 1
        totals.lost -= relative
    if totals.recording:
        entry_price = position.price
        low, high = position.lowest / entry_price - 1.0, position.highest / entry_price - 1.0
        trade = trades[totals.trades]
        trade.symbol = s
        trade.entry = position.entry_bar
        trade.exit = t
        trade.side = side
        trade.reason = reason
        trade.ambiguous = ambiguous
        trade.is_open = 1 if reason == STILL_OPEN else 0
        trade.entry_price = entry_price
        trade.exit_price = position.exit_value / position.exit_units
        trade.size = position.entry_units
        trade.pnl = pnl
        trade.fees = position.fees
        trade.mae = min(low if side > 0 else -high, 0.0)
        trade.mfe = max(high if side > 0 else -low, 0.0)
    totals.trades += 1
    position.units = 0.0
    position.entry_value = 0.0
    position.entry_units = 0.0
    position.exit_value = 0.0
    position.exit_units = 0.0
    position.fees = 0.0
    position.received = 0.0


@lean
def execute(
    s: int,
    t: int,
    bar: Any,
    position: Any,
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
    size, before = abs(delta), position.units
    fee = fee_of(size, price, bar, rules)
    totals.cash -= delta * price + fee
    totals.slippage += size * abs(price - position.quote)
    if before == 0.0:
        position.entry_bar = t
        position.held = 0
        position.stop = position.pending_stop
        position.best = price
        position.lowest = price
        position.highest = price
    if before * delta >= 0.0:
        position.entry_value += delta * price
        position.entry_units += size
        # A quotient may miss the price of a single fill by a rounding, and a stop lies exactly below it.
        position.price = price if before == 0.0 else abs(position.entry_value) / position.entry_units
    else:
        position.exit_value += size * price
        position.exit_units += size
        note_price(position, position.quote)
    position.fees += fee
    position.units = before + delta
    position.traded = size + (position.traded if position.traded_bar == t else 0.0)
    position.traded_bar = t
    if totals.recording:
        order = orders[totals.orders]
        order.bar = t
        order.symbol = s
        order.reason = reason
        order.units = delta
        order.price = price
        order.fee = fee
        order.quote = position.quote
    totals.orders += 1
    if before * delta < 0.0 and abs(position.units) <= DUST * abs(before):
        close_trade(s, t, reason, ambiguous, position, trades, totals)


@lean
def close_position(
    s: int,
    t: int,
    bar: Any,
    position: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
    reason: int,
    ambiguous: int = 0,
) -> None:
    """Sell or buy back what is held, or the part that the volume limit allows; the rest waits for the next fill."""
    held = position.units
    size = allowed(t, abs(held), bar, position, rules)
    whole = size >= abs(held)
    side = -1.0 if held > 0.0 else 1.0
    if size > 0.0:
        price = fill_price(side, size, position.quote, bar, rules)
        delta = -held if whole else side * size
        execute(
            s,
            t,
            bar,
            position,
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
        position.pending = EXIT
        position.pending_reason = reason


@lean
def liquidate(
    s: int, t: int, bar: Any, position: Any, trades: Any, orders: Any, totals: Any, rules: Any, quote: float
) -> None:
    """Close a position by force, whatever the volume of the bar."""
    held = position.units
    position.quote = quote
    totals.forced += 1 if allowed(t, abs(held), bar, position, rules) < abs(held) else 0
    price = fill_price(-1.0 if held > 0.0 else 1.0, abs(held), quote, bar, rules)
    execute(s, t, bar, position, trades, orders, totals, rules, delta=-held, price=price, reason=LIQUIDATION)
    position.pending = NOTHING


@lean
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


@lean
def open_position(
    s: int,
    t: int,
    bar: Any,
    position: Any,
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
    before_impact = fill_price(side, 0.0, position.quote, bar, rules) if slipping else position.quote
    possible = allowed(t, min(size, units_for(budget, before_impact, bar, rules)), bar, position, rules)
    taken, price = possible, before_impact
    if slipping and rules.impact > 0.0 and bar.volume > 0.0:
        taken = affordable(possible, budget, position.quote, bar, rules) if side > 0.0 else possible
        price = fill_price(side, taken, position.quote, bar, rules)
    if taken > 0.0:
        totals.cut += 1 if possible < size * (1.0 - ROUNDING) else 0
        execute(s, t, bar, position, trades, orders, totals, rules, delta=side * taken, price=price, reason=SIGNAL)
    else:
        totals.rejected += 1
