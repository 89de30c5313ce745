"""Fields by dotted paths, and sweeps that reach into the conditions of rules."""

from __future__ import annotations

from typing import Any

import pytest

from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import SpecError
from engine.core.field_paths import changed, leaves
from engine.core.spec import canonical_json
from engine.strategies import STRATEGIES
from engine.strategies.kinds.rules import Rules
from tests.support.followed import follows
from tests.support.market import random_walk
from tests.support.sweeping import axis, run, same_as_runs, spec, sweep

CROSS: dict[str, Any] = {
    "kind": "comparison",
    "left": {"kind": "sma", "window": 5},
    "comparison": "crosses_above",
    "right": {"kind": "sma", "window": 20},
}
NESTED: dict[str, Any] = {
    "kind": "group",
    "conditions": [
        {"kind": "comparison", "left": {"kind": "rsi", "window": 5}, "right": {"kind": "number", "value": 40}},
        {"kind": "lasting", "bars": 2, "condition": {"kind": "comparison", "right": {"kind": "ema", "window": 10}}},
    ],
}
GOLDEN: dict[str, Any] = {
    "kind": "rules",
    "enter": [CROSS, NESTED],
    "leave": [CROSS | {"comparison": "crosses_below"}],
}
WINDOW = axis("strategy.enter.0.left.window", 3, 12, 3)


def identity(request: SweepSpec) -> tuple[str, str]:
    texts = (canonical_json(request, without=request.ignored(), brief=brief) for brief in (False, True))
    return next(texts), next(texts)


def titles(strategy: dict[str, Any]) -> dict[str, str]:
    base = spec(strategy, direction="both")
    return {path.removeprefix("strategy."): leaf.title for path, leaf in leaves(base).items()}


def test_fields_of_conditions_are_titled_by_their_place() -> None:
    found = titles(GOLDEN)
    assert found["enter.0.left.window"] == "Enter long 1: SMA window (line)"
    assert found["enter.0.right.window"] == "Enter long 1: SMA window (against)"
    assert found["enter.1.conditions.0.left.window"] == "Enter long 2.1: RSI window"
    assert found["enter.1.conditions.1.bars"] == "Enter long 2.2: Last"
    assert found["enter.1.conditions.1.condition.right.window"] == "Enter long 2.2: EMA window"
    assert found["leave.0.comparison"] == "Exit long 1: Is"
    assert found["enter_match"] == "Enter when"
    assert titles({"kind": "sma_cross"})["fast"] == "Fast window"


@pytest.mark.parametrize("kind", [name for name in STRATEGIES.available() if not follows(name)])
def test_no_two_titles_of_a_strategy_are_the_same(kind: str) -> None:
    found = [title for path, title in titles({"kind": kind}).items() if not path.startswith("market")]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "axes",
    [
        [WINDOW, axis("strategy.enter.0.right.window", 10, 40, 5)],
        [axis("strategy.enter.1.conditions.0.right.value", 30, 60, 10), axis("costs.slippage", 0, 20, 10)],
        [axis("strategy.enter.1.conditions.1.bars", 2, 6), {"path": "strategy.enter_match", "values": ["all", "any"]}],
        [{"path": "strategy.leave.0.comparison", "values": ["below", "crosses_below"]}, WINDOW],
        [WINDOW, axis("stops.stop_loss", 0.02, 0.1, 0.04), axis("sizing.part", 0.5, 1.0, 0.5)],
    ],
)
def test_cell_of_swept_rules_is_the_run_that_it_opens_as(axes: list[dict[str, Any]]) -> None:
    bars = random_walk(700, seed=5)
    found = run(sweep(spec(GOLDEN), axes), bars)
    assert (found.trades > 0).any()
    same_as_runs(found, bars)


def test_equal_rules_of_other_bars_are_computed_anew() -> None:
    """What was answered about one series is nothing to another."""
    for seed in (1, 2, 1):
        bars = random_walk(400, seed=seed)
        same_as_runs(run(sweep(spec(GOLDEN), [WINDOW]), bars), bars)


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [("weekdays", "first", (4, 0, 1)), ("months", "last", (1, 12)), ("months", "first", (2,))],
)
def test_choices_that_are_numbers_can_be_swept(kind: str, field: str, values: tuple[int, ...]) -> None:
    found = run(sweep(spec({"kind": kind}), [{"path": f"strategy.{field}", "values": values}]), random_walk(300))
    opened = [getattr(found.spec_of(place).strategy, field) for place in range(len(found))]
    assert opened == list(values)


def test_what_the_base_has_inside_its_rules_makes_no_other_sweep() -> None:
    other = {**GOLDEN, "enter": [{**CROSS, "left": {"kind": "sma", "window": 9}}, NESTED]}
    assert identity(sweep(spec(other), [WINDOW])) == identity(sweep(spec(GOLDEN), [WINDOW]))
    further = axis("strategy.enter.0.right.window", 10, 40, 5)
    assert identity(sweep(spec(other), [further])) != identity(sweep(spec(GOLDEN), [further]))


def test_changed_is_validated_from_the_value_up() -> None:
    rules = Rules.parse(GOLDEN)
    other = changed(rules, {"enter.1.conditions.0.left.window": 9, "enter.0.right.window": 30, "leave_match": "all"})
    assert other == Rules.parse(
        {
            **GOLDEN,
            "leave_match": "all",
            "enter": [
                {**CROSS, "right": {"kind": "sma", "window": 30}},
                {
                    **NESTED,
                    "conditions": [
                        {**NESTED["conditions"][0], "left": {"kind": "rsi", "window": 9}},
                        NESTED["conditions"][1],
                    ],
                },
            ],
        }
    )
    with pytest.raises(SpecError) as caught:
        changed(spec(GOLDEN), {"strategy.enter.1.conditions.0.left.window": 1})
    assert [path for path, _ in caught.value.problems] == ["strategy.enter.1.conditions.0.left.window"]


def test_path_into_a_condition_that_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="cannot be varied here"):
        sweep(spec(GOLDEN), [axis("strategy.enter.2.left.window", 3, 9)])
    with pytest.raises(SpecError, match=r"at least 2, not 0"):
        sweep(spec(GOLDEN), [axis("strategy.enter.0.left.window", 0, 9)])


def test_request_into_rules_is_written_and_read() -> None:
    request = sweep(spec(GOLDEN), [WINDOW])
    assert SweepSpec.parse(request.model_dump(mode="json")) == request
