"""The tab that lists what is doubtful about a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Output, callback, html
from dash.development.base_component import Component

from dashboard.charts.candles import moment
from dashboard.components import card, table
from dashboard.pages.data import ids
from dashboard.pages.data.tab import Looked, Tab, seen, shown
from dashboard.text.format import count
from engine.market import catalog
from engine.market.quality.finding import Finding
from engine.market.quality.report import TITLES, SeriesReport, assess

COLUMNS = [
    table.Column("severity", "Severity", width=90),
    table.Column("name", "Check", width=150),
    table.Column("count", "Bars affected", kind="number", width=110),
    table.Column("first", "First", width=140),
    table.Column("sentence", "Description", least=280),
]


def layout() -> Sequence[Component]:
    return [html.Div(id=ids.QUALITY)]


TAB = Tab("quality", "Quality", layout)


@callback(Output(ids.QUALITY, "children"), seen(TAB.name))
def show(looked: Looked) -> Any:
    spec, bars = shown(looked)
    return listed(assess(catalog.find(spec.collection, bars.series.symbol, spec.interval)))


def listed(report: SeriesReport) -> Component:
    """Every finding, and then the checks that were passed."""
    rows = [_row(report, finding) for finding in report.findings]
    rows += [
        {"severity": "passed", "name": about.title, "count": 0, "first": "", "sentence": about.passes}
        for about in report.passed
    ]
    found = count(len(report.findings), "finding") if report.findings else "clean"
    sub = f"{found}, {count(len(report.bars), 'bar')} as supplied: findings are reported, never fixed silently"
    grid = table.table("data-findings", COLUMNS, rows=rows)
    grid.columnDefs[-1] |= {"wrapText": True, "autoHeight": True}
    return card.card("Quality", grid, sub=sub)


def _row(report: SeriesReport, finding: Finding) -> dict[str, Any]:
    first = str(finding.days[0]) if finding.first is None else moment(report.bars, finding.first)
    sentence = f"{finding.sentence} {finding.effect}"
    about = {"severity": finding.severity, "name": TITLES[finding.name]}
    return about | {"count": finding.count, "first": first, "sentence": sentence}
