"""The reports of actions at rest: the newest are kept, and those that there is no room for in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from engine.core.database import connect

MAXIMUM_REPORTS = 1000
"""Reports that are kept; each new one beyond them drops the oldest."""


@dataclass(frozen=True, eq=False)
class Row:
    """A report as it is kept: ``job`` is the key under which it came about, ``spec`` the canonical JSON of the action,
    ``created`` and ``seconds`` when it began and how long it took, ``report`` the encoded report.
    """

    id: str
    job: str
    kind: str
    label: str
    spec: str
    created: float
    seconds: float
    report: bytes


def enter(row: Row) -> None:
    """Keep the report, and no more than ``MAXIMUM_REPORTS``. Raises ``StoreError``."""
    with connect() as database:
        database.execute("INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(row))
        database.execute(
            "DELETE FROM reports WHERE id IN (SELECT id FROM reports ORDER BY created DESC LIMIT -1 OFFSET ?)",
            (MAXIMUM_REPORTS,),
        )


def of_kind(kind: str, limit: int) -> list[Row]:
    """Those of actions of ``kind``, newest first."""
    return _read("WHERE kind = ? ORDER BY created DESC LIMIT ?", kind, limit)


def of_id(id: str) -> Row | None:
    """That one, or None."""
    return next(iter(_read("WHERE id = ?", id)), None)


def of_job(job: str) -> Row | None:
    """The latest that came about under that key, or None."""
    return next(iter(_read("WHERE job = ? ORDER BY created DESC LIMIT 1", job)), None)


def before(moment: float) -> list[tuple[str, int]]:
    """(id, bytes) of those whose actions began before ``moment``, the oldest first."""
    with connect() as database:
        query = "SELECT id, length(report) AS bytes FROM reports WHERE created < ? ORDER BY created"
        return [(row["id"], row["bytes"]) for row in database.execute(query, (moment,)).fetchall()]


def remove(ids: Sequence[str]) -> None:
    """Delete the reports with these ids from the database; unknown ids are ignored."""
    with connect() as database:
        database.executemany("DELETE FROM reports WHERE id = ?", [(id,) for id in ids])


def pack(row: Row) -> bytes:
    """``row`` as bytes, to be held in memory where it cannot be written."""
    about = astuple(row)[:-1]
    return json.dumps(about).encode() + b"\n" + row.report


def unpack(data: bytes) -> Row | None:
    """The row that ``pack`` has packed; None for anything else."""
    about, _, report = data.partition(b"\n")
    try:
        return Row(*[*json.loads(about), report])
    except (ValueError, TypeError):
        return None


def _read(where: str, *values: object) -> list[Row]:
    with connect() as database:
        return [Row(*row) for row in database.execute(f"SELECT * FROM reports {where}", values).fetchall()]
