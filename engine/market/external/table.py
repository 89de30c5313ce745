"""A table of external values, and what a decision at the close of a bar can use of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError, did_you_mean
from engine.market.availability import align_known, align_to_ends, began_at, known_at
from engine.market.bars import Bars, Floats, Times
from engine.market.external.known import Known
from engine.market.intervals import Interval, bar_interval
from engine.market.panel import Panel

Kind = Literal["signals", "weights", "predictions"]

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "signals": "1 for long, -1 for short, 0 for flat",
        "weights": "target share of the equity",
        "predictions": "a score or a probability",
    }
)
"""The kinds of values, and what a value of each is."""


@dataclass(frozen=True)
class About:
    """Metadata of a table, known without reading its values.

    Times of ``interval`` 1d, 1w and 1mo are dates at the exchange, those of a shorter one moments in UTC. ``timezone``
    is that of the dates; empty for that of the series that the values are used on. ``start`` and ``end`` are the ISO
    times of the first and the last row. ``origin`` is where the values came from, ``stored`` the ISO time in UTC.
    """

    name: str
    kind: Kind
    interval: Interval
    timezone: str
    known: Known
    symbols: tuple[str, ...]
    rows: int
    start: str
    end: str
    lowest: float
    highest: float
    origin: str
    stored: str


@dataclass(frozen=True, eq=False)
class ExternalValues:
    """``time`` datetime64[ms], ``symbol`` int32 (index into ``about.symbols``) and ``value`` float64 have one entry per
    row, symbol after symbol, each ascending in time without repetition; every value is finite.
    """

    about: About
    time: Times
    symbol: NDArray[np.int32]
    value: Floats
    _joined: dict[tuple[str, str], tuple[Times, Floats]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.time)

    def usable(self, bars: Bars) -> Floats:
        """The value that each of ``bars`` is the first to know at its close; float64, NaN where there is none.

        A value is assigned to the first bar that had not ended before it was known, the latest of several on one bar,
        and is not forward filled (``availability.align_known``). Raises ``DataError`` where the table lacks the symbol.
        """
        known, values = self._known(bars.series.symbol, bars.series.timezone)
        return delayed(align_known(values, known, bars), self.about.known.bars)

    def require_reaching(self, bars: Bars) -> None:
        """Raise ``DataError`` where the values of the symbol end before the first of ``bars`` begins."""
        known, _ = self._known(bars.series.symbol, bars.series.timezone)
        if len(bars) and known[-1] < began_at(bars.slice(0, 1))[0]:
            raise DataError(
                f"The values '{self.about.name}' of {bars.series.symbol} end on {str(known[-1])[:10]}, before its bars "
                f"begin on {str(bars.time[0])[:10]}: choose an earlier range."
            )

    def usable_in(self, panel: Panel) -> Floats:
        """``usable`` of each symbol at the times of ``panel`` (bars, symbols), whether or not it has a bar there."""
        found = np.full((len(panel), len(panel.symbols)), np.nan)
        for column, symbol in enumerate(panel.symbols if len(panel) else ()):
            interval, zone = panel.clocks[column]
            known, values = self._known(symbol, zone)
            first = bar_interval(interval).begins(panel.time[:1], zone)[0]
            aligned = align_to_ends(values, known, panel.ends(column), first, interval)
            found[:, column] = delayed(aligned, self.about.known.bars)
        return found

    def latest(self, bars: Bars, days: int) -> Floats:
        """The last value that was known at the close of each of ``bars``, not longer than ``days`` before; NaN where
        there is none or the bar has no close. Raises ``DataError`` where the table lacks the symbol.
        """
        known, values = self._known(bars.series.symbol, bars.series.timezone)
        found = np.full(len(bars), np.nan)
        ends = known_at(bars)
        last = np.searchsorted(known, ends, side="right") - 1
        is_known = last >= 0
        is_known[is_known] = ends[is_known] - known[last[is_known]] <= np.timedelta64(days, "D")
        found[is_known] = values[last[is_known]]
        found = delayed(found, self.about.known.bars)
        found[~np.isfinite(bars.close)] = np.nan
        return found

    def rows_of(self, symbol: str) -> slice:
        """The rows of ``symbol``. Raises ``DataError`` where there is none."""
        if symbol not in self.about.symbols:
            raise DataError(
                f"The values '{self.about.name}' have none for {symbol}: leave it out, or store values for it too."
                f"{did_you_mean(symbol, self.about.symbols)}"
            )
        at = self.about.symbols.index(symbol)
        first, last = np.searchsorted(self.symbol, [at, at + 1])
        return slice(int(first), int(last))

    def digest(self) -> str:
        """sha256 over the values and what decides their use: kind, interval, time zone, and when they were known."""
        about = self.about
        facts = (about.kind, about.interval, about.timezone, sorted(asdict(about.known).items()), about.symbols)
        total = hashlib.sha256(repr(facts).encode())
        for values in (self.time, self.symbol, self.value):
            total.update(np.ascontiguousarray(values).tobytes())
        return total.hexdigest()

    def _known(self, symbol: str, timezone: str) -> tuple[Times, Floats]:
        """From when each value of ``symbol``, whose exchange is in ``timezone``, was known, and the values; computed
        once.
        """
        place = (symbol, self.about.timezone or timezone)
        if place not in self._joined:
            rows = self.rows_of(symbol)
            known = self.about.known.moments(self.time[rows], self.about.interval, place[1])
            self._joined[place] = known, self.value[rows]
        return self._joined[place]


def delayed(values: Floats, bars: int) -> Floats:
    """``values`` shifted by ``bars`` bars; the first are NaN."""
    if not bars:
        return values
    found = np.full(len(values), np.nan)
    found[bars:] = values[:-bars]
    return found
