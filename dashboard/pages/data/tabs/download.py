"""The tab that fetches bars from a source and keeps them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from dash import Input, Output, State, callback, dcc, html, set_props
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs, state
from dashboard.components import card, states, table
from dashboard.components.fields import Values
from dashboard.components.values import get
from dashboard.errors import toast
from dashboard.pages.data import ids
from dashboard.pages.data.tab import Tab
from dashboard.runs.studies import Study, StudyForm
from dashboard.text.format import count
from engine.core.errors import EngineError
from engine.core.registry import info
from engine.core.spec import Action, RunSpec
from engine.market import download
from engine.market.fetch.spec import Fetch
from engine.market.fetching import STATUSES, FetchReport, Listing, Outcome
from engine.market.sources import SOURCES
from engine.market.spec import MarketSpec

_BETWEEN = re.compile(r"[\s,;]+")
_SHOWN = 12  # symbols that the link to the chart opens at most
COLUMNS = [
    table.Column("symbol", "Symbol", width=84),
    table.Column("status", "Status", width=138),
    table.Column("said", "Problem", least=170),
    table.Column("rows", "Bars", "number", width=74, help="Bars that are stored now."),
    table.Column("added", "New", "number", width=74, help="Bars that were not stored before."),
    table.Column("dropped", "Left out", "number", width=84, help="Rows that are not bars, such as those "
                 "without a close, and a last bar that is not complete."),
    table.Column("first", "From", width=98),
    table.Column("last", "To", width=98),
]  # fmt: skip


class DownloadForm(StudyForm):
    """Symbols may be typed or pasted as one text, with blanks, commas or lines between them; a collection that has no
    name gets that of the source.
    """

    def parse(self, values: Values) -> RunSpec | Action:
        collection = get(values, "collection") or get(values, "source")
        return super().parse({**values, "symbols": _symbols(get(values, "symbols")), "collection": collection})


def _symbols(chosen: Sequence[object] | None) -> list[str]:
    """Each symbol of what was chosen, typed or pasted, once."""
    return list(dict.fromkeys(part for item in chosen or () for part in _BETWEEN.split(str(item)) if part))


def sources(_: Values = MappingProxyType({})) -> list[tuple[str, str]]:
    """Names and titles of the sources that can be fetched from; that of Yahoo first, which needs no preparation."""
    able = [(name, info(cls).title) for name, cls in SOURCES.available().items() if cls.capabilities is not None]
    return sorted(able, key=lambda item: item[0] != "yahoo")


def _chosen(values: Values) -> list[tuple[str, str]]:
    return [(str(item), str(item)) for item in get(values, "symbols") or ()]


FORM = DownloadForm(
    page=frame.study(ids.PAGE, "download"),
    spec=Fetch,
    action="Download",
    base="",
    options={"source": sources, "symbols": _chosen},
    initial={"source": "yahoo", "symbols": []},
    blanks={
        "symbols": lambda values: "AAPL, ^GSPC, or a name",
        "collection": lambda values: str(get(values, "source") or ""),
    },
)
ADJUSTED = {
    "none": "Prices as traded",
    "splits": "Prices adjusted for splits",
    "splits and dividends": "Prices adjusted for splits and dividends",
}


def _fields(values: Values) -> list[Component]:
    note = html.Div(about(str(get(values, "source") or "")), id=ids.DOWNLOAD_SOURCE, className="sub download-source")
    return [*FORM.panel(values), note]


def about(source: str) -> str:
    """What a source can do: its intervals and how far they reach back, its adjustment, limits, and its own note."""
    able = SOURCES.get(source).capabilities if source in SOURCES.available() else None
    if able is None:
        return ""
    reach = [f"{name} of the last {days} days" for name in able.intervals if (days := able.limit(name))]
    parts = [
        f"Intervals: {', '.join(able.intervals)}",
        *([f"History: {', '.join(reach)}, otherwise unlimited"] if reach else []),
        ADJUSTED[able.adjustment],
        *(["Needs a key"] if able.needs_key else []),
        *([f"At most {able.rate} requests per minute"] if able.rate else []),
    ]
    return " ".join(f"{part}." for part in parts) + (f" {able.note}" if able.note else "")


STUDY = Study(
    FORM,
    "Download",
    empty=lambda: states.empty(
        "Nothing downloaded yet",
        "Type symbols or search for a name, then press Download. Each symbol is stored on this machine as soon as it "
        "is there; a failure of one costs no other.",
        symbol="data",
    ),
    sub="bars from a provider or from files, stored on this machine",
    panel=_fields,
)


def layout() -> Sequence[Component]:
    note = html.Span(id=ids.DOWNLOAD_NOTE, className="sub")
    listed = table.table(ids.DOWNLOADED, COLUMNS, empty="No symbol was requested.")
    listed.columnDefs[2] |= {"wrapText": True, "autoHeight": True, "cellStyle": {"lineHeight": "18px"}}
    return [card.card("Downloaded", listed, tools=[note, html.Div(id=ids.DOWNLOAD_LINK)])]


TAB = Tab("download", "Download", layout, STUDY)


callback(
    Output(ids.DOWNLOAD_SOURCE, "children"),
    Input(frame.field(FORM.page, "source"), "value"),
    prevent_initial_call=True,
)(about)


@callback(
    Input(frame.field(FORM.page, "symbols"), "search_value"),
    State(frame.field(FORM.page, "symbols"), "value"),
    State(frame.field(FORM.page, "source"), "value"),
    prevent_initial_call=True,
)
def search(text: str | None, chosen: list[str] | None, source: str) -> None:
    """Offer what was typed as it is, and what the source finds for it."""
    typed = (text or "").strip()
    if not typed:
        raise PreventUpdate
    options = [_as_typed(typed)]
    try:
        options += [_option(item, typed) for item in download.search(source, typed)] if len(typed) > 1 else []
    except EngineError as error:
        toast(str(error), "warn")
    kept = [{"value": item, "label": item, "search": item} for item in chosen or ()]
    known = {item["value"]: item for item in [*kept, *options]}
    set_props(frame.field(FORM.page, "symbols"), {"options": list(known.values())})


def _as_typed(text: str) -> dict[str, str]:
    several = _symbols([text])
    label = f"{text} (as typed)" if len(several) < 2 else f"{count(len(several), 'symbol')}: {', '.join(several)}"
    return {"value": " ".join(several), "label": label, "search": text}


def _option(found: Listing, typed: str) -> dict[str, str]:
    about = ", ".join(part for part in (found.kind, found.exchange, found.currency) if part)
    label = f"{found.symbol}  {found.name}{f' ({about})' if about else ''}"
    return {"value": found.symbol, "label": label, "search": typed}  # the source has matched it, not the browser


@callback(Input(frame.field(FORM.page, "symbols"), "value"), prevent_initial_call=True)
def split(chosen: list[str] | None) -> None:
    """A pasted list becomes its symbols."""
    symbols = _symbols(chosen)
    if symbols == (chosen or []):
        raise PreventUpdate
    options = [{"value": item, "label": item, "search": item} for item in symbols]
    set_props(frame.field(FORM.page, "symbols"), {"options": options, "value": symbols})


@callback(
    Output(ids.DOWNLOADED, "rowData"),
    Output(ids.DOWNLOAD_NOTE, "children"),
    Output(ids.DOWNLOAD_LINK, "children"),
    Input(frame.result(FORM.page), "data"),
    prevent_initial_call=True,
)
def show(data: runs.ResultData) -> tuple[Any, Any, Any]:
    report: FetchReport = runs.report(data, Fetch).report
    added = sum(item.added for item in report.outcomes)
    return [_row(item) for item in report.outcomes], f"{count(added, 'new bar')} in {report.collection}", _link(report)


def _row(item: Outcome) -> dict[str, Any]:
    said = item.sentence or ("" if item.succeeded else STATUSES[item.status])
    ends = {"first": item.first[:10], "last": item.last[:10]}
    numbers = {"rows": item.rows, "added": item.added, "dropped": item.dropped}
    return {"symbol": item.symbol, "status": item.status.capitalize(), "said": said} | numbers | ends


def _link(report: FetchReport) -> Component | None:
    """To the charts of what is stored now."""
    there = tuple(item.symbol for item in report.outcomes if item.succeeded)[:_SHOWN]
    if not there:
        return None
    spec = MarketSpec.parse({"collection": report.collection, "symbols": there, "interval": report.interval})
    return dcc.Link("Open the chart", href=f"/data?spec={state.to_query(spec)}", className="link-button strong")
