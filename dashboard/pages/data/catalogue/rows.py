"""The catalogue's rows, and the series that the browser names by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from dashboard.components import table
from dashboard.text.format import count, minute
from engine.core.errors import DataError
from engine.market.inventory import Item
from engine.market.quality.finding import SEVERITIES, Severity
from engine.market.quality.verdict import Verdict
from engine.market.trash import DAYS, Deleted
from engine.market.uses import Name

Chosen: TypeAlias = Sequence[str] | None
"""Ids of the selected rows."""

MOST = 200
"""Series that are moved at once: each is a few files, written safely."""
CLEAN, UNCHECKED = "Clean", "Not checked"
_NOUNS: Mapping[Severity, tuple[str, str]] = {
    "grave": ("grave", "grave"),
    "warning": ("warning", "warnings"),
    "note": ("note", "notes"),
}
_RANKS: Mapping[Severity, int] = {"grave": 4, "warning": 3, "note": 2}
_BETWEEN = "\n"

COLUMNS = [
    table.Column("symbol", "Symbol", least=86),
    table.Column("collection", "Collection", least=86),
    table.Column("interval", "Interval", width=62),
    table.Column("first", "From", width=89),
    table.Column("last", "To", width=89),
    table.Column("rows", "Bars", "number", width=90),
    table.Column("size", "Size", width=64, help="Of its file; the sample and your own sources have none here."),
    table.Column("source", "Source", least=70, help="Where it was fetched from, or the source that it is read from."),
    table.Column("fetched", "Fetched", width=89, help="Date in UTC; hover for the time."),
    table.Column("quality", "Quality", width=106, help="The worst findings of the last check of these very bars."),
    table.Column("runs", "Runs", "number", width=52, help="Stored runs that name it; click to find the backtests."),
    table.Column("print", "Fingerprint", width=84, help="The first digits of the digest of its bars."),
]
TRASH_COLUMNS = [
    table.Column("symbol", "Symbol", least=90),
    table.Column("collection", "Collection", least=90),
    table.Column("interval", "Interval", width=74),
    table.Column("rows", "Bars", "number", width=86),
    table.Column("size", "Size", width=78),
    table.Column("deleted", "Deleted", width=150),
    table.Column("left", "Days left", "number", width=84, help="Until it is deleted for good."),
]


def row(item: Item) -> dict[str, Any]:
    """A series as a row."""
    series = item.series
    words, rank = badge(item.verdict)
    return {
        "id": row_id(item.name),
        "symbol": series.symbol,
        "collection": series.collection,
        "interval": series.interval,
        "first": series.start[:10],
        "last": series.end[:10],
        "rows": series.rows,
        "size": item.size or None,
        "source": series.provider or (series.origin if item.is_stored else series.source),
        "fetched": series.fetched[:10],
        "moment": series.fetched[:16].replace("T", " "),
        "quality": words,
        "rank": rank,
        "runs": item.runs,
        "print": item.fingerprint[:8],
        "stored": item.is_stored,
    }


def badge(verdict: Verdict | None) -> tuple[str, int]:
    """The worst findings by number, and their rank: the higher, the worse; 0 for what has not been checked."""
    if verdict is None:
        return UNCHECKED, 0
    found = Counter(item.severity for item in verdict)
    worst = next((severity for severity in SEVERITIES if found[severity]), None)
    return (CLEAN, 1) if worst is None else (count(found[worst], *_NOUNS[worst]), _RANKS[worst])


def trash_row(item: Deleted, now: float) -> dict[str, Any]:
    """A deleted series as a row."""
    moment = minute(item.deleted)
    left = max(0, DAYS - int((now - item.deleted) // 86_400))
    about = {"id": item.id, "symbol": item.symbol, "collection": item.collection, "interval": item.interval}
    return about | {"rows": item.rows, "size": item.size, "deleted": moment, "left": left}


def row_id(name: Name) -> str:
    """What a row is known by in the browser."""
    return _BETWEEN.join(name)


def names(chosen: Chosen, most: int = MOST) -> list[Name]:
    """The series that the browser names. Raises ``DataError`` for too many of them, and for what names none."""
    found = []
    for text in chosen or ():
        parts = text.split(_BETWEEN)
        if len(parts) != 3:
            raise DataError("The selection names no series: reload the page.")
        found.append((parts[0], parts[1], parts[2]))
    if len(found) > most:
        raise DataError(
            f"At most {most:,} series at once, not {len(found):,}: select fewer, or use 'stratoscope data' for a "
            "whole collection."
        )
    return found


def named(found: Sequence[Name]) -> str:
    """``AAPL in mine``, or how many."""
    return f"{found[0][1]} in {found[0][0]}" if len(found) == 1 else count(len(found), "series", "series")
