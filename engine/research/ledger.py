"""The ledger: every trial ever run, appended once, never changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from engine.database import connect
from engine.spec import RunSpec, canonical_json
from engine.store import Trial

_COLUMNS = "family, sharpe, observations, count, variance, periods_per_year, rated"


@dataclass(frozen=True)
class Pool:
    """Many trials as one: ``count`` of them, ``mean`` and ``variance`` (n - 1) of the Sharpe ratios of those
    ``rated`` that have one, per bar of the length that was asked for.
    """

    count: int
    rated: int
    mean: float
    variance: float


def record(key: str, spec: RunSpec, trial: Trial) -> None:
    """Enter the trial under ``key`` (``runner.trial_key``); the same one again is not counted again."""
    what = (trial.family, trial.sharpe, trial.observations, trial.count, trial.variance, trial.periods_per_year)
    row = (key, canonical_json(spec), time.time(), *what, trial.rated)
    with connect() as database:
        database.execute(
            f"INSERT OR IGNORE INTO trials (key, spec, created, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        )


def trials(family: str) -> tuple[Trial, ...]:
    """All trials of ``family``, oldest first, across sessions and users of this cache; a sweep's are one entry."""
    with connect() as database:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM trials WHERE family = ? ORDER BY created", (family,)
        ).fetchall()
    return tuple(Trial(**row) for row in rows)


def count() -> int:
    """Number of trials of all families, those of sweeps included."""
    with connect() as database:
        return int(database.execute("SELECT COALESCE(SUM(count), 0) FROM trials").fetchone()[0])


def pool(trials: Iterable[Trial], periods_per_year: float) -> Pool:
    """All ``trials`` together, their Sharpe ratios stated per bar of a series with that many bars a year.

    The variance is that of all ratios: within the entries and between their means. An entry of unknown bars a year
    is taken to have the same.
    """
    entries = tuple(trials)
    rated = [trial for trial in entries if trial.ratios]
    scales = [sqrt((trial.periods_per_year or periods_per_year) / periods_per_year) for trial in rated]
    total = sum(trial.ratios for trial in rated)
    means = [(trial.sharpe or 0.0) * scale for trial, scale in zip(rated, scales, strict=True)]
    mean = sum(trial.ratios * value for trial, value in zip(rated, means, strict=True)) / max(total, 1)
    within = sum((t.ratios - 1) * t.variance * scale**2 for t, scale in zip(rated, scales, strict=True))
    between = sum(t.ratios * (value - mean) ** 2 for t, value in zip(rated, means, strict=True))
    variance = (within + between) / (total - 1) if total > 1 else 0.0
    return Pool(sum(trial.count for trial in entries), total, mean, variance)
