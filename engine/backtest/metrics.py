"""Definitions of all metrics of a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.market.bars import Floats, Times, spans_month, years_spanned

WHOLE_YEAR = 0.99
"""Years from which growth is annualised: the Global Investment Performance Standards (GIPS) forbid annualising shorter
periods; the first and last bar of a calendar year are up to three days less than a year apart.
"""


@dataclass(frozen=True)
class Metric:
    """Display of a metric: ``unit`` is "%", "days", "" or "currency"; ``definition`` is shown on hover."""

    title: str
    unit: str
    definition: str


ANNUALISED = ("cagr", "sharpe", "sortino", "volatility", "calmar", "costs", "turnover", "dividends")
"""Metrics that are not stated for less than a month."""

_STATED = "Not stated for less than a month."

METRICS: Mapping[str, Metric] = {
    "total_return": Metric("Total return", "%", "Final equity over the starting capital, minus one."),
    "cagr": Metric("CAGR", "%", f"Compound annual growth rate, calendar years. {_STATED}"),
    "sharpe": Metric(
        "Sharpe",
        "",
        "Mean over standard deviation (n - 1) of bar returns, annualised by the root of the bars in a calendar "
        f"year of this data. Cash earns nothing. {_STATED}",
    ),
    "sortino": Metric(
        "Sortino",
        "",
        f"Mean bar return over the root mean square of the negative ones, annualised like the Sharpe ratio. {_STATED}",
    ),
    "max_drawdown": Metric(
        "Max drawdown", "%", "Largest fall of the equity from its running maximum, the starting capital included."
    ),
    "max_drawdown_days": Metric(
        "Longest drawdown",
        "days",
        "Longest time below an earlier high, the starting capital included, in calendar days, up to the end if "
        "unrecovered.",
    ),
    "volatility": Metric(
        "Volatility",
        "%",
        f"Standard deviation of bar returns, annualised by the root of the bars in a calendar year. {_STATED}",
    ),
    "calmar": Metric("Calmar", "", f"CAGR over the absolute maximum drawdown. {_STATED}"),
    "exposure": Metric("Exposure", "%", "Mean invested fraction of the equity."),
    "trades": Metric("Trades", "", "Positions opened, those still open included."),
    "win_rate": Metric("Win rate", "%", "Share of trades with a profit after costs, open ones at the last close."),
    "profit_factor": Metric("Profit factor", "", "Gross profit over gross loss, after costs."),
    "costs": Metric(
        "Costs paid", "%", f"Commission and slippage per calendar year, relative to the mean equity. {_STATED}"
    ),
    "turnover": Metric(
        "Turnover",
        "%",
        f"Half the value of all purchases and sales per calendar year, relative to the mean equity. {_STATED}",
    ),
    "dividends": Metric(
        "Dividends",
        "%",
        "Received minus paid on short positions, per calendar year, relative to the mean equity. Total return prices "
        f"contain them. {_STATED}",
    ),
}


def equity_metrics(
    time: Times, equity: Floats, periods_per_year: float, capital: float | None = None
) -> dict[str, float | None]:
    """The metrics of an equity curve; undefined ones are None, and those of ``ANNUALISED`` below a month.

    ``equity`` is at least two bars long, valued at ``time``, and positive; after ruin it ends in zeros. ``capital`` is
    the initial capital, by default the first equity.
    """
    capital = float(equity[0]) if capital is None else capital
    stated = spans_month(time)
    total_return, sharpe, deepest = summary_metrics(equity, periods_per_year if stated else float("nan"), capital)
    returns, root = bar_returns(equity), float(np.sqrt(periods_per_year))
    years = years_spanned(time)
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    cagr = _growth(float(equity[-1] / capital), years) if stated else None
    return {
        "total_return": total_return,
        "cagr": cagr,
        "sharpe": sharpe,
        "sortino": float(np.mean(returns)) / downside * root if stated and downside > 0 else None,
        "max_drawdown": deepest,
        "max_drawdown_days": longest_drawdown(time, equity, capital),
        "volatility": deviation * root if stated else None,
        "calmar": cagr / -deepest if cagr is not None and deepest < 0 else None,
    }


def summary_metrics(equity: Floats, periods_per_year: float, capital: float) -> tuple[float, float | None, float]:
    """Total return, annualised Sharpe ratio and maximum drawdown as in ``equity_metrics``; the ratio is None where
    ``periods_per_year`` is NaN.
    """
    ratio = sharpe_per_bar(bar_returns(equity))
    deepest = float(np.min(drawdown(equity, capital)))
    yearly = None if ratio is None or np.isnan(periods_per_year) else ratio * float(np.sqrt(periods_per_year))
    return float(equity[-1] / capital) - 1, yearly, deepest


def bar_returns(equity: Floats) -> Floats:
    """Simple returns from bar to bar, one fewer than bars; zero after ruin."""
    before = equity[:-1]
    return np.divide(equity[1:], before, out=np.ones(len(before)), where=before > 0) - 1


def sharpe_per_bar(returns: Floats) -> float | None:
    """Mean over standard deviation (n - 1), not annualised; None where the returns are constant up to rounding."""
    if len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / deviation if is_varied(deviation, float(np.max(np.abs(returns)))) else None


def is_varied(deviation: float, largest: float) -> bool:
    """Whether returns of this ``deviation``, the ``largest`` of which has this size, vary by more than rounding."""
    return deviation > 1e-14 + 1e-12 * largest


def _growth(total: float, years: float) -> float | None:
    """Annual growth that compounds to ``total``; None on overflow, as for a large gain within hours."""
    try:
        return float(total ** (1 / years) - 1)
    except OverflowError:
        return None


def drawdown(equity: Floats, capital: float) -> Floats:
    """Drawdown from the running maximum, as a fraction of it: zero or negative, as long as ``equity``.

    ``capital``, above zero, is the initial high, so that a loss on the first bar counts.
    """
    return equity / np.maximum(np.maximum.accumulate(equity), capital) - 1


def longest_drawdown(time: Times, equity: Floats, capital: float) -> float:
    """Calendar days of the longest time from a high to its recovery, or to the end; ``capital`` is the initial high."""
    under = drawdown(equity, capital) < 0
    if not under.any():
        return 0.0
    last_high = np.maximum.accumulate(np.where(under, 0, np.arange(len(equity))))
    spell = under | np.concatenate(([False], under[:-1]))
    since = np.concatenate(([0], last_high[:-1]))
    return float(np.max((time - time[since])[spell]) / np.timedelta64(1, "D"))


def trade_metrics(pnl: Floats) -> dict[str, float | None]:
    """The metrics of the profits of trades, of which there may be none."""
    lost = -float(pnl[pnl < 0].sum())
    return {
        "trades": float(len(pnl)),
        "win_rate": float(np.mean(pnl > 0)) if len(pnl) else None,
        "profit_factor": float(pnl[pnl > 0].sum()) / lost if lost > 0 else None,
    }
