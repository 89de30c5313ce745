"""Synthetic bars: of no symbol that anybody trades, for what is checked or compiled without data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.market.bars import Bars, Series, Times
from engine.market.intervals import DAILY


def daily_bars(symbol: str, time: Times, columns: Mapping[str, Any]) -> Bars:
    """Daily bars of a share called ``symbol`` with these ``columns`` ("open" to "adj_close")."""
    about = Series(
        source="",
        collection="",
        symbol=symbol,
        interval=DAILY,
        kind="equity",
        currency="USD",
        timezone="America/New_York",
        tradeable=True,
        has_ohlc=True,
        has_volume=True,
        adjustment="none",
        rows=len(time),
        start=str(time[0]),
        end=str(time[-1]),
        origin="",
        licence="",
    )
    return Bars(about, time, **columns)
