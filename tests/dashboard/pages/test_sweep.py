"""The sweep tab: its controls, its clicks and its sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash import Dash, no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.sweep import controls as sweep_controls
from dashboard.pages.backtest.sweep import view as sweep_view
from dashboard.pages.backtest.tabs import sweep as tab
from dashboard.runs import studies
from dashboard.text.sweeps import axis_labels, expected_maximum
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.core.field_paths import changed
from engine.core.spec import canonical_json
from engine.research.evidence import verdict
from tests.support.sweep_page import AXES, FAST, SLOW, STRATEGY, base, data_of, request

pytestmark = pytest.mark.usefixtures("workspace")


UNTOUCHED = {name: "" for name, _ in tab.sweep_layout.ASKED}


def clicked(point: Any = None, rows: Any = None, symbols: Any = None) -> sweep_controls.Clicked:
    """What the browser says that was clicked."""
    return {"point": point, "rows": rows, "symbols": symbols}


@pytest.fixture
def triggered() -> Iterator[Any]:
    """Say which component a click was on, as Dash does."""

    def by(id_: str) -> None:
        context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{id_}.n_clicks", "value": 1}]))

    yield by
    context_value.set({})


@pytest.fixture
def result() -> SweepResult:
    found = engine.run(request())
    assert isinstance(found, SweepResult)
    return found


def test_the_first_two_axes_are_shown_first(result: SweepResult) -> None:
    shown = sweep_controls.view_of(result, {})
    assert (shown.metric, shown.x, shown.y, shown.symbol, shown.rest) == ("sharpe", FAST, SLOW, None, "best")


@pytest.mark.parametrize(
    "forged", [{"x": "__class__"}, {"metric": 7, "rest": "at nothing"}, {"symbol": "NVDA", "y": []}]
)
def test_forged_controls_show_the_usual(result: SweepResult, forged: dict[str, Any]) -> None:
    assert sweep_controls.view_of(result, forged) == sweep_controls.view_of(result, {})


def test_one_value_of_a_third_axis() -> None:
    third = {"path": "costs.slippage", "low": 0, "high": 8, "step": 2}
    found = engine.run(request([*AXES, third]))
    shown = sweep_controls.view_of(found, {"rest": "at costs.slippage", "at": 3})
    assert shown.fixed == (("costs.slippage", 6.0),)
    *_, last, at, hidden, words = sweep_controls.controls(found, shown)
    assert (last, at, hidden, words) == (4, 3, False, "Slippage 6")
    assert sweep_controls.view_of(found, {"rest": "at costs.slippage", "at": None}).fixed[0][1] == 4.0, "the middle"
    assert sweep_controls.view_of(found, {"rest": "at costs.slippage", "at": 10**9}).fixed[0][1] == 8.0


def test_sides_change_places() -> None:
    drawn = {"key": "k", "x": FAST, "y": SLOW}
    assert sweep_controls.swapped({"key": "k", "x": SLOW, "y": SLOW}, drawn)["y"] == FAST
    assert sweep_controls.swapped({"key": "k", "x": FAST, "y": FAST}, drawn)["x"] == SLOW


def click(x: float, y: float, **more: object) -> sweep_controls.Clicked:
    return clicked({"points": [{"x": x, "y": y}], **more})


@pytest.mark.parametrize("twice", [True, False])
def test_a_cell_is_chosen_and_opens_its_run_at_a_second_click(result: SweepResult, twice: bool) -> None:
    shown = sweep_controls.view_of(result, {})
    choice = sweep_controls.choice(result, shown, ids.SWEEP_MAP, click(4.2, 8.8, twice=twice), None)
    assert choice is not None
    assert choice.opens == twice
    strategy = result.spec_of(choice.index).strategy.model_dump()
    assert (strategy["fast"], strategy["slow"]) == (4, 9)


def test_the_run_of_a_cell_has_its_very_figures(result: SweepResult) -> None:
    for index in (0, len(result) // 2, len(result) - 1):
        run = engine.run(result.spec_of(index))
        assert run.metrics["sharpe"] == result.sharpe[0, index]
        assert run.metrics["total_return"] == result.total_return[0, index]
        assert run.metrics["max_drawdown"] == result.max_drawdown[0, index]
        assert run.metrics["trades"] == result.trades[0, index]


@pytest.mark.parametrize("symbol", ["*", "AAPL"])
def test_a_cell_of_several_symbols_opens_all_of_them(symbol: str) -> None:
    """Whatever the map shows: the form keeps its symbols."""
    found = engine.run(request(symbols=("NVDA", "AAPL")))
    shown = sweep_controls.view_of(found, {"symbol": symbol})
    choice = sweep_controls.choice(found, shown, ids.SWEEP_MAP, click(4, 9, twice=True), None)
    assert choice is not None
    assert choice.opens
    opened = found.spec_of(choice.index)
    assert opened.market.symbols == ("NVDA", "AAPL")
    run = engine.run(opened)
    for name in ("sharpe", "total_return", "max_drawdown", "trades"):
        assert run.metrics[name] == found.metric(name)[choice.index]


def test_a_symbol_of_a_combination_turns_the_map_to_it() -> None:
    found = engine.run(request(symbols=("NVDA", "AAPL")))
    shown, before = sweep_controls.view_of(found, {}), {"of": len(found), "index": 3}
    for name in ("AAPL", "*"):
        row = clicked(symbols=[{"id": name}])
        turned = sweep_controls.choice(found, shown, ids.SWEEP_SYMBOLS, row, before)
        assert turned == sweep_controls.Choice(3, False, name)
    _, rows = sweep_view.symbol_table(found, 3, "*")
    assert [row["id"] for row in rows] == ["*", "NVDA", "AAPL"]
    assert [row["symbol"] for row in rows] == ["Portfolio", "NVDA", "AAPL"]
    assert rows[0]["trades"] == rows[1]["trades"] + rows[2]["trades"]
    of_one = sweep_controls.view_of(found, {"symbol": "AAPL"})
    assert "AAPL alone" in str(sweep_view.combination(found, 3, of_one.symbol))


def costs_alone() -> Any:
    return engine.run(request([{"path": "costs.slippage", "low": 0, "high": 8, "step": 1}]))


def test_among_costs_none_is_the_best() -> None:
    found = costs_alone()
    shown = sweep_controls.view_of(found, {})
    assert "stress test, not a choice" in str(sweep_view.honesty(found, expected_maximum(found, None)))
    assert sweep_view.best(found, shown) is None
    assert sweep_controls.chosen(found, shown, None) == 3, "that of the backtest itself"
    _, strip, _, figure, *_ = tab._top(found, shown, {"contour": False, "key": ""})
    assert "\u2013" in str(strip[0])
    assert {trace.name for trace in figure.data} == {"Sharpe", "form"}


def test_the_best_at_the_costs_of_the_backtest_says_so() -> None:
    found = engine.run(request([*AXES, {"path": "costs.slippage", "low": 0, "high": 8, "step": 1}]))
    said = str(sweep_view.honesty(found, expected_maximum(found, None)))
    assert "at the backtest's own costs, slippage 3 bp." in said
    labels = sweep_controls.controls(found, sweep_controls.view_of(found, {}))[8]
    assert next(item["label"] for item in labels) == "As in the backtest"


def test_costs_that_are_not_on_the_axis_leave_no_best() -> None:
    spec = request([*AXES, {"path": "costs.slippage", "low": 5, "high": 8, "step": 1}])
    found = engine.run(spec)
    assert "(slippage 3 bp)" in str(sweep_view.honesty(found, expected_maximum(found, None)))
    card, hidden, columns, rows, *disabled = tab.show_combination({}, None, data_of(spec))
    assert card == sweep_view.CHOOSE
    assert (hidden, columns, rows, disabled) == (True, [], [], [True, True, True])
    _, _, lines, _, _, rows = tab.draw_below({}, data_of(spec))
    assert "stress test, not a choice" in str(lines)
    assert len(rows) == len(found)


@pytest.mark.parametrize("point", [None, {}, {"points": []}, {"points": [{"x": "a", "y": None}]}, "x", {"points": 3}])
def test_a_forged_click_means_nothing(result: SweepResult, point: Any) -> None:
    shown = sweep_controls.view_of(result, {})
    given = clicked(point, [{"id": "99999"}], [{"id": "../x"}])
    for cause in (ids.SWEEP_MAP, ids.SWEEP_TABLE, ids.SWEEP_SYMBOLS):
        assert sweep_controls.choice(result, shown, cause, given, {"of": "x", "index": []}) is None


def test_a_row_is_put_into_the_form(result: SweepResult, triggered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(studies, "show", lambda form, spec, name: opened.append((form.page, spec, name)))
    triggered(ids.SWEEP_TABLE)
    chosen, *cleared = tab.choose(clicked(rows=[{"id": "5"}]), {}, None, {}, data_of(request()))
    assert chosen["index"] == 5
    assert cleared == [[], [], None, no_update], "so that the same row can be clicked again"
    assert opened == [("backtest", result.spec_of(5), "performance")]


def test_all_that_is_in_sight_comes_at_once(result: SweepResult) -> None:
    drawn, strip, said, figure, about, switch, *_ = tab.draw(data_of(request()), "sweep", None, 0, UNTOUCHED, None)
    assert (drawn["x"], drawn["y"], drawn["metric"]) == (FAST, SLOW, "sharpe")
    assert len(strip) == 8
    assert "trial" in str(said)
    assert figure.data[0].type == "heatmap"
    assert (about, switch) == ("Sharpe over holding, click to choose, double click to open", "Contours")
    again = {name: drawn[name] for name in UNTOUCHED}
    with pytest.raises(PreventUpdate):
        tab.draw(data_of(request()), "sweep", None, drawn["at"], again, drawn)


@pytest.mark.parametrize(("data", "name"), [(None, "sweep"), ({"error": "No."}, "sweep"), ({"spec": "{}"}, "trades")])
def test_nothing_is_drawn_out_of_sight(data: Any, name: str) -> None:
    with pytest.raises(PreventUpdate):
        tab.draw(data, name, None, 0, UNTOUCHED, None)


def marked(base: BacktestSpec, drawn: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Where the rings at the form's parameters are put."""
    patch = tab.mark_form(drawn, canonical_json(base), data_of(request()))
    traces = [operation["params"]["value"] for operation in patch.to_plotly_json()["operations"]]
    assert [operation["location"] for operation in patch.to_plotly_json()["operations"]] == [["data", 1], ["data", 2]]
    return [(trace["x"], trace["y"]) for trace in traces]


def test_a_ring_is_where_the_form_is(result: SweepResult) -> None:
    drawn = {"key": data_of(request())["key"]}
    own = request().base
    assert marked(own, drawn) == [([4], [9])] * 2
    between = {"kind": "sma_cross", "fast": 5, "slow": 10}
    assert marked(base(strategy=between, market={"symbols": ["NVDA"]}), drawn) == [([5], [10])] * 2, "no cell there"
    for other in (
        base(strategy={**STRATEGY, "fast": 8}, market={"symbols": ["NVDA"]}),
        base(strategy={"kind": "ema_cross", "fast": 4, "slow": 9}, market={"symbols": ["NVDA"]}),
        base(costs={"commission": 6, "slippage": 3}, market={"symbols": ["NVDA"]}),
        base(market={"symbols": ["AAPL"]}),
    ):
        assert marked(other, drawn) == [([], [])] * 2, other
    with pytest.raises(PreventUpdate):
        tab.mark_form({"key": "of another sweep"}, canonical_json(own), data_of(request()))


def test_a_ring_of_several_symbols_and_of_an_axis_that_is_out_of_sight() -> None:
    spec = request([*AXES, {"path": "costs.slippage", "low": 1, "high": 3}], ("NVDA", "AAPL"))
    result = engine.run(spec)
    assert isinstance(result, SweepResult)
    shown = sweep_controls.view_of(result, {})
    mark = sweep_controls.form_mark(result, shown, canonical_json(spec.base))
    assert mark is not None
    assert (mark.x, mark.y) == (4, 9)
    one = canonical_json(base(market={"symbols": ["AAPL"]}))
    assert sweep_controls.form_mark(result, shown, one) is None, "one symbol alone is no combination"
    away = replace(shown, fixed=(("costs.slippage", 2.0),))
    assert sweep_controls.form_mark(result, away, canonical_json(spec.base)) is None
    assert sweep_controls.form_mark(result, shown, "-") is None


def test_further_down(result: SweepResult) -> None:
    bars, words, lines, _, columns, rows = tab.draw_below({}, data_of(request()))
    assert bars.data[0].type == "bar"
    assert words == "Sharpe"
    assert lines.data
    assert [column["field"] for column in columns][:2] == ["strategy__fast", "strategy__slow"]
    assert len(rows) == len(result)
    ratios = [row["sharpe"] for row in rows]
    assert ratios == sorted(ratios, reverse=True)


def test_luck_counts_what_the_ledger_counts(result: SweepResult) -> None:
    found = expected_maximum(result, None)
    assert found.trials == len(result)
    assert found.expected is not None
    assert found.expected > 0
    said = str(sweep_view.honesty(result, found))
    assert f"{len(result)} trials" in said
    assert f"{found.expected:.2f}" in said
    engine.run(result.spec_of(0))
    assert expected_maximum(result, None).trials == len(result), "a combination that is opened is no new trial"
    engine.run(changed(result.spec_of(0), {"strategy.slow": 150}))
    assert expected_maximum(result, None).trials == len(result) + 1


def test_another_device_than_the_cpu_is_said(result: SweepResult) -> None:
    found, where = expected_maximum(result, None), "Computed on torch CUDA in float64, as asked for."
    assert "Computed on" not in str(sweep_view.honesty(result, found))
    assert where in str(sweep_view.honesty(replace(result, computed=where), found))


def test_luck_is_what_the_verdict_on_a_combination_says(result: SweepResult) -> None:
    engine.run(result.spec_of(0))
    spec = result.spec_of(1)
    said = verdict(spec, engine.run(spec)).findings[1].explanation
    assert f"beating {expected_maximum(result, None).expected:.2f} annualised" in said


def test_one_combination_does_not_tell_what_luck_would_reach(result: SweepResult) -> None:
    alone = replace(
        result, parameters=result.parameters[:1], values=tuple((float(value),) for value in result.parameters[0]),
        **{name: getattr(result, name)[:, :1] for name in ("sharpe", "total_return", "max_drawdown", "trades")},
    )  # fmt: skip
    found = expected_maximum(alone, None)
    assert found.expected is None
    assert "cannot be estimated from one combination" in str(sweep_view.honesty(alone, found))
    assert tab._top(alone, sweep_controls.view_of(alone, {}), {"contour": False, "key": ""})


def test_a_sweep_without_trades_says_so(result: SweepResult) -> None:
    nothing = np.full(result.sharpe.shape, np.nan)
    found = replace(result, sharpe=nothing, max_drawdown=nothing, total_return=np.zeros(nothing.shape))
    assert "none of them traded" in str(sweep_view.honesty(found, expected_maximum(found, None)))
    drawn, strip, *_ = tab._top(
        found, sweep_controls.view_of(found, {"metric": "sharpe"}), {"contour": False, "key": ""}
    )
    assert drawn["metric"] == "sharpe"
    assert "\u2013" in str(strip[0])


def test_one_axis_has_no_second_side() -> None:
    found = engine.run(request(AXES[:1]))
    shown = sweep_controls.view_of(found, {})
    assert shown.y is None
    *_, hidden_y, hidden_symbol, hidden_rest, _, _, _, _, _ = sweep_controls.controls(found, shown)
    assert (hidden_y, hidden_symbol, hidden_rest) == (True, True, True)


def test_the_combination_in_words(result: SweepResult) -> None:
    words = str(sweep_view.combination(result, 5, None))
    assert "Fast window, bars" in words
    card, one, _, rows, *disabled = tab.show_combination({}, {"of": len(result), "index": 5}, data_of(request()))
    assert disabled == [False, False, False]
    assert (one, len(rows)) == (True, 1)
    assert card


def test_percent_is_read_as_in_the_form() -> None:
    found = engine.run(request([{"path": "stops.stop_loss", "low": 0.05, "high": 0.1, "step": 0.05}]))
    side = axis_labels(found)[0]
    assert (side.title, side.percent, side.text(0.05)) == ("Stop loss", True, "5%")


def test_the_map_so_far_is_drawn_while_it_runs() -> None:
    partial = {"x_axis": FAST, "y_axis": SLOW, "x": [3, 4], "y": [5], "z": [[0.5, None]]}
    run = data_of(request())
    figure, words = tab.draw_partial({"partial": partial}, run, "sweep")
    assert figure.data[0].type == "heatmap"
    assert words == "Sharpe so far"
    for progress, name in (({"partial": None}, "sweep"), ({"partial": partial}, "trades"), (None, "sweep")):
        with pytest.raises(PreventUpdate):
            tab.draw_partial(progress, run, name)


def test_the_app_serves_a_sweeps_permalink() -> None:
    from dashboard.app import create_app
    from dashboard.pages.backtest.layout import layout
    from dashboard.state import to_query
    from engine.core.config import settings

    assert isinstance(create_app(settings()), Dash)
    page = layout(to_query(request()))
    made = [item for item in page._traverse() if isinstance(getattr(item, "id", None), dict)]
    panes = {item.id["tab"]: item.hidden for item in made if item.id.get("role") == "pane"}
    assert [name for name, hidden in panes.items() if not hidden] == ["sweep"]
