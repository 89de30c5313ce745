"""Versions of series in words: what one changed of the other, and which series of a run have been restated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dashboard.text.format import count, percent
from engine.core.spec import RunSpec
from engine.jobs import library, records
from engine.market.known import Restated, restated
from engine.market.spec import MarketSpec
from engine.market.versions.change import PRICES, Change

NAMED = 4
"""Series that a sentence names."""
_COLUMNS = {"adj_close": "adjusted close", "dividend_per_share": "dividends"}


def sentence(found: Sequence[Restated]) -> str:
    """Which series have been restated, and by how much; "" for none."""
    if not found:
        return ""
    named = [f"{item.series.symbol} ({brief(item.change)})" for item in found[:NAMED]]
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return f"Restated since: {', '.join(named)}{more}."


def since_run(key: str, spec: RunSpec) -> tuple[Restated, ...]:
    """The series that have been restated since the bars of the run ``key`` of ``spec`` were known; of a run on today's
    bars since the last run of the same request.
    """
    if not any(isinstance(item, MarketSpec) and item.known_on for item in spec.walk()):
        before = library.earlier(key, spec)
        key = before.key if before else ""
    return restated(records.series_of(key))


def plain(item: Restated) -> dict[str, Any]:
    """For JSON."""
    series, change = item.series, asdict(item.change) if item.change else None
    about = {"collection": series.collection, "symbol": series.symbol, "interval": series.interval}
    return {**about, "since": item.since, "change": change}


def brief(change: Change | None) -> str:
    """``5,000 bars, at most 1.06%``."""
    if change is None:
        return "by how much is not recorded"
    bars = change.changed + change.inserted + change.withdrawn
    return ", ".join(filter(None, (count(bars, "bar") if bars else "columns", largest(change))))


def largest(change: Change) -> str:
    """The largest relative change of a value; "" where there is none."""
    return "" if change.largest is None else f"at most {percent(change.largest)}"


def detail(change: Change) -> str:
    """``5,000 changed (adjusted close), 1 inserted, 1 withdrawn, 1 added``."""
    prices = [name for name in PRICES if name in change.columns]
    names = prices if len(prices) < len(PRICES) else ["prices"]
    names += [name for name in change.columns if name not in PRICES]
    columns = ", ".join(_COLUMNS.get(name, name) for name in names)
    counts = {
        f"changed ({columns})" if columns else "changed": change.changed,
        "inserted": change.inserted,
        "withdrawn": change.withdrawn,
        "added": change.added,
    }
    return ", ".join(f"{number:,} {what}" for what, number in counts.items() if number) or f"other columns ({columns})"
