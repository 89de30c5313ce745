"""A result as columns: for a DataFrame, or as CSV text in full precision, with ISO times and empty missing values."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import drawdown
from engine.backtest.reports.holdings import Holdings, Position
from engine.backtest.result import REASONS, BacktestResult
from engine.market.bars import Times

Columns = Mapping[str, NDArray[Any]]


def bar_columns(result: BacktestResult) -> Columns:
    """By bar: time, equity, the equity of buy and hold and of trading without costs, exposure and drawdown."""
    return {
        "time": result.time,
        "equity": result.equity,
        "hold": result.benchmark,
        "without_costs": result.costless,
        "exposure": result.exposure,
        "drawdown": drawdown(result.equity, result.capital),
    }


def trade_columns(result: BacktestResult) -> Columns:
    """By trade, in the order of the entries; excursions are relative to the entry price."""
    return {
        "symbol": np.array(result.symbols, dtype=object)[result.trade_symbol],
        "side": np.where(result.trade_side > 0, "long", "short").astype(object),
        "entry_time": result.trade_entry_time,
        "exit_time": result.trade_exit_time,
        "is_open": result.trade_open,
        "bars": result.trade_bars,
        "size": result.trade_size,
        "entry_price": result.trade_entry_price,
        "exit_price": result.trade_exit_price,
        "fees": result.trade_fees,
        "profit": result.trade_pnl,
        "return": result.trade_return,
        "exit_reason": np.array(REASONS, dtype=object)[result.trade_reason],
        "worst_excursion": result.trade_mae,
        "best_excursion": result.trade_mfe,
        "is_ambiguous": result.trade_ambiguous,
    }


def fill_columns(result: BacktestResult) -> Columns:
    """By fill, in the order of the bars: units above zero are bought; the price includes slippage."""
    return {
        "time": result.fill_time,
        "symbol": np.array(result.symbols, dtype=object)[result.fill_symbol],
        "units": result.fill_units,
        "price": result.fill_price,
        "quote": result.fill_quote,
        "commission": result.fill_fee,
    }


def weight_columns(held: Holdings) -> Columns:
    """By bar: the weight of each symbol, and the cash."""
    return {"time": held.time, **dict(zip(held.symbols, held.weights.T, strict=True)), "cash": held.cash}


def position_columns(positions: Sequence[Position]) -> Columns:
    """By symbol: what is held at the last close, and what is to be; the change is in units."""
    columns = {name.name: [getattr(item, name.name) for item in positions] for name in fields(Position)}
    found = {
        name: np.array(values, dtype=object if name == "symbol" else np.float64) for name, values in columns.items()
    }
    return found | {"change_units": found["target_units"] - found["units"]}


def equity_csv(result: BacktestResult) -> str:
    """``bar_columns`` as CSV."""
    return csv_text(bar_columns(result))


def trades_csv(result: BacktestResult) -> str:
    """``trade_columns`` as CSV."""
    return csv_text(trade_columns(result))


def fills_csv(result: BacktestResult) -> str:
    """``fill_columns`` as CSV."""
    return csv_text(fill_columns(result))


def _cells(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        return _times(column)
    if column.dtype.kind == "b":
        return ["yes" if value else "no" for value in column]
    return ["" if isinstance(value, float) and not np.isfinite(value) else value for value in column.tolist()]


def _times(moments: Times) -> list[str]:
    """Dates where all moments are midnights, else times to the second."""
    days = moments.astype("datetime64[D]")
    is_daily = bool((days == moments).all())
    return [str(moment) for moment in (days if is_daily else moments.astype("datetime64[s]"))]


def csv_text(columns: Columns) -> str:
    """``columns`` as CSV by RFC 4180, except for line ends, which are Unix ones."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(zip(*map(_cells, columns.values()), strict=True))
    return written.getvalue()
