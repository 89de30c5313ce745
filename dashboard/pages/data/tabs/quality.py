"""The tab that lists what is doubtful about a series, the bars concerned, and repairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs
from dashboard.charts.window import Clock
from dashboard.components import card, states, table
from dashboard.errors import toast
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids, second_source
from dashboard.pages.data.chart_view import Display
from dashboard.pages.data.clocks import CLOCK, clock_of
from dashboard.pages.data.findings import bar_rows, finding_rows, note_on, place, repair_rows, sentence
from dashboard.pages.data.form import FORM
from dashboard.pages.data.tab import Tab, Viewed, seen, seen_id, series_of
from dashboard.runs import studies
from dashboard.security.payloads import Answer
from dashboard.text.format import count
from engine.core.errors import EngineError, JobError
from engine.market import catalog
from engine.market.intervals import bar_interval
from engine.market.quality import repairs
from engine.market.quality.calendars import NAMES
from engine.market.quality.series.listed import SeriesFindings
from engine.market.quality.series.spec import CheckSeries
from engine.market.spec import MarketSpec

JOB = SideJob(ids.PAGE, "check")
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
    table.Column("count", "Bars", kind="number", width=92, help="Bars affected, or sessions without one."),
    table.Column("first", "First", width=172),
    table.Column("sentence", "Finding, and what it does to a backtest", least=280),
]
BAR_COLUMNS = [
    table.Column("time", "Bar", width=172),
    *(table.Column(name, name.capitalize(), "number", 4, least=86) for name in ("open", "high", "low", "close")),
    table.Column("adj_close", "Adj. close", "number", 4, least=90),
    table.Column("volume", "Volume", "number", least=104),
]
REPAIR_COLUMNS = [
    table.Column("state", "State", width=110),
    table.Column("what", "Repair", width=190),
    table.Column("where", "Bars", width=206),
    table.Column("before", "Before", least=160),
    table.Column("after", "After", least=160),
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
    words = html.P(id=ids.QUALITY_SENTENCE, className="if-narrow")  # the table's column is out of sight there
    proposed = table.table(ids.QUALITY_REPAIRS, REPAIR_COLUMNS, empty="No repair is proposed or applied.", options=one)
    bars_note = html.Span(id=ids.QUALITY_BARS_NOTE, className="sub spaced")
    bars = card.card("Bars of the finding", [words, affected], tools=[bars_note])
    more = [
        card.card(
            "Repairs", proposed, sub="applied when bars are read: the stored bars are not changed", tools=buttons
        ),
        html.Div(bars, id=ids.QUALITY_BARS_CARD),
        second_source.layout(),
    ]
    failed = html.Div(id=ids.QUALITY_FAILED)
    checked = html.Div([found, html.Div(id=ids.QUALITY_PASSED, style=_INSET)], id=ids.QUALITY_CHECKED)
    return [
        card.card("Findings", [failed, checked, *JOB.stores()], tools=[note, label, chosen]),
        html.Div(more, id=ids.QUALITY_MORE, className="cards"),
    ]


TAB = Tab("quality", "Quality", layout)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    seen(TAB.name),
    Input(ids.QUALITY_CALENDAR, "value"),
)
def ask(viewed: Viewed, calendar: str | None) -> tuple[Any, Any]:
    """As a job where there are many bars, or the calendar has to be built: that takes pandas, which the server does
    without.
    """
    spec, series = series_of(viewed)
    named = {"collection": series.collection, "symbol": series.symbol, "interval": series.interval}
    request = CheckSeries.parse({**named, "known_on": spec.known_on, "calendar": _code(calendar)})
    answer, job = side_job.start(request)
    return {**(answer or {}), "words": f"{count(series.rows, 'bar')} being checked"}, job


JOB.wire(on_error=side_job.failed_in_place)


def checked(answer: Answer) -> tuple[CheckSeries, SeriesFindings]:
    """The request and what was found. Raises as ``runs.opened`` does."""
    return runs.opened({name: str(value) for name, value in (answer or {}).items()}, CheckSeries)


@callback(
    Output(ids.QUALITY, "rowData"),
    Output(ids.QUALITY_REPAIRS, "rowData"),
    Output(ids.QUALITY_NOTE, "children"),
    Output(ids.QUALITY_PASSED, "children"),
    Output(ids.QUALITY, "selectedRows"),
    Output(ids.QUALITY_REPAIRS, "selectedRows"),
    Output(ids.QUALITY_FAILED, "children"),
    Output(ids.QUALITY_CHECKED, "hidden"),
    Output(ids.QUALITY_MORE, "hidden"),
    Output(ids.QUALITY_BARS_CARD, "hidden"),
    Input(JOB.answer, "data"),
    CLOCK,
    prevent_initial_call=True,
)
def show(answer: Answer, chosen: str | None) -> tuple[Any, ...]:
    if not answer:
        raise PreventUpdate
    if answer.get("waits"):  # which the tables show as loading
        return None, None, str(answer.get("words") or ""), None, [], [], None, False, False, no_update
    try:
        if answer.get("error"):
            raise JobError(str(answer["error"]))
        request, found = checked(answer)
    except EngineError as error:
        words = states.error(str(error), title="This series could not be checked.")
        return [], [], "", None, [], [], words, True, True, True
    rows, mended = finding_rows(found, *_times(request, chosen)), repair_rows(found)
    first = [row for row in mended if row["state"] == "proposed"][:1]
    words = note_on(found), passed(found.passed)
    return rows, mended, *words, rows[:1], first, None, False, False, not rows


clientside_callback(  # no output: the header's store is there when this tab is not
    ClientsideFunction("stratoscope", "tellChecked"),
    Input(ids.QUALITY_NOTE, "children"),
    State(ids.CHECKED, "id"),
    prevent_initial_call=True,
)


@callback(
    Output(ids.QUALITY_BARS, "rowData"),
    Output(ids.QUALITY_BARS_NOTE, "children"),
    Output(ids.QUALITY_SENTENCE, "children"),
    Input(ids.QUALITY, "selectedRows"),
    State(JOB.answer, "data"),
    State(seen_id(TAB.name), "data"),
    State(ids.CLOCK, "data"),
    State(ids.CHART_VIEW, "data"),
    prevent_initial_call=True,
)
def show_bars(chosen: Rows, answer: Answer, viewed: Viewed, clock: str | None, display: Display = None) -> Any:
    if not chosen:
        return [], "", ""
    request, found = checked(answer)
    finding = next((item for item in found.findings if item.name == chosen[0].get("name")), None)
    if finding is None:
        return [], "", ""
    rows, note = bar_rows(finding, *_times(request, clock))
    if found.is_refused:  # there is no chart of such bars
        return rows, [note], sentence(finding)
    view = (display or {}).get("query")
    link = place(series_of(viewed)[0], request.symbol, finding)
    link = f"{link}&{urlencode({'view': view})}" if view else link
    shown = dcc.Link("Show in the chart", href=link, className="link-button strong")
    return rows, [note, shown], sentence(finding)


def _times(request: CheckSeries, chosen: str | None) -> tuple[bool, Clock]:
    """How the times of the series are printed."""
    return bar_interval(request.interval).is_intraday, clock_of(chosen, request.series())


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
    Input(ids.QUALITY_APPLY, "n_clicks"),
    State(ids.QUALITY_REPAIRS, "selectedRows"),
    State(JOB.answer, "data"),
    State(seen_id(TAB.name), "data"),
    prevent_initial_call=True,
)
def apply(clicks: int | None, chosen: Rows, answer: Answer, viewed: Viewed) -> None:
    if not clicks or not chosen:
        raise PreventUpdate
    request, found = checked(answer)
    proposed = {edit.id: edit for finding in found.findings for edit in finding.repairs}
    edit = proposed.get(str(chosen[0].get("id")))
    if edit is None:
        raise PreventUpdate
    spec, _ = series_of(viewed)  # before the bars, and with them the key of the request, change
    repairs.add(catalog.read_supplied(request.series()), edit)
    say_applied(spec)


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
