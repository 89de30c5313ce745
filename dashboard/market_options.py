"""Options of the lists in a market form, given its values so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import Input, State, callback, set_props

from dashboard import ids
from dashboard.components.controls import labelled
from dashboard.components.form import Form
from engine.market import catalog
from engine.market.bars import Series
from engine.market.intervals import finest_first

Options = list[tuple[str, str]]
Offer = Callable[[Mapping[str, Any]], Sequence[tuple[Any, str]]]


def collections(values: Mapping[str, Any]) -> Options:
    """Every collection, with the number of its series."""
    return [(name, f"{name} ({len(series)})") for name, series in catalog.collections().items()]


def symbols(values: Mapping[str, Any]) -> Options:
    """The symbols of the chosen collection; those that are not tradeable say so."""
    return [(item.symbol, _name(item)) for item in _chosen(values)]


def tradeable_symbols(values: Mapping[str, Any]) -> Options:
    """The tradeable symbols of the chosen collection."""
    return [(item.symbol, _name(item)) for item in _chosen(values) if item.tradeable]


def tradeable_collections(values: Mapping[str, Any]) -> Options:
    """The collections with tradeable symbols."""
    return [
        (name, f"{name} ({sum(item.tradeable for item in series)})")
        for name, series in catalog.collections().items()
        if any(item.tradeable for item in series)
    ]


def intervals(values: Mapping[str, Any]) -> Options:
    """The bar intervals of the chosen collection."""
    return [(name, name) for name in sorted({item.interval for item in _chosen(values)}, key=finest_first)]


MARKET = {"market.collection": collections, "market.symbols": symbols, "market.interval": intervals}
TRADEABLE_MARKET = MARKET | {"market.collection": tradeable_collections, "market.symbols": tradeable_symbols}


def follow_collection(form: Form) -> None:
    """Have the lists of symbols and intervals in ``form`` follow the collection that is chosen there.

    What was chosen before stays as far as the new collection has it, else its first is chosen.
    """
    path = next(path for path in form.options if path.endswith("collection"))
    lists = [ids.field(form.page, path.replace("collection", name)) for name in ("symbols", "interval")]
    offers = [form.options[id_["path"]] for id_ in lists]

    # No outputs but set_props: Dash cannot read an output's id that has a dot in it.
    @callback(
        Input(ids.field(form.page, path), "value"),
        *(State(id_, "value") for id_ in lists),
        prevent_initial_call=True,
    )
    def follow(collection: str, chosen: list[str] | None, interval: str) -> None:
        symbols, kept, intervals, bars = following(*offers, collection, chosen, interval)
        set_props(lists[0], {"options": symbols, "value": kept})
        set_props(lists[1], {"options": intervals, "value": bars})


def following(
    offer_symbols: Offer, offer_intervals: Offer, collection: str, chosen: list[str] | None, interval: str
) -> tuple[Any, ...]:
    """Options and value of the symbols, then of the interval, once ``collection`` is chosen."""
    symbols, intervals = (dict(offer({"collection": collection})) for offer in (offer_symbols, offer_intervals))
    kept = [name for name in symbols if name in (chosen or ())] or list(symbols)[:1]
    bars = interval if interval in intervals else next(iter(intervals), interval)
    return labelled(list(symbols.items())), kept, labelled(list(intervals.items())), bars


def _chosen(values: Mapping[str, Any]) -> tuple[Series, ...]:
    market = values.get("market", values)
    return catalog.collections().get(str(market.get("collection", "")), ())


def _name(series: Series) -> str:
    return series.symbol if series.tradeable else f"{series.symbol} (level, not tradeable)"
