"""The ledger: every trial ever run, appended once, never changed.

A trial is a configuration that was tried, for it is the choice among configurations that the deflated Sharpe ratio
makes up for (Bailey and Lopez de Prado 2014): the strategy with its settings, symbols, range of days, costs and fills.
The same one on bars that were added or corrected since is no further draw to choose from, and not counted again, and
what it earned when it was first tried stays; neither is the same one after an update of the engine. Another range of
days or another symbol is, and so is every change of a strategy file of one's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from engine.database import connect
from engine.research.statistics import expected_maximum_sharpe
from engine.spec import RunSpec, canonical_json
from engine.store import Trial

_COLUMNS = "family, sharpe, observations, count, variance, periods_per_year, rated"

# A cancelled search, whose key has a plus, counts where nobody has taken it to its end, or farther.
_STANDS = """(instr(t.key, '+') = 0 OR NOT EXISTS (
    SELECT 1 FROM trials o WHERE o.key = substr(t.key, 1, instr(t.key, '+') - 1)
    OR (o.count > t.count AND substr(o.key, 1, instr(o.key, '+')) = substr(t.key, 1, instr(t.key, '+')))))"""


@dataclass(frozen=True)
class Pool:
    """Many trials as one: ``count`` of them, ``mean`` and ``variance`` (n - 1) of the Sharpe ratios of those
    ``rated`` that have one, per bar of the length that was asked for, on a record of the length that was asked for.
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


def has(key: str) -> bool:
    """Whether the trial under ``key`` is entered."""
    with connect() as database:
        return database.execute("SELECT 1 FROM trials WHERE key = ?", (key,)).fetchone() is not None


def record_part(key: str, spec: RunSpec, trial: Trial) -> None:
    """Enter what a search under ``key`` had tried when it was cancelled. It counts until the search is run to its end,
    or farther: what is tried again is not another trial.
    """
    record(f"{key}+{trial.count}", spec, trial)


def trials(family: str) -> tuple[Trial, ...]:
    """All trials of ``family``, oldest first, across sessions and users of this cache; a sweep's are one entry."""
    with connect() as database:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM trials t WHERE family = ? AND {_STANDS} ORDER BY created", (family,)
        ).fetchall()
    return tuple(Trial(**row) for row in rows)


def count() -> int:
    """Number of trials of all families, those of sweeps included."""
    with connect() as database:
        return int(database.execute(f"SELECT COALESCE(SUM(count), 0) FROM trials t WHERE {_STANDS}").fetchone()[0])


def pool(trials: Iterable[Trial], periods_per_year: float, observations: int) -> Pool:
    """All ``trials`` together, their Sharpe ratios stated per bar of a series with that many bars a year, and what they
    vary by as for a record of ``observations`` returns.

    The variance is that of all ratios: within the entries and between their means. That of an estimate falls with the
    length of its record, so a window of two years says four times too much about the luck of eight. Differences
    between entries may be more than luck: those of longer records are left as they are. An entry of unknown bars a
    year is taken to have the same.
    """
    entries = tuple(trials)
    rated = [trial for trial in entries if trial.ratios]
    squares = [(trial.periods_per_year or periods_per_year) / periods_per_year for trial in rated]
    lengths = [max(t.observations, 1) / max(observations, 1) / square for t, square in zip(rated, squares, strict=True)]
    total = sum(trial.ratios for trial in rated)
    means = [(trial.sharpe or 0.0) * sqrt(square) for trial, square in zip(rated, squares, strict=True)]
    mean = sum(trial.ratios * value for trial, value in zip(rated, means, strict=True)) / max(total, 1)
    within = sum(
        (t.ratios - 1) * t.variance * square * length for t, square, length in zip(rated, squares, lengths, strict=True)
    )
    between = sum(
        t.ratios * (value - mean) ** 2 * min(length, 1.0)
        for t, value, length in zip(rated, means, lengths, strict=True)
    )
    variance = (within + between) / (total - 1) if total > 1 else 0.0
    return Pool(sum(trial.count for trial in entries), total, mean, variance)


def luck(trials: Sequence[Trial], periods_per_year: float, observations: int) -> float:
    """Sharpe ratio per bar that the best of ``trials`` is expected to reach without skill on a record of
    ``observations`` returns (see ``pool`` and ``statistics.expected_maximum_sharpe``).

    That of all together, or of one search alone where that is more: the best of a part is never better than the best
    of all, so a wide search among combinations that hardly differ does not make an earlier one look less lucky. Of
    trials without two ratios the spread is taken to be that of ratios measured on as many returns.
    """
    whole = pool(trials, periods_per_year, observations)
    spread = whole.variance if whole.rated > 1 else 1 / max(observations - 1, 1)
    searches = (pool((trial,), periods_per_year, observations) for trial in trials if trial.ratios > 1)
    alone = (expected_maximum_sharpe(search.variance, search.count) for search in searches)
    return max([expected_maximum_sharpe(spread, max(whole.count, 1)), *alone])
