"""The record of stored runs: request, origin and key metrics of each, size and last use of its result.

A run is entered before its result is written (``enter``, then ``set_size``): a process that dies in between leaves a
run without a result, which is computed again when requested, and never a result without a run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass

from engine.core.database import connect
from engine.core.spec import RunSpec, canonical_json

USE_INTERVAL = 3600.0
"""Seconds within which further uses of a result are not recorded, so that reads do not become writes."""

RUN_TABLES = ("runs", "run_summaries", "run_notes", "run_origins", "run_series", "run_results", "run_previews")

_UNMARKED = """key NOT IN (
    SELECT key FROM run_notes WHERE pinned OR tags != '' OR note != '' OR name != '' OR deleted IS NOT NULL)"""


@dataclass(frozen=True)
class Origin:
    """What a result depends on besides its request, as digests: the bars that it reads; the code of the engine and its
    plug-ins; the versions of the numeric libraries (empty where not recorded). They identify changes; the run key
    decides.
    """

    data: str
    code: str
    libraries: str = ""


@dataclass(frozen=True)
class StoredTotals:
    """Number and total bytes of the stored results."""

    count: int
    size: int


def enter(
    key: str,
    spec: RunSpec,
    made: Origin,
    summary: Mapping[str, object],
    seconds: float = 0.0,
    *,
    anew: bool = True,
    series: Mapping[str, str] | None = None,
) -> None:
    """Enter the run with all that lists show of it, at once; ``anew`` says that it was computed just now: it counts as
    new then, and leaves the bin. Otherwise only what is missing is added. ``series`` are the digests of the series that
    it has read, by their names; None where nobody knows.
    """
    run, now = (key, spec.kind, spec.label(), canonical_json(spec)), time.time()
    insert = f"INSERT OR {'REPLACE' if anew else 'IGNORE'} INTO"
    with connect() as database:
        database.execute(f"{insert} runs VALUES (?, ?, ?, ?, ?, ?)", (*run, now, seconds))
        database.execute(f"{insert} run_origins VALUES (?, ?, ?, ?)", (key, *astuple(made)))
        database.execute(f"{insert} run_summaries VALUES (?, ?)", (key, json.dumps(dict(summary))))
        database.execute(f"{insert} run_results VALUES (?, NULL, ?)", (key, now))
        if series is not None:
            database.execute(f"{insert} run_series VALUES (?, ?)", (key, json.dumps(dict(series))))
        if anew:
            database.execute("UPDATE run_notes SET deleted = NULL WHERE key = ?", (key,))


def keep_summary(key: str, summary: Mapping[str, object]) -> None:
    """Keep the key metrics of a run where they are listed without reading its result."""
    with connect() as database:
        database.execute("INSERT OR REPLACE INTO run_summaries VALUES (?, ?)", (key, json.dumps(dict(summary))))


def series_of(key: str) -> Mapping[str, str]:
    """The digests of the series that the run has read, by their names; none of a run of an earlier version."""
    with connect() as database:
        row = database.execute("SELECT digests FROM run_series WHERE key = ?", (key,)).fetchone()
    found: Mapping[str, str] = json.loads(row["digests"]) if row else {}
    return found


def keys_of(kind: str, spec: str) -> list[str]:
    """The runs of that request, as canonical JSON, the newest first."""
    query = "SELECT key FROM runs WHERE kind = ? AND spec = ? ORDER BY created DESC"
    with connect() as database:
        return [row["key"] for row in database.execute(query, (kind, spec))]


def is_entered(key: str) -> bool:
    """Whether nothing of the run's record is missing, its result's size apart."""
    tables = ("runs", "run_origins", "run_summaries", "run_results")
    found = " AND ".join(f"EXISTS (SELECT 1 FROM {table} WHERE key = :key)" for table in tables)
    with connect() as database:
        return bool(database.execute(f"SELECT {found}", {"key": key}).fetchone()[0])


def set_size(key: str, size: int) -> None:
    """Note that the result takes ``size`` bytes from now on; 0: it is not stored."""
    with connect() as database:
        database.execute("UPDATE run_results SET bytes = ?, used = ? WHERE key = ?", (size, time.time(), key))


def correct_size(key: str, size: int) -> None:
    """``set_size`` of a result that is not in use."""
    with connect() as database:
        database.execute("UPDATE run_results SET bytes = ? WHERE key = ?", (size, key))


def note_use(key: str) -> None:
    """Note that the result is in use; within ``USE_INTERVAL`` of the last time nothing is written."""
    now = time.time()
    with connect() as database:
        stale = "SELECT 1 FROM run_results WHERE key = ? AND used < ?"
        if database.execute(stale, (key, now - USE_INTERVAL)).fetchone():
            database.execute("UPDATE run_results SET used = ? WHERE key = ?", (now, key))


def complete(size_of: Callable[[str], int]) -> None:
    """Ask ``size_of`` for each result whose size nobody has noted, and note it: whoever was to do so has died, or is
    just about to.
    """
    unknown = "SELECT key, created FROM runs LEFT JOIN run_results USING (key) WHERE bytes IS NULL"
    with connect() as database:
        rows = database.execute(unknown).fetchall()
    sizes = [(row["key"], size_of(row["key"]), row["created"]) for row in rows]
    if sizes:
        with connect() as database:
            database.executemany(
                "INSERT INTO run_results VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes "
                "WHERE bytes IS NULL",
                sizes,
            )


def stored() -> StoredTotals:
    """Number and bytes of all results with a known size."""
    with connect() as database:
        row = database.execute("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM run_results WHERE bytes > 0").fetchone()
    return StoredTotals(int(row[0]), int(row[1]))


def droppable(before: float) -> list[tuple[str, int]]:
    """(key, bytes) of stored results that were last used ``before`` then, in seconds since 1970, and that nobody has
    pinned, tagged, annotated or put into the bin; those that were not used for the longest time first.
    """
    query = f"SELECT key, bytes FROM run_results WHERE bytes > 0 AND used < ? AND {_UNMARKED} ORDER BY used, key"
    with connect() as database:
        return [(row["key"], row["bytes"]) for row in database.execute(query, (before,)).fetchall()]


def claim(keys: Sequence[str], before: float) -> list[str]:
    """Those of ``keys`` that are still ``droppable`` now, for the caller alone to remove: their sizes are unknown until
    that is done and noted, so that ``complete`` finds what a caller who died has left.
    """
    found = []
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        for key in keys:
            still = f"UPDATE run_results SET bytes = NULL WHERE key = ? AND bytes > 0 AND used < ? AND {_UNMARKED}"
            if database.execute(still, (key, before)).rowcount:
                found.append(key)
    return found


def sizes() -> dict[str, int]:
    """Bytes of each result by run key as they are noted, 0 for what is not stored or not known."""
    with connect() as database:
        rows = database.execute("SELECT key, COALESCE(bytes, 0) AS bytes FROM run_results").fetchall()
    return {row["key"]: row["bytes"] for row in rows}


def binned() -> list[str]:
    """Runs that lie in the bin."""
    with connect() as database:
        return [row["key"] for row in database.execute("SELECT key FROM run_notes WHERE deleted IS NOT NULL")]


def known(keys: Sequence[str]) -> set[str]:
    """Those of ``keys`` that are in the record."""
    with connect() as database:
        return {key for key in keys if database.execute("SELECT 1 FROM runs WHERE key = ?", (key,)).fetchone()}


def forget(key: str) -> None:
    """Remove the run from the record; the ledger keeps its trial."""
    with connect() as database:
        for table in RUN_TABLES:
            database.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
