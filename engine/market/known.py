"""Series as they were known at a moment, and what has been restated since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.errors import EngineError, NoSuchSeries
from engine.market import catalog
from engine.market.bars import Bars, Selection, Series
from engine.market.resampling import as_stored
from engine.market.sources import SOURCES
from engine.market.versions.change import Change, compare
from engine.market.versions.history import Version

_SEPARATOR = "\t"


@dataclass(frozen=True)
class Restated:
    """A ``series`` as it is now that has been restated. ``change`` says by how much, ``since`` when that began, an ISO
    time in UTC; None and "" where its source keeps no earlier versions, so that all that is known is that it differs.
    """

    series: Series
    change: Change | None = None
    since: str = ""


def read_as_known(series: Series, moment: datetime) -> Bars:
    """The bars of ``series`` as they were known at ``moment``, which has a time zone, after the repairs of that time.
    Raises ``DataError`` for a moment before it was first stored, and where its source keeps no earlier versions.
    """
    return catalog.read(catalog.as_known(series, moment))


def versions(series: Series) -> tuple[Version, ...]:
    """The versions of ``series``, or of the shorter bars that it is resampled from, the current one first; none where
    its source keeps no earlier ones. Raises ``DataError``.
    """
    source = SOURCES.get(series.source)()
    with catalog.source_errors(source):
        return tuple(source.versions(as_stored(series)))


def fingerprints(spec: Selection) -> Mapping[str, str]:
    """The digest of each series of ``spec`` as its source supplies it, before repairs, by a name for ``restated``.
    Raises ``DataError``.
    """
    found = catalog.find_all(spec.collection, spec.symbols, spec.interval, spec.known_at)
    return {_SEPARATOR.join((item.collection, item.symbol, item.interval)): _digest(item) for item in found}


def restated(digests: Mapping[str, str]) -> tuple[Restated, ...]:
    """Those of the series that ``fingerprints`` has named whose bars of then are others now. Bars that came before the
    first or after the last are no restatement, and a series that is gone is left out.
    """
    found = []
    for name, digest in digests.items():
        collection, symbol, interval = name.split(_SEPARATOR)
        try:
            series = catalog.find(collection, symbol, interval)
            item = None if digest == _digest(series) else _restated(series, digest)
        except EngineError:
            continue
        found += [item] if item else []
    return tuple(found)


def gone(digests: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the series that ``fingerprints`` has named that are there no longer: "TEST in mine"."""
    found = []
    for name in digests:
        collection, symbol, interval = name.split(_SEPARATOR)
        try:
            catalog.find(collection, symbol, interval)
        except NoSuchSeries:
            found.append(f"{symbol} in {collection}")
        except EngineError:
            continue
    return tuple(found)


def _digest(series: Series) -> str:
    source = SOURCES.get(series.source)()
    with catalog.source_errors(source):
        return source.fingerprint(as_stored(series))


def _restated(series: Series, digest: str) -> Restated | None:
    """What has become of the version of that ``digest``; None where bars have been added to it alone."""
    every = versions(series)
    place = next((at for at, item in enumerate(every) if item.fingerprint == digest), None)
    if place is None:
        return Restated(series)
    steps = [item for item in every[1 : place + 1] if item.change and item.change.is_restatement]
    if not steps:
        return None
    change = steps[0].change if len(steps) == 1 else _whole_change(series, every, place)
    return Restated(series, change, steps[-1].until) if change and change.is_restatement else None


def _whole_change(series: Series, every: Sequence[Version], place: int) -> Change:
    """What several versions have changed together."""
    own = as_stored(series)
    then = catalog.as_known(own, datetime.fromisoformat(every[place].since))
    return compare(catalog.read_supplied(then), catalog.read_supplied(own))
