"""Downloaded and imported series, stored under the cache as one Parquet file each."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from engine.core.errors import DataError, StoreError, told_by_disk
from engine.core.registry import plugin
from engine.core.store import write_atomically
from engine.market import moves, series_table
from engine.market.bars import Bars, Series
from engine.market.integrity import flaws
from engine.market.series_file import (
    SUFFIX,
    VERSIONS,
    Header,
    beside,
    encoded,
    folder,
    path_of,
    paths_of,
    read_bars,
    read_closes,
    remembered,
    version,
    version_of,
    version_seen,
)
from engine.market.series_file import Version as FileVersion
from engine.market.soundness import assume_sound
from engine.market.sources import Source
from engine.market.versions import history, journal
from engine.market.versions.history import Version
from engine.market.versions.moments import iso

MEMORY = 512_000_000
"""Bytes of bars that a process keeps at hand."""


@plugin("stored", title="Stored")
class Stored(Source):
    """Bars that were downloaded or imported on this machine."""

    priority: ClassVar[int] = 100
    is_store: ClassVar[bool] = True
    kind: Literal["stored"] = "stored"

    def series(self) -> tuple[Series, ...]:
        return tuple(item.series for item in _listing().values() if isinstance(item, Header))

    def find(self, collection: str, symbol: str, interval: str) -> Series | None:
        found = _header_of(collection, symbol, interval)
        return found.series if isinstance(found, Header) else None

    def find_many(self, collection: str, symbols: Iterable[str], interval: str) -> Mapping[str, Series]:
        found = _headers((collection, symbol, interval) for symbol in symbols)
        return {name[1]: item.series for name, item in found.items() if isinstance(item, Header)}

    def read(self, series: Series) -> Bars:
        path, version = _present(series)
        bars = _recent().read(path, version)
        return _as_known(series, path, version, bars) if series.known else bars

    def closes(self, series: Series) -> Bars | None:
        path = path_of(series.collection, series.symbol, series.interval)
        current = version_of(path) if path else None
        if path is None or current is None or series.known:
            return None
        header = series_table.headers({path: current})[path]
        if not isinstance(header, Header) or not header.sound:
            return None
        try:
            found = read_closes(path, header.series)
        except DataError:
            return None
        return found if version_of(path) == current else None  # it may have been replaced meanwhile

    def fingerprint(self, series: Series) -> str:
        return self.fingerprints((series,))[0]

    def fingerprints(self, series: Sequence[Series]) -> tuple[str, ...]:
        names = [(item.collection, item.symbol, item.interval) for item in series]
        found = _headers(names)
        kept = [found.get(name) for name in names]
        return tuple(
            _known_version(item).fingerprint
            if item.known
            else (isinstance(header, Header) and header.fingerprint) or self.read(item).digest()
            for header, item in zip(kept, series, strict=True)
        )

    def versions(self, series: Series) -> tuple[Version, ...]:
        path, version = _present(series)
        return history.versions(path, _current(path, version))

    def as_known(self, series: Series, moment: str) -> Series:
        return _known_version(replace(series, known=moment)).series

    def problems(self) -> tuple[str, ...]:
        return tuple(item for item in _listing().values() if isinstance(item, str))

    def problem(self, collection: str, symbol: str, interval: str) -> str:
        found = _header_of(collection, symbol, interval)
        return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class StoredFile:
    """A stored series with the digest of its bars, empty where another program wrote them, and its file's bytes."""

    series: Series
    fingerprint: str
    path: Path
    size: int


def stored_files() -> tuple[StoredFile, ...]:
    """Every stored series, without opening a file that is known."""
    files = _files()
    return tuple(
        StoredFile(item.series, item.fingerprint, Path(path), files[path].size)
        for path, item in _listing(files).items()
        if isinstance(item, Header)
    )


def save(bars: Bars, since: str = "") -> Path:
    """Keep ``bars`` with their fingerprint in ``bars/<collection>/<symbol>-<interval>.parquet`` under the cache, the
    names as ``symbols.file_name`` writes them; an older file is replaced at once, and its bars stay readable as an
    earlier version (``versions.history``). ``since`` is from when on bars of a new file are those of the series, an ISO
    time in UTC, by default now. Raises ``StoreError``.
    """
    about = bars.series
    path = path_of(about.collection, about.symbol, about.interval)
    if path is None:
        raise StoreError(f"'{about.symbol}' in '{about.collection}' is too long for a file name: shorten it.")
    moves.heal()
    try:
        status, since = _replace(path, bars, since or iso(datetime.now(UTC)))
    except OSError as error:
        raise StoreError(f"The bars of {about.symbol} could not be stored at {path}: {told_by_disk(error)}.") from error
    series_table.record(path, version(status), Header(about, bars.digest(), True, since, _is_sound(bars)))
    return Path(path)


def _replace(path: str, bars: Bars, now: str) -> tuple[os.stat_result, str]:
    """Write the file of ``bars`` after what it supersedes has been stored in the journal; returns its status, and from
    when on these are the bars of the series.
    """
    if version_of(path) is None and not os.path.exists(beside(path, VERSIONS)):
        return write_atomically(Path(path), encoded(bars, now)), now
    with journal.locked(Path(beside(path, VERSIONS))) as file:
        old = _superseded(path)
        if old is None:
            began = history.adopt(file, path, bars, now)
            return write_atomically(Path(path), encoded(bars, began)), began
        began = _current(path, old[0]).since
        if old[1].digest() == bars.digest():
            return write_atomically(Path(path), encoded(bars, began)), began
        now = max(now, began)  # a clock may be set back
        start = history.supersede(file, old[1], began, bars, now)
        try:
            return write_atomically(Path(path), encoded(bars, now)), now
        except OSError:
            file.truncate(start)
            raise


def current_since(series: Series) -> str:
    """From when on the stored bars of ``series`` are its current ones, an ISO time in UTC. Raises ``DataError``."""
    return _current(*_present(series)).since


def _superseded(path: str) -> tuple[FileVersion, Bars] | None:
    """The bars of the file that is to be replaced, with its version; None where they cannot be read."""
    if (found := version_of(path)) is None:
        return None
    try:
        return found, _recent().read(path, found)
    except DataError:
        return None


def _present(series: Series) -> tuple[str, FileVersion]:
    """The path and the version of the file of ``series``. Raises ``DataError``."""
    path = path_of(series.collection, series.symbol, series.interval)
    version = version_of(path) if path else None
    if path is None or version is None:
        raise DataError(f"The stored bars of {series.symbol} are gone: download or import them again.")
    return path, version


def _current(path: str, version: FileVersion) -> Version:
    """The bars of a file as a version of its series. Raises ``DataError``."""
    header = series_table.headers({path: version})[path]
    if isinstance(header, str):
        raise DataError(header)
    fingerprint = header.fingerprint or _recent().read(path, version).digest()
    return Version(header.series, fingerprint, header.series.rows, history.since(header, version.changed))


def _known_version(series: Series) -> Version:
    """The version of ``series`` that was current at the moment that it names, whose metadata name it too."""
    path, version = _present(series)
    found = history.as_known(path, _current(path, version), series.known)
    return replace(found, series=replace(found.series, known=series.known))


def _as_known(series: Series, path: str, version: FileVersion, current: Bars) -> Bars:
    """The bars of that version; the same object for the same version and moment."""
    wanted = _known_version(series)
    key = (f"{path} {wanted.fingerprint} {wanted.until} {series.known}", version)
    return _recent().get(key, lambda: _restored(path, current, wanted))


def _restored(path: str, current: Bars, wanted: Version) -> Bars:
    bars = history.restored(path, current, wanted)
    return replace(bars, series=wanted.series).assume_digest(wanted.fingerprint)


def _is_sound(bars: Bars) -> bool:
    return next(flaws(bars), None) is None


class _Recent:
    """The bars that were read last, up to ``MEMORY``, each by the version of its file."""

    def __init__(self) -> None:
        self._bars: OrderedDict[tuple[str, FileVersion], Bars] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def read(self, path: str, version: FileVersion) -> Bars:
        """Raises ``DataError`` for a file that cannot be read, or whose bars are not those of its fingerprint."""
        return self.get((path, version), lambda: _read(path, version))

    def get(self, key: tuple[str, FileVersion], read: Callable[[], Bars]) -> Bars:
        """The bars under ``key``, which are ``read`` where they are not at hand."""
        with self._lock:
            if (known := self._bars.get(key)) is not None:
                self._bars.move_to_end(key)
                return known
        bars = read()
        with self._lock:
            return self._added(key, bars)

    def _added(self, key: tuple[str, FileVersion], bars: Bars) -> Bars:
        """``bars``, or those that another thread has read meanwhile."""
        if key in self._bars:
            return self._bars[key]
        self._bars[key] = bars
        self._bytes += bars.nbytes
        while len(self._bars) > 1 and self._bytes > MEMORY:
            self._bytes -= self._bars.popitem(last=False)[1].nbytes
        return bars


def _read(path: str, version: FileVersion) -> Bars:
    header = series_table.headers({path: version})[path]
    if isinstance(header, str):
        raise DataError(header)
    bars = read_bars(path, header)
    checked = header._replace(checked=True, sound=header.sound or _is_sound(bars))
    if checked.sound:
        assume_sound(bars)
    if header.fingerprint and checked != header and version_of(path) == version:
        series_table.record(path, version, checked)
    return bars


@cache
def _recent() -> _Recent:
    return _Recent()


def _files() -> dict[str, FileVersion]:
    """Every file by folder and name, with its version, without opening any."""
    moves.heal()
    found: dict[str, FileVersion] = {}
    try:
        inner = sorted(item.path for item in os.scandir(folder()) if item.is_dir())
    except OSError:
        return {}
    for path in inner:
        with os.scandir(path) as items:
            files = sorted(item.path for item in items if item.name.endswith(SUFFIX))
        found |= {file: version for file in files if (version := version_of(file))}
    return found


def _listing(files: Mapping[str, FileVersion] | None = None) -> dict[str, series_table.Found]:
    """The header of every file, or a sentence on its error."""
    every = _files() if files is None else files
    is_new = not series_table.is_remembered(every)
    found = series_table.headers(every)
    if is_new:
        series_table.prune(every)
    return {path: found[path] for path in every}


Name = tuple[str, str, str]  # collection, symbol, interval


def _headers(names: Iterable[Name]) -> Mapping[Name, series_table.Found]:
    """Of the series of those names, the header of the file or a sentence on its error; none where there is no file."""
    wanted = tuple(names)
    return remembered(wanted, lambda: _headers_now(wanted))


def _headers_now(names: Iterable[Name]) -> dict[Name, series_table.Found]:
    moves.heal()
    paths = paths_of(names)
    files = {path: version for path in paths.values() if (version := version_seen(path))}
    found = series_table.headers(files)
    return {name: found[path] for name, path in paths.items() if path in files}


def _header_of(collection: str, symbol: str, interval: str) -> series_table.Found | None:
    return _headers([(collection, symbol, interval)]).get((collection, symbol, interval))
