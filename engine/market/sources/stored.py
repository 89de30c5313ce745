"""Series kept under the cache, one Parquet file each: downloads and imports end up here."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

from engine.config import settings
from engine.errors import DataError
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS, floats, milliseconds
from engine.market.sources import Source
from engine.registry import plugin
from engine.store import write_atomically

_META = b"stratoscope.series"


@plugin("stored", title="Stored")
class Stored(Source):
    """Bars that were downloaded or imported on this machine."""

    kind: Literal["stored"] = "stored"

    def series(self) -> tuple[Series, ...]:
        return tuple(_header(path, path.stat().st_mtime_ns) for path in sorted(_folder().glob("*/*.parquet")))

    def read(self, series: Series) -> Bars:
        for path in _folder().glob("*/*.parquet"):
            if _header(path, path.stat().st_mtime_ns) == series:
                return _bars(path, path.stat().st_mtime_ns)
        raise DataError(f"The stored bars of {series.symbol} are gone: download or import them again.")


def save(bars: Bars) -> Path:
    """Keep ``bars`` as ``bars/<collection>/<symbol>-<interval>.parquet`` under the cache; replaces an older file."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    columns = {"time": bars.time} | {name: getattr(bars, name) for name in COLUMNS}
    meta = {_META: json.dumps(asdict(bars.series)).encode()}
    buffer = BytesIO()
    parquet.write_table(arrow.table(columns).replace_schema_metadata(meta), buffer)
    series = bars.series
    path = _folder() / _slug(series.collection) / f"{_slug(series.symbol)}-{_slug(series.interval)}.parquet"
    write_atomically(path, buffer.getvalue())
    return path


def _folder() -> Path:
    return settings().cache / "bars"


def _slug(name: str) -> str:
    """A file name for ``name``: no separators, no leading dot, distinct for distinct names."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda match: f"%{ord(match[0]):02x}", name)


@cache
def _header(path: Path, modified: int) -> Series:
    from pyarrow.parquet import read_schema

    return Series(**json.loads(read_schema(path).metadata[_META]))


@cache
def _bars(path: Path, modified: int) -> Bars:
    from pyarrow.parquet import ParquetFile

    table = ParquetFile(path).read()
    columns = {name: floats(table.column(name)) for name in COLUMNS}
    for values in columns.values():
        values.setflags(write=False)
    return Bars(_header(path, modified), milliseconds(table.column("time")), **columns)
