"""Recent backtests, models and sweeps, newest first, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.components import preview
from dashboard.components.metric import tone
from dashboard.text.format import count, number, percent, signed_percent
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.spec import RunSpec, kind_name
from engine.jobs import library
from engine.models.spec import ModelSpec
from engine.research import shelf
from engine.research.shelf import Entry

SHOWN, FEW = 8, 5


def totals() -> list[str]:
    """How many of each there are."""
    kinds = ((BacktestSpec, "backtest"), (ModelSpec, "model"), (SweepSpec, "sweep"))
    return [count(library.size(kind_name(spec)), noun) for spec, noun in kinds]


def runs() -> list[Component]:
    """The newest backtests, each with its curve beside holding, its costs and its verdict."""
    found = _newest(BacktestSpec, SHOWN)
    if not found:
        return [_nothing("No backtest yet: run the question above, or one of your own.")]
    heads = ("Run", "UTC", "Equity and holding", "CAGR", "Sharpe", "Drawdown", "Costs, annualised", "Verdict")
    return [_table(heads, [_run(item) for item in found])]


def models() -> list[Component]:
    """The newest models with their score out of sample and how often models of shuffled labels reach it."""
    found = _newest(ModelSpec, FEW)
    if not found:
        return [_nothing("No model yet.")]
    return [_table(("Model", "Score", "p", "Verdict"), [_model(item) for item in found])]


def sweeps() -> list[Component]:
    """The newest sweeps, whose names tell how many combinations they had, and the best Sharpe ratio among them."""
    found = _newest(SweepSpec, FEW)
    if not found:
        return [_nothing("No sweep yet.")]
    return [_table(("Sweep", "Best Sharpe", "Verdict"), [_sweep(item) for item in found])]


def _newest(kind: type[RunSpec], limit: int) -> list[Entry]:
    """The newest of a kind, their verdicts as of now."""
    found = shelf.newest(kind, limit=limit)
    made = {item.key: item for item in shelf.refresh(shelf.waiting(found), seconds=1.0)}
    return [made.get(item.key, item) for item in found]


def _run(item: Entry) -> Sequence[Any]:
    figures, seen = item.summary.get("metrics") or {}, item.seen
    return (
        _link("backtest", item),
        _moment(item.created),
        preview.curves(seen),
        html.Span(signed_percent(figures.get("cagr")), className=tone(figures.get("cagr"))),
        number(figures.get("sharpe"), 2),
        html.Span(signed_percent(figures.get("max_drawdown")), className="loss"),
        percent(figures.get("costs")),
        preview.chip(seen, "not stored"),
    )


def _model(item: Entry) -> Sequence[Any]:
    score, p = shelf.score_of(item.summary), item.summary.get("p_value")
    return _link("models", item), number(score, 3), number(p, 2), preview.chip(item.seen, "no null models")


def _sweep(item: Entry) -> Sequence[Any]:
    return _link("backtest", item), number(shelf.best_of(item.summary), 2), preview.chip(item.seen)


def _link(page: str, item: Entry) -> Component:
    return dcc.Link(item.label, href=f"/{page}?spec={state.stored_query(item.spec)}", title=f"run {item.key[:8]}")


def _moment(created: float) -> str:
    """The time of a run of today, the day of an earlier one."""
    moment = datetime.fromtimestamp(created, UTC)
    return f"{moment:%H:%M} UTC" if moment.date() == datetime.now(UTC).date() else f"{moment:%Y-%m-%d}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    head = html.Tr([html.Th(name, scope="col") for name in heads])
    body = [html.Tr([html.Td(cell) for cell in row]) for row in rows]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures recent"), className="scroll-x")


def _nothing(text: str) -> Component:
    return html.P(text, className="hint nothing")
