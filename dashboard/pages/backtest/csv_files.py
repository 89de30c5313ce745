"""A run's trades and its equity as CSV: numbers in full, times as ISO text, columns named for what they hold."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from engine.backtest.metrics import drawdown
from engine.backtest.result import REASONS, BacktestResult

_TRADE_COLUMNS = (
    "symbol", "side", "entry_time", "exit_time", "bars", "reason", "entry_price", "exit_price", "size", "profit",
    "return", "mae", "mfe", "fees", "ambiguous",
)  # fmt: skip
_EQUITY_COLUMNS = ("time", "equity", "drawdown", "buy_and_hold", "without_costs", "exposure")


def trades(result: BacktestResult) -> str:
    """A line a trade in the order of their entries; an open trade has no exit time and its last close as its price."""
    ended = np.where(result.trade_open, "", _text(result.trade_exit_time))
    sides = np.where(result.trade_side > 0, "long", "short")
    columns = [
        [result.symbols[index] for index in result.trade_symbol], sides, _text(result.trade_entry_time), ended,
        result.trade_bars, [REASONS[index] for index in result.trade_reason], result.trade_entry_price,
        result.trade_exit_price, result.trade_size, result.trade_pnl, result.trade_return, result.trade_mae,
        result.trade_mfe, result.trade_fees, result.trade_ambiguous.astype(np.int64),
    ]  # fmt: skip
    return _written(_TRADE_COLUMNS, columns)


def equity(result: BacktestResult) -> str:
    """A line a bar: equity, its fall below the highest so far, holding the same symbols, no costs, exposure."""
    columns = [
        _text(result.time), result.equity, drawdown(result.equity), result.benchmark, result.costless, result.exposure,
    ]  # fmt: skip
    return _written(_EQUITY_COLUMNS, columns)


def download(result: BacktestResult, what: str, key: str) -> dict[str, Any]:
    """The content of a ``dcc.Download``: ``what`` is "trades" or "equity"."""
    text = trades(result) if what == "trades" else equity(result)
    label = re.sub(r"[^A-Za-z0-9]+", "-", result.label).strip("-").lower()[:60]
    name = f"stratoscope-{label}-{key[:8]}-{what}.csv"
    return {"content": text, "filename": name, "type": "text/csv", "base64": False}


def _text(time: np.ndarray) -> np.ndarray:
    """Days alone where no time has an hour."""
    whole = (time == time.astype("datetime64[D]")).all()
    return np.datetime_as_string(time, unit="D" if whole else "s")


def _written(head: Sequence[str], columns: Iterable[Any]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(head)
    lines.writerows(zip(*(column.tolist() if isinstance(column, np.ndarray) else column for column in columns),
                        strict=True))  # fmt: skip
    return text.getvalue()
