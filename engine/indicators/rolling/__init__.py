"""Compiled loops over rolling windows: had by ``rolling()`` alone, for importing one of them imports numba.

Each takes ``values``, float64 (series, bars), and fills ``out`` of the same shape; ``windows`` takes many windows at
once. A window that reaches before the first bar, or holds a NaN, gives NaN: a missing bar costs another window,
nothing is filled in, and no NaN stays longer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from engine.market.bars import Floats


class Rolling(NamedTuple):
    """The modules whose functions are called from Python."""

    moments: ModuleType
    order: ModuleType
    pairs: ModuleType
    windows: ModuleType
    recursive: ModuleType
    across: ModuleType
    clusters: ModuleType


@cache
def rolling() -> Rolling:
    """All of them, imported at the first call."""
    from engine.indicators.rolling import across, clusters, moments, order, pairs, recursive, windows

    return Rolling(moments, order, pairs, windows, recursive, across, clusters)


def rolled(loop: Callable[..., None], values: Floats, window: int, *more: float) -> Floats:
    """What ``loop``, one of these over a single input, gives for one series."""
    found = np.empty(len(values))
    loop(np.ascontiguousarray(values, dtype=np.float64)[None], window, *more, found[None])
    return found


def rolled_pair(x: Floats, y: Floats, window: int, what: str) -> Floats:
    """``what`` of ``pairs.rolling_pair``, by its name, of two series."""
    found, pairs = np.empty(len(x)), rolling().pairs
    both = (np.ascontiguousarray(values, dtype=np.float64)[None] for values in (x, y))
    pairs.rolling_pair(*both, window, getattr(pairs, what), found[None])
    return found
