"""Rules as a strategy: what is clicked together decides what plain Python decides."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import talib

from engine.core.errors import DataError, SpecError
from engine.core.registry import info
from engine.core.spec import canonical_json
from engine.strategies.kinds.rules import Rules
from engine.strategies.rules import CONDITIONS, OPERANDS, Condition, Operand
from tests.support.deciding import marks, sides
from tests.support.market import cut, make_bars, random_walk

BARS = random_walk(900, seed=6)

CLOSE = {"kind": "price"}


def condition(left: Any, comparison: str, right: Any, **more: Any) -> dict[str, Any]:
    left, right = (
        {"kind": "number", "value": item} if isinstance(item, int | float) else item for item in (left, right)
    )
    return {"kind": "comparison", "left": left, "comparison": comparison, "right": right} | more


def rules(enter: list[Any], leave: list[Any] | None = None, **more: Any) -> Rules:
    return Rules.parse({"kind": "rules", "enter": enter, "leave": leave or []} | more)


def entries(strategy: Rules, close: list[float]) -> str:
    return marks(strategy.signals(make_bars(close), {}).entries)


def test_defaults_agree_with_talib() -> None:
    close = BARS.close
    trend, strength = talib.SMA(close, 200), talib.RSI(close, 5)
    known = np.arange(900) >= 199
    found = sides(Rules(), BARS)
    assert found["entries"] == (known & (close > trend) & (strength < 30)).tolist()
    assert found["exits"] == (known & (strength > 60)).tolist()
    assert not any(found["short_entries"] + found["short_exits"])
    assert Rules().warm_up() == 199
    assert Rules().label() == "Close > SMA 200 and RSI 5 < 30"


def test_all_any_and_not_by_hand() -> None:
    close = [1.0, 2, 3, 4, 5]
    low, high = condition(CLOSE, "above", 2), condition(CLOSE, "below", 4)
    assert entries(rules([low, high]), close) == "..x.."
    assert entries(rules([low, high], enter_match="any"), close) == "xxxxx"
    assert entries(rules([low | {"negated": True}]), close) == "xx..."
    group = {"kind": "group", "match": "any", "conditions": [low | {"negated": True}, condition(CLOSE, "above", 4)]}
    assert entries(rules([group]), close) == "xx..x"
    assert entries(rules([group | {"negated": True}]), close) == "..xx."


def test_crossing_and_lag_by_hand() -> None:
    close = [1.0, 3, 2, 2, 4]
    assert entries(rules([condition(CLOSE, "crosses_above", 2)]), close) == ".x..x"
    assert entries(rules([condition(CLOSE, "above", {"kind": "price", "lag": 1})]), close) == ".x..x"
    assert entries(rules([condition({"kind": "price", "lag": 2}, "below", CLOSE)]), close) == "..x.x"


def test_memory_by_hand() -> None:
    close = [1.0, 3, 3, 1, 3]
    above = {"kind": "lasting", "bars": 2, "condition": condition(CLOSE, "above", 2)}
    assert entries(rules([above]), close) == "..x.."
    assert entries(rules([above | {"match": "any"}]), close) == ".xxxx"
    assert entries(rules([above | {"negated": True}]), close) == ".x.xx"


def test_not_makes_no_knowledge_of_what_is_unknown() -> None:
    """The average of three bars is unknown on the first two and for three bars after the missing one."""
    average = {"kind": "sma", "window": 3}
    close = [5.0, 5, 5, 5, np.nan, 5, 5, 5]
    assert entries(rules([condition(CLOSE, "above", average, negated=True)]), close) == "..xx...x"
    assert entries(rules([condition(1, "above", 0)]), close) == "xxxx.xxx"


def test_both_sides() -> None:
    found = sides(
        rules(
            [condition(CLOSE, "above", 3)],
            [condition(CLOSE, "below", 3)],
            short_enter=[condition(CLOSE, "below", 2)],
            short_leave=[condition(CLOSE, "above", 2)],
        ),
        make_bars([1.0, 2, 3, 4]),
    )
    assert found["entries"] == [False, False, False, True]
    assert found["exits"] == [True, True, False, False]
    assert found["short_entries"] == [True, False, False, False]
    assert found["short_exits"] == [False, False, True, True]


@pytest.mark.parametrize("kind", OPERANDS.available())
def test_every_operand_keeps_its_contract(kind: str) -> None:
    """Warm-up, no later bar, gaps, lag, a title for every field, and a text form that is the same operand."""
    operand: Operand = OPERANDS.parse({"kind": kind})
    whole = operand.line(BARS)
    assert whole.dtype == np.float64
    assert np.isnan(whole[: operand.warm_up()]).all()
    assert np.isfinite(whole[operand.warm_up() :]).all()
    for count in (0, 1, 300, 899):
        np.testing.assert_array_equal(operand.line(cut(BARS, count)), whole[:count])
    assert OPERANDS.parse(json.loads(canonical_json(operand))) == operand
    if "lag" in type(operand).model_fields:
        later = operand.model_copy(update={"lag": 7})
        np.testing.assert_array_equal(later.line(BARS)[7:], whole[:-7])
        assert np.isnan(later.line(BARS)[:7]).all()
        assert later.warm_up() == operand.warm_up() + 7
        assert later.label() == f"{operand.label()}[7]"
    assert all(item.title for name, item in type(operand).model_fields.items() if name != "kind")


@pytest.mark.parametrize("kind", CONDITIONS.available())
def test_every_condition_keeps_its_contract(kind: str) -> None:
    item: Condition = CONDITIONS.parse({"kind": kind})
    whole = item.evaluate(BARS)
    for count in (0, 1, 300, 899):
        part = item.evaluate(cut(BARS, count))
        np.testing.assert_array_equal(part.yes, whole.yes[:count])
        np.testing.assert_array_equal(part.no, whole.no[:count])
    assert not (whole.yes & whole.no).any()
    assert (whole.yes | whole.no)[item.warm_up() :].all()
    opposite = item.model_copy(update={"negated": True})
    np.testing.assert_array_equal(opposite.evaluate(BARS).yes, whole.no)
    assert opposite.label().startswith("not ")
    assert info(item).summary.endswith(".")
    assert all(definition.title for name, definition in type(item).model_fields.items() if name != "kind")


@pytest.mark.parametrize(
    ("operand", "words"),
    [
        ({"kind": "price", "column": "volume"}, "TEST has no volume"),
        ({"kind": "volume_average"}, "TEST has no volume"),
        ({"kind": "price", "column": "high"}, "closing prices only"),
        ({"kind": "extreme"}, "closing prices only"),
    ],
)
def test_what_the_series_lacks_is_a_sentence(operand: dict[str, Any], words: str) -> None:
    bars = make_bars(BARS.close, has_ohlc=False, has_volume=False)
    with pytest.raises(DataError, match=words):
        rules([condition(operand, "above", 1)]).signals(bars, {})


def deep(levels: int) -> dict[str, Any]:
    found = condition(CLOSE, "above", 1)
    for _ in range(levels):
        found = {"kind": "group", "conditions": [found]}
    return found


def test_conditions_may_be_four_deep() -> None:
    assert entries(rules([deep(3)]), [1.0, 2.0]) == ".x"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"enter": []}, "The strategy never enters: add a condition"),
        ({"enter": [deep(4)]}, "nested more than 4 deep"),
        ({"enter": [deep(5000)]}, "nested more than 4 deep"),
        ({"enter": [condition(CLOSE, "above", 1)] * 33}, "use at most 32"),
        ({"enter": "close > 1"}, "Conditions are a list"),
        ({"enter": [{"kind": "group", "conditions": []}]}, "The group is empty"),
        ({"enter": [{"kind": "comparision"}]}, "Did you mean 'comparison'"),
        ({"enter": [condition({"kind": "macd", "fast": 30}, "above", 0)]}, r"Fast window \(30\) must be shorter"),
        ({"enter": [condition("__import__('os')", "above", 0)]}, "Choose one of the operands"),
    ],
)
def test_bad_rules_are_sentences(values: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Rules.parse({"kind": "rules"} | values)


def test_deepest_that_is_admitted() -> None:
    assert entries(rules([deep(3)]), [0.0, 2.0]) == ".x"


def test_long_rules_have_a_short_label() -> None:
    strategy = rules([condition(CLOSE, "above", {"kind": "sma", "window": 10 + place}) for place in range(20)])
    assert len(strategy.label()) == 100
    assert strategy.label().endswith("…")
    assert rules([], short_enter=[condition(CLOSE, "below", 5)]).label() == "short: Close < 5"


def test_price_below_its_average_is_the_same_question_as_a_rule_and_as_an_indicator() -> None:
    """Of a price that stands still neither holds, and of any other both do on the same bars."""
    moving = 50 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, 500)))
    bars = make_bars(np.append(moving, np.full(500, 50.0)))
    average = {"kind": "feature", "indicator": {"kind": "sma_distance", "window": 20}}
    pairs = ({"kind": "price"}, {"kind": "sma", "window": 20}), (average, {"kind": "number", "value": 0})
    asked = [CONDITIONS.parse(condition(left, "below", right)).truth(bars) for left, right in pairs]
    assert not asked[1].yes[520:].any()
    assert asked[1].yes[:500].any()
    np.testing.assert_array_equal(asked[0].yes, asked[1].yes)
    np.testing.assert_array_equal(asked[0].no, asked[1].no)
