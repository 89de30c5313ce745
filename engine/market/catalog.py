"""What can be read, and reading it: the only way from a ``MarketSpec`` to bars."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.core.errors import DataError, EngineError, NotTradeable, did_you_mean, line_in
from engine.market.bars import Bars, Market, MarketSpec, Series
from engine.market.soundness import require_sound
from engine.market.sources import SOURCES, Source


def collections() -> Mapping[str, tuple[Series, ...]]:
    """Series by collection, in the order of their sources.

    Where two sources have the same series the later counts: one that was stored here replaces that of the sample. A
    source whose code fails is left out: see ``problems``.
    """
    found: dict[str, dict[tuple[str, str], Series]] = {}
    for cls in SOURCES.available().values():
        for series in () if isinstance(listed := _listed(cls()), str) else listed:
            found.setdefault(series.collection, {})[series.symbol, series.interval] = series
    return {collection: tuple(members.values()) for collection, members in found.items()}


def problems() -> tuple[str, ...]:
    """A sentence for each file of bars that cannot be read and each source that fails, whose series are in no
    collection.
    """
    sources = [cls() for cls in SOURCES.available().values()]
    return (*(text for source in sources for text in source.problems()), *_failures(sources))


def find(collection: str, symbol: str, interval: str) -> Series:
    """The series of that name. Raises ``DataError`` with what there is instead, or with what is wrong with its file."""
    for cls in SOURCES.available().values():
        if text := cls().problem(collection, symbol, interval):
            raise DataError(text)
    known = collections()
    if collection not in known:
        failed = "".join(f" {text}" for text in _failures(cls() for cls in SOURCES.available().values()))
        raise DataError(f"There is no collection '{collection}'.{did_you_mean(collection, tuple(known))}{failed}")
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
    """The trading days of ``spec`` from which and up to which all its symbols have bars, without reading any; the last
    is before the first where they have none in common. Raises ``DataError``.
    """
    known = [find(spec.collection, symbol, spec.interval).span for symbol in spec.symbols]
    first = max([item[0] for item in known] + [np.datetime64(spec.start, "D")] * (spec.start is not None))
    last = min([item[1] for item in known] + [np.datetime64(spec.end, "D")] * (spec.end is not None))
    return first, last


def read(series: Series) -> Bars:
    """All bars of ``series`` as supplied: the only way from a source to bars. Raises ``DataError`` for those that
    nobody could reckon with: see ``soundness.require_sound``.
    """
    bars = supplied(series)
    require_sound(bars)
    return bars


def supplied(series: Series) -> Bars:
    """The bars of ``series`` as they came, to look at what is wrong with them."""
    source = SOURCES.get(series.source)()
    with _answering_for(source):
        return source.read(series)


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
            first, last = series.span
            raise DataError(
                f"{symbol} has no bars between {spec.start or 'its start'} and {spec.end or 'its end'}: "
                f"it has them from {first} to {last}."
            )
        selected.append(bars)
    return tuple(selected)


class _SourceFailed(DataError):
    pass


def _listed(source: Source) -> tuple[Series, ...] | str:
    """The series of ``source``, or a sentence on how its code failed: the others are listed all the same."""
    try:
        with _answering_for(source):
            return source.series()
    except _SourceFailed as error:
        return str(error)


def _failures(sources: Iterable[Source]) -> list[str]:
    return [listed for source in sources if isinstance(listed := _listed(source), str)]


@contextmanager
def _answering_for(source: Source) -> Iterator[None]:
    """What the code of ``source`` raises inside is a ``DataError`` that names it and the line of its file."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        file = getattr(sys.modules.get(type(source).__module__), "__file__", None) or ""
        line = line_in(file, error)
        place = f" in line {line} of {Path(file).name}" if line else ""
        said = f"{type(error).__name__}: {error}".removesuffix(".")
        raise _SourceFailed(f"The source '{source.kind}' failed{place}: {said}.") from error
