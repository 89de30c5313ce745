"""The tear sheet of a walk-forward: what was chosen in each window, and how it performed on the days that followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

import numpy as np

from dashboard.components.fields import find
from dashboard.tear_sheet import tables
from dashboard.tear_sheet.drawing import Line
from dashboard.tear_sheet.sheet import document, growth, heading, key_figure, notes, request, section
from dashboard.text.format import MISSING, count, day_range, number, percent, signed_percent
from dashboard.text.metrics import metric_text
from engine.backtest.metrics import METRICS, drawdown
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.verdict import assess

_STRIP = ("cagr", "sharpe", "sortino", "max_drawdown", "volatility")


def walk_sheet(spec: WalkForwardSpec, result: WalkForwardResult, key: str, made: datetime | None = None) -> str:
    """The HTML of one walk-forward; ``made`` is when, now if not given. It refers to nothing outside itself."""
    found = assess(result)
    verdict = f"<p><b>{escape(found.headline)}</b> {escape(found.reason)}</p>"
    body = [
        _header(spec, result, key, made or datetime.now(UTC)),
        _kpis(result),
        _equity(result),
        section("Verdict", verdict, small=f"{count(result.tried_count, 'trial')} counted"),
        section("Notes", notes((result.measured(), *result.warnings))),
        section("Windows", _windows(result), small="parameters chosen in sample, then traded out of sample"),
        section("Monthly returns", tables.months(result), small="%, all test windows combined"),
        section("Metrics", _metric_table(result), small="over all test windows combined"),
        section("Drawdowns", tables.drawdowns(result), small="deepest first, in calendar days"),
        request(spec),
    ]
    return document(spec.label(), body)


def _header(spec: WalkForwardSpec, result: WalkForwardResult, key: str, made: datetime) -> str:
    market = spec.base.market
    facts = [
        f"{', '.join(result.symbols)} ({market.collection}, {market.interval}, {result.currency})",
        f"out of sample {day_range(str(result.day(result.time[0])), str(result.day(result.time[-1])))}",
        count(len(result.test_first), "window"),
    ]
    return heading(spec.label(), facts, key, made)


def _kpis(result: WalkForwardResult) -> str:
    own, hold = result.metrics, result.benchmark_metrics
    cells = [
        key_figure(METRICS[name].title, metric_text(name, own[name]), f"B&H {metric_text(name, hold[name])}",
                   METRICS[name].definition)
        for name in _STRIP
    ]  # fmt: skip
    efficiency, windows = result.efficiency(), len(result.test_first)
    about = "Walk-forward efficiency: annualised growth out of sample over that in sample (Pardo 2008)."
    cells += [
        key_figure("Efficiency", MISSING if efficiency is None else percent(efficiency, 0),
                   f"of {signed_percent(result.in_sample_growth(), 1)} in sample", about),
        key_figure("Profitable windows", f"{result.profitable} of {windows}", "", "Test windows with a profit."),
        key_figure("Stability", percent(result.steadiness(), 0), "of parameters",
                   "Share of windows whose parameters are at most one step from those of the previous window."),
    ]  # fmt: skip
    return f'<section class="kpis">{"".join(cells)}</section>'


def _equity(result: WalkForwardResult) -> str:
    capital = result.capital
    curves = [
        Line("Best in hindsight", result.time, result.hindsight / capital, "var(--muted)", 1.0, "2 3"),
        Line("Buy and hold", result.time, result.benchmark / capital, "var(--s5)", 1.2),
        Line("Out of sample", result.time, result.equity / capital, "var(--s1)", 1.8),
    ]
    falls = [
        Line("Buy and hold", result.time, drawdown(result.benchmark, capital), "var(--s5)", 1.0),
        Line("Out of sample", result.time, drawdown(result.equity, capital), "var(--s1)", 1.2, fill=True),
    ]
    return growth("growth of 1 over all test windows, after costs", curves, falls)


def _windows(result: WalkForwardResult) -> str:
    """A line a window."""
    base = json.loads(result.base)
    rows = [
        [
            tables.cell(day_range(str(result.day(result.test_first[i])), str(result.day(result.test_last[i])))),
            *(tables.cell(_value(result, base, i, axis)) for axis in range(len(result.axes))),
            tables.cell(_number(result.in_sharpe[i])),
            tables.cell(_number(result.out_sharpe[i])),
            tables.cell(_growth(result.in_growth[i])),
            tables.cell(_growth(result.out_growth[i]), float(result.out_growth[i])),
            tables.cell(_growth(result.out_drawdown[i])),
            tables.cell(number(float(result.out_trades[i]))),
        ]
        for i in range(len(result.test_first))
    ]
    figures = ("Sharpe in sample", "Sharpe out of sample", "CAGR in sample", "CAGR out of sample", "Drawdown", "Trades")
    return tables.table(["Test window", *result.titles, *figures], rows)


def _value(result: WalkForwardResult, base: Mapping[str, object], window: int, axis: int) -> str:
    """A chosen value as people read it; nothing was chosen where it is not known."""
    value, choices = float(result.parameters[window, axis]), result.words[axis]
    if not np.isfinite(value):
        return MISSING
    if choices:
        return choices[int(value)]
    return f"{100 * value:.6g}%" if find(BacktestSpec, base, result.axes[axis]).percent else f"{value:,.6g}"


def _number(value: float) -> str:
    return number(float(value), 2) if np.isfinite(value) else MISSING


def _growth(value: float) -> str:
    return signed_percent(float(value)) if np.isfinite(value) else MISSING


def _metric_table(result: WalkForwardResult) -> str:
    """Beside buy and hold, and beside the combination that was best on these very days, which nobody could know."""
    sides = (result.metrics, result.benchmark_metrics, result.hindsight_metrics)
    rows = [
        [
            f'<td title="{escape(about.definition)}">{escape(about.title)}</td>',
            *(tables.cell(metric_text(name, side[name]) if name in side else "") for side in sides),
        ]
        for name, about in METRICS.items()
        if name in result.metrics
    ]
    return tables.table(["Metric", "Out of sample", "Buy and hold", "Best in hindsight"], rows)
