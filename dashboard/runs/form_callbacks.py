"""The callbacks of a form, as plain functions: from its values to a stored result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dash import Output, State, ctx, no_update
from dash.exceptions import PreventUpdate
from typing_extensions import TypedDict

from dashboard import ids, state
from dashboard.components.form import Form
from dashboard.components.static_html import static_html
from dashboard.errors import on_error
from dashboard.jobs import listing
from dashboard.jobs.access import cancel
from dashboard.jobs.requested import Request, fulfil, job_key, reported, stored
from dashboard.runs.results import warning
from dashboard.security.payloads import ResultData, Run
from dashboard.text.format import count, duration, estimated
from engine.core.errors import SpecError
from engine.core.progress import Progress
from engine.core.spec import Action, canonical_json, to_python, to_yaml
from engine.features.checks.at_once import refusal
from engine.features.checks.spec import FeatureCheckSpec
from engine.features.spec import FeatureSpec
from engine.jobs import actions
from engine.jobs.requests import load_action, load_spec
from engine.market.spec import MarketSpec
from engine.research.features.spec import FeatureReportSpec

Ids: TypeAlias = Sequence[Mapping[str, str]]
Seen: TypeAlias = Mapping[str, Any] | None
"""The values of a first picture's states."""


class Entered(TypedDict):
    """The contents of a form: its fields with their values, its choices of a plug-in with the kinds."""

    fields: Ids
    values: Sequence[Any]
    choices: Ids
    kinds: Sequence[Any]


@dataclass(frozen=True)
class FirstPicture:
    """What is in sight first of a page's result, in the same answer as the result itself: each further one would cost a
    round trip. ``draw`` takes the result store's data and the values of ``states`` under their names, and returns those
    of ``outputs``.
    """

    draw: Callable[..., tuple[Any, ...]] = lambda data: ()
    outputs: tuple[Output, ...] = ()
    states: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True)
class FormCallbacks:
    """The callbacks of one form."""

    form: Form
    first: FirstPicture = field(default_factory=FirstPicture)

    def check(self, entered: Entered, places: Ids) -> tuple[Any, dict[str, Any], str, str]:
        """The draft, a sentence for each of ``places`` that has one by its path, one for the whole form, and the
        estimate or how many fields stand in its way.
        """
        values = self._values(entered)
        try:
            spec = self.form.parse(values)
        except SpecError as error:
            at_field = dict(reversed(error.problems))
            known = {place["path"] for place in places}
            rest = " ".join(text for path, text in error.problems if path not in known)
            texts = {path: self.form.problem(path, text, values) for path, text in at_field.items()}
            wrong = {path: text for path, text in texts.items() if path in known and text}
            return None, wrong, rest, count(len(wrong), "invalid field") if wrong else self.form.lacking(values)
        if text := refused(spec):
            return None, {}, text, "a feature looks ahead"
        cost = ", ".join(part for part in (self.form.extent(spec), estimate(spec)) if part)
        return _draft(spec), {}, "", cost

    def open(self, clicks: int | None, request: str | None, entered: Entered, seen: Seen = None) -> tuple[Any, ...]:
        """The request, with its outcome if that is stored and a job if it is not; of a form without a button again
        whenever something is entered.
        """
        if request and ctx.triggered_id in (None, ids.request(self.form.page)):
            return self._recall(request, seen)
        if clicks or not self.form.action:
            spec = self._spec(entered)
            return self._outputs(spec, stored(spec), seen)
        return self._nothing()

    def update(
        self,
        clicks: int | None,
        request: str | None,
        entered: Entered,
        places: Ids,
        before: Mapping[str, Any],
        seen: Seen = None,
    ) -> list[Any]:
        """Of a form without a button: what ``check`` and ``open`` answer, in one. What is as it was ``before``, by the
        place of the output, is left out: the browser goes through the page for each value that arrives. An error of
        ``open`` leaves the check standing.
        """
        checked = self.check(entered, places)
        try:
            opened = self.open(clicks, request, entered, seen)
        except PreventUpdate:
            opened = (no_update,) * (4 + len(self.first.outputs))
        except Exception as error:  # noqa: BLE001 - what on_error does with it
            opened = tuple(on_error(error)[len(checked) :])
        answers = enumerate([*checked, *opened])
        return [no_update if value == before.get(str(place), no_update) else value for place, value in answers]

    def _recall(self, request: str, seen: Seen) -> tuple[Any, ...]:
        """What a link asks for: a run is computed if need be, an action never begun. Of an action the report is shown
        that the link names, or else the job joined that is under way, or what the action has left last.
        """
        if id_ := state.report_in(request):
            done = actions.find(id_)
        else:
            spec = self._load(request)
            job = listing.find(job_key(spec)) if isinstance(spec, Action) else None
            if not isinstance(spec, Action) or (job is not None and job.is_active):
                return self._outputs(spec, stored(spec), seen)
            done = actions.latest(job_key(spec))
        return self._outputs(done.action, reported(done), seen) if done else self._nothing()

    def _outputs(self, spec: Request, answer: dict[str, str] | None, seen: Seen) -> tuple[Any, ...]:
        if answer is None:
            self.form.require_feasible(spec)
        key, text = job_key(spec), canonical_json(spec)
        run = {"key": key, "spec": text, "query": state.to_query(spec), "at": time.time()}
        if answer is None:
            return run, None, text, None, *[no_update] * len(self.first.outputs)
        result = answer | warning(answer.get("report", key))
        return run, result, no_update, None, *self.first.draw(result, **(seen or {}))

    def _nothing(self) -> tuple[Any, ...]:
        return None, None, no_update, None, *[no_update] * len(self.first.outputs)

    def arrive(self, computed: ResultData, seen: Seen = None) -> tuple[Any, ...]:
        """The result with its first picture, or the error in its place; nothing where none has come, as on the page's
        own arrival.
        """
        if computed is None:
            raise PreventUpdate
        if "spec" not in computed:
            return computed, *[no_update] * len(self.first.outputs)
        return computed, *self.first.draw(computed, **(seen or {}))

    def compute(self, set_progress: Callable[[Any], None], text: str) -> dict[str, str]:
        """Runs in a worker."""
        return fulfil(self._load(text), _reporting(set_progress))

    def cancel(self, clicks: int | None, run: Run | None) -> None:
        """Cancel what the page waits for; what was asked for a moment ago may not be a job yet."""
        if clicks and run:
            cancel(run["key"], within=2.0)

    def choose(self, kind: str | None, entered: Entered) -> Any:
        """The controls of the plug-in that was chosen."""
        path = ctx.triggered_id["path"] if isinstance(ctx.triggered_id, dict) else ""
        return static_html(self.form.chosen(self._values(entered), path, kind or ""))

    def change_list(self, added: str | None, removed: list[int | None], entered: Entered) -> tuple[Any, str]:
        """The cards of a list of plug-ins with one more or one fewer."""
        trigger = ctx.triggered_id
        if not isinstance(trigger, dict) or not (added or any(removed)):
            raise PreventUpdate
        index = int(trigger["index"]) if trigger["role"] == "remove" else None
        return static_html(self.form.changed_list(self._values(entered), trigger["path"], added or "", index)), ""

    def _values(self, entered: Entered) -> Any:
        places = [*entered["choices"], *entered["fields"]]
        return self.form.collect(places, [*entered["kinds"], *entered["values"]])

    def _load(self, text: str) -> Request:
        return load_action(text) if issubclass(self.form.spec, Action) else load_spec(text)

    def _spec(self, entered: Entered) -> Request:
        try:
            return self.form.parse(self._values(entered))
        except SpecError:
            raise PreventUpdate from None  # the check has said what is wrong, at the field


def _reporting(set_progress: Callable[[Any], None]) -> Progress:
    """The engine's progress by way of Dash's ``set_progress``, which takes the value of the one output."""

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        set_progress({"fraction": fraction, "message": message, "partial": partial})

    return progress


def refused(spec: Request) -> str:
    """Why a run would be refused for what it is built on, where that shows at once; "" for pages on features, which
    show what leaks.
    """
    return "" if isinstance(spec, FeatureSpec | FeatureCheckSpec | FeatureReportSpec) else refusal(spec)


def estimate(spec: Request) -> str:
    """What the request will cost, for the line under the run button."""
    cost = spec.estimate()
    return ": ".join(filter(None, (f"about {duration(cost.seconds)}, {estimated(cost.megabytes)}", cost.way)))


def _draft(spec: Request) -> dict[str, str]:
    market = spec if isinstance(spec, MarketSpec) else getattr(spec, "market", None)
    universe = market.model_copy(update={"known_on": None}) if isinstance(market, MarketSpec) else None
    return {
        "spec": canonical_json(spec),
        "yaml": to_yaml(spec),
        "python": to_python(spec),
        "query": state.short_query(spec),
        **({"market": state.short_query(universe)} if universe else {}),
    }
