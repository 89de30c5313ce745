"""Behaviour of a run: rolling metrics, and the distribution of its bar returns."""

from __future__ import annotations

import numpy as np

from dashboard.charts import distribution, rolling
from dashboard.tear_sheet.drawing import Line, chart, histogram, legend
from dashboard.text.format import count, number, signed_percent
from engine.backtest.result import BacktestResult
from engine.market.bars import Times


def through_time(result: BacktestResult) -> tuple[str, str]:
    """The charts of the page's default window, and a few words on it; both empty where the run does not fill it."""
    if rolling.default_window(result) not in rolling.filled(result):
        return "", ""
    found = rolling.info(result, rolling.default_window(result))
    panes = (
        ("Sharpe ratio", [_of_holding(found.hold_sharpe), _of_run(found.sharpe)], False),
        ("Volatility, annualised", [_of_holding(found.hold_volatility), _of_run(found.volatility)], True),
        ("Beta to buy and hold", [_of_run(found.beta)], False),
        ("Exposure", [_of_run(found.exposure)], True),
    )
    charts = [
        f"<h3>{title}{legend(lines) if lines is panes[0][1] else ''}</h3>"
        f"{chart(lines, height=110, title=title, in_percent=in_percent)}"
        for title, lines, in_percent in panes
    ]
    return "".join(charts), f"window of {found.window}, {found.bars:,} bars"


def returns(result: BacktestResult) -> tuple[str, str]:
    """The histogram of the bars that were spent in the market, and how many those are; empty below two of them."""
    if not result.exposure.any() or len(result.returns()) < 2:
        return "", ""
    found = distribution.info(result)
    if found.drawn < 2:
        return "", ""
    marks = {
        f"expected shortfall {signed_percent(found.shortfall)}": found.shortfall,
        f"VaR 95% {signed_percent(found.value_at_risk)}": found.value_at_risk,
        f"mean {signed_percent(found.mean)}, skew {number(found.skew, 2, signed=True)}": found.mean,
    }
    edges = np.append(found.middle - found.width / 2, found.middle[-1] + found.width / 2)
    return histogram(edges, found.counts, found.normal, marks, height=190), count(found.drawn, "bar") + " in the market"


def _of_run(line: rolling.Line) -> Line:
    return Line("Strategy", _times(line), line.value, "var(--s1)", 1.5)


def _of_holding(line: rolling.Line) -> Line:
    return Line("Buy and hold", _times(line), line.value, "var(--s5)", 1.0)


def _times(line: rolling.Line) -> Times:
    return line.time.astype(np.int64).astype("datetime64[ms]")
