"""Series kept under the cache, one Parquet file each: downloads and imports end up here."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from engine.core.config import settings
from engine.core.errors import DataError, StoreError
from engine.core.registry import plugin
from engine.core.store import write_atomically
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS, floats, milliseconds, readable
from engine.market.sources import Source

_META = b"stratoscope.series"
_ACTIONS = ("splits", "cash")
_Version = tuple[int, int]


@plugin("stored", title="Stored")
class Stored(Source):
    """Bars that were downloaded or imported on this machine."""

    kind: Literal["stored"] = "stored"

    def series(self) -> tuple[Series, ...]:
        return tuple(found for path in _files() if isinstance(found := _about(path), Series))

    def read(self, series: Series) -> Bars:
        for path in _files():
            if _about(path) == series:
                return _bars(path, _version(path))
        raise DataError(f"The stored bars of {series.symbol} are gone: download or import them again.")

    def problems(self) -> tuple[str, ...]:
        return tuple(found for path in _files() if isinstance(found := _about(path), str))

    def problem(self, collection: str, symbol: str, interval: str) -> str:
        path = _path(collection, symbol, interval)
        return found if path.exists() and isinstance(found := _about(path), str) else ""


def save(bars: Bars) -> Path:
    """Keep ``bars`` as ``bars/<collection>/<symbol>-<interval>.parquet`` under the cache; replaces an older file.
    Raises ``StoreError``.
    """
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    columns = {"time": bars.time} | {name: getattr(bars, name) for name in COLUMNS}
    columns |= {name: values for name in _ACTIONS if (values := getattr(bars, name)) is not None}
    meta = {_META: json.dumps(asdict(bars.series)).encode()}
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


def _files() -> list[Path]:
    return sorted(folder().glob("*/*.parquet"))


def _path(collection: str, symbol: str, interval: str) -> Path:
    return folder() / _slug(collection) / f"{_slug(symbol)}-{_slug(interval)}.parquet"


def _slug(name: str) -> str:
    """A file name for ``name``: no separators, no leading dot, distinct for distinct names also where the file system
    does not tell upper from lower case.
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', name)[:40]}-{digest}"


def _version(path: Path) -> _Version:
    """Changes with each replacement of the file, within the same tick of the clock as well."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _about(path: Path) -> Series | str:
    """The series in a file, or a sentence on what is wrong with it: the others are read all the same."""
    try:
        return _header(path, _version(path))
    except DataError as error:
        return str(error)
    except FileNotFoundError:  # replaced or removed at this moment
        return _complaint(path)


@lru_cache(maxsize=4096)
def _header(path: Path, version: _Version) -> Series:
    from pyarrow.parquet import read_schema

    with readable(_complaint(path)):
        return Series(**json.loads(read_schema(path).metadata[_META]))


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
    return Bars(_header(path, version), time, **columns)


def _complaint(path: Path) -> str:
    return f"The stored bars in {path} cannot be read: delete the file, then download or import them again."
