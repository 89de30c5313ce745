"""Times at which external values were known: every test of them depends on these, and no data can reveal them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Times
from engine.market.intervals import Interval, bar_interval

Moment = Literal["bar_end", "stamp"]

_WRITTEN: Final = {"bar end": "bar_end", "bar_end": "bar_end", "stamp": "stamp"}
_LATER = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*(bars?|hours?)(?:\s+after\s+(?:the\s+)?(bar end|stamp))?")
MOST_BARS, MOST_HOURS = 1_000, 8_760.0


@dataclass(frozen=True)
class Known:
    """The rule by which values were known: at the end of the bar whose time they have ("bar_end"), or at that time
    itself ("stamp"), and ``hours`` and ``bars`` later. Bars are those of the series that the values are used on.
    """

    moment: Moment = "bar_end"
    bars: int = 0
    hours: float = 0.0

    def __post_init__(self) -> None:
        """Raises ``DataError`` for a rule that cannot be."""
        if self.moment not in ("bar_end", "stamp"):
            raise DataError(f"Values are known at the bar end or at the stamp, not at '{self.moment}'.")
        if not (0 <= self.bars <= MOST_BARS and 0 <= self.hours <= MOST_HOURS):
            raise DataError(f"Values are known from 0 to {MOST_BARS:,} bars or {MOST_HOURS:,.0f} hours later.")

    def moments(self, time: Times, interval: Interval, timezone: str) -> Times:
        """The moment in UTC, datetime64[ms], from which each value at ``time`` was known, ``bars`` apart; dates and
        their midnights are those of ``timezone``.
        """
        bar = bar_interval(interval)
        found = bar.ends(time, timezone) if self.moment == "bar_end" else bar.begins(time, timezone)
        return np.asarray(found + np.timedelta64(round(self.hours * 3_600_000), "ms"))

    def label(self) -> str:
        """The rule as ``known_when`` reads it."""
        base = "bar end" if self.moment == "bar_end" else "stamp"
        later = f"{self.bars} bars" if self.bars else f"{self.hours:g} hours" if self.hours else ""
        return f"{later} after {base}" if later else base

    def sentence(self) -> str:
        """The rule in words: "at the end of its bar", "2 bars after the end of its bar"."""
        base = "the end of its bar" if self.moment == "bar_end" else "its time"
        later = self.bars or self.hours
        noun = "bar" if self.bars else "hour"
        return f"{later:g} {noun}{'s' * (later != 1)} after {base}" if later else f"at {base}"


def known_when(text: str) -> Known:
    """The rule that ``text`` states: "bar end", "stamp", "2 bars" or "6 hours" after the bar's end, or either of them
    "after stamp". Raises ``DataError``.
    """
    plain = " ".join(text.strip().lower().split())
    if plain in _WRITTEN:
        return Known(_WRITTEN[plain])  # type: ignore[arg-type]
    found = _LATER.fullmatch(plain)
    if found is None or (found[2].startswith("bar") and "." in found[1]):
        raise DataError(
            f"'{text[:40]}' does not say when values were known: write 'bar end' (at the end of the bar whose time they"
            " have), 'stamp' (at that time itself), or a delay after it such as '2 bars' or '6 hours after stamp'."
        )
    moment: Moment = "stamp" if found[3] == "stamp" else "bar_end"
    return Known(moment, bars=int(found[1])) if found[2].startswith("bar") else Known(moment, hours=float(found[1]))
