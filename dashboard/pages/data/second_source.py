"""The series on screen beside the same one from another source: where the two disagree."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, html, no_update
from dash.development.base_component import Component

from dashboard import runs
from dashboard.charts.window import Clock
from dashboard.components import card
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.clocks import CLOCK, clock_of
from dashboard.pages.data.tab import Viewed, seen, seen_id, series_of
from dashboard.pages.data.view import price, stamp
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import count, percent, signed_percent
from engine.core.errors import EngineError
from engine.market.bars import Series
from engine.market.quality.disagreement import TOLERANCE, counterparts
from engine.market.quality.series.listed import Comparison, Marked
from engine.market.quality.series.spec import CompareSources
from engine.market.sources import is_stored

JOB = SideJob(ids.PAGE, "second-source")
_TAB = "quality"
_NONE = "Compare with"
_NARROW = {"width": 260, "maxWidth": 260}


def layout() -> Component:
    """The card, out of sight where there is no other source."""
    chosen = dbc.Select(
        id=ids.SECOND_SOURCE, options=[], value="", placeholder=_NONE, className="select", style=_NARROW
    )
    label = html.Label("Other source", htmlFor=ids.SECOND_SOURCE, className="visually-hidden")
    found = html.Div([html.Div(id=ids.SECOND), *JOB.stores()], className="pad")
    body = card.card("Another source", found, sub="of the same symbol and interval", tools=[label, chosen])
    return html.Div(body, id=ids.SECOND_CARD, hidden=True)


@callback(
    Output(ids.SECOND_CARD, "hidden"),
    Output(ids.SECOND_SOURCE, "options"),
    Output(ids.SECOND_SOURCE, "value"),
    seen(_TAB),
)
def offer(viewed: Viewed) -> tuple[bool, list[dict[str, str]], str]:
    """Which others there are; none is chosen yet."""
    others = counterparts(series_of(viewed)[1])
    options = [{"label": f"{item.collection}, {_origin(item)}", "value": _key(item)} for item in others]
    return not others, [{"label": _NONE, "value": ""}, *options], ""


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Input(ids.SECOND_SOURCE, "value"),
    State(seen_id(_TAB), "data"),
)
def ask(chosen: str | None, viewed: Viewed) -> tuple[Any, Any]:
    """As a job where there are many bars."""
    if not chosen:
        return None, no_update
    spec, series = series_of(viewed)
    other = next((item for item in counterparts(series) if _key(item) == chosen), None)
    if other is None:
        return None, no_update
    named = {"collection": series.collection, "symbol": series.symbol, "interval": series.interval}
    named |= {"other_source": other.source, "other_collection": other.collection}
    return side_job.start(CompareSources.parse({**named, "known_on": spec.known_on}))


JOB.wire(on_error=side_job.failed_in_place)


@callback(Output(ids.SECOND, "children"), Input(JOB.answer, "data"), Input(JOB.progress, "data"), CLOCK)
def show(answer: Answer, progress: Progress | None, chosen: str | None) -> Any:
    """Where the two disagree, over the range that both cover, after their repairs."""
    if (words := side_job.instead(answer, progress, "Choose one to see where the two disagree.")) is not None:
        return words
    try:
        data = {name: str(value) for name, value in (answer or {}).items()}
        spec, found = runs.opened(data, CompareSources)
        return described(spec, found, clock_of(chosen, spec.series()))
    except EngineError as error:
        return html.P(str(error))


def described(spec: CompareSources, found: Comparison, clock: Clock) -> list[Component]:
    """The report on two series, the largest differences of closes in a table."""
    one, two = spec.series(), spec.other()
    names = [item.collection for item in (one, two)]
    if names[0] == names[1]:
        names = [_origin(item) for item in (one, two)]
    ends = " to ".join(stamp(time, one.is_intraday, clock) for time in found.common.time)
    closes = (
        f"{count(found.closes.count, 'bar')} by more than {percent(TOLERANCE, 1)}, at most {percent(found.largest)}"
    )
    rows = [
        ("Bars of both", f"{found.common.count:,}, {ends}"),
        (f"Only in {names[0]}", _dates(one, found.only_first, clock)),
        (f"Only in {names[1]}", _dates(one, found.only_second, clock)),
        ("Closes differ", closes if found.closes.count else "none"),
        ("Adjustments differ", _dates(one, found.adjustments, clock)),
    ]
    return [card.facts(rows), *([_table(one, found, names, clock)] if found.closes.count else [])]


def _table(series: Series, found: Comparison, names: list[str], clock: Clock) -> Component:
    head = html.Tr([html.Th(text, scope="col") for text in ("Bar", *names, "Difference")])
    body = [
        html.Tr([html.Th(stamp(time, series.is_intraday, clock), scope="row"), *map(html.Td, cells)])
        for time, closes, apart in zip(found.closes.time, found.prices.tolist(), found.difference.tolist(), strict=True)
        for cells in [[*map(price, closes), signed_percent(apart)]]
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="bar-table"), className="scroll-x")


def _dates(series: Series, marked: Marked, clock: Clock) -> str:
    if not marked.count:
        return "none"
    named = ", ".join(stamp(time, series.is_intraday, clock) for time in marked.time)
    return f"{count(marked.count, 'bar')}: {named}{' …' if marked.count > len(marked.time) else ''}"


def _origin(series: Series) -> str:
    return series.provider or (series.origin if is_stored(series) else series.source)


def _key(series: Series) -> str:
    return f"{series.source}\n{series.collection}"
