"""A part of a run as a result of its own: what every figure is from one bar to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import ANNUALISED, equity_metrics, trade_metrics
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats, spans_month, years_spanned

MINIMUM_BARS = 3
"""Bars of a part: two returns, the least that have a deviation."""


@dataclass(frozen=True)
class Span:
    """Bars [``first``, ``stop``) of a run; returns begin at the close before ``first``, where there is one."""

    first: int
    stop: int


def span(result: BacktestResult, start: np.datetime64, end: np.datetime64) -> Span | None:
    """The bars of ``result`` from ``start`` to ``end``, both inclusive; None for all of them, and for fewer than
    ``MINIMUM_BARS``.
    """
    first = int(np.searchsorted(result.time, start))
    stop = int(np.searchsorted(result.time, end, side="right"))
    if stop - first < MINIMUM_BARS or (first == 0 and stop == len(result.time)):
        return None
    return Span(first, stop)


def entered(result: BacktestResult, part: Span) -> NDArray[np.bool_]:
    """The trades that were entered on the bars of ``part``."""
    return _within(result.trade_entry_time, result, part)


def within(result: BacktestResult, part: Span) -> BacktestResult:
    """``result`` on the bars of ``part`` alone, its first capital the equity at the close before them.

    Trades are those entered in the part, with their whole profit; fills, costs and turnover are those of its bars;
    buy and hold and the account without costs start with the same capital. Ratios are annualised by the bars in a
    calendar year of the whole run. What the run holds in total alone, dividends, is not stated.
    """
    before = max(part.first - 1, 0)
    bars, capital = slice(before, part.stop), float(result.equity[part.first - 1]) if part.first else result.capital
    curves: dict[str, Any] = {
        name: _rebased(getattr(result, name)[bars], capital, part.first > 0) for name in ("benchmark", "costless")
    }
    trades, fills = entered(result, part), _within(result.fill_time, result, part)
    chosen: dict[str, Any] = {
        name: getattr(result, name)[rows]
        for prefix, rows in (("trade_", trades), ("fill_", fills))
        for name in vars(result)
        if name.startswith(prefix)
    }
    found = replace(
        result, time=result.time[bars], equity=result.equity[bars], exposure=result.exposure[bars], capital=capital,
        **curves, **chosen,
    )  # fmt: skip
    return replace(
        found,
        metrics=_metrics(found, part.first > 0),
        benchmark_metrics=equity_metrics(found.time, found.benchmark, found.periods_per_year, capital),
    )


def charged(result: BacktestResult) -> tuple[float, float]:
    """Commission, and slippage with half the spread and the impact, of all fills, in the market's currency."""
    slipped = np.abs(result.fill_units) * np.abs(result.fill_price - result.fill_quote)
    return float(result.fill_fee.sum()), float(slipped.sum())


def _metrics(found: BacktestResult, has_prior: bool) -> dict[str, float | None]:
    years, mean = years_spanned(found.time), float(np.mean(found.equity))
    traded = float(np.abs(found.fill_units * found.fill_price).sum())
    known = len(found.fill_time) > 0 or not len(found.trade_pnl)
    yearly = years * mean if known and mean > 0 else np.nan
    metrics = {
        **equity_metrics(found.time, found.equity, found.periods_per_year, found.capital),
        "exposure": float(np.mean(found.exposure[int(has_prior) :])),
        **trade_metrics(found.trade_pnl),
        "costs": sum(charged(found)) / yearly if np.isfinite(yearly) else None,
        "turnover": traded / 2 / yearly if np.isfinite(yearly) else None,
        "dividends": None,
    }
    return metrics if spans_month(found.time) else metrics | dict.fromkeys(ANNUALISED)


def _within(moments: NDArray[np.datetime64], result: BacktestResult, part: Span) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = (moments >= result.time[part.first]) & (moments <= result.time[part.stop - 1])
    return chosen


def _rebased(values: Floats, capital: float, has_prior: bool) -> Floats:
    """``values`` scaled to ``capital`` at the close before the part; those of the whole start have it already."""
    if not has_prior or values[0] <= 0:
        return values
    scaled: Floats = values * (capital / values[0])
    return scaled
