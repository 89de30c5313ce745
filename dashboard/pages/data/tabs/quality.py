"""The tab that lists what is doubtful about a series, the bars concerned, and repairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
import numpy as np
from dash import Input, Output, State, callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import state
from dashboard.charts.candles import moment
from dashboard.components import card, table
from dashboard.errors import toast
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids, second_source
from dashboard.pages.data.chart_view import Display
from dashboard.pages.data.form import FORM
from dashboard.pages.data.tab import Tab, Viewed, seen, seen_id, series_of
from dashboard.runs import studies
from dashboard.security.payloads import Answer
from dashboard.text.format import count
from engine.market import catalog
from engine.market.quality import repairs
from engine.market.quality.calendars import NAMES, code_for, is_built
from engine.market.quality.edits import KINDS, Edit
from engine.market.quality.finding import Finding
from engine.market.quality.report import TITLES, SeriesReport, assess, is_refused
from engine.market.quality.universe.spec import CheckQuality
from engine.market.spec import MarketSpec

JOB = SideJob(ids.PAGE, "calendar")
Rows = list[dict[str, Any]] | None
_MOST_ROWS = 200
_AROUND = 30  # bars in sight on both sides of what was found
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
            [sentence, affected, *JOB.stores()],
            tools=[html.Span(id=ids.QUALITY_BARS_NOTE, className="sub spaced")],
        ),
        second_source.layout(),
    ]


TAB = Tab("quality", "Quality", layout)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    seen(TAB.name),
    Input(ids.QUALITY_CALENDAR, "value"),
)
def prepare(viewed: Viewed, calendar: str | None) -> tuple[Any, Any]:
    """A calendar is built by a job when it is first needed: that takes pandas, which the server does without."""
    series = series_of(viewed)[1]
    if is_built(_code(calendar) or code_for(series)):
        raise PreventUpdate
    name = {"collection": series.collection, "symbol": series.symbol, "interval": series.interval}
    return side_job.start(CheckQuality.parse({"series": [name], "calendar": _code(calendar)}))


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(ids.QUALITY, "rowData"),
    Output(ids.QUALITY_REPAIRS, "rowData"),
    Output(ids.QUALITY_NOTE, "children"),
    Output(ids.QUALITY_PASSED, "children"),
    Output(ids.QUALITY, "selectedRows"),
    Output(ids.QUALITY_REPAIRS, "selectedRows"),
    seen(TAB.name),
    Input(ids.QUALITY_CALENDAR, "value"),
    Input(JOB.answer, "data"),
)
def show(viewed: Viewed, calendar: str | None, answer: Answer = None) -> Any:
    if not is_built(code := _code(calendar) or code_for(series_of(viewed)[1])):
        sentence = (answer or {}).get("error") or f"The sessions of {NAMES[code]} are read for the first time."
        return [], [], sentence, None, [], []
    report = _report(viewed, calendar)
    return finding_rows(report), repair_rows(report), note_on(report), passed(report), [], []


@callback(
    Output(ids.QUALITY_BARS, "rowData"),
    Output(ids.QUALITY_BARS_NOTE, "children"),
    Output(ids.QUALITY_SENTENCE, "children"),
    Input(ids.QUALITY, "selectedRows"),
    State(seen_id(TAB.name), "data"),
    State(ids.QUALITY_CALENDAR, "value"),
    State(ids.CHART_VIEW, "data"),
    prevent_initial_call=True,
)
def show_bars(chosen: Rows, viewed: Viewed, calendar: str | None, display: Display = None) -> Any:
    if not chosen:
        return [], "", ""
    report = _report(viewed, calendar)
    found = next((item for item in report.findings if item.name == chosen[0].get("name")), None)
    if found is None:
        return [], "", ""
    rows, note = bar_rows(report, found)
    if is_refused(report.findings):  # there is no chart of it
        return rows, [note], sentence(found)
    link = place(series_of(viewed)[0], report, found, display)
    return rows, [note, dcc.Link("Show in the chart", href=link, className="link-button strong")], sentence(found)


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
    State(seen_id(TAB.name), "data"),
    State(ids.QUALITY_CALENDAR, "value"),
    prevent_initial_call=True,
)
def apply(clicks: int | None, chosen: Rows, viewed: Viewed, calendar: str | None) -> None:
    if not clicks or not chosen:
        raise PreventUpdate
    spec, _ = series_of(viewed)  # before the bars, and with them the key of the request, change
    report = _report(viewed, calendar)
    for edit in (item for finding in report.findings for item in finding.repairs):
        if edit.id == chosen[0].get("id"):
            repairs.add(catalog.read_supplied(report.bars.series), edit)
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


def _report(viewed: Viewed, calendar: str | None) -> SeriesReport:
    return assess(series_of(viewed)[1], _code(calendar))


def _code(calendar: str | None) -> str:
    """The code that was chosen, "" for the series' own."""
    return "" if calendar in (None, _AUTOMATIC) else str(calendar)


def note_on(report: SeriesReport) -> str:
    """How much was found and checked, and against which calendar."""
    found = count(len(report.findings), "finding") if report.findings else "clean"
    known = report.calendar.title if report.calendar else "calendar not known"
    return f"{found}, {count(len(report.bars), 'bar')} as supplied, {known}"


def finding_rows(report: SeriesReport) -> list[dict[str, Any]]:
    """A row for each finding."""
    return [_row(report, finding) for finding in report.findings]


def passed(report: SeriesReport) -> Component | None:
    """The checks without a finding, folded."""
    if not report.passed:
        return None
    listed = html.Ul([html.Li(about.passes) for about in report.passed])
    return html.Details([html.Summary(f"{count(len(report.passed), 'check')} passed"), listed], className="sub")


def _row(report: SeriesReport, finding: Finding) -> dict[str, Any]:
    first = str(finding.days[0]) if finding.first is None else moment(report.bars, finding.first)
    about = {"severity": finding.severity, "name": finding.name, "title": TITLES[finding.name]}
    return about | {"count": finding.count, "first": first, "sentence": sentence(finding)}


def sentence(finding: Finding) -> str:
    """What was found, and what it does to a backtest."""
    return f"{finding.sentence} {finding.effect}"


def repair_rows(report: SeriesReport) -> list[dict[str, Any]]:
    """What was applied, and what is proposed."""
    applied = [
        _repair(item.edit, "applied" if item.is_effective else "out of date") | {"by": item.edit.author}
        for item in report.applied
    ]
    return applied + [_repair(edit, "proposed") for finding in report.findings for edit in finding.repairs]


def _repair(edit: Edit, state: str) -> dict[str, Any]:
    first, last = edit.times[0][:10], edit.times[-1][:10]
    where = first if first == last else f"{first} to {last}"
    about = {"id": edit.id, "state": state, "what": KINDS[edit.kind], "where": where}
    return about | {"before": edit.before, "after": edit.after}


def bar_rows(report: SeriesReport, finding: Finding) -> tuple[list[dict[str, Any]], str]:
    """The bars of a finding, the first two hundred, or the dates without one; and how many there are."""
    bars, rows = report.bars, finding.rows[:_MOST_ROWS]
    names = [column.field for column in BAR_COLUMNS[1:]]
    if not len(finding.rows):
        shown_days = [{"time": str(day)} for day in finding.days[:_MOST_ROWS]]
        return shown_days, _first_of(len(shown_days), len(finding.days), "session")
    found = [
        {"time": moment(bars, row)} | {name: _plain(getattr(bars, name)[row]) for name in names}
        for row in rows.tolist()
    ]
    return found, _first_of(len(found), len(finding.rows), "bar")


def place(spec: MarketSpec, report: SeriesReport, finding: Finding, display: Display = None) -> str:
    """Address of the chart around the first bar of a finding, or the first date without one; without the dates of the
    request where they leave it out.
    """
    time = report.bars.time
    at = finding.first if finding.first is not None else int(np.searchsorted(report.bars.days, finding.days[0]))
    ends = time[[max(at - _AROUND, 0), min(at + _AROUND, len(time) - 1)]].astype("datetime64[ms]").astype(np.int64)
    day = finding.days[0] if finding.first is None else report.bars.days[at]
    if (spec.start and day < np.datetime64(spec.start)) or (spec.end and day > np.datetime64(spec.end)):
        spec = spec.model_copy(update={"start": None, "end": None})
    asked = {"spec": state.to_query(spec), "view": (display or {}).get("query"), "symbol": report.bars.series.symbol}
    asked |= {"from": str(ends[0]), "to": str(ends[1])}
    return f"/data?{urlencode({name: text for name, text in asked.items() if text})}"


def _first_of(shown_count: int, total: int, noun: str) -> str:
    return count(total, noun) if shown_count == total else f"the first {shown_count:,} of {count(total, noun)}"


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
