"""The tab that runs every test on a backtest, and assesses whether its edge is real."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, callback, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.components import card, graph, metric, states
from dashboard.components.graph import ids_sub
from dashboard.pages.backtest import ids, sweep_origin, verification_view
from dashboard.pages.backtest.tab import OPEN, Tab
from dashboard.runs.studies import Study, StudyForm
from engine.research.verification.spec import VerificationSpec

FORM = StudyForm(page=frame.study("backtest", "real"), spec=VerificationSpec, action="Run all tests", base="backtest")
STUDY = Study(
    FORM,
    "Verification",
    empty=lambda: states.empty(
        "Not tested yet",
        "Tests the backtest on the left with bootstraps, random entries, higher costs, delayed fills, noisy prices and "
        "perturbed parameters. This takes a few seconds and does not count as a trial.",
    ),
    sub="of the backtest in the form on the left",
)
RESULT = Input(frame.result(FORM.page), "data")
CHARTS = {
    ids.REAL_SHARPE_RATIOS: verification_view.sharpe_ratios,
    ids.REAL_FILLS: verification_view.fills,
    ids.REAL_COSTS: verification_view.costs,
    ids.REAL_DELAYS: verification_view.delays,
    ids.REAL_PARAMETERS: verification_view.parameters,
    ids.REAL_NOISE: verification_view.noise,
    ids.REAL_DRAWDOWNS: verification_view.drawdowns,
    ids.REAL_FAN: verification_view.fan_chart,
    ids.REAL_REMOVED: verification_view.removed,
}
SUBTITLED = (ids.REAL_SHARPE_RATIOS, ids.REAL_COSTS, ids.REAL_NOISE, ids.REAL_DRAWDOWNS, ids.REAL_FAN)


def layout() -> list[Component]:
    box = html.Div(id=ids.REAL_VERDICT, className="verdict full")
    verdict = card.card("Is it real?", [sweep_origin.layout(), box])
    crises = card.card("Crises", html.Div(id=ids.REAL_CRISES), sub="total return from start to end")
    regimes = card.card("Regimes", html.Div(id=ids.REAL_REGIMES), sub="classified from earlier bars only")
    return [
        verdict,
        metric.strip(ids.REAL_FILL_FIGURES, 6),
        card.columns(
            _graph(ids.REAL_SHARPE_RATIOS, "Sharpe ratio", 230),
            _graph(ids.REAL_FILLS, "Fills", 230, "total return by fill price"),
            kind="half",
        ),
        card.columns(
            _graph(ids.REAL_COSTS, "Costs", 230),
            _graph(ids.REAL_DELAYS, "Delays", 230, "all fills delayed"),
            _graph(ids.REAL_PARAMETERS, "Parameters", 230, "one at a time"),
            kind="three",
        ),
        card.columns(
            _graph(ids.REAL_NOISE, "Noise", 230),
            _graph(ids.REAL_DRAWDOWNS, "Max drawdown", 230),
            _graph(ids.REAL_REMOVED, "Best trades", 230, "removed"),
            kind="three",
        ),
        card.columns(crises, regimes, kind="half"),
        _graph(ids.REAL_FAN, "Resampled equity", 260),
    ]


def _graph(name: str, title: str, height: int, sub: str = "") -> Component:
    return graph.graph(name, height=height, title=title, sub=sub, rescale=False)


TAB = Tab("real", "Is it real?", layout, STUDY)


@callback(
    Output(ids.REAL_CRISES, "children"),
    Output(ids.REAL_REGIMES, "children"),
    Output(ids.REAL_FILL_FIGURES, "children"),
    *(Output(frame.figure(name), "data") for name in CHARTS),
    *(Output(ids_sub(name), "children") for name in SUBTITLED),
    RESULT,
    OPEN,
)
def show(data: runs.ResultData, tab: str) -> tuple[Any, ...]:
    if tab != TAB.name:
        raise PreventUpdate
    _, result = runs.opened(data, VerificationSpec)
    if result.metrics["sharpe_per_return"] is None:
        charts: list[Any] = [states.no_figure("The equity never moved.") for _ in CHARTS]
    else:
        charts = [draw(result) for draw in CHARTS.values()]
    tables = (
        verification_view.crises(result),
        verification_view.regimes(result),
        metric.cells(verification_view.fill_figures(result)),
    )
    return *tables, *charts, *verification_view.subtitles(result)
