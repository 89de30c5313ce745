"""Saved runs in words: as rows of the library, and beside the run on the page where their requests are equal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import runs, state
from dashboard.pages.backtest import comparison
from dashboard.pages.backtest.form import FORM
from dashboard.text.format import minute
from dashboard.text.metrics import metric_text
from engine.backtest.metrics import METRICS
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.differences import Difference, differences
from engine.jobs import library
from engine.jobs.library import UNKNOWN_CHANGE, Saved

_SECONDS = len("2026-03-31 14:05:00")
LISTED = ("cagr", "sharpe", "max_drawdown", "trades")
_OTHER = {"code": "another version of the code", "libraries": "other library versions"}


def row(item: Saved, changed: str = "") -> dict[str, Any]:
    """A saved run as a row of the table; ``changed`` is what ``library.changes`` says of it."""
    market, query = item.spec.market, state.to_query(item.spec)
    setup = "; ".join(part for part in (settings(item.spec), f"{market.collection}, {market.interval}") if part)
    return {
        "key": item.key,
        "path": "/backtest",
        "label": item.label,
        "setup": setup,
        "about": f"{', '.join(market.symbols)}; {setup}; run {runs.short({'key': item.key})}",
        "query": query,
        "changed": changed,
        "stored": item.size > 0,
        "then": f"{query}&compare={comparison.HERE},{item.key}",
        "created": item.created * 1000,
        "moment": minute(item.created),
        "tags": ", ".join(item.tags),
        "note": item.note,
        "pinned": item.pinned,
        "deleted": item.deleted is not None,
        "renames": item.deleted is None,
        **{name: item.metrics.get(name) for name in LISTED},
    }


def settings(spec: BacktestSpec) -> str:
    """What ``spec`` sets otherwise than a fresh form with its symbols and its strategy: what its label leaves out. The
    costs, which runs often have in common, come last.
    """
    market = {name: getattr(spec.market, name) for name in ("collection", "symbols", "interval")}
    fresh = BacktestSpec.parse({**FORM.defaults(), "market": market})
    current = fresh.model_copy(update={"strategy": spec.strategy})  # not every strategy suits the other settings
    found = sorted(differences([current, spec]), key=lambda item: item.path.startswith("costs."))
    return "; ".join(f"{item.title.lower()} {_shown(item)}" for item in found)


def _shown(item: Difference) -> str:
    """What is set; a moment to the second."""
    return item.values[1][:_SECONDS] if item.path == "market.known_on" else item.values[1]


def earlier(key: str, spec: BacktestSpec, result: BacktestResult, item: Saved | None) -> Sequence[Component | str]:
    """What ``item``, a saved run of the same request, had otherwise than ``result``, the run ``key``."""
    if item is None:
        return []
    differs = difference(key, item) or UNKNOWN_CHANGE
    other = _OTHER.get(differs, f"different {differs}")
    day = f"{datetime.fromtimestamp(item.created, UTC):%Y-%m-%d}"
    changed = [_changed_metric(name, item, result) for name in LISTED]
    moved = ", ".join(text for text in changed if text) or "its key metrics are the same"
    link = dcc.Link("Compare", href=comparison.compare_link(spec, item.key))
    return [html.Span(f"This request was computed on {day} with {other}: {moved}."), link]


def difference(key: str, item: Saved) -> str:
    """What the run ``key`` and ``item`` were not both computed from, as ``library.changes`` says it."""
    own = library.find([key]).get(key)
    if own is None or own.origin is None or item.origin is None:
        return ""
    return library.changed_parts(item.origin, own.origin)


def moved(item: Saved, result: BacktestResult) -> list[str]:
    """The key metrics of ``result`` that read otherwise in the run ``item``, which is the one on today's bars."""
    pairs = [(name, metric_text(name, result.metrics[name]), metric_text(name, item.metrics.get(name)))
             for name in LISTED]  # fmt: skip
    return [f"{METRICS[name].title} {now} instead of {then}" for name, then, now in pairs if then != now]


def _changed_metric(name: str, item: Saved, result: BacktestResult) -> str:
    """A metric then and now; nothing where both read the same."""
    before, now = metric_text(name, item.metrics.get(name)), metric_text(name, result.metrics[name])
    return f"{METRICS[name].title} {before} then, {now} now" if before != now else ""
