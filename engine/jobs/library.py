"""The library of saved runs: their key metrics, names, tags and notes, pinned runs, and a bin.

Deleted runs are in the bin and can be restored; ``purge`` removes them for good. The ledger of trials is not affected:
a deleted run was still a trial.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from engine.core.database import connect
from engine.core.errors import EngineError, SpecError
from engine.core.spec import RunSpec, canonical_json
from engine.jobs import executors, records, runner

BIN_DAYS = 30
"""Days for which a deleted run can be restored."""

UNKNOWN_CHANGE = "data, code or libraries"
"""Changes since a run without a recorded origin."""

MAXIMUM_TAGS, TAG_LENGTH, NOTE_LENGTH, NAME_LENGTH = 12, 32, 2000, 120
_KEY = re.compile(r"[0-9a-f]{64}")
_SELECT = """
SELECT runs.key, COALESCE(NULLIF(name, ''), runs.label) AS label, runs.spec, runs.created, summary,
       COALESCE(tags, '') AS tags, COALESCE(note, '') AS note, COALESCE(pinned, 0) AS pinned, deleted,
       data, code, libraries, bytes
FROM runs LEFT JOIN run_summaries USING (key) LEFT JOIN run_notes USING (key) LEFT JOIN run_origins USING (key)
    LEFT JOIN run_results USING (key)
"""
# Only what matches is parsed: specs are a hundred times slower to parse than to look through.
_MATCHES = """
matches(name, runs.label, tags, note, runs.key, CASE WHEN json_valid(runs.spec)
    THEN json_extract(runs.spec, '$.market.symbols') || ' ' || json_extract(runs.spec, '$.strategy.kind') END)
"""


@dataclass(frozen=True)
class Saved:
    """One saved run. ``label`` is the name that it was given, or its request's. ``created`` and ``deleted`` are seconds
    since 1970, ``deleted`` None outside the bin; ``summary`` is what the result says of itself, empty where it cannot
    be read any more; ``origin`` is what it was computed from, None for runs of versions that did not keep it. ``size``
    is the bytes of its stored result, 0 where that is gone, by the limit of the configuration or because it could not
    be stored: opening the run computes it again.
    """

    key: str
    label: str
    spec: RunSpec
    created: float
    summary: Mapping[str, Any]
    tags: tuple[str, ...]
    note: str
    pinned: bool
    deleted: float | None
    origin: runner.Origin | None = None
    size: int = 0

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """The run's key metrics by name."""
        found = self.summary.get("metrics")
        return found if isinstance(found, Mapping) else {}


def saved(kind: str, text: str = "", *, in_bin: bool = False, limit: int = 1000) -> list[Saved]:
    """Runs of ``kind`` that have every word of ``text`` in their label, tags, note, symbols, strategy or key, the
    pinned ones first, then the newest; those whose spec no longer parses are left out.

    Summaries of runs that were computed before summaries were kept are read from their results, once.
    """
    purge(older_than=BIN_DAYS * 86_400)
    records.complete(runner.store().size)
    order = "deleted DESC" if in_bin else "pinned DESC, created DESC"
    searched = f"AND {_MATCHES}" if text.split() else ""
    with connect() as database:
        database.create_function("matches", -1, _search(text), deterministic=True)
        query = f"{_SELECT} {_bin_condition(in_bin)} {searched} ORDER BY {order} LIMIT ?"
        rows = database.execute(query, (kind, limit)).fetchall()
    return [item for item in map(_saved, rows) if item is not None]


def size(kind: str, *, in_bin: bool = False) -> int:
    """How many runs of ``kind`` there are, those that ``saved`` leaves out among them."""
    with connect() as database:
        found = database.execute(
            f"SELECT COUNT(*) FROM runs LEFT JOIN run_notes USING (key) {_bin_condition(in_bin)}", (kind,)
        ).fetchone()
    return int(found[0])


def changes(items: Iterable[Saved]) -> dict[str, str]:
    """By key, what is no longer as it was when the run was computed: its "data", its "code", its "libraries", several
    of them ("data, code and libraries"), or ``UNKNOWN_CHANGE`` where the run does not say. A run that would be found as
    it is has no entry.
    """
    fingerprint = cache(runner.fingerprint_of)
    found = {item.key: _change(item, fingerprint) for item in items}
    return {key: change for key, change in found.items() if change}


def earlier(key: str, spec: RunSpec) -> Saved | None:
    """The newest saved run of the same request as ``spec`` other than the run ``key``: its data or code differed."""
    condition = "WHERE kind = ? AND runs.spec = ? AND runs.key != ? AND deleted IS NULL"
    arguments = (spec.kind, canonical_json(spec), key)
    with connect() as database:
        row = database.execute(f"{_SELECT} {condition} ORDER BY created DESC LIMIT 1", arguments).fetchone()
    return None if row is None else _saved(row)


def find(keys: Sequence[str]) -> dict[str, Saved]:
    """The saved runs under ``keys``, in their order, those in the bin among them; unknown keys are passed over."""
    known = [key for key in dict.fromkeys(keys) if is_key(key)]
    with connect() as database:
        rows = [database.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone() for key in known]
    found = [_saved(row) for row in rows if row is not None]
    return {item.key: item for item in found if item is not None}


def tag(key: str, tags: str | Sequence[str]) -> tuple[str, ...]:
    """Give the run these tags, in place of those that it had; returns them as stored.

    Text is split at commas. Raises ``SpecError`` for too many or too long ones.
    """
    items = tags.split(",") if isinstance(tags, str) else tags
    cleaned = tuple(dict.fromkeys(" ".join(item.split()) for item in items if item.strip()))
    if len(cleaned) > MAXIMUM_TAGS:
        raise SpecError([("tags", f"A run has at most {MAXIMUM_TAGS} tags, not {len(cleaned)}.")])
    for item in cleaned:
        if len(item) > TAG_LENGTH or not item.isprintable():
            raise SpecError(
                [("tags", f"The tag '{item[:40]}' is too long: at most {TAG_LENGTH} printable characters.")]
            )
    _set(key, "tags", ",".join(item.replace(",", " ") for item in cleaned))
    return cleaned


def annotate(key: str, note: str) -> str:
    """Write ``note`` on the run, in place of an earlier one; returns it as stored. Raises ``SpecError``."""
    cleaned = note.strip()
    if len(cleaned) > NOTE_LENGTH:
        raise SpecError([("note", f"A note has at most {NOTE_LENGTH:,} characters, not {len(cleaned):,}.")])
    _set(key, "note", cleaned)
    return cleaned


def rename(key: str, name: str) -> str:
    """Call the run ``name`` wherever it is listed, or as its request is called where that is empty or the same; returns
    it as stored. Raises ``SpecError``.
    """
    cleaned = " ".join(name.split())
    if len(cleaned) > NAME_LENGTH or not cleaned.isprintable():
        raise SpecError([("label", f"A name has at most {NAME_LENGTH} printable characters, not {len(cleaned):,}.")])
    with connect() as database:
        row = database.execute("SELECT label FROM runs WHERE key = ?", (key,)).fetchone()
    cleaned = "" if row is not None and row["label"] == cleaned else cleaned
    _set(key, "name", cleaned)
    return cleaned


def pin(key: str, pinned: bool) -> None:
    """Keep the run at the top of the library, or no longer."""
    _set(key, "pinned", int(pinned))


def delete(key: str) -> None:
    """Put the run into the bin, where it stays for ``BIN_DAYS``; its trial stays counted."""
    _set(key, "deleted", time.time())


def restore(key: str) -> None:
    """Take the run out of the bin."""
    _set(key, "deleted", None)


def purge(older_than: float = 0.0, now: float | None = None, kind: str = "") -> int:
    """Remove what has lain in the bin for ``older_than`` seconds for good, results and records, of one ``kind`` if it
    is given; returns how many.
    """
    limit = (time.time() if now is None else now) - older_than
    with connect() as database:
        rows = database.execute(
            "SELECT key FROM run_notes LEFT JOIN runs USING (key) WHERE deleted <= ? AND (? = '' OR kind = ?)",
            (limit, kind, kind),
        ).fetchall()
    for row in rows:
        runner.store().delete(row["key"])
        records.forget(row["key"])
    return len(rows)


def is_key(text: object) -> bool:
    """Whether ``text`` has the form of a run key: anything else never reaches the store."""
    return isinstance(text, str) and _KEY.fullmatch(text) is not None


def _set(key: str, column: str, value: object) -> None:
    """Change one column of the notes on a run. Raises ``SpecError`` if there is no such run."""
    with connect() as database:
        if not is_key(key) or database.execute("SELECT 1 FROM runs WHERE key = ?", (key,)).fetchone() is None:
            raise SpecError([("key", "This run is no longer in the library: reload the page.")])
        database.execute("INSERT OR IGNORE INTO run_notes (key) VALUES (?)", (key,))
        database.execute(f"UPDATE run_notes SET {column} = ? WHERE key = ?", (value, key))


def _saved(row: sqlite3.Row) -> Saved | None:
    try:
        spec = runner.load_spec(row["spec"])
    except SpecError:
        return None
    summary = json.loads(row["summary"]) if row["summary"] else _read_summary(row["key"], spec)
    tags = tuple(item for item in row["tags"].split(",") if item)
    return Saved(
        key=row["key"],
        label=row["label"],
        spec=spec,
        created=row["created"],
        summary=summary,
        tags=tags,
        note=row["note"],
        pinned=bool(row["pinned"]),
        deleted=row["deleted"],
        origin=runner.Origin(row["data"], row["code"], row["libraries"]) if row["code"] else None,
        size=row["bytes"] or 0,
    )


def _read_summary(key: str, spec: RunSpec) -> Mapping[str, Any]:
    """The summary in the stored result, which is recorded; empty where the result is gone."""
    result = runner.store().read(key, executors.result_type(spec))
    if result is None:
        return {}
    summary = dict(result.summary())
    records.keep_summary(key, summary)
    return summary


def changed_parts(before: runner.Origin, now: runner.Origin) -> str:
    """What of two origins differs: "data", "code", "libraries", several ("data and libraries") or nothing."""
    names = [field.name for field in fields(before)]
    found = [name for name in names if getattr(before, name) and getattr(now, name) != getattr(before, name)]
    return " and ".join([", ".join(found[:-1])] * (len(found) > 1) + found[-1:])


def _bin_condition(in_bin: bool) -> str:
    return f"WHERE kind = ? AND deleted IS {'NOT ' if in_bin else ''}NULL"


def _change(item: Saved, fingerprint: runner.Fingerprint) -> str:
    try:
        now = runner.origin(item.spec, fingerprint)
        if item.origin is None:
            return UNKNOWN_CHANGE if runner.run_key(item.spec) != item.key else ""
    except EngineError:
        return "data"  # the bars are not here any more
    return changed_parts(item.origin, now)


def _search(text: str) -> Callable[..., bool]:
    """Whether every word of ``text`` is in one of the texts that the function is given; None among them has none."""
    words = text.casefold().split()

    def matches(*texts: str | None) -> bool:
        searched = "\n".join(part for part in texts if part).casefold()
        return all(word in searched for word in words)

    return matches
