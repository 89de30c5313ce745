"""Outcome of an import: each series, rejected lines, and where to go from here."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.components import card, table
from dashboard.components.values import complete
from dashboard.pages.data import ids
from dashboard.pages.data.imports.look import rejected
from dashboard.text.format import count
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.core.spec import kind_name
from engine.market import catalog
from engine.market.fetching import STATUSES, Outcome
from engine.market.importers.files import Imported, ImportReport
from engine.market.spec import MarketSpec
from engine.strategies.kinds.sma_cross import SmaCross

_SHOWN = 12  # symbols that the links open at most
COLUMNS = [
    table.Column("symbol", "Symbol", width=92),
    table.Column("status", "Status", width=104),
    table.Column("problem", "Problem", least=220),
    table.Column("file", "File", least=100),
    table.Column("rows", "Bars", "number", width=92, help="Bars that are stored now."),
    table.Column("added", "New", "number", width=92, help="Bars that were not stored before."),
    table.Column("dropped", "Left out", "number", width=78, help="Rows without a close."),
    table.Column("first", "From", width=98),
    table.Column("last", "To", width=98),
]


def layout() -> list[Component]:
    note = html.Span(id=ids.IMPORTED_NOTE, className="sub")
    listed = table.table(ids.IMPORTED, COLUMNS, empty="No series was found.")
    listed.columnDefs[2] |= {
        "wrapText": True,
        "autoHeight": True,
        "cellStyle": {"lineHeight": "18px", "padding": "5px 12px"},
    }
    links = html.Div(id=ids.IMPORTED_LINKS, className="import-links")
    return [card.card("Imported", [listed, html.Div(id=ids.IMPORTED_LINES, className="pad")], tools=[note, links])]


def note(report: ImportReport) -> str:
    """What was added, in a line, and how much was not."""
    added = sum(item.added for file in report.files for item in file.outcomes)
    words = f"{count(added, 'new bar')} in {report.collection}"
    return f"{words}, {len(report.failed):,} of {len(rows(report)):,} failed" if report.failed else words


def rows(report: ImportReport) -> list[dict[str, Any]]:
    """A row for each series, and for each file without one; what failed comes first."""
    found = [row for item in report.files for row in _rows(item)]
    return sorted(found, key=lambda row: not row["problem"])


def _rows(item: Imported) -> list[dict[str, Any]]:
    if item.sentence:
        return [{"symbol": "", "status": "Not read", "problem": item.sentence, "file": item.file}]
    return [_row(outcome, item.file) for outcome in item.outcomes]


def _row(item: Outcome, file: str) -> dict[str, Any]:
    problem = "" if item.succeeded else item.sentence or STATUSES[item.status]
    ends = {"first": item.first[:10], "last": item.last[:10]}
    numbers = {"rows": item.rows, "added": item.added} if item.succeeded else {}  # others keep the bars they have
    named = {"symbol": item.symbol, "status": item.status.capitalize(), "problem": problem, "file": file}
    return named | numbers | {"dropped": item.dropped} | ends


def lines(report: ImportReport) -> list[Component]:
    """The rejected lines of each file, and what was done to rows."""
    notes = [html.P(f"{item.file}, {text}", className="hint") for item in report.files for text in item.notes]
    return [*notes, *(rejected(item.file, item.lines, item.rejected) for item in report.files if item.rejected)]


def links(report: ImportReport) -> list[Component]:
    """To the chart and to a backtest of what is stored now, filled at closes where that has nothing else."""
    market = stored(report)
    if market is None:
        return []
    spec = BacktestSpec.parse(
        {
            "market": market.model_dump(mode="json"),
            "strategy": {"kind": kind_name(SmaCross)},
            "costs": complete(Costs, {}),
        }
        | ({} if all(_has_opens(market, symbol) for symbol in market.symbols) else {"fill": "next_close"})
    )
    return [
        dcc.Link("Open the chart", href=f"/data?spec={state.to_query(market)}", className="link-button strong"),
        dcc.Link("Backtest it", href=f"/backtest?spec={state.to_query(spec)}", className="link-button strong"),
    ]


def _has_opens(market: MarketSpec, symbol: str) -> bool:
    return catalog.find(market.collection, symbol, market.interval).has_ohlc


def stored(report: ImportReport) -> MarketSpec | None:
    """The first series that are stored now, of the interval that most of them have; None for none."""
    found = [
        (outcome.symbol, interval)
        for item in report.files
        for outcome, interval in zip(item.outcomes, item.intervals, strict=True)
        if outcome.succeeded
    ]
    if not found:
        return None
    interval = Counter(interval for _, interval in found).most_common(1)[0][0]
    symbols = tuple(dict.fromkeys(symbol for symbol, of in found if of == interval))[:_SHOWN]
    return MarketSpec.parse({"collection": report.collection, "symbols": symbols, "interval": interval})
