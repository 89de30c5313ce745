"""Exits without a decision: stops, targets and margin calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.book import closes, is_margin_called
from engine.backtest.kernels.compiled import lean
from engine.backtest.kernels.fills import close_position, liquidate, note_price
from engine.backtest.kernels.records import (
    EXIT,
    LIMIT,
    LIQUIDATION,
    NOTHING,
    REBALANCE,
    ROUNDING,
    STOP_LOSS,
    TAKE_PROFIT,
    TO_WEIGHT,
    TRAILING_STOP,
)


@lean
def stop_level(position: Any, rules: Any) -> tuple[float, int]:
    """Where the stop of a position lies and which it is; NaN where there is none."""
    side = 1.0 if position.units > 0.0 else -1.0
    level, reason = np.nan, STOP_LOSS
    distance = rules.stop_loss if np.isnan(position.stop) else position.stop
    if not np.isnan(distance):
        level = position.price * (1.0 - side * distance)
    if not np.isnan(rules.trailing_stop):
        trail = position.best * (1.0 - side * rules.trailing_stop)
        if np.isnan(level) or side * trail > side * level:
            level, reason = trail, TRAILING_STOP
    return level, reason


@lean
def filled_within(t: int, bar: Any, position: Any, rules: Any) -> bool:
    """Whether a limit order was filled below this bar's open (above it: a short one).

    The bar's best price may then lie before the fill; its worst does not.
    """
    entry = position.price
    slack = ROUNDING * bar.open  # the price of several fills is a quotient
    better = entry < bar.open - slack if position.units > 0.0 else entry > bar.open + slack
    return rules.fill == LIMIT and position.entry_bar == t and better


@lean
def check_stop(s: int, t: int, bar: Any, position: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Stop and target of a position that is held when the bar begins, or was filled during it."""
    side = 1.0 if position.units > 0.0 else -1.0
    entry = position.price
    within = filled_within(t, bar, position, rules)
    level, reason = stop_level(position, rules)
    target = entry * (1.0 + side * rules.take_profit)
    worst, best = (bar.low, bar.high) if side > 0.0 else (bar.high, bar.low)
    stopped = side * worst <= side * level
    reached = side * best >= side * target and not within
    quote, ambiguous = np.nan, 0
    if stopped and not within and side * bar.open <= side * level:
        quote = bar.open
    elif reached and side * bar.open >= side * target:
        quote, reason = bar.open, TAKE_PROFIT
    elif stopped:
        quote, ambiguous = level, 1 if reached else 0
    elif reached:
        quote, reason = target, TAKE_PROFIT
    if not np.isnan(quote):
        totals.ambiguous += ambiguous
        if not within:
            note_price(position, bar.open)
        position.quote = quote
        held = position.units
        close_position(s, t, bar, position, trades, orders, totals, rules, reason=reason, ambiguous=ambiguous)
        rest = position.pending == TO_WEIGHT and position.pending_reason == REBALANCE
        if rest or not closes(position.pending, position.pending_amount, held):
            position.pending = NOTHING  # it was decided before the stop, for the position that this has closed


@lean
def follow_best(t: int, bar: Any, position: Any, rules: Any) -> None:
    """The best price of a bar for the trailing stop of later ones; the close where it has no other."""
    side = 1.0 if position.units > 0.0 else -1.0
    best = bar.high if side > 0.0 else bar.low
    seen = bar.close if np.isnan(best) or filled_within(t, bar, position, rules) else best
    if side * seen > side * position.best:
        position.best = seen


@lean
def check_stops(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Stops and targets of every position whose symbol has an open."""
    for s in range(len(book)):
        if book[s].units != 0.0 and not np.isnan(bars[t, s].open):
            check_stop(s, t, bars[t, s], book[s], trades, orders, totals, rules)
        if book[s].units != 0.0:
            follow_best(t, bars[t, s], book[s], rules)


@lean
def way_down(t: int, bar: Any, position: Any, rules: Any) -> tuple[float, float]:
    """Where a position begins the bar, and the worst price that it meets before its stop."""
    if np.isnan(bar.open):
        return position.mark, position.mark
    first = position.price if filled_within(t, bar, position, rules) else bar.open
    worst = bar.low if position.units > 0.0 else bar.high
    level, _ = stop_level(position, rules)
    if np.isnan(worst):
        return first, first
    if not np.isnan(level):
        worst = max(worst, level) if position.units > 0.0 else min(worst, level)
    return first, min(worst, first) if position.units > 0.0 else max(worst, first)


@lean
def margin_way(t: int, bars: Any, book: Any, totals: Any, rules: Any) -> float:
    """How far on the way from the bar's open to its worst the equity falls below maintenance: 0 at the open; below 0
    where it does not.

    All symbols are taken to go to their worst prices together, or to their stops where those lie before.
    """
    at_open, at_worst, needed_open, needed_worst = totals.cash, totals.cash, 0.0, 0.0
    short = False
    for s in range(len(book)):
        held = book[s].units
        if held != 0.0:
            short = short or held < 0.0
            first, worst = way_down(t, bars[t, s], book[s], rules)
            at_open += held * first
            at_worst += held * worst
            needed_open += abs(held * first)
            needed_worst += abs(held * worst)
    if not short and totals.cash >= -1e-9 * needed_open:
        return -1.0
    spare_open = at_open - rules.maintenance * needed_open
    spare_worst = at_worst - rules.maintenance * needed_worst
    if spare_open >= 0.0 and spare_worst >= 0.0:
        return -1.0
    return 0.0 if spare_open <= 0.0 else spare_open / (spare_open - spare_worst)


@lean
def margin_call(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Close everything where the equity falls below maintenance; a symbol without an open at its next price."""
    way = margin_way(t, bars, book, totals, rules)
    if way < 0.0:
        return
    for s in range(len(book)):
        position, bar = book[s], bars[t, s]
        if position.units != 0.0 and np.isnan(bar.open):
            position.pending = EXIT
            position.pending_reason = LIQUIDATION
        elif position.units != 0.0:
            first, worst = way_down(t, bar, position, rules)
            note_price(position, first)
            liquidate(s, t, bar, position, trades, orders, totals, rules, quote=first + way * (worst - first))


@lean
def liquidate_called(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Close at this bar's open the positions of an earlier margin call whose symbol had no bar then."""
    for s in range(len(book)):
        if is_margin_called(book[s]) and not np.isnan(bars[t, s].open):
            liquidate(s, t, bars[t, s], book[s], trades, orders, totals, rules, quote=bars[t, s].open)
