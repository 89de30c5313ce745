"""A source of thousands of symbols, as a plug-in of the user."""

from __future__ import annotations

COUNT = 5_000


def name(place: int) -> str:
    """The symbols: S0000 to S4999."""
    return f"S{place:04d}"


SOURCE = f'''
from functools import cache
from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.market.bars import Bars, Series
from engine.market.sources import Source


@plugin("many", title="Many")
class Many(Source):
    """Three bars of each of {COUNT:,} symbols."""

    kind: Literal["many"] = "many"

    def series(self) -> tuple[Series, ...]:
        return _series()

    def read(self, series: Series) -> Bars:
        time = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]").astype("datetime64[ms]")
        close = np.array([1.0, 2.0, 3.0])
        for values in (time, close):
            values.flags.writeable = False
        return Bars(series, time, close, close, close, close, close, adj_close=close)


@cache
def _series() -> tuple[Series, ...]:
    return tuple(
        Series(
            source="many", collection="many", symbol=f"S{{place:04d}}", interval="1d", kind="equity", currency="USD",
            timezone="America/New_York", tradeable=True, has_ohlc=True, has_volume=True, adjustment="none", rows=3,
            start="2020-01-01", end="2020-01-03", origin="made up", licence="none",
        )
        for place in range({COUNT})
    )
'''
