"""Decisions as flags: a bool for each bar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats
from engine.strategies import Signals
from engine.strategies.crossing import levels

Flags = NDArray[np.bool_]


def above(one: Floats, other: Floats | float) -> Flags:
    """Where ``one`` lies above ``other`` by more than rounding; never where either is NaN."""
    return np.asarray(levels(one) > levels(np.asarray(other, dtype=np.float64)))


def silent(bars: Bars, warm_up: int, **decisions: Flags) -> Signals:
    """``Signals`` of ``decisions``, none of them in the first ``warm_up`` bars or where there is no close."""
    known = np.isfinite(bars.close)
    known[:warm_up] = False
    return Signals(**{name: flags & known for name, flags in decisions.items()})


def never(bars: Bars) -> Flags:
    """A decision that is not taken on any bar."""
    return np.zeros(len(bars), dtype=bool)
