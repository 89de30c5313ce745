"""The streaming account: bar by bar, any number of symbols, one cash. ``engine.backtest.account`` documents it."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.book import account_equity, closes, is_margin_called, trade_at
from engine.backtest.kernels.calm import pass_calm
from engine.backtest.kernels.compiled import lean, lean_inlined
from engine.backtest.kernels.fills import close_trade, note_price
from engine.backtest.kernels.protection import check_stops, filled_within, liquidate_called, margin_call
from engine.backtest.kernels.records import (
    EXIT,
    EXIT_LONG,
    EXIT_SHORT,
    GO_LONG,
    GO_SHORT,
    LIMIT,
    LIQUIDATION,
    NEXT_CLOSE,
    NEXT_OPEN,
    NOTHING,
    REBALANCING,
    RESIZE,
    SAME_CLOSE,
    SIGNAL,
    STILL_OPEN,
    STOP_LOSS,
    TIME_STOP,
)


@lean
def accrue(years: float, book: Any, totals: Any, rules: Any) -> None:
    """Interest since the last bar: what shorts brought in earns nothing, what is borrowed costs."""
    short = 0.0
    for s in range(len(book)):
        if book[s].units < 0.0:
            short -= book[s].units * book[s].mark
    free = totals.cash - short
    earned = free * (rules.cash_yield if free > 0.0 else rules.margin_rate) - short * rules.borrow_cost
    totals.cash += earned * years
    totals.interest += earned * years


@lean
def pay(payment: Any, book: Any, totals: Any) -> None:
    """A dividend on what is held since the bar before; who is short pays it."""
    position = book[payment.symbol]
    if position.units != 0.0:
        cash = position.units * payment.cash
        totals.cash += cash
        totals.dividends += cash
        position.received += cash


@lean
def record_excursions(t: int, bars: Any, book: Any, rules: Any) -> None:
    """Record the bar's low and high, or its close where it has neither, for open positions; of a bar with a fill within
    it, only what followed the fill.
    """
    for s in range(len(book)):
        position, bar = book[s], bars[t, s]
        low, high = (bar.close, bar.close) if np.isnan(bar.low) else (bar.low, bar.high)
        if position.units != 0.0 and not np.isnan(low):
            within = filled_within(t, bar, position, rules)
            note_price(position, bar.close if within and position.units < 0.0 else low)
            note_price(position, bar.close if within and position.units > 0.0 else high)


@lean
def persists(position: Any) -> bool:
    """Whether nothing but an exit replaces what waits: the exit of a stop or target, or a new size of what is held."""
    stops = position.pending == EXIT and STOP_LOSS <= position.pending_reason <= TIME_STOP
    return position.units != 0.0 and (stops or position.pending == RESIZE)


@lean
def effective_code(code: int, position: Any) -> int:
    """``code``, unless it is the exit of a side that is neither held nor waited for: that changes nothing.

    The exit of a side whose entry waits withdraws that alone: what the entry was to turn round is left all the same.
    """
    if code != EXIT_LONG and code != EXIT_SHORT:
        return code
    own, other = (GO_LONG, GO_SHORT) if code == EXIT_LONG else (GO_SHORT, GO_LONG)
    if position.pending == own:
        return EXIT
    return code if position.pending != other and closes(code, 0.0, position.units) else NOTHING


@lean
def decide(t: int, decisions: Any, amounts: Any, distances: Any, book: Any, rules: Any) -> None:
    """Turn the decisions of this close into waiting orders; a later one replaces an earlier one that still waits."""
    for s in range(len(book)):
        position, amount = book[s], amounts[t, s]
        if is_margin_called(position):
            continue
        code = effective_code(decisions[t, s] & ~REBALANCING, position)
        if code != NOTHING and (not persists(position) or closes(code, amount, position.units)):
            position.pending = code
            position.pending_amount = amount
            position.pending_stop = distances[t, s] if len(distances) else np.nan
            position.pending_reason = SIGNAL
            position.age = 0
            position.limit = position.mark * (1.0 - (1.0 if code == GO_LONG else -1.0) * rules.limit_offset)
        stays = position.units != 0.0 and not closes(position.pending, position.pending_amount, position.units)
        if stays and decisions[t, s] & REBALANCING and 0.0 < amount < np.inf:
            position.pending = RESIZE
            position.pending_amount = amount
        if stays and 0 < rules.time_stop <= position.held:
            position.pending = EXIT
            position.pending_reason = TIME_STOP


@lean
def settle(t: int, reason: int, book: Any, trades: Any, totals: Any) -> None:
    """Enter what is still held as trades, at the last price and without a cost of leaving."""
    for s in range(len(book)):
        position = book[s]
        if position.units != 0.0:
            held = position.units
            position.exit_value += abs(held) * position.mark
            position.exit_units += abs(held)
            close_trade(s, t, reason, 0, position, trades, totals)
            position.units = held if reason == STILL_OPEN else 0.0


@lean
def ruin(t: int, book: Any, trades: Any, totals: Any) -> None:
    """An account whose equity is gone is closed at zero: nobody loses more than there is."""
    totals.ruined = 1
    totals.cash = 0.0
    settle(t, LIQUIDATION, book, trades, totals)
    for s in range(len(book)):
        book[s].pending = NOTHING


@lean
def trade_bar(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any, stops: bool) -> None:
    """What happens from the open of a bar to its close."""
    liquidate_called(t, bars, book, trades, orders, totals, rules)
    if rules.fill == NEXT_OPEN or rules.fill == LIMIT:
        trade_at(t, True, bars, book, trades, orders, totals, rules)
    margin_call(t, bars, book, trades, orders, totals, rules)
    if stops:
        check_stops(t, bars, book, trades, orders, totals, rules)
    if totals.recording:
        record_excursions(t, bars, book, rules)
    if rules.fill == NEXT_CLOSE:
        trade_at(t, False, bars, book, trades, orders, totals, rules)


@lean_inlined
def mark_close(t: int, bars: Any, decisions: Any, book: Any, totals: Any) -> tuple[float, float, bool]:
    """Mark positions at a close: equity, size of all positions, and whether anything is decided there."""
    value, size, decided = totals.cash, 0.0, False
    for s in range(len(book)):
        close = bars[t, s].close
        book[s].quote = close
        if not np.isnan(close):
            book[s].mark = close
            book[s].seen = totals.now
            book[s].held += t > book[s].entry_bar
        if book[s].units != 0.0:
            worth_now = book[s].units * book[s].mark
            value += worth_now
            size += abs(worth_now)
        decided = decided or decisions[t, s] != NOTHING
    return value, size, decided


@lean_inlined
def enter_close(t: int, value: float, size: float, totals: Any, equity: Any, gross: Any) -> None:
    """Enter a close's equity and size of positions."""
    totals.equity = value
    equity[t] = value
    gross[t] = size


@lean
def run(
    bars: Any,
    years: Any,
    payments: Any,
    decisions: Any,
    amounts: Any,
    distances: Any,
    rules: Any,
    book: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    equity: Any,
    gross: Any,
) -> None:
    """Take the account through all bars.

    ``bars`` (bars, symbols) of BAR, ``years`` since the bar before, ``payments`` PAYMENT, ``decisions`` (int64) and
    ``amounts`` (float64) (bars, symbols); ``distances`` of stops likewise, or empty; ``rules`` and ``totals`` are
    records, ``book`` one POSITION a symbol.
    ``trades`` and ``orders`` are filled where ``totals.recording`` is 1 and must be long enough; ``equity`` and
    ``gross`` (bars) always are.

    The loop itself only looks whether anything can happen on a bar: a call costs more than most bars need, and many
    calm ones are one call.
    """
    costly = rules.cash_yield != 0.0 or rules.borrow_cost != 0.0 or rules.margin_rate != 0.0
    fixed = not (np.isnan(rules.stop_loss) and np.isnan(rules.take_profit) and np.isnan(rules.trailing_stop))
    stops = fixed or len(distances) > 0
    watched = stops or totals.recording == 1
    paid = 0
    waiting = holding = short = False
    t = -1
    while t + 1 < len(bars):
        t += 1
        if not (waiting or (costly and len(book) > 1) or (holding and (watched or rules.time_stop > 0))):
            until = payments[paid].bar if paid < len(payments) else len(bars)
            t = pass_calm(t, until, bars, years, decisions, book, totals, rules, holding, short, equity, gross)
            if t == len(bars):
                break
        totals.now += years[t]
        if costly and t > 0 and totals.ruined == 0:
            accrue(years[t], book, totals, rules)
        while paid < len(payments) and payments[paid].bar <= t:
            pay(payments[paid], book, totals)
            paid += 1
        if waiting or (holding and (watched or short or totals.cash < -1e-9 * totals.equity)):
            waiting = True  # for the close, if it is only for what the volume limit left of a stop
            trade_bar(t, bars, book, trades, orders, totals, rules, stops)
        value, size, decided = mark_close(t, bars, decisions, book, totals)
        if totals.ruined == 0:
            if decided or (holding and rules.time_stop > 0) or (waiting and rules.fill == SAME_CLOSE):
                decide(t, decisions, amounts, distances, book, rules)
                if rules.fill == SAME_CLOSE:
                    trade_at(t, False, bars, book, trades, orders, totals, rules)
                    value, size = account_equity(book, totals)
            if value <= 0.0:
                ruin(t, book, trades, totals)
                value, size = 0.0, 0.0
        waiting = holding = short = False
        for s in range(len(book)):
            waiting = waiting or book[s].pending != NOTHING
            holding = holding or book[s].units != 0.0
            short = short or book[s].units < 0.0
        enter_close(t, value, size, totals, equity, gross)
    settle(len(bars) - 1, STILL_OPEN, book, trades, totals)
