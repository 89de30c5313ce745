"""The files of stored bars: one Parquet file each, with the metadata of the series and the digest of its bars."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np

from engine.core.config import settings
from engine.core.errors import DataError
from engine.core.mapped import keep, mapped
from engine.market.bars import Bars, Series
from engine.market.columns import COLUMNS, arrow_array, floats, milliseconds, readable
from engine.market.symbols import file_name, folder_name

SUFFIX = ".parquet"
REPAIRS, VERSIONS = ".repairs.json", ".versions"
BESIDE = (REPAIRS, VERSIONS)
"""Suffixes of what belongs to the bars of a series beside them, and is renamed, deleted and restored along."""
MAPPED_ROWS = 200_000
"""Bars from which on a series is also kept uncompressed, for all processes to map."""

_SERIES, _FINGERPRINT, _SINCE = b"stratoscope.series", b"stratoscope.fingerprint", b"stratoscope.since"
_ACTIONS = ("splits", "dividend_per_share")
_FOLDER = "bars"

T = TypeVar("T")


class Version(NamedTuple):
    """Version of a file, which changes with each replacement, even within one tick of the clock."""

    inode: int
    changed: int
    size: int


class Header(NamedTuple):
    """Metadata in a file: ``fingerprint`` is the digest of its bars, empty where another program wrote them;
    ``checked`` whether the bars of this very version have been compared with it; ``since`` the ISO time in UTC from
    which on they are those of the series, empty where the file does not say; ``sound`` whether they have passed
    ``integrity.flaws`` too.
    """

    series: Series
    fingerprint: str
    checked: bool = False
    since: str = ""
    sound: bool = False


def folder() -> Path:
    """The folder of the files."""
    return settings().cache / _FOLDER


def path_of(collection: str, symbol: str, interval: str) -> str | None:
    """The path of the bars of that name; None for names that are too long."""
    return _path_of(str(settings().cache), collection, symbol, interval)


def paths_of(names: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """``path_of`` for many names, those that have one."""
    cache = str(settings().cache)
    return {name: path for name in names if (path := _path_of(cache, *name))}


def beside(path: str, suffix: str) -> str:
    """The path of that file of the series whose bars are at ``path``."""
    return path.removesuffix(SUFFIX) + suffix


@lru_cache(maxsize=16_384)
def _path_of(cache: str, collection: str, symbol: str, interval: str) -> str | None:
    try:
        return os.path.join(_collection_folder(cache, collection), f"{file_name(symbol)}-{interval}{SUFFIX}")
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _collection_folder(cache: str, collection: str) -> str:
    """The folder of a collection."""
    return os.path.join(cache, _FOLDER, folder_name(collection))


def companions(path: str) -> list[str]:
    """The other files of the series whose bars lie at ``path``."""
    stem = path.removesuffix(SUFFIX)
    return [found for suffix in BESIDE if os.path.exists(found := f"{stem}{suffix}")]


def version_of(path: str) -> Version | None:
    """The version of a file; None where there is none."""
    try:
        return version(os.stat(path))
    except OSError:
        return None


def version_seen(path: str) -> Version | None:
    """``version_of``; in ``one_look`` as it was when that was first asked for."""
    look = _look.get()
    if look is None:
        return version_of(path)
    if path not in look.versions:
        look.versions[path] = version_of(path)
    return look.versions[path]


def remembered(key: Hashable, make: Callable[[], T]) -> T:
    """What ``make`` returns; in ``one_look`` what it has returned for the same ``key`` before."""
    look = _look.get()
    if look is None:
        return make()
    if key not in look.answers:
        look.answers[key] = make()
    found: T = look.answers[key]
    return found


@contextmanager
def one_look() -> Iterator[None]:
    """Within, what is looked up of many series twice, such as their metadata and their fingerprints, is that of the
    same files, each of which is asked for once.
    """
    before = _look.set(_Look())
    try:
        yield
    finally:
        _look.reset(before)


@dataclass(frozen=True)
class _Look:
    """What has been found so far."""

    versions: dict[str, Version | None] = field(default_factory=dict)
    answers: dict[Hashable, Any] = field(default_factory=dict)


_look: ContextVar[_Look | None] = ContextVar("one look", default=None)


def version(status: os.stat_result) -> Version:
    """The version of a file by its status; the inode in the 63 bits of a database."""
    return Version(status.st_ino & (2**63 - 1), status.st_mtime_ns, status.st_size)


def encoded(bars: Bars, since: str = "", *, compact: bool = False) -> bytes:
    """The content of the file of ``bars``, those of the series ``since`` an ISO time in UTC. ``compact`` takes
    longer and a tenth to a half less space.
    """
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    columns = {"time": bars.time} | {name: getattr(bars, name) for name in COLUMNS}
    columns |= {name: values for name in _ACTIONS if (values := getattr(bars, name)) is not None}
    meta = {_SERIES: json.dumps(asdict(bars.series)).encode(), _FINGERPRINT: bars.digest().encode()}
    meta |= {_SINCE: since.encode()} if since else {}
    buffer = BytesIO()
    table = arrow.table({name: arrow_array(values) for name, values in columns.items()}).replace_schema_metadata(meta)
    parquet.write_table(
        table,
        buffer,
        write_page_checksum=True,
        use_dictionary=False,  # prices hardly repeat: smaller and faster without
        compression="zstd" if compact else "snappy",
        column_encoding={
            name: "DELTA_BINARY_PACKED" if name == "time" else "BYTE_STREAM_SPLIT" if compact else "PLAIN"
            for name in columns
        },
    )
    return buffer.getvalue()


def header_or_complaint(path: str) -> Header | str:
    """The header of a file, or a sentence on its error."""
    try:
        return _header(path)
    except DataError as error:
        return str(error)
    except FileNotFoundError:  # replaced or removed at this moment
        return _complaint(path)


def _header(path: str) -> Header:
    """The header of a file. Raises ``DataError`` if it cannot be read, or belongs to another series' path."""
    from pyarrow.parquet import read_schema

    with readable(_complaint(path)):
        kept = read_schema(path).metadata
        found = Header(Series(**json.loads(kept[_SERIES])), kept.get(_FINGERPRINT, b"").decode())
        found = found._replace(since=kept.get(_SINCE, b"").decode())
    about = found.series
    if (own := path_of(about.collection, about.symbol, about.interval)) != path:
        place = os.path.relpath(own, folder()) if own else "a shorter name"
        raise DataError(
            f"The stored bars in {path} are those of {about.symbol}: move the file to {place}, or delete it."
        )
    return found


def read_bars(path: str, header: Header) -> Bars:
    """The bars of a file, compared with their fingerprint unless that has been done. Raises ``DataError``."""
    if header.checked and header.series.rows >= MAPPED_ROWS and (known := mapped(header.fingerprint, ("bars",))):
        return _from_rows(header, known[0])
    with readable(_complaint(path)):
        bars = decoded(path, header.series)
    if header.fingerprint:
        if header.checked:
            bars.assume_digest(header.fingerprint)
        elif bars.digest() != header.fingerprint:
            raise DataError(
                f"The stored bars in {path} were changed by another program: delete the file, then download or import "
                "them again."
            )
        if len(bars) >= MAPPED_ROWS:
            threading.Thread(target=_keep_mapped, args=(header.fingerprint, bars), daemon=True).start()
    return bars


def _keep_mapped(fingerprint: str, bars: Bars) -> None:
    keep(fingerprint, {"bars": _rows(bars)})


def decoded(content: str | BinaryIO, series: Series) -> Bars:
    """The bars in ``content``, a path or a file of ``encoded``, with the metadata ``series``. Raises what ``readable``
    turns into a ``DataError``.
    """
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(content, page_checksum_verification=True, pre_buffer=False)
    table = file.read(use_threads=file.metadata.num_rows >= MAPPED_ROWS)  # for a short one they take longer
    columns: dict[str, Any] = {name: floats(table.column(name), copy=False) for name in COLUMNS}
    columns |= {name: floats(table.column(name), copy=False) for name in _ACTIONS if name in table.column_names}
    return Bars(series, milliseconds(table.column("time")), **columns)


def read_closes(path: str, series: Series) -> Bars:
    """The times and adjusted closes of a file, all else NaN. Raises ``DataError``."""
    from pyarrow.parquet import ParquetFile

    with readable(_complaint(path)):
        file = ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
        table = file.read(("time", "adj_close"), use_threads=False)
        time, close = milliseconds(table.column("time")), floats(table.column("adj_close"), copy=False)
    missing = np.broadcast_to(np.nan, close.shape)
    return Bars(series, time, missing, missing, missing, missing, missing, close)


def _rows(bars: Bars) -> np.ndarray[Any, Any]:
    """The columns of ``bars`` as rows of one array of float64, the bits of the times first."""
    actions = [values for name in _ACTIONS if (values := getattr(bars, name)) is not None]
    return np.stack([bars.time.view(np.float64), *(getattr(bars, name) for name in COLUMNS), *actions])


def _from_rows(header: Header, rows: np.ndarray[Any, Any]) -> Bars:
    time, *columns = np.asarray(rows)
    names = (*COLUMNS, *_ACTIONS)[: len(columns)]
    bars = Bars(header.series, time.view("datetime64[ms]"), **dict(zip(names, columns, strict=True)))
    return bars.assume_digest(header.fingerprint)


def _complaint(path: str) -> str:
    return f"The stored bars in {path} cannot be read: delete the file, then download or import them again."
