"""Trades as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.components.table import Column, definition
from dashboard.text.format import count, day, day_range, signed_percent
from engine.backtest.reports.breakdown import is_intraday
from engine.backtest.reports.span import Span, entered
from engine.backtest.result import REASONS, BacktestResult

NONE = "The strategy never traded in this range."
ALL = 5_000  # rows that travel to the browser; the CSV has every trade
_HELD = "as a fraction of the entry price, before costs."

COLUMNS = (
    Column("symbol", "Symbol", least=68),
    Column("side", "Side", least=58),
    Column("entry", "Entry", least=92),
    Column("exit", "Exit", least=92),
    Column("bars", "Bars", "number", least=52),
    Column("reason", "Exit reason", least=92),
    Column("return", "Return", "signed_percent", 2, least=88, help="Profit over the value at entry."),
    Column(
        "pnl",
        "Profit",
        "signed",
        0,
        least=104,
        help="Net of commission and slippage on both sides, dividends included.",
    ),
    Column("entry_price", "Entry at", "price", least=82, help="Price of entry, slippage included."),
    Column(
        "exit_price", "Exit at", "price", least=82, help="Price of exit, slippage included; the last close if open."
    ),
    Column("mae", "MAE", "signed_percent", 2, least=76, help=f"Maximum adverse excursion {_HELD}"),
    Column("mfe", "MFE", "signed_percent", 2, least=92, help=f"Maximum favourable excursion {_HELD}"),
    Column("size", "Size", "number", 2, least=84, help="Units."),
    Column("fees", "Commission", "number", 2, least=88, help="Of both sides."),
    Column(
        "ambiguous", "Ambiguous", least=94, help="Stop and target were touched on the same bar: counted as the stop."
    ),
)
LATEST = (
    Column("symbol", "Symbol", least=74),
    Column("entry", "Entry", least=98),
    Column("exit", "Exit", least=98),
    Column("bars", "Bars", "number", least=50),
    Column("return", "Return", "signed_percent", 2, least=88, help="Profit over the value at entry."),
)
_MOMENT = 142  # pixels that a day with its hour takes


def columns(result: BacktestResult, shown: Sequence[Column] = COLUMNS) -> list[dict[str, Any]]:
    """The table's columns for ``result``, with room for hours (in UTC) within days; of the latest trades the exit is
    left out where both would not fit. What is the same for all trades has no column (``listed`` says it).
    """
    if shown is COLUMNS:
        same = {name for name, text in _same(result).items() if text is not None}
        shown = [column for column in shown if column.field not in same]
    if not is_intraday(result):
        return [definition(column) for column in shown]
    listed = [column for column in shown if column.field != "exit" or shown is not LATEST]
    wide = {"entry": {"title": "Entry, UTC", "least": _MOMENT}, "exit": {"title": "Exit, UTC", "least": _MOMENT}}
    return [definition(replace(column, **wide.get(column.field, {}))) for column in listed]


def _same(result: BacktestResult) -> dict[str, str | None]:
    """What the symbol, the side and the ambiguity of every trade are; None for what differs."""
    sides = set(np.sign(result.trade_side).astype(int).tolist())
    return {
        "symbol": result.symbols[0] if len(result.symbols) == 1 else None,
        "side": ("long" if sides == {1} else "short") if len(sides) == 1 else None,
        "ambiguous": None if result.trade_ambiguous.any() else "",
    }


def _decimals(result: BacktestResult) -> int:
    """Decimals that tell prices apart: two for shares, four for what costs a few units, as currencies do."""
    if not len(result.trade_entry_price):
        return 2
    median_price = float(np.median(result.trade_entry_price))
    return 2 if median_price >= 20 else 4 if median_price >= 0.1 else 6


def rows(result: BacktestResult, limit: int, part: Span | None = None) -> list[dict[str, Any]]:
    """Rows of the trade table, latest entry first, ``limit`` at most, of those entered in the ``part``; dates of
    intraday bars keep their time. ``id`` is the trade's place in the result.
    """
    intraday, decimals = is_intraday(result), _decimals(result)
    order = np.argsort(result.trade_entry_time, kind="stable")[::-1]
    order = order if part is None else order[entered(result, part)[order]]
    return [_row(result, int(i), intraday) | {"decimals": decimals} for i in order[:limit]]


def listed(result: BacktestResult, limit: int = ALL, part: Span | None = None) -> str:
    """What the table says of itself: which trades it has, if not all, what they share, and what its money is."""
    every = len(result.trade_pnl)
    total = every if part is None else int(entered(result, part).sum())
    of = "" if part is None else f"{total:,} of {every:,}, entered {_ends(result, part)}; "
    most = f"latest {limit:,} of {total:,}, all in the CSV; " if total > limit else ""
    shared = " ".join(text for text in _same(result).values() if text)
    return f"{of}{most}{f'{shared}; ' if shared else ''}profit in {result.currency}, prices after slippage"


def _ends(result: BacktestResult, part: Span) -> str:
    return day_range(str(result.days[part.first]), str(result.days[part.stop - 1]))


def describe(result: BacktestResult, index: int) -> Sequence[Component | str]:
    """One trade in words: which it is, its return, why it ended and how long it was held."""
    row, total = _row(result, index, is_intraday(result)), len(result.trade_pnl)
    is_open = row["exit"] == "open"
    ended = f"open since {row['entry']}" if is_open else f"{row['reason']}, {row['entry']} to {row['exit']}"
    tone = "gain" if row["pnl"] > 0 else "loss" if row["pnl"] < 0 else ""
    profit = html.B(signed_percent(row["return"]), className=tone)
    trade = f"{index + 1:,} of {total:,}, {row['symbol']} {row['side'].lower()}, "
    return [trade, profit, f", {ended}, {count(row['bars'], 'bar')}"]


def _row(result: BacktestResult, i: int, intraday: bool) -> dict[str, Any]:
    return {
        "id": str(i),
        "symbol": result.symbols[result.trade_symbol[i]],
        "side": "Long" if result.trade_side[i] > 0 else "Short",
        "entry": _moment(result.trade_entry_time[i], intraday),
        "exit": "open" if result.trade_open[i] else _moment(result.trade_exit_time[i], intraday),
        "reason": REASONS[result.trade_reason[i]],
        "bars": int(result.trade_bars[i]),
        "entry_price": float(result.trade_entry_price[i]),
        "exit_price": float(result.trade_exit_price[i]),
        "size": float(result.trade_size[i]),
        "pnl": float(result.trade_pnl[i]),
        "return": float(result.trade_return[i]),
        "mae": float(result.trade_mae[i]),
        "mfe": float(result.trade_mfe[i]),
        "fees": float(result.trade_fees[i]),
        "ambiguous": "yes" if result.trade_ambiguous[i] else "",
    }


def _moment(time: np.datetime64, intraday: bool) -> str:
    return str(time)[:16].replace("T", " ") if intraday else day(str(time))
