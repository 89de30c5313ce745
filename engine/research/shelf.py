"""The shelf: whatever has been made here, newest first, whatever its kind: runs of every kind and feature sets.

Rows come from the record of runs and from previews alone. No result is read and no request is parsed, so that thousands
are listed at once; ``refresh`` makes the previews that are ``waiting``.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.database import connect
from engine.core.spec import RunSpec, kind_name
from engine.features.sets import bin, versions
from engine.features.sets.versions import FeatureSet
from engine.jobs import runner
from engine.models.scores import HEADLINE
from engine.models.spec import ModelSpec
from engine.models.tuning.spec import TuningSpec
from engine.research import previews
from engine.research.previews import Preview
from engine.research.sweep_overfitting.spec import OverfittingSpec
from engine.research.verification.spec import VerificationSpec

FEATURE_SET = "feature_set"
RUNS: tuple[type[RunSpec], ...] = (BacktestSpec, SweepSpec, WalkForwardSpec, VerificationSpec, ModelSpec, TuningSpec)
"""Kinds of runs that are on the shelf; others belong to one of these."""
KINDS = (*map(kind_name, RUNS), FEATURE_SET)
LIMIT, SEEN = 5_000, 100
"""Most runs that are listed; those of them whose verdicts are kept as of now."""
_SWEEP, _MODEL, _TUNING = kind_name(SweepSpec), kind_name(ModelSpec), kind_name(TuningSpec)

_SELECT = """
SELECT key, kind, COALESCE(NULLIF(name, ''), label) AS label, label AS request, spec, created, summary, preview, trials,
       COALESCE(tags, '') AS tags, COALESCE(note, '') AS note, COALESCE(pinned, 0) AS pinned, deleted
FROM runs LEFT JOIN run_summaries USING (key) LEFT JOIN run_notes USING (key) LEFT JOIN run_previews USING (key)
WHERE deleted IS %s AND kind IN (%s) ORDER BY created DESC LIMIT ?
"""
_WITHIN = ("market", "base", "backtest")  # where a request keeps its bars, or the request that does
_TESTED = """
SELECT json_extract(spec, '$.sweep') AS sweep, summary FROM runs JOIN run_summaries USING (key)
WHERE kind = ? ORDER BY created
"""
_SAFE, _USELESS = 0.2, 0.5
"""Probabilities of overfitting up to which the best of a sweep holds up, and from which its choice adds nothing."""


@dataclass(frozen=True)
class Entry:
    """One thing on the shelf. ``key`` is a run key, or the reference of a feature set; ``spec`` the JSON of its
    request, "" for a feature set; ``place`` its collection and interval. ``preview`` is None before it is made, and
    ``made`` the number of rows of the ledger then. ``created`` is in seconds since 1970; what is ``deleted`` is in the
    bin. ``label`` is the name that it was given, or that of its request, which ``request`` is in any case.
    """

    key: str
    kind: str
    label: str
    created: float
    spec: str = ""
    symbols: tuple[str, ...] = ()
    place: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)
    preview: Preview | None = None
    made: int = 0
    tags: str = ""
    note: str = ""
    pinned: bool = False
    deleted: bool = False
    request: str = ""

    @property
    def seen(self) -> Preview:
        """Its preview, an empty one before it is made."""
        return self.preview or Preview()

    @property
    def grade(self) -> str:
        """Of its verdict: "good", "doubtful", "bad", "" where nothing was assessed."""
        return self.seen.grade


@dataclass(frozen=True)
class Wanted:
    """What a list is to have: those of a ``kind``, with a ``grade`` ("none" for what has none), on a ``symbol``, with
    every word of ``text`` in label, symbols, tags, note or key. An empty condition holds for all.
    """

    kind: str = ""
    grade: str = ""
    symbol: str = ""
    text: str = ""
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(self.text.casefold().split()))

    def holds(self, entry: Entry) -> bool:
        """Whether ``entry`` meets every condition."""
        if (self.kind and entry.kind != self.kind) or (self.symbol and self.symbol not in entry.symbols):
            return False
        if self.grade and (entry.grade or "none") != self.grade:
            return False
        texts = (entry.label, entry.request, entry.place, entry.tags, entry.note, entry.key, *entry.symbols)
        return not self.words or all(word in "\n".join(texts).casefold() for word in self.words)


def every(*, in_bin: bool = False) -> list[Entry]:
    """All that there is, the pinned first, then the newest; or what is in the bin."""
    sets = [replace(_of_set(item.newest), deleted=True) for item in bin.in_bin()] if in_bin else map(_of_set, _sets())
    found = [*newest(*RUNS, in_bin=in_bin), *sets]
    return sorted(found, key=lambda entry: (not entry.pinned, -entry.created))


def newest(*kinds: type[RunSpec], limit: int = LIMIT, in_bin: bool = False) -> list[Entry]:
    """The newest runs of these kinds, newest first, or those in the bin."""
    names = [kind_name(kind) for kind in kinds]
    query = _SELECT % ("NOT NULL" if in_bin else "NULL", ", ".join("?" for _ in names))
    with connect() as database:
        rows = database.execute(query, (*names, limit)).fetchall()
        tested = database.execute(_TESTED, (kind_name(OverfittingSpec),)).fetchall()
    overfitting = {row["sweep"]: json.loads(row["summary"]) for row in tested}
    return [_entry(row, overfitting) for row in rows]


def waiting(entries: Sequence[Entry]) -> list[Entry]:
    """Those without a preview, then those of the first ``SEEN`` whose verdict counts other trials than there are."""
    now = previews.stamp()
    stale = [entry for entry in entries[:SEEN] if entry.kind in previews.COUNTING and entry.made != now]
    return [*(entry for entry in entries if entry.preview is None), *(item for item in stale if item.preview)]


def refresh(entries: Sequence[Entry], seconds: float = 0.4) -> list[Entry]:
    """The first of ``entries`` with the previews that could be made in ``seconds``, one at least."""
    now, ends, made = previews.stamp(), time.perf_counter() + seconds, []
    for entry in entries:
        spec = runner.find_run(entry.key)
        made.append(replace(entry, preview=previews.of(entry.key, spec) if spec else Preview(), made=now))
        previews.keep(entry.key, made[-1].seen, now)
        if time.perf_counter() > ends:
            break
    return made


def symbols(entries: Sequence[Entry]) -> list[str]:
    """The symbols of ``entries``, each once, in alphabetical order."""
    return sorted({symbol for entry in entries for symbol in entry.symbols})


def score_of(summary: Mapping[str, Any]) -> float | None:
    """The main score of a model (``scores.HEADLINE``), by its summary."""
    scores = summary.get("scores")
    return scores.get(HEADLINE.get(summary.get("task", "binary"), "")) if isinstance(scores, dict) else None


def best_of(summary: Mapping[str, Any]) -> float | None:
    """The highest Sharpe ratio of a sweep, annualised, by its summary."""
    best = summary.get("best")
    first = best[0] if isinstance(best, list) and best and isinstance(best[0], dict) else {}
    found: float | None = first.get("sharpe")
    return found


def _entry(row: sqlite3.Row, overfitting: Mapping[str, Mapping[str, Any]]) -> Entry:
    kind, plain = row["kind"], json.loads(row["spec"])
    summary = json.loads(row["summary"]) if row["summary"] else {}
    market = _market(plain)
    kept = previews.read(row["preview"])
    if kind in (_SWEEP, _MODEL, _TUNING):
        kept = _from_summary(kind, summary, overfitting.get(row["spec"]))
    return Entry(
        key=row["key"],
        kind=kind,
        label=row["label"],
        created=row["created"],
        spec=row["spec"],
        symbols=tuple(market.get("symbols", ())),
        place=", ".join(str(market[name]) for name in ("collection", "interval") if name in market),
        summary=summary,
        preview=kept,
        made=row["trials"] or 0,
        tags=row["tags"],
        note=row["note"],
        pinned=bool(row["pinned"]),
        deleted=row["deleted"] is not None,
        request=row["request"],
    )


def _market(plain: Any) -> Mapping[str, Any]:
    """The bars that a request is about, as plain values."""
    for name in _WITHIN:
        if isinstance(plain, dict) and isinstance(plain.get(name), dict):
            return plain[name] if name == "market" else _market(plain[name])
    return {}


def _from_summary(kind: str, summary: Mapping[str, Any], tested: Mapping[str, Any] | None) -> Preview:
    """The verdict on a sweep, a model or a tuning, which their summaries hold; none of them has a curve."""
    if kind == _SWEEP:
        return _of_sweep(tested)
    if kind == _TUNING:
        return _of_chance(summary.get("p_value"), "the best of as many trials without skill")
    score, band = score_of(summary), summary.get("null_band")
    if score is None or not isinstance(band, list):
        return Preview()
    if score > band[1]:
        return Preview(grade="good", headline="Above luck", reason="Above 95% of the models of shuffled labels.")
    return Preview(grade="bad", headline="No edge", reason="Within what models of shuffled labels reach.")


def _of_sweep(tested: Mapping[str, Any] | None) -> Preview:
    chance = (tested or {}).get("probability of overfitting")
    if not isinstance(chance, int | float):
        return Preview()
    grade = "good" if chance <= _SAFE else "bad" if chance >= _USELESS else "doubtful"
    words = f"Probability that the best combination is below the median out of sample: {chance:.0%}."
    return Preview(grade=grade, headline=f"{chance:.0%} overfitting", reason=words)


def _of_chance(p_value: object, against: str) -> Preview:
    if not isinstance(p_value, int | float):
        return Preview()
    if p_value < 0.05:
        return Preview(grade="good", headline="Above luck", reason=f"p = {p_value:.2f} against {against}.")
    return Preview(grade="bad", headline="No edge", reason=f"p = {p_value:.2f} against {against}.")


def _sets() -> Iterator[FeatureSet]:
    """The newest version of each set of the user's own."""
    return (item for item in versions.every() if not item.is_published)


def _of_set(found: FeatureSet) -> Entry:
    created = datetime.fromisoformat(found.created).timestamp()
    return Entry(found.reference, FEATURE_SET, found.reference, created, summary={"features": found.count},
                 preview=Preview())  # fmt: skip
