"""Sentences of failing callbacks."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import BackgroundCallbackError

from dashboard import errors, ids
from engine.core.errors import DataError

SECRET = "at /home/someone/secret.py line 3"


@pytest.fixture
def outputs() -> Any:
    """Set the outputs of the callback that fails; gives what was set by ``set_props``."""

    def use(listed: Any) -> dict[str, Any]:
        updated: dict[str, Any] = {}
        context_value.set(AttributeDict(outputs_list=listed, updated_props=updated))
        return updated

    yield use
    context_value.set({})


def output(id_: Any, prop: str = "data") -> dict[str, Any]:
    return {"id": id_, "property": prop}


def test_an_engine_error_is_its_own_sentence(outputs: Any) -> None:
    updated = outputs(output(ids.result("backtest")))
    assert errors.on_error(DataError("There are no bars.")) == {"error": "There are no bars."}
    assert updated[ids.TOAST]["data"] == {"text": "There are no bars.", "tone": "bad"}


def test_anything_else_is_logged_and_told_without_detail(outputs: Any, caplog: pytest.LogCaptureFixture) -> None:
    outputs([output("kpis", "children"), output(ids.figure("equity"))])
    with caplog.at_level(logging.ERROR, "stratoscope"):
        kept, figure = errors.on_error(ValueError(SECRET))
    assert kept is no_update
    assert SECRET not in figure["error"]
    assert SECRET in caplog.text


def test_a_background_error_is_the_first_line_of_its_report(outputs: Any) -> None:
    outputs(output(ids.result("models")))
    report = f"An error occurred inside a background callback: The worker process was lost.\n{SECRET}"
    assert errors.on_error(BackgroundCallbackError(report)) == {"error": "The worker process was lost."}


def test_a_cancelled_job_raises_no_alarm(outputs: Any) -> None:
    updated = outputs(output(ids.result("models")))
    report = "An error occurred inside a background callback: The job was cancelled.\n"
    assert errors.on_error(BackgroundCallbackError(report)) == {"error": "The job was cancelled."}
    assert updated == {}


def test_outputs_by_pattern_and_none_at_all(outputs: Any) -> None:
    outputs([[output(ids.figure("a")), output(ids.figure("b"))], output("x", "children")])
    assert errors.on_error(DataError("No.")) == [[{"error": "No."}] * 2, no_update]
    outputs([])
    assert errors.on_error(DataError("No.")) is None
