"""Options of the lists in a market form, given its values so far.

A collection may have thousands of symbols: the browser gets the universes, the first symbols that match what is typed
and what is chosen, and asks again as one types.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dash import Input, State, callback, set_props
from flask import g, has_request_context

from dashboard import ids
from dashboard.components.controls import labelled
from dashboard.components.form import Form
from engine.core.config import settings
from engine.market import catalog, universes
from engine.market.bars import Series
from engine.market.intervals import INTERVALS, finest_first
from engine.market.resampling import finer_intervals
from engine.market.symbols import UNIVERSE, symbol

Options = list[tuple[str, str]]
Offer = Callable[[Mapping[str, Any]], Sequence[tuple[Any, str]]]
More = Callable[[str, str, Sequence[str]], Sequence[dict[str, Any]]]
Collections = Mapping[str, tuple[Series, ...]]

MAXIMUM_OPTIONS = 100
"""Symbols that are listed at a time, beside those that are chosen."""
_TYPING = 5.0  # seconds for which the keys that someone types ask the same list of a source


def collections(values: Mapping[str, Any]) -> Options:
    """Every collection, with the number of its series."""
    return [(name, f"{name} ({len(series)})") for name, series in _collections().items()]


def tradeable_collections(values: Mapping[str, Any]) -> Options:
    """The collections with tradeable symbols."""
    return [
        (name, f"{name} ({sum(item.tradeable for item in series)})")
        for name, series in _collections().items()
        if any(item.tradeable for item in series)
    ]


def intervals(values: Mapping[str, Any]) -> Options:
    """The bar intervals of the chosen collection, and the longer ones that these serve."""
    own = {item.interval for item in _collections().get(_collection(values), ())}
    served = {name for name in INTERVALS if own.intersection(finer_intervals(name))}
    return [(name, name) for name in sorted(own | served, key=finest_first)]


@dataclass(frozen=True)
class Symbols:
    """The symbols of the chosen collection, those alone that are ``tradeable`` or all; others say that they are not."""

    tradeable: bool = False

    def __call__(self, values: Mapping[str, Any]) -> Options:
        """What a list shows of them before anything is typed."""
        market = values.get("market", values)
        return listed(self.known(_collection(values), _collections()), "", folded(market.get("symbols") or ()))

    def every(self, values: Mapping[str, Any]) -> list[str]:
        """All of them, universes apart."""
        known = self.known(_collection(values), _collections())
        return [name for name in known if not name.startswith(UNIVERSE)]

    def search(self, collection: str, text: str, chosen: Sequence[str]) -> Options:
        """What a list shows of them once ``text`` is typed."""
        return listed(self.known(collection, _recent(_workspace(), int(time.monotonic() / _TYPING))), text, chosen)

    def known(self, collection: str, among: Collections) -> Mapping[str, str]:
        """Universes that have members in ``collection``, then its symbols, each with its label."""
        series = [item for item in among.get(collection, ()) if item.tradeable or not self.tradeable]
        symbols = {item.symbol: _name(item) for item in series}
        return _universes(symbols) | symbols


def listed(known: Mapping[str, str], text: str, chosen: Sequence[str]) -> Options:
    """Options of ``known`` that contain ``text``, those that begin with it first, up to ``MAXIMUM_OPTIONS``; then the
    others of ``chosen``, known or not.
    """
    prefix = text.strip().casefold()
    found = [name for name, label in known.items() if prefix in label.casefold()]
    found.sort(key=lambda name: not name.removeprefix(UNIVERSE).casefold().startswith(prefix))
    shown = dict.fromkeys([*found[:MAXIMUM_OPTIONS], *chosen])
    return [(name, known.get(name, name)) for name in shown]


def folded(symbols: Sequence[str]) -> list[str]:
    """``symbols`` as a list shows them: the universe that they are, or themselves."""
    universe = next((name for name, of_it in _members().items() if of_it == tuple(symbols)), None)
    return [universe] if universe else list(symbols)


def unfolded(chosen: Sequence[str]) -> list[str]:
    """The symbols in ``chosen``, with the members of each universe; an unknown universe is left as it is."""
    named = _members()
    return list(dict.fromkeys(symbol for item in chosen for symbol in named.get(item, (item,))))


symbols = Symbols()
tradeable_symbols = Symbols(tradeable=True)
MARKET = {"market.collection": collections, "market.symbols": symbols, "market.interval": intervals}
SHOWN_AS = {"market.symbols": folded}


def known_now(values: Mapping[str, Any]) -> str:
    """As of when bars are read where a request does not say."""
    return "today"


BLANKS = {"market.known_on": known_now}
TRADEABLE_MARKET = MARKET | {"market.collection": tradeable_collections, "market.symbols": tradeable_symbols}


def follow_collection(form: Form, more: More = lambda *_: ()) -> None:
    """Have the lists of symbols and intervals in ``form`` follow the collection that is chosen there, and the symbols
    what is typed.

    What was chosen before stays as far as the new collection has it, else its first is chosen. ``more`` gives further
    options, as Dash's, for a collection, what is typed and what is chosen.
    """
    path = next(path for path in form.options if path.endswith("collection"))
    lists = [ids.field(form.page, path.replace("collection", name)) for name in ("symbols", "interval")]
    offers: list[Any] = [form.options[id_["path"]] for id_ in lists]

    # No outputs but set_props: Dash cannot read an output's id that has a dot in it.
    @callback(
        Input(ids.field(form.page, path), "value"),
        *(State(id_, "value") for id_ in lists),
        prevent_initial_call=True,
    )
    def follow(collection: str, chosen: list[str] | None, interval: str) -> None:
        symbols, selected, intervals, bars = following(*offers, collection, chosen, interval)
        set_props(lists[0], {"options": symbols, "value": selected})
        set_props(lists[1], {"options": intervals, "value": bars})

    @callback(
        Input(lists[0], "search_value"),
        State(ids.field(form.page, path), "value"),
        State(lists[0], "value"),
        prevent_initial_call=True,
    )
    def search(text: str | None, collection: str, chosen: list[str] | None) -> None:
        found = labelled(offers[0].search(collection, text or "", chosen or ()))
        set_props(lists[0], {"options": [*found, *more(collection, text or "", chosen or ())]})


def following(
    offer_symbols: Symbols, offer_intervals: Offer, collection: str, chosen: list[str] | None, interval: str
) -> tuple[Any, ...]:
    """Options and value of the symbols, then of the interval, once ``collection`` is chosen."""
    known = offer_symbols.known(collection, _collections())
    selected = [name for name in chosen or () if name in known] or offer_symbols.every({"collection": collection})[:1]
    options = labelled(listed(known, "", selected))
    intervals = dict(offer_intervals({"collection": collection}))
    bars = interval if interval in intervals else next(iter(intervals), interval)
    return options, selected, labelled(list(intervals.items())), bars


def _universes(symbols: Mapping[str, str]) -> dict[str, str]:
    """The universes that have members among ``symbols``, and how many."""
    found = {}
    for name, members in _members().items():
        available = sum(member in symbols for member in members)
        total = "" if available == len(members) else f" of {len(members):,}"
        noun = "symbol" if len(members) == 1 else "symbols"
        found |= {name: f"{name} ({available:,}{total} {noun})"} if available else {}
    return found


def _members() -> dict[str, tuple[str, ...]]:
    """The universes by the names that lists have; one with something that is no symbol is left out."""
    found = {}
    for name, texts in universes.known().items():
        with suppress(ValueError):  # a request by name gets the reason
            found[f"{UNIVERSE}{name}"] = tuple(symbol(text) for text in texts)
    return found


def _collections() -> Collections:
    """What can be read; within one request of a browser the sources are asked once."""
    if not has_request_context():
        return catalog.collections()
    if "collections" not in g:
        g.collections = catalog.collections()
    return g.collections


@lru_cache(maxsize=1)
def _recent(place: str, moment: int) -> Collections:
    return catalog.collections()


def _workspace() -> str:
    """What tells one workspace from another."""
    return f"{settings().cache} {settings().plugins}"


def _collection(values: Mapping[str, Any]) -> str:
    return str(values.get("market", values).get("collection", ""))


def _name(series: Series) -> str:
    return series.symbol if series.tradeable else f"{series.symbol} (level, not tradeable)"
