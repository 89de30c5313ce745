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
from dashboard.charts.models import attention, epoch, finder, learning, quantiles
from dashboard.pages.models.diagnosis import callbacks as diagnosis
from dashboard.pages.models.diagnosis import view
from dashboard.pages.models.tabs import importance, inspection, threshold
from engine.core.spec import canonical_json
from engine.indicators.momentum import Rsi
from engine.labels.forward_return_value import ForwardReturnValue
from engine.models.diagnosis.result import FrameworkRun, NetworkDiagnosis, Parity
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.scores import out_of_sample
from engine.models.spec import ModelSpec
from engine.research.inspection.result import Agreement, Inspection
from engine.research.inspection.spec import InspectionSpec
from tests.dashboard.pages.test_model_evaluation import table_rows
from tests.dashboard.pages.test_models import texts
from tests.support.models import made_result
from tests.support.workspace import Workspace

SMALL = ModelSpec(features=(Rsi(window=5), Rsi(window=20)), model=LightGbm(rounds=5, early_stopping=3), null_fits=3)

THREE = SMALL.model_copy(update={"features": (*SMALL.features, Rsi(window=60))})


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
        assert "Resolve this" in texts(view.checks(broken))
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


class TestInspection:
    @pytest.fixture
    def spec(self, data: dict[str, str]) -> InspectionSpec:
        found = InspectionSpec(base=THREE)
        engine.run(found)
        return found

    def test_begins_once_a_tab_that_needs_it_is_in_sight(self, data: dict[str, str]) -> None:
        with pytest.raises(PreventUpdate):
            inspection.ask(None, None, None, data)
        with pytest.raises(PreventUpdate):
            inspection.ask(held(THREE), None, None, data)  # seen of another result
        answer, job, _, hidden = inspection.ask(data, None, None, data)
        assert (answer, hidden) == ({"waits": True}, True)
        assert job == canonical_json(InspectionSpec(base=SMALL))

    def test_what_takes_long_waits_for_the_button(self, data: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inspection, "LONGEST", 0.0)
        answer, job, _, hidden = inspection.ask(None, data, None, data)
        assert "takes about" in answer["error"]
        assert (job, hidden) == (no_update, False)

    def test_groups_and_the_learning_curve_are_shown(self, spec: InspectionSpec) -> None:
        regimes, years, symbols, curve = inspection.show(held(spec), None)
        assert [name.strip(" *") for name in table_rows(regimes[0])] == ["Bull", "Bear", "Calm", "Turbulent"]
        assert {"2021", "2022"} <= {name.strip(" *") for name in table_rows(years[0])}
        assert [name.strip(" *") for name in table_rows(symbols[0])] == ["NVDA"]
        assert [trace.name for trace in curve.data] == ["Training rows", "Test"]
        assert len(curve.data[0].x) == 5

    def test_importance_is_told_three_ways_with_their_agreement(self, spec: InspectionSpec) -> None:
        gain, permuted, _, unit = importance.draw(held(THREE))
        assert (len(gain.data[0].x), len(permuted.data[0].x), unit) == (3, 3, "drop in test AUC")
        shap, sub, agree, no_attention, _, _ = importance.explain(held(spec), None)
        assert sum(shap.data[0].x) == pytest.approx(1)
        assert (sub, no_attention) == ("mean |SHAP| of 675 test rows", True)
        assert list(table_rows(agree[0])) == ["gain and permutation", "gain and SHAP", "permutation and SHAP"]

    def test_waiting_and_failing_are_told(self) -> None:
        waits, _, _, curve = inspection.show({"waits": True}, None)
        assert ("Starting" in texts(waits), curve) == (True, None)
        assert inspection.show({"error": "No room."}, None)[3] == {"empty": "No room."}
        assert importance.explain({"error": "No room."}, None)[0] == {"empty": "No room."}

    @pytest.mark.parametrize(
        ("correlations", "words"),
        [((0.9, 0.8), "measures agree:"), ((0.9, 0.5), "in part"), ((-0.2, 0.9), "disagree"), ((np.nan,), "the same")],
    )
    def test_agreement_is_put_into_words(self, correlations: tuple[float, ...], words: str) -> None:
        pairs = tuple(Agreement("gain", "SHAP", value) for value in correlations)
        assert words in texts(importance.agreement(pairs))
        assert "cannot be compared" in texts(importance.agreement(()))

    def test_attention_is_drawn_in_the_mean_and_at_a_bar(self) -> None:
        found = Inspection(
            label="", regimes=(), years=(), symbols=(), contributions=np.empty(0), explained=0, unexplained="",
            agreement=(),
            learning_rows=np.array([1]), learning_train=np.array([np.nan]), learning_test=np.array([np.nan]),
            attention=np.array([[0.2, 0.8], [0.5, 0.5]]), attention_mean=np.array([0.3, 0.7]),
            attention_time=np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[ms]"),
            attention_symbol=np.array([0, 0], dtype=np.int32),
        )  # fmt: skip
        drawn = attention.info(found, 0, importance.moment_of({"points": [{"x": "2020-01-02"}]}))
        assert drawn is not None
        mean, chosen = attention.of_bar(drawn).data
        assert (list(mean.x), list(mean.y)) == ([-1, 0], [0.3, 0.7])
        assert (chosen.name, list(chosen.y)) == ("2020-01-02", [0.5, 0.5])
        assert attention.over_time(drawn).data[0].z.shape == (2, 2)
        assert attention.info(found, 1) is None
        assert learning.info(found, made_result()) is None

    @pytest.mark.parametrize("forged", [None, {}, {"points": []}, {"points": ["x"]}, {"points": [{"x": "no day"}]}])
    def test_a_click_on_nothing_chooses_nothing(self, forged: dict[str, Any] | None) -> None:
        assert importance.moment_of(forged) is None


def test_fifths_are_those_of_the_long_short_return() -> None:
    random = np.random.default_rng(0)
    prediction, returns = random.uniform(size=200), random.standard_normal(200) / 100
    many = made_result(
        time=np.arange(200).astype("datetime64[D]").astype("datetime64[ms]"), symbol=np.zeros(200, np.int32),
        prediction=prediction, outcome=(returns > 0).astype(float), base=np.full(200, 0.5), realised=returns,
    )  # fmt: skip
    drawn = quantiles.info(many, 1)
    assert drawn is not None
    order = np.argsort(prediction)
    np.testing.assert_allclose(drawn.mean, [part.mean() for part in np.split(returns[order], 5)])
    assert drawn.mean[-1] - drawn.mean[0] == pytest.approx(out_of_sample(many.scored()[0])["long_short"])
    assert list(drawn.rows) == [40] * 5
    assert len(quantiles.figure(drawn).data[0].x) == 5
    assert quantiles.info(made_result(prediction=np.full(6, 0.5)), 1) is None
