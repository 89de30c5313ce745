"""The series on screen beside the same one from another source: where the two disagree."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import Input, Output, State, callback, html
from dash.development.base_component import Component

from dashboard.charts.candles import UTC
from dashboard.components import card
from dashboard.pages.data import ids
from dashboard.pages.data.tab import Viewed, seen, seen_id, series_of
from dashboard.pages.data.view import price
from dashboard.text.format import count, percent, signed_percent
from engine.core.errors import EngineError
from engine.market import catalog
from engine.market.bars import Bars, Series, Times
from engine.market.quality.disagreement import TOLERANCE, Disagreement, compare, counterparts

_TAB = "quality"
_LISTED, _NAMED = 20, 3  # differences in the table, and dates in a line
_NARROW = {"width": 260, "maxWidth": 260}


def layout() -> Component:
    """The card, out of sight where there is no other source."""
    chosen = dbc.Select(id=ids.SECOND_SOURCE, options=[], value="", className="select", style=_NARROW)
    label = html.Label("Other source", htmlFor=ids.SECOND_SOURCE, className="visually-hidden")
    found = html.Div(html.Div(id=ids.SECOND), className="pad")
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
    return not others, [{"label": "Compare with", "value": ""}, *options], ""


@callback(
    Output(ids.SECOND, "children"),
    Input(ids.SECOND_SOURCE, "value"),
    State(seen_id(_TAB), "data"),
)
def show(chosen: str | None, viewed: Viewed) -> Any:
    """Where the two disagree, over the range that both cover, after their repairs."""
    hint = html.P("Choose one to see where the two disagree.", className="hint")
    if not chosen:
        return hint
    series = series_of(viewed)[1]
    other = next((item for item in counterparts(series) if _key(item) == chosen), None)
    if other is None:
        return hint
    try:
        one, two = catalog.read(series), catalog.read(other)
        return described(one, two, compare(one, two))
    except EngineError as error:
        return html.P(str(error))


def described(one: Bars, two: Bars, found: Disagreement) -> list[Component]:
    """The report on two series, the largest differences of closes in a table."""
    names = [bars.series.collection for bars in (one, two)]
    if names[0] == names[1]:
        names = [_origin(bars.series) for bars in (one, two)]
    largest = f", at most {percent(float(np.nanmax(np.abs(found.difference), initial=0.0)))}"
    closes = f"{count(len(found.closes), 'bar')} by more than {percent(TOLERANCE, 1)}"
    rows = [
        ("Bars of both", f"{len(found.common):,}, {_stamp(one, found.common[0])} to {_stamp(one, found.common[-1])}"),
        (f"Only in {names[0]}", _dates(one, found.only_first)),
        (f"Only in {names[1]}", _dates(one, found.only_second)),
        ("Closes differ", f"{closes}{largest}" if len(found.closes) else "none"),
        ("Adjustments differ", _dates(one, found.adjustments)),
    ]
    return [card.facts(rows), *([_table(one, two, found, names)] if len(found.closes) else [])]


def _table(one: Bars, two: Bars, found: Disagreement, names: list[str]) -> Component:
    order = np.argsort(-np.nan_to_num(np.abs(found.difference), nan=np.inf), kind="stable")[:_LISTED]
    head = html.Tr([html.Th(text, scope="col") for text in ("Bar", *names, "Difference")])
    body = []
    for at in order.tolist():
        moment = found.closes[at]
        closes = [price(float(bars.close[np.searchsorted(bars.time, moment)])) for bars in (one, two)]
        cells = [*closes, signed_percent(float(found.difference[at]))]
        body.append(html.Tr([html.Th(_stamp(one, moment), scope="row"), *map(html.Td, cells)]))
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="bar-table"), className="scroll-x")


def _dates(bars: Bars, times: Times) -> str:
    if not len(times):
        return "none"
    named = ", ".join(_stamp(bars, item) for item in times[:_NAMED])
    return f"{count(len(times), 'bar')}: {named}{' …' if len(times) > _NAMED else ''}"


def _stamp(bars: Bars, time: np.datetime64) -> str:
    return f"{str(time)[:16].replace('T', ' ')}{UTC}" if bars.series.is_intraday else str(time)[:10]


def _origin(series: Series) -> str:
    return series.provider or (series.origin if series.source == "stored" else series.source)


def _key(series: Series) -> str:
    return f"{series.source}\n{series.collection}"
