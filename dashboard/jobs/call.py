"""A background callback as the server names it, and its call in a worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from dash._no_update import NoUpdate
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate

from engine.core.errors import JobError
from engine.core.progress import Progress
from engine.jobs import runner
from engine.jobs.worker import load

POLL_MILLISECONDS = 10
"""``interval=`` of a background callback: a poll waits for the result itself, so that few are needed."""
UNSTORED = (
    "This result could not be stored: the disk is full, or the folder of results cannot be written. It stays available "
    "until the server stops. See the log for the cause; 'stratoscope clean' frees space."
)
_NO_UPDATE = {"_dash_no_update": "_dash_no_update"}


@dataclass(frozen=True)
class JobFunction:
    """A background callback: its key in Dash's registry, never its code."""

    key: str
    module: str
    name: str
    takes_progress: bool


@dataclass(frozen=True)
class Unstored:
    """The outcome ``value`` of a job whose result, under the run key ``key``, or whose report, under its id, could not
    be stored: its bytes ``data`` travel with it, to be kept in the server's memory.
    """

    value: dict[str, Any]
    key: str
    data: bytes


def run_callback(progress: Progress, callbacks: str, job_fn: JobFunction, args: Any) -> Any:
    """In a worker: the result of the callback, as JSON values; ``Unstored`` where it names a run or a report that is in
    the memory of this worker alone. ``callbacks`` names the function that imports them all.

    Raises ``JobError`` where the worker runs other code than the server, and ``TypeError`` for a result beyond JSON.
    """
    function = _find(callbacks, job_fn)
    first = [partial(_set_progress, progress)] if job_fn.takes_progress else []
    named = args if isinstance(args, Mapping) else {}
    try:
        result = function(*first, *([] if named else args), **named)
    except PreventUpdate:
        return _NO_UPDATE
    return _NO_UPDATE if isinstance(result, NoUpdate) else _with_unstored(json.loads(json.dumps(result)))


def _with_unstored(value: Any) -> Any:
    key = value.get("report", value.get("key")) if isinstance(value, dict) else None
    held = runner.store().held(key) if isinstance(key, str) else None
    return value if held is None else Unstored(value, str(key), held)


def _find(callbacks: str, job_fn: JobFunction) -> Callable[..., Any]:
    """The function under the key; its own module is imported too where the list of callbacks lacks it."""
    for path in (callbacks, job_fn.module):
        load(path)
        for key, function, _ in BaseBackgroundCallbackManager.functions:
            if key == job_fn.key:
                return cast(Callable[..., Any], function)
    raise JobError(f"The workers do not know the callback '{job_fn.name}': restart the server and its workers.")


def _set_progress(progress: Progress, values: Any) -> None:
    """Dash's ``set_progress``, which takes the value of the one output or a list of it."""
    progress(**(values if isinstance(values, Mapping) else values[0]))
