"""The verdict on a series: its findings without their rows, computed once for the same bars and stored."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from hashlib import sha256
from weakref import WeakKeyDictionary

from engine.core import libraries
from engine.core.database import connect
from engine.core.errors import StoreError
from engine.jobs.closure import closure
from engine.market.bars import Bars
from engine.market.quality.check import check
from engine.market.quality.finding import Finding, Severity

CAVEAT = "Data quality of"
"""What a caveat on a grave finding begins with, before the symbol."""

_AT_ONCE = 500


@dataclass(frozen=True)
class Noted:
    """One finding of a verdict; ``first`` and ``last`` are its ISO dates, ``repairs`` counts the proposals."""

    name: str
    severity: Severity
    count: int
    first: str
    last: str
    sentence: str
    effect: str
    repairs: int


Verdict = tuple[Noted, ...]
"""By descending severity; empty for a clean series."""


def verdicts(series: Sequence[Bars]) -> tuple[Verdict, ...]:
    """The verdict on each of ``series``, whole ones as they are read, from its bars alone (``check.check``)."""
    memory = _memory()
    unknown = {_key(bars): bars for bars in series if bars not in memory}
    stored = load(tuple(unknown))
    made = {}
    for key, bars in unknown.items():
        found = stored.get(key)
        if found is None:
            found = made[key] = noted(bars, check(bars))
        memory[bars] = found
    save(made)
    return tuple(memory[bars] if bars in memory else noted(bars, check(bars)) for bars in series)


def with_caveats(part: Bars, verdict: Verdict) -> Bars:
    """``part`` of a series with the grave findings of ``verdict`` that concern its range."""
    if not verdict or not len(part):
        return part
    first, last = str(part.days[0]), str(part.days[-1])
    grave = tuple(
        f"{CAVEAT} {part.series.symbol}: {item.sentence} {item.effect}"
        for item in verdict
        if item.severity == "grave" and item.first <= last and item.last >= first
    )
    return replace(part, caveats=grave) if grave else part


def noted(bars: Bars, findings: Iterable[Finding]) -> Verdict:
    """``findings`` on ``bars`` without their rows."""
    return tuple(_noted(bars, finding) for finding in findings)


def _noted(bars: Bars, finding: Finding) -> Noted:
    days = bars.days[finding.rows] if len(finding.rows) else finding.days
    first, last = (str(days.min()), str(days.max())) if len(days) else ("", "")
    about = (finding.name, finding.severity, finding.count, first, last)
    return Noted(*about, finding.sentence, finding.effect, len(finding.repairs))


def load(keys: Sequence[str]) -> Mapping[str, Verdict]:
    """Those of the stored verdicts; none where the database fails."""
    found: dict[str, Verdict] = {}
    if not keys:
        return found
    with contextlib.suppress(StoreError), connect() as connection:
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            rows = connection.execute(f"SELECT key, verdict FROM quality WHERE key IN ({marks})", part)
            found |= {row["key"]: tuple(Noted(*item) for item in json.loads(row["verdict"])) for row in rows}
    return found


def save(made: Mapping[str, Verdict]) -> None:
    """Store verdicts by key; without effect where the database fails, as they can be computed again."""
    if not made:
        return
    now = time.time()
    rows = [(key, json.dumps([astuple(item) for item in verdict]), now) for key, verdict in made.items()]
    with contextlib.suppress(StoreError), connect() as connection:
        connection.executemany("INSERT OR REPLACE INTO quality (key, verdict, created) VALUES (?, ?, ?)", rows)


def key_of(bars: Bars, *about: str) -> str:
    """The key of a verdict on ``bars``: their digest, the code of the checks, and what else it depends on."""
    return key_of_digest(bars.digest(), *about)


def key_of_digest(digest: str, *about: str) -> str:
    """``key_of`` bars of that digest."""
    return sha256("|".join((digest, _code(), *about)).encode()).hexdigest()


def _key(bars: Bars) -> str:
    """Provider and time of the fetch, which the digest leaves out, decide about bars of the future."""
    return key_of(bars, bars.series.fetched[:10])


@cache
def _code() -> str:
    """Digest of the checks, and the versions of the libraries that they use: those of the sessions among them."""
    found = closure(frozenset({"engine.market.quality.check", "engine.market.quality.sessions"}))
    return f"{found.digest} {sorted(libraries.versions(found.packages).items())}"


@cache
def _memory() -> WeakKeyDictionary[Bars, Verdict]:
    return WeakKeyDictionary()
