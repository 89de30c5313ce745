"""Contents of the files, before anything is stored: questions, series, first and last rows, rejected lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components import table
from dashboard.pages.data import ids
from dashboard.text.format import count
from engine.market.importers.preview import PreviewReport, SeriesPreview, TablePreview
from engine.market.importers.reader import Rejected
from engine.market.importers.spec import ImportRequest
from engine.market.intervals import INTERVALS

_EDITED = {"singleClickEdit": True, "suppressColumnVirtualisation": True}  # it is laid out while it is hidden
_BETWEEN = "\n"  # in a row's key, between parts of which none has one
COLUMNS = [
    table.Column("symbol", "Symbol", width=110, help="Click to change it; clear it to leave the series out."),
    table.Column("file", "File", least=120),
    table.Column("interval", "Interval", width=78),
    table.Column("rows", "Bars", "number", width=86),
    table.Column("first", "From", width=98),
    table.Column("last", "To", width=98),
    table.Column("timezone", "Time zone", width=138),
    table.Column("currency", "Currency", width=84),
]
_HEADINGS = {"adj_close": "adj. close"}


def layout() -> Component:
    """The place of the preview, out of sight until there is one."""
    options = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
    listed = table.table(ids.IMPORT_SERIES, COLUMNS, options=options | _EDITED)
    listed.getRowId = "params.data.key"
    named = {"function": "params.value || 'enter a symbol'"}
    listed.columnDefs[0] |= {"editable": True, "cellClass": "editable", "valueFormatter": named}
    listed.className += " chooses"
    parts = [
        html.H3("In these files"),
        html.Ul(id=ids.IMPORT_QUESTIONS, className="import-questions"),
        html.Div(listed, id=ids.IMPORT_LISTED),
        html.Div(id=ids.IMPORT_ROWS, className="import-rows"),
        html.Div(id=ids.IMPORT_LINES),
    ]
    return html.Div(
        [html.Div(id=ids.IMPORT_WAITS), html.Div(parts, id=ids.IMPORT_FOUND, hidden=True)], className="import-look"
    )


def rows(report: PreviewReport) -> list[dict[str, Any]]:
    """The table of series."""
    return [_row(table_, item) for table_, item in series(report) if not item.problem]


def series(report: PreviewReport) -> Iterator[tuple[TablePreview, SeriesPreview]]:
    """Each series with its table."""
    for found in report.tables:
        for item in found.series:
            yield found, item


def key(table_: TablePreview, item: SeriesPreview) -> str:
    """By what the row of a series is known."""
    return _BETWEEN.join((table_.upload, table_.part, item.own))


def renamed(names: Sequence[Any], key_: str, symbol: str) -> list[dict[str, str]]:
    """The names of a request with another ``symbol`` for the row ``key_``."""
    upload, part, own = key_.split(_BETWEEN, 2)
    place = {"upload": upload, "part": part, "own": own}
    others = [item for item in names if isinstance(item, Mapping) and place != {name: item.get(name) for name in place}]
    return [*map(dict, others), *([{**place, "symbol": symbol}] if symbol != own else [])]


def _row(table_: TablePreview, item: SeriesPreview) -> dict[str, Any]:
    return {
        "key": key(table_, item),
        "symbol": item.symbol,
        "file": table_.label,
        "interval": item.interval,
        "rows": item.rows or None,
        "first": item.first[:10],
        "last": item.last[:10],
        "timezone": item.timezone,
        "currency": item.currency,
    }


def questions(report: PreviewReport) -> list[Component]:
    """What must be chosen, what cannot be read, and what was done to rows."""
    found = [
        html.Li(f"{_about(item)}{item.sentence}{_where(item)}", className="" if item.asks else "is-bad")
        for item in report.tables
        if item.sentence
    ]
    for table_, item_ in series(report):
        if item_.problem:
            found.append(html.Li(f"{table_.label}: {item_.problem}", className="is-bad"))
        if item_.conflict:
            found.append(html.Li(f"{item_.conflict} As it is, that of the first is stored.", className="is-bad"))
        found += [html.Li(f"{table_.label}, {item_.symbol or item_.own}: {note}") for note in item_.notes]
    found += [html.Li(text) for text in _twice(report)]
    return found


def _about(item: TablePreview) -> str:
    """The file's name, where its sentence does not begin with it."""
    return "" if item.label.rpartition("/")[2] in item.sentence else f"{item.label}: "


def _where(item: TablePreview) -> str:
    """Where to answer."""
    if item.asks == "symbol":
        return " Click the empty cell below."
    field = ImportRequest.model_fields.get(item.asks)
    return f" See '{field.title}' above." if field else ""


def _twice(report: PreviewReport) -> Iterator[str]:
    """Series that are in several files."""
    places: dict[tuple[str, str], list[str]] = {}
    for table_, item in series(report):
        if item.symbol and not item.problem and not item.conflict:
            places.setdefault((item.symbol, item.interval), []).append(table_.label)
    for (symbol, interval), labels in places.items():
        if len(labels) > 1:
            named = ", ".join(labels[:3]) + (f" and {len(labels) - 3:,} more" if len(labels) > 3 else "")
            yield f"{symbol}, {interval}, is in {count(len(labels), 'table')} ({named}): joined where they agree."


def sample(report: PreviewReport, key_: str | None) -> Component | None:
    """The first and last rows of the series ``key_``, or of the first."""
    every = [(table_, item) for table_, item in series(report) if item.head]
    found = next((pair for pair in every if key(*pair) == key_), every[0] if every else None)
    if found is None:
        return None
    table_, item = found
    between = item.rows - len(item.head) - len(item.tail)
    gap = [html.Tr(html.Td(f"{between:,} more", colSpan=len(item.columns)), className="gap")] if between else []
    body = [*map(_cells, item.head), *gap, *map(_cells, item.tail)]
    intraday = item.interval in INTERVALS and INTERVALS[item.interval].is_intraday
    head = html.Tr([html.Th(_heading(name, intraday)) for name in item.columns])
    about = f"{table_.format}, {_prices(item.adjustment)}"
    title = html.H3(f"{item.symbol or item.own or table_.label}, as read: {about}")
    return html.Div([title, html.Table([html.Thead(head), html.Tbody(body)])])


def _prices(adjustment: str) -> str:
    """What the prices are, in words that can follow others."""
    return adjustment if "prices" in adjustment else f"prices {adjustment}"


def _heading(name: str, intraday: bool) -> str:
    if name == "time":
        return "Time, UTC" if intraday else "Date"
    return _HEADINGS.get(name, name).capitalize()


def _cells(row: Sequence[str]) -> Component:
    return html.Tr([html.Td(cell) for cell in row])


def lines(report: PreviewReport) -> list[Component]:
    """The rejected lines of each file."""
    return [
        rejected(item.label, item.lines, item.rejected, item.dropped)
        for item in report.tables
        if item.rejected or item.dropped
    ]


def rejected(label: str, found: Sequence[Rejected], total: int, dropped: int = 0) -> Component:
    """The first of the lines of a file that are no bars, folded away."""
    words = f"{label}: {count(total, 'line')} rejected" if total else label
    if dropped:
        words += f"{',' if total else ':'} {count(dropped, 'row')} without a close left out"
    listed = [html.Li([html.Span(f"line {line.line:,}"), html.Span(line.sentence)]) for line in found]
    if total > len(found):
        listed.append(html.Li([html.Span(), html.Span(f"and {total - len(found):,} more")]))
    return html.Details([html.Summary(words), html.Ol(listed)], className="import-lines")
