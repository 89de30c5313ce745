"""The result store: results by run key, written atomically and read without unpickling."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import re
import tempfile
import threading
import time
import types
import typing
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from engine.core import archive as arrays
from engine.core.errors import StoreError


class Result(Protocol):
    """A frozen dataclass of arrays, numbers, text, tuples or dicts of those but arrays, and tuples of such dataclasses,
    that a run returns.
    """

    __dataclass_fields__: typing.ClassVar[dict[str, Any]]

    def summary(self) -> Mapping[str, object]:
        """The result's key metrics as plain JSON values, for the command line."""
        ...


class Labelled:
    """A result that prints as its label: its arrays would fill the screen of a notebook."""

    label: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.label}>"


@dataclasses.dataclass(frozen=True)
class Trial:
    """The ledger entry of a run whose result has a ``trial()``: one trial, or all trials of a search.

    ``family`` is the kind of the strategy, ``sharpe`` the Sharpe ratio per bar (None if undefined), ``observations``
    the number of returns of each. A sweep is one entry for all its ``count`` trials: ``sharpe`` is then the mean over
    the ``rated`` ones with a ratio, ``variance`` (n - 1) theirs, both per bar. ``periods_per_year`` annualises the
    ratios, None in entries older than this field. ``rated`` None means all where there is a ratio, else none. ``whole``
    is the complete entry where ``count`` and ``rated`` exclude trials of another entry.
    """

    family: str
    sharpe: float | None
    observations: int
    count: int = 1
    variance: float = 0.0
    periods_per_year: float | None = None
    rated: int | None = None
    whole: Trial | None = None

    @property
    def ratios(self) -> int:
        """The number of Sharpe ratios behind ``sharpe`` and ``variance``."""
        if self.sharpe is None:
            return 0
        return self.count if self.rated is None else self.rated


R = TypeVar("R", bound=Result)
MEMORY_LIMIT = 256_000_000
"""Largest size of results that one process keeps in memory because they could not be stored."""

LARGE = 64_000_000
"""Bytes of arrays from which a result is written in pieces, and memory-mapped where the store is a local folder."""

_TEMPORARY = ".tmp-"
_FILE = re.compile(r"[0-9a-f]{64}\.zip")
# What zipfile, NumPy and JSON raise for bytes that are damaged at one place or another.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, KeyError, TypeError, ValueError)


class ResultStore:
    """Results under an fsspec URL, one file a run: a zip of ``result.json`` and an npy per array.

    A local file is written beside its place, fsynced and renamed, so that a killed process leaves no broken file;
    other file systems get the whole object in one request. What could not be written is ``hold`` in memory: this
    process finds it as if it were stored.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise StoreError(f"The result store '{url}' cannot be opened: {error}.") from None
        self._root = str(root).rstrip("/")
        self._is_local = "file" in self._files.protocol
        self._held: dict[str, bytes] = {}
        self._lock = threading.Lock()  # guards _held

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}.zip"

    def has(self, key: str) -> bool:
        """Whether a result is stored under ``key``."""
        return key in self._held or bool(self._files.exists(self._path(key)))

    def read(self, key: str, result_type: type[R]) -> R | None:
        """The stored result, or None. A damaged file is removed and counts as none. Raises ``StoreError``."""
        path = self._path(key)
        try:
            data = Path(path) if self._is_large(path) else self._files.cat_file(path)
        except FileNotFoundError:
            held = self.held(key)
            return None if held is None else decode(held, result_type)
        except OSError as error:
            raise StoreError(f"The result at {path} could not be read: {error}.") from error
        try:
            return decode(data, result_type)
        except DAMAGE:
            self.delete(key)
            return None

    def write(self, key: str, result: Result) -> int:
        """Store ``result`` under ``key`` and return its bytes; a second writer of the same key replaces it by the same
        content. A large one is not in memory a second time. Raises ``StoreError``.
        """
        if not self._is_local or not is_large(result):
            return self.put(key, encode(result))
        path = self._path(key)
        try:
            size = write_pieces(Path(path), lambda file: _write(result, file)).st_size
        except OSError as error:
            raise StoreError(f"The result could not be stored at {path}: {error}.") from error
        self._release(key)
        return size

    def _is_large(self, path: str) -> bool:
        """Whether a local file is large. Raises ``FileNotFoundError``."""
        return self._is_local and os.stat(path).st_size >= LARGE

    def put(self, key: str, data: bytes) -> int:
        """``write`` for a result that is encoded already."""
        path = self._path(key)
        try:
            if self._is_local:
                write_atomically(Path(path), data)
            else:
                self._files.pipe_file(path, data)
        except OSError as error:
            raise StoreError(f"The result could not be stored at {path}: {error}.") from error
        self._release(key)
        return len(data)

    def size(self, key: str) -> int:
        """Bytes of the stored result, 0 where there is none. Raises ``StoreError``."""
        path = self._path(key)
        try:
            return int(self._files.size(path) or 0)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StoreError(f"The result at {path} could not be looked up: {error}.") from error

    def sizes(self) -> dict[str, tuple[int, float]]:
        """(bytes, seconds since 1970 of its writing, 0 where the file system does not tell) of each stored result, by
        key: a walk over all files. Raises ``StoreError``.
        """
        self._files.invalidate_cache()
        try:
            found = self._files.find(self._root, detail=True)
        except OSError as error:
            raise StoreError(f"The results at {self._root} could not be listed: {error}.") from error
        names = {path: path.rpartition("/")[2] for path in found}
        return {
            name.removesuffix(".zip"): (int(found[path]["size"] or 0), float(found[path].get("mtime") or 0.0))
            for path, name in names.items()
            if _FILE.fullmatch(name)
        }

    def remove_leftovers(self) -> None:
        """``remove_leftovers`` of a local store."""
        if self._is_local:
            remove_leftovers(Path(self._root))

    def delete(self, key: str) -> None:
        """Remove the result of ``key``, if there is one. Raises ``StoreError``."""
        self._release(key)
        path = self._path(key)
        try:
            self._files.rm_file(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"The result at {path} could not be removed: {error}.") from error

    def hold(self, key: str, data: bytes) -> None:
        """Keep the encoded result of ``key``, which cannot be written, in memory; the oldest make room for it beyond
        ``MEMORY_LIMIT``.
        """
        with self._lock:
            self._held.pop(key, None)
            while self._held and sum(map(len, self._held.values())) + len(data) > MEMORY_LIMIT:
                self._held.pop(next(iter(self._held)))
            self._held[key] = data

    def held(self, key: str) -> bytes | None:
        """The encoded result of ``key`` if it is in memory alone."""
        return self._held.get(key)

    def _release(self, key: str) -> None:
        with self._lock:
            self._held.pop(key, None)


def write_atomically(path: Path, data: bytes) -> os.stat_result:
    """Replace the file ``path`` by ``data``: readers see the old content or the new, never a part. Returns the status
    of this very file, even if it has been replaced since.
    """
    return write_pieces(path, lambda file: file.write(data))


def write_pieces(path: Path, write: Callable[[typing.BinaryIO], object]) -> os.stat_result:
    """``write_atomically`` of what ``write`` writes into the file that it is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            status = os.fstat(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return status


def remove_leftovers(folder: Path) -> None:
    """Remove the ``leftovers`` in the folders of ``folder``."""
    for path in leftovers(folder):
        with contextlib.suppress(OSError):
            path.unlink()


def leftovers(folder: Path, older_than: float = 3600.0) -> list[Path]:
    """What writers that were killed more than ``older_than`` seconds ago have left in the folders of ``folder``; one
    that is still at work is younger.
    """
    found = []
    for path in folder.glob(f"*/{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than:
                found.append(path)
    return found


def encode(result: Result) -> bytes:
    """``result`` as bytes, whenever it is written the same. Raises ``TypeError`` for a field that is neither an array,
    nor JSON, nor a tuple of such results; ``ValueError`` for an array of objects.
    """
    buffer = io.BytesIO()
    _write(result, buffer)
    return buffer.getvalue()


def _write(result: Result, file: typing.BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        plain = _plain(result, "", archive)
        archive.writestr(zipfile.ZipInfo("result.json"), json.dumps(plain, default=dataclasses.asdict))


def is_large(result: Any) -> bool:
    """Whether the arrays of ``result`` take ``LARGE`` bytes or more."""
    return _bytes(result) >= LARGE


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(map(_bytes, value))
    if dataclasses.is_dataclass(value):
        return sum(_bytes(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 0


def _plain(value: Any, path: str, archive: zipfile.ZipFile) -> Any:
    """``value`` without its arrays, which go into ``archive`` under their paths."""
    if isinstance(value, tuple):
        return [_plain(item, f"{path}{index}.", archive) for index, item in enumerate(value)]
    if not dataclasses.is_dataclass(value):
        return value
    plain: dict[str, object] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, np.ndarray):
            arrays.add(archive, f"{path}{field.name}.npy", item)
        else:
            plain[field.name] = _plain(item, f"{path}{field.name}.", archive)
    return plain


def decode(data: bytes | Path, result_type: type[R]) -> R:
    """The result that ``encode`` wrote; raises one of ``DAMAGE`` for anything else. Large arrays of a file are mapped
    and read-only. A field whose metadata name what it was ``formerly`` called is read under that name too.
    """
    with zipfile.ZipFile(data if isinstance(data, Path) else io.BytesIO(data)) as archive:
        values = json.loads(archive.read("result.json"))
        hints = _hints(result_type)
        for name in archive.namelist():
            if name.endswith(".npy"):
                *way, last = name.removesuffix(".npy").split(".")
                found = arrays.mapped(data, archive, name) if isinstance(data, Path) else arrays.read(archive, name)
                _lookup(values, way)[last] = found
    current = {item.metadata["formerly"]: item.name for item in _fields(result_type) if "formerly" in item.metadata}
    named = {current.get(name, name): value for name, value in values.items()}
    return result_type(**{name: _restore(hints[name], value) for name, value in named.items()})


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    """The types of the fields of ``cls``: to evaluate them takes longer than to read a small result."""
    return typing.get_type_hints(cls)


def _fields(result_type: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(result_type)


def _lookup(values: Any, way: list[str]) -> Any:
    """The part of JSON ``values`` that the steps of ``way`` lead to. Raises ``KeyError`` where there is none."""
    for step in way:
        part = {str(index): item for index, item in enumerate(values)} if isinstance(values, list) else values
        values = part[step]
    return values


def _restore(hint: Any, value: Any) -> Any:
    """JSON lists become the tuples, and objects the dataclasses, that the field's type asks for."""
    if isinstance(hint, types.UnionType):
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        inner = typing.get_args(hint)[0]
        return tuple(_restore(inner, item) for item in value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        hints = _hints(hint)
        return hint(**{name: _restore(hints[name], item) for name, item in value.items()})
    return value
