"""In which way a sweep computes its combinations, by its request alone: what an estimate says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.backtest.plain import is_plain
from engine.core.axes import ResolvedAxis
from engine.strategies import Allocation
from engine.strategies.conditional import Conditional
from engine.strategies.crossing import Crossing

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

SHARED = "factorised: lines and conditions once for all combinations"
STREAMED = "streaming: lines and conditions shared, accounts followed bar by bar"
ASKED = "the strategy's Python for each of its settings, accounts in compiled code"
MOST_CROSSED = 8
"""Symbols whose crossing lines are held at once where accounts are followed bar by bar; beyond, strategies are asked
one after the other.
"""


def way(base: BacktestSpec, scales: Sequence[ResolvedAxis]) -> str:
    """How the combinations of ``scales`` on ``base`` are computed, as a phrase."""
    strategy = base.strategy
    if isinstance(strategy, Allocation):
        return ASKED
    if not isinstance(strategy, Crossing | Conditional) or strategy.carries_decisions:
        return ASKED
    if isinstance(strategy, Crossing) and not is_plain(base) and len(base.market.symbols) > MOST_CROSSED:
        return ASKED
    stopped = base.stops.any or not is_plain(base) or any(scale.path.startswith("stops.") for scale in scales)
    return STREAMED if stopped else SHARED


def unfollowed(base: BacktestSpec, scales: Sequence[ResolvedAxis], sample: str) -> str:
    """Why no other device than the CPU can follow these accounts, as the end of a sentence; "" where one can."""
    if sample == "tpe":
        return "TPE draws too few combinations at a time for another device"
    if len(base.market.symbols) > 1:
        return "other devices follow accounts of one symbol"
    if not is_plain(base) or way(base, scales) not in (SHARED, STREAMED):
        return "other devices follow long positions of all the capital at proportional costs, by lines or conditions"
    if base.fill != "next_open" or any(scale.path == "fill" for scale in scales):
        return "other devices fill orders at the next open"
    return ""
