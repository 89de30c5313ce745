"""Breakdown of trades by symbol, side, exit reason, weekday, month and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.reports.periods import MONTHS
from engine.backtest.result import REASONS, BacktestResult
from engine.market.bars import Times
from engine.market.days import local_time

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Group:
    """A group of trades, open ones at the last close included.

    ``win_rate`` is the share with a profit; ``profit`` their sum in the market's currency, after all costs;
    ``mean_return`` the mean of profit over entry value; ``profit_factor`` gross profit over gross loss. Undefined
    values are None: all without trades, the profit factor without a loss.
    """

    name: str
    trades: int
    win_rate: float | None
    profit: float
    mean_return: float | None
    profit_factor: float | None


def by_symbol(result: BacktestResult) -> tuple[Group, ...]:
    """Groups by symbol, those without trades included."""
    return _groups(result, result.trade_symbol, result.symbols, len(result.symbols))


def by_side(result: BacktestResult) -> tuple[Group, ...]:
    """Groups of long and short trades."""
    return _groups(result, (result.trade_side < 0).astype(np.int64), ("Long", "Short"))


def by_reason(result: BacktestResult) -> tuple[Group, ...]:
    """Groups by exit reason, in the order of ``result.REASONS``."""
    return _groups(result, result.trade_reason, [reason.capitalize() for reason in REASONS])


def by_weekday(result: BacktestResult) -> tuple[Group, ...]:
    """Groups by weekday of the entry in exchange time; weekends only where there are entries."""
    days = entered(result).astype("datetime64[D]").astype(np.int64)
    return _groups(result, (days + 3) % 7, WEEKDAYS, 5)  # 1970 began on a Thursday


def by_month(result: BacktestResult) -> tuple[Group, ...]:
    """Groups by calendar month of the entry in exchange time, all years together."""
    return _groups(result, entered(result).astype("datetime64[M]").astype(np.int64) % 12, MONTHS, 12)


def by_hour(result: BacktestResult) -> tuple[Group, ...]:
    """Groups by hour of the entry in exchange time; empty for daily bars."""
    if not is_intraday(result):
        return ()
    hours = entered(result).astype("datetime64[h]").astype(np.int64) % 24
    return _groups(result, hours, [f"{hour:02d}:00" for hour in range(24)])


def entered(result: BacktestResult) -> Times:
    """Entry times in exchange time of each symbol, daylight saving included; dates for daily bars."""
    times = result.trade_entry_time.copy()
    for zone in set(result.zones):
        in_zone = np.array([found == zone for found in result.zones])[result.trade_symbol]
        times[in_zone] = local_time(times[in_zone], zone)
    return times


def is_intraday(result: BacktestResult) -> bool:
    """Whether its bars are shorter than days."""
    return bool(result.zones)


def _groups(
    result: BacktestResult, codes: NDArray[np.int64], names: Sequence[str], always: int = 0
) -> tuple[Group, ...]:
    """A group for each name whose code occurs, and for the first ``always`` names in any case."""
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
