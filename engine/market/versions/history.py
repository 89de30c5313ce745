"""The earlier versions of a stored series: stored as they are superseded, listed, and restored.

Each record of the journal describes a version by what it has otherwise than the next one, its ``base``; the base of
the newest record are the current bars. A record is written before the current file is replaced: one whose base never
came to be, because the process was killed in between, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from engine.core.errors import DataError
from engine.market.bars import Bars, Series
from engine.market.columns import readable
from engine.market.series_file import VERSIONS, Header, beside
from engine.market.versions import journal
from engine.market.versions.change import Change, compare
from engine.market.versions.delta import decode, encode
from engine.market.versions.moments import iso


@dataclass(frozen=True)
class Version:
    """Bars that were those of ``series`` from ``since`` until before ``until``, ISO times in UTC, the last empty for
    the current ones. ``fingerprint`` is their digest, ``rows`` their number, and ``change`` what the version after them
    changed, None for the current one.
    """

    series: Series
    fingerprint: str
    rows: int
    since: str
    until: str = ""
    change: Change | None = None

    def was_current(self, moment: str) -> bool:
        """Whether these were the bars at ``moment``, as ``iso`` writes it."""
        return self.since <= moment and (not self.until or moment < self.until)


def since(header: Header, changed: int) -> str:
    """From when on the bars of a file are those of its series: what it says, or else when they were fetched, or
    ``changed``, the time of its last change in nanoseconds since 1970.
    """
    if header.since:
        return header.since
    fetched = header.series.fetched
    try:
        return iso(datetime.fromisoformat(fetched).replace(tzinfo=UTC)) if fetched else _at(changed)
    except ValueError:  # written by another program
        return _at(changed)


def _at(nanoseconds: int) -> str:
    return iso(datetime.fromtimestamp(nanoseconds / 1e9, UTC))


def supersede(file: BinaryIO, old: Bars, began: str, new: Bars, now: str) -> int:
    """Store ``old``, current since ``began``, in the journal as what ``new`` supersedes ``now``; returns where the
    record begins. Raises ``OSError``.
    """
    form, payload = encode(old, new)
    mine, yours = asdict(old.series), asdict(new.series)
    header = {
        "form": form,
        "rows": len(old),
        "fingerprint": old.digest(),
        "base": new.digest(),
        "symbol": new.series.symbol,
        "since": began,
        "until": now,
        "series": {name: value for name, value in mine.items() if value != yours[name]},
        "change": {name: value for name, value in asdict(compare(old, new)).items() if value},
    }
    return journal.append(file, header, payload)


def adopt(file: BinaryIO, path: str, bars: Bars, now: str) -> str:
    """From when on ``bars`` are those of a series that has a journal and, at ``path``, no bars: ``now``, unless they
    are the last ones under another symbol, as after a renaming. Then the journal goes on from them. Raises ``OSError``.
    """
    for record in journal.records(Path(beside(path, VERSIONS))):
        header = record.header
        before = replace(bars, series=replace(bars.series, symbol=header["symbol"]))
        if before.digest() == header["base"]:
            if before.series != bars.series:
                supersede(file, before, header["until"], bars, header["until"])
            return str(header["until"])
    return now


def versions(path: str, current: Version) -> tuple[Version, ...]:
    """The versions of the series whose bars are at ``path``, the ``current`` one first."""
    found, about = [current], current.series
    for record in _chain(path, current.fingerprint):
        about = replace(about, **record.header["series"])
        if record.header["since"] < record.header["until"]:
            series = replace(about, collection=current.series.collection, symbol=current.series.symbol)
            found.append(_version(record, series))
    return tuple(found)


def as_known(path: str, current: Version, moment: str) -> Version:
    """The version that was current at ``moment``. Raises ``DataError`` for one before the first."""
    found = versions(path, current)
    for item in found:
        if item.was_current(moment):
            return item
    first, about = found[-1], current.series
    raise DataError(
        f"{about.symbol} in {about.collection} was first stored on {first.since[:16].replace('T', ' ')} UTC: what was "
        "known of it before is not recorded. Choose that day or a later one, or leave 'As known on' empty."
    )


def restored(path: str, current: Bars, wanted: Version) -> Bars:
    """The bars of the version ``wanted`` of the series whose bars at ``path`` are ``current``. Raises ``DataError``."""
    if not wanted.until:
        return current
    complaint = f"The versions of {wanted.series.symbol} in {beside(path, VERSIONS)} cannot be read"
    bars = current
    with readable(f"{complaint}: leave 'As known on' empty."):
        for record in _chain(path, current.digest()):
            header = record.header
            series = replace(bars.series, **header["series"])
            bars = decode(header["form"], record.payload, bars, series, header["rows"])
            if (header["fingerprint"], header["until"]) == (wanted.fingerprint, wanted.until):
                break
    if bars.digest() != wanted.fingerprint:
        raise DataError(f"{complaint}: the bars have changed while they were read. Try again.")
    return bars


def _chain(path: str, fingerprint: str) -> Iterator[journal.Record]:
    """The records that lead from the bars of ``fingerprint`` back to the first version, the newest first."""
    for record in journal.records(Path(beside(path, VERSIONS))):
        if record.header["base"] == fingerprint:
            yield record
            fingerprint = record.header["fingerprint"]


def _version(record: journal.Record, series: Series) -> Version:
    header = record.header
    found = header["change"]
    change = Change(**found | {"columns": tuple(found.get("columns", ()))})
    return Version(series, header["fingerprint"], header["rows"], header["since"], header["until"], change)
