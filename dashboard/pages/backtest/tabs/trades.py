"""The tab of the trades."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import Output, callback
from dash.development.base_component import Component

from dashboard import runs
from dashboard.components import card, table
from dashboard.format import day
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import OPEN, RESULT, Tab, opened_on
from engine.backtest.result import BacktestResult

COLUMNS = [
    table.Column("symbol", "Symbol"),
    table.Column("entry", "In"),
    table.Column("exit", "Out"),
    table.Column("bars", "Bars", "number"),
    table.Column("entry_price", "Entry price", "number", 2, help="The fill, slippage included."),
    table.Column("exit_price", "Exit price", "number", 2, help="The fill, slippage included; the last close if open."),
    table.Column("pnl", "Profit", "number", 0, help="After commission and slippage of both sides."),
    table.Column("return", "Return", "signed_percent", 2, help="Profit over the value of the entry."),
]


def layout() -> list[Component]:
    shown = table.table(ids.TRADES, COLUMNS, height=560, empty="The strategy never traded in this range.")
    return [card.card("Trades", shown, sub="latest first, prices with slippage")]


TAB = Tab("trades", "Trades", layout)


@callback(Output(ids.TRADES, "rowData"), RESULT, OPEN)
def list_trades(data: runs.ResultData, tab: str) -> list[dict[str, Any]]:
    _, result = opened_on("trades", data, tab)
    return rows(result)


def rows(result: BacktestResult, limit: int | None = None) -> list[dict[str, Any]]:
    """Rows of the trade table, latest entry first, ``limit`` at most; dates of intraday bars keep their time."""
    intraday = result.periods_per_year > 400
    order = np.argsort(result.trade_entry_time, kind="stable")[::-1][:limit]
    return [
        {
            "symbol": result.symbols[result.trade_symbol[i]],
            "entry": _moment(result.trade_entry_time[i], intraday),
            "exit": "open" if result.trade_open[i] else _moment(result.trade_exit_time[i], intraday),
            "bars": int(result.trade_bars[i]),
            "entry_price": float(result.trade_entry_price[i]),
            "exit_price": float(result.trade_exit_price[i]),
            "pnl": float(result.trade_pnl[i]),
            "return": float(result.trade_return[i]),
        }
        for i in order
    ]


def _moment(time: np.datetime64, intraday: bool) -> str:
    return str(time)[:16].replace("T", " ") if intraday else day(str(time))
