"""The tab that fetches bars from a source and keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NotRequired, TypeAlias

from dash import Input, Output, State, callback, dcc, html, set_props
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from typing_extensions import TypedDict

from dashboard import ids as frame
from dashboard import runs, state
from dashboard.components import card, states, table
from dashboard.components.controls import Unavailable
from dashboard.components.fields import Values
from dashboard.components.rested import Rested
from dashboard.components.values import get
from dashboard.errors import toast
from dashboard.jobs.call import POLL_MILLISECONDS
from dashboard.pages.data import ids
from dashboard.pages.data.tab import Tab
from dashboard.runs.studies import Study, StudyForm
from dashboard.text.format import count, first_of
from engine.core.errors import EngineError, SpecError
from engine.core.registry import info
from engine.core.spec import Action, RunSpec
from engine.market import download
from engine.market.fetch.spec import Fetch
from engine.market.fetching import STATUSES, Capabilities, FetchReport, Listing, Outcome
from engine.market.sources import SOURCES, Source
from engine.market.spec import MarketSpec


class _Found(TypedDict):
    text: str
    options: NotRequired[Sequence[Mapping[str, str]]]
    problem: NotRequired[str]


Found: TypeAlias = _Found | None
"""What a source was asked and has found, as options of the list of symbols."""

_BETWEEN = re.compile(r"[\s,;]+")
_NAME = re.compile(r"[^,;\n]{2,40}")
"""What may be the name of a symbol; anything else is a list of symbols."""
_SHOWN = 12  # symbols that the link to the chart opens at most
_RETRIED = ("source", "symbols", "collection", "interval", "start", "end")
COLUMNS = [
    table.Column("symbol", "Symbol", least=130),
    table.Column("status", "Status", width=138),
    table.Column("rows", "Bars", "number", width=92, help="Bars that are stored now."),
    table.Column("added", "New", "number", width=92, help="Bars that were not stored before."),
    table.Column("dropped", "Left out", "number", width=84, help="Rows that are not bars, such as those "
                 "without a close, and a last bar that is not complete."),
    table.Column("first", "From", width=98),
    table.Column("last", "To", width=98),
    table.Column("problem", "Problem", least=260),
]  # fmt: skip


class DownloadForm(StudyForm):
    """Symbols may be typed or pasted as one text, with blanks, commas or lines between them; a collection that has no
    name gets that of the source.
    """

    def parse(self, values: Values) -> RunSpec | Action:
        """As every form; a list of symbols that is still empty is no error, there is only nothing to download yet."""
        source = str(get(values, "source") or "")
        collection, symbols = get(values, "collection") or source, _symbols(source, get(values, "symbols"))
        try:
            spec = super().parse({**values, "symbols": symbols, "collection": collection})
        except SpecError as error:
            raise SpecError([item for item in error.problems if symbols or item[0] != "symbols"]) from None
        able, interval = capabilities(spec.source), spec.interval
        if able is not None and interval not in able.intervals:
            there = f"{SOURCES.title(spec.source)} has no bars of {interval}. Available: {', '.join(able.intervals)}."
            raise SpecError([("interval", there)])
        return spec

    def defaults(self) -> dict[str, Any]:
        """A fresh form, with the first of the sources."""
        return {**super().defaults(), "source": next((name for name, _ in sources()), "")}

    def lacking(self, values: Values) -> str:
        return "" if get(values, "symbols") else "Enter the symbols to download."


def _symbols(source: str, chosen: Sequence[object] | None) -> list[str]:
    """Each symbol of what was chosen, typed or pasted, once and as ``source`` writes it."""
    return list(download.spelled(source, (part for item in chosen or () for part in _BETWEEN.split(str(item)) if part)))


def sources(_: Values = MappingProxyType({})) -> list[tuple[str, str]]:
    """Names and titles of the sources that can be fetched from, those first that ask to be."""
    able = [(name, cls) for name, cls in _fetched_from() if not cls().missing()]
    able.sort(key=lambda item: not (item[1].capabilities and item[1].capabilities.offered_first))
    return [(name, info(cls).title) for name, cls in able]


def _offered(_: Values) -> list[tuple[str, str]]:
    """``sources``, then those that something is missing for."""
    lacking = [
        Unavailable((name, f"{info(cls).title} (not installed)")) for name, cls in _fetched_from() if cls().missing()
    ]
    return [*sources(), *lacking]


def _fetched_from() -> list[tuple[str, type[Source]]]:
    return [(name, cls) for name, cls in SOURCES.available().items() if cls.capabilities is not None]


def capabilities(source: str) -> Capabilities | None:
    """Those of a source, None where it does not exist or cannot be fetched from."""
    return SOURCES.get(source).capabilities if source in SOURCES.available() else None


def _example(values: Values) -> str:
    able = capabilities(str(get(values, "source") or ""))
    return able.example if able else ""


def _chosen(values: Values) -> list[tuple[str, str]]:
    return [(str(item), str(item)) for item in get(values, "symbols") or ()]


FORM = DownloadForm(
    page=frame.study(ids.PAGE, "download"),
    spec=Fetch,
    action="Download",
    base="",
    options={"source": _offered, "symbols": _chosen},
    initial={"symbols": []},
    blanks={
        "symbols": _example,
        "collection": lambda values: str(get(values, "source") or ""),
    },
)
TYPED = Rested(frame.field(FORM.page, "symbols"))
TYPED.wire()
ADJUSTED = {
    "none": "Prices as traded",
    "splits": "Prices adjusted for splits",
    "splits and dividends": "Prices adjusted for splits and dividends",
}


def _fields(values: Values) -> list[Component]:
    note = html.Div(about(str(get(values, "source") or "")), id=ids.DOWNLOAD_SOURCE, className="sub download-source")
    lacking = [html.Div(text) for _, cls in _fetched_from() if (text := cls().missing())]
    return [
        *FORM.panel(values),
        TYPED.store(),
        dcc.Store(id=ids.DOWNLOAD_FOUND),
        note,
        *([html.Div(lacking, className="sub download-source")] if lacking else []),
    ]


def about(source: str) -> str:
    """What a source can do: its intervals and how far they reach back, its adjustment, limits, and its own note."""
    able = capabilities(source)
    if able is None:
        return ""
    limits = dict.fromkeys(days for name in able.intervals if (days := able.limit(name)))
    reach = [
        f"{', '.join(name for name in able.intervals if able.limit(name) == days)}: {days} days" for days in limits
    ]
    parts = [
        f"Intervals: {', '.join(able.intervals)}",
        *([f"History of {'; '.join(reach)}; others: all"] if reach else []),
        ADJUSTED[able.adjustment] if "open" in able.fields else "Closes only",
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
        "is there; one that fails does not stop the others.",
        symbol="data",
    ),
    sub="bars from a provider or from files, stored on this machine",
    panel=_fields,
)


def layout() -> Sequence[Component]:
    note = html.Span(id=ids.DOWNLOAD_NOTE, className="sub")
    listed = table.table(ids.DOWNLOADED, COLUMNS, empty="No symbol was requested.")
    listed.columnDefs[-1] |= {
        "wrapText": True,
        "autoHeight": True,
        "cellStyle": {"lineHeight": "18px", "padding": "5px 12px"},
    }
    retry = html.Button(
        id=ids.DOWNLOAD_RETRY,
        className="link-button strong",
        type="button",
        hidden=True,
        title="Those that failed for the network, the provider or this machine's disk; the others would fail again.",
    )
    return [card.card("Downloaded", listed, tools=[note, retry, html.Div(id=ids.DOWNLOAD_LINK)])]


TAB = Tab("download", "Download", layout, STUDY)


@callback(
    Output(ids.DOWNLOAD_SOURCE, "children"),
    Output(frame.field(FORM.page, "symbols"), "placeholder"),
    Output(frame.field(FORM.page, "collection"), "placeholder"),
    Input(frame.field(FORM.page, "source"), "value"),
    prevent_initial_call=True,
)
def describe(source: str) -> tuple[str, str, str]:
    """What the chosen source can do, and what may be entered for it."""
    return about(source), _example({"source": source}), source


@callback(
    Input(frame.field(FORM.page, "symbols"), "search_value"),
    State(frame.field(FORM.page, "source"), "value"),
    State(frame.field(FORM.page, "symbols"), "value"),
    prevent_initial_call=True,
)
def offer_typed(text: str | None, source: str, chosen: list[str] | None) -> None:
    """Offer what was typed."""
    if typed := (text or "").strip():
        _offer([_as_typed(source, typed)], chosen)


@callback(
    Output(ids.DOWNLOAD_FOUND, "data"),
    Input(TYPED.id, "data"),
    State(frame.field(FORM.page, "source"), "value"),
    background=True,
    interval=POLL_MILLISECONDS,
    prevent_initial_call=True,
)
def search(text: str | None, source: str) -> dict[str, Any]:
    """What the source finds for what is typed, or why it finds nothing. In a worker: sources bring pandas."""
    typed, able = (text or "").strip(), capabilities(source)
    if able is None or not able.can_search or not _NAME.fullmatch(typed):
        raise PreventUpdate
    try:
        return {"text": typed, "options": [_option(item, typed) for item in download.search(source, typed)]}
    except EngineError as error:
        return {"text": typed, "problem": str(error)}


@callback(
    Input(ids.DOWNLOAD_FOUND, "data"),
    State(frame.field(FORM.page, "symbols"), "search_value"),
    State(frame.field(FORM.page, "source"), "value"),
    State(frame.field(FORM.page, "symbols"), "value"),
    prevent_initial_call=True,
)
def offer_found(found: Found, text: str | None, source: str, chosen: list[str] | None) -> None:
    """Offer what was found, unless something else is typed by now."""
    if not found or found["text"] != (text or "").strip():
        raise PreventUpdate
    if problem := found.get("problem"):
        toast(problem, "warn")
    _offer([_as_typed(source, found["text"]), *found.get("options", ())], chosen)


def _offer(options: Sequence[Mapping[str, str]], chosen: Sequence[str] | None) -> None:
    kept = [{"value": item, "label": item, "search": item} for item in chosen or ()]
    known = {item["value"]: item for item in [*kept, *options]}
    set_props(frame.field(FORM.page, "symbols"), {"options": list(known.values())})


def _as_typed(source: str, text: str) -> dict[str, str]:
    several = _symbols(source, [text])
    label = (
        f"{count(len(several), 'symbol')}: {first_of(several)}"
        if len(several) > 1
        else f"{''.join(several)} (as typed)"
    )
    return {"value": " ".join(several), "label": label, "search": text}


def _option(found: Listing, typed: str) -> dict[str, str]:
    about = ", ".join(part for part in (found.kind, found.exchange, found.currency) if part)
    label = f"{found.symbol}  {found.name}{f' ({about})' if about else ''}"
    return {"value": found.symbol, "label": label, "search": typed}  # the source has matched it, not the browser


@callback(
    Input(frame.field(FORM.page, "symbols"), "value"),
    State(frame.field(FORM.page, "source"), "value"),
    prevent_initial_call=True,
)
def split(chosen: list[str] | None, source: str) -> None:
    """A pasted list becomes its symbols."""
    symbols = _symbols(source, chosen)
    if symbols == (chosen or []):
        raise PreventUpdate
    options = [{"value": item, "label": item, "search": item} for item in symbols]
    set_props(frame.field(FORM.page, "symbols"), {"options": options, "value": symbols})


@callback(
    Output(ids.DOWNLOADED, "rowData"),
    Output(ids.DOWNLOAD_NOTE, "children"),
    Output(ids.DOWNLOAD_LINK, "children"),
    Output(ids.DOWNLOAD_RETRY, "children"),
    Output(ids.DOWNLOAD_RETRY, "hidden"),
    Input(frame.result(FORM.page), "data"),
    prevent_initial_call=True,
)
def show(data: runs.ResultData) -> tuple[Any, ...]:
    """What failed comes first."""
    report: FetchReport = runs.report(data, Fetch).report
    rows = [_row(item) for item in sorted(report.outcomes, key=lambda item: item.succeeded)]
    again = report.to_retry
    return rows, _note(report), _link(report), f"Retry {count(len(again), 'symbol')}", not again


def _note(report: FetchReport) -> str:
    added = f"{count(sum(item.added for item in report.outcomes), 'new bar')} in {report.collection}"
    return f"{added}, {len(report.failed):,} of {len(report.outcomes):,} failed" if report.failed else added


@callback(
    *(Output(item, "value", allow_duplicate=True) for item in map(partial(frame.field, FORM.page), _RETRIED)),
    Output(frame.field(FORM.page, "symbols"), "options", allow_duplicate=True),
    Output(frame.part("run-button", FORM.page), "n_clicks"),
    Input(ids.DOWNLOAD_RETRY, "n_clicks"),
    State(frame.result(FORM.page), "data"),
    State(frame.part("run-button", FORM.page), "n_clicks"),
    prevent_initial_call=True,
)
def retry(clicks: int | None, data: runs.ResultData, runs_so_far: int | None) -> tuple[Any, ...]:
    """The request that is shown, of the symbols alone that may succeed now, as if it had been entered and the button
    pressed.
    """
    if not clicks:
        raise PreventUpdate
    done = runs.report(data, Fetch)
    again = done.report.to_retry
    if not again:
        raise PreventUpdate
    values = FORM.plain(done.action.model_copy(update={"symbols": again}))
    options = [{"value": item, "label": item, "search": item} for item in again]
    return *("" if values[name] is None else values[name] for name in _RETRIED), options, (runs_so_far or 0) + 1


def _row(item: Outcome) -> dict[str, Any]:
    problem = item.sentence or ("" if item.succeeded else STATUSES[item.status])
    ends = {"first": item.first[:10], "last": item.last[:10]}
    numbers = {"rows": item.rows, "added": item.added} if item.succeeded else {}  # others keep the bars they have
    named = {"symbol": item.symbol, "status": item.status.capitalize(), "problem": problem}
    return named | numbers | {"dropped": item.dropped} | ends


def _link(report: FetchReport) -> Component | None:
    """To the charts of what is stored now."""
    there = tuple(item.symbol for item in report.outcomes if item.succeeded)[:_SHOWN]
    if not there:
        return None
    spec = MarketSpec.parse({"collection": report.collection, "symbols": there, "interval": report.interval})
    return dcc.Link("Open the chart", href=f"/data?spec={state.to_query(spec)}", className="link-button strong")
