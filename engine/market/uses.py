"""Stored runs by the series that they were computed from, according to their requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from engine.core.database import connect

Name = tuple[str, str, str]
"""Collection, symbol and interval."""
_RUNS = """
SELECT runs.spec FROM runs LEFT JOIN run_notes USING (key)
WHERE deleted IS NULL AND runs.spec LIKE '%"collection"%'
"""


def runs_by_series() -> Mapping[Name, int]:
    """Stored runs by the series that their requests name, those in the bin left out. Raises ``StoreError``."""
    with connect() as database:
        specs = [row["spec"] for row in database.execute(_RUNS)]
    return Counter(name for spec in specs for name in named_in(spec))


@lru_cache(maxsize=32_768)
def named_in(spec: str) -> frozenset[Name]:
    """The series that a request, as JSON, names; none where it cannot be read."""
    try:
        return frozenset(_named(json.loads(spec)))
    except (ValueError, RecursionError):
        return frozenset()


def _named(value: object) -> Iterator[Name]:
    """Of each part with a collection its symbols; bars of a part that does not say are daily."""
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    if not isinstance(value, dict):
        return
    if isinstance(collection := value.get("collection"), str):
        symbols = value.get("symbols", value.get("symbol"))
        for symbol in [symbols] if isinstance(symbols, str) else symbols if isinstance(symbols, list) else []:
            yield collection, str(symbol), str(value.get("interval", "1d"))
    for item in value.values():
        if isinstance(item, dict | list):
            yield from _named(item)
