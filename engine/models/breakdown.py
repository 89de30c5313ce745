"""Scores of a model by parts of its rows: whether one part carries them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Times
from engine.models.resampling import intervals
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, Scored, out_of_sample

MINIMUM_ROWS = 20


@dataclass(frozen=True)
class Group:
    """A part of the scored rows: its ``name``, number of ``rows``, headline ``score`` with its 95% interval from
    ``low`` to ``high``, share of rows ``right`` (the called class, or the side of zero), and return of fifths
    ``long_short``; NaN where it is not defined, or the rows are too few.
    """

    name: str
    rows: int
    score: float
    right: float
    long_short: float
    low: float = float("nan")
    high: float = float("nan")


def by_symbol(result: ModelResult, horizon: int, seed: int = 0) -> tuple[Group, ...]:
    """One group a symbol, in their order. The labels reach ``horizon`` bars ahead."""
    _, mask = result.scored()
    return groups(result, result.symbol[mask], dict(enumerate(result.symbols)), horizon, seed)


def by_year(result: ModelResult, horizon: int, seed: int = 0) -> tuple[Group, ...]:
    """One group a year of the bars' times."""
    _, mask = result.scored()
    years = result.time[mask].astype("datetime64[Y]").astype(np.int64) + 1970
    return groups(result, years, {int(year): str(year) for year in np.unique(years)}, horizon, seed)


def groups(
    result: ModelResult, key: NDArray[np.integer], names: Mapping[int, str], horizon: int, seed: int
) -> tuple[Group, ...]:
    """A group for each of ``names`` by its ``key`` (scored rows of the first path), intervals by ``resampling``."""
    rows, mask = result.scored()
    time = result.time[mask]
    return tuple(
        _group(name, rows.where(own := np.asarray(key == number)), time[own], horizon, seed)
        for number, name in names.items()
    )


def _group(name: str, rows: Scored, time: Times, horizon: int, seed: int) -> Group:
    if len(rows) < MINIMUM_ROWS:
        return Group(name, len(rows), *[float("nan")] * 3)
    scores, wanted = out_of_sample(rows), HEADLINE[rows.task]
    right = scores.get("accuracy", scores.get("hit_rate", np.nan))
    bounds = intervals(rows, time, horizon, seed)
    low, high = bounds[list(scores).index(wanted)].tolist() if len(bounds) else (np.nan, np.nan)
    return Group(name, len(rows), scores[wanted], right, scores.get("long_short", np.nan), low, high)
