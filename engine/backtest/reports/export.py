"""A result as CSV text, in full precision: numbers as Python reads them back, times in ISO, missing values empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from engine.backtest.metrics import drawdown
from engine.backtest.result import REASONS, BacktestResult
from engine.market.bars import Times


def equity_csv(result: BacktestResult) -> str:
    """A line for each bar: time, equity, what holding the symbols and trading without costs would have had, the part
    of the equity that was invested, and the fall below the highest equity so far.
    """
    names = ("time", "equity", "hold", "without_costs", "exposure", "drawdown")
    numbers = (result.equity, result.benchmark, result.costless, result.exposure, drawdown(result.equity))
    return _text(names, zip(_times(result.time), *(column.tolist() for column in numbers), strict=True))


def trades_csv(result: BacktestResult) -> str:
    """A line for each trade, in the order of the entries; excursions are parts of the entry's price."""
    columns = {
        "symbol": [result.symbols[place] for place in result.trade_symbol],
        "side": ["long" if side > 0 else "short" for side in result.trade_side],
        "entry_time": _times(result.trade_entry_time),
        "exit_time": _times(result.trade_exit_time),
        "is_open": ["yes" if value else "no" for value in result.trade_open],
        "bars": result.trade_bars.tolist(),
        "size": result.trade_size.tolist(),
        "entry_price": result.trade_entry_price.tolist(),
        "exit_price": result.trade_exit_price.tolist(),
        "fees": result.trade_fees.tolist(),
        "profit": result.trade_pnl.tolist(),
        "return": result.trade_return.tolist(),
        "exit_reason": [REASONS[place] for place in result.trade_reason],
        "worst_excursion": result.trade_mae.tolist(),
        "best_excursion": result.trade_mfe.tolist(),
        "is_ambiguous": ["yes" if value else "no" for value in result.trade_ambiguous],
    }
    return _text(tuple(columns), zip(*columns.values(), strict=True))


def _times(moments: Times) -> list[str]:
    """Days where every bar is one, else times to the second."""
    days = moments.astype("datetime64[D]")
    whole = bool((days == moments).all())
    return [str(moment) for moment in (days if whole else moments.astype("datetime64[s]"))]


def _text(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV by RFC 4180, but for line ends, which are those of every tool here."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(names)
    for row in rows:
        lines.writerow(["" if isinstance(value, float) and not np.isfinite(value) else value for value in row])
    return written.getvalue()
