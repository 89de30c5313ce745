"""The tab with the correlations of the symbols' returns, and those of one pair over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from dash import Input, Output, State, callback, ctx, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import base
from dashboard.charts import symbol_correlation as chart
from dashboard.components import card, graph, states
from dashboard.components.graph import ids_sub
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import choices, ids
from dashboard.pages.data.choices import asked, chosen, control, pair_control, pair_id
from dashboard.pages.data.tab import Tab, Viewed, requested, seen
from dashboard.security.payloads import Answer
from dashboard.text.format import count, number
from engine.core.errors import EngineError
from engine.core.spec import canonical_json
from engine.jobs.requests import load_action
from engine.market.panel import close_panel
from engine.market.periods import Every
from engine.market.spec import MarketSpec
from engine.research.series.correlation import (
    Correlations,
    known_correlations,
    period_returns,
    rolling_correlation,
)
from engine.research.series.spec import Correlate, Method

JOB = SideJob(ids.PAGE, "correlations")
_SECOND = "Choose a second symbol: a correlation needs two."
_NOUNS = {"bar": "bar", "day": "daily", "week": "weekly", "month": "monthly"}


def layout() -> Sequence[Component]:
    return [
        graph.graph(
            ids.CORRELATION,
            height=560,
            title="Correlation",
            tools=[control("method"), control("returns")],
            rescale=False,
        ),
        *JOB.stores(),
        card.columns(
            graph.graph(
                ids.ROLLING_CORRELATION,
                height=300,
                title="Rolling correlation",
                tools=[*(pair_control(name) for name in choices.PAIR), control("window")],
                rescale=False,
            ),
            graph.graph(ids.PAIR_SCATTER, height=300, title="Returns", rescale=False),
        ),
    ]


TAB = Tab("correlation", "Correlation", layout)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    seen(TAB.name),
    asked("returns"),
    asked("method"),
)
def ask(viewed: Viewed, returns: str | None, method: str | None) -> tuple[Any, Any]:
    """As a job where these correlations are not known: ranks and clusters need scipy, which the server does without."""
    spec = requested(viewed)
    if len(spec.symbols) < 2:
        return {"error": _SECOND}, no_update
    every, how = cast("Every", chosen("returns", returns)), cast("Method", chosen("method", method))
    action = Correlate(market=spec, every=every, method=how)
    if known_correlations(spec, every, how):
        return {"known": canonical_json(action)}, no_update
    return side_job.start(action)


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(frame.figure(ids.CORRELATION), "data"),
    Output(ids_sub(ids.CORRELATION), "children"),
    Input(JOB.answer, "data"),
    prevent_initial_call=True,
)
def draw(answer: Answer) -> tuple[Any, Any]:
    """While others are computed, those before stay."""
    if not answer or answer.get("waits"):
        raise PreventUpdate
    if answer.get("error"):
        return states.no_figure(str(answer["error"])), ""
    action = load_action(str(answer.get("known") or answer["spec"]))
    if not isinstance(action, Correlate):
        raise PreventUpdate
    found = known_correlations(action.market, action.every, action.method)
    found = found or runs.report({name: str(value) for name, value in answer.items()}, Correlate).report
    return base.encoded(chart.map_figure(chart.map_info(found))), note(found, action.every)


@callback(
    *(Output(pair_id(name), "options") for name in choices.PAIR),
    *(Output(pair_id(name), "value") for name in choices.PAIR),
    seen(TAB.name),
    Input(frame.graph(ids.CORRELATION), "clickData"),
    State(ids.CHOICES, "data"),
)
def offer(viewed: Viewed, clicked: Any, kept: Any) -> tuple[Any, ...]:
    """The symbols of a pair: those of the cell that was clicked, else as before, else the first two."""
    symbols = list(requested(viewed).symbols)
    asked_for = pair_of(kept)
    if ctx.triggered_id == frame.graph(ids.CORRELATION):
        asked_for = cell(clicked)
        if len(set(asked_for)) < 2:  # the diagonal is no pair
            raise PreventUpdate
    options = [{"value": name, "label": name} for name in symbols]
    return options, options, *pair(symbols, asked_for)


@callback(
    Output(frame.figure(ids.ROLLING_CORRELATION), "data"),
    Output(frame.figure(ids.PAIR_SCATTER), "data"),
    Output(ids_sub(ids.ROLLING_CORRELATION), "children"),
    Output(ids_sub(ids.PAIR_SCATTER), "children"),
    inputs={
        "viewed": State({"role": "viewed", "page": ids.PAGE, "tab": TAB.name}, "data"),
        "names": [Input(pair_id(name), "value") for name in choices.PAIR],
        "returns": asked("returns"),
        "window": asked("window"),
    },
)
def draw_pair(viewed: Viewed, names: list[str | None], returns: str | None, window: str | None) -> tuple[Any, ...]:
    spec = requested(viewed)
    every, length = cast("Every", chosen("returns", returns)), int(chosen("window", window))
    if None in names:
        raise PreventUpdate
    if len(spec.symbols) < 2 or len(set(names)) < 2:
        return states.no_figure(_SECOND), states.no_figure(_SECOND), "", ""
    try:
        info = pair_info(spec, pair(list(spec.symbols), [str(name) for name in names]), every, length)
    except EngineError as error:
        return states.no_figure(str(error)), states.no_figure(str(error)), "", ""
    return *pair_charts(info), *words(info)


def pair_info(spec: MarketSpec, names: tuple[str, str], every: Every, window: int) -> chart.PairInfo:
    """What is drawn of a pair. Raises ``DataError`` where its symbols have too few returns in common."""
    time, values = period_returns(close_panel(spec.model_copy(update={"symbols": names})), every)
    return chart.pair_info(names, rolling_correlation(time, values[:, 0], values[:, 1], window))


def pair_charts(info: chart.PairInfo) -> tuple[Any, Any]:
    """The rolling correlation, a sentence where there are fewer returns than the window, and the scatter."""
    if info.total < info.window:
        short = f"These symbols have {count(info.total, 'return')} in common, fewer than the window of {info.window}."
        return states.no_figure(short), chart.scatter_figure(info)
    return chart.rolling_figure(info), chart.scatter_figure(info)


def words(info: chart.PairInfo) -> tuple[str, str]:
    """What the titles leave open."""
    drawn = f"latest {len(info.x):,} of {info.total:,}" if len(info.x) < info.total else f"{info.total:,}"
    line = f"all returns {number(info.whole, 2)}"
    return line, f"{drawn} in common, slope {number(info.slope, 2)}"


def note(found: Correlations, every: str) -> str:
    """What the map shows, and the symbols without a correlation."""
    still = [name for name, value in zip(found.symbols, np.diag(found.values), strict=True) if np.isnan(value)]
    text = f"{_NOUNS[every]} returns, {count(len(found.symbols), 'symbol')}; click a cell for its pair"
    if not still:
        return text
    named = ", ".join(still[:3]) + ("" if len(still) <= 3 else f" and {len(still) - 3} more")
    return f"{text}. No correlation: {named} (the price does not move, or there are fewer than 3 returns)"


def pair(symbols: list[str], requested: Sequence[str]) -> tuple[str, str]:
    """``requested`` where they are among ``symbols``, else the first two; a single symbol is a pair by itself."""
    first = requested[0] if requested and requested[0] in symbols else symbols[0]
    others = [name for name in symbols if name != first] or [first]
    second = requested[1] if len(requested) > 1 and requested[1] in others else others[0]
    return first, second


def cell(clicked: Any) -> list[str]:
    """The symbols of a clicked cell, as the browser says them."""
    try:
        point = clicked["points"][0]
        return [str(point["y"]), str(point["x"])]
    except (KeyError, IndexError, TypeError):
        return []


def pair_of(kept: Any) -> list[str]:
    """The pair in the address."""
    values = kept.get("explicit") if isinstance(kept, dict) else None
    return [str(values.get(name, "")) for name in choices.PAIR] if isinstance(values, dict) else []
