"""Results as DataFrames, for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.metrics import drawdown
from engine.backtest.reports.export import bar_columns, trade_columns
from engine.backtest.result import BacktestResult
from engine.backtest.sweeps.result import METRICS, SweepResult
from engine.backtest.walkforward.result import WalkForwardResult
from engine.core.axes import choice_value

if TYPE_CHECKING:
    from pandas import DataFrame


def bars(result: BacktestResult | WalkForwardResult) -> DataFrame:
    """A row per bar, indexed by time: equity, buy and hold, drawdown; for a backtest also the equity without costs and
    the exposure, for a walk-forward the equity of the best in hindsight and the window.
    """
    from pandas import DataFrame

    if isinstance(result, BacktestResult):
        return DataFrame(bar_columns(result)).set_index("time")
    columns = {
        "equity": result.equity,
        "hold": result.benchmark,
        "hindsight": result.hindsight,
        "drawdown": drawdown(result.equity, result.capital),
        "window": result.window,
    }
    return DataFrame(columns, index=_named(result.time))


def trades(result: BacktestResult) -> DataFrame:
    """A row per trade, in the order of the entries: see ``export.trade_columns``."""
    from pandas import DataFrame

    return DataFrame(trade_columns(result))


def combinations(result: SweepResult, symbol: str | None = None) -> DataFrame:
    """A row per combination, in the order of the result: ``result.spec_of(row)`` is its backtest. The axes by their
    paths, then the metrics, of the portfolio or of ``symbol``.
    """
    from pandas import DataFrame

    columns = {path: _values(result, axis) for axis, path in enumerate(result.axes)}
    return DataFrame(columns | {name: result.metric(name, symbol) for name in METRICS})


def windows(result: WalkForwardResult) -> DataFrame:
    """A row per window: first and last bar of training and test, the chosen values by path (NaN or None where nothing
    was chosen), and the metrics of both.
    """
    from pandas import DataFrame

    dates = {name: getattr(result, name) for name in ("train_first", "train_last", "test_first", "test_last")}
    chosen = {
        path: [choice_value(words[int(value)]) if np.isfinite(value) else None for value in values] if words else values
        for path, words, values in zip(result.axes, result.words, result.parameters.T, strict=True)
    }
    names = ("sharpe", "return", "growth", "drawdown", "trades")
    figures = {f"{part}_{name}": getattr(result, f"{part}_{name}") for part in ("in", "out") for name in names}
    return DataFrame(dates | chosen | figures | {"agreement": result.agreement})


def _named(time: Any) -> Any:
    from pandas import DatetimeIndex

    return DatetimeIndex(time, name="time")


def _values(result: SweepResult, axis: int) -> Any:
    """The values of an axis as its field has them."""
    column = result.parameters[:, axis]
    if words := result.words[axis]:
        return np.array([choice_value(word) for word in words], dtype=object)[column.astype(np.int64)]
    return column.astype(np.int64) if result.whole[axis] else column
