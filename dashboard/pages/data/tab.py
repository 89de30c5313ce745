"""Tabs of the data page, and how their callbacks reach the series on screen.

To add a tab, write one module of ``dashboard.pages.data.tabs``:

1. ``layout()`` returns what the tab shows; it is called when the tab is first opened.
2. ``TAB = Tab("name", "Title", layout)``, added to ``TABS`` in ``tabs/__init__.py``. A tab with a form of its own, such
   as a download, has a ``study``; one that needs no series, such as the catalogue, is ``free``.
3. ``@callback(Output(...), seen("name"))`` calls a function of one argument, ``Viewed``, whenever the series changes
   while the tab is in sight and when the tab is opened, and never otherwise.
4. There ``shown(viewed)`` returns the request and the adjusted bars on screen, ``opened(viewed)`` those of all symbols.
   A free tab's argument may hold no series: ``shown`` then raises ``PreventUpdate``.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback
from dash.exceptions import PreventUpdate
from pydantic import PlainValidator, TypeAdapter
from typing_extensions import TypedDict

import engine
from dashboard import ids as frame
from dashboard import runs
from dashboard.components.tabs import line_id
from dashboard.pages.data import ids
from dashboard.pages.data.form import SEEN
from dashboard.runs.tabs import Tab
from engine.core.errors import DataError, SpecError
from engine.core.spec import kind_name
from engine.jobs import runner
from engine.market import catalog
from engine.market.bars import Bars, Market, Series
from engine.market.quality.report import last_verdict
from engine.market.quality.verdict import Verdict
from engine.market.spec import MarketSpec

RESULT = Input(frame.result(ids.PAGE), "data")
SYMBOL = Input(SEEN.symbol, "value")
OPEN = Input(line_id(ids.TABS), "active_tab")


__all__ = [
    "OPEN",
    "RESULT",
    "SYMBOL",
    "Tab",
    "Viewed",
    "alone",
    "as_supplied",
    "of_symbol",
    "opened",
    "refused",
    "requested",
    "seen",
    "seen_id",
    "series_of",
    "shown",
    "verdict_of",
]  # fmt: skip


class _Looked(TypedDict, total=False):
    key: str
    spec: str
    symbol: str | None
    free: bool
    opened: float


Viewed: TypeAlias = Annotated[_Looked, PlainValidator(TypeAdapter(_Looked).validate_python)] | None
"""The page's result with the symbol on screen, as the browser says it."""


def seen_id(name: str) -> frame.Id:
    """Store: ``Viewed`` for the tab ``name``; a free tab's is filled anew whenever that is opened."""
    return {"role": "viewed", "page": ids.PAGE, "tab": name}


def seen(name: str) -> Input:
    """What the callbacks of the tab ``name`` start from."""
    return Input(seen_id(name), "data")


def opened(data: runs.ResultData | Viewed) -> tuple[MarketSpec, Market]:
    """The request and its bars; ``PreventUpdate`` where there is none. Raises ``SpecError`` for a forged one."""
    return runs.opened(data, MarketSpec)


def requested(data: Viewed) -> MarketSpec:
    """The request alone, for what reads its bars elsewhere; ``PreventUpdate`` where there is none. Raises ``SpecError``
    for a forged one.
    """
    if not data or "spec" not in data:
        raise PreventUpdate
    spec = runner.load_spec(data["spec"])
    if not isinstance(spec, MarketSpec):
        raise SpecError([("kind", f"Expected '{kind_name(MarketSpec)}', not '{spec.kind}'.")])
    return spec


def shown(data: Viewed) -> tuple[MarketSpec, Bars]:
    """The request and the bars of the symbol on screen: the first if that is not among them."""
    return of_symbol(data, (data or {}).get("symbol"))


def of_symbol(data: runs.ResultData | Viewed, symbol: str | None) -> tuple[MarketSpec, Bars]:
    """The request and the bars of ``symbol``, or of the first if it is not among them."""
    spec, market = opened(data)
    by_symbol = {bars.series.symbol: bars for bars in market.bars}
    return spec, by_symbol.get(str(symbol), market.bars[0])


def alone(spec: MarketSpec, bars: Bars) -> MarketSpec:
    """``spec`` for the symbol of ``bars`` alone."""
    return spec.model_copy(update={"symbols": (bars.series.symbol,)})


def series_of(data: Viewed) -> tuple[MarketSpec, Series]:
    """The request and the series on screen; where bars of the request are refused, the first series concerned. Raises
    as ``shown`` does otherwise.
    """
    try:
        spec, bars = shown(data)
        return spec, catalog.find(spec.collection, bars.series.symbol, spec.interval, spec.known_at)
    except DataError:
        asked = runner.load_spec((data or {}).get("spec", ""))
        if not isinstance(asked, MarketSpec) or not (found := refused(asked)):
            raise
        return asked, found


def refused(spec: MarketSpec) -> Series | None:
    """The first series of ``spec`` whose bars are refused; None where all can be read."""
    for symbol in spec.symbols:
        series = catalog.find(spec.collection, symbol, spec.interval, spec.known_at)
        try:
            catalog.read(series)
        except DataError:
            return series
    return None


def as_supplied(spec: MarketSpec, bars: Bars) -> Bars:
    """The bars on screen before adjustment."""
    raw = alone(spec, bars).model_copy(update={"adjustment": "none"})
    return engine.run(raw).bars[0]


def verdict_of(spec: MarketSpec, symbol: str) -> Verdict:
    """The last verdict on all bars of ``symbol`` in the request, as they are read."""
    return last_verdict(catalog.read(catalog.find(spec.collection, symbol, spec.interval, spec.known_at)))


clientside_callback(
    ClientsideFunction("stratoscope", "viewed"),
    Output({"role": "viewed", "page": ids.PAGE, "tab": ALL}, "data"),
    RESULT,
    SYMBOL,
    OPEN,
    State({"role": "viewed", "page": ids.PAGE, "tab": ALL}, "data"),
    State({"role": "viewed", "page": ids.PAGE, "tab": ALL}, "id"),
)
