"""Tables of external values, stored under the cache as one Parquet file each."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.config import settings
from engine.core.errors import DataError, StoreError, did_you_mean
from engine.core.store import write_atomically
from engine.market.columns import floats, milliseconds, readable
from engine.market.external.known import Known
from engine.market.external.table import About, ExternalValues, Kind
from engine.market.symbols import folder_name, name_of_file
from engine.market.trash import DAYS

_ABOUT, _FINGERPRINT = b"stratoscope.external", b"stratoscope.fingerprint"
_FOLDER, _SUFFIX, _DELETED = "external", ".parquet", ".deleted"
_LONGEST = 64
_Version = tuple[int, int, int]


def table_name(text: str) -> str:
    """``text`` as the name of a table. Raises ``ValueError`` for one that is empty, too long or not printable."""
    name = text.strip()
    if not (1 <= len(name) <= _LONGEST and name.isprintable()):
        raise ValueError(f"The name of stored values has from 1 to {_LONGEST} printable characters.")
    folder_name(name)
    return name


def save(values: ExternalValues) -> Path:
    """Store ``values`` under their name with their fingerprint; an older table of that name is replaced at once.
    Raises ``StoreError``.
    """
    path = _path(values.about.name)
    try:
        write_atomically(path, encoded(values))
    except OSError as error:
        raise StoreError(
            f"The values '{values.about.name}' could not be stored at {path}: {error.strerror}."
        ) from error
    return path


def encoded(values: ExternalValues) -> bytes:
    """The content of the file of ``values``."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    symbols = arrow.DictionaryArray.from_arrays(arrow.array(values.symbol), arrow.array(list(values.about.symbols)))
    columns = {"time": values.time, "symbol": symbols, "value": values.value}
    meta = {_ABOUT: json.dumps(asdict(values.about)).encode(), _FINGERPRINT: values.digest().encode()}
    buffer = BytesIO()
    parquet.write_table(arrow.table(columns).replace_schema_metadata(meta), buffer, write_page_checksum=True)
    return buffer.getvalue()


def load(name: str, kinds: Sequence[Kind] = ()) -> ExternalValues:
    """The table of that name, read-only; the same object while its file is the same. Raises ``DataError``, also where
    it is of none of the ``kinds``.
    """
    path = _path(name)
    found = _table(str(path), _require_version(name, path))
    if kinds and found.about.kind not in kinds:
        raise DataError(f"The values '{name}' are {found.about.kind}: choose {' or '.join(kinds)}.")
    return found


def about(name: str) -> About:
    """The metadata of the table of that name. Raises ``DataError``."""
    path = _path(name)
    return _header(str(path), _require_version(name, path))[0]


def fingerprint(name: str) -> str:
    """The digest of the table of that name. Raises ``DataError``."""
    path = _path(name)
    return _header(str(path), _require_version(name, path))[1]


def listed() -> tuple[About, ...]:
    """Every table that can be read, by name."""
    return tuple(found for found in map(_about_or_complaint, _names()) if isinstance(found, About))


def problems() -> tuple[str, ...]:
    """A sentence for each file that cannot be read."""
    return tuple(found for found in map(_about_or_complaint, _names()) if isinstance(found, str))


def delete(name: str) -> None:
    """Delete the table of that name; results computed from it stay, and ``restore`` brings it back until another of
    that name is deleted or its file is removed (``removable``). Raises ``DataError`` where there is none,
    ``StoreError`` where it cannot be deleted.
    """
    path = _path(name)
    _require_version(name, path)
    try:
        path.replace(path.with_suffix(_DELETED))
        os.utime(path.with_suffix(_DELETED))
    except OSError as error:
        raise StoreError(f"The values '{name}' could not be deleted: {error.strerror}.") from error


def restore(name: str) -> None:
    """Bring back the table of that name that was deleted. Raises ``DataError`` where there is none or the name has been
    given again.
    """
    path = _path(name)
    if path.exists():
        raise DataError(f"The name '{name}' has been given to other values: delete them first.")
    try:
        path.with_suffix(_DELETED).replace(path)
    except OSError as error:
        raise DataError(f"The values '{name}' cannot be brought back: {error.strerror}.") from error


def removable(*, all: bool = False) -> tuple[Path, ...]:
    """Files of tables that were deleted more than ``trash.DAYS`` ago, or ``all`` of deleted ones."""
    oldest = time.time() - DAYS * 86_400
    found = []
    for path in folder().glob(f"*{_DELETED}"):
        with contextlib.suppress(OSError):  # it has just been brought back
            if all or path.stat().st_mtime < oldest:
                found.append(path)
    return tuple(found)


def folder() -> Path:
    """The folder of the files."""
    return settings().cache / _FOLDER


def _names() -> list[str]:
    try:
        return sorted(name_of_file(item.stem) for item in folder().iterdir() if item.suffix == _SUFFIX)
    except OSError:
        return []


def _about_or_complaint(name: str) -> About | str:
    try:
        return about(name)
    except DataError as error:
        return str(error)


def _path(name: str) -> Path:
    try:
        return folder() / f"{folder_name(table_name(name))}{_SUFFIX}"
    except ValueError as error:
        raise DataError(str(error)) from None


def _require_version(name: str, path: Path) -> _Version:
    """What changes with each replacement of the file. Raises ``DataError`` where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        known = _names()
        hint = did_you_mean(name, known) if known else " None are stored yet: see 'stratoscope values --help'."
        raise DataError(f"There are no stored values named '{name[:_LONGEST]}'.{hint}") from None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1024)
def _header(path: str, version: _Version) -> tuple[About, str]:
    from pyarrow.parquet import read_schema

    with readable(_complaint(path)):
        metadata = read_schema(path).metadata
        found: dict[str, Any] = json.loads(metadata[_ABOUT])
        known, symbols = Known(**found.pop("known")), tuple(found.pop("symbols"))
        return About(**found, known=known, symbols=symbols), metadata[_FINGERPRINT].decode()


@lru_cache(maxsize=16)
def _table(path: str, version: _Version) -> ExternalValues:
    from pyarrow.parquet import ParquetFile

    about, fingerprint = _header(path, version)
    with readable(_complaint(path)):
        table = ParquetFile(path, page_checksum_verification=True).read()
        names = table.column("symbol").cast("string").combine_chunks().dictionary_encode()
        places = np.array([about.symbols.index(name) for name in names.dictionary.to_pylist()], dtype=np.int32)
        symbol = places[names.indices.to_numpy()]
        value, time = floats(table.column("value")), milliseconds(table.column("time"))
    for column in (symbol, value):
        column.setflags(write=False)
    found = ExternalValues(replace(about, rows=len(time)), time, symbol, value)
    if found.digest() != fingerprint:
        raise DataError(f"The values in {path} were changed by another program: delete the file and store them again.")
    return found


def _complaint(path: str) -> str:
    return f"The values in {path} cannot be read: delete the file and store them again."
