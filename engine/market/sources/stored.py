"""Series kept under the cache, one Parquet file each: downloads and imports end up here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from engine.core.config import settings
from engine.core.errors import DataError, StoreError
from engine.core.registry import plugin
from engine.core.store import write_atomically
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS, floats, milliseconds, readable
from engine.market.sources import Source
from engine.market.symbols import file_name, folder_name

_SERIES, _FINGERPRINT = b"stratoscope.series", b"stratoscope.fingerprint"
_ACTIONS = ("splits", "cash")
_SUFFIX = ".parquet"


class _Version(NamedTuple):
    """Changes with each replacement of a file, within the same tick of the clock as well."""

    inode: int
    changed: int
    size: int


class _Header(NamedTuple):
    """What a file says about its bars: ``fingerprint`` is their digest, empty where another program wrote them."""

    series: Series
    fingerprint: str


@plugin("stored", title="Stored")
class Stored(Source):
    """Bars that were downloaded or imported on this machine."""

    priority: ClassVar[int] = 100
    kind: Literal["stored"] = "stored"

    def series(self) -> tuple[Series, ...]:
        return tuple(found.series for path, version in _files() if isinstance(found := _about(path, version), _Header))

    def find(self, collection: str, symbol: str, interval: str) -> Series | None:
        found = _at(collection, symbol, interval)
        return found.series if isinstance(found, _Header) else None

    def read(self, series: Series) -> Bars:
        path = _place(series)
        version = _version(path) if path else None
        if path is None or version is None:
            raise DataError(f"The stored bars of {series.symbol} are gone: download or import them again.")
        return _bars(path, version)

    def fingerprint(self, series: Series) -> str:
        found = _at(series.collection, series.symbol, series.interval)
        return (isinstance(found, _Header) and found.fingerprint) or super().fingerprint(series)

    def problems(self) -> tuple[str, ...]:
        return tuple(found for path, version in _files() if isinstance(found := _about(path, version), str))

    def problem(self, collection: str, symbol: str, interval: str) -> str:
        found = _at(collection, symbol, interval)
        return found if isinstance(found, str) else ""


def save(bars: Bars) -> Path:
    """Keep ``bars`` with their fingerprint in ``bars/<collection>/<symbol>-<interval>.parquet`` under the cache, the
    names as ``symbols.file_name`` writes them; an older file is replaced at once. Raises ``StoreError``.
    """
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    columns = {"time": bars.time} | {name: getattr(bars, name) for name in COLUMNS}
    columns |= {name: values for name in _ACTIONS if (values := getattr(bars, name)) is not None}
    meta = {_SERIES: json.dumps(asdict(bars.series)).encode(), _FINGERPRINT: bars.digest().encode()}
    buffer = BytesIO()
    parquet.write_table(arrow.table(columns).replace_schema_metadata(meta), buffer, write_page_checksum=True)
    path = _path(bars.series.collection, bars.series.symbol, bars.series.interval)
    try:
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise StoreError(
            f"The bars of {bars.series.symbol} could not be stored at {path}: {error.strerror}."
        ) from error
    return path


def folder() -> Path:
    """Where the files are."""
    return settings().cache / "bars"


def _files() -> Iterator[tuple[Path, _Version]]:
    """Every file by folder and name, with its version: a look at the folders, none into the files."""
    if not folder().is_dir():
        return
    for inner in sorted(item.path for item in os.scandir(folder()) if item.is_dir()):
        for item in sorted(os.scandir(inner), key=lambda item: item.name):
            if item.name.endswith(_SUFFIX) and (version := _version(Path(item.path))):
                yield Path(item.path), version


def _path(collection: str, symbol: str, interval: str) -> Path:
    """Raises ``StoreError`` for names that are too long for one of a file."""
    try:
        return folder() / folder_name(collection) / f"{file_name(symbol)}-{interval}{_SUFFIX}"
    except ValueError as error:
        raise StoreError(str(error)) from None


def _place(series: Series) -> Path | None:
    try:
        return _path(series.collection, series.symbol, series.interval)
    except StoreError:
        return None


def _version(path: Path) -> _Version | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Version(status.st_ino, status.st_mtime_ns, status.st_size)


def _at(collection: str, symbol: str, interval: str) -> _Header | str | None:
    """What lies at the place of that series: its header, what is wrong with it, or nothing."""
    try:
        path = _path(collection, symbol, interval)
    except StoreError:
        return None
    version = _version(path)
    return None if version is None else _about(path, version)


def _about(path: Path, version: _Version) -> _Header | str:
    """The header of a file, or a sentence on what is wrong with it: the others are read all the same."""
    try:
        found = _header(path, version)
    except DataError as error:
        return str(error)
    except FileNotFoundError:  # replaced or removed at this moment
        return _complaint(path)
    if (own := _place(found.series)) != path:
        name = own.relative_to(folder()) if own else "shorter names"
        return f"The stored bars in {path} are those of {found.series.symbol}: move the file to {name}, or delete it."
    return found


@lru_cache(maxsize=65_536)
def _header(path: Path, version: _Version) -> _Header:
    from pyarrow.parquet import read_schema

    with readable(_complaint(path)):
        found = read_schema(path).metadata
        return _Header(Series(**json.loads(found[_SERIES])), found.get(_FINGERPRINT, b"").decode())


@lru_cache(maxsize=128)
def _bars(path: Path, version: _Version) -> Bars:
    from pyarrow.parquet import ParquetFile

    with readable(_complaint(path)):
        table = ParquetFile(path, page_checksum_verification=True).read()
        columns: dict[str, Any] = {name: floats(table.column(name)) for name in COLUMNS}
        columns |= {name: floats(table.column(name)) for name in _ACTIONS if name in table.column_names}
        time = milliseconds(table.column("time"))
    for values in columns.values():
        values.setflags(write=False)
    header = _header(path, version)
    bars = Bars(header.series, time, **columns)
    if header.fingerprint and bars.digest() != header.fingerprint:
        raise DataError(
            f"The stored bars in {path} were changed by another program: delete the file, then download or import them "
            "again."
        )
    return bars


def _complaint(path: Path) -> str:
    return f"The stored bars in {path} cannot be read: delete the file, then download or import them again."
