"""Roles of versions: of the versions of a name one may be the champion, which is in use, and one its challenger.

They are aliases as MLflow has them, ``momentum@champion``: a role moves from version to version while its name stays.
The table is a history, whose last row of a name and role holds, so that a change can be undone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from engine.core.database import connect
from engine.core.errors import DataError

Role = Literal["champion", "challenger"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class Held:
    """``version`` of ``name`` has the ``role`` since then, in seconds since 1970."""

    name: str
    role: Role
    version: int
    since: float


def held(name: str) -> Mapping[str, int]:
    """The version in each role of ``name`` that is filled."""
    return {item.role: item.version for item in every() if item.name == name}


def every() -> tuple[Held, ...]:
    """All roles that are filled by a version that is not in the bin, by name, the champion first."""
    with connect() as database:
        rows = database.execute(
            "SELECT r.name, r.role, r.version, r.created FROM model_roles r JOIN registered_models m "
            "ON m.name = r.name AND m.version = r.version AND m.deleted IS NULL "
            "WHERE r.id IN (SELECT MAX(id) FROM model_roles GROUP BY name, role) ORDER BY r.name, r.role"
        ).fetchall()
    found = [Held(*row) for row in rows]
    return tuple(sorted(found, key=lambda item: (item.name, ROLES.index(item.role))))


def give(name: str, version: int, role: Role) -> None:
    """Let ``version`` have the ``role``; it leaves another one that it had."""
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        now = time.time()
        for other in ROLES:
            if other != role and _current(database, name, other) == version:
                database.execute(_ENTER, (name, other, None, now))
        if _current(database, name, role) != version:
            database.execute(_ENTER, (name, role, version, now))


def take(name: str, role: Role) -> None:
    """Leave the ``role`` empty."""
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        if _current(database, name, role) is not None:
            database.execute(_ENTER, (name, role, None, time.time()))


def last_changed() -> str:
    """The name of the model whose roles were changed last; empty where none ever were."""
    with connect() as database:
        row = database.execute("SELECT name FROM model_roles ORDER BY created DESC, id DESC LIMIT 1").fetchone()
    return str(row["name"]) if row else ""


def undo(name: str) -> None:
    """Take back the last change of the roles of ``name``. Raises ``DataError`` where there was none."""
    with connect() as database:
        latest = "SELECT MAX(created) FROM model_roles WHERE name = ?1"
        gone = database.execute(f"DELETE FROM model_roles WHERE name = ?1 AND created = ({latest})", (name,)).rowcount
    if not gone:
        whose = f"The roles of '{name[:60]}'" if name else "Roles"
        raise DataError(f"{whose} were never changed: there is nothing to undo.")


_ENTER = "INSERT INTO model_roles (name, role, version, created) VALUES (?, ?, ?, ?)"


def _current(database: sqlite3.Connection, name: str, role: Role) -> int | None:
    row = database.execute(
        "SELECT version FROM model_roles WHERE name = ? AND role = ? ORDER BY id DESC LIMIT 1", (name, role)
    ).fetchone()
    return row["version"] if row else None
