"""The sweep's form: what its controls ask for, what it offers, and what it says of mistakes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from dashboard import ids as frame
from dashboard.axes_form import callbacks as axes
from dashboard.axes_form import suggestions
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.backtest.tabs.walkforward import FORM as WALK
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.axes import AxisOption
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from tests.support.sweep_page import AXES, FAST, FORM, PAGE, SLOW, STRATEGY, base, request

pytestmark = pytest.mark.usefixtures("workspace")


def given(start: BacktestSpec | str, *axes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """What the form collects from the browser for these controls."""
    controls = {"base": start if isinstance(start, str) else canonical_json(start)}
    controls |= {f"axes.{place}.{name}": value for place, axis in enumerate(axes) for name, value in axis.items()}
    controls |= {"sample": "grid", "count": "1,000", "seed": "0", "objective": "sharpe", "drawdown": True} | fields
    return FORM.collect([frame.field(PAGE, path) for path in controls], list(controls.values()))


def problems(values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SpecError) as error:
        FORM.parse(values)
    return dict(error.value.problems)


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
    offered = FORM.axis_offers(plain)
    assert [axis["path"] for axis in FORM.first_axes(offered)] == [
        "strategy.enter.0.right.window",
        "strategy.enter.1.left.window",
    ], "no lag of 0"
    words = {item["value"]: item["label"] for item in FORM.to_add(offered)}
    assert words["strategy.enter.0.right.window"] == "Strategy: Enter long 1: SMA window"
    row = str(FORM.axes(FORM.first_axes(offered), plain)[0])
    assert "SMA window" in row
    assert "Enter long 1" in row
    assert "Remove enter long 1: sma window" in row


def test_a_sweep_needs_an_axis_and_a_form_that_is_right() -> None:
    assert "Add a parameter" in problems(given(base()))["axes"]
    assert "fields on the left" in problems(given("-"))[""]


def test_the_extent_counts_combinations() -> None:
    assert FORM.extent(request()) == "16 combinations"
    assert FORM.extent(request(sample="random", count=50)) == "50 combinations"
    assert FORM.extent(request(symbols=("NVDA", "AAPL"))) == "16 combinations on 2 symbols"


def test_another_strategy_has_its_own_axes() -> None:
    rsi = base(strategy={"kind": "rsi_reversion"}).model_dump(mode="json")
    kept = [*AXES, {"path": "costs.slippage", "low": 0, "high": 9}]
    found = FORM.fitting(kept, rsi)
    assert found is not None
    assert [axis["path"] for axis in found][2:] == ["costs.slippage"]
    assert all(axis["path"].startswith("strategy.") for axis in found[:2])
    assert FORM.fitting(AXES, base().model_dump(mode="json")) is None, "what fits stays as it is"
    assert FORM.fitting(AXES, "-") is None


def test_a_range_that_another_strategy_does_not_allow_gives_way_to_its_own() -> None:
    kama = base(strategy={"kind": "kama_cross"}).model_dump(mode="json")
    wide, fine = {"path": SLOW, "low": 100, "high": 900, "step": 50}, {"path": FAST, "low": 7, "high": 11}
    found = FORM.fitting([fine, wide], kama)
    assert found is not None
    assert found[0] == fine, "what it allows stays"
    assert found[1]["path"] == SLOW
    assert found[1]["high"] <= 500, "its own bound"
    typing = {"path": SLOW, "low": 100, "high": None}
    assert FORM.fitting([fine, typing], kama) is None, "what is half typed is left to whoever types"


def test_axes_of_fields_that_are_gone_leave_the_others_alone() -> None:
    macd = base(strategy={"kind": "macd"}).model_dump(mode="json")
    signal = {"path": "strategy.signal", "low": 3, "high": 12, "step": 3}
    slow = {"path": SLOW, "low": 20, "high": 40, "step": 5}
    assert FORM.fitting([slow, signal], macd) is None
    found = FORM.fitting([slow, signal], base().model_dump(mode="json"))
    assert found is not None
    assert [axis["path"] for axis in found] == [FAST, SLOW]
    assert slow in found


@pytest.mark.parametrize(
    "kind", ["sma_cross", "rsi_reversion", "donchian_breakout", "buy_and_hold", "turn_of_month", "macd"]
)
def test_the_usual_axes_can_be_swept(kind: str) -> None:
    start = base(strategy={"kind": kind})
    axes = FORM.first_axes(FORM.axis_offers(start.model_dump(mode="json")))
    assert 1 <= len(axes) <= 2
    spec = SweepSpec.parse({"base": start, "axes": axes})
    assert 2 <= spec.grid_size() <= 10_000


@pytest.mark.parametrize("kind", ["sma_cross", "buy_and_hold", "turn_of_month"])
def test_a_walk_forward_is_offered_no_costs(kind: str) -> None:
    start = base(strategy={"kind": kind})
    plain = start.model_dump(mode="json")
    offered = WALK.axis_offers(plain)
    assert {item.path for item in FORM.axis_offers(plain)} - {item.path for item in offered} >= {"costs.slippage"}
    for item in offered:
        WalkForwardSpec.parse({"base": start, "axes": [suggestions.suggestion(item)]})
    assert FORM.first_axes(offered)
    costs = [{"path": "costs.slippage", "low": 0, "high": 10, "step": 1}]
    found = WALK.fitting(costs, plain)
    assert found == FORM.first_axes(offered), "costs of a sweep that is walked forward give way"


@pytest.mark.parametrize("kind", ["sma_cross", "rsi_reversion", "donchian_breakout", "macd", "rules"])
def test_every_suggestion_is_accepted_and_has_the_forms_own_value(kind: str) -> None:
    start = base(strategy={"kind": kind})
    for item in FORM.axis_offers(start.model_dump(mode="json")):
        spec = SweepSpec.parse({"base": start, "axes": [suggestions.suggestion(item)]})
        assert 1 <= spec.grid_size() <= suggestions.MAXIMUM_STEPS + 1, item.path
        values = spec.scales()[0].values()
        assert item.choices or item.value is None or np.isclose(values, item.value).any(), item.path


@pytest.mark.parametrize(
    ("value", "range_", "found"),
    [
        (50, (25, 100, 1), (25, 100, 5)),
        (200, (100, 400, 1), (100, 400, 5)),
        (14, (7, 28, 1), (7, 28, 1)),
        (55, (28, 110, 1), (30, 110, 5)),
        (63, (32, 126, 1), (33, 125, 2)),
        (50, (25, 99, 1), (26, 98, 2)),
        (2.0, (1, 4, 0.1), (1, 4, 0.1)),
        (None, (0.05, 0.2, 0.01), (0.05, 0.2, 0.01)),
        (0.3, (0.15, 0.6, None), (0.15, 0.6, 0.01)),
        (7.3, (3.65, 14.6, None), (3.7, 14.5, 0.2)),
    ],
)
def test_a_suggested_axis_is_round_and_goes_through_the_forms_value(
    value: float | None, range_: tuple[float, float, float | None], found: tuple[float, float, float]
) -> None:
    low, high, step = range_
    item = AxisOption("strategy.fast", "Fast", "", "", step == 1, low, high, step, (), value)
    axis = suggestions.suggestion(item)
    assert (axis["low"], axis["high"], axis["step"]) == found


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
    assert "remove 1" in form_problem({"kind": "pairs"}, "NVDA", "AAPL", "MSFT")["market.symbols"]
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
    _, button = BACKTEST.problem("market.symbols", "Wrong.", {**values, "market": {**values["market"], "symbols": []}})
    assert len(json.loads(getattr(button, "data-value"))) == 4


def test_side_and_symbols_are_asked_for_at_once() -> None:
    values = {**BACKTEST.defaults(), "strategy": {"kind": "pairs"}}
    with pytest.raises(SpecError) as wrong:
        BACKTEST.parse(values)
    assert [path for path, _ in wrong.value.problems] == ["market.symbols", "direction"]
    with pytest.raises(SpecError) as wrong:
        BACKTEST.parse({**values, "costs": {"commission": -1, "slippage": 3}})
    assert {"market.symbols", "costs.commission"} <= {path for path, _ in wrong.value.problems}
    with pytest.raises(SpecError) as wrong:
        BACKTEST.parse({**values, "strategy": {"kind": "pairs", "window": 1}})
    assert [path for path, _ in wrong.value.problems] == ["strategy.window"], "what it needs is not known yet"
    text, button = BACKTEST.problem("direction", "Choose Both.", values)
    assert text == "Choose Both. "
    assert json.loads(getattr(button, "data-sets")) == frame.field("backtest", "direction")
    assert json.loads(getattr(button, "data-value")) == "both"
    assert BACKTEST.problem("direction", "Wrong.", BACKTEST.defaults()) == "Wrong."


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
