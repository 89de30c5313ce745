"""A backtest repeated on Backtrader, and the two compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.backtest.decisions import decide
from engine.backtest.measured import measured
from engine.backtest.second_opinion.comparison import SecondOpinion
from engine.backtest.second_opinion.comparison import compare as compared
from engine.backtest.second_opinion.library import version
from engine.backtest.second_opinion.repeat import repeat
from engine.backtest.second_opinion.spec import SecondOpinionSpec
from engine.core.progress import Progress
from engine.jobs.executors import computes


@computes(SecondOpinionSpec)
def compute(spec: SecondOpinionSpec, inputs: Mapping[str, Any], progress: Progress) -> SecondOpinion:
    """What both make of the same request. Raises ``DeviceError`` where Backtrader is missing."""
    asked = spec.backtest
    bars = measured(asked, inputs["market"].bars, inputs=inputs)
    words = f"Repeating {asked.market.label()} on Backtrader"
    progress(0.0, words)
    repeated = repeat(asked, bars, decide(asked, bars, inputs), lambda part: progress(0.98 * part, words))
    progress(1.0, "Comparing the trades")
    return compared(spec.label(), inputs["backtest"], repeated, version())
