"""Models in service on the page: promoted, listed with their scores, compared, their rules and alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

from dashboard import runs
from dashboard.charts.models import challenge as chart
from dashboard.jobs import requested, side_job
from dashboard.pages.models import ids
from dashboard.pages.models.saved import challenge, in_service, promotion, registry, rules, tabs
from engine.core.progress import silent
from engine.jobs import actions
from engine.jobs.requests import load_request
from engine.market.sources.stored import save
from engine.models.service import promoted, registered, roles
from engine.research.service import alerts
from engine.research.service.rescoring.spec import Rescore
from engine.research.service.rules import rules_of
from tests.dashboard.pages.test_models_saved import texts
from tests.support.market import random_walk
from tests.support.served import trained
from tests.support.workspace import Workspace

STRICT = "cache: cache\nservice: {rules: {ic_below: 1, least_labels: 20, input_drift: 100, output_drift: 100}}\n"


@pytest.fixture(autouse=True)
def context(workspace: Workspace) -> Iterator[Any]:
    """What Dash says of the call, for toasts."""
    state = AttributeDict(updated_props={}, triggered_inputs=[])
    token = context_value.set(state)
    yield state
    context_value.reset(token)


def toast(context: Any) -> str:
    return str(context.updated_props["toast"]["data"]["text"])


def pressed(context: Any, id_: str) -> None:
    context["triggered_inputs"] = [{"prop_id": f"{id_}.n_clicks", "value": 1}]


@pytest.fixture
def pair(workspace: Workspace) -> list[dict[str, Any]]:
    """A champion and its challenger with 160 new bars, and their rows."""
    workspace.configure(STRICT)
    for kind in ({}, {"model": {"kind": "linear"}}):
        registered.register(trained("ONE", **kind)[0], "mine")
    promoted.promote("mine@1", "champion")
    promoted.promote("mine@2", "challenger")
    save(random_walk(560, 0, symbol="ONE"))
    rows: list[dict[str, Any]] = in_service.listing(0, None)[0]
    return rows


def test_without_models_the_tab_says_what_to_do(workspace: Workspace) -> None:
    rows, _, said, told, _, no_alerts, no_details = in_service.listing(0, None)
    assert (rows, told, no_alerts, no_details, said) == ([], [], True, True, "0 models")
    assert "select a version in the registry and press Champion" in texts(in_service.describe([], [])[0])
    alone = challenge.ask([], [], "all")[0]
    assert "No challenger" in texts(challenge.draw(alone, None)[0])
    assert challenge.draw(alone, None)[-1]  # a sentence, and no charts of nothing
    assert rules.fill([], [])[0] == rules_of("").input_drift
    with pytest.raises(PreventUpdate):
        rules.change(1, None, [], [], 1, 1, 0, 60, 5, 3)


def test_versions_are_promoted_in_the_registry(workspace: Workspace, context: Any) -> None:
    registered.register(trained("ONE")[0], "mine")
    listed = registry.listing("saved", 0, None)[0]
    row = [{"key": "mine@1"}]
    assert promotion.enable(row, listed, "saved") == (False, False, True)
    assert promotion.enable([], listed, "saved") == (True, True, True)
    assert promotion.enable(row, listed, "bin") == (True, True, True)
    pressed(context, ids.PROMOTE_CHALLENGER)
    promotion.change(None, 1, None, row)
    assert toast(context) == "mine@1 is the challenger of mine."
    listed = registry.listing("saved", 0, None)[0]
    assert listed[0]["role"] == "challenger"
    assert promotion.enable(row, listed, "saved") == (False, True, False)
    pressed(context, ids.DEMOTE)
    promotion.change(None, 1, 1, row)
    assert roles.every() == ()
    in_service.undo(1)
    assert [item.role for item in roles.every()] == ["challenger"]
    pressed(context, ids.PROMOTE_CHAMPION)
    assert promotion.change(1, 1, 1, [{"key": "forged@9"}]) is no_update
    assert "no model 'forged'" in toast(context)


def test_scores_are_listed_and_described(pair: list[dict[str, Any]]) -> None:
    assert [row["bars"] for row in pair] == ["not scored on the newest bars"] * 2
    assert "press Score now" in texts(in_service.describe([], pair)[0])
    done = requested.fulfil(load_request(in_service.score(1)[1]), silent)
    said, _ = in_service.show(done, None)
    assert texts(said) == "Scored on the newest bars: 2 new alerts."
    rows, _, _, told, _, no_alerts, no_details = in_service.listing(1, None)
    assert (no_alerts, no_details) == (False, False)
    assert rows[0]["labels"] == 155
    assert rows[0]["bars"] == "2021-02-04 to 2021-07-13"
    assert rows[0]["drift"].endswith(" of 2")
    assert in_service.title() == "In service (2)"
    assert ("service", "In service (2)") in tabs.titles()
    scores, drift, notes = in_service.describe([{"key": "mine@challenger"}], rows)
    assert "2021-02-04 to 2021-07-13" in texts(scores)
    assert "RSI 14" in texts(drift)
    assert "Prediction" in texts(drift)
    assert notes == []
    assert [row["rule"] for row in told] == ["Rank IC", "Rank IC"]


def test_alerts_are_acknowledged(pair: list[dict[str, Any]]) -> None:
    actions.perform(Rescore())
    one, other = alerts.unseen()
    in_service.acknowledge(1, [{"key": str(one.id)}])
    assert alerts.unseen() == (other,)
    in_service.acknowledge(1, [{"key": "forged"}])
    assert alerts.unseen() == ()
    assert in_service.name_tab(1) == {"service": "In service"}


def test_champion_and_challenger_are_drawn(pair: list[dict[str, Any]]) -> None:
    answer, job, _ = challenge.ask([], pair, "new")
    assert answer == {"waits": True}
    found = requested.fulfil(load_request(job), silent)
    assert challenge.ask([], pair, "new")[0] == found  # it is stored now
    told, table, paper, hits, is_hidden = challenge.draw(found, None)
    assert not is_hidden
    assert "No difference of the hit rates is decided yet" in texts(told)
    assert "Paper return, annualised" in texts(table)
    names = {trace.name for trace in paper.data}
    assert {"mine@1", "mine@2", "Buy and hold"} <= names
    result = runs.opened(found, type(load_request(job)))[1]
    info = chart.info(result)
    assert info.mean.tolist() == result.mean.tolist()
    assert info.decided is None
    assert len(hits.data) == 3


def test_models_that_cannot_be_compared_say_so(pair: list[dict[str, Any]]) -> None:
    target = {"kind": "forward_return_value"}
    registered.register(trained("ONE", model={"kind": "linear"}, target=target)[0], "mine")
    promoted.promote("mine@3", "challenger")
    job = challenge.ask([], pair, "all")[1]
    with pytest.raises(Exception, match="only models of the same label") as failed:
        requested.fulfil(load_request(job), silent)
    told, *_, is_hidden = challenge.draw(side_job.failed_in_place(failed.value), None)
    assert "only models of the same label can be compared" in texts(told)
    assert is_hidden
    *_, paper, hits, is_hidden = challenge.draw({"waits": True}, None)
    assert (paper, hits, is_hidden) == (None, None, False)  # skeletons


def test_rules_are_changed_and_given_back(pair: list[dict[str, Any]], context: Any) -> None:
    assert rules.fill([], pair)[2] == 1
    pressed(context, ids.RULES_SAVE)
    assert rules.change(1, None, [], pair, 0.3, 0.4, -0.1, 30, 1, 2) is not no_update
    assert rules.fill([], pair) == (0.3, 0.4, -0.1, 30, 1, 2, "Rules of mine alone.")
    for wrong in (None, -1, "much", [1]):
        assert rules.change(2, None, [], pair, wrong, 0.4, -0.1, 30, 1, 2) is no_update
        assert "rule 'input drift' cannot be used" in toast(context)
    pressed(context, ids.RULES_RESET)
    rules.change(2, 1, [], pair, None, 0.4, -0.1, 30, 1, 2)
    assert rules_of("mine").ic_below == 1


def test_a_model_whose_bars_are_gone_is_listed_with_the_reason(pair: list[dict[str, Any]]) -> None:
    save(random_walk(100, 0, symbol="ONE"))
    answer = actions.perform(Rescore()).report
    assert "No bar of ONE is stored after" in texts(in_service.came_of(answer))
    assert [row["key"] for row in in_service.listing(1, None)[0]] == ["mine@champion", "mine@challenger"]
