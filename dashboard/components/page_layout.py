"""The skeleton of every page: control panel left with its run bar, results right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids, state
from dashboard.components import picker, states
from dashboard.components.form import Form
from dashboard.components.icon import icon
from dashboard.components.run_bar import run_bar
from dashboard.components.store import store
from engine.core.spec import canonical_json

COPIES = (("yaml", "Copy as YAML"), ("python", "Copy as Python"), ("link", "Copy link"))
"""What is copied, and the words on its button."""


def page_layout(
    form: Form,
    query: str | None,
    *,
    results: Sequence[Component],
    empty: Component,
    title: Component | Sequence[Component] = (),
    files: Sequence[Component] = (),
    tools: Sequence[Component] = (),
    panel: Sequence[Component] = (),
    studies: Sequence[Component] = (),
    run: bool = True,
) -> Component:
    """A page around ``form``: ``results`` fill the right side once there are any, ``empty`` says what to do first.

    ``query`` is the permalink's text: a good one fills the form and opens its run, a bad one is named above the
    results. ``title`` stands left above the results (tabs), right of it ``tools`` and a menu with the copy actions and
    ``files``, ``panel`` under the form's own sections. ``studies`` (``studies.pane``) take the place of the results
    while their tab is in sight; with ``run`` False the permalink's spec is only shown in the form.
    """
    page = form.page
    values, spec, problem = form.start(query)
    stored = query if state.report_in(query) else canonical_json(spec) if spec is not None else None
    request = stored if spec is not None and form.action and run else None
    return html.Div(
        [
            store(ids.request(page), request),
            dcc.Store(id=ids.draft(page)),
            dcc.Store(id=ids.problems(page)),
            dcc.Store(id=ids.part("copied", page)),
            dcc.Store(id=ids.shown(page)),
            dcc.Store(id=ids.arrived(page)),
            *([picker.dialog(page, form.searched, form.facets)] if form.searched else []),
            _side(form, values, panel),
            html.Main(
                [
                    _top(page, title, tools, files),
                    *([states.error(problem, title="This link cannot be opened.")] if problem else []),
                    html.Div(id=ids.part("results-error", page), className="results-error", role="alert"),
                    _results(page, results, empty),
                    *studies,
                ],
                className="main",
                tabIndex=-1,
            ),
        ],
        className="body",
    )


def _side(form: Form, values: Mapping[str, Any], panel: Sequence[Component]) -> Component:
    """The control panel; it can be folded away where there is little room."""
    page = form.page
    fields = html.Div([html.Div(form.panel(values), id=ids.part("fields", page)), *panel], className="fields")
    return html.Details(
        [
            html.Summary([icon("sliders"), "Settings"], className="panel-toggle"),
            html.Div(
                [fields, run_bar(page, form.action)], className="side-inner", role="form", **{"aria-label": "Settings"}
            ),
        ],
        open=True,
        className="side",
    )


def _results(page: str, results: Sequence[Component], empty: Component) -> Component:
    return html.Div(
        [html.Div(empty, className="when-empty"), html.Div(list(results), className="when-ready cards")],
        id=ids.part("results", page),
        className="results is-empty",
    )


def _top(
    page: str, title: Component | Sequence[Component], tools: Sequence[Component], files: Sequence[Component]
) -> Component:
    heading = html.H2("Results", className="unseen")
    tools_ = html.Div([*tools, export_menu(page, files)], className="top-tools")
    return html.Div([heading, html.Div(title, className="top-title"), tools_], className="top")


def export_menu(page: str, files: Sequence[Component] = ()) -> Component:
    """A menu that copies what the form of ``page`` says; ``files`` are its further items."""
    copies = [
        html.Button(words, id=ids.part("copy", page, what=what), className="menu-item", type="button")
        for what, words in COPIES
    ]
    return html.Details([html.Summary("Export"), html.Div([*copies, *files], className="menu")], className="drop")
