"""The ledger: every trial ever run, appended once, never changed."""

from __future__ import annotations

import time

from engine.database import connect
from engine.spec import RunSpec, canonical_json
from engine.store import Trial


def record(key: str, spec: RunSpec, trial: Trial) -> None:
    """Enter the trial under ``key`` (``runner.trial_key``); the same one again is not counted again."""
    row = (key, trial.family, canonical_json(spec), time.time(), trial.sharpe, trial.observations)
    with connect() as database:
        database.execute("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?)", row)


def trials(family: str) -> tuple[Trial, ...]:
    """All trials of ``family``, oldest first, across sessions and users of this cache."""
    with connect() as database:
        rows = database.execute(
            "SELECT family, sharpe, observations FROM trials WHERE family = ? ORDER BY created", (family,)
        ).fetchall()
    return tuple(Trial(row["family"], row["sharpe"], row["observations"]) for row in rows)


def count() -> int:
    """Number of trials of all families."""
    with connect() as database:
        return int(database.execute("SELECT COUNT(*) FROM trials").fetchone()[0])
