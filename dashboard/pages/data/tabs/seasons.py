"""The tab with trend and season of a price, and average returns by month, weekday, day and hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from dash import Input, Output, callback, html, no_update
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import seasons as charts
from dashboard.components import card, graph, states
from dashboard.components.graph import ids_sub
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.choices import asked, chosen, control
from dashboard.pages.data.tab import Tab, Viewed, alone, seen, shown
from dashboard.security.payloads import Answer
from dashboard.text.format import count, number
from engine.core.errors import EngineError
from engine.market import catalog
from engine.research.series.decomposition.spec import DecompositionSpec, Season
from engine.research.series.decomposition.stl import Decomposition, grid, usual_season
from engine.research.series.seasons import CALENDARS, LEVEL, Averages, Calendar, Seasons
from engine.research.series.spec import SeasonsSpec

JOB = SideJob(ids.PAGE, "decomposition")
AVERAGES = SideJob(ids.PAGE, "averages")
_TITLES: dict[Calendar, str] = {
    "month": "By month",
    "weekday": "By weekday",
    "day": "By day of the month",
    "hour": "By hour",
}
_RETURNS: dict[Calendar, str] = {"month": "monthly", "weekday": "daily", "day": "daily", "hour": "hourly"}
_SLOTS: dict[Season, str] = {"year": "months of a year", "week": "weekdays", "day": "times of a day"}


def layout() -> Sequence[Component]:
    averages = [graph.graph(_graph(name), height=260, title=_TITLES[name], rescale=False) for name in CALENDARS]
    return [
        graph.graph(
            ids.DECOMPOSITION, height=460, title="Trend and season", tools=[control("season")], rescale=False
        ),
        card.card(
            "Season or chance?",
            [_paragraph(ids.SEASON_NOTE), _paragraph(ids.SEASONS_NOTE), *JOB.stores(), *AVERAGES.stores()],
        ),
        card.columns(*averages[:2], kind="half"),
        card.columns(*averages[2:], kind="half"),
    ]  # fmt: skip


def _paragraph(id: str) -> Component:
    return html.P(id=id, className="season-note", role="status")


def _graph(calendar: Calendar) -> str:
    return f"{ids.AVERAGES}-{calendar}"


TAB = Tab("seasons", "Seasons", layout)


@callback(
    Output(AVERAGES.answer, "data"),
    Output(AVERAGES.job, "data"),
    seen(TAB.name),
)
def ask_averages(viewed: Viewed) -> tuple[Any, Any]:
    """The averages of the series on screen, as a job: the tests need scipy, which the server does without."""
    return side_job.start(SeasonsSpec(market=alone(*shown(viewed))))


AVERAGES.wire(on_error=side_job.failed_in_place)


@callback(
    *(Output(frame.figure(_graph(name)), "data") for name in CALENDARS),
    *(Output(ids_sub(_graph(name)), "children") for name in CALENDARS),
    Output(ids.SEASONS_NOTE, "children"),
    Input(AVERAGES.answer, "data"),
    prevent_initial_call=True,
)
def draw(answer: Answer) -> tuple[Any, ...]:
    """The averages by each calendar that the bars allow, and whether any of them differs by more than chance."""
    if not answer or answer.get("waits"):
        return *[None] * 4, *[""] * 5
    if answer.get("error"):
        return *[states.no_figure(str(answer["error"]))] * 4, *[""] * 5
    spec, found = runs.opened({name: str(value) for name, value in answer.items()}, SeasonsSpec)
    market = spec.market
    clock = catalog.find(market.collection, market.symbols[0], market.interval, market.known_at).timezone
    figures = [
        charts.averages_figure(found.averages[name])
        if name in found.averages
        else states.no_figure(found.refused[name])
        for name in CALENDARS
    ]
    return *figures, *(words(clock, found.averages.get(name)) for name in CALENDARS), verdict(found)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    seen(TAB.name),
    asked("season"),
)
def ask(viewed: Viewed, season: str | None) -> tuple[Any, Any]:
    """The decomposition of the series on screen, as a job: statsmodels needs pandas, which the server does without."""
    (spec, bars), wanted = shown(viewed), chosen("season", season)
    found = usual_season(bars) if wanted == "auto" else cast("Season", wanted)
    try:
        grid(bars, found)
    except EngineError as error:
        return {"error": str(error)}, no_update
    return side_job.start(DecompositionSpec(market=alone(spec, bars), season=found))


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(frame.figure(ids.DECOMPOSITION), "data"),
    Output(ids_sub(ids.DECOMPOSITION), "children"),
    Output(ids.SEASON_NOTE, "children"),
    Input(JOB.answer, "data"),
    prevent_initial_call=True,
)
def draw_decomposition(answer: Answer) -> tuple[Any, str, str]:
    if not answer or answer.get("waits"):
        return None, "", ""
    if answer.get("error"):
        return states.no_figure(str(answer["error"])), "", ""
    data = {name: str(value) for name, value in answer.items()}
    spec, found = runs.opened(data, DecompositionSpec)
    return (
        charts.decomposition_figure(found, keep=f"{spec.market.symbols[0]} {found.season}"),
        method(found),
        note(found),
    )


def words(timezone: str, found: Averages | None) -> str:
    """What the averages are of."""
    if found is None:
        return ""
    least, most = int(found.count.min()), int(found.count.max())
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    clock = f", {timezone} time" if found.calendar == "hour" else ""
    return f"{_RETURNS[found.calendar]} returns, {each} each{clock}"


def verdict(found: Seasons) -> str:
    """Whether any average differs from the others by more than chance, in a sentence."""
    compared = found.comparisons
    if not compared:
        return "There are too few returns for averages by calendar: choose a longer range."
    alone, after = found.below(adjusted=False), found.below(adjusted=True)
    expected = (
        f"{count(compared, 'average')} by calendar were compared with all other returns (Welch's test): by chance "
        f"about {number(LEVEL * compared, 1)} would have p < {LEVEL}, and {alone} {'has' if alone == 1 else 'have'}."
    )
    if not after:
        return (
            f"{expected} After Holm's correction for their number none is left: no average differs by more than chance."
        )
    named = ", ".join(_significant(found))
    return f"{expected} After Holm's correction for their number {count(after, 'is', 'are')} left: {named}."


def _significant(found: Seasons) -> list[str]:
    return [
        f"{calendar} {name}" if calendar in ("day", "hour") else name
        for calendar, item in found.averages.items()
        for name, value in zip(item.labels, item.adjusted, strict=True)
        if value < LEVEL
    ]


def method(found: Decomposition) -> str:
    """How the parts are found, and of what."""
    part = "" if len(found.time) == found.total else f", latest {len(found.time):,} of {found.total:,} closes"
    return f"STL, {found.period} {_SLOTS[found.season]}{part}"


def note(found: Decomposition) -> str:
    """How strong the parts are, and whether the season is one."""
    p = f"p = {found.p_value:.3f}" if found.p_value >= 0.001 else "p < 0.001"
    chance = "differ by more than chance" if found.p_value < LEVEL else "do not differ by more than chance"
    return (
        f"STL finds a season in any series. This one has a strength of {number(found.season_strength, 2)} out of 1, "
        f"the trend one of {number(found.trend_strength, 2)}. Log returns of the {found.period} {_SLOTS[found.season]} "
        f"{chance} ({p}, Welch's analysis of variance)."
    )
