"""Executor of cross-checks with Backtrader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.backtest.crosscheck.comparison import Crosscheck
from engine.backtest.crosscheck.comparison import compare as compared
from engine.backtest.crosscheck.library import version
from engine.backtest.crosscheck.repeat import repeat
from engine.backtest.crosscheck.spec import CrosscheckSpec
from engine.backtest.decisions import decide
from engine.backtest.measured import measured
from engine.core.progress import Progress
from engine.jobs.executors import computes


@computes(CrosscheckSpec)
def compute(spec: CrosscheckSpec, inputs: Mapping[str, Any], progress: Progress) -> Crosscheck:
    """The comparison of both. Raises ``DeviceError`` where Backtrader is missing."""
    backtest = spec.backtest
    bars = measured(backtest, inputs["market"].bars, inputs=inputs)
    message = f"Repeating {backtest.market.label()} on Backtrader"
    progress(0.0, message)
    repeated = repeat(backtest, bars, decide(backtest, bars, inputs), lambda part: progress(0.98 * part, message))
    progress(1.0, "Comparing the trades")
    return compared(spec.label(), inputs["backtest"], repeated, version())
