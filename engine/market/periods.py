"""Calendar periods of trading days: where each one ends."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.market.days import Days

Every = Literal["bar", "day", "week", "month"]

_MONDAY = np.timedelta64(3, "D")  # 1970 began on a Thursday


def last_rows(days: Days, every: Every) -> NDArray[np.intp]:
    """Index of the last bar of each period, ascending, for the trading days of the bars; weeks begin on Mondays."""
    if every == "bar":
        return np.arange(len(days))
    stamps = days if every == "day" else _coarse(days, every)
    return np.flatnonzero(np.append(stamps[1:] != stamps[:-1], True))


def _coarse(days: Days, every: str) -> NDArray[np.datetime64]:
    return (days + _MONDAY).astype("datetime64[W]") if every == "week" else days.astype("datetime64[M]")
