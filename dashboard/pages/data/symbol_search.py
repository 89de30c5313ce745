"""The list of symbols of the data page's form: also finds those of other collections, and downloads what is missing.

What is chosen beside symbols is an offer, as JSON text, which can be no symbol: ``["open", collection, symbol]``,
``["download", source, symbol, ...]`` or ``["choose", symbol, ...]``.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import market_options, runs
from dashboard.components.rested import Rested
from dashboard.errors import toast
from dashboard.jobs.call import POLL_MILLISECONDS
from dashboard.pages.data import ids
from dashboard.pages.data.form import FORM
from dashboard.pages.data.tabs import download
from dashboard.runs import studies
from dashboard.runs.form_callbacks import FormCallbacks
from dashboard.text.format import count, first_of
from engine.core.errors import EngineError
from engine.core.spec import canonical_json
from engine.market import catalog
from engine.market import download as engine_download
from engine.market.fetch.spec import Fetch
from engine.market.fetching import STATUSES, FetchReport, Listing
from engine.market.intervals import DAILY
from engine.market.sources import SOURCES
from engine.market.spec import MarketSpec
from engine.market.symbols import UNIVERSE, symbol

FETCH = frame.study(ids.PAGE, "fetch")
"""Under which downloads run that are begun in the list."""
TYPED = Rested(frame.field(FORM.page, "symbols"))
MOST = 6  # offers of one kind
_FEW = 4  # symbols that are all named
_BETWEEN = re.compile(r"[\s,;]+")
_REST = 30.0  # seconds for which a source that could not be searched is not asked again

Option = dict[str, Any]

TYPED.wire()


def status() -> Component:
    """Where a download that was begun in the list says how far it is."""
    status = html.Div(id=ids.FETCHING, className="run-problem", role="status")
    return html.Div([status, TYPED.store(), dcc.Store(id=ids.FOUND)])


def offers(collection: str, text: str, chosen: Sequence[str]) -> list[Option]:
    """What can be done about the symbols in ``text`` that ``collection`` lacks, for the end of the list. Those that it
    has are found in capitals or small letters.
    """
    typed = list(dict.fromkeys(part for part in _BETWEEN.split(text) if part))
    known = market_options.symbols.known(collection, catalog.collections()) if typed else {}
    found = {part: _known_as(part, known) for part in typed}
    there = list(dict.fromkeys(name for name in found.values() if name))
    missing = [part for part, name in found.items() if not name and not part.startswith(UNIVERSE) and _is_symbol(part)]
    several = [_offer(["choose", *there], f"{count(len(there), 'symbol')}: {first_of(there)}", text)]
    return [
        *(several if len(typed) > 1 and there else []),
        *(_elsewhere(collection, typed[0], text) if len(typed) == 1 else []),
        *(_to_fetch(collection, missing, [name or part for part, name in found.items()], text) if missing else []),
    ]


def _known_as(text: str, known: Collection[str]) -> str:
    """The one of ``known`` that is ``text``, in capitals or small letters where that is unmistakable; "" for none."""
    if text in known:
        return text
    found = [name for name in known if name.casefold() == text.casefold()]
    return found[0] if len(found) == 1 else ""


def _to_fetch(collection: str, missing: Sequence[str], every: Sequence[str], typed: str) -> list[Option]:
    """The download of what is missing; also of ``every`` symbol, where it would not come to those that are there."""
    offered = []
    for source, title in download.sources()[:1]:  # the Download tab has the others
        wanted = engine_download.spelled(source, missing)
        words = wanted[0] if len(wanted) == 1 else f"{len(wanted):,} missing: {first_of(wanted)}"
        offered.append(_offer(["download", source, *wanted], f"Download {words} from {title}", typed))
        everything = engine_download.spelled(source, filter(_is_symbol, every))
        if len(everything) > len(wanted) and _home(collection, source) != collection:
            label = f"Download all {len(everything):,} from {title}"
            offered.append(_offer(["download", source, *everything], label, typed))
    return offered


def _offer(value: list[str], label: str, typed: str) -> Option:
    return {"value": json.dumps(value), "label": label, "search": f"{label} {typed}"}


def _is_symbol(text: str) -> bool:
    try:
        return symbol(text) == text
    except ValueError:
        return False


def _elsewhere(collection: str, text: str, typed: str) -> list[Option]:
    """Symbols of other collections that begin with ``text``."""
    wanted = text.casefold()
    found = [
        (name, series.symbol)
        for name, members in catalog.collections().items()
        if name != collection
        for series in members
        if series.symbol.casefold().startswith(wanted)
    ]
    return [
        _offer(["open", name, item], f"{item} in {name}", typed) for name, item in list(dict.fromkeys(found))[:MOST]
    ]


@callback(
    Output(ids.FOUND, "data"),
    Input(TYPED.id, "data"),
    State(frame.field(FORM.page, "collection"), "value"),
    background=True,
    interval=POLL_MILLISECONDS,
    prevent_initial_call=True,
)
def search(text: str | None, collection: str) -> dict[str, Any]:
    """What the first source finds for what is typed; apart from the list itself, which does not wait for it. In a
    worker: sources bring pandas.
    """
    typed, (source, title) = (text or "").strip(), next(iter(download.sources()), ("", ""))
    if len(typed) < 2 or _BETWEEN.search(typed) or not source:
        raise PreventUpdate
    known = market_options.symbols.known(collection, catalog.collections())
    listed = _search(source, typed, int(time.monotonic() / _REST))
    asked = engine_download.spelled(source, [typed])
    found = [item for item in listed if item.symbol not in known and item.symbol not in asked]
    return {"text": text, "options": [_to_download(item, source, title, typed) for item in found[:MOST]]}


def _to_download(item: Listing, source: str, title: str, typed: str) -> Option:
    about = ", ".join(part for part in (item.name, item.kind, item.exchange) if part)
    return _offer(["download", source, item.symbol], f"Download {item.symbol} from {title}: {about}", typed)


clientside_callback(
    ClientsideFunction("stratoscope", "foundElsewhere"),
    Output(frame.field(FORM.page, "symbols"), "options", allow_duplicate=True),
    Input(ids.FOUND, "data"),
    State(frame.field(FORM.page, "symbols"), "search_value"),
    State(frame.field(FORM.page, "symbols"), "options"),
    prevent_initial_call=True,
)


@lru_cache(maxsize=64)
def _search(source: str, text: str, moment: int) -> tuple[Listing, ...]:
    """What ``source`` lists, nothing where it cannot be reached: what was typed can be downloaded all the same."""
    try:
        return engine_download.search(source, text)
    except EngineError:
        return ()


@callback(
    Output(frame.field(FORM.page, "symbols"), "value", allow_duplicate=True),
    Output(frame.job(FETCH), "data"),
    Output(ids.FETCHING, "children", allow_duplicate=True),
    Input(frame.field(FORM.page, "symbols"), "value"),
    State(frame.field(FORM.page, "collection"), "value"),
    State(frame.field(FORM.page, "interval"), "value"),
    prevent_initial_call=True,
)
def choose(chosen: list[str] | None, collection: str, interval: str) -> tuple[Any, Any, Any]:
    """Do what was offered and chosen; symbols alone are left as they are."""
    asked = [item for item in chosen or () if item.startswith("[")]
    if not asked:
        raise PreventUpdate
    rest = [item for item in chosen or () if item not in asked]
    what, *names = _read(asked[-1])
    if what == "choose":
        return list(dict.fromkeys([*rest, *names])), no_update, no_update
    if what == "open":
        spec = _first_of(names[0], names[1])
        studies.show(FORM, spec, "chart")
        return no_update, no_update, no_update
    bars = interval if interval in ("1w", "1mo") else DAILY
    wanted = Fetch(source=names[0], symbols=tuple(names[1:]), collection=_home(collection, names[0]), interval=bars)
    words = f"Downloading {_counted(wanted.symbols)} from {SOURCES.title(wanted.source)}\N{NO-BREAK SPACE}…"
    return rest, canonical_json(wanted), html.Span(words, className="hint")


def _counted(symbols: Sequence[str]) -> str:
    return ", ".join(symbols) if len(symbols) <= _FEW else count(len(symbols), "symbol")


def _read(text: str) -> list[str]:
    """The offer in ``text``; raises ``PreventUpdate`` for one that is none of ours."""
    try:
        found = json.loads(text)
    except ValueError:
        raise PreventUpdate from None
    least = {"choose": 2, "open": 3, "download": 3}
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise PreventUpdate
    if not found or len(found) < least.get(found[0], len(found) + 1):
        raise PreventUpdate
    return found


def _first_of(collection: str, name: str) -> MarketSpec:
    """The request for ``name`` of ``collection`` in the longest of its daily or shorter bars."""
    there = [item.interval for item in catalog.collections().get(collection, ()) if item.symbol == name]
    interval = DAILY if DAILY in there or not there else there[0]
    return MarketSpec.parse({"collection": collection, "symbols": [name], "interval": interval})


def _home(collection: str, source: str) -> str:
    """The collection that a download goes to: the one on screen if it is of the same source, else the source's own."""
    members = catalog.collections().get(collection, ())
    return collection if members and all(item.provider == source for item in members) else source


callback(
    Output(frame.result(FETCH), "data"),
    Input(frame.job(FETCH), "data"),
    background=True,
    interval=POLL_MILLISECONDS,
    progress=[Output(frame.progress(FETCH), "data")],
    prevent_initial_call=True,
)(FormCallbacks(download.FORM).compute)


@callback(
    Output(ids.FETCHING, "children"),
    Input(frame.result(FETCH), "data"),
    State(frame.field(FORM.page, "collection"), "value"),
    State(frame.field(FORM.page, "symbols"), "value"),
    prevent_initial_call=True,
)
def arrived(data: runs.ResultData, collection: str, chosen: list[str] | None) -> str:
    """Show what was downloaded, and say what was not."""
    if data and "error" in data:
        return data["error"]
    report: FetchReport = runs.report(data, Fetch).report
    there = [item.symbol for item in report.outcomes if item.succeeded]
    failed = [
        item.sentence or f"{item.symbol}: {STATUSES[item.status]}" for item in report.outcomes if not item.succeeded
    ]
    if there:
        kept = [item for item in chosen or () if collection == report.collection and not item.startswith("[")]
        toast(f"{_counted(there)} stored in {report.collection}.", "ok")
        values = {"collection": report.collection, "symbols": list(dict.fromkeys([*kept, *there]))}
        studies.show(FORM, MarketSpec.parse({**values, "interval": report.interval}), "chart")
    return " ".join(failed)
