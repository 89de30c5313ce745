"""Compiled loops over rolling windows: had by ``rolling()`` alone, for importing one of them imports numba.

Each takes ``values``, float64 (series, bars), and fills ``out`` of the same shape; ``windows`` takes many windows at
once. A window that reaches before the first bar, or holds a NaN, gives NaN: a missing bar costs another window,
nothing is filled in, and no NaN stays longer.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import NamedTuple


class Rolling(NamedTuple):
    """The modules whose functions are called from Python."""

    moments: ModuleType
    order: ModuleType
    pairs: ModuleType
    windows: ModuleType
    recursive: ModuleType


@cache
def rolling() -> Rolling:
    """All of them, imported at the first call."""
    from engine.indicators.rolling import moments, order, pairs, recursive, windows

    return Rolling(moments, order, pairs, windows, recursive)
