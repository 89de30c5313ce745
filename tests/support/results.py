"""Backtest results made up for tests: every number is the test's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.backtest.metrics import equity_metrics, trade_metrics
from engine.backtest.result import REASONS, BacktestResult
from engine.market.bars import periods_per_year
from tests.support.market import days


def trade(entry: str, exit: str, pnl: float, **more: Any) -> dict[str, Any]:
    """One trade: bought at 100 for 1,000; what else it is, is given by name (``symbol``, ``side``, ``reason`` ...)."""
    usual = {
        "symbol": 0, "entry_price": 100.0, "exit_price": 100.0 + pnl / 10, "size": 10.0, "fees": 0.0, "bars": 5,
        "open": False, "side": 1, "reason": 0, "mae": -0.01, "mfe": 0.02, "ambiguous": False,
    }  # fmt: skip
    named = {"reason": REASONS.index(more.pop("reason"))} if isinstance(more.get("reason"), str) else {}
    return {"entry_time": entry, "exit_time": exit, "pnl": pnl, "return": pnl / 1000, **usual, **named, **more}


def make_result(
    equity: Sequence[float] | np.ndarray,
    trades: Sequence[Mapping[str, Any]] = (),
    *,
    benchmark: Sequence[float] | np.ndarray | None = None,
    time: np.ndarray | None = None,
    symbols: tuple[str, ...] = ("AAA", "BBB"),
    **more: Any,
) -> BacktestResult:
    """A result with that equity, on consecutive days unless ``time`` says otherwise, and those trades; of exchanges in
    UTC unless ``zones`` are given.
    """
    values = np.asarray(equity, dtype=np.float64)
    held = values.copy() if benchmark is None else np.asarray(benchmark, dtype=np.float64)
    moments = days(len(values)) if time is None else np.asarray(time, dtype="datetime64[ms]")
    per_year = periods_per_year(moments)
    is_daily = bool((moments == moments.astype("datetime64[D]")).all())
    zones = () if is_daily else ("UTC",) * len(symbols)
    kinds = {
        "symbol": np.int64, "entry_time": "datetime64[ms]", "exit_time": "datetime64[ms]", "entry_price": np.float64,
        "exit_price": np.float64, "size": np.float64, "pnl": np.float64, "return": np.float64, "fees": np.float64,
        "bars": np.int64, "open": np.bool_, "side": np.int64, "reason": np.int64, "mae": np.float64,
        "mfe": np.float64, "ambiguous": np.bool_,
    }  # fmt: skip
    columns = {f"trade_{name}": np.array([item[name] for item in trades], dtype=kind) for name, kind in kinds.items()}
    figures = {**equity_metrics(moments, values, per_year), **trade_metrics(columns["trade_pnl"])}
    known = {
        "label": "Made up", "currency": "USD", "symbols": symbols, "zones": zones, "periods_per_year": per_year,
        "time": moments, "equity": values, "benchmark": held, "costless": values * 1.01,
        "exposure": np.ones(len(values)), "family": "made_up", "capital": float(values[0]),
        "metrics": {**figures, "exposure": 1.0, "costs": 0.0},
        "warm_up": 0, "required_warm_up": 0, "warm_up_in_range": 0,
        "benchmark_metrics": equity_metrics(moments, held, per_year), "warnings": (),
    }  # fmt: skip
    return BacktestResult(**{**known, **columns, **more})
