"""A backtest's result as the page prints it."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.charts.distribution import DistributionInfo
from dashboard.components import metric
from dashboard.components.bar_table import Bar, Signed, bar_table, shares
from dashboard.text.format import count, number, percent, signed_percent
from dashboard.text.metrics import SIGNED, key_metrics, metric_text
from engine.backtest.metrics import METRICS
from engine.backtest.reports.periods import Year
from engine.backtest.result import BacktestResult
from engine.market.quality.verdict import CAVEAT
from engine.research.findings import Verdict
from engine.research.verdict import QUICK

TONES = {"good": "ok", "doubtful": "warn", "bad": "bad"}


def kpis(result: BacktestResult, held: str = "B&H") -> list[metric.Metric]:
    """The strip above the charts, each metric beside that of the benchmark, which is called ``held``."""
    figures, hold = result.metrics, result.benchmark_metrics
    notes = {
        **{name: f"{held} {metric_text(name, hold[name])}" for name in hold},
        "exposure": "mean",
        "trades": f"win rate {percent(figures['win_rate'])}",
        "costs": "annualised",
    }
    return [
        metric.Metric(
            METRICS[name].title,
            metric_text(name, figures[name]),
            notes[name],
            tone=metric.tone(figures[name]) if name in SIGNED else "",
            help=METRICS[name].definition,
        )
        for name in key_metrics(result)
    ]


def verdict(judgement: Verdict, warnings: Sequence[str]) -> Component:
    """The answer first, then the tests behind it, then what a reader has to know. Of the tests of a verification those
    alone that failed.
    """
    rows = [
        html.Div(
            [
                html.Span(className=f"dot {TONES[finding.grade]}", role="img", title=finding.grade),
                html.Span(finding.question, **metric.defined(finding.explanation)),
                html.B(finding.value),
            ],
            className="finding",
        )
        for finding in judgement.findings
        if finding.test in QUICK or finding.grade == "bad"
    ]
    ordered = sorted(warnings, key=lambda text: not is_grave(text))
    notes = [html.P(text, className="note is-grave" if is_grave(text) else "note") for text in ordered]
    notes = [html.H4("Notes"), *notes] if notes else []
    return html.Div([html.P([html.B(judgement.headline), " ", judgement.reason], className="say"), *rows, *notes])


def is_grave(warning: str) -> bool:
    """Whether it says that the bars make the result wrong: such a one comes first."""
    return warning.startswith(CAVEAT)


def outcome(judgement: Verdict) -> str:
    """How many of every test failed and left a doubt."""
    bad, doubtful = (sum(item.grade == grade for item in judgement.findings) for grade in ("bad", "doubtful"))
    return f"All {len(judgement.findings)} tests: {bad or 'none'} failed, {doubtful or 'none'} in doubt"


def years(found: Sequence[Year], held: str = "Buy and hold") -> Component:
    """A line a calendar year, the latest first."""
    head = [
        ("Year", ""),
        ("Return", "From the final equity of the previous year."),
        (held, "Return of the benchmark."),
        ("Drawdown", "Maximum drawdown within the year, its start counted as a peak."),
        ("Sharpe", "Sharpe ratio of the year's bars, annualised."),
        ("Trades", "Trades entered in the year."),
    ]
    lengths = shares([item.total for item in found])
    lines = [
        [
            str(item.year),
            Bar(signed_percent(item.total), share),
            Signed(signed_percent(item.hold), item.hold),
            signed_percent(item.drawdown),
            number(item.sharpe, 2),
            number(item.trades),
        ]
        for item, share in zip(found, lengths, strict=True)
    ]
    return bar_table(head, lines[::-1])


def counted(info: DistributionInfo) -> str:
    """Which bars the histogram shows."""
    if info.drawn == info.total:
        return count(info.total, "bar")
    return f"{count(info.drawn, 'bar')} in the market"
