"""The tab of models in service: newest scores, drift, alerts and rules, and the champion against its challenger."""

from __future__ import annotations

import time
from typing import Any

from dash import Input, Output, State, callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.components import card, table
from dashboard.components.store import store
from dashboard.components.tabs import line_id
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import ids
from dashboard.pages.models.evaluation import table as score_table
from dashboard.pages.models.saved import challenge, rules
from dashboard.pages.models.saved.service_rows import ALERTS, MODELS, NOT_SCORED, alert_rows, model_rows, result_of
from dashboard.pages.models.saved.tab import GROUP, seen
from dashboard.runs import report
from dashboard.runs.saved_runs import keys_of
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Answer, Progress, Rows
from dashboard.text.format import count
from dashboard.text.service import drift_rows, failures, score_rows
from engine.core.errors import DataError, EngineError
from engine.models.service import promoted, roles
from engine.models.service.promoted import Promoted
from engine.research.service import alerts
from engine.research.service.rescoring.run import ScoreReport
from engine.research.service.rescoring.spec import Rescore

JOB = SideJob(GROUP, "rescore")
NOTHING = "No model is in service: select a version in the registry and press Champion."
_SELECT = {"mode": "singleRow", "enableClickSelection": True, "checkboxes": False}
_TICK = {"mode": "multiRow", "enableClickSelection": True, "checkboxes": False, "enableSelectionWithoutKeys": True}
_CHANCE = (
    "Distances are Wasserstein's, in standard deviations of the training rows, of predictions in those of the test. By "
    "chance: the 95% point of the distance between samples of these sizes that are drawn in blocks from both periods; "
    "one input in twenty exceeds it where nothing has changed."
)


def layout() -> list[Component]:
    bar = [
        html.Span(id=ids.IN_SERVICE_COUNT, className="hint"),
        html.Button("Undo the last change of roles", id=ids.UNDO_ROLE, className="link-button", type="button"),
        html.Button("Score now", id=ids.RESCORE, className="button strong", type="button",
                    title="Score every model in service on the newest stored bars"),
    ]  # fmt: skip
    acknowledge = html.Button("Acknowledge", id=ids.ACKNOWLEDGE, className="link-button strong", type="button",
                              title="Take the selected alerts, or all, off this page")  # fmt: skip
    return [
        *JOB.stores(),
        html.Div(bar, className="library-bar"),
        html.Div(id=ids.IN_SERVICE_SAID, className="undo-bar", role="status"),
        html.Div(
            card.card("Alerts", _grid(ids.ALERTS, ALERTS, "No alert.", _TICK), tools=[acknowledge]),
            id=ids.ALERTS_BOX,
            hidden=True,
        ),
        card.card("In service", _grid(ids.IN_SERVICE, MODELS, NOTHING, _SELECT), sub="select a row for what follows"),
        html.Div(
            [
                html.Div(id=ids.IN_SERVICE_NOTES, className="compare-notes"),
                card.card("Scores", html.Div(id=ids.SERVICE_SCORES), sub="95% block-bootstrap intervals"),
                card.card("Drift", html.Div(id=ids.SERVICE_DRIFT), sub="from the training rows to the newest bars"),
                *challenge.layout(),
                rules.card_view(),
            ],
            id=ids.IN_SERVICE_DETAILS,
            className="cards",
            hidden=True,
        ),
    ]


def stores() -> list[Component]:
    """What is in the page before the tab is opened."""
    return [store(ids.IN_SERVICE_CHANGED, 0)]


def title() -> str:
    """The tab's title, with the number of alerts."""
    found = len(alerts.unseen())
    return f"{TAB.title} ({found})" if found else TAB.title


def _grid(id_: str, columns: Any, empty: str, selection: dict[str, Any]) -> Component:
    grid: Any = table.table(
        id_, columns, height=table.height_of(0), empty=empty,
        options={"rowSelection": selection, "enableCellTextSelection": False},
    )  # fmt: skip
    grid.getRowId = "params.data.key"
    return grid


TAB = Tab("service", "In service", layout, free=True)
JOB.wire(side_job.failed_in_place)
challenge.wire()


@callback(
    Output(ids.IN_SERVICE, "rowData"),
    Output(ids.IN_SERVICE, "style"),
    Output(ids.IN_SERVICE_COUNT, "children"),
    Output(ids.ALERTS, "rowData"),
    Output(ids.ALERTS, "style"),
    Output(ids.ALERTS_BOX, "hidden"),
    Output(ids.IN_SERVICE_DETAILS, "hidden"),
    Input(ids.IN_SERVICE_CHANGED, "data"),
    seen(TAB.name),
)
def listing(changed: Any, _: Any) -> tuple[Any, ...]:
    rows, told = model_rows(promoted.every()), alert_rows(alerts.unseen())
    return (
        rows, table.fitting(len(rows), 320), count(len(rows), "model"),
        told, table.fitting(len(told), 240), not told, not rows,
    )  # fmt: skip


@callback(Output(line_id(GROUP), "labels"), Input(ids.IN_SERVICE_CHANGED, "data"), prevent_initial_call=True)
def name_tab(changed: Any) -> dict[str, str]:
    return {TAB.name: title()}


@callback(
    Output(ids.SERVICE_SCORES, "children"),
    Output(ids.SERVICE_DRIFT, "children"),
    Output(ids.IN_SERVICE_NOTES, "children"),
    Input(ids.IN_SERVICE, "selectedRows"),
    Input(ids.IN_SERVICE, "rowData"),
)
def describe(chosen: Rows, listed: Rows) -> tuple[Any, Any, Any]:
    """The scores and the drift of the selected model, of the first where none is."""
    try:
        item = selected(chosen, listed)
        found = result_of(item)
    except EngineError as error:
        return html.P(str(error), className="hint pad"), "", []
    if found is None:
        words = html.P(f"{item.item.reference} is {NOT_SCORED}: press Score now.", className="hint pad")
        return words, words, []
    notes = [html.P(text, className="note") for text in found.notes]
    heads, rows = _split(drift_rows([*found.inputs, found.output]))
    marked = [(*row[:-1], html.Span(row[-1], className="chip warn") if row[-1] else "") for row in rows]
    drifts = [score_table(heads, marked), html.P(_CHANCE, className="hint pad")]
    return score_table(*_split(score_rows(found))), drifts, notes


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.RESCORE, "n_clicks"),
    prevent_initial_call=True,
)
def score(clicks: int | None) -> tuple[Any, Any, Any]:
    if not clicks:
        raise PreventUpdate
    return *side_job.start(Rescore()), None


@callback(
    Output(ids.IN_SERVICE_SAID, "children"),
    Output(ids.IN_SERVICE_CHANGED, "data"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, Any]:
    if not answer or (words := side_job.instead(answer, progress, "")) is None:
        if not answer:
            return None, no_update
        done: Any = report(answer, Rescore).report
        return [html.Span(text) for text in came_of(done)], time.time()
    return words, no_update


@callback(
    Output(ids.IN_SERVICE_CHANGED, "data", allow_duplicate=True),
    Input(ids.ACKNOWLEDGE, "n_clicks"),
    State(ids.ALERTS, "selectedRows"),
    prevent_initial_call=True,
)
def acknowledge(clicks: int | None, chosen: Rows) -> float:
    if not clicks:
        raise PreventUpdate
    wanted = {int(key) for key in keys_of(chosen) if key.isascii() and key.isdigit()}
    alerts.acknowledge([item.id for item in alerts.unseen() if not wanted or item.id in wanted])
    return time.time()


@callback(
    Output(ids.IN_SERVICE_CHANGED, "data", allow_duplicate=True),
    Input(ids.UNDO_ROLE, "n_clicks"),
    prevent_initial_call=True,
)
def undo(clicks: int | None) -> Any:
    """Take back the last promotion or demotion of any model."""
    if not clicks:
        raise PreventUpdate
    name = roles.last_changed()
    try:
        promoted.undo(name)
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        return no_update
    shell.toast(f"The last change of the roles of {name} has been undone.", tone="ok")
    return time.time()


def came_of(done: ScoreReport) -> list[str]:
    """How many alerts are new, which the table shows, and what went wrong."""
    new = sum(len(item.sentences) for item in done.models)
    return [f"Scored on the newest bars: {count(new, 'new alert')}.", *failures(done.models, done.webhook)]


def selected(chosen: Rows, listed: Rows) -> Promoted:
    """The model in service of the selected row, the first where none is selected. Raises ``DataError``."""
    wanted = next(iter(keys_of(chosen)), "")
    found = promoted.every()
    if not found or not listed:
        raise DataError(NOTHING)
    return next((item for item in found if item.alias == wanted), found[0])


def _split(rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    return rows[0], rows[1:]
