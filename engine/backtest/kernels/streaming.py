"""Accounts of many combinations of a sweep, bar by bar: from shared conditions or crossings to decisions, from these to
equity.

*Codes* (combinations, bars, symbols) are the decisions of ``kernels.records``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.account import run
from engine.backtest.kernels.compiled import lean, lean_inlined, lowest
from engine.backtest.kernels.conditions import combine
from engine.backtest.kernels.crossing import crossings
from engine.backtest.kernels.records import EXIT, EXIT_LONG, EXIT_SHORT, GO_LONG, GO_SHORT, NOTHING
from engine.backtest.kernels.weights import bar_returns, deepest

_ONE = np.uint64(1)


@lean
def encode_conditions(
    bits: Any, sides: Any, matches: Any, first: int, at: Any, symbol: int, chunk: Any, words: Any, codes: Any
) -> None:
    """Add to ``codes`` the decisions of the combinations ``chunk`` about a symbol, whose bars are those at the places
    ``at`` of the account's: see ``account.encode_signals``.

    ``sides`` are entries, exits, short entries and short exits as in ``kernels.conditions``, those that do not count
    without a condition; the bits of the symbol begin at the word ``first``. ``words`` (4, words) are used up.
    """
    for k in range(len(chunk)):
        _combine_sides(bits, sides, matches, first, chunk[k], words)
        for w in range(words.shape[1]):
            leaves, leaves_short = words[1, w], words[3, w]
            enters, enters_short = words[0, w] & ~leaves, words[2, w] & ~leaves_short
            long, short = enters & ~enters_short, enters_short & ~enters
            decided = long | short | leaves | leaves_short
            while decided != 0:
                place = lowest(decided)
                bit = _ONE << np.uint64(place)
                code = GO_LONG if long & bit else GO_SHORT if short & bit else NOTHING
                if code == NOTHING and leaves & bit:
                    code = EXIT if leaves_short & bit else EXIT_LONG
                codes[k, at[(w << 6) + place], symbol] |= code if code != NOTHING else EXIT_SHORT
                decided &= decided - _ONE


@lean_inlined
def _combine_sides(bits: Any, sides: Any, matches: Any, first: int, combination: int, words: Any) -> None:
    for side in range(4):
        conditions = sides[side][combination]
        if len(conditions):
            combine(bits, conditions, matches[side], first, words[side])
        else:
            words[side] = 0


@lean
def encode_crossings(
    rows: Any, pairs: Any, lead: int, decided: Any, at: Any, symbol: int, chunk: Any, events: Any, codes: Any
) -> None:
    """Add to ``codes`` the decisions of the combinations ``chunk`` about a symbol: the first of ``decided`` where the
    first line of ``pairs`` crosses above the second, else where it crosses below; ``rows`` as in ``crossing.sweep``.
    """
    for k in range(len(chunk)):
        pair = pairs[chunk[k]]
        for i in range(crossings(rows[0], rows[1], pair[0], pair[1], lead, events)):
            codes[k, at[events[i] >> 1], symbol] |= decided[0] if events[i] & 1 else decided[1]


@lean
def follow(
    codes: Any, code_of: Any, orders: Any, market: Any, rules: Any, rule_of: Any, fresh: Any, state: Any, equity: Any
) -> None:
    """The accounts of some combinations: their ``equity`` (combinations, bars) and the number of their trades.

    Combination k decides by the row ``code_of[k]`` of ``codes`` and trades by the row ``rule_of[k]`` of ``rules``;
    ``orders`` are the amounts and the distances of stops of all. ``fresh`` are a book and totals of an account that
    begins, ``state`` another such pair, no trades, no orders, room for the size of positions, and numbers of trades.
    """
    amounts, distances = orders
    bars, years, payments = market
    book, totals, no_trades, no_orders, gross, trades = state
    for k in range(len(code_of)):
        totals[0] = fresh[1][0]
        for s in range(len(book)):
            book[s] = fresh[0][s]
        run(
            bars,
            years,
            payments,
            codes[code_of[k]],
            amounts,
            distances,
            rules[rule_of[k]],
            book,
            no_trades,
            no_orders,
            totals[0],
            equity[k],
            gross,
        )
        trades[k] = totals[0].trades


@lean
def returns_of(equity: Any, capital: float, returns: Any, largest: Any, falls: Any) -> None:
    """Bar returns of each row of ``equity``, the largest of their sizes, and the maximum drawdown."""
    for k in range(len(equity)):
        largest[k] = bar_returns(equity[k], returns[k])
        falls[k] = deepest(equity[k], capital)
