"""Downloaded and imported series, stored under the cache as one Parquet file each."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from engine.core.errors import DataError, StoreError
from engine.core.registry import plugin
from engine.core.store import write_atomically
from engine.market import series_table
from engine.market.bars import Bars, Series
from engine.market.series_file import SUFFIX, Header, Version, encoded, folder, path_of, read_bars, version, version_of
from engine.market.sources import Source

MEMORY = 512_000_000
"""Bytes of bars that a process keeps at hand."""


@plugin("stored", title="Stored")
class Stored(Source):
    """Bars that were downloaded or imported on this machine."""

    priority: ClassVar[int] = 100
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
        path = path_of(series.collection, series.symbol, series.interval)
        version = version_of(path) if path else None
        if path is None or version is None:
            raise DataError(f"The stored bars of {series.symbol} are gone: download or import them again.")
        return _recent().read(path, version)

    def fingerprint(self, series: Series) -> str:
        return self.fingerprints((series,))[0]

    def fingerprints(self, series: Sequence[Series]) -> tuple[str, ...]:
        names = [(item.collection, item.symbol, item.interval) for item in series]
        found = _headers(names)
        kept = [found.get(name) for name in names]
        return tuple(
            (isinstance(header, Header) and header.fingerprint) or self.read(item).digest()
            for header, item in zip(kept, series, strict=True)
        )

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


def save(bars: Bars) -> Path:
    """Keep ``bars`` with their fingerprint in ``bars/<collection>/<symbol>-<interval>.parquet`` under the cache, the
    names as ``symbols.file_name`` writes them; an older file is replaced at once. Raises ``StoreError``.
    """
    about = bars.series
    path = path_of(about.collection, about.symbol, about.interval)
    if path is None:
        raise StoreError(f"'{about.symbol}' in '{about.collection}' is too long for a file name: shorten it.")
    try:
        status = write_atomically(Path(path), encoded(bars))
    except OSError as error:
        raise StoreError(f"The bars of {about.symbol} could not be stored at {path}: {error.strerror}.") from error
    series_table.record(path, version(status), Header(about, bars.digest(), checked=True))
    return Path(path)


class _Recent:
    """The bars that were read last, up to ``MEMORY``, each by the version of its file."""

    def __init__(self) -> None:
        self._bars: OrderedDict[tuple[str, Version], Bars] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def read(self, path: str, version: Version) -> Bars:
        """Raises ``DataError`` for a file that cannot be read, or whose bars are not those of its fingerprint."""
        with self._lock:
            if (known := self._bars.get((path, version))) is not None:
                self._bars.move_to_end((path, version))
                return known
        header = series_table.headers({path: version})[path]
        if isinstance(header, str):
            raise DataError(header)
        bars = read_bars(path, header)
        if header.fingerprint and not header.checked and version_of(path) == version:
            series_table.record(path, version, header._replace(checked=True))
        with self._lock:
            return self._added((path, version), bars)

    def _added(self, key: tuple[str, Version], bars: Bars) -> Bars:
        """``bars``, or those that another thread has read meanwhile."""
        if key in self._bars:
            return self._bars[key]
        self._bars[key] = bars
        self._bytes += bars.nbytes
        while len(self._bars) > 1 and self._bytes > MEMORY:
            self._bytes -= self._bars.popitem(last=False)[1].nbytes
        return bars


@cache
def _recent() -> _Recent:
    return _Recent()


def _files() -> dict[str, Version]:
    """Every file by folder and name, with its version, without opening any."""
    found: dict[str, Version] = {}
    try:
        inner = sorted(item.path for item in os.scandir(folder()) if item.is_dir())
    except OSError:
        return {}
    for path in inner:
        with os.scandir(path) as items:
            files = sorted(item.path for item in items if item.name.endswith(SUFFIX))
        found |= {file: version for file in files if (version := version_of(file))}
    return found


def _listing(files: Mapping[str, Version] | None = None) -> dict[str, series_table.Found]:
    """The header of every file, or a sentence on its error."""
    every = _files() if files is None else files
    is_new = not series_table.is_remembered(every)
    found = series_table.headers(every)
    if is_new:
        series_table.prune(every)
    return {path: found[path] for path in every}


Name = tuple[str, str, str]  # collection, symbol, interval


def _headers(names: Iterable[Name]) -> dict[Name, series_table.Found]:
    """Of the series of those names, the header of the file or a sentence on its error; none where there is no file."""
    paths = {name: path for name in names if (path := path_of(*name))}
    files = {path: version for path in paths.values() if (version := version_of(path))}
    found = series_table.headers(files)
    return {name: found[path] for name, path in paths.items() if path in files}


def _header_of(collection: str, symbol: str, interval: str) -> series_table.Found | None:
    return _headers([(collection, symbol, interval)]).get((collection, symbol, interval))
