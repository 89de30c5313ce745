"""What can be read, and reading it: the only way from a ``MarketSpec`` to bars."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from engine.errors import DataError, NotTradeable, did_you_mean
from engine.market.bars import Bars, Market, MarketSpec, Series
from engine.market.sources import SOURCES


def collections() -> Mapping[str, tuple[Series, ...]]:
    """Series by collection, in the order of their sources.

    Where two sources have the same series the later counts: one that was stored here replaces that of the sample.
    """
    found: dict[str, dict[tuple[str, str], Series]] = {}
    for cls in SOURCES.available().values():
        for series in cls().series():
            found.setdefault(series.collection, {})[series.symbol, series.interval] = series
    return {collection: tuple(members.values()) for collection, members in found.items()}


def problems() -> tuple[str, ...]:
    """A sentence for each file of bars that cannot be read, whose series is in no collection."""
    return tuple(text for cls in SOURCES.available().values() for text in cls().problems())


def find(collection: str, symbol: str, interval: str) -> Series:
    """The series of that name. Raises ``DataError`` with what there is instead, or with what is wrong with its file."""
    for cls in SOURCES.available().values():
        if text := cls().problem(collection, symbol, interval):
            raise DataError(text)
    known = collections()
    if collection not in known:
        raise DataError(f"There is no collection '{collection}'.{did_you_mean(collection, tuple(known))}")
    named = [series for series in known[collection] if series.symbol == symbol]
    if not named:
        symbols = tuple(series.symbol for series in known[collection])
        raise DataError(f"'{symbol}' is not in the collection {collection}.{did_you_mean(symbol, symbols)}")
    for series in named:
        if series.interval == interval:
            return series
    there = ", ".join(series.interval for series in named)
    raise DataError(f"{symbol} in {collection} comes in bars of {there}, not {interval}.")


def span(spec: MarketSpec) -> tuple[np.datetime64, np.datetime64]:
    """The days of ``spec`` from which and up to which all its symbols have bars, without reading any; the last is
    before the first where they have none in common. Raises ``DataError``.
    """
    known = [find(spec.collection, symbol, spec.interval) for symbol in spec.symbols]
    first = max([item.start[:10] for item in known] + [str(spec.start or "")])
    last = min([item.end[:10] for item in known] + [str(spec.end or "9999")])
    return np.datetime64(first, "ms"), np.datetime64(last, "ms")


def read(series: Series) -> Bars:
    """All bars of ``series`` as supplied."""
    return SOURCES.get(series.source)().read(series)


def load(spec: MarketSpec) -> Market:
    """The bars that ``spec`` asks for, adjusted; rows without a close are none. Raises ``DataError`` for an unknown
    symbol or an empty range.
    """
    found = tuple(bars.adjusted(spec.adjustment).priced() for bars in _select(spec))
    for bars in found:
        if not len(bars):
            raise DataError(f"{bars.series.symbol} has no close in this range: choose a longer one.")
    return Market(found)


def fingerprint(spec: MarketSpec) -> str:
    """Digest of the bars that ``spec`` selects, as supplied."""
    digests = "|".join(bars.digest() for bars in _select(spec))
    return hashlib.sha256(digests.encode()).hexdigest()


def require_tradeable(market: Market) -> None:
    """Raise ``NotTradeable`` if a series cannot be bought, such as the level of an index."""
    for bars in market.bars:
        if not bars.series.tradeable:
            raise NotTradeable(
                f"{bars.series.symbol} is the level of an index and cannot be bought: choose a fund or a future "
                "that follows it, or use it as a feature only."
            )


def _select(spec: MarketSpec) -> tuple[Bars, ...]:
    selected = []
    for symbol in spec.symbols:
        series = find(spec.collection, symbol, spec.interval)
        bars = read(series).between(spec.start, spec.end)
        if len(bars) == 0:
            raise DataError(
                f"{symbol} has no bars between {spec.start or 'its start'} and {spec.end or 'its end'}: "
                f"it has them from {series.start[:10]} to {series.end[:10]}."
            )
        selected.append(bars)
    return tuple(selected)
