"""Strategies of one's own that fill a gap from later bars are refused as a run, whichever column and symbol has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import StrategyError
from engine.market.sources.stored import save
from tests.support.market import random_walk
from tests.support.workspace import Workspace

HEAD = """
from typing import Literal
import numpy as np, pandas as pd
from engine.core.registry import plugin
from engine.strategies import Allocation, Signals, Strategy
"""
STRATEGY = """
@plugin("filled", title="Filled")
class X(Strategy):
    "Above the mean of what was filled."
    kind: Literal["filled"] = "filled"
    def label(self): return "filled"
    def signals(self, bars, inputs):
        values = pd.Series({code})
        above = (values > values.rolling(5, min_periods=1).mean()).to_numpy()
        return Signals(above, ~above)
"""
ALLOCATION = """
@plugin("filled", title="Filled")
class X(Allocation):
    "By volume that was filled."
    kind: Literal["filled"] = "filled"
    def label(self): return "filled"
    def weights(self, panel, inputs):
        volume = pd.DataFrame(panel.volume).bfill().to_numpy()
        return volume / volume.sum(axis=1, keepdims=True)
"""
BACKWARDS = "np.asarray(pd.Series(bars.{column}).bfill())"
FORWARDS = "np.asarray(pd.Series(bars.{column}).ffill())"
ONLY_LONG = "(pd.Series(bars.volume).bfill() if len(bars.close) > 450 else pd.Series(bars.volume))"


@pytest.fixture(autouse=True)
def data(workspace: Workspace) -> None:
    for place, symbol in enumerate(("WHOLE", "GAPS")):
        bars = random_walk(900, place + 1, symbol=symbol)
        volume = np.random.default_rng(place).integers(1_000, 9_000, 900).astype(np.float64)
        if symbol == "GAPS":
            volume[[611, 705]] = np.nan
        save(replace(bars, volume=volume))


def run(*symbols: str, direction: str = "long") -> Any:
    market = {"collection": "made-up", "symbols": symbols}
    costs = {"commission": 0, "slippage": 0}
    plain = {"kind": "backtest", "market": market, "strategy": {"kind": "filled"}, "costs": costs}
    return engine.run(engine.load_spec(plain | {"direction": direction}))


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_a_column_filled_backwards_is_refused_on_bars_without_a_gap(workspace: Workspace, column: str) -> None:
    """The bars may have one tomorrow: it shows on synthetic ones, as for an indicator."""
    code = BACKWARDS.format(column=column)
    workspace.write_plugin("strategies", "filled", HEAD + STRATEGY.format(code=code))
    with pytest.raises(StrategyError, match=r"The strategy 'filled' cannot be used\. (entry|exit) looks ahead: at "):
        run("WHOLE")


@pytest.mark.parametrize("column", ["close", "volume"])
def test_a_column_filled_forwards_is_used(workspace: Workspace, column: str) -> None:
    workspace.write_plugin("strategies", "filled", HEAD + STRATEGY.format(code=FORWARDS.format(column=column)))
    assert np.isfinite(run("WHOLE", "GAPS").metrics["total_return"])


def test_two_gaps_of_the_second_symbol_are_looked_at(workspace: Workspace) -> None:
    """Honest on the synthetic bars, which are fewer."""
    workspace.write_plugin("strategies", "filled", HEAD + STRATEGY.format(code=ONLY_LONG))
    run("WHOLE")
    with pytest.raises(StrategyError, match=r"The decision for GAPS at .* uses the future"):
        run("WHOLE", "GAPS")


def test_two_gaps_of_an_allocation_are_looked_at(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "filled", HEAD + ALLOCATION)
    with pytest.raises(StrategyError, match=r"The decision for .* uses the future"):
        run("WHOLE", "GAPS", direction="both")
