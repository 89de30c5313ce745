"""Requests too long for a URL, stored under a digest of their text."""

from __future__ import annotations

import hashlib
import time

from engine.core.database import connect

MAXIMUM_LINKS = 1000
"""Links that are kept besides those to runs of the library; each new one beyond them drops the oldest."""

_KEEP = "INSERT INTO links VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET created = excluded.created"
_DROP = """DELETE FROM links WHERE key IN (
    SELECT key FROM links WHERE spec NOT IN (SELECT spec FROM runs) ORDER BY created DESC LIMIT -1 OFFSET ?)"""


def store(text: str) -> str:
    """Store the canonical JSON of a spec, once. Returns its key, the sha256 of the text in hexadecimal; the same text
    again counts as new. Raises ``StoreError``.
    """
    key = hashlib.sha256(text.encode()).hexdigest()
    with connect() as database:
        database.execute(_KEEP, (key, text, time.time()))
        if database.execute("SELECT COUNT(*) FROM links").fetchone()[0] > MAXIMUM_LINKS:
            database.execute(_DROP, (MAXIMUM_LINKS,))
    return key


def find(key: str) -> str | None:
    """The text stored under ``key``, or None."""
    with connect() as database:
        row = database.execute("SELECT spec FROM links WHERE key = ?", (key,)).fetchone()
    return row["spec"] if row else None
