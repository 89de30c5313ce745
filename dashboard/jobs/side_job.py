"""A job beside the run on a page: a button starts it, and a card of its own shows its progress and its outcome.

The store of the answer holds nothing, ``{"waits": True}``, the outcome of the request (``jobs.requested``), or
``{"error": sentence}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Input, Output, callback, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.states import skeleton
from dashboard.errors import sentence, toast
from dashboard.jobs.call import POLL_MILLISECONDS
from dashboard.jobs.requested import Request, fulfil, stored
from dashboard.security.payloads import Answer, Progress
from engine.core.spec import canonical_json
from engine.jobs.requests import load_request


@dataclass(frozen=True)
class SideJob:
    """Its stores and its background callback; ``name`` is unique on ``page``."""

    page: str
    name: str

    @property
    def job(self) -> ids.Id:
        """Store: canonical JSON of the run or action."""
        return ids.part(f"{self.name}-job", self.page)

    @property
    def answer(self) -> ids.Id:
        """Store: the answer."""
        return ids.part(self.name, self.page)

    @property
    def progress(self) -> ids.Id:
        """Store: how far the job is."""
        return ids.part(f"{self.name}-progress", self.page)

    def stores(self) -> list[Component]:
        """For the layout."""
        return [dcc.Store(id=self.job), dcc.Store(id=self.progress), dcc.Store(id=self.answer)]

    def wire(self, on_error: Callable[[Exception], dict[str, str]] | None = None, **options: Any) -> None:
        """Register the background callback; ``options`` are its own. An error becomes the answer by ``on_error``, with
        a toast where there is none.
        """
        callback(
            Output(self.answer, "data", allow_duplicate=True),
            Input(self.job, "data"),
            background=True,
            interval=POLL_MILLISECONDS,
            progress=[Output(self.progress, "data")],
            prevent_initial_call=True,
            on_error=on_error or failed,
            **options,
        )(compute)


def start(request: Request, is_requested: bool = True) -> tuple[Answer, Any]:
    """For the stores of the answer and the job: a stored answer at once, and a job for one that ``is_requested``."""
    if found := stored(request):
        return found, no_update
    return ({"waits": True}, canonical_json(request)) if is_requested else (None, no_update)


def compute(set_progress: Callable[[Any], None], text: str) -> dict[str, str]:
    """Runs in a worker."""

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        set_progress({"fraction": fraction, "message": message, "partial": None})

    return fulfil(load_request(text), progress)


def failed(error: Exception) -> dict[str, str]:
    """The sentence in place of an answer."""
    toast(sentence(error))
    return {"error": sentence(error)}


def failed_in_place(error: Exception) -> dict[str, str]:
    """``failed`` without a toast, where the card says the sentence."""
    return {"error": sentence(error)}


def instead(answer: Answer, progress: Progress | None, hint: str) -> Component | None:
    """What is shown in place of a result: ``hint`` before the job is started. None where there is a result."""
    if not answer:
        return html.P(hint, className="hint")
    if answer.get("error"):
        return html.P(str(answer["error"]))
    if answer.get("waits"):
        message = (progress["message"] if progress else "") or "Starting"
        return html.Div([skeleton(14, "40%"), html.P(str(message), className="hint")])
    return None
