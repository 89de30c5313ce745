"""Alerts: rules that a score has found broken. One stays until a later score finds the rule kept again, and is shown
until somebody has acknowledged it; a rule that is broken for long is told once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.database import connect
from engine.models.service.registered import Registered
from engine.research.service.rules import Breach

_COLUMNS = "id, name, version, rule, sentence, value, threshold, created, acknowledged, cleared"


@dataclass(frozen=True)
class Alert:
    """A rule that was found broken by the version ``name@version``; ``created``, ``acknowledged`` and ``cleared`` are
    seconds since 1970, None where they have not happened.
    """

    id: int
    name: str
    version: int
    rule: str
    sentence: str
    value: float
    threshold: float
    created: float
    acknowledged: float | None
    cleared: float | None

    @property
    def model(self) -> str:
        return f"{self.name}@{self.version}"


def note(item: Registered, found: Sequence[Breach]) -> tuple[Alert, ...]:
    """Enter what a score of ``item`` found broken, and what it found kept again; returns the alerts that are new."""
    new: list[int] = []
    with connect() as database:
        database.execute("BEGIN IMMEDIATE")
        own = (item.name, item.version)
        rows = database.execute(
            "SELECT id, rule FROM model_alerts WHERE name = ? AND version = ? AND cleared IS NULL", own
        ).fetchall()
        standing = {row["rule"]: row["id"] for row in rows}
        broken = {breach.rule: breach for breach in found}
        for rule, id_ in standing.items():
            if rule not in broken:
                database.execute("UPDATE model_alerts SET cleared = ? WHERE id = ?", (time.time(), id_))
        for rule, breach in broken.items():
            values = (breach.sentence, breach.value, breach.threshold)
            if rule in standing:
                database.execute(
                    "UPDATE model_alerts SET sentence = ?, value = ?, threshold = ? WHERE id = ?",
                    (*values, standing[rule]),
                )
                continue
            cursor = database.execute(
                "INSERT INTO model_alerts (name, version, rule, sentence, value, threshold, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*own, rule, *values, time.time()),
            )
            new.append(int(cursor.lastrowid or 0))
    return tuple(alert for alert in recent() if alert.id in new)


def recent(limit: int = 100) -> tuple[Alert, ...]:
    """The latest alerts, newest first: those that nobody has acknowledged before the others."""
    with connect() as database:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM model_alerts ORDER BY acknowledged IS NOT NULL, id DESC LIMIT ?", (limit,)
        ).fetchall()
    return tuple(Alert(*row) for row in rows)


def unseen() -> tuple[Alert, ...]:
    """The alerts that nobody has acknowledged."""
    return tuple(item for item in recent() if item.acknowledged is None)


def acknowledge(ids: Sequence[int]) -> int:
    """Take these alerts off the page; returns how many there were."""
    with connect() as database:
        return sum(
            database.execute(
                "UPDATE model_alerts SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL", (time.time(), id_)
            ).rowcount
            for id_ in ids
        )
