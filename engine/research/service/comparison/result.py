"""The result of comparing a champion with its challenger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.store import Labelled
from engine.market.bars import Floats, Times


@dataclass(frozen=True)
class Difference:
    """The score ``name`` of both models on the same rows, and that of the challenger less that of the champion with its
    95% block-bootstrap interval; NaN where there is none. ``paper_return`` is the mean return of a year.
    """

    name: str
    champion: float
    challenger: float
    difference: float
    low: float
    high: float

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero. It holds for one look."""
        return bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True, eq=False, repr=False)
class ComparisonResult(Labelled):
    """Two models on ``rows`` of ``dates`` times, ``scored`` of which have a known label, from ``first`` to ``last``.

    The hit rate of the challenger less that of the champion, in blocks of ``block`` times, so that labels that overlap
    are mostly within one: ``moment`` datetime64[ms] is when the last label of each was known, ``mean`` the
    difference so far, and ``low`` and ``high`` the confidence sequence (``sequence``). ``decided`` is the ISO time at
    which it first excluded zero, empty where it has not.

    Paper accounts of both over the same days: ``time``, ``champion``, ``challenger`` and ``benchmark``, buy and hold
    of the champion's symbols, each as growth of 1; empty where one has none. ``notes`` say what is missing, and why.
    """

    label: str
    names: tuple[str, str]
    rows: int
    scored: int
    dates: int
    first: str
    last: str
    differences: tuple[Difference, ...]
    block: int
    moment: Times
    mean: Floats
    low: Floats
    high: Floats
    decided: str
    time: Times
    champion: Floats
    challenger: Floats
    benchmark: Floats
    notes: tuple[str, ...]

    @property
    def better(self) -> str:
        """The model that is better by the confidence sequence; empty where nothing is decided."""
        if not self.decided:
            return ""
        return self.names[1] if self.low[-1] >= 0 else self.names[0]  # zero itself is outside

    def summary(self) -> Mapping[str, object]:
        return {
            "champion": self.names[0],
            "challenger": self.names[1],
            "first": self.first,
            "last": self.last,
            "rows": self.rows,
            "scored": self.scored,
            "differences": {
                item.name: {
                    key: round(value, 6) if np.isfinite(value := float(getattr(item, key))) else None
                    for key in ("champion", "challenger", "difference", "low", "high")
                }
                for item in self.differences
            },
            "block": self.block,
            "decided": self.decided,
            "better": self.better,
            "notes": list(self.notes),
        }
