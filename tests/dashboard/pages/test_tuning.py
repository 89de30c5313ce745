"""The tab that tunes a model: its form, what it says of a result, and what it does with what a browser may send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard import state
from dashboard.pages.models import ids
from dashboard.pages.models.form import FORM as MODEL
from dashboard.pages.models.tuning import callbacks, view
from dashboard.pages.models.tuning.callbacks import FORM, PAGE, STUDY
from dashboard.runs import studies
from engine.core.errors import Cancelled, SpecError
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.models import MODELS
from engine.models.spec import ModelSpec
from engine.models.tuning.spec import TuningSpec
from tests.support.market import random_walk
from tests.support.tunings import AXES, BASE, made_tuning
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


def texts(component: Any) -> str:
    """Every text in a component, in reading order."""
    if isinstance(component, list | tuple):
        return " ".join(texts(item) for item in component)
    return component if isinstance(component, str) else texts(getattr(component, "children", None) or "")


def given(*axes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """What the form collects from the browser for these controls."""
    controls: dict[str, Any] = {"base": canonical_json(ModelSpec.parse(BASE))}
    controls |= {f"axes.{place}.{name}": value for place, axis in enumerate(axes) for name, value in axis.items()}
    controls |= {"sampler": "tpe", "trials": "50", "startup": "10", "metric": "headline", "pruning": True} | fields
    controls |= {"parallel": "8", "seed": "0"}
    return FORM.collect([frame.field(PAGE, path) for path in controls], list(controls.values()))


def small() -> TuningSpec:
    save(random_walk(400))
    base = {"market": {"collection": "made-up", "symbols": ["TEST"]}, "model": {"kind": "linear"}, "null_fits": 5}
    axes = [{"path": "model.penalty", "low": 0.01, "high": 100, "log": True}]
    return TuningSpec.parse({"base": base, "axes": axes, "trials": 8, "sampler": "random"})


def data_of(spec: TuningSpec) -> dict[str, str]:
    return {"key": runner.run_key(spec), "spec": canonical_json(spec)}


def triggered(by: str | dict[str, str]) -> None:
    name = by if isinstance(by, str) else json.dumps(by, sort_keys=True, separators=(",", ":"))
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{name}.x", "value": None}]))


def test_controls_become_a_tuning() -> None:
    axes = [{"path": "model.learning_rate", "low": "0.01", "high": "0.2", "step": "", "log": True},
            {"path": "model.leaves", "low": "2", "high": "30", "step": "4", "log": False},
            {"path": "sample_weights", "values": ["none"]}]  # fmt: skip
    spec = FORM.parse(given(*axes))
    assert isinstance(spec, TuningSpec)
    assert [axis.log for axis in spec.axes] == [True, False, False]
    assert FORM.extent(spec) == "50 trials"


@pytest.mark.parametrize(
    ("axis", "place", "words"),
    [
        ({"path": "model.leaves", "low": "x", "high": "6"}, "axes.0.low", "must be a number"),
        ({"path": "model.leaves", "low": "9", "high": "6"}, "axes.0.high", "below"),
        ({"path": "model.leaves", "low": "1", "high": "6"}, "axes.0.low", "at least 2"),
        ({"path": "model.leaves", "low": "2", "high": "6", "step": "2", "log": True}, "axes.0.step", "no step"),
        ({"path": "time_decay", "low": "0", "high": "1", "log": True}, "axes.0.low", "above 0"),
        ({"path": "market", "low": "0", "high": "1"}, "axes.0.path", "cannot be tuned"),
    ],
)
def test_what_is_wrong_is_said_at_its_control(axis: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(SpecError) as error:
        FORM.parse(given(axis))
    assert words in dict(error.value.problems).get(place, ""), error.value.problems


@pytest.mark.parametrize("kind", sorted(item.name for item in MODELS.infos()))
def test_every_model_has_axes_that_its_form_and_the_engine_take(kind: str) -> None:
    if not _is_classifier(kind):
        pytest.skip("another label")
    columns = {} if MODELS.get(kind).learns else {"features": [{"kind": "my_values"}]}
    base = ModelSpec.parse(BASE | columns | {"model": {"kind": kind}})
    plain = base.model_dump(mode="json")
    offered = FORM.axis_offers(plain)
    for item in offered:
        TuningSpec.parse({"base": base, "axes": [FORM.suggested(item, plain)]})
    first = FORM.first_axes(offered, plain)
    assert bool(first) == MODELS.get(kind).learns
    assert FORM.fitting(AXES, plain) is None or kind != "lightgbm"
    assert len(FORM.axes(first, plain)) == len(first)


def _is_classifier(kind: str) -> bool:
    return "binary" in MODELS.get(kind).tasks


def test_rates_are_searched_by_ratios() -> None:
    plain = ModelSpec.parse(BASE).model_dump(mode="json")
    by_path = {item.path: FORM.suggested(item, plain) for item in FORM.axis_offers(plain)}
    assert by_path["model.learning_rate"] == {"path": "model.learning_rate", "low": 0.005, "high": 0.5, "log": True}
    linear = ModelSpec.parse(BASE | {"model": {"kind": "linear"}}).model_dump(mode="json")
    found = FORM.fitting(AXES, linear)
    assert found is not None
    assert found[0] == {"path": "model.penalty", "low": 0.1, "high": 10.0, "log": True}


def test_a_permalink_opens_the_tab_with_its_model_in_the_page() -> None:
    spec = TuningSpec.parse({"base": BASE, "axes": AXES})
    opened = studies.opening(state.to_query(spec), [STUDY])
    assert opened.study == PAGE
    assert state.from_query(str(opened.query)) == spec.base.model_dump(mode="json")
    shown = texts(studies.contents(STUDY, list, opened))
    assert "Learning rate" in shown
    assert "Pause" in shown


def test_what_is_said_of_a_result() -> None:
    result = made_tuning()
    found = result.deflated()
    assert found is not None
    cells = {cell.name: (cell.text, cell.note) for cell in view.kpis(result, found)}
    assert cells["Trials"] == ("40", "8 pruned, 1 failed, 1 repeated")
    assert cells["Best AUC"][1] == f"trial {result.best + 1}"
    assert "Better than luck" in texts(view.worth(result, found))
    assert "nothing to learn from" in texts(view.worth(result, found))
    luck = replace(result, null_scores=np.linspace(0.4, 0.7, 20))
    assert "No better than luck" in texts(view.worth(luck, luck.deflated()))
    unknown = replace(result, null_scores=np.empty(0))
    assert "is unknown" in texts(view.worth(unknown, unknown.deflated()))
    assert "the best" in texts(view.trial(result, result.best))
    assert "failed" in texts(view.trial(result, 7))


def test_the_table_has_the_best_first_and_numbers_that_sort() -> None:
    result = made_tuning()
    rows = view.rows(result, 12)
    assert rows[0]["trial"] == result.best + 1
    assert rows[0]["model__learning_rate"] == result.values[result.best, 0]
    assert {row["state"] for row in rows} == {"complete"}
    columns = {item["field"]: item for item in view.columns(result)}
    assert "'number', 4" in columns["model__learning_rate"]["valueFormatter"]["function"]
    assert "'number', 0" in columns["model__leaves"]["valueFormatter"]["function"]
    assert {row["sample_weights"] for row in rows} <= {"All rows alike", "By uniqueness"}


def test_a_result_is_drawn_and_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = small()
    result = engine.run(spec)
    data = data_of(spec)
    drawn = callbacks.draw(data)
    assert "8 trials" in texts(drawn[1])
    assert len(drawn[6]) == 8
    assert callbacks.offer(data, None, "forged")[1] == "model.penalty"
    assert callbacks.offer(data, None, "forged")[-1], "there is nothing to draw it against"
    sliced, plane = callbacks.draw_axes("model.penalty", "", data)
    assert sliced.data
    assert "two axes" in str(plane)
    assert callbacks.SAME_AXIS in str(callbacks.draw_axes("model.penalty", "model.penalty", data)[1])
    with pytest.raises(PreventUpdate):
        callbacks.draw_axes("forged", None, data)
    asked: list[Any] = []
    monkeypatch.setattr(callbacks.studies, "show", lambda *given, **more: asked.append((*given, more)))
    triggered(ids.TUNING_USE)
    callbacks.hand_over(1, None, {"key": data["key"], "trial": 3}, data)
    assert asked == [(MODEL, result.spec_of(3), "tune", {"run": False})]
    triggered(ids.TUNING_TRAIN)
    callbacks.hand_over(1, 1, {"key": "of another", "trial": 3}, data)
    assert asked[1][1:] == (result.spec_of(result.best), "score", {"run": True})


@pytest.mark.parametrize(
    "clicked", [None, {}, {"points": []}, {"points": [{"x": "abc"}]}, {"points": [{"x": 1e30}]}, {"points": [None]}, 7]
)
def test_a_forged_click_means_nothing(clicked: Any) -> None:
    assert callbacks.place_of(clicked) is None


def test_a_click_is_a_trial() -> None:
    assert callbacks.place_of({"points": [{"x": 5}]}) == 4
    assert callbacks.place_of({"points": [{"x": 0.01, "customdata": 9}]}) == 8
    assert callbacks.place_in([{"id": "12"}]) == 12
    assert callbacks.place_in([{"id": "²"}]) is None
    assert callbacks.place_in([]) is None


def test_what_is_kept_of_a_stopped_search_is_told_until_it_is_done() -> None:
    spec = small()

    def stop(fraction: float, message: str, partial: Any = None) -> None:
        if message.startswith("3 of"):
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        engine.run(spec, stop)
    draft = {"spec": canonical_json(spec), "yaml": "", "python": "", "query": ""}
    run = {"key": "", "spec": draft["spec"], "query": "", "at": 0.0}
    assert callbacks.tell_kept(draft, {"error": "Cancelled."}, run) == (
        False, "3 of 8 trials of this search are done and kept.",
    )  # fmt: skip
    assert callbacks.tell_kept(draft, None, run)[0], "it is under way"
    assert callbacks.tell_kept(None, None, None)[0]
    assert callbacks.go_on(1, 4) == 5
    engine.run(spec)
    assert callbacks.tell_kept(draft, None, None)[0]


def test_use_of_values_fills_the_form_without_a_run(workspace: Workspace) -> None:
    spec = ModelSpec.parse(BASE)
    fields, request, tab = studies.filled(MODEL, {"spec": canonical_json(spec), "tab": "tune", "run": False})
    assert fields
    assert not isinstance(request, str)
    assert tab == "tune"
