"""Studies: another spec around the one in the page's form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids, state
from dashboard.components import states
from dashboard.components.form import Form
from dashboard.runs import studies
from dashboard.runs.form_callbacks import FormCallbacks
from dashboard.runs.studies import Study, StudyForm
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.research.verification.spec import VerificationSpec

pytestmark = pytest.mark.usefixtures("workspace")
PAGE = ids.study("backtest", "real")
FORM = StudyForm(page=PAGE, spec=VerificationSpec, action="Test", base="backtest")
STUDY = Study(FORM, "Every test", lambda: states.empty("Nothing", "Press Test."))
BACKTEST = BacktestSpec.parse({"strategy": {"kind": "sma_cross"}, "costs": {"commission": 5, "slippage": 3}})


def given(base: str, samples: object = "1,000") -> dict[str, Any]:
    values = {"backtest": base, "samples": samples, "noise": "0.1", "seed": "0"}
    return FORM.collect([ids.field(PAGE, path) for path in values], list(values.values()))


def found(part: Component, id_: object) -> Component:
    return next(item for item in part._traverse() if getattr(item, "id", None) == id_)


def test_the_base_comes_from_the_pages_form() -> None:
    spec = FORM.parse(given(canonical_json(BACKTEST), "2,500"))
    assert spec == VerificationSpec(backtest=BACKTEST, samples=2500)


def test_a_pages_form_that_is_wrong_is_said_once() -> None:
    with pytest.raises(SpecError, match="fields on the left"):
        FORM.parse(given("-"))


def test_a_page_that_has_only_just_opened_complains_of_nothing() -> None:
    with pytest.raises(SpecError) as error:
        FORM.parse(given(""))
    assert error.value.problems == ()
    places = [ids.field(PAGE, "samples")]
    _, problems, rest, cost = FormCallbacks(FORM).check(
        {"fields": [*places, ids.field(PAGE, "backtest")], "values": ["10", ""], "choices": [], "kinds": []}, places
    )
    assert (problems, rest, cost) == ({}, "", "")


@pytest.mark.parametrize("text", ["{", '{"kind": "backtest"}', '{"kind": 3}', "[]", "7"])
def test_a_forged_base_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        FORM.parse(given(text))


def test_the_base_has_no_control_of_its_own_to_see() -> None:
    shown = json.dumps([part.to_plotly_json() for part in FORM.panel(FORM.defaults())], default=str)
    assert "samples" in shown
    assert "strategy" not in shown


def test_a_permalink_of_a_study_fills_both_forms_and_runs_the_study_only() -> None:
    spec = VerificationSpec(backtest=BACKTEST, samples=500)
    asked = studies.opening(state.to_query(spec), [STUDY])
    assert (asked.study, studies.tab_of(asked.study)) == (PAGE, "real")
    assert asked.query is not None
    assert BacktestSpec.parse(state.from_query(asked.query)) == BACKTEST
    opened, pane = studies.pane("tabs", STUDY, list, asked)
    assert opened.data is True
    assert pane.hidden is False
    assert found(pane, ids.request(PAGE)).data == canonical_json(spec)
    assert found(pane, ids.field(PAGE, "backtest")).value == canonical_json(BACKTEST)
    assert found(pane, ids.field(PAGE, "samples")).value == "500"


def test_a_permalink_of_the_page_leaves_the_studies_alone() -> None:
    query = state.to_query(BACKTEST)
    asked = studies.opening(query, [STUDY])
    assert asked == studies.Opening(query)
    opened, pane = studies.pane("tabs", STUDY, list, asked)
    assert not hasattr(opened, "data")
    assert pane.hidden is True
    assert pane.children == []
    filled = html.Div(studies.contents(STUDY, list, studies.Opening(None)))
    assert not hasattr(found(filled, ids.request(PAGE)), "data")


@pytest.mark.parametrize("query", [None, "", "nonsense", "eJyrVkrKLE5VslIqSS0uUaoFACEbBKI"])
def test_a_damaged_permalink_is_the_pages_to_explain(query: str | None) -> None:
    assert studies.opening(query, [STUDY]) == studies.Opening(query)


def test_a_study_of_another_version_says_so_in_its_tab() -> None:
    wrong = canonical_json(VerificationSpec(backtest=BACKTEST)).replace('"samples":1000', '"samples":1')
    asked = studies.opening(_packed(wrong), [STUDY])
    assert (asked.query, asked.study) == (None, PAGE)
    words = str(studies.pane("tabs", STUDY, list, asked)[1])
    assert "Samples must be at least 100" in words


def test_the_page_of_a_study_is_its_owner() -> None:
    assert [ids.owner(name) for name in (PAGE, "backtest")] == ["backtest", "backtest"]


def test_a_spec_is_put_into_the_pages_form(monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[Any] = []
    monkeypatch.setattr(studies, "set_props", lambda id_, props: changed.append((id_, props)))
    form = Form(page="backtest", spec=BacktestSpec, action="Run")
    studies.show(form, BACKTEST, "performance")
    [(store, props)] = changed
    assert store == ids.shown("backtest")
    drawn, request, tab = studies.filled(form, props["data"])
    assert (request, tab) == (canonical_json(BACKTEST), "performance")
    assert "strategy.fast" in str(drawn)


def _packed(text: str) -> str:
    import base64
    import zlib

    return base64.urlsafe_b64encode(zlib.compress(text.encode())).decode().rstrip("=")


def test_a_tab_without_a_result_shows_the_one_that_is_stored() -> None:
    asked = VerificationSpec(backtest=BACKTEST, samples=200)
    draft = {"spec": canonical_json(asked)}
    for pointless in ((None, None), (draft, None)):
        with pytest.raises(PreventUpdate):
            studies.recalled(*pointless)
    engine.run(asked)
    assert studies.recalled(draft, None) == draft["spec"]
    with pytest.raises(PreventUpdate):
        studies.recalled(draft, {"key": "another result in sight"})
