"""Running a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.backtest.look_ahead_guard import caveats, require_causal
from engine.backtest.portfolio import run_portfolio
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.progress import Progress
from engine.jobs.executors import computes


@computes(BacktestSpec)
def compute(spec: BacktestSpec, inputs: Mapping[str, Any], progress: Progress) -> BacktestResult:
    """Equity and trades. Raises ``StrategyError`` where the strategy uses the future, before and after it has run."""
    require_causal(spec, inputs)
    result = run_portfolio(spec, inputs, progress)
    require_causal(spec, inputs)
    return replace(result, warnings=(*caveats(inputs), *result.warnings))
