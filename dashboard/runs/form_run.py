"""From a form to a result: one set of callbacks, registered for each page by ``wire(form)``.

Fields are checked as they change. The run button, or a permalink, opens a run: a stored result is there at once, a
missing one starts the page's background callback, whose argument is the spec's JSON and whose outcome is the run key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dash import (
    ALL,
    MATCH,
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    ctx,
    no_update,
)
from dash.exceptions import PreventUpdate

from dashboard import ids, state
from dashboard.components.form import Form
from dashboard.components.still import still
from dashboard.jobs.access import cancel
from dashboard.jobs.call import POLL_MILLISECONDS
from dashboard.runs.results import warning
from dashboard.security.payloads import ResultData, Run
from dashboard.text.format import count, duration, megabytes
from engine.core.errors import SpecError
from engine.core.progress import Progress
from engine.core.spec import RunSpec, canonical_json, to_python, to_yaml

Ids: TypeAlias = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class FirstPicture:
    """What is in sight first of a page's result, in the same answer as the result itself: each further one would cost a
    round trip. ``draw`` takes the result store's data and the values of ``states``, and returns those of ``outputs``.
    """

    draw: Callable[..., tuple[Any, ...]] = lambda data: ()
    outputs: tuple[Output, ...] = ()
    states: tuple[State, ...] = ()


def wire(form: Form, first: FirstPicture | None = None) -> None:
    """Register the callbacks of a page's form, run bar and background job."""
    wired, page = Wired(form, first or FirstPicture()), form.page
    fields = {"role": "field", "page": page, "path": ALL}
    choices = {"role": "choice", "page": page, "path": ALL}
    values = [State(fields, "id"), State(fields, "value"), State(choices, "id"), State(choices, "value")]
    callback(
        Output(ids.draft(page), "data"),
        Output({"role": "problem", "page": page, "path": ALL}, "children"),
        Output(ids.part("run-problem", page), "children"),
        Output(ids.part("estimate", page), "children"),
        Input(fields, "value"),
        Input(choices, "value"),
        State(fields, "id"),
        State(choices, "id"),
        State({"role": "problem", "page": page, "path": ALL}, "id"),
    )(wired.check)
    callback(
        Output(ids.run(page), "data"),
        Output(ids.result(page), "data"),
        Output(ids.job(page), "data"),
        Output(ids.progress(page), "data"),
        *wired.first.outputs,
        Input(ids.part("run-button", page), "n_clicks"),
        Input(ids.request(page), "data"),
        *([] if form.action else [Input(ids.draft(page), "data")]),
        *wired.first.states,
        *values,
    )(wired.open)
    if first:
        wired.show_computed()
    _wire_job(wired, in_two_steps=first is not None)
    _wire_parts(wired, values)


def _wire_job(wired: Wired, in_two_steps: bool) -> None:
    """The background job and its cancel button; ``in_two_steps`` where ``show_computed`` passes its result on."""
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


def _wire_parts(wired: Wired, values: list[State]) -> None:
    """The callbacks that change which controls the form has."""
    page = wired.form.page
    callback(
        Output({"role": "group", "page": page, "path": MATCH}, "children"),
        Input({"role": "choice", "page": page, "path": MATCH}, "value"),
        *values,
        prevent_initial_call=True,
    )(wired.choose)
    callback(
        Output({"role": "list", "page": page, "path": MATCH}, "children"),
        Output({"role": "add", "page": page, "path": MATCH}, "value"),
        Input({"role": "add", "page": page, "path": MATCH}, "value"),
        Input({"role": "remove", "page": page, "path": MATCH, "index": ALL}, "n_clicks"),
        *values,
        prevent_initial_call=True,
    )(wired.change_list)


@dataclass(frozen=True)
class Wired:
    """The callbacks of one form."""

    form: Form
    first: FirstPicture = field(default_factory=FirstPicture)

    def check(self, given: list[Any], kinds: list[Any], found: Ids, chosen: Ids, places: Ids) -> tuple[Any, ...]:
        """The draft, a sentence for each field that has one, one for the whole form, and the estimate or how many
        fields stand in its way.
        """
        try:
            spec = self.form.parse(self.form.collect([*chosen, *found], [*kinds, *given]))
        except SpecError as error:
            at_field = dict(reversed(error.problems))
            known = {place["path"] for place in places}
            rest = " ".join(text for path, text in error.problems if path not in known)
            values = self.form.collect([*chosen, *found], [*kinds, *given])
            said = {path: self.form.problem(path, text, values) for path, text in at_field.items()}
            told = [said.get(place["path"], "") for place in places]
            wrong = sum(map(bool, told))
            return None, told, rest, f"{count(wrong, 'field')} to set right" if wrong else ""
        cost = ", ".join(part for part in (self.form.extent(spec), estimate(spec)) if part)
        return _draft(spec), [""] * len(places), "", cost

    def open(self, clicks: int | None, request: str | None, *rest: Any) -> tuple[Any, ...]:
        """The run that was asked for, with its result if there is one and a job if there is not."""
        from engine.jobs import runner

        found, given, chosen, kinds = rest[-4:]
        seen = rest[-4 - len(self.first.states) : -4]
        nothing = [no_update] * len(self.first.outputs)
        if request and ctx.triggered_id in (None, ids.request(self.form.page)):
            spec = runner.load_spec(request)
        elif clicks or not self.form.action:
            spec = self._spec(found, given, chosen, kinds)
        else:
            return None, None, no_update, None, *nothing
        key, text = runner.run_key(spec), canonical_json(spec)
        run = {"key": key, "spec": text, "query": state.to_query(spec), "at": time.time()}
        if runner.is_stored(spec):
            result = {"key": key, "spec": text} | warning(key)
            return run, result, no_update, None, *self.first.draw(result, *seen)
        return run, None, text, None, *nothing

    def show_computed(self) -> None:
        """Register what shows a result that the background callback has computed."""
        outputs = [Output(ids.result(self.form.page), "data"), *self.first.outputs]
        callback(
            *(Output(item.component_id, item.component_property, allow_duplicate=True) for item in outputs),
            Input(ids.computed(self.form.page), "data"),
            *self.first.states,
            prevent_initial_call=True,
        )(self.arrive)

    def arrive(self, computed: ResultData, *seen: Any) -> tuple[Any, ...]:
        """The result with its first picture, or the error in its place."""
        if not computed or "spec" not in computed:
            return computed, *[no_update] * len(self.first.outputs)
        return computed, *self.first.draw(computed, *seen)

    def compute(self, set_progress: Callable[[Any], None], text: str) -> dict[str, str]:
        """Runs in a worker."""
        from engine.jobs import runner

        spec = runner.load_spec(text)
        runner.run(spec, _reporting(set_progress))
        return {"key": runner.run_key(spec), "spec": text}

    def cancel(self, clicks: int | None, run: Run | None) -> None:
        """Cancel what the page waits for; what was asked for a moment ago may not be a job yet."""
        if clicks and run:
            cancel(run["key"], within=2.0)

    def choose(self, kind: str | None, *rest: Any) -> Any:
        """The controls of the plug-in that was chosen."""
        found, given, chosen, kinds = rest
        path = ctx.triggered_id["path"] if isinstance(ctx.triggered_id, dict) else ""
        values = self.form.collect([*chosen, *found], [*kinds, *given])
        return still(self.form.chosen(values, path, kind or ""))

    def change_list(self, added: str | None, removed: list[int | None], *rest: Any) -> tuple[Any, str]:
        """The cards of a list of plug-ins with one more or one fewer."""
        found, given, chosen, kinds = rest
        trigger = ctx.triggered_id
        if not isinstance(trigger, dict) or not (added or any(removed)):
            raise PreventUpdate
        index = int(trigger["index"]) if trigger["role"] == "remove" else None
        values = self.form.collect([*chosen, *found], [*kinds, *given])
        return still(self.form.changed_list(values, trigger["path"], added or "", index)), ""

    def _spec(self, found: Ids, given: list[Any], chosen: Ids, kinds: list[Any]) -> RunSpec:
        try:
            return self.form.parse(self.form.collect([*chosen, *found], [*kinds, *given]))
        except SpecError:
            raise PreventUpdate from None  # the check has said what is wrong, at the field


def _reporting(set_progress: Callable[[Any], None]) -> Progress:
    """The engine's progress by way of Dash's ``set_progress``, which takes the value of the one output."""

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        set_progress({"fraction": fraction, "message": message, "partial": partial})

    return progress


def estimate(spec: RunSpec) -> str:
    """What the run will cost, for the line under the run button."""
    cost = spec.estimate()
    return f"about {duration(cost.seconds)}, {megabytes(cost.megabytes)}"


def _draft(spec: RunSpec) -> dict[str, str]:
    return {
        "spec": canonical_json(spec),
        "yaml": to_yaml(spec),
        "python": to_python(spec),
        "query": state.short_query(spec),
    }


_PAGE = {"page": MATCH}
clientside_callback(
    ClientsideFunction("stratoscope", "runBar"),
    Output({"role": "run-bar", **_PAGE}, "className"),
    Output({"role": "run-message", **_PAGE}, "children"),
    Output({"role": "run-track", **_PAGE}, "style"),
    Output({"role": "results", **_PAGE}, "className"),
    Output({"role": "results-error", **_PAGE}, "children"),
    Input({"role": "run", **_PAGE}, "data"),
    Input({"role": "result", **_PAGE}, "data"),
    Input({"role": "progress", **_PAGE}, "data"),
    Input({"role": "cancel", **_PAGE}, "n_clicks"),
    Input(ids.JOBS, "data"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "settle"),
    Output({"role": "request", **_PAGE}, "data", allow_duplicate=True),
    Output({"role": "result", **_PAGE}, "data", allow_duplicate=True),
    Input(ids.JOBS, "data"),
    State({"role": "run", **_PAGE}, "data"),
    State({"role": "result", **_PAGE}, "data"),
    State({"role": "computed", **_PAGE}, "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "permalink"),
    Output({"role": "rail", **_PAGE}, "href", allow_duplicate=True),
    Input({"role": "run", **_PAGE}, "data"),
    State({"role": "rail", **_PAGE}, "href"),
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
