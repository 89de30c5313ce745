"""Notes on restated bars beside a result, with links to the bars as they were and as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.pages.backtest import comparison, saved
from dashboard.runs.restated import on_bars_of, shown
from dashboard.text.restated import sentence, since_run
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.errors import EngineError
from engine.jobs import library, runner
from engine.jobs.library import Saved


def note(key: str, spec: BacktestSpec, result: BacktestResult) -> Sequence[Component | str]:
    """Of a run on bars as known on a date, what has been restated since and what today's give; of another, what a run
    of the same request had otherwise.
    """
    if spec.market.known_on:
        return _as_known(key, spec, result)
    item = library.earlier(key, spec)
    told = saved.earlier(key, spec, result, item)
    if item is None or not (text := sentence(since_run(key, spec))):
        return told
    return [html.Span([told[0], " ", text]), *told[1:], *_repeat(spec, item)]


def _as_known(key: str, spec: BacktestSpec, result: BacktestResult) -> list[Component | str]:
    today = on_bars_of(spec, None)
    text = sentence(since_run(key, spec)) or "Nothing has been restated since."
    link = dcc.Link("Run on today's data", href=comparison.compare_link(today, key))
    return [html.Span(f"On bars as known on {shown(spec.market.known_on)} UTC. {text}{_today(today, result)}"), link]


def _today(today: BacktestSpec, result: BacktestResult) -> str:
    """The key metrics as known then and on today's bars, where that run is stored."""
    try:
        found = library.find([runner.run_key(today)])
    except EngineError:  # the bars are gone
        return ""
    moved = [text for item in found.values() for text in saved.moved(item, result)]
    return f" With today's bars: {', '.join(moved)}." if moved else ""


def _repeat(spec: BacktestSpec, item: Saved) -> list[Component]:
    """The way to the run on the bars as they were when ``item`` was computed."""
    query = state.to_query(on_bars_of(spec, datetime.fromtimestamp(item.created, UTC)))
    return [dcc.Link("Repeat as it was", href=f"/backtest?spec={query}", title="The same request on the bars of then")]
