"""From a form to a result: one set of callbacks, registered for each page by ``wire(form)``.

Fields are checked as they change. The run button, or a permalink, opens a run: a stored result is there at once, a
missing one starts the page's background callback, whose argument is the spec's JSON and whose outcome is the run key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, callback, clientside_callback

from dashboard import ids
from dashboard.components import picker
from dashboard.components.form import Form
from dashboard.jobs.call import POLL_MILLISECONDS
from dashboard.runs.form_callbacks import FirstPicture, FormCallbacks

RUNS = (
    State({"role": "run", "page": ALL}, "data"),
    State({"role": "result", "page": ALL}, "data"),
    State({"role": "run", "page": ALL}, "id"),
)
"""Of all pages and studies the requests, the results and whose they are, for what keeps the address."""


def wire(form: Form, first: FirstPicture | None = None) -> None:
    """Register the callbacks of a page's form, run bar and background job."""
    wired, page = FormCallbacks(form, first or FirstPicture()), form.page
    if form.action:
        _wire_check_and_open(wired)
    else:
        _wire_update(wired)
    show_problems(page)
    if first:
        _wire_arrival(wired)
    _wire_job(wired, in_two_steps=first is not None)
    wire_parts(wired)
    if form.searched:
        picker.wire(page, form.searched, form.facets)


def problem_places(page: str) -> dict[str, Any]:
    """Ids of where the problems of a page's fields stand."""
    return {"role": "problem", "page": page, "path": ALL}


def show_problems(page: str) -> None:
    """Register what brings the problems of a check to their fields, in the browser.

    A callback of the server must have no output of that kind: while one is under way Dash does not recognise a later
    one as its successor, and the older answer replaces the newer where it arrives last.
    """
    places = problem_places(page)
    clientside_callback(
        ClientsideFunction("stratoscope", "problems"),
        Output(places, "children"),
        Input(ids.problems(page), "data"),
        State(places, "id"),
        State(places, "children"),
        prevent_initial_call=True,
    )


def entered(page: str, by: type[Input | State]) -> dict[str, Input | State]:
    """The parts of ``form_callbacks.Entered``; their values ``by`` input, where a change of one calls, or state."""
    fields, choices = ({"role": role, "page": page, "path": ALL} for role in ("field", "choice"))
    return {
        "fields": State(fields, "id"),
        "values": by(fields, "value"),
        "choices": State(choices, "id"),
        "kinds": by(choices, "value"),
    }


def _seen_states(wired: FormCallbacks) -> dict[str, Mapping[str, State]]:
    return {"seen": wired.first.states} if wired.first.states else {}


def _checked(page: str) -> list[Output]:
    """What ``check`` answers."""
    return [
        Output(ids.draft(page), "data"),
        Output(ids.problems(page), "data"),
        Output(ids.part("run-problem", page), "children"),
        Output(ids.part("estimate", page), "children"),
    ]


def _opened(wired: FormCallbacks) -> list[Output]:
    """What ``open`` answers."""
    page = wired.form.page
    stores = (ids.run(page), ids.result(page), ids.job(page), ids.progress(page))
    return [*(Output(store, "data") for store in stores), *wired.first.outputs]


def _opens(wired: FormCallbacks) -> dict[str, Any]:
    """What opens a run: the button, and a permalink; and what of its result is in sight."""
    page = wired.form.page
    button = Input(ids.part("run-button", page), "n_clicks")
    return {"clicks": button, "request": Input(ids.request(page), "data"), **_seen_states(wired)}


def _wire_check_and_open(wired: FormCallbacks) -> None:
    """Each change is checked; the button and a permalink open a run."""
    page = wired.form.page
    places = State(problem_places(page), "id")
    callback(*_checked(page), inputs={"entered": entered(page, Input), "places": places})(wired.check)
    callback(*_opened(wired), inputs={**_opens(wired), "entered": entered(page, State)})(wired.open)


def _wire_update(wired: FormCallbacks) -> None:
    """Each change is checked and opens a run, in one request and one answer."""
    page = wired.form.page
    outputs = [*_checked(page), *_opened(wired)]
    small = {
        str(place): State(item.component_id, item.component_property)
        for place, item in enumerate(outputs)
        if item.component_property != "data" or item.component_id in (ids.problems(page), ids.progress(page))
    }
    given = {"entered": entered(page, Input), "places": State(problem_places(page), "id"), "before": small}
    callback(*outputs, inputs={**_opens(wired), **given})(wired.update)


def _wire_arrival(wired: FormCallbacks) -> None:
    """What shows a result that the background callback has computed."""
    page = wired.form.page
    outputs = [Output(ids.result(page), "data"), *wired.first.outputs]
    clientside_callback(
        ClientsideFunction("stratoscope", "passed"),
        Output(ids.arrived(page), "data"),
        Input(ids.computed(page), "data"),
        prevent_initial_call=True,
    )
    callback(
        *(Output(item.component_id, item.component_property, allow_duplicate=True) for item in outputs),
        inputs={"computed": Input(ids.arrived(page), "data"), **_seen_states(wired)},
        prevent_initial_call=True,
    )(wired.arrive)


def _wire_job(wired: FormCallbacks, in_two_steps: bool) -> None:
    """The background job and its cancel button; ``in_two_steps`` where ``arrive`` passes its result on."""
    page = wired.form.page
    callback(
        Output(ids.computed(page) if in_two_steps else ids.result(page), "data", allow_duplicate=not in_two_steps),
        Input(ids.job(page), "data"),
        background=True,
        interval=POLL_MILLISECONDS,
        progress=[Output(ids.progress(page), "data")],
        prevent_initial_call=True,
    )(wired.compute)
    callback(Input(ids.part("cancel", page), "n_clicks"), State(ids.run(page), "data"), prevent_initial_call=True)(
        wired.cancel
    )


def wire_parts(wired: FormCallbacks) -> None:
    """Register the callbacks that change which controls the form has."""
    page = wired.form.page
    callback(
        Output({"role": "group", "page": page, "path": MATCH}, "children"),
        inputs={
            "kind": Input({"role": "choice", "page": page, "path": MATCH}, "value"),
            "entered": entered(page, State),
        },
        prevent_initial_call=True,
    )(wired.choose)
    callback(
        Output({"role": "list", "page": page, "path": MATCH}, "children"),
        Output({"role": "add", "page": page, "path": MATCH}, "value"),
        inputs={
            "added": Input({"role": "add", "page": page, "path": MATCH}, "value"),
            "removed": Input({"role": "remove", "page": page, "path": MATCH, "index": ALL}, "n_clicks"),
            "entered": entered(page, State),
        },
        prevent_initial_call=True,
    )(wired.change_list)


_PAGE = {"page": MATCH}
_RUN_BAR = (
    ("run-bar", "className"),
    ("run-message", "children"),
    ("run-track", "style"),
    ("results", "className"),
    ("results-error", "children"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "runBar"),
    *(Output({"role": role, **_PAGE}, part) for role, part in _RUN_BAR),
    Input({"role": "run", **_PAGE}, "data"),
    Input({"role": "result", **_PAGE}, "data"),
    Input({"role": "progress", **_PAGE}, "data"),
    Input({"role": "cancel", **_PAGE}, "n_clicks"),
    Input(ids.JOBS, "data"),
    *(State({"role": role, **_PAGE}, part) for role, part in _RUN_BAR),
)
clientside_callback(
    ClientsideFunction("stratoscope", "settle"),
    Input(ids.JOBS, "data"),
    *RUNS,
    State({"role": "computed", "page": ALL}, "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "permalink"),
    Output({"role": "rail", **_PAGE}, "href", allow_duplicate=True),
    Input({"role": "run", **_PAGE}, "data"),
    Input({"role": "result", **_PAGE}, "data"),
    *RUNS,
    State({"role": "rail", **_PAGE}, "href"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "changes"),
    Output({"role": "changes", **_PAGE}, "hidden"),
    Output({"role": "changes-text", **_PAGE}, "children"),
    Input({"role": "draft", **_PAGE}, "data"),
    Input({"role": "run", **_PAGE}, "data"),
    Input({"role": "result", **_PAGE}, "data"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "putBack"),
    Input({"role": "put-back", **_PAGE}, "n_clicks"),
    State({"role": "run", **_PAGE}, "data"),
    State({"role": "run", **_PAGE}, "id"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "askedFor"),
    Input({"role": "shown", "page": ALL}, "data"),
    State({"role": "shown", "page": ALL}, "id"),
    prevent_initial_call=True,
)
clientside_callback(  # after the form was changed on the server's side, as by opening a run
    ClientsideFunction("stratoscope", "showMeant"),
    Input({"role": "draft", "page": ALL}, "data"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "copy"),
    Output({"role": "copied", **_PAGE}, "data"),
    Input({"role": "copy", **_PAGE, "what": ALL}, "n_clicks"),
    State({"role": "draft", **_PAGE}, "data"),
    State({"role": "request", **_PAGE}, "id"),
    prevent_initial_call=True,
)
