"""The record of trials: append-only, every trial ever made.

A trial is a configuration that was tried (see ``engine.research.ledger``, which counts them). A search that is under
way, or was cancelled or killed, is entered under its key, a plus and how many it has tried.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.database import connect
from engine.core.spec import RunSpec, canonical_json
from engine.core.store import Trial

_COLUMNS = "family, sharpe, observations, count, variance, periods_per_year, rated"

# An unfinished search, whose key has a plus, counts where nobody has taken it to its end, or farther.
_COUNTED = """(instr(t.key, '+') = 0 OR NOT EXISTS (
    SELECT 1 FROM trials o WHERE o.key = substr(t.key, 1, instr(t.key, '+') - 1)
    OR (o.count > t.count AND substr(o.key, 1, instr(o.key, '+')) = substr(t.key, 1, instr(t.key, '+')))))"""


@dataclass(frozen=True)
class Entry:
    """One trial, or all of a search. ``spec`` is its JSON, ``drawn`` its ``RunSpec.drawn_combinations`` as bytes of
    float64; ``stopped`` marks an unfinished search.
    """

    trial: Trial
    spec: str
    code: str
    drawn: bytes | None
    stopped: bool

    @property
    def market(self) -> Mapping[str, Any]:
        """The plain ``MarketSpec`` of the request; of a search that of what it varies."""
        plain = json.loads(self.spec)
        found: Mapping[str, Any] = (plain.get("base") or plain)["market"]
        return found


def entries(where: str, *values: object) -> list[Entry]:
    """The entries, oldest first; ``where`` are further SQL conditions that begin with AND."""
    with connect() as database:
        rows = database.execute(
            f"SELECT {_COLUMNS}, spec, code, drawn, instr(key, '+') > 0 AS stopped FROM trials t "
            f"WHERE {_COUNTED} {where} ORDER BY created",
            values,
        ).fetchall()
    names = _COLUMNS.split(", ")
    return [
        Entry(Trial(**{name: row[name] for name in names}), row["spec"], row["code"], row["drawn"], row["stopped"])
        for row in rows
    ]


def record(key: str, spec: RunSpec, trial: Trial, code: str = "", drawn: NDArray[np.float64] | None = None) -> None:
    """Enter the trial under ``key`` (``runner.trial_key``); the same one again is not counted again.

    ``code`` identifies plug-ins from outside the engine. ``drawn`` is ``RunSpec.drawn_combinations``; rows with NaN are
    left out.
    """
    statistics = (trial.family, trial.sharpe, trial.observations, trial.count, trial.variance, trial.periods_per_year)
    combinations = None if drawn is None else drawn[~np.isnan(drawn).any(axis=1)].astype(np.float64).tobytes()
    row = (key, canonical_json(spec), time.time(), *statistics, trial.rated, code, combinations)
    with connect() as database:
        database.execute(
            f"INSERT OR IGNORE INTO trials (key, spec, created, {_COLUMNS}, code, drawn) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )


def has(key: str) -> bool:
    """True where the ledger has a trial under ``key``."""
    with connect() as database:
        return database.execute("SELECT 1 FROM trials WHERE key = ?", (key,)).fetchone() is not None


def record_part(key: str, spec: RunSpec, trial: Trial, code: str = "") -> None:
    """Enter what a search under ``key`` has tried by now, or had when it was cancelled. It counts until the search is
    run to its end, or farther: what is tried again is not another trial.
    """
    record(f"{key}+{trial.count}", spec, trial, code)
