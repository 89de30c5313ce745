"""Tabs of a trained model: what each shows, and what it says where there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard.charts.models import epoch, finder
from dashboard.pages.models.diagnosis import callbacks as diagnosis
from dashboard.pages.models.diagnosis import view
from dashboard.pages.models.tabs import threshold
from engine.core.spec import canonical_json
from engine.indicators.momentum import Rsi
from engine.labels.forward_return_value import ForwardReturnValue
from engine.models.diagnosis.result import FrameworkRun, NetworkDiagnosis, Parity
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
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


class TestDiagnosis:
    @pytest.fixture
    def found(self) -> NetworkDiagnosis:
        return NetworkDiagnosis(
            label="Diagnosis", device="torch:cpu", rows=400, windows=390, shape=(32, 10, 2), scores=(32, 1),
            weights=361, layers=("head.weight",), shapes=("1 × 8",), gradients=np.array([0.04]), loss_before=0.69,
            loss_after=0.01, overfits=True, gradients_reach=True, problems=(), rate=np.geomspace(1e-6, 1e-2, 5),
            loss=np.array([0.7, 0.69, 0.65, 0.6, 0.8]), suggestion=0.0012, finder_problem="", data=0.1, forward=0.2,
            backward=0.6, step=0.1,
        )  # fmt: skip

    def test_says_whether_it_can_be_trained(self, found: NetworkDiagnosis) -> None:
        assert "can be trained" in texts(view.checks(found))
        broken = replace(found, overfits=False, problems=("It does not learn.",))
        assert "Look at this" in texts(view.checks(broken))
        assert "It does not learn." in texts(view.checks(broken))
        assert "Switch on" in texts(view.frameworks(found))

    def test_the_frameworks_are_weighed_in_a_sentence(self, found: NetworkDiagnosis) -> None:
        runs = (FrameworkRun("torch", "cpu", 0.1, 2.0, 0.6), FrameworkRun("mlx", "cpu", 3.0, 5.0, 0.6))
        both = replace(found, frameworks=runs, parity=Parity(1e-7, 2e-6), compared_rows=500)
        assert view.advice(both) == "Use torch here: it is 30.0 times as fast as MLX on 500 rows."
        assert "Both compute the same" in texts(view.frameworks(both))
        apart = replace(both, parity=Parity(1e-2, 2e-6))
        assert "more than rounding" in texts(view.frameworks(apart))
        broken = FrameworkRun("mlx", "cpu", np.nan, np.nan, np.nan, "MLX is not installed.")
        alone = replace(both, frameworks=(runs[0], broken), parity=Parity(np.nan, np.nan))
        assert view.advice(alone) == "Use torch here: the other cannot train it."
        assert "MLX is not installed." in texts(view.frameworks(alone))

    def test_an_epoch_is_drawn_by_its_parts(self, found: NetworkDiagnosis) -> None:
        figure = epoch.figure(epoch.info(found))
        assert [float(bar.x[0]) for bar in figure.data] == pytest.approx([0.1, 0.2, 0.6, 0.1])

    def test_the_finder_names_both_rates(self, found: NetworkDiagnosis) -> None:
        drawn = finder.info(found, 0.003)
        assert drawn is not None
        words = [note.text for note in finder.figure(drawn).layout.annotations]
        assert words == ["now 0.003", "<b>suggested 0.0012</b>"]
        assert finder.info(replace(found, rate=np.empty(0), loss=np.empty(0)), 0.003) is None

    def test_the_rate_goes_into_what_the_form_says_now(self) -> None:
        base = SMALL.model_copy(update={"model": Mlp()})
        now = base.model_copy(update={"seed": 7})
        draft = {"spec": canonical_json(now), "yaml": "", "python": "", "query": ""}
        assert diagnosis.with_rate(base, draft, 0.01234).model_dump()["model"]["learning_rate"] == 0.012
        assert diagnosis.with_rate(base, draft, 0.01234).seed == 7
        trees = {**draft, "spec": canonical_json(SMALL)}
        assert diagnosis.with_rate(base, trees, 0.01).model.kind == "mlp"
        assert diagnosis.with_rate(base, None, 0.01).seed == 0
