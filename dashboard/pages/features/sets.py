"""The tab of named feature sets: save what is on the page, open, compare, export and delete versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.components import card, states, table
from dashboard.errors import toast
from dashboard.features_form import SET, set_options
from dashboard.pages.features import ids, set_editing
from dashboard.pages.features.form import FORM
from dashboard.pages.features.result import opened
from dashboard.runs import studies
from dashboard.security.payloads import Draft, Rows
from dashboard.text.format import count
from engine.core.errors import DataError, EngineError
from engine.features.sets import document, uses, versions
from engine.features.sets.comparison import SetDifference, difference
from engine.features.sets.versions import FeatureSet
from engine.features.spec import FeatureSpec
from engine.jobs.requests import load_spec

COLUMNS = [
    table.Column("name", "Name", least=140),
    table.Column("version", "Version", "number", width=88, help="Versions never change; other features are the next."),
    table.Column("count", "Features", "number", width=96),
    table.Column("saved", "Saved, UTC", width=176),
    table.Column("digest", "Digest", width=120, help="Of its features: equal sets have the same."),
]
_CHOICE = {
    "rowSelection": {"mode": "multiRow", "enableClickSelection": False, "headerCheckbox": False},
    "selectionColumnDef": {"width": 36, "minWidth": 36, "resizable": False, "pinned": "left"},
}
_ACTIONS = (
    ("use", "Open"),
    ("edit", "Edit as a new version"),
    ("compare", "Compare two"),
    ("yaml", "YAML file"),
    ("delete", "Delete"),
)


def contents() -> Sequence[Component]:
    name = dbc.Input(id=ids.SET_NAME, placeholder="Name", maxLength=40, autoComplete="off", type="text")
    label = html.Label("Save the features on the page as", htmlFor=ids.SET_NAME, className="sub")
    save = html.Button("Save", id=ids.SET_SAVE, type="button", className="link-button strong")
    grid = table.table(ids.SETS, COLUMNS, rows=rows(), options=_CHOICE)
    buttons = [
        html.Button(text, id=ids.set_action(what), type="button", className="link-button", disabled=True)
        for what, text in _ACTIONS
    ]
    anyway = html.Button("Delete anyway", id=ids.SET_ANYWAY, type="button", className="link-button strong", hidden=True)
    said = html.Div(id=ids.SET_SAID, role="status")
    return [
        card.card("Feature sets", grid, tools=[set_editing.upload(), label, html.Div(name, className="in"), save]),
        html.Div([*buttons, anyway, dcc.Download(id=ids.SET_FILE)], className="set-actions"),
        said,
    ]


@callback(
    *(Output(ids.set_action(what), "disabled") for what, _ in _ACTIONS),
    Output(ids.SET_ANYWAY, "hidden"),
    Input(ids.SETS, "selectedRows"),
    prevent_initial_call=True,
)
def offer(chosen: Rows) -> tuple[bool, ...]:
    """One version is opened, exported and deleted, two are compared."""
    number = len(chosen or ())
    return number != 1, number != 1, number != 2, number != 1, number != 1, True


@callback(
    Output(ids.SETS, "rowData"),
    Output(ids.SET_NAME, "value"),
    Output(frame.field(ids.PAGE, SET), "options"),
    Input(ids.SET_SAVE, "n_clicks"),
    State(ids.SET_NAME, "value"),
    State(frame.draft(ids.PAGE), "data"),
    prevent_initial_call=True,
)
def save(clicks: int | None, name: str | None, draft: Draft | None) -> tuple[Any, str, Any]:
    """Keep what the form says as the next version under a name."""
    if not clicks:
        raise PreventUpdate
    spec = load_spec(draft["spec"]) if draft else None
    if not isinstance(spec, FeatureSpec):
        raise DataError("Fix the highlighted fields on the left first.")
    found = versions.save(name or "", spec.features)
    toast(f"Saved {count(len(spec.features), 'feature')} as {found.reference}.", "ok")
    return rows(), "", set_options()


@callback(
    Output(ids.SET_SAID, "children"),
    Output(ids.SET_FILE, "data"),
    Input(ids.set_action("use"), "n_clicks"),
    Input(ids.set_action("compare"), "n_clicks"),
    Input(ids.set_action("yaml"), "n_clicks"),
    State(ids.SETS, "selectedRows"),
    State(frame.result(ids.PAGE), "data"),
    prevent_initial_call=True,
)
def act(use: int | None, compare: int | None, yaml: int | None, chosen: Rows, data: runs.ResultData) -> tuple[Any, Any]:
    """Open a set on the page, tell two apart, or hand out the file of one."""
    found = [versions.find(f"{row.get('name')}@{row.get('version')}") for row in chosen or ()]
    if not found or not (use or compare or yaml):
        raise PreventUpdate
    if ctx.triggered_id == ids.set_action("yaml"):
        return no_update, {"content": document.to_yaml(found[0]), "filename": f"{found[0].reference}.yaml"}
    if ctx.triggered_id == ids.set_action("compare"):
        older, newer = sorted(found[:2], key=lambda item: (item.created, item.version))
        return told_apart(older, newer, difference(older, newer)), no_update
    spec = opened(data)[0]
    studies.show(FORM, spec.model_copy(update={"features": found[0].features()}), "chart")
    return None, no_update


@callback(
    Output(ids.SETS, "rowData", allow_duplicate=True),
    Output(ids.SETS, "selectedRows"),
    Output(ids.SET_SAID, "children", allow_duplicate=True),
    Output(ids.SET_ANYWAY, "hidden", allow_duplicate=True),
    Input(ids.set_action("delete"), "n_clicks"),
    Input(ids.SET_ANYWAY, "n_clicks"),
    State(ids.SETS, "selectedRows"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, anyway: int | None, chosen: Rows) -> tuple[Any, Any, Any, bool]:
    """Delete a version; one in use says where, and is deleted when asked again."""
    if not chosen or not (clicks or anyway):
        raise PreventUpdate
    reference = f"{chosen[0].get('name')}@{chosen[0].get('version')}"
    try:
        uses.delete(reference, although_used=ctx.triggered_id == ids.SET_ANYWAY)
    except DataError as error:
        return no_update, no_update, html.P(f"{error} They keep their features.", className="set-said"), False
    return rows(), [], html.P(f"{reference} is deleted.", className="set-said"), True


@callback(
    Output(frame.part("fields", ids.PAGE), "children", allow_duplicate=True),
    Output(ids.SET_NAME, "value", allow_duplicate=True),
    Output(ids.SET_SAID, "children", allow_duplicate=True),
    Input(ids.set_action("edit"), "n_clicks"),
    State(ids.SETS, "selectedRows"),
    State(frame.result(ids.PAGE), "data"),
    prevent_initial_call=True,
)
def edit(clicks: int | None, chosen: Rows, data: runs.ResultData) -> tuple[Any, Any, Any]:
    """Show each feature of a set in the form, to be saved as its next version."""
    if not clicks or not chosen:
        raise PreventUpdate
    found = versions.find(f"{chosen[0].get('name')}@{chosen[0].get('version')}")
    said = html.P(set_editing.said(found), className="set-said")
    return set_editing.cards(found, opened(data)[0]), "" if found.is_published else found.name, said


@callback(
    Output(ids.SETS, "rowData", allow_duplicate=True),
    Output(frame.field(ids.PAGE, SET), "options", allow_duplicate=True),
    Output(ids.SET_SAID, "children", allow_duplicate=True),
    Output(ids.SET_UPLOAD, "contents"),
    Input(ids.SET_UPLOAD, "contents"),
    prevent_initial_call=True,
)
def take(contents: str | None) -> tuple[Any, Any, Any, None]:
    """Keep the set of a YAML file; what is wrong with it is said in its place."""
    if not contents:
        raise PreventUpdate
    try:
        text = set_editing.imported(contents)
    except EngineError as error:
        return no_update, no_update, states.error(str(error), title="This file was not imported."), None
    return rows(), set_options(), html.P(text, className="set-said"), None


def rows() -> list[dict[str, Any]]:
    """A row a version, the newest of each set first."""
    found = [item for newest in versions.every() for item in reversed(versions.versions(newest.name))]
    return [
        {
            "name": item.name,
            "version": item.version,
            "count": item.count,
            "saved": item.created[:16].replace("T", " ") or "comes with the engine",
            "digest": item.digest[:12],
        }
        for item in found
    ]


def told_apart(older: FeatureSet, newer: FeatureSet, found: SetDifference) -> Component:
    """What has come, gone and changed from one to the other."""
    lines = [("gain", f"+ {label}") for label in found.added] + [("loss", f"\u2212 {label}") for label in found.removed]
    lines += [("", f"{before} \u2192 {after}") for before, after in found.changed]
    items = [html.Li(text, className=tone) for tone, text in lines] or [html.Li("The same features.")]
    title = f"From {older.reference} to {newer.reference}"
    return card.card(title, html.Ul(items, className="set-difference"), sub=f"{found.kept:,} the same")
