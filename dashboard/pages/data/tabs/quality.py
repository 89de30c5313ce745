"""The tab that lists what is doubtful about a series, the bars concerned, and repairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.components import card, table
from dashboard.errors import toast
from dashboard.pages.data import ids, inspection, second_source
from dashboard.pages.data.chart_view import Display
from dashboard.pages.data.form import FORM
from dashboard.pages.data.inspection import Inspected, inspect, waits_for
from dashboard.pages.data.tab import Tab, Viewed, seen, seen_id, series_of
from dashboard.runs import studies
from dashboard.text.format import count
from engine.jobs import runner
from engine.market.quality import repairs
from engine.market.quality.calendars import NAMES
from engine.market.spec import MarketSpec

Rows = list[dict[str, Any]] | None
_AUTOMATIC = "auto"
_NARROW = {"width": 210, "maxWidth": 210}
_INSET = {"padding": "4px 12px 10px"}
_TONES = [
    {"condition": f"params.value == '{severity}'", "style": {"color": f"var(--{tone})", "fontWeight": 600}}
    for severity, tone in (("grave", "bad"), ("warning", "warn"))
]
COLUMNS = [
    table.Column("severity", "Severity", width=88),
    table.Column("title", "Check", width=150),
    table.Column("count", "Bars", kind="number", width=74, help="Bars affected, or sessions without one."),
    table.Column("first", "First", width=100),
    table.Column("sentence", "Finding, and what it does to a backtest", least=280),
]
BAR_COLUMNS = [
    table.Column("time", "Bar", width=150),
    *(table.Column(name, name.capitalize(), "number", 4, least=86) for name in ("open", "high", "low", "close")),
    table.Column("adj_close", "Adj. close", "number", 4, least=90),
    table.Column("volume", "Volume", "number"),
]
REPAIR_COLUMNS = [
    table.Column("state", "State", width=110),
    table.Column("what", "Repair", least=150),
    table.Column("where", "Bars", least=190),
    table.Column("before", "Before", least=120),
    table.Column("after", "After", least=120),
]


def layout() -> Sequence[Component]:
    options = [{"label": "Calendar: automatic", "value": _AUTOMATIC}]
    options += [{"label": f"{title} ({code})", "value": code} for code, title in NAMES.items()]
    chosen = dbc.Select(id=ids.QUALITY_CALENDAR, options=options, value=_AUTOMATIC, className="select", style=_NARROW)
    label = html.Label("Calendar", htmlFor=ids.QUALITY_CALENDAR, className="visually-hidden")
    one = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
    found = table.table(ids.QUALITY, COLUMNS, empty="No findings.", options=one)
    found.columnDefs[0]["cellStyle"] = {"styleConditions": _TONES}
    found.columnDefs[-1] |= {
        "wrapText": True,
        "autoHeight": True,
        "cellStyle": {"lineHeight": "18px", "paddingTop": 6, "paddingBottom": 6},
    }
    buttons = [
        html.Button("Apply", id=ids.QUALITY_APPLY, type="button", disabled=True, className="link-button strong"),
        html.Button("Undo", id=ids.QUALITY_UNDO, type="button", disabled=True, className="link-button"),
    ]
    note = html.Span(id=ids.QUALITY_NOTE, className="sub")
    affected = table.table(ids.QUALITY_BARS, BAR_COLUMNS, empty="Select a finding.", height=240)
    sentence = html.P(id=ids.QUALITY_SENTENCE, className="if-narrow")  # the table's column is out of sight there
    proposed = table.table(ids.QUALITY_REPAIRS, REPAIR_COLUMNS, empty="No repair is proposed or applied.", options=one)
    return [
        card.card("Findings", [found, html.Div(id=ids.QUALITY_PASSED, style=_INSET)], tools=[note, label, chosen]),
        card.card(
            "Repairs", proposed, sub="applied when bars are read: the stored bars are not changed", tools=buttons
        ),
        card.card(
            "Bars of the finding",
            [sentence, affected, dcc.Store(id=ids.INSPECTED), dcc.Store(id=ids.TO_INSPECT)],
            tools=[html.Span(id=ids.QUALITY_BARS_NOTE, className="sub spaced")],
        ),
        second_source.layout(),
    ]


TAB = Tab("quality", "Quality", layout)


@callback(
    Output(ids.INSPECTED, "data"),
    Output(ids.TO_INSPECT, "data"),
    seen(TAB.name),
    Input(ids.QUALITY_CALENDAR, "value"),
)
def prepare(viewed: Viewed, calendar: str | None) -> tuple[Any, Any]:
    """What is found, or the request to a worker: to build a calendar takes pandas, which the server does without."""
    series, code = series_of(viewed)[1], _code(calendar)
    if words := waits_for(series, code):
        return {"waits": words}, {"viewed": viewed, "code": code}
    return inspect(viewed, code), no_update


@callback(
    Output(ids.QUALITY, "rowData"),
    Output(ids.QUALITY_REPAIRS, "rowData"),
    Output(ids.QUALITY_NOTE, "children"),
    Output(ids.QUALITY_PASSED, "children"),
    Output(ids.QUALITY, "selectedRows"),
    Output(ids.QUALITY_REPAIRS, "selectedRows"),
    Input(ids.INSPECTED, "data"),
    State(seen_id(TAB.name), "data"),
    prevent_initial_call=True,
)
def show(found: Inspected, viewed: Viewed) -> Any:
    if not found:
        raise PreventUpdate
    if found.get("applied"):
        say_applied(cast("MarketSpec", runner.load_spec((viewed or {}).get("spec", ""))))
        raise PreventUpdate
    if words := found.get("waits"):
        return None, None, words, None, [], []  # which the tables show as loading
    if words := found.get("error"):
        return [], [], words, None, [], []
    if "rows" not in found:
        raise PreventUpdate  # not ours
    return found["rows"], found["repairs"], found["note"], passed(found["passed"]), [], []


@callback(
    Output(ids.QUALITY_BARS, "rowData"),
    Output(ids.QUALITY_BARS_NOTE, "children"),
    Output(ids.QUALITY_SENTENCE, "children"),
    Input(ids.QUALITY, "selectedRows"),
    State(ids.INSPECTED, "data"),
    State(ids.CHART_VIEW, "data"),
    prevent_initial_call=True,
)
def show_bars(chosen: Rows, inspected: Inspected, display: Display = None) -> Any:
    found = (inspected or {}).get("bars", {}).get(chosen[0].get("name")) if chosen else None
    if not found:
        return [], "", ""
    if not found["link"]:  # there is no chart of bars that are refused
        return found["rows"], [found["note"]], found["sentence"]
    view = (display or {}).get("query")
    link = f"{found['link']}&{urlencode({'view': view})}" if view else found["link"]
    shown = dcc.Link("Show in the chart", href=link, className="link-button strong")
    return found["rows"], [found["note"], shown], found["sentence"]


@callback(
    Output(ids.QUALITY_APPLY, "disabled"),
    Output(ids.QUALITY_UNDO, "disabled"),
    Input(ids.QUALITY_REPAIRS, "selectedRows"),
    prevent_initial_call=True,
)
def offer(chosen: Rows) -> tuple[bool, bool]:
    state = chosen[0].get("state") if chosen else None
    return state != "proposed", state is None or state == "proposed"


@callback(
    Output(ids.TO_INSPECT, "data", allow_duplicate=True),
    Input(ids.QUALITY_APPLY, "n_clicks"),
    State(ids.QUALITY_REPAIRS, "selectedRows"),
    State(seen_id(TAB.name), "data"),
    State(ids.QUALITY_CALENDAR, "value"),
    prevent_initial_call=True,
)
def apply(clicks: int | None, chosen: Rows, viewed: Viewed, calendar: str | None) -> Any:
    if not clicks or not chosen:
        raise PreventUpdate
    series, code, repair = series_of(viewed)[1], _code(calendar), str(chosen[0].get("id"))
    if waits_for(series, code):
        return {"viewed": viewed, "code": code, "repair": repair}
    spec, _ = series_of(viewed)  # before the bars, and with them the key of the request, change
    inspection.apply(viewed, code, repair)
    say_applied(spec)
    return no_update


def say_applied(spec: MarketSpec) -> None:
    toast("The repair is applied whenever these bars are read.", "ok")
    studies.show(FORM, spec, TAB.name)


@callback(
    Input(ids.QUALITY_UNDO, "n_clicks"),
    State(ids.QUALITY_REPAIRS, "selectedRows"),
    State(seen_id(TAB.name), "data"),
    prevent_initial_call=True,
)
def undo(clicks: int | None, chosen: Rows, viewed: Viewed) -> None:
    if not clicks or not chosen:
        raise PreventUpdate
    spec, series = series_of(viewed)
    repairs.undo(series, str(chosen[0].get("id")))
    toast("The repair is undone.", "ok")
    studies.show(FORM, spec, TAB.name)


def _code(calendar: str | None) -> str:
    """The code that was chosen, "" for the series' own."""
    return "" if calendar in (None, _AUTOMATIC) else str(calendar)


def passed(checks: Sequence[str]) -> Component | None:
    """The checks without a finding, folded."""
    if not checks:
        return None
    listed = html.Ul([html.Li(text) for text in checks])
    return html.Details([html.Summary(f"{count(len(checks), 'check')} passed"), listed], className="sub")
