"""Trades by what they have in common: symbol, side, reason of the exit, weekday, month, hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.backtest.reports.periods import MONTHS
from engine.backtest.result import REASONS, BacktestResult
from engine.market.bars import Times

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BARS_OF_DAYS = 400  # daily bars are 366 a year at most


@dataclass(frozen=True)
class Group:
    """Trades with something in common, open ones at the last close included.

    ``win_rate`` is the share with a profit; ``profit`` their sum in the market's currency, after all costs;
    ``mean_return`` the mean of profit over the entry's value; ``profit_factor`` the sum of profits over the sum of
    losses. What is undefined is None: all of them where there is no trade, the last where nothing was lost.
    """

    name: str
    trades: int
    win_rate: float | None
    profit: float
    mean_return: float | None
    profit_factor: float | None


def by_symbol(result: BacktestResult) -> tuple[Group, ...]:
    """Every symbol, those that were never traded included."""
    return _groups(result, result.trade_symbol, result.symbols, len(result.symbols))


def by_side(result: BacktestResult) -> tuple[Group, ...]:
    """Long and short."""
    return _groups(result, (result.trade_side < 0).astype(np.int64), ("Long", "Short"))


def by_reason(result: BacktestResult) -> tuple[Group, ...]:
    """Why the trade ended, in the order of ``result.REASONS``."""
    return _groups(result, result.trade_reason, [reason.capitalize() for reason in REASONS])


def by_weekday(result: BacktestResult, zone: str = "UTC") -> tuple[Group, ...]:
    """Day of the week of the entry; weekends only where something was entered then."""
    days = _entered(result, zone).astype("datetime64[D]").astype(np.int64)
    return _groups(result, (days + 3) % 7, WEEKDAYS, 5)  # 1970 began on a Thursday


def by_month(result: BacktestResult, zone: str = "UTC") -> tuple[Group, ...]:
    """Calendar month of the entry, all years together."""
    return _groups(result, _entered(result, zone).astype("datetime64[M]").astype(np.int64) % 12, MONTHS, 12)


def by_hour(result: BacktestResult, zone: str = "UTC") -> tuple[Group, ...]:
    """Hour of the entry by the clock of ``zone``; nothing for daily bars."""
    if not is_intraday(result):
        return ()
    hours = _entered(result, zone).astype("datetime64[h]").astype(np.int64) % 24
    return _groups(result, hours, [f"{hour:02d}:00" for hour in range(24)])


def _entered(result: BacktestResult, zone: str) -> Times:
    """Entry times by the clock of ``zone``, summer time included; those of daily bars are dates, and stay."""
    times = result.trade_entry_time
    if zone == "UTC" or not is_intraday(result) or not len(times):
        return times
    clock, (hours, place) = ZoneInfo(zone), np.unique(times.astype("datetime64[h]"), return_inverse=True)
    offsets = [datetime.fromtimestamp(int(hour) * 3600, clock).utcoffset() for hour in hours.astype(np.int64)]
    return np.asarray(times + np.array(offsets, dtype="timedelta64[ms]")[place])


def is_intraday(result: BacktestResult) -> bool:
    """Whether there are several bars a day."""
    return result.periods_per_year > _BARS_OF_DAYS


def _groups(
    result: BacktestResult, codes: NDArray[np.int64], names: Sequence[str], always: int = 0
) -> tuple[Group, ...]:
    """A group for each name that a trade has the code of, and for the first ``always`` names in any case."""
    pnl, size = result.trade_pnl, len(names)

    def sums(values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(codes, weights=values, minlength=size), dtype=np.float64)

    trades, won = np.bincount(codes, minlength=size), sums(pnl > 0)
    gained, lost = sums(np.maximum(pnl, 0.0)), -sums(np.minimum(pnl, 0.0))
    returned = sums(result.trade_return)
    return tuple(
        Group(
            name=name,
            trades=int(trades[i]),
            win_rate=float(won[i] / trades[i]) if trades[i] else None,
            profit=float(gained[i] - lost[i]),
            mean_return=float(returned[i] / trades[i]) if trades[i] else None,
            profit_factor=float(gained[i]) / float(lost[i]) if lost[i] > 0 else None,
        )
        for i, name in enumerate(names)
        if trades[i] or i < always
    )
