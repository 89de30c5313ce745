"""Named feature sets and their versions: those of the user in the database, and published ones.

A version is found by its number, ``mine@2``, or the beginning of its digest, ``mine@3fa9c1d2``; ``mine`` alone is the
newest. It never changes: other features under the same name are the next version.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType

from engine.core.database import connect
from engine.core.errors import DataError, StoreError, did_you_mean
from engine.core.spec import canonical_json
from engine.indicators import INDICATORS, Indicator

PUBLISHED: Mapping[str, str] = MappingProxyType({"alpha158": "alpha158", "formulaic-alphas": "formulaic_alphas"})
"""Sets that come with the engine, each in one version, and their functions in ``engine.features.published_sets``. That
is imported by its name: it is no part of the code of a run, whose request holds the features themselves.
"""
_NAME = re.compile(r"[\w-]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_COLUMNS = "name, version, digest, features, created"


@dataclass(frozen=True)
class FeatureSet:
    """A version of a set. ``plain`` is the JSON of its features, ``digest`` the sha256 of that; ``created`` is the ISO
    time in UTC, empty for a set that comes with the engine.
    """

    name: str
    version: int
    digest: str
    plain: str
    created: str = ""

    @property
    def reference(self) -> str:
        """What a request calls it: ``mine@2``."""
        return f"{self.name}@{self.version}"

    @property
    def is_published(self) -> bool:
        """Whether it comes with the engine."""
        return not self.created

    @property
    def count(self) -> int:
        """Number of features."""
        return len(json.loads(self.plain))

    def features(self) -> tuple[Indicator, ...]:
        """Its features. Raises ``SpecError`` where one is of a plug-in that is gone, or has changed its fields."""
        return tuple(INDICATORS.parse(item) for item in json.loads(self.plain))


def save(name: str, features: Sequence[Indicator]) -> FeatureSet:
    """Keep ``features`` under ``name``, as its next version; the newest one where that has the same features.

    Raises ``StoreError`` for what is no name, or that of a published set, and where the database fails.
    """
    name = name.strip()
    require_name(name)
    if not features:
        raise StoreError("Choose the features of the set first.")
    plain = as_json(features)
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        rows = database.execute(
            f"SELECT {_COLUMNS}, deleted FROM feature_sets WHERE name = ? ORDER BY version", (name,)
        ).fetchall()
        if rows and rows[-1]["deleted"] is None and rows[-1]["features"] == plain:
            return of_row(rows[-1])
        row = (name, rows[-1]["version"] + 1 if rows else 1, digest_of(plain), plain, time.time())
        database.execute(f"INSERT INTO feature_sets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", row)
    return find(f"{name}@{row[1]}")


def require_name(name: str) -> None:
    """Raise ``StoreError`` for what is no name of a user's set, or that of a published one."""
    if not _NAME.fullmatch(name):
        raise StoreError("The name of a feature set has from 1 to 40 letters, digits, hyphens and underscores.")
    if name in PUBLISHED:
        raise StoreError(f"'{name}' comes with the engine and does not change: choose another name.")


def find(reference: str) -> FeatureSet:
    """The set that ``reference`` names, also by a name that it had before. Raises ``DataError`` with what there is."""
    name, _, version = reference.strip().partition("@")
    known = versions(name)
    if version and (found := _version(known, version)):
        return found
    if not known or version:
        former = versions(_renamed(name))
        if former and not version:
            return former[-1]
        if found := _version(former, version):
            return found
        known = known or former
    if not known:
        raise DataError(f"There is no feature set '{name[:60]}'.{did_you_mean(name, [item.name for item in every()])}")
    if not version:
        return known[-1]
    listed = ", ".join(str(item.version) for item in known)
    raise DataError(f"The feature set '{known[-1].name}' has no version '{version[:64]}'. Available: {listed}.")


def _version(known: Sequence[FeatureSet], version: str) -> FeatureSet | None:
    """That of ``known`` with this number, or this beginning of its digest; the newest of several."""
    for item in reversed(known):
        is_digest = bool(_DIGEST.fullmatch(version)) and item.digest.startswith(version)
        if version == str(item.version) or is_digest:
            return item
    return None


def versions(name: str) -> tuple[FeatureSet, ...]:
    """The versions of a set, oldest first; none where there is none of that ``name``."""
    if name in PUBLISHED:
        return (_published(name),)
    with connect() as database:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM feature_sets WHERE name = ? AND deleted IS NULL ORDER BY version", (name,)
        ).fetchall()
    return tuple(map(of_row, rows))


def _renamed(name: str) -> str:
    """What the set that was called ``name`` is called now, "" for none: its versions were copied with their times."""
    with connect() as database:
        row = database.execute(
            "SELECT now.name FROM feature_sets old JOIN feature_sets now ON now.version = old.version "
            "AND now.digest = old.digest AND now.created = old.created AND now.name != old.name "
            "WHERE old.name = ? AND now.deleted IS NULL ORDER BY old.version DESC LIMIT 1",
            (name,),
        ).fetchone()
    return str(row["name"]) if row else ""


def every() -> tuple[FeatureSet, ...]:
    """The newest version of every set: those of the user by name, then the published ones."""
    newest = "version = (SELECT max(version) FROM feature_sets o WHERE o.name = s.name AND o.deleted IS NULL)"
    with connect() as database:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM feature_sets s WHERE deleted IS NULL AND {newest} ORDER BY name COLLATE NOCASE"
        ).fetchall()
    return (*map(of_row, rows), *map(_published, PUBLISHED))


def remove(found: Sequence[FeatureSet]) -> None:
    """Delete these versions; their numbers are not given again. Raises ``StoreError`` for a published set.

    ``uses.delete`` asks first whether one is in use.
    """
    if any(item.is_published for item in found):
        raise StoreError(f"'{found[0].name}' comes with the engine and cannot be deleted.")
    now = time.time()  # one for all: they are restored together
    with connect() as database:
        database.executemany(
            "UPDATE feature_sets SET deleted = ? WHERE name = ? AND version = ?",
            [(now, item.name, item.version) for item in found],
        )


def as_json(features: Sequence[Indicator]) -> str:
    """The text that a version keeps: that of equal features is the same."""
    return f"[{','.join(map(canonical_json, features))}]"


def digest_of(plain: str) -> str:
    """sha256 of ``as_json``."""
    return hashlib.sha256(plain.encode()).hexdigest()


def of_row(row: Mapping[str, object]) -> FeatureSet:
    """The version of a row of the database."""
    created = datetime.fromtimestamp(float(str(row["created"])), UTC).isoformat(timespec="seconds")
    return FeatureSet(str(row["name"]), int(str(row["version"])), str(row["digest"]), str(row["features"]), created)


@cache
def _published(name: str) -> FeatureSet:
    module = importlib.import_module("engine.features.published_sets")
    plain = as_json(getattr(module, PUBLISHED[name])())
    return FeatureSet(name, 1, digest_of(plain), plain)
