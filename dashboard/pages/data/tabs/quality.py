"""The tab that lists what is doubtful about a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Output, callback, html
from dash.development.base_component import Component

from dashboard.charts.candles import moment
from dashboard.components import card, table
from dashboard.pages.data import ids
from dashboard.pages.data.tab import Looked, Tab, as_supplied, seen, shown
from dashboard.text.format import count
from engine.market import quality
from engine.market.bars import Bars, Series
from engine.market.quality import JUMP, Finding

CHECKS = {
    "close": "Every close is positive.",
    "order": "Every bar is later than the one before.",
    "date": "The time of a daily bar is its date.",
    "gap in prices": "Open, high and low are present.",
    "range": "Open and close lie between low and high.",
    "stale open": "Opens differ from the previous closes.",
    "volume": "Volume is present.",
    "jump": f"No bar moves by more than {JUMP:.0%} after adjustment.",
}
COLUMNS = [
    table.Column("name", "Check", width=120),
    table.Column("count", "Bars affected", kind="number", width=110),
    table.Column("first", "First", width=140),
    table.Column("sentence", "Description", least=280),
]


def layout() -> Sequence[Component]:
    return [html.Div(id=ids.QUALITY)]


TAB = Tab("quality", "Quality", layout)


@callback(Output(ids.QUALITY, "children"), seen(TAB.name))
def assess(looked: Looked) -> Any:
    bars = as_supplied(*shown(looked))
    return listed(bars, quality.check(bars))


def listed(bars: Bars, findings: Sequence[Finding]) -> Component:
    """Every check with what it found; those that a series gives no occasion for are left out."""
    rows = [_checked(name, bars, findings) for name in _applicable(bars.series)]
    rows += [_checked(item.name, bars, findings) for item in findings if item.name not in CHECKS]
    rows.sort(key=lambda row: -row["count"])
    found = count(len(findings), "finding") if findings else "clean"
    sub = f"{found}, {count(len(bars), 'bar')} as supplied: findings are reported, never fixed silently"
    grid = table.table("data-findings", COLUMNS, rows=rows)
    grid.columnDefs[-1] |= {"wrapText": True, "autoHeight": True}
    return card.card("Quality", grid, sub=sub)


def _applicable(series: Series) -> list[str]:
    lacking = (
        (["date"] if series.is_intraday else [])
        + ([] if series.has_ohlc else ["gap in prices", "range", "stale open"])
        + ([] if series.has_volume else ["volume"])
    )
    return [name for name in CHECKS if name not in lacking]


def _checked(name: str, bars: Bars, findings: Sequence[Finding]) -> dict[str, Any]:
    found = next((item for item in findings if item.name == name), None)
    if found is None:
        return {"name": name.capitalize(), "count": 0, "first": "", "sentence": CHECKS[name]}
    return {
        "name": name.capitalize(),
        "count": found.count,
        "first": moment(bars, found.first),
        "sentence": found.sentence,
    }
