"""What has been done here lately: backtests, models and sweeps, newest first, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.components.metric import tone
from dashboard.text.format import count, number, percent, signed_percent
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import EngineError
from engine.core.spec import kind_name
from engine.jobs import library, runner
from engine.jobs.library import Saved
from engine.market.bars import Floats
from engine.models.scores import HEADLINE
from engine.models.spec import ModelSpec
from engine.research import evidence
from engine.research.findings import Verdict

SHOWN, FEW = 8, 5
_POINTS = 60  # of a small curve


def totals() -> list[str]:
    """How many of each there are."""
    kinds = ((BacktestSpec, "backtest"), (ModelSpec, "model"), (SweepSpec, "sweep"))
    return [count(library.size(kind_name(spec)), noun) for spec, noun in kinds]


def runs() -> list[Component]:
    """The newest backtests, each with its curve beside holding, its costs and its verdict."""
    found = library.saved(kind_name(BacktestSpec), limit=SHOWN)
    if not found:
        return [_nothing("No backtest yet: run the question above, or one of your own.")]
    heads = ("Run", "UTC", "Equity and holding", "CAGR", "Sharpe", "Drawdown", "Costs a year", "Verdict")
    return [_table(heads, [_run(item) for item in found])]


def models() -> list[Component]:
    """The newest models with their score out of sample and how often models of shuffled labels reach it."""
    found = library.saved(kind_name(ModelSpec), limit=FEW)
    if not found:
        return [_nothing("No model yet.")]
    return [_table(("Model", "Score", "p", "Verdict"), [_model(item) for item in found])]


def sweeps() -> list[Component]:
    """The newest sweeps with the number of their combinations and the best Sharpe ratio among them."""
    found = library.saved(kind_name(SweepSpec), limit=FEW)
    if not found:
        return [_nothing("No sweep yet.")]
    return [_table(("Sweep", "Combinations", "Best Sharpe"), [_sweep(item) for item in found])]


def _run(item: Saved) -> Sequence[Any]:
    figures = item.metrics
    result, judged = _judged(item.spec)
    curves = [spark(result.equity, "own"), spark(result.benchmark, "held")] if result else []
    return (
        _link("backtest", item),
        _moment(item.created),
        html.Div(curves, className="spark"),
        html.Span(signed_percent(figures.get("cagr")), className=tone(figures.get("cagr"))),
        number(figures.get("sharpe"), 2),
        html.Span(signed_percent(figures.get("max_drawdown")), className="loss"),
        percent(figures.get("costs")),
        verdict_chip(judged) if judged else html.Span("not stored", className="chip"),
    )


def _judged(spec: Any) -> tuple[BacktestResult | None, Verdict | None]:
    """The stored result of ``spec`` and the verdict as of now; neither where its bars or its result are gone."""
    try:
        result = runner.lookup(spec) if runner.is_stored(spec) else None
        return result, evidence.verdict(spec, result) if result is not None else None
    except EngineError:
        return None, None


def verdict_chip(judged: Verdict) -> Component:
    """The verdict's headline, toned by its worst finding."""
    grades = {finding.grade for finding in judged.findings}
    worst = "bad" if "bad" in grades else "warn" if "doubtful" in grades else "ok"
    return html.Span(judged.headline.rstrip("."), className=f"chip {worst}", title=judged.reason)


def _model(item: Saved) -> Sequence[Any]:
    spec: Any = item.spec
    scores, band, p = (item.summary.get(name) for name in ("scores", "null_band", "p_value"))
    score = scores.get(HEADLINE[spec.target.task]) if isinstance(scores, dict) else None
    if score is None or not isinstance(band, list):
        mark = html.Span("no null models", className="chip")
    elif score > band[1]:
        mark = html.Span("above luck", className="chip ok", title="Above 95% of the models of shuffled labels")
    else:
        mark = html.Span("no edge", className="chip bad", title="Within what models of shuffled labels reach")
    return _link("models", item), number(score, 3), number(p, 2), mark


def _sweep(item: Saved) -> Sequence[Any]:
    best = item.summary.get("best")
    first = best[0] if isinstance(best, list) and best and isinstance(best[0], dict) else {}
    return _link("backtest", item), number(item.summary.get("combinations")), number(first.get("sharpe"), 2)


def spark(values: Floats, kind: str) -> Component:
    """A small curve on a logarithmic scale, in the colour of its ``kind``."""
    line = np.log(np.maximum(values[np.linspace(0, len(values) - 1, _POINTS).astype(int)], 1e-9))
    span = float(np.ptp(line)) or 1.0
    points = " ".join(f"{x},{27 - 24 * (y - line.min()) / span:.1f}" for x, y in enumerate(line))
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_POINTS - 1} 30" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="black" stroke-width="1.3" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    mask = f'url("data:image/svg+xml,{quote(drawn)}")'
    return html.I(className=f"spark-line {kind}", style={"maskImage": mask, "WebkitMaskImage": mask})


def _link(page: str, item: Saved) -> Component:
    return dcc.Link(item.label, href=f"/{page}?spec={state.to_query(item.spec)}", title=f"run {item.key[:8]}")


def _moment(created: float) -> str:
    """The time of a run of today, the day of an earlier one."""
    moment = datetime.fromtimestamp(created, UTC)
    return f"{moment:%H:%M}" if moment.date() == datetime.now(UTC).date() else f"{moment:%Y-%m-%d}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    head = html.Tr([html.Th(name, scope="col") for name in heads])
    body = [html.Tr([html.Td(cell) for cell in row]) for row in rows]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures recent"), className="scroll-x")


def _nothing(text: str) -> Component:
    return html.P(text, className="hint nothing")
