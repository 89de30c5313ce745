"""Models in service in words: scores, drift, comparison and alerts, for the command line and the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from dashboard.text.format import MISSING, number, percent
from dashboard.text.model_scores import TITLES, shown
from engine.research.service.comparison.result import ComparisonResult, Difference
from engine.research.service.drift import Drift
from engine.research.service.monitoring.result import Change, MonitorResult, Period
from engine.research.service.rescoring.run import Scored

Rows = list[tuple[str, ...]]
_OWN = {"hits": "Hit rate", "paper_return": "Paper return, annualised"}
_SHARES = frozenset(_OWN)
RULES = {
    "input_drift": "Drift of inputs",
    "output_drift": "Drift of predictions",
    "ic_below": "Rank IC",
}
"""The rules by their fields."""
NO_DECISION = "No difference of the hit rates is decided yet"


def score_rows(found: MonitorResult) -> Rows:
    """Heading and a line for each score that matters: at training, on the newest bars, and the change."""
    changes = {item.name: item for item in found.changes}
    names = [name for name in ("auc", "accuracy", "hit_rate", "rank_ic", "ic") if name in _known(found)]
    rows = [
        (
            TITLES[name] if name != "accuracy" else _OWN["hits"],
            _score(found.test, name),
            _score(found.newest, name),
            _change(name, changes.get(name)),
        )
        for name in names
    ]
    rows += [
        (
            "Paper profit",
            _share(found.test.total_return),
            _share(found.newest.total_return),
            _profit_change(changes.get("paper_return")),
        ),
        ("Paper Sharpe", number(_plain(found.test.sharpe), 2), number(_plain(found.newest.sharpe), 2), ""),
        ("Labels", number(found.test.scored), number(found.newest.scored), ""),
        ("Bars", span(found.test), span(found.newest), ""),
    ]
    return [("", "Test at training", "Newest bars", "Change"), *rows]


def drift_rows(items: Sequence[Drift]) -> Rows:
    """Heading and a line an input, the largest distance first."""
    heads = ("Input", "Shift σ", "95% band", "Distance σ", "by chance", "PSI", "by chance", "KS", "by chance", "")
    return [heads, *map(_drift, sorted(items, key=lambda item: -np.nan_to_num(item.wasserstein, nan=-1.0)))]


def difference_rows(found: ComparisonResult) -> Rows:
    """Heading and a line a score."""
    return [("", *found.names, "Difference", "95% band"), *map(_difference, found.differences)]


def decision(found: ComparisonResult) -> str:
    """What the confidence sequence says, in a sentence."""
    if found.better:
        return (
            f"{found.better} has the better hit rate: the difference has been significant since {found.decided[:10]}, "
            "at 5% however often one looks."
        )
    if not len(found.low):
        return f"{NO_DECISION}: too few labels are known."
    low, high = percent(float(found.low[-1]), 1), percent(float(found.high[-1]), 1)
    return f"{NO_DECISION}: challenger less champion lies between {low} and {high}."


def outcome(models: Sequence[Scored], webhook: str) -> list[str]:
    """What scoring came to, a sentence each: alerts that are new, and ``failures``."""
    return [sentence for item in models for sentence in item.sentences] + failures(models, webhook)


def failures(models: Sequence[Scored], webhook: str) -> list[str]:
    """Models that could not be scored, and what went wrong with the webhook."""
    failed = [f"{item.model} could not be scored: {item.failed}" for item in models if item.failed]
    return [*failed, *([webhook] if webhook else [])]


def span(period: Period) -> str:
    return f"{period.first[:10]} to {period.last[:10]}" if period.first else MISSING


def title(name: str) -> str:
    """What a score is called."""
    return _OWN.get(name) or TITLES.get(name, name)


def day(seconds: float | None) -> str:
    """The day of a moment in seconds since 1970."""
    return MISSING if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def band(low: float, high: float, decimals: int = 2) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return MISSING
    return f"{number(low, decimals)} … {number(high, decimals)}"


def _known(found: MonitorResult) -> set[str]:
    return set(found.newest.scores) | set(found.test.scores)


def _score(period: Period, name: str) -> str:
    value, interval = period.scores.get(name, float("nan")), period.interval(name)
    text = shown(name, value)
    return f"{text} ({shown(name, interval[0])} … {shown(name, interval[1])})" if interval else text


def _change(name: str, change: Change | None) -> str:
    if change is None or not np.isfinite(change.value):
        return MISSING
    between = f" ({shown(name, change.low)} … {shown(name, change.high)})" if np.isfinite(change.low) else ""
    return f"{shown(name, change.value)}{between}"


def _profit_change(change: Change | None) -> str:
    if change is None:
        return ""
    return f"{_share(change.value)} annualised ({_share(change.low)} … {_share(change.high)})"


def _drift(item: Drift) -> tuple[str, ...]:
    parts = [(item.wasserstein, item.wasserstein_null), (item.psi, item.psi_null), (item.ks, item.ks_null)]
    pairs = [number(_plain(value), 2) for pair in parts for value in pair]
    return (
        item.name,
        number(_plain(item.shift), 2),
        band(item.low, item.high),
        *pairs,
        "drift" if item.is_beyond else "",
    )


def _difference(item: Difference) -> tuple[str, ...]:
    def text(value: float) -> str:
        return _share(value) if item.name in _SHARES else shown(item.name, value)

    both = (text(item.low), text(item.high))
    return (
        title(item.name), text(item.champion), text(item.challenger), text(item.difference),
        f"{both[0]} … {both[1]}" if np.isfinite(item.low) else MISSING,
    )  # fmt: skip


def _share(value: float) -> str:
    return percent(_plain(value), 1)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
