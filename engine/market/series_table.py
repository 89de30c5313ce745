"""The catalogue of stored bars: a table of the database, so that a series is found without opening its file.

The files are the truth. A row holds for one version of its file; where that was replaced, changed or removed, or the
table does not know it, the header is read and the row corrected with the next look.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import asdict
from functools import cache

from engine.core.database import connect
from engine.core.errors import StoreError
from engine.jobs.closure import closure
from engine.market.bars import Series
from engine.market.series_file import Header, Version, folder, header_or_complaint

_MOST = 65_536  # headers that a process remembers
_READERS = 4

Found = Header | str
Known = dict[str, tuple[Version, Found]]
Rows = dict[str, tuple[Version, Header]]

_waiting: ContextVar[Rows | None] = ContextVar("rows to be entered together", default=None)


def headers(files: Mapping[str, Version]) -> dict[str, Found]:
    """The header of each of ``files``, absolute paths with their version, or a sentence on its error."""
    memory = _memory()
    found: dict[str, Found] = {}
    unknown: dict[str, Version] = {}
    for path, version in files.items():
        known = memory.get(path)
        if known is not None and known[0] == version:
            found[path] = known[1]
        else:
            unknown[path] = version
    if unknown:
        fresh = _looked_up(unknown)
        _remember({path: (unknown[path], item) for path, item in fresh.items()})
        found |= fresh
    return found


def record(path: str, version: Version, header: Header) -> None:
    """Enter the header of a file that was written, or checked. The file does without where that fails."""
    _remember({path: (version, header)})
    waiting = _waiting.get()
    if waiting is None:
        _enter({path: (version, header)})
    else:
        waiting[path] = (version, header)


@contextlib.contextmanager
def entered_together() -> Iterator[None]:
    """Rows of what is recorded within are entered in one transaction at its end: one each takes longer than to write
    the files.
    """
    rows: Rows = {}
    token = _waiting.set(rows)
    try:
        yield
    finally:
        _waiting.reset(token)
        _enter(rows)


def prune(files: Mapping[str, Version]) -> None:
    """Remove the rows of files that are not among ``files``, which are all."""
    with contextlib.suppress(StoreError), connect() as database:
        rows = database.execute("SELECT path FROM series").fetchall()
        present = {_relative(path) for path in files}
        gone = [(row["path"],) for row in rows if row["path"] not in present]
        if gone:
            database.executemany("DELETE FROM series WHERE path = ?", gone)


def is_remembered(files: Mapping[str, Version]) -> bool:
    """Whether this process knows the headers of just ``files`` under their folder."""
    memory, own = _memory(), os.path.join(folder(), "")
    return all(path in memory for path in files) and not any(
        path.startswith(own) and path not in files for path in list(memory)
    )


@cache
def _memory() -> Known:
    """What this process knows, by path."""
    return {}


def _remember(known: Mapping[str, tuple[Version, Found]]) -> None:
    memory = _memory()
    if len(memory) + len(known) > _MOST:
        memory.clear()
    memory |= known


def _looked_up(files: Mapping[str, Version]) -> dict[str, Found]:
    """Headers from the table, and from the files that it does not know."""
    found: dict[str, Found] = {}
    with contextlib.suppress(StoreError):
        found |= _rows(files)
    missing = [path for path in files if path not in found]
    if not missing:
        return found
    read = dict(zip(missing, _read(missing), strict=True))
    _enter({path: (files[path], item) for path, item in read.items() if isinstance(item, Header)})
    return found | read


def _read(paths: list[str]) -> Iterable[Found]:
    if len(paths) < _READERS:
        return [header_or_complaint(path) for path in paths]
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(header_or_complaint, paths))


def _rows(files: Mapping[str, Version]) -> Iterator[tuple[str, Header]]:
    """Rows that hold for the present versions of ``files``, by path."""
    root = os.path.join(folder(), "")
    by_relative = {path.removeprefix(root): path for path in files}
    sql = "SELECT series.* FROM json_each(?) AS wanted CROSS JOIN series ON series.path = wanted.value"
    with connect() as database:
        rows = database.execute(sql, (json.dumps(list(by_relative)),)).fetchall()
    for row in rows:
        path = by_relative[row["path"]]
        if files[path] == (row["inode"], row["changed"], row["size"]):
            with contextlib.suppress(TypeError, ValueError):  # a row of another version of the workbench
                about = Series(**json.loads(row["about"]))
                checked, sound = _checks(row["checked"])
                yield path, Header(about, row["fingerprint"], checked, row["since"], sound)


def _enter(known: Mapping[str, tuple[Version, Header]]) -> None:
    sql = (
        "INSERT OR REPLACE INTO series (path, collection, symbol, interval, about, fingerprint, checked, since, "
        "inode, changed, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    rows = []
    for path, (version, header) in known.items():
        about = header.series
        names = (_relative(path), about.collection, about.symbol, about.interval, json.dumps(asdict(about)))
        rows.append((*names, header.fingerprint, _mark(header), header.since, *version))
    if rows:
        with contextlib.suppress(StoreError), connect() as database:
            database.executemany(sql, rows)


def _checks(mark: int) -> tuple[bool, bool]:
    """``checked`` and ``sound`` of a header that was entered with ``mark``."""
    return mark > 0, mark > 1 and mark == _sound()


def _mark(header: Header) -> int:
    return _sound() if header.checked and header.sound else int(header.checked)


@cache
def _sound() -> int:
    """The mark of sound bars, another one where the code that checks them is another."""
    return 2 + int(closure(frozenset({"engine.market.integrity"})).digest[:12], 16)


def _relative(path: str) -> str:
    return path.removeprefix(os.path.join(folder(), ""))
