"""Values that users save under names of their own, such as chart layouts: text under a kind and a name."""

from __future__ import annotations

import time
from collections.abc import Mapping

from engine.core.database import connect
from engine.core.errors import StoreError
from engine.core.visible import is_visible

LONGEST = 60
"""Characters of a name, at most."""
MOST = 500
"""Names of one kind, at most."""

_PUT = """INSERT INTO named VALUES (?, ?, ?, ?)
    ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value, created = excluded.created"""


def put(kind: str, name: str, value: str) -> str:
    """Save ``value``, in place of an earlier one of that name. Returns the name without blanks at its ends.

    Raises ``StoreError`` for a name that is empty, too long or has characters that cannot be seen, for one name too
    many, and where the database fails.
    """
    known = name.strip()
    if not known:
        raise StoreError("Enter a name to save it under.")
    if len(known) > LONGEST or not is_visible(known):
        raise StoreError(f"A name has at most {LONGEST} visible characters.")
    with connect() as database:
        others = "SELECT COUNT(*) FROM named WHERE kind = ? AND name <> ?"
        if database.execute(others, (kind, known)).fetchone()[0] >= MOST:
            raise StoreError(f"{MOST} names are saved already: delete one first.")
        database.execute(_PUT, (kind, known, value, time.time()))
    return known


def every(kind: str) -> Mapping[str, str]:
    """The values of ``kind`` by name, in alphabetical order."""
    with connect() as database:
        rows = database.execute("SELECT name, value FROM named WHERE kind = ? ORDER BY name COLLATE NOCASE", (kind,))
        return {row["name"]: row["value"] for row in rows}


def delete(kind: str, name: str) -> bool:
    """Delete the value of that name; returns whether there was one."""
    with connect() as database:
        return database.execute("DELETE FROM named WHERE kind = ? AND name = ?", (kind, name)).rowcount > 0
