"""Requests that are too long for a URL, stored under a digest of their text."""

from __future__ import annotations

import hashlib
import time

from engine.core.database import connect


def keep(text: str) -> str:
    """Keep the canonical JSON of a spec. Returns its key: the sha256 of the text in hexadecimal. The same text again
    is kept once. Raises ``StoreError``.
    """
    key = hashlib.sha256(text.encode()).hexdigest()
    with connect() as database:
        database.execute("INSERT OR IGNORE INTO links (key, spec, created) VALUES (?, ?, ?)", (key, text, time.time()))
    return key


def find(key: str) -> str | None:
    """The text that was kept under ``key``, or None."""
    with connect() as database:
        row = database.execute("SELECT spec FROM links WHERE key = ?", (key,)).fetchone()
    return row["spec"] if row else None
