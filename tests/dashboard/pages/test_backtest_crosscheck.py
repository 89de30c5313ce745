"""The cross-check and the tear sheet as the page asks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard.charts import crosscheck as chart
from dashboard.jobs import side_job
from dashboard.pages.backtest import crosscheck, ids, tools
from engine.backtest.crosscheck.comparison import compare
from engine.backtest.crosscheck.position import BacktraderTrade
from engine.backtest.crosscheck.repeat import BacktraderRun
from engine.backtest.crosscheck.spec import CrosscheckSpec
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DeviceError, SpecError
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from tests.support.market import days, random_walk
from tests.support.results import make_result, trade
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture(autouse=True)
def said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    save(random_walk(300))
    found: list[str] = []
    for place in (
        "dashboard.shell.toast",
        "dashboard.pages.backtest.crosscheck.toast",
        "dashboard.jobs.side_job.toast",
    ):
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


def test_a_crosscheck_is_a_job_and_then_stored() -> None:
    given = data()
    answer, job, _ = crosscheck.ask(1, given)
    assert answer == {"waits": True}
    steps: list[Any] = []
    done = side_job.compute(steps.append, job)
    assert done["key"] == engine.run_key(engine.load_spec(job))
    assert steps[-1]["fraction"] == 1.0
    assert crosscheck.ask(1, given)[:2] == (done, no_update)
    words, figure, rows, hidden = crosscheck.show(done, None)
    assert "Backtrader agrees" in json.dumps(words.to_plotly_json(), default=lambda part: part.to_plotly_json())
    assert len(figure.data) == 3
    assert rows
    assert not hidden
    assert {row["found"] for row in rows} == {"yes"}
    json.dumps(rows, allow_nan=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"stops": {"stop_loss": 0.03, "take_profit": 0.05}},
        {"fill": "limit"},
        {"direction": "both", "financing": {"leverage": 2.0}, "sizing": {"kind": "percent", "part": 2.0}},
    ],
    ids=str,
)
def test_what_it_refused_once_is_repeated(changes: dict[str, Any]) -> None:
    _, job, _ = crosscheck.ask(1, data(**changes))
    words, _, rows, _ = crosscheck.show(side_job.compute(lambda _: None, job), None)
    assert "so is the equity at every close" in json.dumps(words, default=lambda part: part.to_plotly_json())
    assert {row["found"] for row in rows} == {"yes"}


def test_what_differs_most_stands_first() -> None:
    ours = [trade(f"2020-01-{day:02}", f"2020-01-{day + 3:02}", 10.0, exit_price=101.0) for day in (2, 11, 21)]
    exits = ((1, 4, 101.0, 10.0), (10, 13, 101.5, 15.0), (20, 23, 103.0, 30.0))
    theirs = [BacktraderTrade(0, 1, entry, out, 100.0, price, 10.0, pnl) for entry, out, price, pnl in exits]
    result = make_result(np.full(40, 1000.0), ours, symbols=("ONE",))
    other = BacktraderRun((0,), days(40), np.linspace(1000, 1025, 40), tuple(theirs), 0, {})
    found = compare("Made up", result, [other], "1.0")
    assert [(row["difference"], row["found"]) for row in crosscheck.rows(found)] == [
        (20.0, "price out"),
        (5.0, "price out"),
        (0.0, "yes"),
    ]
    words = json.dumps(crosscheck.outcome(found), default=lambda part: part.to_plotly_json())
    assert "Largest difference on 2020-02-09: 25.00 USD." in words


def test_the_chart_shows_both_and_no_rounding() -> None:
    result = make_result(np.full(40, 1000.0), [], symbols=("ONE",))
    other = BacktraderRun((0,), days(40), np.full(40, 1000.0 + 1e-10), (), 0, {})
    drawn = chart.figure(chart.info(compare("Made up", result, [other], "1.0")))
    assert [trace.name for trace in drawn.data] == ["Stratoscope", "Backtrader", "Difference"]
    assert drawn.layout.yaxis2.range == (-chart.PENNY, chart.PENNY)


def test_without_a_run_on_the_page_it_says_what_to_do(said: list[str]) -> None:
    with pytest.raises(PreventUpdate):
        crosscheck.ask(1, None)
    with pytest.raises(PreventUpdate):
        tools.save_sheet(1, None, None, "trades")
    with pytest.raises(PreventUpdate):
        tools.save_sheet(1, data(), None, "walkforward")
    assert len(said) == 3


def test_a_failure_is_shown_in_the_card(said: list[str]) -> None:
    answer = side_job.failed(DeviceError("Backtrader is not installed."))
    assert said == ["Backtrader is not installed."]
    words, figure, rows, hidden = crosscheck.show(answer, None)
    assert words.children == "Backtrader is not installed."
    assert (figure, rows, hidden) == (None, [], True)


def test_a_forged_answer_is_parsed_as_any_spec() -> None:
    with pytest.raises(SpecError):
        crosscheck.show({"spec": '{"kind": "crosscheck", "backtest": {"market": {"symbols": ["../x"]}}}'}, None)


def test_a_job_of_it_leads_back_to_the_run() -> None:
    assert CrosscheckSpec(backtest=spec()).shown_with() == spec()
    assert spec().shown_with() == spec()


def test_the_tear_sheet_is_handed_to_the_browser() -> None:
    given = data()
    found = tools.save_sheet(1, given, None, "performance")
    assert found["filename"] == f"sma-3-20-test-{given['key'][:8]}.html"
    assert found["content"].startswith("<!DOCTYPE html>")
    assert given["key"] in found["content"]


def test_nothing_can_be_repeated_before_there_is_a_run() -> None:
    assert crosscheck.offer(None)[0]
    assert crosscheck.offer({"error": "It failed."}) == crosscheck.offer(None)
    assert crosscheck.offer({"key": "0" * 64, "spec": "{}"}) == (False, "")
