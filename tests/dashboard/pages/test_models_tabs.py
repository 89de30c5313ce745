"""Tabs of a trained model: what each shows, and what it says where there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard.pages.models.tabs import threshold
from engine.core.spec import canonical_json
from engine.indicators.momentum import Rsi
from engine.labels.forward_return_value import ForwardReturnValue
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.spec import ModelSpec
from tests.dashboard.pages.test_model_evaluation import table_rows
from tests.dashboard.pages.test_models import texts
from tests.support.workspace import Workspace

SMALL = ModelSpec(features=(Rsi(window=5), Rsi(window=20)), model=LightGbm(rounds=5, early_stopping=3), null_fits=3)


@pytest.fixture
def data(workspace: Workspace) -> Iterator[dict[str, str]]:
    """What the page's result store holds for a trained model, within a callback."""
    engine.run(SMALL)
    context_value.set(AttributeDict(triggered_inputs=[], updated_props={}))
    yield held(SMALL)
    context_value.set({})


def held(spec: Any) -> dict[str, str]:
    return {"key": engine.run_key(spec), "spec": canonical_json(spec)}


class TestThreshold:
    def test_is_computed_beside_the_model_and_looked_up(self, data: dict[str, str]) -> None:
        answer, job, _, hidden = threshold.ask(data, None)
        assert (answer, hidden) == ({"waits": True}, True)
        spec = threshold.request_of(SMALL, engine.run(SMALL))
        assert job == canonical_json(spec)
        found = engine.run(spec)
        words, is_hidden, last, value = threshold.show(held(spec), None)
        assert f"{len(found)} thresholds were looked at" in texts(words)
        assert (is_hidden, last, value) == (False, len(found) - 1, found.nearest(found.typical))
        equity, measures, table, at, link = threshold.move(2, held(spec))
        assert [trace.name for trace in equity.data][-1] == f"Threshold {found.thresholds[2]:g}"
        assert len(measures.data) == 4
        assert table_rows(table)["On the slider"][0] == f"{found.thresholds[2]:g}"
        assert f"{found.thresholds[2]:g}" in at
        assert link.href.startswith("/backtest?spec=")

    def test_a_place_that_is_none_is_the_nearest_one(self, data: dict[str, str]) -> None:
        spec = threshold.request_of(SMALL, engine.run(SMALL))
        last = len(engine.run(spec)) - 1
        assert threshold.move(10**9, held(spec))[3] == threshold.move(last, held(spec))[3]
        assert threshold.move(-5, held(spec))[3] == threshold.move(0, held(spec))[3]
        with pytest.raises(PreventUpdate):
            threshold.move(1, {"waits": True})

    def test_what_takes_long_waits_for_the_button(self, data: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(threshold, "LONGEST", 0.0)
        answer, job, _, hidden = threshold.ask(data, None)
        assert "takes about" in answer["error"]
        assert (job, hidden) == (no_update, False)

    def test_a_number_and_a_meta_label_have_none(self, data: dict[str, str]) -> None:
        number = SMALL.model_copy(update={"target": ForwardReturnValue(), "model": Linear()})
        assert threshold.ask({"spec": canonical_json(number), **_run(number)}, None)[0] == {"error": threshold.NUMBERS}
        judged = ModelSpec.parse({**SMALL.model_dump(mode="json"), "target": {"kind": "meta_label"}})
        assert threshold.request_of(judged, engine.run(SMALL)) == threshold.UNTRADEABLE


def _run(spec: ModelSpec) -> dict[str, str]:
    engine.run(spec)
    return {"key": engine.run_key(spec)}
