"""The fills of a run's accounts, and what is still to be filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.backtest.simulator import AccountRun


def fills_of(runs: Sequence[AccountRun], symbols: int) -> dict[str, Any]:
    """The fields of ``result.BacktestResult`` over fills, ordered by bar, and its ``target``."""
    target, columns = np.zeros(symbols), [_columns(run) for run in runs]
    for run in runs:
        target[list(run.symbols)] = run.account.target
    joined = {name: np.concatenate([item[name] for item in columns]) for name in columns[0]}
    order = np.argsort(joined["fill_time"], kind="stable")
    return {name: values[order] for name, values in joined.items()} | {"target": target}


def _columns(run: AccountRun) -> dict[str, Any]:
    orders = run.account.orders
    return {
        "fill_time": run.account.time[orders["bar"]],
        "fill_symbol": np.array(run.symbols, dtype=np.int64)[orders["symbol"]],
        "fill_units": np.ascontiguousarray(orders["units"]),
        "fill_price": np.ascontiguousarray(orders["price"]),
        "fill_quote": np.ascontiguousarray(orders["quote"]),
        "fill_fee": np.ascontiguousarray(orders["fee"]),
    }
