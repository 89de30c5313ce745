"""The tab of trained models: found again, compared, and registered under a name."""

from __future__ import annotations

import time
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs, shell
from dashboard.charts.models import losses
from dashboard.components import card, graph, states, table
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import ids
from dashboard.pages.models.saved import comparison
from dashboard.pages.models.saved.rows import run_rows
from dashboard.pages.models.saved.tab import GROUP, seen
from dashboard.runs.saved_runs import SavedRuns, in_shelf, keys_of
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Answer, Rows
from engine.core.errors import EngineError
from engine.models.refit.spec import Refit
from engine.models.service import registered
from engine.models.spec import ModelSpec

NO_LOSSES = "None of these models is trained iteratively: they have no loss curves."


def _actions() -> list[Component]:
    name = dbc.Input(
        id=ids.REGISTER_NAME, type="text", placeholder="Name", maxLength=registered.LONGEST, autoComplete="off"
    )
    label = html.Label("Name to register the selected model under", htmlFor=ids.REGISTER_NAME, className="unseen")
    register = in_shelf("Register", ids.REGISTER, "Keep the selected model under this name", "saved")
    refit = dbc.Checkbox(id=ids.REFIT, label="Refit on all rows", value=False)
    return [
        in_shelf("Compare", ids.COMPARE_TICKED, "Compare the selected models", "saved"),
        html.Div([label, name], className="in register-name in-saved"),
        html.Div(refit, className="refit in-saved", title="Train it once more on all rows before the sealed holdout"),
        register,
    ]


REFIT = SideJob(GROUP, "refit")
RUNS = SavedRuns(
    page="models",
    spec=ModelSpec,
    noun="model",
    columns=(
        table.Column("label", "Model", least=190),
        table.Column("target", "Label", least=100),
        table.Column("score", "Score", "number", 3, width=68),
        table.Column("of", "of", width=48, help="What the score is."),
        table.Column("null", "Null 95%", "number", 3, width=80, help="95% point of the scores of null models."),
        table.Column("p", "p", "number", 2, width=56, help="Share of null models that score as well."),
        table.Column("names", "Registered", least=110, help="Names and versions under which the model is kept."),
    ),
    rows=run_rows,
    search="Search model, feature, symbol, tag, note",
    actions=_actions,
)


def layout() -> list[Component]:
    return [
        *REFIT.stores(),
        *RUNS.layout(),
        html.Div(
            [
                html.Div(id=ids.COMPARE_NOTES, className="compare-notes"),
                card.card("Scores", html.Div(id=ids.COMPARED), sub="out of sample; the best of each row is marked"),
                graph.graph(ids.LOSSES, height=300, title="Loss", sub="last fold, validation rows", rescale=False),
                card.card("Differences", html.Div(id=ids.DIFFERENCES), sub="settings that differ"),
            ],
            id=ids.COMPARISON,
            className="cards",
            hidden=True,
        ),
    ]


TAB = Tab("trained", "Trained", layout, free=True)
RUNS.wire(seen(TAB.name))


@callback(
    Output(ids.COMPARE_TICKED, "disabled"),
    Output(ids.REGISTER, "disabled"),
    Input(RUNS.id("library"), "selectedRows"),
    Input(RUNS.id("shelf"), "value"),
)
def enable(chosen: Rows, shelf: str | None) -> tuple[bool, bool]:
    keys = keys_of(chosen)
    return len(keys) < 2 or shelf == "bin", len(keys) != 1 or shelf == "bin"


@callback(
    Output(ids.COMPARISON, "hidden"),
    Output(ids.COMPARE_NOTES, "children"),
    Output(ids.COMPARED, "children"),
    Output(frame.figure(ids.LOSSES), "data"),
    Output(ids.DIFFERENCES, "children"),
    Input(ids.COMPARE_TICKED, "n_clicks"),
    State(RUNS.id("library"), "selectedRows"),
    prevent_initial_call=True,
)
def compare(clicks: int | None, chosen: Any) -> tuple[Any, ...]:
    keys = keys_of(chosen)
    if not clicks or not keys:
        raise PreventUpdate
    found = comparison.gather(keys)
    notes = [html.P(text, className="note") for text in found.notes]
    if not found.results:
        return False, notes, "", states.no_figure(NO_LOSSES), ""
    lines = losses.info(list(zip(found.names, found.results, strict=True)))
    drawn = losses.figure(lines) if lines else states.no_figure(NO_LOSSES)
    return False, notes, comparison.score_table(found), drawn, comparison.spec_differences(found)


@callback(
    Output(RUNS.id("library-changed"), "data", allow_duplicate=True),
    Output(ids.REGISTER_NAME, "value"),
    Input(ids.REGISTER, "n_clicks"),
    State(RUNS.id("library"), "selectedRows"),
    State(ids.REGISTER_NAME, "value"),
    State(ids.REFIT, "value"),
    prevent_initial_call=True,
)
def register(clicks: int | None, chosen: Any, name: Any, refit: bool | None) -> tuple[Any, Any]:
    """Keep the model; what cannot be kept is said, and stays selected."""
    keys = keys_of(chosen)
    if not clicks or len(keys) != 1 or refit:
        raise PreventUpdate
    try:
        found = registered.register(keys[0], name if isinstance(name, str) else "")
        shell.toast(f"{found.reference} is in the registry.", tone="ok")
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        return no_update, no_update
    return time.time(), ""


@callback(
    Output(REFIT.answer, "data"),
    Output(REFIT.job, "data"),
    Output(REFIT.progress, "data"),
    Input(ids.REGISTER, "n_clicks"),
    State(RUNS.id("library"), "selectedRows"),
    State(ids.REGISTER_NAME, "value"),
    State(ids.REFIT, "value"),
    prevent_initial_call=True,
)
def refit(clicks: int | None, chosen: Any, name: Any, wanted: bool | None) -> tuple[Any, Any, Any]:
    """Train the model once more, as a job, and keep that one."""
    keys = keys_of(chosen)
    if not clicks or len(keys) != 1 or not wanted:
        raise PreventUpdate
    try:
        registered.checked(name if isinstance(name, str) else "")
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        raise PreventUpdate from None
    return *side_job.start(Refit(run=keys[0], name=name)), None


REFIT.wire()


@callback(
    Output(RUNS.id("library-changed"), "data", allow_duplicate=True),
    Output(ids.REGISTER_NAME, "value", allow_duplicate=True),
    Input(REFIT.answer, "data"),
    prevent_initial_call=True,
)
def refitted(answer: Answer) -> tuple[Any, Any]:
    report = runs.report(answer, Refit).report
    shell.toast(f"{report.reference} is in the registry, refitted on {report.rows:,} rows.", tone="ok")
    return time.time(), ""
