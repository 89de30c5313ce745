"""Deletion of stored series, and its undoing: a deleted series lies in the trash for ``DAYS``.

Each entry of the trash is a folder with all files of a series. A series is deleted, and restored, by the one rename or
link of its bars; what belongs to them is copied before and removed after. So a process that is killed leaves it where
it was or where it goes, complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.core.config import settings
from engine.core.errors import DataError, StoreError, told_by_disk
from engine.core.store import write_atomically
from engine.market.series_file import companions, path_of

DAYS = 30
"""Days for which a deleted series can be restored."""

_ABOUT = "about.json"
_ID = re.compile(r"[0-9]{13}-[0-9a-f]{8}")
_INCOMPLETE = 3600.0  # seconds from which on an entry without bars is what a killed process has left


@dataclass(frozen=True)
class Deleted:
    """A series in the trash: ``deleted`` is in seconds since 1970, ``size`` the bytes of its bars."""

    id: str
    collection: str
    symbol: str
    interval: str
    rows: int
    deleted: float
    size: int


def folder() -> Path:
    """The folder of the entries."""
    return settings().cache / "trash"


def delete(collection: str, symbol: str, interval: str) -> Deleted:
    """Move the stored series of that name into the trash. Results computed from it stay. Raises ``DataError`` where
    there is none, ``StoreError`` where it cannot be moved; it is as it was then.
    """
    path = _require_path(collection, symbol, interval)
    size = _size_of(path, symbol, collection)
    found = Deleted(_new_id(), collection, symbol, interval, _rows_of(path), time.time(), size)
    entry = folder() / found.id
    about: dict[str, object] = {"collection": collection, "symbol": symbol, "interval": interval}
    about |= {"rows": found.rows, "deleted": found.deleted}
    try:
        write_atomically(entry / _ABOUT, json.dumps(about).encode())
        beside = companions(path)
        for item in beside:
            write_atomically(Path(_inside(entry, item)), Path(item).read_bytes())
        os.replace(path, _inside(entry, path))
    except OSError as error:
        _discard_all([str(entry)])
        raise StoreError(f"{symbol} in {collection} could not be deleted: {told_by_disk(error)}.") from error
    _discard_all(beside)
    return found


def restore(id: str) -> Deleted:
    """Bring a series back under its name. Raises ``DataError`` where it is no longer in the trash, or another series
    has its name by now, and ``StoreError`` where it cannot be moved; it stays in the trash then.
    """
    entry = folder() / id
    found = _read(entry) if _ID.fullmatch(id) else None
    if found is None:
        raise DataError(f"It is no longer in the trash: a deleted series can be restored for {DAYS} days.")
    path = _require_path(found.collection, found.symbol, found.interval)
    bars = _inside(entry, path)
    taken = (
        f"There is another {found.symbol} of {found.interval} in {found.collection} by now: rename or delete that "
        "first."
    )
    if os.path.exists(path):
        raise DataError(taken)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        for item in companions(bars):
            write_atomically(Path(path).with_name(os.path.basename(item)), Path(item).read_bytes())
        _link_new(bars, path)
    except FileExistsError:
        raise DataError(taken) from None
    except OSError as error:
        raise StoreError(f"{found.symbol} could not be restored: {told_by_disk(error)}.") from error
    _discard_all([str(entry)])
    return found


def deleted() -> tuple[Deleted, ...]:
    """What can be restored, the last that was deleted first. What has been there for ``DAYS`` is removed."""
    empty(removable())
    return tuple(sorted(filter(None, map(_read, _entries())), key=lambda item: item.deleted, reverse=True))


def removable(*, all: bool = False) -> tuple[Path, ...]:
    """Entries of more than ``DAYS``, or ``all``, and what killed processes have left."""
    now = time.time()
    found = []
    for entry in _entries():
        item, age = _read(entry), now - _changed(entry)
        if (item is None and age > _INCOMPLETE) or (item and (all or now - item.deleted > DAYS * 86_400)):
            found.append(entry)
    return tuple(found)


def empty(entries: Iterable[Path]) -> None:
    """Remove these for good, as far as that can be done."""
    _discard_all(map(str, entries))


def size(entries: Iterable[Path]) -> int:
    """Bytes of entries."""
    total = 0
    for entry in entries:
        for item in entry.rglob("*"):
            with contextlib.suppress(OSError):
                total += item.stat().st_size if item.is_file() else 0
    return total


def _entries() -> list[Path]:
    try:
        return [Path(item.path) for item in os.scandir(folder()) if _ID.fullmatch(item.name)]
    except OSError:
        return []


def _read(entry: Path) -> Deleted | None:
    """What is in an entry; None where it cannot be restored, or has been by a process that was killed then."""
    try:
        about = json.loads((entry / _ABOUT).read_bytes())
        names = str(about["collection"]), str(about["symbol"]), str(about["interval"])
        path = path_of(*names)
        if path is None:
            return None
        status = os.stat(_inside(entry, path))
        if os.path.exists(path) and os.path.samestat(status, os.stat(path)):
            return None
        return Deleted(entry.name, *names, int(about["rows"]), float(about["deleted"]), status.st_size)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _require_path(collection: str, symbol: str, interval: str) -> str:
    path = path_of(collection, symbol, interval)
    if path is None:
        raise DataError(f"'{symbol[:40]}' in '{collection[:40]}' is too long for a stored series.")
    return path


def _size_of(path: str, symbol: str, collection: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        raise DataError(f"There is no stored {symbol} in {collection}: only stored series can be deleted.") from None


def _rows_of(path: str) -> int:
    """Bars in a file; 0 in one that cannot be read, which can be deleted all the same."""
    import pyarrow as arrow
    from pyarrow.parquet import read_metadata

    try:
        return int(read_metadata(path).num_rows)
    except (OSError, arrow.ArrowException):
        return 0


def _new_id() -> str:
    return f"{int(time.time() * 1000):013d}-{secrets.token_hex(4)}"


def _inside(entry: Path, path: str) -> str:
    return str(entry / os.path.basename(path))


def _changed(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return time.time()


def _link_new(path: str, target: str) -> None:
    """``path`` at ``target`` too, or there alone where there are no hard links. Raises ``FileExistsError``."""
    try:
        os.link(path, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.exists(target):
            raise FileExistsError(target) from None
        os.replace(path, target)


def _discard_all(paths: Iterable[str]) -> None:
    """Remove what is superfluous; what cannot be removed does no harm."""
    for path in paths:
        with contextlib.suppress(OSError):
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
