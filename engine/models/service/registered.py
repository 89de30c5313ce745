"""Models under names, in versions that never change, as files in the cache; a deleted one can be brought back.

A version is found by its number, ``momentum@2``, or by its role, ``momentum@champion``; ``momentum`` alone is the
newest. The database says which file is meant by its hash: a file that was changed, by whomever, is not read.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.core.config import settings
from engine.core.database import connect
from engine.core.errors import DataError, StoreError, did_you_mean
from engine.core.spec import kind_name
from engine.core.store import write_atomically
from engine.jobs import library
from engine.models.service import archive, roles
from engine.models.service.served import ServedModel, of_run
from engine.models.service.soundness import require_weights
from engine.models.spec import ModelSpec

BIN_DAYS = library.BIN_DAYS
"""Days for which a deleted version can be restored."""
LONGEST = 40
_NAME = re.compile(rf"[\w-]{{1,{LONGEST}}}")
_RUN = re.compile(r"[0-9a-f]{8,64}")
_OF_A_NAME = ("registered_models", "model_roles", "model_rules", "model_alerts")
_COLUMNS = "name, version, digest, run, label, created, deleted"

_NOTE_NUMBERS = """INSERT INTO model_numbers SELECT name, MAX(version) FROM registered_models WHERE true GROUP BY name
    ON CONFLICT (name) DO UPDATE SET highest = MAX(highest, excluded.highest)"""


@dataclass(frozen=True)
class Registered:
    """A version of a model: the sha256 ``digest`` of its file, the key of the ``run`` that trained it, here or
    elsewhere, its ``label``, and when it was ``created`` and ``deleted``, in seconds since 1970, None if it is not.
    """

    name: str
    version: int
    digest: str
    run: str
    label: str
    created: float
    deleted: float | None = None

    @property
    def reference(self) -> str:
        """What it is called: ``momentum@2``."""
        return f"{self.name}@{self.version}"


def register(key: str, name: str) -> Registered:
    """Keep the newest model of the run ``key`` under ``name``, as its next version; the newest one where that is of
    this run. Raises ``StoreError`` for what is no name, ``DataError`` where there is no such model.
    """
    name = checked(name)
    known = versions(name)
    if known and known[-1].run == key and not load(known[-1]).card.refitted:
        return known[-1]
    found = add(of_run(key), name)
    note_sound(found)
    return found


def add(model: ServedModel, name: str) -> Registered:
    """Keep ``model`` under ``name``, as its next version; the newest one where that is the same. Raises ``StoreError``
    for what is no name, ``DataError`` where weights are no numbers.
    """
    name, data = checked(name), archive.to_bytes(model)
    require_weights(model.spec.model, model.artifact, model.card.label)
    digest = hashlib.sha256(data).hexdigest()
    known = versions(name)
    if known and known[-1].digest == digest:
        return known[-1]
    try:
        write_atomically(_path(digest), data)
    except OSError as error:
        raise StoreError(f"The model could not be stored at {_path(digest)}: {error.strerror}.") from None
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        row = (name, _next(database, name), digest, model.card.run, model.card.label, time.time(), None)
        database.execute(f"INSERT INTO registered_models ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return find(f"{name}@{row[1]}")


def _next(database: sqlite3.Connection, name: str) -> int:
    """The number of a new version: never one that was given before, also where that version is gone for good."""
    last = database.execute("SELECT MAX(version) FROM registered_models WHERE name = ?", (name,)).fetchone()[0]
    given = database.execute("SELECT highest FROM model_numbers WHERE name = ?", (name,)).fetchone()
    number = max(last or 0, given["highest"] if given else 0) + 1
    database.execute("INSERT OR REPLACE INTO model_numbers VALUES (?, ?)", (name, number))
    return int(number)


def note_sound(item: Registered) -> None:
    """Remember that the model of a version can be loaded: it was trained here, or has passed a ``trial``."""
    with connect() as database:
        database.execute("INSERT OR IGNORE INTO model_trials VALUES (?, ?)", (item.digest, time.time()))


def is_sound(item: Registered) -> bool:
    """Whether ``note_sound`` was told of the model of a version."""
    with connect() as database:
        row = database.execute("SELECT 1 FROM model_trials WHERE digest = ?", (item.digest,)).fetchone()
    return row is not None


def checked(name: str) -> str:
    """``name`` without blanks around it. Raises ``StoreError`` for what is none."""
    found = name.strip()
    if not _NAME.fullmatch(found):
        raise StoreError(f"The name of a model has from 1 to {LONGEST} letters, digits, hyphens and underscores.")
    return found


def every(*, in_bin: bool = False) -> tuple[Registered, ...]:
    """All versions, of each name the newest first; those in the bin, the last that was deleted first, if ``in_bin``."""
    purge(older_than=BIN_DAYS * 86_400)
    return _rows("WHERE deleted IS NOT NULL ORDER BY deleted DESC" if in_bin else
                 "WHERE deleted IS NULL ORDER BY name, version DESC")  # fmt: skip


def binned(reference: str) -> tuple[Registered, ...]:
    """The deleted versions that ``momentum@2`` or ``momentum`` names. Raises ``DataError`` where there is none."""
    found = tuple(item for item in every(in_bin=True) if reference in (item.name, item.reference))
    if not found:
        raise DataError(f"There is no model '{reference[:60]}' in the bin.")
    return found


def versions(name: str) -> tuple[Registered, ...]:
    """The versions of a model, oldest first; none where there is none of that ``name``."""
    return _rows("WHERE name = ? AND deleted IS NULL ORDER BY version", name)


def of_runs(keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The references of what is registered of each of these runs."""
    found: dict[str, tuple[str, ...]] = {}
    wanted = set(keys)
    for item in every():
        if item.run in wanted:
            found[item.run] = (*found.get(item.run, ()), item.reference)
    return found


def find(reference: str) -> Registered:
    """The version that ``reference`` names. Raises ``DataError`` with what there is."""
    name, _, version = reference.strip().partition("@")
    known = versions(name)
    if not known:
        names = sorted({item.name for item in every()})
        hint = did_you_mean(name, names) if names else " None is registered: see the models page, or train one."
        raise DataError(f"There is no model '{name[:60]}'.{hint}")
    number = str(roles.held(name).get(version, version))
    for item in known if version else known[-1:]:
        if number in ("", str(item.version)):
            return item
    if version in roles.ROLES:
        raise DataError(f"No version of '{name}' is its {version}: promote one first.")
    listed = ", ".join(str(item.version) for item in known)
    raise DataError(f"The model '{name}' has no version '{version[:20]}'. Available: {listed}.")


def resolved(reference: str) -> Registered | str:
    """What ``reference`` names at this moment: a version, or the key of the run that it is, or begins with. Raises
    ``DataError`` where there is none.
    """
    if _RUN.fullmatch(reference) and not versions(reference):
        return run_key(reference)
    return find(reference)


def load(named: str | Registered) -> ServedModel:
    """The model of a version, of the reference to one, or the newest of the run whose key it is, or begins with. Raises
    ``DataError`` where there is none, or its file is not the one that was saved.
    """
    item = resolved(named) if isinstance(named, str) else named
    return of_run(item) if isinstance(item, str) else archive.from_bytes(content(item), item.reference)


def spec_of(item: Registered) -> ModelSpec:
    """The request of a version, for lists: its model is neither read nor checked. Raises ``DataError`` where its file
    is gone or damaged, ``SpecError`` where the request needs a plug-in that is not here.
    """
    try:
        with _path(item.digest).open("rb") as file:
            return archive.spec_in(file, item.reference)
    except OSError as error:
        raise DataError(f"The file of {item.reference} cannot be read ({error.strerror}): register it again.") from None


def run_key(beginning: str) -> str:
    """The key of the run of a model that begins so. Raises ``DataError`` where there is none, or several."""
    with connect() as database:
        rows = database.execute(
            "SELECT key FROM runs WHERE kind = ? AND substr(key, 1, ?) = ? LIMIT 2",
            (kind_name(ModelSpec), len(beginning), beginning),
        ).fetchall()
    if len(rows) != 1:
        problem = "Several trained models have a run key" if rows else "There is no model, and no run of one,"
        raise DataError(f"{problem} that begins with '{beginning}': give its name, or more of its key.")
    return str(rows[0]["key"])


def content(item: Registered) -> bytes:
    """The file of a version. Raises ``DataError`` where it is gone or was changed."""
    try:
        data = _path(item.digest).read_bytes()
    except OSError as error:
        raise DataError(f"The file of {item.reference} cannot be read ({error.strerror}): register it again.") from None
    if hashlib.sha256(data).hexdigest() != item.digest:
        raise DataError(f"The file of {item.reference} was changed since it was saved: register the model again.")
    return data


def rename(name: str, to: str) -> tuple[Registered, ...]:
    """Give all versions of ``name``, those in the bin among them, another name, and return them. Raises ``StoreError``
    where that is taken, or ``name`` is that of one version, ``DataError`` where there is none of the old name.
    """
    to, name = checked(to), name.strip()
    if (all_of := find(name).name) != name:
        raise StoreError(f"The versions of a model have one name: rename '{all_of}'.")
    if to == name:
        return versions(name)
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")  # nobody takes the name between the look and the change
        if found := _rows("WHERE name = ?", to):
            where = " in the bin" if all(item.deleted for item in found) else ""
            raise StoreError(f"There is a model '{to}'{where} already: choose another name.")
        for table in _OF_A_NAME:
            database.execute(f"DELETE FROM {table} WHERE name = ?", (to,))  # of a model that is gone for good
            database.execute(f"UPDATE {table} SET name = ? WHERE name = ?", (to, name))
        _carry_number(database, name, to)
    return versions(to)


def _carry_number(database: sqlite3.Connection, name: str, to: str) -> None:
    """Let the versions of ``to`` go on from the higher of both numbers."""
    numbers = database.execute("SELECT highest FROM model_numbers WHERE name IN (?, ?)", (name, to)).fetchall()
    highest = max((row["highest"] for row in numbers), default=0)
    database.execute("INSERT OR REPLACE INTO model_numbers VALUES (?, ?)", (to, highest))


def delete(reference: str) -> tuple[Registered, ...]:
    """Put ``momentum@2``, or all versions of ``momentum``, into the bin, where they stay for ``BIN_DAYS``, and return
    them. Raises ``DataError`` where there is none.
    """
    one = find(reference)
    found = (one,) if "@" in reference else versions(one.name)
    _mark(found, time.time())
    return found


def restore(items: Sequence[Registered]) -> None:
    """Take versions out of the bin."""
    _mark(items, None)


def purge(older_than: float = 0.0, now: float | None = None) -> int:
    """Remove what has lain in the bin for ``older_than`` seconds for good; returns how many versions."""
    limit = (time.time() if now is None else now) - older_than
    with connect() as database:
        gone = database.execute("SELECT digest FROM registered_models WHERE deleted <= ?", (limit,)).fetchall()
        if gone:
            database.execute(_NOTE_NUMBERS)
            database.execute("DELETE FROM registered_models WHERE deleted <= ?", (limit,))
        kept = {row["digest"] for row in database.execute("SELECT digest FROM registered_models")} if gone else set()
    for row in gone:
        if row["digest"] not in kept:
            _path(row["digest"]).unlink(missing_ok=True)
    return len(gone)


def _mark(items: Sequence[Registered], deleted: float | None) -> None:
    with connect() as database:
        database.executemany(
            "UPDATE registered_models SET deleted = ? WHERE name = ? AND version = ?",
            [(deleted, item.name, item.version) for item in items],
        )


def _rows(where: str, *values: object) -> tuple[Registered, ...]:
    with connect() as database:
        found: list[sqlite3.Row] = database.execute(
            f"SELECT {_COLUMNS} FROM registered_models {where}", values
        ).fetchall()
    return tuple(Registered(*row) for row in found)


def _path(digest: str) -> Path:
    return settings().cache / "models" / f"{digest}.zip"
