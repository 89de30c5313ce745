"""The contract of a strategy, kept by every one that is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.kernels import kernels
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.registry import info
from engine.core.spec import canonical_json, to_python, to_yaml
from engine.jobs import runner
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.panel import align
from engine.market.spec import MarketSpec
from engine.research import ledger
from engine.strategies import STRATEGIES, Allocation, Strategy, call_strategy
from engine.strategies.columns import Column, Words
from engine.strategies.conditional import Conditional
from engine.strategies.crossing import Crossing
from tests.support.followed import runs_for
from tests.support.market import cut, random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

MARKET = MarketSpec()
SIDES = ("entries", "exits", "short_entries", "short_exits")
SYMBOLS = {"pairs": ("AAPL", "META")}
UNIVERSE = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")
"""Symbols of an allocation: two where it requires exactly two, all of the sample where it takes any number."""


def build(cls: type[Strategy], **values: Any) -> Strategy:
    """A spec of ``cls``, with a model for what it follows."""
    return cls.parse({"kind": info(cls).name} | runs_for(cls) | values)


def examples() -> list[Any]:
    """Every strategy at its defaults, and with each number at its lowest and at its highest."""
    found = []
    for name, cls in STRATEGIES.available().items():
        found.append(pytest.param(build(cls), id=name))
        for bound in ("ge", "le"):
            limits = {
                field: getattr(item, bound)
                for field, definition in cls.model_fields.items()
                for item in definition.metadata
                if getattr(item, bound, None) is not None
            }
            if "top" in limits:
                limits["top"] = min(limits["top"], len(UNIVERSE))  # no more symbols than there are
            limits.pop("path", None)  # the model's split has one
            try:
                found.append(pytest.param(build(cls, **limits), id=f"{name}-{bound}"))
            except SpecError:
                continue  # bounds that exclude one another, as a fast window no shorter than a slow one
    return found


EXAMPLES = examples()


def only(*kinds: type[Strategy], but: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Parametrises with the examples that are of ``kinds``, without those called ``but``."""
    chosen = [item for item in EXAMPLES if isinstance(item.values[0], kinds) and item.values[0].kind not in but]
    return pytest.mark.parametrize("strategy", chosen)


every = only(Strategy)
by_signals = tuple(cls for cls in STRATEGIES.available().values() if not issubclass(cls, Allocation))


@cache
def needed(strategy: Strategy) -> Mapping[str, Any]:
    return {name: engine.run(spec) for name, spec in strategy.inputs(MARKET).items()}


def universe(strategy: Strategy) -> MarketSpec:
    """A market that ``strategy`` can be asked about."""
    symbols = SYMBOLS.get(strategy.kind, UNIVERSE) if isinstance(strategy, Allocation) else MARKET.symbols
    return MarketSpec(symbols=symbols)


def panel(strategy: Strategy) -> tuple[Bars, ...]:
    return catalog.load(universe(strategy)).bars


def rows(strategy: Strategy, bars: tuple[Bars, ...]) -> np.ndarray:
    """What ``strategy`` decides on each bar: its flags as numbers, or its weights."""
    if isinstance(strategy, Allocation):
        return call_strategy.weights(strategy, align(bars), needed(strategy))
    (one,) = bars
    found = call_strategy.signals(strategy, one, needed(strategy))
    none = np.zeros(len(one), dtype=bool)
    return np.column_stack([none if getattr(found, side) is None else getattr(found, side) for side in SIDES])


def decided(values: np.ndarray) -> np.ndarray:
    """The bars on which something was decided."""
    return (np.isfinite(values) if values.dtype == np.float64 else values).any(axis=1)


def until(bars: tuple[Bars, ...], count: int) -> tuple[Bars, ...]:
    return tuple(cut(item, count) for item in bars)


def with_gaps(bars: Bars, share: float = 0.01, seed: int = 5) -> tuple[Bars, np.ndarray]:
    """``bars`` with some of them, and one run of five, without any price; and which."""
    missing = np.random.default_rng(seed).random(len(bars)) < share
    missing[len(bars) // 2 : len(bars) // 2 + 5] = True
    missing[0] = False
    columns = ("open", "high", "low", "close", "volume", "adj_close")
    return replace(bars, **{name: np.where(missing, np.nan, getattr(bars, name)) for name in columns}), missing


@every
def test_decisions_are_as_long_as_the_bars(strategy: Strategy) -> None:
    for count in (10**6, 1, 0):
        bars = until(panel(strategy), count)
        assert len(rows(strategy, bars)) == len(align(bars))


@every
@pytest.mark.parametrize("share", [0.02, 0.3, 0.55, 0.72, 0.85, 0.99])
def test_no_decision_uses_a_later_bar(strategy: Strategy, share: float) -> None:
    bars = panel(strategy)
    count = int(len(bars[0]) * share)
    part = rows(strategy, until(bars, count))
    np.testing.assert_array_equal(part, rows(strategy, bars)[: len(part)])


@pytest.mark.parametrize("name", STRATEGIES.available())
def test_it_decides_something(name: str) -> None:
    """At its defaults: of one that never decides the other tests would ask nothing."""
    strategy = build(STRATEGIES.get(name))
    assert decided(rows(strategy, panel(strategy))).any()


@every
def test_no_decision_uses_a_later_bar_where_it_decides(strategy: Strategy) -> None:
    """Just behind each of the first decisions, where a look at the next bar would show."""
    bars = panel(strategy)
    whole = rows(strategy, bars)
    for at in np.flatnonzero(decided(whole))[:10]:
        np.testing.assert_array_equal(rows(strategy, until(bars, int(at) + 1))[at], whole[at])


@every
def test_a_later_price_changes_no_decision(strategy: Strategy) -> None:
    """Not by its value either: history is the same, the last tenth is another."""
    bars = panel(strategy)
    count = len(bars[0]) * 9 // 10
    columns = ("open", "high", "low", "close", "adj_close")
    scale = np.where(np.arange(len(bars[0])) < count, 1.0, 3.0)
    other = tuple(replace(item, **{name: getattr(item, name) * scale for name in columns}) for item in bars)
    np.testing.assert_array_equal(rows(strategy, other)[:count], rows(strategy, bars)[:count])


@every
def test_silent_in_its_warm_up(strategy: Strategy) -> None:
    assert strategy.warm_up() >= 0
    assert not decided(rows(strategy, panel(strategy)))[: strategy.warm_up()].any()
    if not isinstance(strategy, Allocation):
        assert not decided(rows(strategy, (random_walk(2500, symbol="NVDA"),)))[: strategy.warm_up()].any()


@only(Strategy, but=("follow_model", "meta_labelled"))  # it decides by predictions, which have no gaps of their own
def test_bars_without_a_price_decide_nothing(strategy: Strategy) -> None:
    holed, missing = zip(*(with_gaps(item, seed=seed) for seed, item in enumerate(panel(strategy))), strict=True)
    found = rows(strategy, holed)
    np.testing.assert_array_equal(rows(strategy, until(holed, 2000)), found[:2000])
    if isinstance(strategy, Allocation):
        assert not decided(found)[np.all(missing, axis=0)].any()
    else:
        assert not decided(found)[missing[0]].any()


@every
def test_same_bars_same_decisions(strategy: Strategy) -> None:
    bars = panel(strategy)
    np.testing.assert_array_equal(rows(strategy, bars), rows(strategy, bars))


@every
def test_bars_are_left_as_they_were(strategy: Strategy) -> None:
    bars = tuple(replace(random_walk(500, seed=seed), series=item.series) for seed, item in enumerate(panel(strategy)))
    before = [item.digest() for item in bars]
    rows(strategy, bars)
    assert [item.digest() for item in bars] == before


@only(*by_signals, but=("rules",))  # in rules the user chooses what may come together
def test_no_side_enters_and_leaves_on_one_bar(strategy: Strategy) -> None:
    """The exit would win, so such an entry would never be one."""
    entries, exits, short_entries, short_exits = rows(strategy, panel(strategy)).T
    assert not (entries & exits).any()
    assert not (short_entries & short_exits).any()


@only(*by_signals, but=("rules", "follow_model"))  # a threshold below one half allows both: they cancel out
def test_both_sides_are_never_entered_on_one_bar(strategy: Strategy) -> None:
    entries, _, short_entries, _ = rows(strategy, panel(strategy)).T
    assert not (entries & short_entries).any()


@only(Allocation)
def test_weights_are_parts_of_one_account(strategy: Strategy) -> None:
    found = rows(strategy, panel(strategy))
    gross = np.nansum(np.abs(found), axis=1)
    assert (gross <= max(1.0, *(getattr(strategy, name, 1.0) for name in ("cap", "scale"))) + 1e-12).all()


@pytest.mark.parametrize("name", [name for name, cls in STRATEGIES.available().items() if issubclass(cls, Crossing)])
def test_lines_of_a_crossing_follow_from_the_fields_it_names(name: str) -> None:
    """What a sweep relies on: a line is the same in every combination that has these values."""
    cls: Any = STRATEGIES.get(name)
    numbers = [field for field in cls.model_fields if field != "kind"]
    assert {*cls.fast_fields, *cls.slow_fields} == set(numbers)
    bars = random_walk(800)
    spec = build(cls)
    for field in numbers:
        other = spec.model_copy(update={field: getattr(spec, field) + 1})
        for line, fields in (("fast_line", cls.fast_fields), ("slow_line", cls.slow_fields)):
            same = np.array_equal(getattr(spec, line)(bars), getattr(other, line)(bars), equal_nan=True)
            assert same == (field not in fields), (line, field)


@pytest.mark.parametrize("name", [name for name, cls in STRATEGIES.available().items() if issubclass(cls, Crossing)])
def test_slow_lines_of_one_fast_line_are_those_of_each(name: str) -> None:
    strategy: Any = build(STRATEGIES.get(name))
    bars = random_walk(800)
    close = np.where(np.arange(800) % 397 == 396, np.nan, bars.close)
    for given in (bars, replace(bars, close=close)):
        values = {n: [getattr(strategy, n) + more for more in (0, 5, 2, 33)] for n in strategy.slow_fields[-1:]}
        each = [strategy.model_copy(update={n: v[i] for n, v in values.items()}).slow_line(given) for i in range(4)]
        np.testing.assert_array_equal(strategy.slow_lines(given, values), each)


@pytest.mark.parametrize("name", [name for name, cls in STRATEGIES.available().items() if issubclass(cls, Crossing)])
def test_a_crossing_says_which_parameters_are_valid(name: str) -> None:
    cls: Any = STRATEGIES.get(name)
    random = np.random.default_rng(0)
    fields = [field for field in cls.model_fields if field != "kind"]
    drawn = {field: random.integers(3, 40, 200) for field in fields}
    for at, valid in enumerate(cls.valid(drawn)):
        values = {field: int(column[at]) for field, column in drawn.items()}
        try:
            build(cls, **values)
            accepted = True
        except SpecError:
            accepted = False
        assert accepted == valid, values


@pytest.mark.parametrize("name", [name for name, cls in STRATEGIES.available().items() if issubclass(cls, Conditional)])
def test_a_column_of_values_is_answered_as_each_of_them(name: str) -> None:
    """What a sweep relies on where fields are elementwise."""
    strategy: Any = build(STRATEGIES.get(name))
    bars = random_walk(300, seed=2)
    for field in strategy.elementwise:
        values = getattr(strategy, field) * np.array([0.5, 0.9, 1.0, 1.3, 2.0]) + 0.01
        for side in SIDES:
            column = {field: Column(values[:, None], kernels().comparing.compare)}
            together, read = call_strategy.condition(strategy, side, bars, column, len(values))
            assert isinstance(together, Words) or field not in read, "NumPy has computed it, value by value"
            alone = [strategy.model_copy(update={field: value}) for value in values]
            each = [call_strategy.condition(one, side, bars)[0] for one in alone]
            np.testing.assert_array_equal(np.asarray(together) if field in read else np.array([together] * 5), each)


@every
def test_label_is_short_and_stable(strategy: Strategy) -> None:
    again = STRATEGIES.parse(json.loads(canonical_json(strategy)))
    assert again == strategy
    assert again.label() == strategy.label()
    assert 0 < len(strategy.label()) <= 120
    assert "\n" not in strategy.label()


@every
def test_every_text_form_is_the_same_request(strategy: Strategy) -> None:
    request = backtest(strategy)
    for text in (canonical_json(request), to_yaml(request), request.model_dump(mode="json")):
        again = runner.load_spec(text)
        assert again == request
        assert engine.run_key(again) == engine.run_key(request)


def test_each_runs_enters_the_ledger_and_its_python_source_finds_the_result(workspace: Workspace) -> None:
    sources, keys = [], []
    for name in STRATEGIES.available():
        request = backtest(build(STRATEGIES.get(name)))
        result = engine.run(request)
        assert result.equity[0] == 100_000, name
        assert (result.equity > 0).all(), name
        assert len(ledger.trials(name)) == 1
        sources.append(workspace.folder / f"{name}.py")
        sources[-1].write_text(to_python(request))
        keys.append(engine.run_key(request))
    each = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path)"  # one start of Python for all
    command = [sys.executable, "-W", "error", "-c", each, *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == keys
    assert {len(ledger.trials(name)) for name in STRATEGIES.available()} == {1}


@pytest.mark.parametrize("name", STRATEGIES.available())
def test_form_has_a_title_for_every_field(name: str) -> None:
    cls = STRATEGIES.get(name)
    assert info(cls).title
    assert info(cls).summary.endswith(".")
    for field, definition in cls.model_fields.items():
        assert field == "kind" or definition.title, f"{field} has no title"


def backtest(strategy: Strategy) -> BacktestSpec:
    values = {"market": universe(strategy), "strategy": strategy, "costs": {"commission": 5, "slippage": 3}}
    if isinstance(strategy, Allocation):
        values |= {"cash": "shared", "direction": "both"}
    return BacktestSpec.parse(values)
