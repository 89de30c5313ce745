"""The examination as the hardware page prints it."""

from __future__ import annotations

import pytest
from dash.exceptions import PreventUpdate

from dashboard.pages.hardware import examination
from engine.core.progress import silent
from engine.jobs import actions
from engine.machine import libraries
from engine.machine.libraries import Loaded
from engine.machine.result import Check, Fact, MachineReport, Section
from engine.machine.spec import Examination
from tests.support.side_jobs import answered
from tests.support.workspace import Workspace

REPORT = MachineReport(
    sections=(Section("Machine", (Fact("Processor", "<b>Chip</b>", "of a virtual machine"),)),),
    checks=(
        Check("Disk", "passed", "There is room."),
        Check("Port", "failed", "It is taken.", "Choose another."),
        Check("Browser", "skipped", "None."),
    ),
)


def test_what_failed_comes_first_with_what_to_do() -> None:
    shown = str(examination.described(REPORT))
    assert shown.index("It is taken. Choose another.") < shown.index("There is room.") < shown.index("not needed")
    assert "of a virtual machine" in shown


def test_the_last_examination_is_shown_until_there_is_another(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "loaded", lambda progress: Loaded({}, {"numpy:cpu": {"off": 0.0}}, []))
    with pytest.raises(PreventUpdate):
        examination.ask(None)
    body, text, _ = examination.show(answered(examination.ask(1)), None)
    assert "[passed] Device NumPy CPU" in text
    assert "Device NumPy CPU" in str(body)
    actions.perform(Examination(), silent)
    answer, _ = examination.ask(None)
    assert examination.show(answer, None)[1]


def test_a_forged_answer_is_a_sentence(workspace: Workspace) -> None:
    body, text, _ = examination.show({"key": "x", "spec": "x", "report": "nothing"}, None)
    assert "no longer stored" in str(body)
    assert text == ""
