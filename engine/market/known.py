"""Series as they were known at a moment, and what has been restated since."""

from __future__ import annotations

from datetime import datetime

from engine.market import catalog
from engine.market.bars import Bars, Series
from engine.market.resampling import as_stored
from engine.market.sources import SOURCES
from engine.market.versions.history import Version


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
