"""Scores of a model by symbol and by year: whether one part of the rows carries them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, Scored, out_of_sample

MINIMUM_ROWS = 20


@dataclass(frozen=True)
class Group:
    """A part of the scored rows: its ``name``, number of ``rows``, headline ``score``, share of rows ``right`` (the
    called class, or the side of zero), and return of fifths ``long_short``; NaN where it is not defined.
    """

    name: str
    rows: int
    score: float
    right: float
    long_short: float


def by_symbol(result: ModelResult) -> tuple[Group, ...]:
    """One group a symbol, in their order."""
    rows, mask = result.scored()
    return _groups(rows, result.symbol[mask], dict(enumerate(result.symbols)))


def by_year(result: ModelResult) -> tuple[Group, ...]:
    """One group a year of the bars' times."""
    rows, mask = result.scored()
    years = result.time[mask].astype("datetime64[Y]").astype(np.int64) + 1970
    return _groups(rows, years, {int(year): str(year) for year in np.unique(years)})


def _groups(rows: Scored, key: NDArray[np.integer], names: dict[int, str]) -> tuple[Group, ...]:
    found = []
    for number, name in names.items():
        mask = np.asarray(key == number)
        scores = out_of_sample(rows.where(mask)) if mask.sum() >= MINIMUM_ROWS else {}
        right = scores.get("accuracy", scores.get("hit_rate", np.nan))
        score, fifths = (scores.get(part, np.nan) for part in (HEADLINE[rows.task], "long_short"))
        found.append(Group(name, int(mask.sum()), score, right, fifths))
    return tuple(found)
