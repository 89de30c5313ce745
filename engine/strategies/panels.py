"""Prices of several symbols on a common calendar with gaps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.market.panel import Panel

STALE = np.timedelta64(7, "D")
"""A symbol whose last bar is older than this is treated as delisted; holidays and foreign weekends are shorter."""


@lru_cache(maxsize=2)
def last_known(panel: Panel) -> Floats:
    """Forward filled closes (bars, symbols), NaN where older than a week; read-only, and cached per panel."""
    rows = np.arange(len(panel))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(panel.close), rows, -1), axis=0)
    known = np.take_along_axis(panel.close, np.maximum(last, 0), axis=0) if len(panel) else panel.close
    recent = panel.time[:, None] - panel.time[np.maximum(last, 0)] <= STALE if len(panel) else np.isfinite(known)
    found = np.where((last >= 0) & recent, known, np.nan)
    found.setflags(write=False)
    return found


def is_priced(close: Floats) -> NDArray[np.bool_]:
    """Where a price is positive and finite, so that its logarithm exists."""
    return np.asarray((close > 0) & np.isfinite(close))


def no_decisions(panel: Panel) -> Floats:
    """Weights (bars, symbols) without a decision, all NaN."""
    return np.full((len(panel), len(panel.symbols)), np.nan)


def last_index(events: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each bar the index of the last bar up to it at which ``events`` is set, -1 before the first."""
    return np.maximum.accumulate(np.where(events, np.arange(len(events)), -1))
