"""A walk-forward's result as the page prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.charts.walkforward.curve import Partial
from dashboard.components import metric
from dashboard.components.table import Column, definition
from dashboard.pages.backtest.sweep.view import decimals, field_of
from dashboard.text.format import MISSING, count, number, percent, signed_percent
from dashboard.text.metrics import metric_text
from dashboard.text.sweeps import AxisLabel, axis_labels
from engine.backtest.metrics import METRICS
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.verdict import assess

_WRAPPED = {"wrapHeaderText": True, "autoHeaderHeight": True}
TONES = {"good": "ok", "doubtful": "warn", "bad": "bad"}


def verdict(result: WalkForwardResult) -> Component:
    """One sentence, then what a reader has to know."""
    found = assess(result)
    sentence = html.P(
        [html.Span(className=f"dot {TONES[found.grade]}", role="img", title=found.grade), html.B(found.headline), " ",
         found.reason],
        className="say",
    )  # fmt: skip
    return html.Div([sentence, *(html.P(text, className="note") for text in (result.measured(), *result.warnings))])


def kpis(result: WalkForwardResult) -> list[metric.Metric]:
    """The strip above the charts."""
    own, hold, best = result.metrics, result.benchmark_metrics, result.hindsight_metrics
    windows, efficiency, steady = len(result.test_first), result.efficiency(), result.steadiness()
    agreement = result.median_agreement()
    return [
        metric.Metric("Sharpe", metric_text("sharpe", own["sharpe"]), f"B&H {metric_text('sharpe', hold['sharpe'])}",
                      help=f"Over all test windows combined. {METRICS['sharpe'].definition} Best in hindsight: "
                      f"{metric_text('sharpe', best['sharpe'])}."),
        metric.Metric("CAGR", metric_text("cagr", own["cagr"]), f"B&H {metric_text('cagr', hold['cagr'])}",
                      tone=metric.tone(own["cagr"]), help="Over all test windows combined. Best in hindsight: "
                      f"{metric_text('cagr', best['cagr'])}. {METRICS['cagr'].definition}"),
        metric.Metric("Max drawdown", metric_text("max_drawdown", own["max_drawdown"]),
                      f"B&H {metric_text('max_drawdown', hold['max_drawdown'])}", tone="loss",
                      help=METRICS["max_drawdown"].definition),
        metric.Metric("Efficiency", MISSING if efficiency is None else percent(efficiency, 0),
                      f"in sample {signed_percent(result.in_sample_growth(), 1)}",
                      help="Walk-forward efficiency (Pardo 2008): annualised growth out of sample over that in sample. "
                      "Aim for at least 50%; undefined where the in-sample growth is negative."),
        metric.Metric("Profitable", f"{result.profitable} of {windows}", f"windows; {result.losing} lost",
                      help="Test windows that ended with a profit. One without a trade has neither profit nor loss."),
        metric.Metric("Stability", percent(steady, 0), f"by chance {percent(result.steadiness_by_chance(), 0)}",
                      help="Share of windows whose parameters are at most one step from those of the previous window, "
                      "mean over the parameters; beside it that of random choices."),
        metric.Metric("Rank correlation",
                      MISSING if agreement is None else number(agreement, 2, signed=True),
                      "in sample and out",
                      help="Spearman correlation of the Sharpe ratios of all combinations in sample and out of sample, "
                      "median over the windows. At zero, in-sample results say nothing about the test."),
        metric.Metric("Trials", number(result.tried_count), "counted",
                      help="Every combination of every window, and those of the best in hindsight, as "
                      "counted by the ledger."),
    ]  # fmt: skip


def columns(result: WalkForwardResult) -> list[dict[str, Any]]:
    """Of the table of windows."""
    shown = [
        Column(field_of(side.path), side.title, "text" if side.words else "percent" if side.percent else "number",
               2 if side.percent else decimals(result, place), least=74, help=side.name())
        for place, side in enumerate(axis_labels(result))
    ]  # fmt: skip
    return [
        definition(column) | _WRAPPED
        for column in [
            Column("window", "", "number", width=32),
            Column("test", "Test start", least=108, help="First bar of the test window, after the training."),
            *shown,
            Column("in_sharpe", "Sharpe in sample", "number", 2, least=84, help="In sample, of the chosen parameters."),
            Column("out_sharpe", "Sharpe out of sample", "number", 2, least=84, help="The same, in the test."),
            Column("in_growth", "CAGR in sample", "signed_percent", 1, least=86, help="In sample, annualised."),
            Column("out_growth", "CAGR out of sample", "signed_percent", 1, least=90, help="In the test, annualised."),
            Column("out_drawdown", "Drawdown", "signed_percent", 1, least=86, help="Maximum drawdown in the test."),
            Column("out_trades", "Trades", "number", least=66, help="Positions opened in the test."),
            Column("agreement", "Rank correlation", "number", 2, least=92,
                   help="Spearman correlation of all combinations' Sharpe ratios in sample and out of sample."),
        ]
    ]  # fmt: skip


def rows(result: WalkForwardResult) -> list[dict[str, Any]]:
    """A row a window; ``id`` is its place."""
    known = axis_labels(result)
    return [_row(result, place, known) for place in range(len(result.test_first))]


def _row(result: WalkForwardResult, place: int, known: Sequence[AxisLabel]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "id": str(place),
        "window": place + 1,
        "test": str(result.day(result.test_first[place])),
    }
    for axis, side in enumerate(known):
        value = float(result.parameters[place, axis])
        line[field_of(side.path)] = _plain(value) if not side.words else side.text(value) if value == value else MISSING
    names = ("sharpe", "growth", "return", "drawdown", "trades")
    return line | {
        name: _plain(float(getattr(result, name)[place]))
        for name in (*(f"in_{name}" for name in names), *(f"out_{name}" for name in names), "agreement")
    }


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def about_windows(result: WalkForwardResult) -> str:
    """Subtitle of the plan."""
    return f"{int(result.combinations.max()):,} combinations each"


def about_paths(result: WalkForwardResult) -> str:
    """Behind the title of the chosen parameters: the steadiness of each."""
    parts = [
        f"{side.title} {percent(item.near, 0)}"
        for side, item in zip(axis_labels(result), result.stability(), strict=True)
        if item.near is not None
    ]
    return f"within one step of the previous window: {', '.join(parts)}" if parts else ""


def kept(planned: int, done: int) -> str:
    """What is kept of a walk-forward that was stopped."""
    if done >= planned:
        return f"All {planned:,} windows are done and kept; the best in hindsight is missing."
    return f"{done:,} of {count(planned, 'window')} {'is' if done == 1 else 'are'} done and kept."


def part(result: WalkForwardResult) -> str:
    """That the result is of the first windows alone; "" for all of them."""
    done = len(result.test_first)
    return f"Incomplete: {done:,} of {count(result.planned, 'window')}." if result.left else ""


def about_progress(partial: Partial) -> str:
    """Behind the curve's title while it grows."""
    return f"{len(partial.windows)} of {count(partial.of, 'window')} so far"
