"""Strategies: what to hold, decided on closed bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, MarketSpec
from engine.registry import Registry
from engine.spec import RunSpec, Spec


@dataclass(frozen=True, eq=False)
class Signals:
    """Decisions taken at the close of each bar, bool arrays as long as the bars.

    ``entries[t]`` asks for a long position, ``exits[t]`` for none; what they fill at is the simulation's business.
    Where both are set the exit wins.
    """

    entries: NDArray[np.bool_]
    exits: NDArray[np.bool_]


class Strategy(Spec):
    """Contract of a strategy.

    ``signals(bars, inputs)`` uses no bar later than t for its decision at t (the conformance tests recompute it on
    truncated history) and is silent during ``warm_up()`` bars. ``inputs(market)`` names the runs that it needs, such
    as a model's; their results arrive in ``inputs`` under the same names.
    """

    kind: str = ""

    def inputs(self, market: MarketSpec) -> Mapping[str, RunSpec]:
        return {}

    def warm_up(self) -> int:
        return 0

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        raise TypeError(f"{type(self).__name__} has no signals method.")


STRATEGIES = Registry("strategies", Strategy, "engine.strategies.kinds")
