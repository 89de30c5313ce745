"""Downloaded and imported series, stored under the cache as one Parquet file each."""

from __future__ import annotations

import json
import os
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
_ACTIONS = ("splits", "dividend_per_share")
_FOLDER, _SUFFIX = "bars", ".parquet"


class _Version(NamedTuple):
    """Version of a file, which changes with each replacement, even within one tick of the clock."""

    inode: int
    changed: int
    size: int


class _Header(NamedTuple):
    """Metadata in a file: ``fingerprint`` is the digest of its bars, empty where another program wrote them."""

    series: Series
    fingerprint: str


@plugin("stored", title="Stored")
class Stored(Source):
    """Bars that were downloaded or imported on this machine."""

    priority: ClassVar[int] = 100
    kind: Literal["stored"] = "stored"

    def series(self) -> tuple[Series, ...]:
        return _listing(_files())[0]

    def find(self, collection: str, symbol: str, interval: str) -> Series | None:
        found = _header_of(collection, symbol, interval)
        return found.series if isinstance(found, _Header) else None

    def read(self, series: Series) -> Bars:
        path = _path(series.collection, series.symbol, series.interval)
        version = _version(path) if path else None
        if path is None or version is None:
            raise DataError(f"The stored bars of {series.symbol} are gone: download or import them again.")
        return _bars(path, version)

    def fingerprint(self, series: Series) -> str:
        found = _header_of(series.collection, series.symbol, series.interval)
        return (isinstance(found, _Header) and found.fingerprint) or super().fingerprint(series)

    def problems(self) -> tuple[str, ...]:
        return _listing(_files())[1]

    def problem(self, collection: str, symbol: str, interval: str) -> str:
        found = _header_of(collection, symbol, interval)
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
    about = bars.series
    path = _path(about.collection, about.symbol, about.interval)
    if path is None:
        raise StoreError(f"'{about.symbol}' in '{about.collection}' is too long for a file name: shorten it.")
    try:
        write_atomically(Path(path), buffer.getvalue())
    except OSError as error:
        raise StoreError(f"The bars of {about.symbol} could not be stored at {path}: {error.strerror}.") from error
    return Path(path)


def folder() -> Path:
    """The folder of the files."""
    return settings().cache / _FOLDER


def _files() -> tuple[tuple[str, _Version], ...]:
    """Every file by folder and name, with its version, without opening any."""
    found = []
    try:
        inner = sorted(item.path for item in os.scandir(folder()) if item.is_dir())
    except OSError:
        return ()
    for path in inner:
        with os.scandir(path) as items:
            files = sorted(item.path for item in items if item.name.endswith(_SUFFIX))
        found += [(file, version) for file in files if (version := _version(file))]
    return tuple(found)


@lru_cache(maxsize=4)
def _listing(files: tuple[tuple[str, _Version], ...]) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """The series in ``files``, and a sentence for each that cannot be read."""
    found = [_header_or_complaint(path, version) for path, version in files]
    listed = tuple(item.series for item in found if isinstance(item, _Header))
    return listed, tuple(item for item in found if isinstance(item, str))


def _path(collection: str, symbol: str, interval: str) -> str | None:
    """The path of the bars of that name; None for names that are too long."""
    try:
        return f"{_collection_folder(settings().cache, collection)}{file_name(symbol)}-{interval}{_SUFFIX}"
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _collection_folder(cache: Path, collection: str) -> str:
    """The folder of a collection, with a trailing separator."""
    return os.path.join(cache, _FOLDER, folder_name(collection), "")


def _version(path: str) -> _Version | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return _Version(status.st_ino, status.st_mtime_ns, status.st_size)


def _header_of(collection: str, symbol: str, interval: str) -> _Header | str | None:
    """The header of the file of that series, a sentence on its error, or None."""
    path = _path(collection, symbol, interval)
    version = _version(path) if path else None
    return None if path is None or version is None else _header_or_complaint(path, version)


def _header_or_complaint(path: str, version: _Version) -> _Header | str:
    """The header of a file, or a sentence on its error."""
    try:
        return _header(path, version)
    except DataError as error:
        return str(error)
    except FileNotFoundError:  # replaced or removed at this moment
        return _complaint(path)


@lru_cache(maxsize=65_536)
def _header(path: str, version: _Version) -> _Header:
    """The header of a file. Raises ``DataError`` if it cannot be read, or belongs to another series' path."""
    from pyarrow.parquet import read_schema

    with readable(_complaint(path)):
        kept = read_schema(path).metadata
        found = _Header(Series(**json.loads(kept[_SERIES])), kept.get(_FINGERPRINT, b"").decode())
    about = found.series
    if (own := _path(about.collection, about.symbol, about.interval)) != path:
        place = os.path.relpath(own, folder()) if own else "a shorter name"
        raise DataError(
            f"The stored bars in {path} are those of {about.symbol}: move the file to {place}, or delete it."
        )
    return found


@lru_cache(maxsize=128)
def _bars(path: str, version: _Version) -> Bars:
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


def _complaint(path: str) -> str:
    return f"The stored bars in {path} cannot be read: delete the file, then download or import them again."
