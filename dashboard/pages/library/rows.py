"""Rows of the library's table: the request of each entry, its outcome, and where it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dashboard import state
from dashboard.components.preview import TONES
from dashboard.text.format import count, minute, number, signed_percent
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.errors import EngineError
from engine.core.spec import kind_name
from engine.features.sets import versions
from engine.features.spec import FeatureSpec
from engine.models.scores import HEADLINE
from engine.models.spec import ModelSpec
from engine.models.tuning.spec import TuningSpec
from engine.research import shelf
from engine.research.shelf import FEATURE_SET, Entry
from engine.research.verification.spec import VerificationSpec

BACKTEST, SWEEP, WALK, VERIFICATION, MODEL, TUNING = map(
    kind_name, (BacktestSpec, SweepSpec, WalkForwardSpec, VerificationSpec, ModelSpec, TuningSpec)
)
TITLES: Mapping[str, tuple[str, str]] = {
    BACKTEST: ("Backtest", "Backtests"),
    SWEEP: ("Sweep", "Sweeps"),
    WALK: ("Walk-forward", "Walk-forwards"),
    VERIFICATION: ("Verification", "Verifications"),
    MODEL: ("Model", "Models"),
    TUNING: ("Tuning", "Tunings"),
    FEATURE_SET: ("Feature set", "Feature sets"),
}
"""One of a kind, and several."""
GRADES = {"good": "Passes", "doubtful": "Doubtful", "bad": "Fails", "none": "Not tested"}
_PAGES = {MODEL: "/models", TUNING: "/models", FEATURE_SET: "/features"}
_NAMED = 4  # symbols
_SCORES = {"auc": "AUC", "rank_ic": "rank IC"}


def rows(entries: Sequence[Entry], trials: int) -> list[dict[str, Any]]:
    """A row for each; ``trials`` is the number of rows of the ledger now: a verdict of earlier says so."""
    return [_row(entry, trials) for entry in entries]


def _row(entry: Entry, trials: int) -> dict[str, Any]:
    seen = entry.seen
    is_old = bool(entry.made) and entry.made != trials and bool(seen.headline)
    return {
        "key": entry.key,
        "kind": TITLES[entry.kind][0],
        "label": entry.label,
        "setup": "; ".join(part for part in (_symbols(entry.symbols), entry.place) if part),
        "path": _PAGES.get(entry.kind, "/backtest"),
        "query": query(entry),
        "outcome": _OUTCOMES[entry.kind](entry.summary),
        "sharpe": _metrics(entry.summary).get("sharpe") if entry.kind != SWEEP else shelf.best_of(entry.summary),
        "verdict": seen.headline or ("" if entry.preview else "\N{HORIZONTAL ELLIPSIS}"),
        "tone": TONES[seen.grade],
        "reason": seen.reason + (" As of an earlier number of trials." if is_old else ""),
        "curve": seen.own.hex(),  # the cell is drawn anew when this changes
        "held": seen.held.hex(),
        "created": entry.created * 1000,
        "moment": minute(entry.created),
        "tags": entry.tags.replace(",", ", "),
        "pinned": entry.pinned,
        "deleted": entry.deleted,
        "fixed": entry.kind == FEATURE_SET,
        "renames": not entry.deleted,
    }


def query(entry: Entry) -> str:
    """What opens it on its page; "" where its request is of a plug-in that is gone."""
    if entry.kind != FEATURE_SET:
        return _packed(entry.spec) or state.stored_query(entry.spec)
    try:
        return state.to_query(FeatureSpec(features=versions.find(entry.key).features()))
    except EngineError:
        return ""


@lru_cache(maxsize=2 * shelf.LIMIT)
def _packed(spec: str) -> str:
    """Once: of thousands of rows this is what takes longest."""
    return state.packed(spec)


def _symbols(found: Sequence[str]) -> str:
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _metrics(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    found = summary.get("metrics")
    return found if isinstance(found, Mapping) else {}


def _backtest(summary: Mapping[str, Any]) -> str:
    found = _metrics(summary)
    return f"CAGR {signed_percent(found.get('cagr'), 1)}, drawdown {signed_percent(found.get('max_drawdown'), 1)}"


def _sweep(summary: Mapping[str, Any]) -> str:
    return f"best of {count(summary.get('combinations', 0), 'combination')}"


def _walk_forward(summary: Mapping[str, Any]) -> str:
    profitable = f"profitable windows {number(summary.get('profitable'))} of {number(summary.get('windows'))}"
    return f"CAGR {signed_percent(_metrics(summary).get('cagr'), 1)}, {profitable}"


def _verification(summary: Mapping[str, Any]) -> str:
    if summary.get("look_ahead"):
        return "looks ahead"
    return f"CAGR {signed_percent(_metrics(summary).get('cagr'), 1)}, every test"


def _model(summary: Mapping[str, Any]) -> str:
    name, chance = HEADLINE.get(summary.get("task", "binary"), ""), summary.get("p_value")
    words = f"{_SCORES.get(name, name)} {number(shelf.score_of(summary), 3)}"
    return words if chance is None else f"{words}, p = {number(chance, 2)}"


def _tuning(summary: Mapping[str, Any]) -> str:
    best = summary.get("best")
    score = best.get("score") if isinstance(best, Mapping) else None
    return f"best {summary.get('metric', 'score')} {number(score, 3)} of {count(summary.get('trials', 0), 'trial')}"


def _set(summary: Mapping[str, Any]) -> str:
    return count(summary.get("features", 0), "feature")


_OUTCOMES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    BACKTEST: _backtest,
    SWEEP: _sweep,
    WALK: _walk_forward,
    VERIFICATION: _verification,
    MODEL: _model,
    TUNING: _tuning,
    FEATURE_SET: _set,
}
