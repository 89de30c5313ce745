"""The sweep's tab: its form, what its controls ask for, what a click means, and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash import Dash
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard import studies
from dashboard.pages.backtest import axes, ids
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.backtest.sweep import controls as sweep_controls
from dashboard.pages.backtest.sweep import form as sweep_form
from dashboard.pages.backtest.sweep import view as sweep_view
from dashboard.pages.backtest.tabs import sweep as tab
from engine import runner
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.spec import SweepSpec
from engine.errors import SpecError
from engine.spec import canonical_json

pytestmark = pytest.mark.usefixtures("workspace")
PAGE, FORM = tab.PAGE, tab.FORM
FAST, SLOW = "strategy.fast", "strategy.slow"
STRATEGY: dict[str, Any] = {"kind": "sma_cross", "fast": 4, "slow": 9}
COSTS = {"commission": 5, "slippage": 3}
AXES = [{"path": FAST, "low": 3, "high": 6}, {"path": SLOW, "low": 5, "high": 11, "step": 2}]


def base(**fields: Any) -> BacktestSpec:
    return BacktestSpec.parse({"strategy": STRATEGY, "costs": COSTS} | fields)


def request(axes: Any = AXES, symbols: tuple[str, ...] = ("NVDA",), **fields: Any) -> SweepSpec:
    return SweepSpec.parse({"base": base(market={"symbols": list(symbols)}), "axes": axes} | fields)


def given(start: BacktestSpec | str, *axes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """What the form collects from the browser for these controls."""
    controls = {"base": start if isinstance(start, str) else canonical_json(start)}
    controls |= {f"axes.{place}.{name}": value for place, axis in enumerate(axes) for name, value in axis.items()}
    controls |= {"sample": "grid", "count": "1,000", "seed": "0", "objective": "sharpe", "drawdown": True} | fields
    return FORM.collect([frame.field(PAGE, path) for path in controls], list(controls.values()))


def data_of(spec: SweepSpec) -> dict[str, str]:
    return {"key": runner.run_key(spec), "spec": canonical_json(spec)}


def problems(values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SpecError) as error:
        FORM.parse(values)
    return dict(error.value.problems)


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


# The form.


def test_text_in_the_controls_becomes_axes() -> None:
    axes = [{"path": FAST, "low": "3", "high": "6", "step": ""}, {"path": "stops.stop_loss", "low": "5", "high": "20"}]
    spec = FORM.parse(given(base(), *axes))
    assert isinstance(spec, SweepSpec)
    assert spec.base == base()
    assert [(axis.low, axis.high, axis.step) for axis in spec.axes] == [(3, 6, None), (0.05, 0.2, None)], "percent"


def test_choices_and_lists_become_values() -> None:
    axes = [{"path": "fill", "values": ["next_open", "next_close"]}, {"path": FAST, "values": "3; 5 6"}]
    spec = FORM.parse(given(base(), *axes))
    assert isinstance(spec, SweepSpec)
    assert [axis.values for axis in spec.axes] == [("next_open", "next_close"), (3, 5, 6)]


@pytest.mark.parametrize(
    ("axis", "place", "words"),
    [
        ({"path": FAST, "low": "", "high": "6"}, "axes.0.low", "missing"),
        ({"path": FAST, "low": "abc", "high": "6"}, "axes.0.low", "must be a number, not 'abc'"),
        ({"path": FAST, "low": "9", "high": "6"}, "axes.0.high", "below"),
        ({"path": FAST, "low": "3", "high": "6", "step": "0"}, "axes.0.step", "above 0"),
        ({"path": FAST, "low": "-3", "high": "6"}, "axes.0.low", "at least"),
        ({"path": FAST, "low": "3", "high": "6", "step": "0.5"}, "axes.0.step", "whole number"),
        ({"path": "strategy.window", "low": "3", "high": "6"}, "axes.0.path", "cannot be varied"),
        ({"path": "stops.stop_loss", "low": "0", "high": "6"}, "axes.0.low", "above 0%"),
        ({"path": "fill", "values": []}, "axes.0.values", "choose"),
        ({"path": "fill", "values": ["never"]}, "axes.0.values", "cannot be 'never'"),
    ],
)
def test_what_is_wrong_is_said_at_its_control(axis: dict[str, Any], place: str, words: str) -> None:
    found = problems(given(base(), axis))
    assert words in found.get(place, ""), found


def test_a_huge_grid_is_refused_with_the_engines_sentence() -> None:
    huge = [{"path": path, "low": "3", "high": "400"} for path in (FAST, SLOW)]
    huge.append({"path": "costs.slippage", "low": "0", "high": "999"})
    assert "more than the 4,000,000" in problems(given(base(), *huge))["axes"]
    assert FORM.parse(given(base(), *huge, sample="random"))


def test_rules_are_offered_with_the_numbers_of_their_conditions_first() -> None:
    plain = {"strategy": {"kind": "rules"}, "costs": {"commission": 5, "slippage": 3}}
    offered = sweep_form.offers(plain)
    assert [axis["path"] for axis in sweep_form.usual(offered)] == [
        "strategy.enter.0.right.window",
        "strategy.enter.1.left.window",
    ], "no lag of 0"
    words = {item["value"]: item["label"] for item in sweep_form.options(offered)}
    assert words["strategy.enter.0.right.window"] == "Strategy: Enter long 1: SMA window"
    row = str(FORM.axes(sweep_form.usual(offered), plain)[0])
    assert "SMA window" in row
    assert "Enter long 1" in row
    assert "Remove enter long 1: sma window" in row


def test_a_sweep_needs_an_axis_and_a_form_that_is_right() -> None:
    assert "Add a parameter" in problems(given(base()))["axes"]
    assert "form on the left" in problems(given("-"))[""]


def test_the_extent_counts_combinations() -> None:
    assert FORM.extent(request()) == "16 combinations"
    assert FORM.extent(request(sample="random", count=50)) == "50 combinations"
    assert FORM.extent(request(symbols=("NVDA", "AAPL"))) == "16 combinations of 2 symbols"


def test_another_strategy_has_its_own_axes() -> None:
    rsi = base(strategy={"kind": "rsi_reversion"}).model_dump(mode="json")
    kept = [*AXES, {"path": "costs.slippage", "low": 0, "high": 9}]
    found = sweep_form.fitting(kept, rsi)
    assert found is not None
    assert [axis["path"] for axis in found][2:] == ["costs.slippage"]
    assert all(axis["path"].startswith("strategy.") for axis in found[:2])
    assert sweep_form.fitting(AXES, base().model_dump(mode="json")) is None, "what fits stays as it is"
    assert sweep_form.fitting(AXES, "-") is None


def test_a_range_that_another_strategy_does_not_allow_gives_way_to_its_own() -> None:
    kama = base(strategy={"kind": "kama_cross"}).model_dump(mode="json")
    wide, fine = {"path": SLOW, "low": 100, "high": 900, "step": 50}, {"path": FAST, "low": 7, "high": 11}
    found = sweep_form.fitting([fine, wide], kama)
    assert found is not None
    assert found[0] == fine, "what it allows stays"
    assert found[1]["path"] == SLOW
    assert found[1]["high"] <= 500, "its own bound"
    typing = {"path": SLOW, "low": 100, "high": None}
    assert sweep_form.fitting([fine, typing], kama) is None, "what is half typed is left to whoever types"


def test_axes_of_fields_that_are_gone_leave_the_others_alone() -> None:
    macd = base(strategy={"kind": "macd"}).model_dump(mode="json")
    signal = {"path": "strategy.signal", "low": 3, "high": 12, "step": 3}
    slow = {"path": SLOW, "low": 20, "high": 40, "step": 5}
    assert sweep_form.fitting([slow, signal], macd) is None
    found = sweep_form.fitting([slow, signal], base().model_dump(mode="json"))
    assert found is not None
    assert [axis["path"] for axis in found] == [FAST, SLOW]
    assert slow in found


@pytest.mark.parametrize(
    "kind", ["sma_cross", "rsi_reversion", "donchian_breakout", "buy_and_hold", "turn_of_month", "macd"]
)
def test_the_usual_axes_can_be_swept(kind: str) -> None:
    start = base(strategy={"kind": kind})
    axes = sweep_form.usual(sweep_form.offers(start.model_dump(mode="json")))
    assert 1 <= len(axes) <= 2
    spec = SweepSpec.parse({"base": start, "axes": axes})
    assert 2 <= spec.grid_size() <= 10_000


def test_every_suggestion_is_accepted() -> None:
    for item in sweep_form.offers(base().model_dump(mode="json")):
        spec = SweepSpec.parse({"base": base(), "axes": [sweep_form.suggestion(item)]})
        assert 1 <= spec.grid_size() <= 2 * sweep_form.STEPS, item.path


def form_problem(strategy: dict[str, Any], *symbols: str) -> dict[str, str]:
    values = base(strategy=strategy, direction="both", market={"symbols": list(symbols)}).model_dump(mode="json")
    try:
        BACKTEST.parse(values)
    except SpecError as error:
        return dict(error.problems)
    return {}


def test_strategies_of_several_symbols_ask_for_them_at_the_symbols() -> None:
    told = form_problem({"kind": "pairs"}, "NVDA")["market.symbols"]
    assert told == "Pairs needs 2 symbols: add 1 more."
    assert form_problem({"kind": "pairs"}, "NVDA", "AAPL") == {}
    assert "take 1 out" in form_problem({"kind": "pairs"}, "NVDA", "AAPL", "MSFT")["market.symbols"]
    assert (
        "at least 4 symbols: add 2 more"
        in form_problem({"kind": "rotation", "top": 2, "sides": "both"}, "NVDA", "AAPL")["market.symbols"]
    )
    assert form_problem(STRATEGY, "NVDA") == {}


def test_a_button_adds_the_symbols_that_lack() -> None:
    strategy = {"kind": "rotation", "top": 2, "sides": "both"}
    values = base(strategy=strategy, direction="both", market={"symbols": ["NVDA"]}).model_dump(mode="json")
    text, button = BACKTEST.problem("market.symbols", "Add 3 more.", values)
    assert text == "Add 3 more. "
    wanted = json.loads(getattr(button, "data-value"))
    assert json.loads(getattr(button, "data-sets")) == frame.field("backtest", "market.symbols")
    assert (wanted[0], len(set(wanted))) == ("NVDA", 4)
    values["market"]["symbols"] = wanted
    BACKTEST.parse(values)
    assert BACKTEST.problem("market.symbols", "Wrong.", values) == "Wrong."
    assert BACKTEST.problem("strategy.kind", "Wrong.", {**values, "market": {"symbols": ["NVDA"]}}) == "Wrong."
    assert BACKTEST.problem("market.symbols", "Wrong.", {**values, "market": {"symbols": []}}) == "Wrong."


def test_axes_are_added_once_and_removed() -> None:
    values = given(base(), {"path": FAST, "low": "3", "high": "6"})
    shown = [str(row) for row in FORM.changed_list(values, "axes", "costs.slippage", None)]
    assert len(shown) == 2
    assert "costs.slippage" in shown[1]
    assert len(FORM.changed_list(values, "axes", FAST, None)) == 1, "it is one already"
    assert len(FORM.changed_list(values, "axes", "__class__", None)) == 1
    assert FORM.changed_list(values, "axes", "", 0) == []


def test_the_list_to_add_from_lacks_what_is_there() -> None:
    values = {"base": canonical_json(base()), "axes.0.path": FAST}
    places = [frame.field(PAGE, path) for path in values]
    offered = axes.Axes(FORM).offer(values["base"], None, places, list(values.values()))
    assert SLOW in [item["value"] for item in offered]
    assert FAST not in [item["value"] for item in offered]


# What the controls ask for.


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


# What a click means.


def click(x: float, y: float) -> list[Any]:
    return [{"points": [{"x": x, "y": y}]}, None, None, None, None, None]


def test_a_cell_opens_its_run(result: SweepResult) -> None:
    shown = sweep_controls.view_of(result, {})
    choice = sweep_controls.choice(result, shown, ids.SWEEP_MAP, click(4.2, 8.8), None)
    assert choice is not None
    assert choice.opens
    strategy = result.spec_of(choice.index, choice.symbol).strategy.model_dump()
    assert (strategy["fast"], strategy["slow"]) == (4, 9)


def test_the_run_of_a_cell_has_its_very_figures(result: SweepResult) -> None:
    for index in (0, len(result) // 2, len(result) - 1):
        run = engine.run(result.spec_of(index))
        assert run.metrics["sharpe"] == result.sharpe[0, index]
        assert run.metrics["total_return"] == result.total_return[0, index]
        assert run.metrics["max_drawdown"] == result.max_drawdown[0, index]
        assert run.metrics["trades"] == result.trades[0, index]


def test_a_median_is_none_that_could_be_opened() -> None:
    found = engine.run(request(symbols=("NVDA", "AAPL")))
    shown = sweep_controls.view_of(found, {})
    choice = sweep_controls.choice(found, shown, ids.SWEEP_MAP, click(4, 9), None)
    assert choice is not None
    assert not choice.opens
    before = {"of": len(found), "index": choice.index}
    row = [None, None, [{"symbol": "AAPL"}], None, None, None]
    opened = sweep_controls.choice(found, shown, ids.SWEEP_SYMBOLS, row, before)
    assert opened == sweep_controls.Choice(choice.index, True, "AAPL")
    assert found.spec_of(opened.index, opened.symbol).market.symbols == ("AAPL",)


@pytest.mark.parametrize("clicked", [None, {}, {"points": []}, {"points": [{"x": "a", "y": None}]}, "x", {"points": 3}])
def test_a_forged_click_means_nothing(result: SweepResult, clicked: Any) -> None:
    shown = sweep_controls.view_of(result, {})
    inputs = [clicked, [{"id": "99999"}], [{"symbol": "../x"}], None, None, None]
    for cause in (ids.SWEEP_MAP, ids.SWEEP_TABLE, ids.SWEEP_SYMBOLS):
        assert sweep_controls.choice(result, shown, cause, inputs, {"of": "x", "index": []}) is None


def test_a_row_is_put_into_the_form(result: SweepResult, triggered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(studies, "show", lambda form, spec, name: opened.append((form.page, spec, name)))
    triggered(ids.SWEEP_TABLE)
    chosen, *cleared = tab.choose(None, [{"id": "5"}], None, None, None, None, None, {}, data_of(request()))
    assert chosen["index"] == 5
    assert cleared == [[], [], None], "so that the same row can be clicked again"
    assert opened == [("backtest", result.spec_of(5), "performance")]


# What the tab says.


def test_all_that_is_in_sight_comes_at_once(result: SweepResult) -> None:
    rest = ["", "", "", "", ""]
    drawn, strip, said, figure, about, switch, *_ = tab.draw(data_of(request()), "sweep", None, 0, *rest, None)
    assert (drawn["x"], drawn["y"], drawn["metric"]) == (FAST, SLOW, "sharpe")
    assert len(strip) == 7
    assert "trial" in str(said)
    assert figure.data[0].type == "heatmap"
    assert (about, switch) == ("Sharpe, click opens the run", "contours")
    again = [drawn[name] for name, _, _ in tab.sweep_layout.CONTROLS]
    with pytest.raises(PreventUpdate):
        tab.draw(data_of(request()), "sweep", None, drawn["at"], *again, drawn)


@pytest.mark.parametrize(("data", "name"), [(None, "sweep"), ({"error": "No."}, "sweep"), ({"spec": "{}"}, "trades")])
def test_nothing_is_drawn_out_of_sight(data: Any, name: str) -> None:
    with pytest.raises(PreventUpdate):
        tab.draw(data, name, None, 0, "", "", "", "", "", None)


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


def test_a_ring_of_each_symbol_and_of_an_axis_that_is_out_of_sight() -> None:
    spec = request([*AXES, {"path": "costs.slippage", "low": 1, "high": 3}], ("NVDA", "AAPL"))
    result = engine.run(spec)
    assert isinstance(result, SweepResult)
    shown = sweep_controls.view_of(result, {})
    for symbols in (("AAPL",), ("NVDA", "AAPL")):
        mark = sweep_controls.form_mark(result, shown, canonical_json(base(market={"symbols": list(symbols)})))
        assert mark is not None
        assert (mark.x, mark.y) == (4, 9)
    away = replace(shown, fixed=(("costs.slippage", 2.0),))
    assert sweep_controls.form_mark(result, away, canonical_json(spec.base)) is None
    assert sweep_controls.form_mark(result, shown, "-") is None


def test_further_down(result: SweepResult) -> None:
    spread, words, lines, _, columns, rows = tab.draw_below({}, data_of(request()))
    assert spread.data[0].type == "bar"
    assert words == "Sharpe"
    assert lines.data
    assert [column["field"] for column in columns][:2] == ["strategy__fast", "strategy__slow"]
    assert len(rows) == len(result)
    ratios = [row["sharpe"] for row in rows]
    assert ratios == sorted(ratios, reverse=True)


def test_luck_counts_what_the_ledger_counts(result: SweepResult) -> None:
    found = sweep_view.luck(result, None)
    assert found.trials == len(result)
    assert found.expected > 0
    said = str(sweep_view.honesty(result, found))
    assert f"{len(result)} trials" in said
    assert f"{found.expected:.2f}" in said
    engine.run(result.spec_of(0))
    assert sweep_view.luck(result, None).trials == len(result) + 1


def test_a_sweep_without_trades_says_so(result: SweepResult) -> None:
    nothing = np.full(result.sharpe.shape, np.nan)
    found = replace(result, sharpe=nothing, max_drawdown=nothing, total_return=np.zeros(nothing.shape))
    assert "none of them traded" in str(sweep_view.honesty(found, sweep_view.luck(found, None)))
    drawn, strip, *_ = tab._top(
        found, sweep_controls.view_of(found, {"metric": "sharpe"}), {"contour": False, "key": ""}
    )
    assert drawn["metric"] == "sharpe"
    assert "\u2013" in str(strip[0])


def test_one_axis_has_no_second_side() -> None:
    found = engine.run(request(AXES[:1]))
    shown = sweep_controls.view_of(found, {})
    assert shown.y is None
    *_, hidden_y, hidden_symbol, hidden_rest, _, _, _, _ = sweep_controls.controls(found, shown)
    assert (hidden_y, hidden_symbol, hidden_rest) == (True, True, True)


def test_the_combination_in_words(result: SweepResult) -> None:
    words = str(sweep_view.combination(result, 5, None))
    assert "Fast window, bars" in words
    card, one, _, rows = tab.show_combination({}, {"of": len(result), "index": 5}, data_of(request()))
    assert (one, len(rows)) == (True, 1)
    assert card


def test_percent_is_read_as_in_the_form() -> None:
    found = engine.run(request([{"path": "stops.stop_loss", "low": 0.05, "high": 0.1, "step": 0.05}]))
    side = sweep_view.sides(found)[0]
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
    from engine.config import settings

    assert isinstance(create_app(settings()), Dash)
    page = layout(to_query(request()))
    made = [item for item in page._traverse() if isinstance(getattr(item, "id", None), dict)]
    panes = {item.id["tab"]: item.hidden for item in made if item.id.get("role") == "pane"}
    assert [name for name, hidden in panes.items() if not hidden] == ["sweep"]
