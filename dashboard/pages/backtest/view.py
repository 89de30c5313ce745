"""A backtest's result as the page prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.components import metric
from dashboard.format import day, number, percent, signed_percent
from engine.backtest.metrics import METRICS
from engine.backtest.result import BacktestResult
from engine.research.verdict import Verdict

TONES = {"good": "ok", "doubtful": "warn", "bad": "bad"}


def figure_text(name: str, value: float | None) -> str:
    """One metric as text, in the unit that its definition names."""
    if METRICS[name].unit == "%":
        return signed_percent(value) if name in ("total_return", "cagr", "max_drawdown") else percent(value)
    if METRICS[name].unit == "days":
        return number(value, 0, "days")
    return number(value, 0 if name == "trades" else 2)


def kpis(result: BacktestResult) -> list[metric.Metric]:
    """The strip above the charts, each figure with that of holding the same symbols."""
    figures, hold = result.metrics, result.benchmark_metrics
    notes = {
        **{name: f"hold {figure_text(name, hold[name])}" for name in hold},
        "exposure": "mean",
        "trades": f"win {percent(figures['win_rate'])}",
        "costs": "a year",
    }
    names = ("cagr", "sharpe", "sortino", "max_drawdown", "volatility", "exposure", "trades", "costs")
    signed = ("cagr", "max_drawdown")
    return [
        metric.Metric(
            METRICS[name].title,
            figure_text(name, figures[name]),
            notes[name],
            tone=metric.tone(figures[name]) if name in signed else "",
            help=METRICS[name].definition,
        )
        for name in names
    ]


def trade_rows(result: BacktestResult, limit: int | None = None) -> list[dict[str, Any]]:
    """Rows of the trade table, latest entry first, ``limit`` at most; dates of intraday bars keep their time."""
    intraday = result.periods_per_year > 400
    order = np.argsort(result.trade_entry_time, kind="stable")[::-1][:limit]
    return [
        {
            "symbol": result.symbols[result.trade_symbol[i]],
            "entry": _moment(result.trade_entry_time[i], intraday),
            "exit": "open" if result.trade_open[i] else _moment(result.trade_exit_time[i], intraday),
            "bars": int(result.trade_bars[i]),
            "entry_price": float(result.trade_entry_price[i]),
            "exit_price": float(result.trade_exit_price[i]),
            "pnl": float(result.trade_pnl[i]),
            "return": float(result.trade_return[i]),
        }
        for i in order
    ]


def _moment(time: np.datetime64, intraday: bool) -> str:
    return str(time)[:16].replace("T", " ") if intraday else day(str(time))


def verdict(judgement: Verdict, warnings: Sequence[str]) -> Component:
    """The answer first, then the tests behind it, then what a reader has to know."""
    rows = [
        html.Div(
            [
                html.Span(className=f"dot {TONES[finding.grade]}", role="img", title=finding.grade),
                html.Span(finding.question, title=finding.explanation),
                html.B(finding.figure),
            ],
            className="finding",
        )
        for finding in judgement.findings
    ]
    said = [html.H4("To know"), *(html.P(text, className="note") for text in warnings)] if warnings else []
    return html.Div([html.P([html.B(judgement.headline), " ", judgement.reason], className="say"), *rows, *said])


def comparison(results: Sequence[BacktestResult]) -> Component:
    """Every metric of every run side by side, with holding the first run's symbols last."""
    first = results[0]
    columns = [(item.label, item.metrics) for item in results] + [("Buy and hold", first.benchmark_metrics)]
    head = html.Tr([html.Th("Figure"), *(html.Th(label) for label, _ in columns)])
    body = [
        html.Tr(
            [
                html.Td(METRICS[name].title, title=METRICS[name].definition),
                *(html.Td(figure_text(name, figures[name]) if name in figures else "") for _, figures in columns),
            ]
        )
        for name in METRICS
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures"), className="scroll-x")
