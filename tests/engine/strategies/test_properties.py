"""Properties of any rules and any decisions, against oracles of a few lines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.market.bars import Bars
from engine.strategies import Signals, Strategy
from engine.strategies.kinds.rules import Rules
from tests.support.backtests import request, simulated
from tests.support.market import make_bars

NAN = math.nan
COMPARISONS = ("above", "below", "crosses_above", "crosses_below")
Flags = tuple[bool, ...]


# -- rules ------------------------------------------------------------------------------------------------------------

operands = some.one_of(
    some.builds(lambda value: {"kind": "number", "value": value}, some.integers(1, 4)),
    some.builds(lambda lag: {"kind": "price", "lag": lag}, some.integers(0, 3)),
)
comparisons = some.fixed_dictionaries(
    {
        "kind": some.just("comparison"),
        "negated": some.booleans(),
        "left": operands,
        "comparison": some.sampled_from(COMPARISONS),
        "right": operands,
    }
)


def nested(inner: Any) -> Any:
    match, negated = some.sampled_from(["all", "any"]), some.booleans()
    group = {"kind": some.just("group"), "conditions": some.lists(inner, min_size=1, max_size=2)}
    lasting = {"kind": some.just("lasting"), "condition": inner, "bars": some.integers(2, 3)}
    return some.one_of(
        some.fixed_dictionaries(parts | {"match": match, "negated": negated}) for parts in (group, lasting)
    )


conditions = some.one_of(comparisons, nested(comparisons), nested(some.one_of(comparisons, nested(comparisons))))


def judged(condition: Mapping[str, Any], close: list[float], at: int) -> bool | None:
    """The condition on one bar, by its words: True, False, or None where it cannot be known."""

    def value(operand: Mapping[str, Any], place: int) -> float:
        if operand["kind"] == "number":
            return float(operand["value"])
        place -= operand["lag"]
        return close[place] if place >= 0 else NAN

    def lies(place: int) -> float:
        if place < 0:
            return NAN
        return value(condition["left"], place) - value(condition["right"], place)

    if condition["kind"] == "comparison":
        sign = 1 if condition["comparison"].endswith("above") else -1
        now, before = sign * lies(at), sign * lies(at - 1)
        crosses = condition["comparison"].startswith("crosses")
        unknown = math.isnan(now) or (crosses and math.isnan(before))
        found = None if unknown else now > 0 and (not crosses or before <= 0)
    else:
        if condition["kind"] == "group":
            parts = [judged(part, close, at) for part in condition["conditions"]]
        else:
            places = range(at - condition["bars"] + 1, at + 1)
            parts = [None if place < 0 else judged(condition["condition"], close, place) for place in places]
        decisive = condition["match"] == "any"
        found = decisive if decisive in parts else None if None in parts else not decisive
    return found if found is None or not condition["negated"] else not found


@settings(max_examples=100)
@given(
    some.lists(conditions, min_size=1, max_size=2),
    some.lists(some.sampled_from([NAN, 1.0, 2.0, 3.0, 4.0])),
    some.data(),
)
def test_any_rules_decide_what_their_words_say(rules: list[Any], close: list[float], data: some.DataObject) -> None:
    match = data.draw(some.sampled_from(["all", "any"]))
    strategy = Rules.parse(
        {"kind": "rules", "enter": rules, "enter_match": match, "leave": rules, "leave_match": match}
    )
    found = strategy.signals(make_bars(np.array(close, dtype=np.float64)), {})
    expected = [
        at >= strategy.warm_up()
        and not math.isnan(close[at])
        and judged({"kind": "group", "match": match, "conditions": rules, "negated": False}, close, at) is True
        for at in range(len(close))
    ]
    assert found.entries.tolist() == found.exits.tolist() == expected


@settings(max_examples=50)
@given(some.lists(conditions, min_size=1, max_size=2))
def test_any_rules_are_the_same_in_every_text_form(rules: list[Any]) -> None:
    strategy = Rules.parse({"kind": "rules", "enter": rules, "leave": []})
    assert Rules.parse(json.loads(canonical_json(strategy))) == strategy
    assert 0 < len(strategy.label()) <= 100


anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5)
    | some.sampled_from(["comparison", "group", "lasting", "price", "sma", "above", "all"]),
    lambda inner: some.lists(inner, max_size=3)
    | some.dictionaries(
        some.sampled_from(["kind", "left", "right", "comparison", "conditions", "condition", "match", "bars", "window",
                           "value", "lag", "negated", "enter", "leave"]), inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100)
@given(anything, anything)
def test_whatever_is_given_for_rules_is_rules_or_a_sentence(enter: Any, leave: Any) -> None:
    try:
        strategy = Rules.parse({"kind": "rules", "enter": enter, "leave": leave})
    except SpecError as error:
        found = {path.split(".")[0] for path, text in error.problems if text}
    else:
        found = {"enter"} if strategy.signals(make_bars([1.0, 2.0, 3.0]), {}).entries.dtype == bool else set()
    assert found
    assert found <= {"enter", "leave", ""}


# -- from decisions to positions --------------------------------------------------------------------------------------


class Decided(Strategy):
    """Decides what it is told, bar by bar."""

    kind: Literal["decided"] = "decided"
    flags: tuple[Flags, ...]

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        return Signals(*(np.array(side, dtype=bool) for side in self.flags))


def sides_held(rows: list[Flags], direction: str) -> list[int]:
    """1, -1 or 0 after the decision at each bar, by the words of ``Signals``."""
    held, found = 0, []
    for enter, leave, short_enter, short_leave in rows:
        wants_long = enter and not leave and direction != "short"
        wants_short = short_enter and not short_leave and direction != "long"
        if (held == 1 and (leave or wants_short)) or (held == -1 and (short_leave or wants_long)):
            held = 0
        if held == 0:
            held = 1 if wants_long else -1 if wants_short else 0
        found.append(held)
    return found


@pytest.mark.parametrize("direction", ["long", "short", "both"])
@settings(max_examples=40)
@given(some.lists(some.tuples(*[some.booleans()] * 4), min_size=3, max_size=40))
def test_any_decisions_are_held_as_their_words_say(direction: str, rows: list[Flags]) -> None:
    rows = [(a, b, c and not (a and not b), d) for a, b, c, d in rows]  # one bar does not ask for both sides
    count = len(rows)
    spec = request(Decided(flags=tuple(zip(*rows, strict=True))), direction=direction)
    assert isinstance(spec, BacktestSpec)
    bars = make_bars(np.full(count, 100.0))
    result = simulated(spec, bars)
    held = [0] * count
    for entry, exit_, side, is_open in zip(
        result.trade_entry_time, result.trade_exit_time, result.trade_side, result.trade_open, strict=True
    ):
        first = int(np.searchsorted(bars.time, entry))
        last = count if is_open else int(np.searchsorted(bars.time, exit_))
        held[first:last] = [int(side)] * (last - first)
    assert held == [0, *sides_held(rows, direction)[:-1]]
