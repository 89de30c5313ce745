"""The tab of the walk-forward: its form, its words, its rows."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard.axes_form import callbacks as axes
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tabs import walkforward as tab
from dashboard.pages.backtest.walkforward import view
from dashboard.runs import studies
from engine.backtest.walkforward.result import WalkForwardResult
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from tests.support.market import random_walk
from tests.support.walks import walk, walk_spec
from tests.support.workspace import Workspace


@pytest.fixture(scope="module")
def made() -> WalkForwardResult:
    return walk()


def words(component: Any) -> str:
    """All text in a component."""
    if component is None or isinstance(component, str):
        return component or ""
    if isinstance(component, list | tuple):
        return " ".join(words(item) for item in component)
    return words(getattr(component, "children", ""))


def test_form_reads_back_what_it_shows(workspace: Workspace) -> None:
    asked = walk_spec()
    values = asked.model_dump(mode="json")
    assert tab.FORM.parse(values) == asked
    shown = words(tab.FORM.fields(values))
    for title in ("Fast window", "Training", "Test", "Purge", "Metric to maximise", "Min. trades"):
        assert title in shown


def test_extent_counts_windows_and_combinations(workspace: Workspace) -> None:
    save(random_walk(880))
    assert tab.FORM.extent(walk_spec()) == "4 windows of 15 combinations"
    assert tab.FORM.extent(walk_spec(windows={"train": 60, "test": 4})) == "the range is too short for one window"
    assert tab.FORM.extent(walk_spec().base) == ""


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"axes": []}, "axes"),
        ({"windows": {"train": 0, "test": 4}}, "windows.train"),
        ({"minimum_trades": -1}, "minimum_trades"),
    ],
)
def test_a_wrong_value_is_told_at_its_field(workspace: Workspace, wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        tab.FORM.parse({**walk_spec().model_dump(mode="json"), **wrong})
    assert [place for place, _ in caught.value.problems] == [path]


def test_permalink_opens_the_tab_with_its_base_in_the_page(workspace: Workspace) -> None:
    from dashboard import state

    asked = walk_spec()
    opened = studies.opening(state.to_query(asked), [tab.STUDY])
    assert opened.study == tab.PAGE
    assert state.from_query(str(opened.query)) == asked.base.model_dump(mode="json")


def test_axes_follow_another_strategy() -> None:
    wired = axes.Axes(tab.FORM)
    base = json.loads(canonical_json(walk_spec().base)) | {"strategy": {"kind": "rsi_reversion"}}
    field = {"role": "field", "page": tab.PAGE}
    found = [
        {**field, "path": "base"},
        *({**field, "path": f"axes.0.{end}"} for end in ("path", "low", "high", "step")),
    ]
    given = [json.dumps(base), "strategy.fast", "2", "20", "2"]
    drawn = wired.follow(given[0], found, given)
    assert "RSI" in words(drawn) or "window" in words(drawn).lower()
    assert "Fast window" not in words(drawn)
    given[1] = "strategy.window"
    with pytest.raises(PreventUpdate):
        wired.follow(given[0], found, given)
    assert "strategy.window" not in [item["value"] for item in wired.offer(given[0], None, found, given)]


def test_key_figures_and_verdict(made: WalkForwardResult) -> None:
    found = {item.name: item for item in view.kpis(made)}
    assert list(found) == [
        "Sharpe", "CAGR", "Max drawdown", "Efficiency", "Profitable", "Stability", "Rank correlation", "Trials",
    ]  # fmt: skip
    assert found["Profitable"].text == f"{made.profitable} of 4"
    assert found["Trials"].text == "75"
    said = words(view.verdict(made))
    assert all(text in said for text in made.warnings)


def test_rows_of_windows(made: WalkForwardResult) -> None:
    fields = [column["field"] for column in view.columns(made)]
    rows = view.rows(made)
    assert [row["window"] for row in rows] == [1, 2, 3, 4]
    assert set(fields) <= set(rows[0])
    assert rows[0]["test"] == "2021-02-01"
    assert rows[0]["strategy__fast"] == made.parameters[0, 0]


def test_cash_everywhere_is_still_a_page() -> None:
    idle = walk(minimum_trades=1000)
    assert view.rows(idle)[0]["strategy__fast"] is None
    assert view.about_paths(idle) == ""
    assert "Nothing to assess." in words(view.verdict(idle))
    view.kpis(idle)


def test_draws_from_a_stored_result(workspace: Workspace) -> None:
    save(random_walk(880))
    asked = walk_spec()
    engine.run(asked)
    data = {"key": engine.run_key(asked), "spec": canonical_json(asked)}
    drawn = tab.draw(data, "walkforward")
    assert drawn[6:] == (True, ""), "nothing is missing"
    below = tab.draw_below(None, "walkforward", data)
    assert below[1] == "15 combinations each"
    with pytest.raises(PreventUpdate):
        tab.draw(data, "performance")
    with pytest.raises(PreventUpdate):
        tab.draw_partial({"partial": None}, "walkforward", "")
    running = {"partial": {"of": 4, "windows": [{}], "time": [0, 1], "growth": [1, 1.1]}}
    _, sub = tab.draw_partial(running, "walkforward", "")
    with pytest.raises(PreventUpdate):
        tab.draw_partial(running, "walkforward", sub)
    assert sub == "1 of 4 windows so far"


def test_a_click_opens_a_windows_parameters(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(random_walk(880))
    asked = walk_spec()
    result = engine.run(asked)
    shown: list[Any] = []
    monkeypatch.setattr(studies, "set_props", lambda id_, props: shown.append(props["data"]))
    data = {"key": engine.run_key(asked), "spec": canonical_json(asked)}
    assert tab.open_window([{"id": "2"}], data) == []
    assert engine.load_spec(shown[0]["spec"]) == result.spec_of(2)
    assert shown[0]["tab"] == "performance"
    with pytest.raises(PreventUpdate):
        tab.open_window([], data)


def kept_part(spec: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Two of four windows of ``spec`` as they are kept; a draft of it, and the run of these two."""
    part = spec.model_copy(update={"stop_after": 2})
    engine.run(part)
    return {"spec": canonical_json(spec)}, {"spec": canonical_json(part)}


def test_the_form_tells_of_windows_that_are_kept(workspace: Workspace) -> None:
    save(random_walk(880))
    spec = walk_spec()
    assert tab.tell_kept({"spec": canonical_json(spec)}, None, None) == (True, "")
    draft, run = kept_part(spec)
    told = (False, "2 of 4 windows are done and kept.")
    assert tab.tell_kept(draft, None, None) == told
    assert tab.tell_kept(draft, {"error": "Cancelled."}, draft) == told
    assert tab.tell_kept(draft, None, draft) == (True, ""), "it is under way"
    assert tab.tell_kept(draft, {"key": "", **run}, run) == (True, ""), "they are on screen, with a line of their own"
    engine.run(spec)
    assert tab.tell_kept(draft, None, None) == (True, "")


def test_what_is_done_is_marked_and_gone_on_from(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(random_walk(880))
    spec = walk_spec()
    draft, run = kept_part(spec)
    part = engine.run(spec.model_copy(update={"stop_after": 2}))
    assert view.part(part) == "Incomplete: 2 of 4 windows."

    def asked(cause: str | dict[str, str], draft: Any, run: Any) -> Any:
        monkeypatch.setattr(tab, "ctx", SimpleNamespace(triggered_id=cause))
        return json.loads(tab.go_on(1, None, None, None, draft, run))["stop_after"]

    cancel = frame.part("cancel", tab.PAGE)
    assert asked(ids.WALK_GO_ON, draft, run) is None
    assert asked(ids.WALK_CONTINUE, draft, None) is None
    assert asked(ids.WALK_SHOW, draft, None) == 2
    assert asked(cancel, None, draft) == 2, "a walk-forward that is stopped shows what it has"
    for nothing in (run, None):
        with pytest.raises(PreventUpdate):
            asked(cancel, None, nothing)
    assert view.part(engine.run(spec)) == ""


def test_extent_says_where_it_stops(workspace: Workspace) -> None:
    save(random_walk(880))
    assert tab.FORM.extent(walk_spec(stop_after=3)) == "3 of 4 windows, 15 combinations each"
    assert tab.FORM.extent(walk_spec(stop_after=9)) == "4 windows of 15 combinations"
