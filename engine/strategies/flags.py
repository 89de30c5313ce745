"""Helpers for decisions as bool arrays over bars."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats
from engine.strategies import Signals
from engine.strategies.columns import ABOVE, Many, compared
from engine.strategies.crossing import levels
from engine.strategies.stacks import Stack

Flags = NDArray[np.bool_]

_NEAR = 1e-9  # of a value: what is farther apart has levels in the same order


def above(one: Floats | Many, other: Floats | Many | float) -> Flags:
    """Where ``one`` is above ``other`` by more than rounding; False where either is NaN."""
    together: Any = compared(one, other, ABOVE) if isinstance(one, Many) or isinstance(other, Many) else None
    if together is not None:
        return cast(Flags, together)
    stack: Any = next((item for item in (one, other) if isinstance(item, Stack)), None)
    if stack is not None:
        return cast(Flags, stack.applied(above, one, other))
    upper, lower = np.asarray(one), np.asarray(other, dtype=np.float64)
    found = np.asarray(upper > lower)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(upper - lower) <= _NEAR * np.abs(lower)
    if near.any():
        upper, lower = np.broadcast_arrays(upper, lower)
        found[near] = levels(upper[near]) > levels(lower[near])
    return found


def masked_signals(bars: Bars, warm_up: int, **decisions: Flags) -> Signals:
    """``Signals`` of ``decisions``, masked in the first ``warm_up`` bars and where there is no close."""
    known = np.isfinite(bars.close)
    known[:warm_up] = False
    return Signals(**{name: flags & known for name, flags in decisions.items()})


def no_signals(bars: Bars) -> Flags:
    """All False."""
    return np.zeros(len(bars), dtype=bool)


def begun(entries: Flags, exits: Flags | None) -> Flags:
    """Where an entry is asked for that was not at the close before; one whose exit is asked for as well is none."""
    asks = entries if exits is None else entries & ~exits
    return np.asarray(asks & ~np.append(False, asks[:-1]))
