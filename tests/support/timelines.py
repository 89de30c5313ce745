"""Made-up rows of a panel for splits: symbols with their own days, labels of a horizon, some of them unknown."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as some

from engine.models.splits.fold import Timeline
from tests.support.market import days

NAT = np.datetime64("NaT", "ms")


def timeline(*calendars: np.ndarray, horizon: int = 2, warm_up: int = 0) -> Timeline:
    """Every bar of each calendar after the warm-up is a row."""
    ends = [np.concatenate([bars[horizon:], np.full(min(horizon, len(bars)), NAT)]) for bars in calendars]
    return Timeline(
        time=np.concatenate([bars[warm_up:] for bars in calendars]),
        symbol=np.repeat(np.arange(len(calendars), dtype=np.int32), [len(bars[warm_up:]) for bars in calendars]),
        end=np.concatenate([end[warm_up:] for end in ends]),
        bars=tuple(calendars),
    )


@some.composite
def timelines(draw: some.DrawFn, least: int = 30, most: int = 90) -> Timeline:
    """One to three symbols over some hundred days with gaps of their own, rows in any order, some of them left out and
    some without a label.
    """
    random = np.random.default_rng(draw(some.integers(0, 2**32 - 1)))
    horizon = draw(some.integers(1, 6))
    calendars = [
        days(130)[np.sort(random.choice(130, draw(some.integers(least, most)), replace=False))]
        for _ in range(draw(some.integers(1, 3)))
    ]
    whole = timeline(*calendars, horizon=horizon, warm_up=draw(some.integers(0, 3)))
    rows = random.permutation(np.flatnonzero(random.uniform(size=len(whole)) > 0.05))
    end = whole.end.copy()
    end[random.uniform(size=len(whole)) < 0.05] = NAT
    return Timeline(whole.time[rows], whole.symbol[rows], end[rows], whole.bars)
