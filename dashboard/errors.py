"""Failed callbacks: a sentence for the user, the traceback for the log."""

from __future__ import annotations

import logging
from typing import Any

from dash import callback_context, no_update, set_props
from dash.exceptions import BackgroundCallbackError, PreventUpdate

from dashboard import ids
from dashboard.security import requests
from engine.core.errors import EngineError
from engine.core.plugin_errors import of_plugin

_LOG = logging.getLogger("stratoscope")
_BACKGROUND = "An error occurred inside a background callback: "
_CANCELLED = "The job was cancelled."  # in the words of the cluster; the user who cancelled needs no alarm
_UNEXPECTED = "An internal error occurred. The server's log has the details; the rest keeps working."


def sentence(error: Exception) -> str:
    """The sentence that the user sees for ``error``.

    A background job has reported its own sentence already: it is the first line of what Dash raises here.
    """
    if isinstance(error, BackgroundCallbackError):
        return str(error).removeprefix(_BACKGROUND).split("\n")[0].strip() or _UNEXPECTED
    return str(error) if isinstance(error, EngineError) else _UNEXPECTED


def toast(text: str, tone: str = "bad") -> None:
    """Show ``text`` for some seconds, from any callback; ``tone`` is "ok", "warn" or "bad"."""
    set_props(ids.TOAST, {"data": {"text": text, "tone": tone}})


def on_error(error: Exception) -> Any:
    """Dash's handler for every callback: a toast, and the error in each result or figure that was to be filled."""
    outputs = callback_context.outputs_list
    error = of_plugin(error) or error
    if not isinstance(error, EngineError | BackgroundCallbackError):
        if (reason := requests.misfit()) is not None:
            requests.refuse(reason)
            raise PreventUpdate
        _LOG.error("A callback failed.", exc_info=error)
    text = sentence(error)
    if text != _CANCELLED:
        toast(text)
    if not outputs:
        return None
    return [_answer(item, text) for item in outputs] if isinstance(outputs, list) else _answer(outputs, text)


def _answer(output: Any, text: str) -> Any:
    if isinstance(output, list):
        return [_answer(item, text) for item in output]
    id_ = output["id"]
    holds_result = isinstance(id_, dict) and id_.get("role") in ("result", "computed", "figure")
    return {"error": text} if holds_result and output["property"].startswith("data") else no_update
