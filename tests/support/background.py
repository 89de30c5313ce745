"""Background callbacks for tests, known to Dash's registry and to no app: ``JOBS`` maps names to registry keys."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dash import no_update
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate

from dashboard.jobs.side_job import compute
from engine.core.errors import DataError
from tests.support.tasks import await_file

JOBS: dict[str, str] = {}


def register() -> None:
    """What workers call to have the callbacks; once is enough."""
    for function, takes_progress in FUNCTIONS.items():
        if function.__name__ not in JOBS:
            key = BaseBackgroundCallbackManager.register_func(function, takes_progress, output(function))
            JOBS[function.__name__] = key


def output(function: Callable[..., Any]) -> str:
    """Dash's id of the one output of a callback."""
    return f"{function.__name__}-out.data"


def nothing(*args: Any) -> int:
    return len(args)


def add(one: int, two: int) -> int:
    return one + two


def note(file: str, gate: str) -> str:
    """Leave a line in ``file``, where it can be counted how often a job ran, and wait until ``gate`` is there."""
    with Path(file).open("a") as lines:
        lines.write("ran\n")
    await_file(Path(gate))
    return file


def report(set_progress: Callable[[Any], None], steps: int, gate: str) -> dict[str, int]:
    """Report half of the steps, bare and as the list that Dash documents, and the others once ``gate`` is there."""
    for number in range(steps):
        if number == steps // 2:
            await_file(Path(gate))
        value = {"fraction": (number + 1) / steps, "message": f"step {number + 1}", "partial": {"loss": [number]}}
        set_progress(value if number % 2 else (value,))
    return {"pid": os.getpid()}


def deaf(set_progress: Callable[[Any], None], pid_file: str) -> None:
    """Take note of the process and sleep."""
    Path(pid_file).write_text(str(os.getpid()))
    set_progress({"fraction": 0.25, "message": "asleep"})
    time.sleep(600)


def no_bars(name: str) -> None:
    raise DataError(f"There are no bars of {name}.")


def mistaken(name: str) -> float:
    return 1 / len(name[:0])


def not_json(name: str) -> Any:
    return {name}


def no_news(how: str) -> Any:
    if how == "raise":
        raise PreventUpdate
    return no_update


def dying(set_progress: Callable[[Any], None], gate: str) -> None:
    """Die once ``gate`` is there."""
    set_progress({"fraction": 0.25, "message": "about to die"})
    await_file(Path(gate))
    os.kill(os.getpid(), signal.SIGKILL)


FUNCTIONS = {
    nothing: False,
    add: False,
    note: False,
    report: True,
    deaf: True,
    no_bars: False,
    mistaken: False,
    not_json: False,
    no_news: False,
    dying: True,
    compute: True,  # what a card beside the run has done, and a page does the same
}
