"""The tab of signals, weights and predictions of one's own: files are stored under names, and listed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.components import card, controls, states, table
from dashboard.components.fields import Field, Values
from dashboard.components.sections import Row
from dashboard.components.upload import zone
from dashboard.components.values import get
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.imports.form import given_uploads, zones
from dashboard.pages.data.imports.look import rejected
from dashboard.pages.data.tab import Tab
from dashboard.runs.studies import Study, StudyForm
from dashboard.security.payloads import Answer, Draft, Progress, Rows
from dashboard.state import to_query
from dashboard.text.format import MINUS, count
from engine.core.errors import DataError, SpecError
from engine.core.spec import Action, RunSpec
from engine.indicators.external import MyValues
from engine.jobs.requests import load_action
from engine.market import catalog
from engine.market.external import stored
from engine.market.external.importing import ImportedValues
from engine.market.external.spec import PreviewValues, StoreValues
from engine.market.external.stored import table_name
from engine.market.importers import uploads
from engine.market.importers.choices import AUTOMATIC
from engine.market.intervals import INTERVALS, bar_interval
from engine.market.spec import MarketSpec
from engine.models.kinds.own_predictions import OwnPredictions
from engine.models.spec import ModelSpec

COLUMNS = [
    table.Column("name", "Name", least=90),
    table.Column("kind", "Kind", width=96),
    table.Column("interval", "Interval", width=72),
    table.Column("known", "Known", least=136, help="When each value was known."),
    table.Column("symbols", "Symbols", "number", width=78),
    table.Column("values", "Values", "number", width=76),
    table.Column("first", "From", width=106),
    table.Column("last", "To", width=106),
    table.Column("origin", "File", least=76),
]

_HIDDEN = {"display": "none"}


class ValuesForm(StudyForm):
    """``uploads`` is the id of the zone's file."""

    def _field(self, item: Field, value: Any, whole: Values, section: str) -> list[Row]:
        if item.path != "uploads":
            return super()._field(item, value, whole, section)
        place = frame.field(self.page, item.path)
        parts = [
            zone(place, ",".join(value or ()), kinds="CSV or Parquet", single=True),
            controls.problem(self.page, item.path),
        ]
        return [(section, html.Div(parts, className="import-files"))]

    def parse(self, values: Values) -> RunSpec | Action:
        """As every form; while there is no file, there is nothing to say."""
        if not (chosen := given_uploads(get(values, "uploads"))):
            raise SpecError([])
        return super().parse({**values, "uploads": chosen})


def _intervals(_: Values) -> list[tuple[str, str]]:
    return [(AUTOMATIC, "As the times say"), *((name, name) for name in INTERVALS)]


FORM = ValuesForm(
    page=frame.study(ids.PAGE, "values"),
    spec=StoreValues,
    action="Store",
    base="",
    options={"interval": _intervals, "timezone": zones},
    initial={"uploads": [], "name": ""},
)


JOB = SideJob(FORM.page, "look")


def _panel(values: Values) -> Sequence[Component]:
    """The form's fields, the preview, and the tables that are stored."""
    options = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
    listed = table.table(ids.VALUES_STORED, COLUMNS, rows=rows(), empty="No values are stored yet.", options=options)
    listed.className += " chooses"
    score = dcc.Link("Score as a model", id=ids.VALUES_SCORE, href="", className="link-button", style=_HIDDEN)
    delete = html.Button("Delete the selected", id=ids.VALUES_DELETE, className="link-button", disabled=True)
    undo = html.Button("Undo", id=ids.VALUES_UNDO, className="link-button strong", hidden=True)
    status = html.Span(id=ids.VALUES_STATUS, className="sub", role="status")
    below = [html.H3("Stored"), listed, html.Div([score, delete, status, undo], className="import-links")]
    return [
        *FORM.panel(values),
        html.Div(id=ids.VALUES_FOUND, className="import-look"),
        *JOB.stores(),
        html.Div(
            [*below, dcc.Store(id=ids.VALUES_DELETED), dcc.Store(id=ids.VALUES_SUGGESTED)], className="import-look"
        ),
    ]


def layout() -> list[Component]:
    return [card.card("Stored values", html.Div(id=ids.VALUES_REPORT, className="pad"))]


STUDY = Study(
    FORM,
    "Values",
    empty=lambda: states.empty(
        "Test a model of your own",
        "Drop a file of signals, weights or predictions above: time, symbol and value, or a column for each symbol. "
        "The strategies My signals and My weights follow them; My values compares them in rules, draws them, and makes "
        "them features. Stored predictions are scored as those of any model.",
        symbol="data",
    ),
    sub="signals, weights and predictions that were computed elsewhere",
    panel=_panel,
)
TAB = Tab("values", "Values", layout, STUDY)


def rows() -> list[dict[str, Any]]:
    """A row for each stored table."""
    return [
        {
            "name": item.name,
            "kind": item.kind.capitalize(),
            "interval": item.interval,
            "known": item.known.sentence().capitalize(),
            "symbols": len(item.symbols),
            "values": item.rows,
            "first": item.start[:10],
            "last": item.end[:10],
            "origin": item.origin,
        }
        for item in stored.listed()
    ]


def described(report: ImportedValues) -> list[Component]:
    """What a report says of a table: how it was read, rejected lines, and warnings."""
    about = report.about
    symbols = ", ".join(about.symbols[:6]) + (f" and {len(about.symbols) - 6:,} more" if len(about.symbols) > 6 else "")
    ends = f"{about.start[:16].removesuffix('T00:00')} to {about.end[:16].removesuffix('T00:00')}"
    bars = bar_interval(about.interval).adjective
    lowest, highest = (f"{value:g}".replace("-", MINUS) for value in (about.lowest, about.highest))
    words = f"{count(about.rows, 'value')} from {lowest} to {highest} for {symbols}, {bars}, {ends}."
    known = f"Each was known {about.known.sentence()}."
    found: list[Component] = [html.P(f"{words} {known}")]
    found += [html.Ul(html.Li(text, className="is-bad"), className="import-questions") for text in report.warnings]
    if report.rejected:
        found.append(rejected(about.origin, report.lines, report.rejected))
    return found


@callback(
    Output(frame.field(FORM.page, "name"), "value"),
    Output(ids.VALUES_SUGGESTED, "data"),
    Input(frame.field(FORM.page, "uploads"), "value"),
    State(frame.field(FORM.page, "name"), "value"),
    State(ids.VALUES_SUGGESTED, "data"),
    prevent_initial_call=True,
)
def suggest_name(uploaded: Any, name: str | None, suggested: str | None) -> tuple[str, str]:
    """That of the file, while the field is empty or has the name of the file before."""
    chosen = given_uploads(uploaded) if name in (None, "", suggested) and isinstance(uploaded, str) else []
    if len(chosen) != 1:
        raise PreventUpdate
    try:
        found = table_name(Path(uploads.find(chosen[0]).name).stem)
    except (uploads.UploadError, ValueError):
        raise PreventUpdate from None
    return found, found


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Input(frame.draft(FORM.page), "data"),
    State(frame.field(FORM.page, "uploads"), "value"),
    prevent_initial_call=True,
)
def ask(draft: Draft | None, uploaded: str | None) -> tuple[Any, Any]:
    """A preview of what the form says, as a job: times are read by pandas, which the server does without."""
    if not draft or not uploaded:
        return None, no_update
    action = load_action(draft["spec"])
    wanted = PreviewValues.parse(action.model_dump(mode="json", exclude={"kind"}))
    return side_job.start(wanted)


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(ids.VALUES_FOUND, "children"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def look(answer: Answer, progress: Progress | None) -> Any:
    """What is in the file, before anything is stored."""
    if not answer:
        return None
    if answer.get("error"):
        return html.Ul(html.Li(str(answer["error"]), className="is-bad"), className="import-questions")
    if (words := side_job.instead(answer, progress, "")) is not None:
        return words
    return [html.H3("In this file"), *described(runs.report(answer, PreviewValues).report)]


@callback(
    Output(ids.VALUES_REPORT, "children"),
    Output(ids.VALUES_STORED, "rowData"),
    Input(frame.result(FORM.page), "data"),
    prevent_initial_call=True,
)
def report(data: runs.ResultData) -> tuple[Any, ...]:
    return described(runs.report(data, StoreValues).report), rows()


@callback(
    Output(ids.VALUES_DELETE, "disabled"),
    Output(ids.VALUES_SCORE, "href"),
    Output(ids.VALUES_SCORE, "style"),
    Input(ids.VALUES_STORED, "selectedRows"),
    prevent_initial_call=True,
)
def selected(chosen: Rows) -> tuple[bool, str, dict[str, str]]:
    spec = as_model(str(chosen[0].get("name"))) if chosen else None
    return not chosen, f"/models?spec={to_query(spec)}" if spec else "", {} if spec else _HIDDEN


def as_model(name: str) -> ModelSpec | None:
    """The request that scores stored predictions as those of a model, on the first collection that has bars of their
    symbols; None where there is none, or where what is stored are no predictions.
    """
    about = next((item for item in stored.listed() if item.name == name), None)
    if about is None or about.kind != "predictions":
        return None
    for collection, series in catalog.collections().items():
        there = {item.symbol for item in series if item.interval == about.interval}
        if symbols := tuple(symbol for symbol in about.symbols if symbol in there):
            market = MarketSpec(collection=collection, symbols=symbols, interval=about.interval)
            is_share = about.lowest >= 0 and about.highest <= 1
            model = OwnPredictions(meaning="probability" if is_share else "score")
            return ModelSpec(market=market, features=(MyValues(values=name),), model=model)
    return None


@callback(
    Output(ids.VALUES_STORED, "rowData", allow_duplicate=True),
    Output(ids.VALUES_STATUS, "children"),
    Output(ids.VALUES_UNDO, "hidden"),
    Output(ids.VALUES_DELETED, "data"),
    Output(ids.VALUES_STORED, "selectedRows"),
    Input(ids.VALUES_DELETE, "n_clicks"),
    State(ids.VALUES_STORED, "selectedRows"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, chosen: Rows) -> tuple[Any, ...]:
    if not clicks or not chosen:
        raise PreventUpdate
    name = str(chosen[0].get("name"))
    stored.delete(name)
    return rows(), f"'{name}' is deleted.", False, name, []


@callback(
    Output(ids.VALUES_STORED, "rowData", allow_duplicate=True),
    Output(ids.VALUES_STATUS, "children", allow_duplicate=True),
    Output(ids.VALUES_UNDO, "hidden", allow_duplicate=True),
    Input(ids.VALUES_UNDO, "n_clicks"),
    State(ids.VALUES_DELETED, "data"),
    prevent_initial_call=True,
)
def undo(clicks: int | None, name: str | None) -> tuple[Any, ...]:
    if not clicks or not name:
        raise PreventUpdate
    try:
        stored.restore(name)
    except DataError as error:
        return no_update, str(error), True
    return rows(), f"'{name}' is back.", True
