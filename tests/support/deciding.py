"""A strategy's decisions as text: what a test by hand can be read against."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Bars
from engine.strategies import Strategy

SIDES = ("entries", "exits", "short_entries", "short_exits")


def marks(flags: np.ndarray) -> str:
    return "".join("x" if flag else "." for flag in flags)


def sides(strategy: Strategy, bars: Bars) -> dict[str, list[bool]]:
    """Each side's flags, none where a strategy has no short side."""
    found = strategy.signals(bars, {})
    none = [False] * len(bars)
    return {side: none if getattr(found, side) is None else getattr(found, side).tolist() for side in SIDES}


def mirrored(bars: Bars) -> dict[str, np.ndarray]:
    """Prices of ``bars`` turned upside down: what rose falls by as much, highs are lows."""
    top = 2 * float(np.nanmax(bars.high))
    return {"open": top - bars.open, "high": top - bars.low, "low": top - bars.high, "close": top - bars.close}
