"""Findings and checks: what is wrong with a series, and how each kind of check describes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Series
from engine.market.quality.edits import Edit

Severity = Literal["grave", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("grave", "warning", "note")
"""By descending severity. A grave finding makes a backtest wrong, and is a warning on every result computed from the
series; a warning can affect a backtest; a note is to be known."""

Rows = NDArray[np.intp]


def _no_rows() -> Rows:
    return np.empty(0, dtype=np.intp)


def _no_days() -> NDArray[np.datetime64]:
    return np.empty(0, dtype="datetime64[D]")


@dataclass(frozen=True, eq=False)
class Finding:
    """One kind of fault of a series.

    ``rows`` are the bars affected, ascending indices from 0; ``days`` are dates without a bar, ascending, for what is
    missing. ``sentence`` says what was found and ``effect`` what it does to a backtest. ``repairs`` are proposed edits
    that are safe, which are applied only on request.
    """

    name: str
    severity: Severity
    rows: Rows
    sentence: str
    effect: str
    days: NDArray[np.datetime64] = field(default_factory=_no_days)
    repairs: tuple[Edit, ...] = ()

    @property
    def count(self) -> int:
        """Bars affected or missing."""
        return len(self.rows) or len(self.days)

    @property
    def first(self) -> int | None:
        """Index of the first bar affected; None where the bars are missing."""
        return int(self.rows[0]) if len(self.rows) else None


def missing(name: str, severity: Severity, days: NDArray[np.datetime64], sentence: str, effect: str) -> Finding:
    """A finding of dates without a bar."""
    return Finding(name, severity, _no_rows(), sentence, effect, days)


@dataclass(frozen=True)
class About:
    """Title of a check, and what is true of a series that passes it. ``needs`` are the columns without which it does
    not apply.
    """

    title: str
    passes: str
    needs: Literal["", "ohlc", "volume"] = ""

    def applies(self, series: Series) -> bool:
        """Whether ``series`` has what the check needs."""
        return {"": True, "ohlc": series.has_ohlc, "volume": series.has_volume}[self.needs]


@dataclass(frozen=True)
class Family:
    """Checks that share their work: what each is ``about`` by name, and the search, whose findings have these names.
    The search is only asked about series that are sound in the sense of ``integrity``, but for infinite values.
    """

    about: Mapping[str, About]
    search: Callable[[Bars], Iterable[Finding]]


def mask_rows(mask: NDArray[np.bool_]) -> Rows:
    """Indices of the true values."""
    return np.flatnonzero(mask)


def counted(count: int, noun: str = "bar") -> str:
    """``1 bar``, ``2,000 bars``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def share(count: int, total: int) -> str:
    """``3%`` or ``under 0.1%`` of ``total``."""
    part = count / total if total else 0.0
    return "under 0.1%" if part < 0.001 else f"{part:.1%}"
