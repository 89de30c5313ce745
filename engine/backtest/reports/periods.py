"""Returns by calendar month and year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns, drawdown, sharpe_per_bar
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats, spans_month
from engine.market.days import Days

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, eq=False)
class Months:
    """``years`` int64, ascending, without gaps; ``returns`` float64 (years, 12) and ``totals`` (years,), each NaN where
    there is no bar.
    """

    years: NDArray[np.int64]
    returns: Floats
    totals: Floats


@dataclass(frozen=True)
class Year:
    """A calendar year of a run.

    ``total`` and ``hold`` are the returns of the run and of buy and hold; ``drawdown`` is the deepest within the year,
    whose start counts as a high; ``sharpe`` is that of the year's bars, annualised by the bars per year of the whole
    run, None where it is undefined or the run is shorter than a month; ``trades`` were entered in it.
    """

    year: int
    total: float
    hold: float
    drawdown: float
    sharpe: float | None
    trades: int


def monthly(days: Days, equity: Floats, capital: float | None = None) -> Months:
    """Returns by calendar month and year of the trading days; zero after ruin. The first is relative to ``capital``, by
    default the first equity.
    """
    capital = float(equity[0]) if capital is None else capital
    stamps = days.astype("datetime64[M]").astype(np.int64)
    last = _last(stamps)
    first_year, final_year = int(stamps[0] // 12), int(stamps[-1] // 12)
    count = final_year - first_year + 1
    returns = np.full(12 * count, np.nan)
    returns[stamps[last] - 12 * first_year] = _growth(equity, last, capital)
    totals = np.full(count, np.nan)
    last = _last(stamps // 12)
    totals[stamps[last] // 12 - first_year] = _growth(equity, last, capital)
    return Months(1970 + np.arange(first_year, final_year + 1), returns.reshape(count, 12), totals)


def yearly(result: BacktestResult) -> tuple[Year, ...]:
    """One entry for each calendar year that has bars, ascending."""
    years = _years(result.days)
    last = _last(years)
    totals = _growth(result.equity, last, result.capital)
    holds = _growth(result.benchmark, last, result.capital)
    entered = _years(result.days_at(result.trade_entry_time))
    root = float(np.sqrt(result.periods_per_year)) if spans_month(result.time) else None
    found, start = [], 0
    for place, end in enumerate(last):
        before = result.equity[start - 1] if start else result.capital
        within = result.equity[start : end + 1]
        equity = np.concatenate(([before], within)) if start else within
        ratio = sharpe_per_bar(bar_returns(equity))
        found.append(
            Year(
                year=int(years[end]),
                total=float(totals[place]),
                hold=float(holds[place]),
                drawdown=float(drawdown(within, float(before)).min()) if before > 0 else 0.0,
                sharpe=None if ratio is None or root is None else ratio * root,
                trades=int(np.count_nonzero(entered == years[end])),
            )
        )
        start = int(end) + 1
    return tuple(found)


def _years(days: Days) -> NDArray[np.int64]:
    return days.astype("datetime64[Y]").astype(np.int64) + 1970


def _last(periods: NDArray[np.int64]) -> NDArray[np.intp]:
    """Index of the last bar of each period."""
    return np.append(np.flatnonzero(periods[1:] != periods[:-1]), len(periods) - 1)


def _growth(equity: Floats, last: NDArray[np.intp], capital: float) -> Floats:
    """Return of each period from the end of the one before."""
    return bar_returns(np.concatenate(([capital], equity[last])))
