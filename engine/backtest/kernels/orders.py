"""From decisions to the bars that fill them, and to figures.

*Orders* are 2 * bar + 1 for an entry and 2 * bar for an exit, ascending by bar.

An *account* is a tuple: lines and drawdowns (see ``holdings``), fills (the bar that fills a decision of each bar,
``bars`` for none; empty where it is ``shift`` bars later), prices (bars, 3: open, high, low), shift, whether fills are
at the open.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import kernel, lean, lean_inlined
from engine.backtest.kernels.holdings import summarise
from engine.backtest.kernels.stops import has_stops, resolve, summarise_trades


@lean
def list_orders(entries: Any, exits: Any, orders: Any) -> Any:
    """Orders at the bars of decisions (bool arrays); where both are set it is an exit."""
    count = 0
    for t in range(len(entries)):
        if entries[t] or exits[t]:
            orders[count] = 2 * t + (0 if exits[t] else 1)
            count += 1
    return count


@lean
def shift_to_fills(orders: Any, count: Any, fills: Any, shift: Any, bars: Any) -> Any:
    """Move orders from the bar of their decision to the one that fills it, in place; returns how many are left.

    Of several orders that wait for the same bar the last counts; one that nothing fills is dropped.
    """
    kept = 0
    for i in range(count):
        bar, side = orders[i] >> 1, orders[i] & 1
        at = fills[bar] if len(fills) else bar + shift
        if at >= bars:
            break
        if kept and orders[kept - 1] >> 1 == at:
            kept -= 1
        orders[kept] = 2 * at + side
        kept += 1
    return kept


@lean
def alternate(orders: Any, count: Any) -> Any:
    """The bars of those orders that change what is held, in place; returns how many: entry, exit, entry and so on."""
    kept = 0
    for i in range(count):
        if orders[i] & 1 == 1 - (kept & 1):
            orders[kept] = orders[i] >> 1
            kept += 1
    return kept


@kernel
def make_scratch(bars: Any) -> Any:
    """Arrays for ``order_metrics``: trades, and the scratch of ``stops.find_stop_exit``."""
    trades = (np.empty(bars + 1, np.int64), np.empty(bars + 1, np.int64), np.empty(bars + 1))
    return trades, (np.full(bars, -1), np.zeros(bars), np.zeros(bars))


@lean
def reset_scratch(scratch: Any) -> Any:
    """Before a rule with other stops, or with other prices of entry."""
    scratch[1][0][:] = -1


@lean
def order_metrics(orders: Any, count: Any, account: Any, rule: Any, scratch: Any) -> Any:
    """Total return, Sharpe ratio per bar and drawdown of ``orders`` that are on the bars of their fills, and the number
    of trades. ``orders`` are used up.
    """
    lines, drawdowns, _, _, _, _ = account
    if has_stops(rule):
        made = resolve(orders, count, account, rule, scratch[1], scratch[0])
        return summarise_trades(scratch[0], made, lines, drawdowns, rule[0], rule[1]), made
    count = alternate(orders, count)
    return summarise(orders, 0, count, lines, drawdowns, rule[0], rule[1]), (count + 1) >> 1


@lean_inlined
def record(metrics: Any, at: Any, found: Any, trades: Any) -> Any:
    """Put the figures of one combination in its place."""
    metrics[0][at], metrics[1][at], metrics[3][at] = found[0], found[1], trades
    if len(metrics[2]):
        metrics[2][at] = found[2]


@kernel
def evaluate(entries: Any, exits: Any, account: Any, rule: Any) -> Any:
    """``figures`` of decisions: one bool a bar for entries and for exits."""
    bars = len(account[0]) - 1
    orders = np.empty(bars + 1, np.int64)
    count = shift_to_fills(orders, list_orders(entries, exits, orders), account[2], account[4], bars)
    return order_metrics(orders, count, account, rule, make_scratch(bars))


@kernel
def evaluate_many(entries: Any, exits: Any, account: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """``evaluate`` at each setting of ``rules`` that the combinations ``chunk`` have, into their places of ``metrics``
    (see ``crossing.sweep``).
    """
    bars = len(account[0]) - 1
    orders, used = np.empty(bars + 1, np.int64), np.empty(bars + 1, np.int64)
    count = shift_to_fills(orders, list_orders(entries, exits, orders), account[2], account[4], bars)
    scratch = make_scratch(bars)
    setting = -1
    for c in chunk:
        row = rule_of[c] if len(rule_of) else 0
        if row != setting:
            reset_scratch(scratch)
        setting = row
        used[:count] = orders[:count]
        found, number = order_metrics(used, count, account, rules[row], scratch)
        record(metrics, c, found, number)
