"""Two series that should be the same, such as one symbol from two sources: where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars, Floats, Series, Times
from engine.market.quality.finding import Rows
from engine.market.sources import SOURCES

TOLERANCE = 0.001
"""Relative difference of two closes from which they disagree: providers round."""
_SAME_STEP = 0.002


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Differences of two series over the range that both cover.

    ``common`` are the times of bars that both have; ``only_first`` and ``only_second`` those of one alone. ``closes``
    are times at which the closes differ by more than the tolerance, ``difference`` by how much, second over first minus
    one. ``adjustments`` are times at which the adjusted closes are adjusted by different steps: a dividend or split
    that one of them lacks.
    """

    common: Times
    only_first: Times
    only_second: Times
    closes: Times
    difference: Floats
    adjustments: Times

    @property
    def agrees(self) -> bool:
        """Whether there is no difference at all."""
        return not any(map(len, (self.only_first, self.only_second, self.closes, self.adjustments)))

    def summary(self) -> Mapping[str, object]:
        """Counts, and the largest difference of two closes."""
        return {
            "common": len(self.common),
            "only_first": len(self.only_first),
            "only_second": len(self.only_second),
            "closes": len(self.closes),
            "largest": float(np.nanmax(np.abs(self.difference), initial=0.0)),
            "adjustments": len(self.adjustments),
        }


def compare(first: Bars, second: Bars, tolerance: float = TOLERANCE) -> Disagreement:
    """Where ``first`` and ``second``, as supplied, disagree. Raises ``DataError`` for different intervals, and where no
    bar is common to both.
    """
    if first.series.interval != second.series.interval:
        raise DataError(f"Bars of {first.series.interval} and of {second.series.interval} cannot be compared.")
    a, b = _common(first.time, second.time)
    common = first.time[a]
    if not len(common):
        raise DataError(f"{first.series.symbol} and {second.series.symbol} have no bar in common.")
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = second.close[b] / first.close[a] - 1
        is_other = (np.abs(difference) > tolerance) | (np.isnan(first.close[a]) != np.isnan(second.close[b]))
        ratios = [np.log(bars.adj_close[at] / bars.close[at]) for bars, at in ((first, a), (second, b))]
        steps = np.abs(np.diff(ratios[0]) - np.diff(ratios[1])) > _SAME_STEP
    return Disagreement(
        common=common,
        only_first=_others(first.time, a, second.time),
        only_second=_others(second.time, b, first.time),
        closes=common[is_other],
        difference=difference[is_other],
        adjustments=common[1:][steps],
    )


def _common(first: Times, second: Times) -> tuple[Rows, Rows]:
    """The rows of each whose times both have; both ascend."""
    if not len(first) or not len(second):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    if np.array_equal(first, second):
        return np.arange(len(first)), np.arange(len(second))
    places = np.minimum(np.searchsorted(second, first), len(second) - 1)
    same = second[places] == first
    return np.flatnonzero(same), places[same]


def _others(time: Times, rows: Rows, other: Times) -> Times:
    """Of ``time`` all but ``rows``, within the range of ``other``."""
    alone = np.ones(len(time), dtype=np.bool_)
    alone[rows] = False
    alone &= (time >= other[0]) & (time <= other[-1])
    return time[alone]


def counterparts(series: Series) -> tuple[Series, ...]:
    """Other series of that symbol and interval: those that other sources have under the same name, by descending
    priority, then those of other collections.
    """
    name = (series.collection, series.symbol, series.interval)
    same = [SOURCES.get(source)().find(*name) for source in catalog.also_in(series)]
    others = [
        entry.series
        for entry in catalog.entries()
        if entry.series.collection != series.collection
        and (entry.series.symbol, entry.series.interval) == (series.symbol, series.interval)
    ]
    return (*(item for item in same if item is not None), *others)
