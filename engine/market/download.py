"""Download of bars from a source into the store, symbol by symbol, without losing stored ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import Cancelled, DataError, EngineError, StoreError, did_you_mean
from engine.core.progress import Progress, section, silent
from engine.market import catalog
from engine.market.bars import Bars, Times
from engine.market.days import range_words
from engine.market.fetching import STATUSES, Fetched, FetchReport, FetchRequest, Listing, Outcome, Status
from engine.market.integrity import require_sound
from engine.market.series_table import entered_together
from engine.market.sources import SOURCES, Source
from engine.market.sources.stored import Stored, save

_SAME = 1e-6
"""Relative tolerance to a stored price: providers print six digits or more."""
_PRICES = ("open", "high", "low", "close", "adj_close")


def search(source: str, text: str) -> tuple[Listing, ...]:
    """Symbols of ``source`` that match ``text``, the best match first. Raises ``DataError`` for a source that cannot be
    searched.
    """
    found = fetchable(source)
    if found.capabilities is None or not found.capabilities.can_search:
        raise DataError(f"The source '{source}' cannot be searched: type the symbols as it names them.")
    with catalog.source_errors(found):
        listings = tuple(found.search(text))
    for item in listings:
        catalog.require_type(found, item, Listing, "each item of search")
    return listings


def spelled(source: str, texts: Iterable[str]) -> tuple[str, ...]:
    """What someone typed as symbols of ``source``, each once and as it writes them, if it is one."""
    able = SOURCES.get(source).capabilities if source in SOURCES.available() else None
    return tuple(dict.fromkeys(able.spelled(text) if able else text for text in texts))


def fetch(
    request: FetchRequest, progress: Progress = silent, names: Mapping[str, str] = MappingProxyType({})
) -> FetchReport:
    """Fetch the symbols of ``request`` and store each as soon as it arrives, under its own name or that in ``names``.

    Failures are in the report and affect neither other symbols nor stored bars. Raises ``DataError`` where the source
    cannot fetch at all, ``Cancelled`` as ``progress`` does: what has been stored before is kept.
    """
    source = fetchable(request.source)
    _require_able(source, request)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    outcomes: dict[str, Outcome] = {}
    stopped = ""
    try:
        with entered_together():
            for answer in answers(source, request, progress):
                name = names.get(answer.symbol, answer.symbol)
                outcomes[answer.symbol] = store(request, answer, began, request.source, name)
    except Cancelled:
        raise
    except EngineError as error:
        stopped = str(error)
    missing = [name for name in request.symbols if name not in outcomes]
    outcomes |= {name: Outcome(names.get(name, name), "not reached", stopped) for name in missing}
    ordered = tuple(outcomes[name] for name in request.symbols)
    return FetchReport(request.source, request.target, request.interval, began, ordered)


def fetchable(name: str) -> Source:
    """The source of that name. Raises ``DataError`` where nothing can be fetched from it."""
    known = SOURCES.available()
    if name not in known or known[name].capabilities is None:
        able = tuple(kind for kind, cls in known.items() if cls.capabilities is not None)
        if name in known:
            raise DataError(f"Nothing can be fetched from '{name}'.{did_you_mean(name, able)}")
        failed = "".join(f" {text}" for text in SOURCES.problems())
        raise DataError(f"There is no source '{name}'.{failed}{did_you_mean(name, able)}")
    source = known[name]()
    with catalog.source_errors(source):
        message = source.missing()
    catalog.require_type(source, message, str, "missing")
    if message:
        raise DataError(message)
    return source


def _require_able(source: Source, request: FetchRequest) -> None:
    able = source.capabilities
    if able is not None and request.interval not in able.intervals:
        raise DataError(
            f"The source '{request.source}' has no bars of {request.interval}. Available: {', '.join(able.intervals)}."
        )


def answers(source: Source, request: FetchRequest, progress: Progress) -> Iterator[Fetched]:
    """The answers of ``source``, at most one for each requested symbol, without storing any. Raises ``DataError``."""
    waiting = set(request.symbols)
    with catalog.source_errors(source):
        for answer in source.fetch(request, section(progress, 0.0, 1.0)):
            catalog.require_type(source, answer, Fetched, "each answer of fetch")
            if answer.bars is not None:
                catalog.require_type(source, answer.bars, Bars, "bars of an answer of fetch")
            if answer.status not in STATUSES:
                known = ", ".join(STATUSES)
                raise DataError(f"The source '{request.source}' returned the status '{answer.status}'. Known: {known}.")
            if answer.symbol not in waiting:
                raise DataError(f"The source '{request.source}' answered for {answer.symbol}, which was not requested.")
            waiting.remove(answer.symbol)
            yield answer
    progress(1.0, f"{len(request.symbols) - len(waiting):,} of {len(request.symbols):,} symbols fetched.")


def store(request: FetchRequest, answer: Fetched, fetched: str, provider: str, name: str = "") -> Outcome:
    """Store the bars of one symbol, fetched at the ISO time ``fetched``, and return the outcome. ``provider`` is the
    source that can be asked again, "" for none; ``name`` is the symbol to store them under where it is another.
    """
    name, dropped = name or answer.symbol, answer.dropped
    if answer.bars is None:
        return Outcome(name, answer.status, answer.sentence)
    try:
        new = _selected(request, answer, answer.bars, fetched, provider, name)
        old = stored(request, name)
        if new is None:
            first, last = answer.bars.series.span
            asked = range_words(request.start, request.end)
            message = f"{name} has no bars {asked}: the source has them from {first} to {last}."
            return Outcome(name, "no data in range", message, dropped=dropped)
        if old is not None and (message := _disagreement(old, new)):
            return Outcome(name, "restated", message, dropped=dropped)
        whole = new if old is None else _merged(old, new)
        added = len(whole) if old is None else int((~_is_among(new.time, old.time)).sum())
        is_same = old is not None and whole.digest() == old.digest()
        if not is_same:
            save(whole)
    except DataError as error:
        return Outcome(name, "invalid", str(error), dropped=dropped)
    except StoreError as error:
        return Outcome(name, "not stored", str(error), dropped=dropped)
    series = whole.series
    status: Status = "unchanged" if is_same else "stored"
    return Outcome(name, status, answer.sentence, len(whole), added, dropped, series.start, series.end)


def _selected(
    request: FetchRequest, answer: Fetched, bars: Bars, fetched: str, provider: str, name: str
) -> Bars | None:
    """The bars in the requested range, checked and under their stored name; None where there are none."""
    series = bars.series
    if (series.symbol, series.interval) != (answer.symbol, request.interval):
        raise DataError(
            f"Asked for {answer.symbol} in bars of {request.interval}, the source sent {series.symbol} in bars of "
            f"{series.interval}."
        )
    require_sound(bars)
    part = bars.between(request.start, request.end)
    if not len(part):
        return None
    kept = replace(series, source=Stored().kind, collection=request.target, provider=provider, fetched=fetched)
    if name != series.symbol:
        kept = replace(kept, symbol=name, provider_symbol=series.symbol)
    return _with_extent(replace(part, series=kept, unpriced=0))


def _with_extent(bars: Bars) -> Bars:
    """``bars`` with their number, first and last time in the metadata."""
    series = replace(bars.series, rows=len(bars), start=str(bars.time[0]), end=str(bars.time[-1]))
    return replace(bars, series=series)


def stored(request: FetchRequest, name: str) -> Bars | None:
    """The stored bars of that name; None also where they cannot be read."""
    store = Stored()
    series = store.find(request.target, name, request.interval)
    try:
        return None if series is None else store.read(series)
    except DataError:
        return None


def _disagreement(old: Bars, new: Bars) -> str:
    """The reason why ``new`` bars cannot be merged with ``old`` ones that extend beyond them; "" if they can.

    A provider of adjusted prices restates all of them after a split or a dividend, so that bars from before and after
    do not form a series. The common bars must agree, except for the last old one, which may have been incomplete.
    """
    if new.time[0] <= old.time[0] and new.time[-1] >= old.time[-1]:
        return ""
    name, ask = new.series.symbol, "fetch its whole history again, or these bars into another collection."
    if message := conflict(old.slice(0, len(old) - 1), new):
        return f"{message}: {ask}"
    if not _is_among(new.time, old.time[:-1]).any():
        return f"The bars of {name} do not overlap those stored up to {old.days[-1]}: {ask}"
    return ""


def conflict(old: Bars, new: Bars, words: str = "was {0:g} and is {1:g} now") -> str:
    """What differs between two series of one symbol: what they are, or a price at a time that both have, which
    ``words`` say with both values; "" for nothing. A sentence without its full stop.
    """
    name = new.series.symbol
    if _comparable(old) != _comparable(new):
        return f"{name} is stored with another currency, time zone or columns"
    yours = np.flatnonzero(_is_among(new.time, old.time))
    mine = np.searchsorted(old.time, new.time[yours])
    for column in _PRICES:
        before, after = getattr(old, column)[mine], getattr(new, column)[yours]
        wrong = ~np.isclose(before, after, rtol=_SAME, atol=0.0, equal_nan=True)
        if wrong.any():
            day = old.days[mine[wrong.argmax()]]
            return f"{column} of {name} on {day} {words.format(before[wrong][0], after[wrong][0])}"
    return ""


def union(old: Bars, new: Bars) -> Bars:
    """The bars of both, ascending in time; those of ``new`` where both have one. They must be without ``conflict``."""
    more = ~_is_among(old.time, new.time)
    order = np.argsort(np.concatenate([new.time, old.time[more]]), kind="stable")
    columns: dict[str, Any] = {}
    for name in ("time", *_PRICES, "volume", "splits", "dividend_per_share"):
        mine, yours = getattr(old, name), getattr(new, name)
        if yours is not None and mine is not None:
            columns[name] = np.concatenate([yours, mine[more]])[order]
            columns[name].setflags(write=False)
    return _with_extent(replace(new, **columns))


def _is_among(times: Times, others: Times) -> NDArray[np.bool_]:
    """Which of ``times`` are among ``others``, which ascend."""
    if not len(others):
        return np.zeros(len(times), dtype=np.bool_)
    return np.asarray(others[np.minimum(np.searchsorted(others, times), len(others) - 1)] == times)


def _comparable(bars: Bars) -> tuple[object, ...]:
    series = bars.series
    has = (series.has_ohlc, series.has_volume, bars.splits is None, bars.dividend_per_share is None)
    return (series.currency, series.timezone, series.adjustment, series.split_adjusted, *has)


def _merged(old: Bars, new: Bars) -> Bars:
    """``new`` with the bars of ``old`` before its first and after its last."""
    before, after = old.time < new.time[0], old.time > new.time[-1]
    columns: dict[str, Any] = {}
    for name in ("time", *_PRICES, "volume", "splits", "dividend_per_share"):
        mine, yours = getattr(old, name), getattr(new, name)
        if yours is not None:
            parts = (yours,) if mine is None else (mine[before], yours, mine[after])
            columns[name] = np.concatenate(parts)
            columns[name].setflags(write=False)
    return _with_extent(replace(new, **columns))
