"""The catalogue as a table: every series with its size on disk, what is known of its quality, and who uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.errors import EngineError
from engine.market import catalog
from engine.market.bars import Series
from engine.market.quality import repairs
from engine.market.quality.calendars import code_for
from engine.market.quality.verdict import Verdict, key_of_digest, load
from engine.market.sources import SOURCES, is_stored
from engine.market.sources.stored import StoredFile, stored_files
from engine.market.uses import Name, runs_by_series


@dataclass(frozen=True)
class Item:
    """One series. ``fingerprint`` is the digest of its bars after repairs and ``size`` the bytes of its file, "" and 0
    where they follow from reading it alone. ``verdict`` is None for one that has not been checked, ``runs`` counts the
    stored runs whose requests name it.
    """

    series: Series
    fingerprint: str
    size: int
    verdict: Verdict | None
    runs: int

    @property
    def name(self) -> Name:
        return self.series.collection, self.series.symbol, self.series.interval

    @property
    def is_stored(self) -> bool:
        """Whether it can be renamed, deleted and updated."""
        return is_stored(self.series)


def items() -> tuple[Item, ...]:
    """Every series that can be read, by collection, without reading any bars. Raises ``StoreError``."""
    files = {_name(item.series): item for item in stored_files()}
    series = [entry.series for entry in catalog.entries()]
    prints = [_fingerprint(item, files) for item in series]
    verdicts, runs = _verdicts(series, prints), runs_by_series()
    return tuple(
        Item(item, print_, _size(item, files), verdict, runs.get(_name(item), 0))
        for item, print_, verdict in zip(series, prints, verdicts, strict=True)
    )


def _name(series: Series) -> Name:
    return series.collection, series.symbol, series.interval


def _size(series: Series, files: Mapping[Name, StoredFile]) -> int:
    return files[_name(series)].size if is_stored(series) and _name(series) in files else 0


def _fingerprint(series: Series, files: Mapping[Name, StoredFile]) -> str:
    """Of a stored series without opening it, unless it is repaired; of the sample, which is in memory."""
    found = files.get(_name(series))
    try:
        if is_stored(series) and found is not None and not repairs.edits_of(series):
            return found.fingerprint
        source = SOURCES.get(series.source)
        return catalog.read_unchecked(series).digest() if source.is_store or source.is_in_memory else ""
    except EngineError:  # damaged bars or repairs
        return ""


def _verdicts(series: Sequence[Series], prints: Sequence[str]) -> list[Verdict | None]:
    """The stored verdict on each: that with the sessions of its calendar, or else that on its bars alone."""
    whole = [
        key_of_digest(digest, item.fetched[:19], code_for(item)) for item, digest in zip(series, prints, strict=True)
    ]
    alone = [key_of_digest(digest, item.fetched[:10]) for item, digest in zip(series, prints, strict=True)]
    known = load([key for key, digest in zip(whole + alone, [*prints, *prints], strict=True) if digest])
    return [known.get(one, known.get(other)) for one, other in zip(whole, alone, strict=True)]
