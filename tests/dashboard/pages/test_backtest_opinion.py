"""The second opinion and the tear sheet as the page asks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard.pages.backtest import ids, opinion, tools
from engine.backtest.second_opinion.spec import SecondOpinionSpec
from engine.backtest.spec import BacktestSpec
from engine.errors import DeviceError, SpecError
from engine.market.sources.stored import save
from engine.spec import canonical_json
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture(autouse=True)
def said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    save(random_walk(300))
    found: list[str] = []
    for place in ("dashboard.shell.toast", "dashboard.pages.backtest.opinion.toast"):
        monkeypatch.setattr(place, lambda text, tone="bad": found.append(text))
    return found


@pytest.fixture(autouse=True)
def triggered() -> Iterator[None]:
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{ids.ASK}.n_clicks", "value": 1}]))
    yield
    context_value.set({})


def spec(**changes: Any) -> BacktestSpec:
    base = {
        "market": {"collection": "made-up", "symbols": ["TEST"]},
        "strategy": {"kind": "sma_cross", "fast": 3, "slow": 20},
        "costs": {"commission": 5, "slippage": 3},
    }
    return BacktestSpec.parse(base | changes)


def data(**changes: Any) -> dict[str, str]:
    asked = spec(**changes)
    engine.run(asked)
    return {"key": engine.run_key(asked), "spec": canonical_json(asked)}


def test_a_second_opinion_is_a_job_and_then_stored() -> None:
    given = data()
    answer, job, _ = opinion.ask(1, given)
    assert answer == {"waits": True}
    steps: list[Any] = []
    done = opinion.repeat(steps.append, job)
    assert done["key"] == engine.run_key(engine.load_spec(job))
    assert steps[-1]["fraction"] == 1.0
    assert opinion.ask(1, given)[:2] == (done, no_update)
    words, rows, hidden = opinion.show(done, None)
    assert "Backtrader agrees" in json.dumps(words.to_plotly_json(), default=lambda part: part.to_plotly_json())
    assert rows
    assert not hidden
    assert {row["found"] for row in rows} == {"yes"}
    json.dumps(rows, allow_nan=False)


def test_without_a_run_on_the_page_it_says_what_to_do(said: list[str]) -> None:
    with pytest.raises(PreventUpdate):
        opinion.ask(1, None)
    with pytest.raises(PreventUpdate):
        tools.save_sheet(1, None, None, "trades")
    with pytest.raises(PreventUpdate):
        tools.save_sheet(1, data(), None, "walkforward")
    assert len(said) == 3


def test_a_failure_is_shown_in_the_card(said: list[str]) -> None:
    answer = opinion.failed(DeviceError("Backtrader is not installed."))
    assert said == ["Backtrader is not installed."]
    words, rows, hidden = opinion.show(answer, None)
    assert words.children == "Backtrader is not installed."
    assert (rows, hidden) == ([], True)


def test_a_forged_answer_is_parsed_as_any_spec() -> None:
    with pytest.raises(SpecError):
        opinion.show({"spec": '{"kind": "second_opinion", "backtest": {"market": {"symbols": ["../x"]}}}'}, None)


def test_a_job_of_it_leads_back_to_the_run() -> None:
    assert SecondOpinionSpec(backtest=spec()).shown_with() == spec()
    assert spec().shown_with() == spec()


def test_the_tear_sheet_is_handed_to_the_browser() -> None:
    given = data()
    found = tools.save_sheet(1, given, None, "performance")
    assert found["filename"] == f"sma-3-20-test-{given['key'][:8]}.html"
    assert found["content"].startswith("<!DOCTYPE html>")
    assert given["key"] in found["content"]
