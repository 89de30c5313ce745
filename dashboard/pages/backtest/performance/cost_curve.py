"""The Sharpe ratio by costs and the multiple that breaks even: a job that starts by itself once the run is painted."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, callback
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.research import sensitivity
from dashboard.components import graph, states
from dashboard.components.graph import ids_sub
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import seen
from dashboard.security.payloads import Answer
from dashboard.text.metrics import breaks_even
from engine.backtest.spec import BacktestSpec
from engine.research.cost_curve.spec import CostCurveSpec

JOB = SideJob("backtest", "cost-curve")


def layout() -> list[Component]:
    """The chart, and the stores of the job."""
    return [*JOB.stores(), graph.graph(ids.COST_CURVE, height=190, title="Sharpe by costs", rescale=False)]


@callback(Output(JOB.answer, "data"), Output(JOB.job, "data"), seen("performance"), prevent_initial_call=True)
def ask(data: runs.ResultData) -> tuple[Any, Any]:
    """The stored answer at once, or a job for it."""
    return side_job.start(CostCurveSpec(backtest=runs.opened(data, BacktestSpec)[0]))


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(frame.figure(ids.COST_CURVE), "data"),
    Output(ids_sub(ids.COST_CURVE), "children"),
    Input(JOB.answer, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer) -> tuple[Any, str]:
    if not answer or answer.get("waits"):
        return None, ""
    if answer.get("error"):
        return states.no_figure(str(answer["error"])), ""
    _, found = runs.opened(answer, CostCurveSpec)
    curve = sensitivity.Curve("Sharpe", found.multiple, found.sharpe, 1.0)
    figure = sensitivity.figure(
        [curve], x_title="multiple of the costs", y_title="", x_format="~g", y_format=".2f", keep="cost-curve"
    )
    return figure, breaks_even(found.break_even, found.no_costs)
