"""The quality of the selected series: a check of all of them, and a table of its findings."""

from __future__ import annotations

import time
from typing import Any

from dash import Input, Output, State, callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs
from dashboard.components import card, table
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.catalogue.actions import show as open_in
from dashboard.pages.data.catalogue.rows import Chosen, names, row_id
from dashboard.security.payloads import Answer, Progress
from engine.market.quality.report import TITLES, UniverseReport, UniverseRow
from engine.market.quality.universe.spec import CheckQuality

JOB = SideJob(ids.PAGE, "universe")
_MOST = 20_000
_TALLEST = 320  # pixels
COLUMNS = [
    table.Column("symbol", "Symbol", least=90),
    table.Column("collection", "Collection", least=90),
    table.Column("grave", "Grave", "number", width=72, help="Findings that make a backtest wrong."),
    table.Column("warning", "Warnings", "number", width=86, help="Findings that can affect a backtest."),
    table.Column("note", "Notes", "number", width=70, help="Worth knowing."),
    table.Column("title", "Worst", least=130),
    table.Column("first", "First", width=96),
    table.Column("sentence", "Finding", least=260),
]


def layout() -> Component:
    """The card, out of sight until a check was asked for, and the stores of the job."""
    grid = table.table(
        ids.UNIVERSE_QUALITY,
        COLUMNS,
        height=_TALLEST,
        empty="No series was checked.",
        options={"tooltipShowDelay": 300},
    )
    by_field = {column["field"]: column for column in grid.columnDefs}
    by_field["symbol"] |= {"cellRenderer": "StratoscopeFindings"}
    by_field["sentence"] |= {"tooltipField": "sentence"}
    for name, tone in (("grave", "bad"), ("warning", "warn")):
        by_field[name]["cellStyle"] = {
            "styleConditions": [
                {"condition": "params.value > 0", "style": {"color": f"var(--{tone})", "fontWeight": 600}}
            ]
        }
    grid.getRowId = "params.data.id"
    grid.className += " library"
    note = html.Span(id=ids.UNIVERSE_QUALITY_NOTE, className="sub")
    status = html.Div(id=ids.UNIVERSE_QUALITY_STATUS, className="pad")
    found = card.card("Quality of the selected series", [status, grid], tools=[note])
    return html.Div([*JOB.stores(), html.Div(found, id=ids.UNIVERSE_QUALITY_CARD, hidden=True)])


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.CATALOGUE_CHECK, "n_clicks"),
    State(ids.CATALOGUE_CHOSEN, "data"),
    prevent_initial_call=True,
)
def ask(clicks: int | None, chosen: Chosen) -> tuple[Any, Any, Any]:
    """As a job, however few they are: calendars need pandas, which the server does without."""
    found = names(chosen, most=_MOST)
    if not clicks or not found:
        raise PreventUpdate
    series = [{"collection": name[0], "symbol": name[1], "interval": name[2]} for name in found]
    action = CheckQuality.parse({"series": series})
    return *side_job.start(action), None


JOB.wire()


@callback(
    Output(ids.UNIVERSE_QUALITY, "rowData"),
    Output(ids.UNIVERSE_QUALITY_NOTE, "children"),
    Output(ids.UNIVERSE_QUALITY_STATUS, "children"),
    Output(ids.UNIVERSE_QUALITY_CARD, "hidden"),
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Output(ids.UNIVERSE_QUALITY, "style"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    if not answer:
        return [], "", None, True, no_update, no_update
    if (words := side_job.instead(answer, progress, "")) is not None:
        return [], "", words, False, no_update, table.fitting(0, _TALLEST)
    report: UniverseReport = runs.report(answer, CheckQuality).report
    rows = sorted(map(row, report.rows), key=lambda item: (-item["grave"], -item["warning"], -item["note"]))
    return rows, note(report), together(report), False, time.time(), table.fitting(len(rows), _TALLEST)


@callback(Input(ids.UNIVERSE_QUALITY, "cellRendererData"), prevent_initial_call=True)
def open_findings(cell: dict[str, Any] | None) -> None:
    value = (cell or {}).get("value")
    if not isinstance(value, dict):
        raise PreventUpdate
    open_in(names([str(value.get("id"))]), "quality")


def row(item: UniverseRow) -> dict[str, Any]:
    """A series as a row: its findings by severity, and the worst of them."""
    series, worst = item.series, item.verdict[0] if item.verdict else None
    about = {"id": row_id((series.collection, series.symbol, series.interval)), "symbol": series.symbol}
    about |= {"collection": series.collection, "title": TITLES.get(worst.name, worst.name) if worst else "Clean"}
    about |= {"first": worst.first if worst else "", "sentence": worst.sentence if worst else ""}
    return about | {"grave": item.count("grave"), "warning": item.count("warning"), "note": item.count("note")}


def note(report: UniverseReport) -> str:
    """How many are how bad."""
    found = report.summary()["series"]
    counts = found if isinstance(found, dict) else {}
    words = {"grave": "with grave findings", "warning": "with warnings", "note": "with notes", "clean": "clean"}
    return ", ".join(f"{number:,} {words[name]}" for name, number in counts.items())


def together(report: UniverseReport) -> list[Component]:
    """What is true of all of them: survivorship."""
    return [html.P(f"{item.sentence} {item.effect}") for item in report.together]
