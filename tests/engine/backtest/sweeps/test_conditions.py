"""Sweeps of strategies of conditions, each of which is asked once: every cell is still the run that it opens as."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from engine.backtest.fast_metrics import kernel_account, kernel_rules
from engine.backtest.kernels import kernels
from engine.backtest.sweeps import condition_grid
from engine.backtest.sweeps.condition_grid import ConditionGrid
from engine.backtest.sweeps.validity import _by_parsing, valid
from engine.core.errors import DataError, StrategyError
from engine.strategies import STRATEGIES
from engine.strategies.conditional import Conditional
from tests.support.market import random_walk
from tests.support.sweeping import FILLS, axis, flags, run, same_as_runs, series, spec, sweep
from tests.support.workspace import Workspace

NAN = float("nan")


def choice(path: str, *values: Any) -> dict[str, Any]:
    return {"path": path, "values": values}


PERIODS = axis("strategy.window", 3, 12)
DAYS, MONTHS = list(range(7)), list(range(1, 13))
KINDS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (
        {"kind": "rsi_reversion"},
        [PERIODS, axis("strategy.enter_below", 20, 50, 5), axis("strategy.leave_above", 30, 60, 5)],
    ),
    (
        {"kind": "donchian_breakout"},
        [axis("strategy.enter", 2, 9), axis("strategy.leave", 2, 9), choice("strategy.prices", "ranges", "closes")],
    ),
    ({"kind": "bollinger_reversion"}, [PERIODS, axis("strategy.width", 0.3, 2.1, 0.3)]),
    ({"kind": "bollinger_breakout"}, [PERIODS, axis("strategy.width", 0.3, 2.1, 0.3)]),
    (
        {"kind": "keltner_breakout"},
        [PERIODS, axis("strategy.atr_window", 2, 5), axis("strategy.width", 0.3, 1.5, 0.3)],
    ),
    (
        {"kind": "adx_trend"},
        [PERIODS, axis("strategy.enter_above", 15, 35, 5), axis("strategy.leave_below", 0, 20, 5)],
    ),
    (
        {"kind": "time_series_momentum"},
        [axis("strategy.lookback", 3, 9), axis("strategy.skip", 0, 3), axis("strategy.threshold", 0, 0.1, 0.02)],
    ),
    ({"kind": "weekdays"}, [choice("strategy.first", *DAYS), choice("strategy.last", *DAYS)]),
    ({"kind": "months"}, [choice("strategy.first", *MONTHS), choice("strategy.last", *MONTHS)]),
    ({"kind": "turn_of_month"}, [axis("strategy.first", 0, 5), axis("strategy.last", 0, 5)]),
    (
        {"kind": "rules"},
        [
            axis("strategy.enter.0.right.window", 3, 9),
            axis("strategy.enter.1.right.value", 30, 60, 5),
            axis("strategy.leave.0.right.value", 40, 70, 5),
            choice("strategy.enter_match", "all", "any"),
        ],
    ),
]
NAMES = [strategy["kind"] for strategy, _ in KINDS]

STOPS = some.fixed_dictionaries({
    "stop_loss": some.sampled_from([None, 0.01, 0.04]),
    "take_profit": some.sampled_from([None, 0.01, 0.06]),
    "trailing_stop": some.sampled_from([None, 0.02]),
    "time_stop": some.sampled_from([None, 1, 4]),
})  # fmt: skip


def test_every_strategy_that_can_is_one_of_conditions() -> None:
    """But for those whose decisions follow from stored values or another run, or which hold all the time."""
    others = {"buy_and_hold", "my_signals", "follow_model", "meta_labelled"}
    kinds = {name for name, cls in STRATEGIES.available().items() if issubclass(cls, Conditional)}
    assert kinds == {strategy["kind"] for strategy, _ in KINDS}
    assert not kinds & others


@pytest.mark.parametrize(("strategy", "axes"), KINDS, ids=NAMES)
def test_cell_is_the_run_that_it_opens_as(strategy: dict[str, Any], axes: list[dict[str, Any]]) -> None:
    one = random_walk(400, seed=5)
    gaps = random_walk(400, seed=6, symbol="GAPS")
    missing = np.random.default_rng(1).random(400) < 0.03
    gaps = replace(
        gaps, **{name: np.where(missing, NAN, getattr(gaps, name)) for name in ("open", "high", "low", "close")}
    )
    same_as_runs(run(sweep(spec(strategy), axes), one), one, count=8)
    same_as_runs(run(sweep(spec(strategy, ("TEST", "GAPS")), axes), one, gaps), one, gaps, count=4)
    stops = {"stop_loss": 0.03, "take_profit": 0.05, "trailing_stop": 0.02}
    request = sweep(spec(strategy, stops=stops), [*axes, axis("costs.slippage", 0, 20, 10)])
    same_as_runs(run(request, one), one, count=4)
    several = sweep(spec(strategy, ("TEST", "GAPS"), stops=stops), axes)
    same_as_runs(run(several, one, gaps), one, gaps, count=2)


@settings(max_examples=15)
@given(some.data())
def test_cell_is_the_run_on_any_series(data: some.DataObject) -> None:
    bars = data.draw(series(least=200, most=300))
    strategy, axes = data.draw(some.sampled_from(KINDS))
    fields: dict[str, Any] = {"fill": data.draw(some.sampled_from(FILLS))}
    if data.draw(some.booleans()):
        fields["stops"] = data.draw(STOPS)
    try:
        found = run(sweep(spec(strategy, **fields), axes), bars)
    except DataError:
        return
    same_as_runs(found, bars, count=8)


@settings(max_examples=150)
@given(some.data())
def test_words_are_followed_as_flags_are(data: some.DataObject) -> None:
    """Combinations with stops of their own, in any order, of which some have none."""
    bars = data.draw(series(most=300))
    (entries, exits), (also, _) = (data.draw(flags(len(bars))) for _ in range(2))
    every = data.draw(some.booleans())
    request = spec({"kind": "buy_and_hold"}, fill=data.draw(some.sampled_from(FILLS)))
    stops = data.draw(some.lists(STOPS, min_size=1, max_size=3))
    account = kernel_account(request, bars, timed=any(item["time_stop"] for item in stops))
    assume(account is not None)
    rules = np.concatenate([kernel_rules({**dict(request.costs), **item}) for item in stops])
    rule_of = np.array(data.draw(some.lists(some.integers(0, len(stops) - 1), min_size=2, max_size=4)), np.int32)
    width, count = (len(bars) + 63) // 64, len(rule_of)
    bits = np.zeros((3, width), np.uint64)
    for row, held in zip(bits.view(np.uint8), (entries, also, exits), strict=True):
        packed = np.packbits(held, bitorder="little")
        row[: len(packed)] = packed
    sides = np.repeat([[0, 1]], count, axis=0).astype(np.int32), np.full((count, 1), 2, np.int32)
    rows = bits, *sides, every, True, np.array([0, width])
    found, expected = ((*(np.full(count, NAN) for _ in range(3)), np.zeros(count, np.int32)) for _ in range(2))
    kernels().conditions.sweep(rows, account, rules, rule_of, np.arange(count), found)
    both = entries & also if every else entries | also
    kernels().orders.evaluate_many(both, exits, account, rules, rule_of, np.arange(count), expected)
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate(expected))


@pytest.mark.parametrize(("strategy", "axes"), KINDS, ids=NAMES)
def test_valid_is_what_parses(strategy: dict[str, Any], axes: list[dict[str, Any]]) -> None:
    request = sweep(spec(strategy), axes)
    scales = request.scales()
    values = np.array(np.meshgrid(*(scale.values() for scale in scales))).reshape(len(scales), -1).T
    expected = _by_parsing(request.base.strategy, scales, range(len(scales)), values, lambda: None)
    np.testing.assert_array_equal(valid(scales, request.base, values), expected)


def test_conditions_that_do_not_fit_into_memory_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = random_walk(300, seed=3)
    for strategy, axes in (KINDS[0], (KINDS[-1][0], KINDS[-1][1][:2])):
        request = sweep(spec(strategy), axes)
        whole = run(request, bars)
        monkeypatch.setattr(condition_grid, "_MEMORY", 1.0)
        for name in ("total_return", "sharpe", "max_drawdown", "trades"):
            np.testing.assert_array_equal(getattr(run(request, bars), name), getattr(whole, name))
        monkeypatch.undo()


@pytest.mark.parametrize(("strategy", "axes"), KINDS, ids=NAMES)
def test_lines_of_several_values_at_once_are_those_of_each(
    strategy: dict[str, Any], axes: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = random_walk(300, seed=3)
    at_once = run(sweep(spec(strategy), axes), bars)
    monkeypatch.setattr(condition_grid, "_STACKED", 1)
    each = run(sweep(spec(strategy), axes), bars)
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        np.testing.assert_array_equal(getattr(at_once, name), getattr(each, name))


def test_a_condition_is_asked_for_several_windows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten windows in one question for each side, beside one combination that tells which fields each side reads."""
    asked = []
    known = ConditionGrid._ask
    monkeypatch.setattr(ConditionGrid, "_ask", lambda grid, item, *rest: asked.append(item) or known(grid, item, *rest))
    request = sweep(spec({"kind": "bollinger_reversion"}), [PERIODS, axis("strategy.width", 0.3, 2.1, 0.3)])
    assert len(run(request, random_walk(300, seed=3))) == 70
    assert len(asked) == 2
    asked.clear()
    drawn = sweep(spec({"kind": "bollinger_reversion"}), request.axes, sample="random", count=40)
    same_as_runs(run(drawn, random_walk(300, seed=3)), random_walk(300, seed=3), count=8)
    assert len(asked) > 2, "drawn combinations have other widths for each window"


# -- strategies of somebody else --------------------------------------------------------------------------------------


ODD = """
from typing import ClassVar, Literal
import numpy as np
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.strategies.conditional import Conditional

from engine.strategies.rule_cache import shared

def lower(bars, which): return bars.close - which

class Base(Conditional):
    which: int = parameter(0, title="Which", ge=0, le=9)
    low: float = parameter(100.0, title="Low")
    high: float = parameter(100.0, title="High")
    def label(self): return "odd"
    def entries(self, bars): return bars.close < (self.low if self.which > 1 else self.high)
    def exits(self, bars): return bars.close > 101.0

@plugin("odd", title="Odd")
class Odd(Base):
    "Reads one field or another, as the first one says."
    kind: Literal["odd"] = "odd"
    elementwise: ClassVar[tuple[str, ...]] = ("low", "high")

@plugin("called", title="Called")
class Called(Base):
    "Asks the class that it derives from, which cannot be watched."
    kind: Literal["called"] = "called"
    def entries(self, bars): return super().entries(bars)

@plugin("caught", title="Caught")
class Caught(Base):
    "Has its own opinion of what cannot be told, and of what it has cached."
    kind: Literal["caught"] = "caught"
    def entries(self, bars):
        try:
            weight = 1.0 if self.which > 1 else 0.95
        except Exception:
            weight = 2.0
        return shared(lower, bars, self.which) * weight < self.high - 2.0
    def exits(self, bars): return np.roll(shared(lower, bars, self.which), self.which) > self.low

@plugin("wrong", title="Wrong")
class Wrong(Base):
    "Answers numbers."
    kind: Literal["wrong"] = "wrong"
    def exits(self, bars): return bars.close
"""
ODD_AXES = [axis("strategy.which", 0, 3), axis("strategy.low", 90, 110, 5), axis("strategy.high", 90, 110, 5)]


def test_what_several_values_at_once_are_not_told_is_asked_one_by_one(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "odd", ODD)
    bars = random_walk(300, seed=3)
    found = run(sweep(spec({"kind": "caught"}), ODD_AXES), bars)
    assert len(np.unique(found.trades)) > 4
    same_as_runs(found, bars, count=60)


@pytest.mark.parametrize("kind", ["odd", "called"])
def test_a_field_that_is_read_for_some_values_alone_counts(kind: str, workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "odd", ODD)
    bars = random_walk(300, seed=3)
    found = run(sweep(spec({"kind": kind}), ODD_AXES), bars)
    assert len(np.unique(found.trades)) == 4
    same_as_runs(found, bars, count=40)


def test_a_condition_that_answers_nonsense_is_named(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "odd", ODD)
    with pytest.raises(
        StrategyError, match=r"'wrong' returned float64 of shape .* as exits for 100 bars: it must be an array of bool"
    ):
        run(sweep(spec({"kind": "wrong"}), ODD_AXES), random_walk(100))
