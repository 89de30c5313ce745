"""Studies: tabs of a page that run another spec, built around the one in the page's form or apart from it.

A study has a form of its own in its tab; the spec in the page's form, as it stands, is one field of it if it has a
base. Everything else is as on a page: checks, estimate, run button, job, progress, cancel, permalink, stored result. A
permalink of a study opens the page with that field in the page's form and the study's tab in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dash import (
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    dcc,
    html,
    no_update,
    set_props,
)
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids, state
from dashboard.components import states
from dashboard.components.card import card
from dashboard.components.fields import Field, Values
from dashboard.components.form import Form, Row
from dashboard.components.page_layout import export_menu
from dashboard.components.run_bar import run_bar
from dashboard.components.static_html import static_html
from dashboard.components.store import store
from dashboard.components.tabs import fill_late, late_pane, line_id
from dashboard.components.values import get
from dashboard.runs import wiring
from dashboard.security.payloads import Draft, Run, Shown
from engine.core.errors import SpecError
from engine.core.spec import Action, RunSpec, canonical_json, kind_name
from engine.jobs import runner

_BROKEN = "-"  # what the browser writes into the field while the page's form does not validate


@dataclass(frozen=True)
class StudyForm(Form):
    """The form of a study; its ``page`` is ``ids.study(<page>, <tab>)``.

    ``base`` names the field of the spec that is taken from the page's form, "" for none. What a fresh form shows must
    not follow from the base, which is known only in the browser.
    """

    base: str = "base"

    def __post_init__(self) -> None:
        if self.base:
            object.__setattr__(self, "options", {**self.options, self.base: lambda values: []})  # taken as a whole

    def _field(self, item: Field, value: Any, whole: Values, section: str) -> list[Row]:
        return [] if item.path == self.base else super()._field(item, value, whole, section)

    def parse(self, values: Values) -> RunSpec | Action:
        """As every form; while the page's own form is wrong, that is all there is to say."""
        if self.base and get(values, self.base) == _BROKEN:
            raise SpecError([("", "Fix the highlighted fields on the left first.")])
        if self.base and not get(values, self.base):
            raise SpecError([])  # the page has only just opened
        return super().parse(values)


@dataclass(frozen=True)
class Study:
    """``panel`` lays out the study's own fields for the form's plain values; without it they stand as in a page's.
    ``stop`` is what its run bar calls a cancel.
    """

    form: StudyForm
    title: str
    empty: Callable[[], Component]
    sub: str = ""
    panel: Callable[[Values], Sequence[Component]] | None = None
    stop: str = "Cancel"


@dataclass(frozen=True)
class Opening:
    """What a URL's query asks for: the page's own form gets ``query``, whose spec is to be run, unless a ``study`` (its
    form's ``page``) is to be shown with what was ``asked`` of it; without that, its form is a fresh one.
    """

    query: str | None
    study: str = ""
    asked: str | None = None


def opening(query: str | None, studies: Sequence[Study]) -> Opening:
    """Which of the page's forms the permalink ``query`` is for, by the kind of its spec."""
    try:
        values = state.from_query(query) if query else {}
    except SpecError:
        return Opening(query)
    for study in studies:
        form = study.form
        if values.get("kind") != kind_name(form.spec):
            continue
        _, spec, _ = form.start(query)
        base = state.to_query(getattr(spec, form.base)) if spec is not None and form.base else None
        return Opening(base, form.page, query)
    return Opening(query)


def runs_page(form: Form, opened: Opening) -> bool:
    """Whether the page's own run is to be opened: that of a study's link where its result is stored."""
    spec = form.start(opened.query)[1] if opened.query else None
    return not opened.study or (isinstance(spec, RunSpec) and runner.is_stored(spec))


def tab_of(study: str) -> str:
    """The tab in which a study is shown."""
    return study.partition("-")[2]


def pane(group: str, study: Study, results: Callable[[], Sequence[Component]], opened: Opening) -> list[Component]:
    """The tab of ``study`` in the tabs ``group``, filled when it is first opened."""
    parts = partial(contents, study, results, opened)
    return late_pane(group, tab_of(study.form.page), parts, kind="study", is_open=opened.study == study.form.page)


def contents(study: Study, results: Callable[[], Sequence[Component]], opened: Opening) -> list[Component]:
    """What the tab of ``study`` shows: its form, its run bar, and ``results`` once there are any."""
    form, page = study.form, study.form.page
    is_open = opened.study == page
    values, spec, problem = form.start(opened.asked if is_open else None)
    fields = study.panel(values) if study.panel else form.panel(values)
    stored = opened.asked if state.report_in(opened.asked) else canonical_json(spec) if spec is not None else None
    return [
        store(ids.request(page), stored if spec is not None else None),
        dcc.Store(id=ids.draft(page)),
        dcc.Store(id=ids.problems(page)),
        dcc.Store(id=ids.part("copied", page)),
        *_base(form, spec),
        card(
            study.title,
            [_settings(study, fields), run_bar(page, form.action, study.stop)],
            sub=study.sub,
            tools=[export_menu(page)],
        ),
        *([states.error(problem, title="This link cannot be opened.")] if problem else []),
        html.Div(id=ids.part("results-error", page), className="results-error", role="alert"),
        html.Div(
            [
                html.Div(study.empty(), className="when-empty"),
                html.Div(list(results()), className="when-ready cards"),
            ],
            id=ids.part("results", page),
            className="results is-empty",
        ),
    ]


def _settings(study: Study, fields: Sequence[Component]) -> Component:
    """The form; one that is laid out by a panel and varies a run folds once there is something to show
    (assets/31_run.js).
    """
    whole = html.Div(list(fields), className="fields study-fields")
    if not study.panel or not study.form.base:
        return whole
    return html.Details(
        [html.Summary("Settings", className="study-fold-title"), whole], className="study-fold", open=True
    )


def _base(form: StudyForm, spec: RunSpec | Action | None) -> list[Component]:
    """What carries the spec of the page's form."""
    if not form.base:
        return []
    value = canonical_json(getattr(spec, form.base)) if spec is not None else ""
    return [dcc.Input(id=ids.field(form.page, form.base), type="hidden", value=value)]


def wire(study: Study, results: Callable[[], Sequence[Component]], group: str) -> None:
    """Register the callbacks of a study's form, run bar, background job and permalink, and fill its tab in time."""
    form = study.form
    wiring.wire(form)
    page, owner = form.page, ids.owner(form.page)
    fill_late(group, tab_of(page), partial(contents, study, results, Opening(None)))
    if form.base:
        _wire_base(form, owner, group)
    clientside_callback(
        ClientsideFunction("stratoscope", "permalink"),
        Output(ids.part("rail", owner), "href", allow_duplicate=True),
        Input(ids.run(page), "data"),
        Input(ids.result(page), "data"),
        *wiring.RUNS,
        State(ids.part("rail", owner), "href"),
        prevent_initial_call=True,
    )
    if not issubclass(form.spec, Action):
        callback(
            Output(ids.request(page), "data", allow_duplicate=True),
            Input(ids.draft(page), "data"),
            State(ids.run(page), "data"),
            prevent_initial_call=True,
        )(recalled)


def _wire_base(form: StudyForm, owner: str, group: str) -> None:
    """The spec of the page's form follows into the study's."""
    field = ids.field(form.page, form.base)
    clientside_callback(
        ClientsideFunction("stratoscope", "studyBase"),
        Output(field, "value"),
        Input(ids.draft(owner), "data"),
        Input(line_id(group), "active_tab"),
        State(field, "value"),
        State(ids.run(form.page), "id"),
    )


def recalled(draft: Draft | None, run: Run | None) -> str:
    """The request for what the form asks, where that is stored already and the tab has nothing to show yet."""
    if not draft or run or not runner.is_stored(runner.load_spec(draft["spec"])):
        raise PreventUpdate
    return draft["spec"]


def wire_tabs(form: Form, group: str) -> None:
    """The tabs of a page with the form ``form``: the URL follows the one in sight, and ``show`` works."""
    page, tabs = form.page, line_id(group)
    clientside_callback(
        ClientsideFunction("stratoscope", "followTab"),
        Output(ids.part("rail", page), "href", allow_duplicate=True),
        Input(tabs, "active_tab"),
        *wiring.RUNS,
        State(ids.part("rail", page), "href"),
        prevent_initial_call=True,
    )
    callback(
        Output(ids.part("fields", page), "children"),
        Output(ids.request(page), "data", allow_duplicate=True),
        Output(tabs, "active_tab"),
        Input(ids.shown(page), "data"),
        prevent_initial_call=True,
    )(partial(filled, form))


def show(form: Form, spec: RunSpec, tab: str, run: bool = True) -> None:
    """From any callback: put ``spec`` into the page's form, ``run`` it, and bring ``tab`` into sight."""
    set_props(ids.shown(form.page), {"data": {"spec": canonical_json(spec), "tab": tab, "run": run}})


def filled(form: Form, asked: Shown) -> tuple[list[Component], Any, Any]:
    """The form's controls for the spec that is to be shown, its request if it is to be run, and the tab.

    By way of a store and its callback: what ``set_props`` puts into a page starts no callbacks of its own.
    """
    spec = runner.load_spec(asked["spec"])
    request = canonical_json(spec) if asked.get("run", True) else no_update
    return static_html(form.panel(form.plain(spec))), request, asked.get("tab", no_update)
