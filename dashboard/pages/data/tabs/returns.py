"""The tab with the distribution of a series' returns, their dependence in time and their volatility."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Input, Output, callback, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import return_statistics as charts
from dashboard.components import card, graph, states, table
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.choices import asked, chosen, control
from dashboard.pages.data.tab import Tab, Viewed, alone, seen, shown
from dashboard.security.payloads import Answer
from dashboard.text.format import number, percent
from engine.core.errors import EngineError
from engine.research.series.returns import Autocorrelation, Fitted
from engine.research.series.spec import ReturnStatisticsSpec
from engine.research.series.volatility import rolling_volatility

JOB = SideJob(ids.PAGE, "return-statistics")
COLUMNS = [
    table.Column("sigma", "Beyond", width=84),
    table.Column("below", "Losses", kind="number"),
    table.Column("above", "Gains", kind="number"),
    table.Column(
        "expected", "Normal", kind="number", decimals=2, help="Expected in both tails of as many normal returns."
    ),
]


def layout() -> Sequence[Component]:
    return [
        card.columns(
            graph.graph(ids.HISTOGRAM, height=320, title="Distribution", sub="number of returns", rescale=False),
            card.card(
                "Tails",
                [table.table(ids.TAILS, COLUMNS), html.Div(id=ids.RETURN_FACTS), *JOB.stores()],
                sub="standard deviations from the mean",
            ),
        ),
        card.columns(
            graph.graph(ids.QUANTILES, height=300, title="Quantiles", sub="standardised", rescale=False),
            graph.graph(ids.AUTOCORRELATION, height=300, title="Autocorrelation", sub="95% band", rescale=False),
            kind="half",
        ),
        graph.graph(ids.VOLATILITY, height=320, title="Rolling volatility", tools=[control("bars")], sub="annualised"),
    ]


TAB = Tab("returns", "Returns", layout)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    seen(TAB.name),
)
def ask(viewed: Viewed) -> tuple[Any, Any]:
    """The statistics of the series on screen, as a job: they need scipy, which the server does without."""
    return side_job.start(ReturnStatisticsSpec(market=alone(*shown(viewed))))


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(frame.figure(ids.HISTOGRAM), "data"),
    Output(ids.RETURN_FACTS, "children"),
    Output(ids.TAILS, "rowData"),
    Output(frame.figure(ids.QUANTILES), "data"),
    Output(frame.figure(ids.AUTOCORRELATION), "data"),
    Input(JOB.answer, "data"),
    prevent_initial_call=True,
)
def draw(answer: Answer) -> tuple[Any, ...]:
    if not answer or answer.get("waits"):
        return None, [], [], None, None
    if answer.get("error"):
        empty = states.no_figure(str(answer["error"]))
        return empty, [], [], empty, empty
    statistics = runs.opened({name: str(value) for name, value in answer.items()}, ReturnStatisticsSpec)[1]
    found, lagged = statistics.fitted, statistics.autocorrelation
    quantiles = charts.quantile_figure(statistics.expected, statistics.observed)
    drawn = charts.autocorrelation_figure(lagged)
    return charts.histogram_figure(found), card.facts(facts(found, lagged)), rows(found), quantiles, drawn


@callback(Output(frame.figure(ids.VOLATILITY), "data"), seen(TAB.name), asked("bars"))
def draw_volatility(viewed: Viewed, window: str | None) -> Any:
    _, bars = shown(viewed)
    length = int(chosen("bars", window))
    try:
        return charts.volatility_figure(rolling_volatility(bars, length))
    except EngineError as error:
        return states.no_figure(str(error))


def rows(found: Fitted) -> list[dict[str, Any]]:
    """A row for each distance from the mean."""
    return [
        {"sigma": f"{tail.sigma} sigma", "below": tail.below, "above": tail.above, "expected": tail.expected}
        for tail in found.tails
    ]


def facts(found: Fitted, lagged: Autocorrelation) -> list[tuple[str, str]]:
    """The moments, the fitted degrees of freedom, and Ljung and Box's tests."""
    degrees = f"{number(found.degrees, 1)} degrees of freedom" if found.degrees < 100 else "as the normal"
    return [
        ("Returns", f"{found.counts.sum():,}"),
        ("Mean", percent(found.mean, 3)),
        ("Deviation", percent(found.deviation)),
        ("Student's t", degrees),
        (f"Ljung-Box to lag {lagged.lag}", f"returns {_p(lagged.p_value)}"),
        ("", f"absolute returns {_p(lagged.p_value_sizes)}"),
    ]


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"
