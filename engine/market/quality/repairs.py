"""The repairs of each series: a list of edits in a file beside its bars, applied whenever these are read.

The file holds JSON only. It belongs to the name of the series and not to one of its sources: an edit is applied where
the bars have the values that it was made for.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from getpass import getuser
from hashlib import sha256
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter, ValidationError

from engine.core.errors import DataError, StoreError, told_by_disk
from engine.core.store import write_atomically
from engine.market.bars import Bars, Series
from engine.market.quality.edits import Edit, apply, fits
from engine.market.series_file import REPAIRS, beside, path_of, paths_of

_EDITS = TypeAdapter(tuple[Edit, ...])
_MANY = 64  # files of one folder from which on it is read instead of asked for each
_STEP = 2_000_000_000  # nanoseconds, no step of a disk's clock is longer
_SECONDS = len("2026-01-31T23:59:59")


@dataclass(frozen=True)
class Applied:
    """An edit that was applied; ``is_effective`` is false where the bars no longer have the values it was made for."""

    edit: Edit
    is_effective: bool


def edits_of(series: Series) -> tuple[Edit, ...]:
    """The edits of ``series`` in force, now or when it was ``known``, in the order in which they were applied. Raises
    ``DataError`` for a damaged file.
    """
    moment = series.known[:_SECONDS]
    return tuple(edit for edit in _of_path(_path(series)) if _is_in_force(edit, moment))


def _is_in_force(edit: Edit, moment: str) -> bool:
    if not moment:
        return not edit.undone
    return edit.applied[:_SECONDS] <= moment and (not edit.undone or moment < edit.undone)


def repaired(bars: Bars) -> Bars:
    """``bars``, as their source supplies them, after the edits of their series; the same object without any."""
    edits = edits_of(bars.series)
    if not edits:
        return bars
    known = _memory().get(bars)
    if known is None or known[0] != edits:
        known = (edits, apply(bars, edits))
        _memory()[bars] = known
    return known[1]


def fingerprints(supplied: Sequence[str], series: Sequence[Series]) -> tuple[str, ...]:
    """Digest of the bars of each of ``series`` after its edits, of which ``supplied`` has that of the bars without."""
    names = [(item.collection, item.symbol, item.interval) for item in series]
    paths = {name: beside(path, REPAIRS) for name, path in paths_of(names).items()}
    there = _files(paths.values())
    return tuple(
        _fingerprint(digest, item) if paths.get(name) in there else digest
        for digest, item, name in zip(supplied, series, names, strict=True)
    )


def _fingerprint(supplied: str, series: Series) -> str:
    edits = edits_of(series)
    if not edits:
        return supplied
    return sha256("|".join((supplied, *(edit.id for edit in edits))).encode()).hexdigest()


def states(supplied: Bars) -> tuple[Applied, ...]:
    """Each edit of the series of ``supplied``, the bars without them."""
    found, bars = [], supplied
    for edit in edits_of(supplied.series):
        found.append(Applied(edit, fits(bars, edit)))
        bars = apply(bars, (edit,))
    return tuple(found)


def add(supplied: Bars, edit: Edit) -> None:
    """Apply ``edit`` to the series of ``supplied``, the bars as its source supplies them, from the next time that they
    are read. Raises ``DataError`` where the values that it was proposed for have changed, and ``StoreError``.
    """
    known = edits_of(supplied.series)
    if supplied.series.known:
        raise DataError("Bars as they were known on a date are not repaired: leave 'As known on' empty.")
    if edit.id in {item.id for item in known}:
        raise DataError(f"This repair of {supplied.series.symbol} has been applied already.")
    if not fits(apply(supplied, known), edit):
        raise DataError(
            f"The bars of {supplied.series.symbol} have changed since this repair was proposed: check them again."
        )
    every = _of_path(_path(supplied.series))
    _write(supplied.series, (*every, replace(edit, applied=_now(), author=_user())))


def undo(series: Series, id: str) -> Edit:
    """Take the edit ``id`` back, and return it; what was known before keeps it. Raises ``DataError`` where there is
    none, and ``StoreError``.
    """
    every = _of_path(_path(series))
    found = next((edit for edit in every if edit.id == id and not edit.undone), None)
    if found is None:
        raise DataError(f"This repair of {series.symbol} has been undone already.")
    _write(series, tuple(replace(edit, undone=_now()) if edit is found else edit for edit in every))
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")[:_SECONDS]


def _write(series: Series, edits: Sequence[Edit]) -> None:
    path = _path(series)
    if not path:
        raise StoreError(f"'{series.symbol}' in '{series.collection}' is too long for a file name: shorten it.")
    try:
        text = json.dumps([asdict(edit) for edit in edits], indent=1)
        write_atomically(Path(path), text.encode())
    except OSError as error:
        raise StoreError(f"The repair could not be stored at {path}: {told_by_disk(error)}.") from error


def _path(series: Series) -> str:
    bars = path_of(series.collection, series.symbol, series.interval)
    return beside(bars, REPAIRS) if bars else ""


def _files(paths: Iterable[str]) -> set[str]:
    """Those of ``paths`` that are files; a folder in which many are asked for is read instead of asked for each."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_folder[path[: path.rfind(os.sep) + 1]].append(path)
    found: set[str] = set()
    for folder, asked in by_folder.items():
        if len(asked) < _MANY:
            found |= {path for path in asked if os.access(path, os.F_OK)}
        else:
            with contextlib.suppress(OSError):
                found |= {folder + name for name in _listed(folder)}
    return found


def _listed(folder: str) -> frozenset[str]:
    """The names of the repairs in ``folder``, read again once it has changed; and each time where that was a moment
    ago, as the clock of a disk goes in steps. Raises ``OSError``.
    """
    changed = os.stat(folder).st_mtime_ns
    known = _listings().get(folder)
    if known is not None and known[0] == changed:
        return known[1]
    found = frozenset(name for name in os.listdir(folder) if name.endswith(REPAIRS))
    if time.time_ns() - changed > _STEP:
        _listings()[folder] = (changed, found)
    return found


@cache
def _listings() -> dict[str, tuple[int, frozenset[str]]]:
    """Of folders when they had changed last, and the repairs in them then."""
    return {}


def _of_path(path: str) -> tuple[Edit, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return _parsed(path, (status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=1024)
def _parsed(path: str, version: tuple[int, int, int]) -> tuple[Edit, ...]:
    try:
        with open(path, "rb") as file:
            return _EDITS.validate_json(file.read())
    except FileNotFoundError:  # undone at this moment
        return ()
    except (OSError, ValidationError) as error:
        raise DataError(f"The repairs in {path} cannot be read: delete the file, and apply them again.") from error


@cache
def _memory() -> WeakKeyDictionary[Bars, tuple[tuple[Edit, ...], Bars]]:
    """Bars as supplied, with the edits that were applied and the bars that came of it."""
    return WeakKeyDictionary()


def _user() -> str:
    """Who runs this process, as far as it can be told."""
    try:
        return getuser()
    except (OSError, KeyError):
        return ""


def plain(edit: Edit) -> dict[str, Any]:
    """For JSON."""
    return asdict(edit) | {"id": edit.id}
