"""The deepest drawdowns of an equity curve, each from its high to its recovery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.metrics import drawdown
from engine.market.bars import Floats, Times


@dataclass(frozen=True)
class Drawdown:
    """One drawdown: ``depth`` (negative) is that of the ``bottom``, relative to the high at ``start``. ``end`` is the
    bar of the recovery, None where there is none yet; ``days`` are calendar days to the recovery or to the last bar,
    ``days_down`` those to the bottom.
    """

    start: np.datetime64
    bottom: np.datetime64
    end: np.datetime64 | None
    depth: float
    days: float
    days_down: float


def deepest(time: Times, equity: Floats, capital: float, count: int = 5) -> tuple[Drawdown, ...]:
    """The ``count`` deepest drawdowns, deepest first; ``capital`` is the initial high."""
    fall = drawdown(equity, capital)
    edges = np.diff(np.concatenate(([0], (fall < 0).astype(np.int8), [0])))
    spells = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    found = [_drawdown(time, fall, int(first), int(stop)) for first, stop in spells]
    return tuple(sorted(found, key=lambda item: item.depth)[:count])


def _drawdown(time: Times, fall: Floats, first: int, stop: int) -> Drawdown:
    """The drawdown on the bars [``first``, ``stop``), which are all below the high before them."""
    start, bottom = time[max(first - 1, 0)], first + int(np.argmin(fall[first:stop]))
    end = time[stop] if stop < len(time) else None
    days = ((time[-1] if end is None else end) - start) / np.timedelta64(1, "D")
    return Drawdown(
        start,
        time[bottom],
        end,
        float(fall[bottom]),
        float(days),
        float((time[bottom] - start) / np.timedelta64(1, "D")),
    )
