"""Sets that are renamed, and those in the bin: a version never changes, and its number is not given again.

A deleted version has the moment at which it was deleted, in seconds since 1970; what is gone for good has 0.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from engine.core.database import connect
from engine.core.errors import DataError, StoreError
from engine.features.sets.versions import FeatureSet, find, of_row, require_name, versions
from engine.jobs.library import BIN_DAYS

_GONE = 0.0


@dataclass(frozen=True)
class Binned:
    """The newest of the versions of a set that were deleted together, ``deleted`` seconds after 1970."""

    newest: FeatureSet
    deleted: float


def rename(name: str, new: str) -> FeatureSet:
    """Call a set ``new``, all its versions with their numbers, and return the newest. Runs hold the features and not
    the name: they stay what they are. Raises ``StoreError`` for a published set, for what is no name, and for one that
    is taken, ``DataError`` where there is no such set.
    """
    found, new = versions(find(name).name), new.strip()
    if new == name:
        return found[-1]
    if found[-1].is_published:
        raise StoreError(f"'{name}' comes with the engine and cannot be renamed.")
    require_name(new)
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        if database.execute("SELECT 1 FROM feature_sets WHERE name = ? LIMIT 1", (new,)).fetchone():
            raise StoreError(
                f"A feature set is or was called '{new}', and versions keep their numbers: choose another name."
            )
        database.execute(
            "INSERT INTO feature_sets (name, version, digest, features, created) "
            "SELECT ?, version, digest, features, created FROM feature_sets WHERE name = ? AND deleted IS NULL",
            (new, name),
        )
        database.execute("UPDATE feature_sets SET deleted = ? WHERE name = ? AND deleted IS NULL", (_GONE, name))
    return find(new)


def in_bin(now: float | None = None) -> tuple[Binned, ...]:
    """The sets that were deleted within ``BIN_DAYS``, the last first."""
    since = (time.time() if now is None else now) - BIN_DAYS * 86_400
    with connect() as database:
        rows = database.execute(
            "SELECT *, max(version) FROM feature_sets WHERE deleted > ? GROUP BY name, deleted ORDER BY deleted DESC",
            (since,),
        ).fetchall()
    return tuple(Binned(of_row(row), float(row["deleted"])) for row in rows)


def restore(reference: str) -> FeatureSet:
    """Take out of the bin the version, such as ``mine@2``, and those that were deleted with it. Raises ``DataError``
    where it is not there.
    """
    name, _, version = reference.partition("@")
    with connect() as database:
        row = _deleted(database, name, version)
        if row is None:
            raise DataError(f"The feature set '{reference[:60]}' is not in the bin: reload the page.")
        database.execute(
            "UPDATE feature_sets SET deleted = NULL WHERE name = ? AND deleted = ?", (name, row["deleted"])
        )
    return find(reference)


def purge() -> int:
    """Empty the bin, and say how many sets were in it; what lay there too long is gone already."""
    count = len(in_bin())
    with connect() as database:
        database.execute("UPDATE feature_sets SET deleted = ? WHERE deleted > ?", (_GONE, _GONE))
    return count


def _deleted(database: sqlite3.Connection, name: str, version: str) -> sqlite3.Row | None:
    """The row of a version in the bin."""
    if not version.isdecimal() or len(version) > 9:
        return None
    query = "SELECT * FROM feature_sets WHERE name = ? AND version = ? AND deleted > ?"
    found: sqlite3.Row | None = database.execute(query, (name, int(version), _GONE)).fetchone()
    return found
