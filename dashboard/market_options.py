"""What the lists of a market form offer, given what the form says so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.market import catalog
from engine.market.bars import Series

Options = list[tuple[str, str]]


def collections(values: Mapping[str, Any]) -> Options:
    """Every collection, with the number of its series."""
    return [(name, f"{name} ({len(series)})") for name, series in catalog.collections().items()]


def symbols(values: Mapping[str, Any]) -> Options:
    """The symbols of the chosen collection; those that cannot be bought say so."""
    return [(item.symbol, _name(item)) for item in _chosen(values)]


def tradeable_symbols(values: Mapping[str, Any]) -> Options:
    """The symbols of the chosen collection that can be bought."""
    return [(item.symbol, _name(item)) for item in _chosen(values) if item.tradeable]


def tradeable_collections(values: Mapping[str, Any]) -> Options:
    """The collections in which something can be bought."""
    return [
        (name, f"{name} ({sum(item.tradeable for item in series)})")
        for name, series in catalog.collections().items()
        if any(item.tradeable for item in series)
    ]


def intervals(values: Mapping[str, Any]) -> Options:
    """The bar intervals of the chosen collection."""
    return [(name, name) for name in sorted({item.interval for item in _chosen(values)})]


MARKET = {"market.collection": collections, "market.symbols": symbols, "market.interval": intervals}
TRADEABLE_MARKET = MARKET | {"market.collection": tradeable_collections, "market.symbols": tradeable_symbols}


def _chosen(values: Mapping[str, Any]) -> tuple[Series, ...]:
    market = values.get("market", values)
    return catalog.collections().get(str(market.get("collection", "")), ())


def _name(series: Series) -> str:
    return series.symbol if series.tradeable else f"{series.symbol} (level, not tradeable)"
