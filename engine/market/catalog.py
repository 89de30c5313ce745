"""Catalogue of all series, and the only access from a request to bars."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from engine.core.config import settings
from engine.core.errors import DataError, NoSuchSeries, NotTradeable, did_you_mean
from engine.core.plugin_errors import described, named, plugin_errors
from engine.market.bars import Bars, Market, Selection, Series
from engine.market.common_calendar import between
from engine.market.days import range_words
from engine.market.quality import repairs
from engine.market.quality.verdict import verdicts, with_caveats
from engine.market.resampling import as_stored, finer_intervals, resampled, resampled_digest, resampled_series
from engine.market.soundness import require_sound_once
from engine.market.sources import SOURCES, Source
from engine.market.versions.moments import iso

NOUN = "source"
_FEW, _READERS = 8, 4


@dataclass(frozen=True)
class Entry:
    """A series that can be read; ``also_in`` are other sources of it by descending priority, which are not used."""

    series: Series
    also_in: tuple[str, ...] = ()


def sources() -> tuple[Source, ...]:
    """Every source by descending priority: those listed in config.yaml, then by their own priority."""
    listed = settings().market.priority
    place = {name: at for at, name in enumerate(listed)}
    found = [cls() for cls in SOURCES.available().values()]
    return tuple(sorted(found, key=lambda item: (place.get(item.kind, len(place)), -item.priority)))


def entries() -> tuple[Entry, ...]:
    """Series that can be read, by collection, each once; a source whose code fails is left out: see ``problems``."""
    found: dict[tuple[str, str, str], list[Series]] = {}
    for source in reversed(sources()):
        for series in () if isinstance(listed := _list_series(source), str) else listed:
            found.setdefault((series.collection, series.symbol, series.interval), []).append(series)
    return tuple(Entry(same[-1], tuple(item.source for item in same[-2::-1])) for same in found.values())


def collections() -> Mapping[str, tuple[Series, ...]]:
    """Series by collection, in the order of their sources."""
    found: dict[str, list[Series]] = {}
    for entry in entries():
        found.setdefault(entry.series.collection, []).append(entry.series)
    return {collection: tuple(members) for collection, members in found.items()}


def problems() -> tuple[str, ...]:
    """A sentence for each file of bars that cannot be read, each source that fails, and each unknown source in
    config.yaml.
    """
    known = sources()
    names = tuple(source.kind for source in known)
    unknown = [
        f"config.yaml gives priority to '{name}', which is not a source.{did_you_mean(name, names)}"
        for name in settings().market.priority
        if name not in names
    ]
    return (*unknown, *(text for source in known for text in source.problems()), *_source_failures(known))


def find(collection: str, symbol: str, interval: str, known_at: datetime | None = None) -> Series:
    """The series of that name, from the first of ``sources`` that has it, without listing any; where none has, that of
    the longest interval that serves ``interval``, to be resampled. With ``known_at`` as it was known at that moment,
    which has a time zone. Raises ``DataError`` with the available ones, or with the problem of its file.
    """
    return find_all(collection, (symbol,), interval, known_at)[0]


def find_all(
    collection: str, symbols: Iterable[str], interval: str, known_at: datetime | None = None
) -> tuple[Series, ...]:
    """``find`` for each of ``symbols``, in their order; a source that has to list all its series does so once."""
    wanted = tuple(symbols)
    found = _find_exactly(collection, wanted, interval)
    for finer in finer_intervals(interval):
        missing = [symbol for symbol in wanted if symbol not in found]
        if not missing:
            break
        series = _find_exactly(collection, missing, finer)
        found |= {symbol: resampled_series(item, interval) for symbol, item in series.items()}
    if lacking := next((symbol for symbol in wanted if symbol not in found), None):
        raise NoSuchSeries(_missing(collection, lacking, interval))
    every = tuple(found[symbol] for symbol in wanted)
    return every if known_at is None else tuple(as_known(item, known_at) for item in every)


def as_known(series: Series, moment: datetime) -> Series:
    """``series`` as it was known at ``moment``, which has a time zone: its metadata, and what ``read`` and ``digests``
    return of it. Raises ``DataError`` for a moment before it was first stored, and where its source keeps no versions.
    """
    if moment > datetime.now(UTC) + timedelta(days=2):  # the end of today is one day ahead, in some time zone two
        raise DataError(f"What will be known on {moment:%Y-%m-%d} is not known yet: choose today or an earlier day.")
    source = SOURCES.get(series.source)()
    with source_errors(source):
        found = source.as_known(as_stored(series), iso(moment))
    require_type(source, found, Series, "as_known")
    return resampled_series(found, series.interval) if series.resampled_from else found


def _find_exactly(collection: str, symbols: Sequence[str], interval: str) -> dict[str, Series]:
    """The series of that interval by symbol, of those that there are. Raises ``DataError`` with the problem of a
    file.
    """
    found: dict[str, Series] = {}
    for source in sources():
        missing = [symbol for symbol in symbols if symbol not in found]
        if not missing:
            break
        here = _find_many_in(source, collection, missing, interval)
        found |= here
        for symbol in missing:
            if symbol not in here and (text := source.problem(collection, symbol, interval)):
                raise DataError(text)
    return found


def _find_many_in(source: Source, collection: str, symbols: Sequence[str], interval: str) -> Mapping[str, Series]:
    """The series of ``source`` by symbol; none where its code fails, see ``problems``."""
    own = type(source)
    if own.find is Source.find and own.find_many is Source.find_many:
        listed = _list_series(source)
        every = () if isinstance(listed, str) else listed
        known = {
            item.symbol: item for item in every[::-1] if (item.collection, item.interval) == (collection, interval)
        }
        return {symbol: known[symbol] for symbol in symbols if symbol in known}
    if own.find_many is Source.find_many:
        each = {symbol: _find_in(source, collection, symbol, interval) for symbol in symbols}
        return {symbol: series for symbol, series in each.items() if series is not None}
    try:
        with source_errors(source):
            found = source.find_many(collection, symbols, interval)
        require_type(source, found, Mapping, "find_many")
        require_types(source, found.values(), Series, "each value of find_many")
        return found
    except _SourceFailed:
        return {}


def also_in(series: Series) -> tuple[str, ...]:
    """Other sources with a series of that name, by descending priority."""
    names = (series.collection, series.symbol, series.interval)
    return tuple(source.kind for source in sources() if source.kind != series.source and _find_in(source, *names))


def _missing(collection: str, symbol: str, interval: str) -> str:
    known = collections()
    if collection not in known:
        failed = "".join(f" {text}" for text in _source_failures(sources()))
        return f"Unknown collection '{collection}'.{did_you_mean(collection, tuple(known))}{failed}"
    named = [series for series in known[collection] if series.symbol == symbol]
    if not named:
        symbols = tuple(dict.fromkeys(series.symbol for series in known[collection]))
        return f"'{symbol}' is not in the collection {collection}.{did_you_mean(symbol, symbols)}"
    there = ", ".join(series.interval for series in named)
    return f"{symbol} in {collection} comes in bars of {there}, not {interval}."


def span(spec: Selection) -> tuple[np.datetime64, np.datetime64]:
    """First and last trading day common to all symbols of ``spec``, from the catalogue; the last is before the first
    where there is none. Raises ``DataError``.
    """
    known = [series.span for series in find_all(spec.collection, spec.symbols, spec.interval, spec.known_at)]
    first = max([item[0] for item in known] + [np.datetime64(spec.start, "D")] * (spec.start is not None))
    last = min([item[1] for item in known] + [np.datetime64(spec.end, "D")] * (spec.end is not None))
    return first, last


def sources_of(spec: Selection) -> tuple[type[Source], ...]:
    """The classes of the sources that ``spec`` is read from. Raises ``DataError``."""
    names = {series.source for series in find_all(spec.collection, spec.symbols, spec.interval, spec.known_at)}
    return tuple(SOURCES.get(name) for name in sorted(names))


def expected_rows(spec: Selection) -> float:
    """Approximate number of bars of all symbols of ``spec``, from the catalogue. Raises ``DataError``."""
    total = 0.0
    for series in find_all(spec.collection, spec.symbols, spec.interval, spec.known_at):
        first, last = series.span
        start = max(first, np.datetime64(spec.start or "0001-01-01", "D"))
        end = min(last, np.datetime64(spec.end or "9999-12-31", "D"))
        share = float((end - start + 1) / (last - first + 1))
        total += series.rows * max(0.0, share)
    return total


def select(spec: Selection) -> tuple[Bars, ...]:
    """The bars of ``spec`` as supplied, in its order. Raises ``DataError`` for an unknown symbol or an empty range."""
    found = read_all(find_all(spec.collection, spec.symbols, spec.interval, spec.known_at))
    return in_range(spec, found)


def read(series: Series) -> Bars:
    """All bars of ``series`` as supplied, after its repairs. Raises ``DataError`` where they are unusable
    (``integrity.require_sound``), which is checked once for the same bars, of long series by any process.
    """
    bars = read_unchecked(series)
    require_sound_once(bars)
    return bars


def read_unchecked(series: Series) -> Bars:
    """The bars of ``series`` after its repairs, without ``require_sound``; those to be resampled are of sound ones."""
    if series.resampled_from:
        return resampled(read(_finer(series)), series.interval)
    return repairs.repaired(read_supplied(series))


def read_supplied(series: Series) -> Bars:
    """The bars of a series that is not resampled exactly as its source supplies them, without ``require_sound``."""
    source = SOURCES.get(series.source)()
    with source_errors(source):
        found = source.read(series)
    require_type(source, found, Bars, "read")
    return found


def read_all(series: Sequence[Series]) -> tuple[Bars, ...]:
    """``read`` for each of ``series``; many are read in threads."""
    if len(series) < _FEW:
        return tuple(map(read, series))
    with ThreadPoolExecutor(_READERS) as pool:
        return tuple(pool.map(read, series))


def _finer(series: Series) -> Series:
    """The series that ``series`` is resampled from."""
    found = _find_exactly(series.collection, (series.symbol,), series.resampled_from)
    if series.symbol not in found:
        raise NoSuchSeries(_missing(series.collection, series.symbol, series.resampled_from))
    now = found[series.symbol]
    return as_known(now, datetime.fromisoformat(series.known)) if series.known else now


def load(spec: Selection) -> Market:
    """The adjusted bars of ``spec``, without rows that lack a close. Raises ``DataError`` for an unknown symbol or an
    empty range.
    """
    whole = read_all(find_all(spec.collection, spec.symbols, spec.interval, spec.known_at))
    parts = map(with_caveats, in_range(spec, whole), verdicts(whole))
    found = tuple(bars.adjusted(spec.adjustment).drop_unpriced() for bars in parts)
    for bars in found:
        if not len(bars):
            raise DataError(f"{bars.series.symbol} has no close in this range: choose a longer one.")
    return Market(found)


def fingerprint(spec: Selection) -> str:
    """Digest of the bars of ``spec`` as supplied. For a whole series it is the source's, which may have it stored; for
    a part the bars are read.
    """
    found = find_all(spec.collection, spec.symbols, spec.interval, spec.known_at)
    joined = len({zone for series in found for zone in series.zones}) > 1  # where one is cut depends on the others
    covered = [joined or _covers(spec, series) for series in found]
    whole = iter(digests([series for series, is_whole in zip(found, covered, strict=True) if is_whole]))
    each = [
        next(whole) if is_whole else in_range(spec, [read(series)])[0].digest()
        for series, is_whole in zip(found, covered, strict=True)
    ]
    return hashlib.sha256("|".join(each).encode()).hexdigest()


def digests(series: Sequence[Series]) -> tuple[str, ...]:
    """The digest of all bars of each series as supplied; of one to be resampled it follows from the shorter bars."""
    known = {source.kind: source for source in sources()}
    found = [""] * len(series)
    for name in {item.source for item in series}:
        places = [place for place, item in enumerate(series) if item.source == name]
        for place, digest in zip(places, _digests(known[name], [as_stored(series[at]) for at in places]), strict=True):
            found[place] = digest
    return tuple(
        resampled_digest(digest, item) if item.resampled_from else digest
        for digest, item in zip(found, series, strict=True)
    )


def _digests(source: Source, series: Sequence[Series]) -> tuple[str, ...]:
    with source_errors(source):
        found = source.fingerprints(series)
    require_type(source, found, tuple, "fingerprints")
    require_types(source, found, str, "fingerprint")
    return repairs.fingerprints(found, series)


def require_tradeable(market: Market) -> None:
    """Raise ``NotTradeable`` if a series cannot be bought, such as the level of an index."""
    for bars in market.bars:
        if not bars.series.tradeable:
            noun = "an economic series" if bars.series.kind == "economic" else "an index level"
            raise NotTradeable(
                f"{bars.series.symbol} is {noun} and cannot be bought: choose a fund or a future that tracks it, or "
                "use it as a feature only."
            )


def _covers(spec: Selection, series: Series) -> bool:
    """Whether ``spec`` covers all of ``series``."""
    if spec.start is None and spec.end is None:
        return True
    first, last = series.span
    return bool((spec.start is None or spec.start <= first) and (spec.end is None or last <= spec.end))


def in_range(spec: Selection, whole: Sequence[Bars]) -> tuple[Bars, ...]:
    """The part of the bars in the range of ``spec``. Raises ``DataError`` where one has none."""
    found = between(whole, spec.start, spec.end)
    for bars in found:
        if len(bars) == 0:
            first, last = bars.series.span
            asked = range_words(spec.start, spec.end)
            raise DataError(f"{bars.series.symbol} has no bars {asked}: its bars run from {first} to {last}.")
    return found


class _SourceFailed(DataError):
    pass


def _list_series(source: Source) -> tuple[Series, ...] | str:
    """The series of ``source``, or a sentence on the failure of its code."""
    try:
        with source_errors(source):
            found = source.series()
        require_type(source, found, tuple, "series")
        for item in found:
            require_type(source, item, Series, "each item of series")
        return found
    except _SourceFailed as error:
        return str(error)


def _find_in(source: Source, collection: str, symbol: str, interval: str) -> Series | None:
    """The series of ``source`` with that name; None also where its code fails, see ``problems``."""
    try:
        with source_errors(source):
            found = source.find(collection, symbol, interval)
        if found is not None:
            require_type(source, found, Series, "find")
        return found
    except _SourceFailed:
        return None


def _source_failures(sources: Iterable[Source]) -> list[str]:
    return [listed for source in sources if isinstance(listed := _list_series(source), str)]


def source_errors(source: Source) -> AbstractContextManager[None]:
    """Turns exceptions of the code of ``source`` into a ``DataError`` with its name and the line of its file."""
    return plugin_errors(source, NOUN, _SourceFailed)


def require_type(source: Source, found: object, wanted: type, method: str) -> None:
    """Raise ``DataError`` unless ``method`` of ``source`` returned a ``wanted``."""
    if not isinstance(found, wanted):
        raise _SourceFailed(
            f"{named(source, NOUN)} returned {described(found)}: {method}() must return {wanted.__name__}."
        )


def require_types(source: Source, found: Iterable[object], wanted: type, method: str) -> None:
    """``require_type`` of each of ``found``, of which there may be thousands."""
    if not {*map(type, found)} <= {wanted}:
        for item in found:
            require_type(source, item, wanted, method)
