"""The contract of a strategy, kept by every one that is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

import engine
from engine import runner
from engine.backtest.spec import BacktestSpec
from engine.errors import SpecError
from engine.market import catalog
from engine.market.bars import Bars, MarketSpec
from engine.registry import info
from engine.research import ledger
from engine.spec import RunSpec, canonical_json, to_python, to_yaml
from engine.strategies import STRATEGIES, Signals, Strategy
from tests.support.market import cut, random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

MARKET = MarketSpec()
QUICK = {"kind": "model", "null_fits": 0}
"""A model without null models trains in a tenth of the time."""


def build(cls: type[Strategy], **values: Any) -> Strategy:
    """A spec of ``cls``; what has no default is a run whose own defaults do."""
    needed = {
        name: QUICK
        for name, field in cls.model_fields.items()
        if field.is_required() and isinstance(field.annotation, type) and issubclass(field.annotation, RunSpec)
    }
    return cls.parse({"kind": info(cls).name} | needed | values)


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
            try:
                found.append(pytest.param(build(cls, **limits), id=f"{name}-{bound}"))
            except SpecError:
                continue  # bounds that exclude one another, as a fast window no shorter than a slow one
    return found


every = pytest.mark.parametrize("strategy", examples())


@cache
def needed(strategy: Strategy) -> Mapping[str, Any]:
    return {name: engine.run(spec) for name, spec in strategy.inputs(MARKET).items()}


@cache
def real_bars() -> Bars:
    (bars,) = catalog.load(MARKET).bars
    return bars


def decide(strategy: Strategy, bars: Bars) -> Signals:
    return strategy.signals(bars, needed(strategy))


@every
def test_decisions_are_two_flags_a_bar(strategy: Strategy) -> None:
    for bars in (real_bars(), cut(real_bars(), 1), cut(real_bars(), 0)):
        signals = decide(strategy, bars)
        for flags in (signals.entries, signals.exits):
            assert flags.dtype == bool
            assert flags.shape == (len(bars),)


@every
@pytest.mark.parametrize("share", [0.02, 0.3, 0.55, 0.72, 0.85, 0.99])
def test_no_decision_uses_a_later_bar(strategy: Strategy, share: float) -> None:
    bars = real_bars()
    whole = decide(strategy, bars)
    count = int(len(bars) * share)
    part = decide(strategy, cut(bars, count))
    np.testing.assert_array_equal(part.entries, whole.entries[:count])
    np.testing.assert_array_equal(part.exits, whole.exits[:count])


@every
def test_no_decision_uses_a_later_bar_where_it_decides(strategy: Strategy) -> None:
    """Just behind each of the first decisions, where a look at the next bar would show."""
    bars = real_bars()
    whole = decide(strategy, bars)
    for at in np.flatnonzero(whole.entries | whole.exits)[:10]:
        part = decide(strategy, cut(bars, int(at) + 1))
        assert (part.entries[at], part.exits[at]) == (whole.entries[at], whole.exits[at])


@every
def test_silent_in_its_warm_up(strategy: Strategy) -> None:
    for bars in (real_bars(), random_walk(2500, symbol="NVDA")):
        signals = decide(strategy, bars)
        warm_up = strategy.warm_up()
        assert warm_up >= 0
        assert not signals.entries[:warm_up].any()
        assert not signals.exits[:warm_up].any()


@every
def test_same_bars_same_decisions(strategy: Strategy) -> None:
    one, other = decide(strategy, real_bars()), decide(strategy, real_bars())
    np.testing.assert_array_equal(one.entries, other.entries)
    np.testing.assert_array_equal(one.exits, other.exits)


@every
def test_bars_are_left_as_they_were(strategy: Strategy) -> None:
    bars = random_walk(500, symbol="NVDA")
    before = bars.digest()
    decide(strategy, bars)
    assert bars.digest() == before


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


@pytest.mark.parametrize("name", STRATEGIES.available())
def test_runs_enters_the_ledger_and_its_python_source_finds_the_result(workspace: Workspace, name: str) -> None:
    request = backtest(build(STRATEGIES.get(name)))
    result = engine.run(request)
    assert result.equity[0] == 100_000
    assert (result.equity > 0).all()
    assert len(ledger.trials(name)) == 1
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", to_python(request)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == engine.run_key(request)
    assert len(ledger.trials(name)) == 1


@pytest.mark.parametrize("name", STRATEGIES.available())
def test_form_has_a_title_for_every_field(name: str) -> None:
    cls = STRATEGIES.get(name)
    assert info(cls).title
    assert info(cls).summary.endswith(".")
    for field, definition in cls.model_fields.items():
        assert field == "kind" or definition.title, f"{field} has no title"


def backtest(strategy: Strategy) -> BacktestSpec:
    values = {"market": MARKET, "strategy": strategy, "costs": {"commission": 5, "slippage": 3}}
    return BacktestSpec.parse(values)
