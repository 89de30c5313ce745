"""The library's tab: its rows, what its buttons do, and what a forged request does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard import state
from dashboard.pages.backtest import ids, saved
from dashboard.pages.backtest.layout import layout
from dashboard.pages.backtest.tabs import library as tab
from dashboard.runs import saved_runs
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.jobs import library
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture(autouse=True)
def said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the toasts say; there is no browser to show them."""
    save(random_walk(200))
    found: list[str] = []
    monkeypatch.setattr("dashboard.shell.toast", lambda text, tone="bad": found.append(text))
    return found


@pytest.fixture(autouse=True)
def triggered() -> Iterator[Any]:
    def by(id_: str) -> None:
        context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{id_}.n_clicks", "value": 1}]))

    by("none")
    yield by
    context_value.set({})


def run(fast: int = 3) -> str:
    spec = BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["TEST"]},
            "strategy": {"kind": "sma_cross", "fast": fast, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )
    engine.run(spec)
    return engine.run_key(spec)


def listed(text: Any = "", shelf: Any = "saved") -> list[dict[str, Any]]:
    return list(tab.RUNS.listing(text, shelf, 0, None)[0])


def keys(shelf: str = "saved") -> list[str]:
    return [row["key"] for row in listed(shelf=shelf)]


def press(key: Any, action: Any) -> list[str]:
    return saved_runs.pressed({"value": {"key": key, "action": action}})


def test_a_row_has_the_figures_a_link_and_nothing_large() -> None:
    key = run()
    library.tag(key, "one, two")
    (row,) = listed()
    assert row["key"] == key
    assert row["tags"] == "one, two"
    assert row["trades"] > 0
    assert state.from_query(row["query"])["strategy"]["fast"] == 3
    assert len(json.dumps(row)) < 3000


def test_the_search_and_the_count() -> None:
    run(3)
    library.annotate(run(4), "deep")
    rows, words, *_ = tab.RUNS.listing("deep", "saved", 0, None)
    assert len(rows) == 1
    assert words == "1 of 2"
    assert tab.RUNS.listing(None, "saved", 0, None)[1] == "2 runs"
    assert len(listed({"forged": 1})) == 2


@pytest.mark.parametrize(
    ("found", "total", "searched", "words"),
    [(1, 1, False, "1 run"), (2, 9, True, "2 of 9"), (500, 812, False, "the latest 500 of 812 runs"),
     (28, 30, False, "28 runs, 2 from another version"), (3, 1812, True, "3 of 1,812"),
     (500, 812, True, "the latest 500 of 812")],
)  # fmt: skip
def test_the_count_hides_nothing(found: int, total: int, searched: bool, words: str) -> None:
    assert saved_runs.counted(found, total, searched=searched) == words


def test_a_search_goes_beyond_what_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_runs, "LISTED", 2)
    keys_ = [run(fast) for fast in (3, 4, 5)]
    assert [row["key"] for row in listed()] == [keys_[2], keys_[1]]
    assert [row["key"] for row in listed("3/20")] == [keys_[0]]
    assert len(listed("/20")) == 2


def test_a_run_whose_data_have_changed_says_so_and_leads_to_both_results() -> None:
    key = run()
    assert listed()[0]["changed"] == ""
    save(random_walk(220, seed=9))
    (row,) = listed()
    assert row["changed"] == "data"
    assert row["then"] == f"{row['query']}&compare=here,{key}"


def test_a_row_says_what_its_name_leaves_out() -> None:
    run()
    assert listed()[0]["setup"] == "made-up, 1d"
    spec = BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["TEST"], "start": "2020-02-01"},
            "strategy": {"kind": "sma_cross", "fast": 3, "slow": 20},
            "costs": {"commission": 10, "slippage": 3},
            "sizing": {"kind": "volatility"},
            "stops": {"stop_loss": 0.05},
        }
    )
    expected = "from 2020-02-01; sizing Volatility target, 20%, 20 bars, 100%; stop loss 5%; commission 10 bp"
    assert saved.settings(spec) == expected


def test_what_is_typed_is_kept() -> None:
    key = run()
    tab.RUNS.edit([{"colId": "tags", "value": "a, b", "data": {"key": key}}])
    tab.RUNS.edit([{"colId": "note", "value": "words", "data": {"key": key}}])
    (row,) = listed()
    assert (row["tags"], row["note"]) == ("a, b", "words")
    tab.RUNS.edit([{"colId": "note", "value": None, "data": {"key": key}}])
    assert listed()[0]["note"] == ""


@pytest.mark.parametrize(
    "changes",
    [
        None,
        [],
        [{"colId": "label", "value": "x", "data": {"key": "k"}}],
        [{"colId": "tags", "value": 7, "data": {}}],
        [{"colId": "pinned; DROP TABLE runs", "value": "x", "data": {"key": "k"}}],
    ],
)
def test_a_forged_edit_changes_nothing(changes: Any) -> None:
    key = run()
    before = library.find([key])
    tab.RUNS.edit(changes)
    assert library.find([key]) == before


def test_what_cannot_be_kept_is_said(said: list[str]) -> None:
    tab.RUNS.edit([{"colId": "tags", "value": "x" * 99, "data": {"key": run()}}])
    tab.RUNS.edit([{"colId": "note", "value": "x", "data": {"key": "0" * 64}}])
    assert "is too long" in said[0]
    assert "no longer in the library" in said[1]


def test_the_buttons_of_a_row() -> None:
    first, second = run(3), run(4)
    assert press(first, "pin") == []
    assert keys() == [first, second]
    press(first, "unpin")
    assert keys() == [second, first]
    assert press(second, "delete") == [second]
    assert (keys(), keys("bin")) == ([first], [second])
    assert press(second, "restore") == []
    assert keys() == [second, first]


@pytest.mark.parametrize("cell", [None, 7, {}, {"value": "x"}, {"value": {"key": "k", "action": "explode"}}])
def test_a_forged_press_does_nothing(cell: Any) -> None:
    key = run()
    with pytest.raises(PreventUpdate):
        saved_runs.pressed(cell)
    assert keys() == [key]


@pytest.mark.parametrize("key", ["0" * 64, "../../etc/passwd", None])
def test_a_press_on_an_unknown_run_is_a_sentence(key: Any) -> None:
    with pytest.raises(SpecError, match="no longer in the library"):
        press(key, "delete")


def test_deleting_several_can_be_undone(triggered: Any) -> None:
    first, second, third = run(3), run(4), run(5)
    rows = [row for row in listed() if row["key"] != second]
    triggered(ids.DELETE_TICKED)
    _, deleted = tab.RUNS.act(None, {}, rows, [])
    assert keys() == [second]
    hidden, words = tab.RUNS.offer_undo(deleted)
    assert not hidden
    assert words.startswith("2 backtests are in the bin")
    triggered(ids.UNDO)
    _, left = tab.RUNS.act(None, {}, [], deleted)
    assert keys() == [third, second, first]
    assert tab.RUNS.offer_undo(left) == (True, "")


def test_one_that_is_deleted_is_named() -> None:
    key = run()
    press(key, "delete")
    assert tab.RUNS.offer_undo([key])[1] == "“SMA 3/20, TEST” is in the bin and will be deleted after 30 days."
    assert tab.RUNS.offer_undo(["x", 7, None]) == (True, "")


def test_the_bin_is_emptied_for_good_and_the_trials_stay(triggered: Any, said: list[str]) -> None:
    key = run()
    press(key, "delete")
    triggered(ids.EMPTY_BIN)
    assert tab.RUNS.act(None, {}, [], [key])[1] == []
    assert (keys(), keys("bin")) == ([], [])
    assert ledger.count() == 1
    assert "Their trials remain counted" in said[0]


def test_buttons_are_there_for_what_is_ticked() -> None:
    rows = [{"key": "k"}]
    for chosen, shelf, compare, delete, restore in (
        ([], "saved", True, True, True),
        (rows, "saved", False, False, True),
        (rows, "bin", True, True, False),
        ({"forged": 1}, "saved", True, True, True),
    ):
        assert tab.enable(chosen, shelf) == compare
        assert tab.RUNS.enable(chosen, shelf) == (delete, restore)


def test_ticked_runs_go_to_compare_eight_at_most(said: list[str]) -> None:
    rows = [{"key": f"{n:064x}"} for n in range(10)]
    chosen, where = tab.compare_ticked(1, rows)
    assert len(chosen) == 8
    assert where == "compare"
    assert "first 8 of 10" in said[0]
    with pytest.raises(PreventUpdate):
        tab.compare_ticked(1, [])


def test_a_strategy_that_asks_for_a_side_is_listed_too() -> None:
    market = {"collection": "made-up", "symbols": ["TEST", "OTHER"]}
    asked = {"market": market, "strategy": {"kind": "pairs"}, "costs": {"commission": 5, "slippage": 3}}
    assert saved.settings(BacktestSpec.parse(asked | {"direction": "both"})) == "side Both"


def test_the_table_grows_with_its_rows_up_to_the_windows_foot() -> None:
    def height(found: int) -> tuple[int, str]:
        said = saved_runs.tall(found)["height"].removeprefix("min(")
        own, limit = said.split("px, ", 1)
        return int(own), limit

    assert height(0) == height(3), "a note is written in a box that needs room"
    assert height(9)[0] - height(8)[0] == saved_runs.ROW
    assert {height(count)[1] for count in (0, 9, 500)} == {"max(320px, 100dvh - 230px))"}
    run()
    assert tab.RUNS.listing("", "saved", 0, None)[-1] == saved_runs.tall(1) == tab.RUNS.grid().style


def test_an_address_opens_the_library_searched(workspace: Workspace) -> None:
    page = str(layout(None, {"find": "BTC/USDT" + "x" * 300}).to_plotly_json())
    assert "value='BTC/USDT" in page
    assert "x" * 193 not in page
    assert "active_tab='library'" in page
    assert "active_tab='library'" not in str(layout(None).to_plotly_json())
