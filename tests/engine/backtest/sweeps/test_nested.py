"""Sweeps of crossings whose slow line is made of the fast one: every cell is still the run that it opens as."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.kernels import kernels
from engine.backtest.sweeps import nested_grid
from engine.core.errors import DataError
from engine.indicators import macd_lines, momentum
from engine.strategies.columns import packed
from engine.strategies.crossing import cross
from tests.support.market import random_walk
from tests.support.sweeping import FILLS, axis, run, same_as_runs, series, spec, sweep
from tests.support.workspace import Workspace

NAN = float("nan")
MACD = {"kind": "macd"}
AXES = [axis("strategy.fast", 2, 4), axis("strategy.slow", 4, 6), axis("strategy.signal", 2, 5)]
OWN = """
from typing import ClassVar, Literal
import numpy as np
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import averages
from engine.strategies.crossing import Crossing

@plugin("twice", title="Twice")
class Twice(Crossing):
    "An average against a later one of itself, which it computes one by one."
    kind: Literal["twice"] = "twice"
    window: int = parameter(5, title="Window", ge=2, le=90)
    again: int = parameter(5, title="Again", ge=2, le=90)
    fast_fields: ClassVar[tuple[str, ...]] = ("window",)
    slow_fields: ClassVar[tuple[str, ...]] = ("window", "again")
    def label(self): return f"twice {self.window}, {self.again}"
    def warm_up(self): return self.window + self.again
    def fast_line(self, bars): return averages.sma(bars.close, self.window)
    def slow_line(self, bars): return averages.sma(self.fast_line(bars), self.again)
"""


def gappy(symbol: str) -> Any:
    bars = random_walk(400, seed=6, symbol=symbol)
    missing = np.random.default_rng(1).random(400) < 0.01
    names = ("open", "high", "low", "close")
    return replace(bars, **{name: np.where(missing, NAN, getattr(bars, name)) for name in names})


@pytest.mark.parametrize("kind", ["macd", "twice"])
def test_cell_is_the_run_that_it_opens_as(kind: str, workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "twice", OWN)
    axes = AXES if kind == "macd" else [axis("strategy.window", 2, 9), axis("strategy.again", 2, 9)]
    one, gaps = random_walk(400, seed=5), gappy("GAPS")
    found = run(sweep(spec({"kind": kind}), axes), one)
    assert len(np.unique(found.trades)) > 5
    same_as_runs(found, one)
    same_as_runs(run(sweep(spec({"kind": kind}, ("TEST", "GAPS")), axes), one, gaps), one, gaps, count=6)
    stops = {"stop_loss": 0.03, "take_profit": 0.05, "trailing_stop": 0.02}
    request = sweep(spec({"kind": kind}, stops=stops), [axis("costs.slippage", 0, 20, 10), *reversed(axes)])
    same_as_runs(run(request, one), one, count=8)


@settings(max_examples=15)
@given(some.data())
def test_cell_is_the_run_on_any_series(data: some.DataObject) -> None:
    bars = data.draw(series(least=200, most=300))
    base = spec(MACD | {"signal": 3}, fill=data.draw(some.sampled_from(FILLS)))
    try:
        found = run(sweep(base, AXES[: data.draw(some.integers(2, 3))]), bars)
    except DataError:
        return
    same_as_runs(found, bars, count=8)


@pytest.mark.parametrize(("name", "value"), [("_MEMORY", 1.0), ("_LINES", 2), ("_WAITING", 0)])
def test_the_cut_changes_nothing(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    bars, request = random_walk(300, seed=3), sweep(spec(MACD), [*AXES, axis("strategy.slow", 5, 9)][:3])
    whole = run(request, bars)
    monkeypatch.setattr(nested_grid, name, value)
    for metric in ("total_return", "sharpe", "max_drawdown", "trades"):
        np.testing.assert_array_equal(getattr(run(request, bars), metric), getattr(whole, metric))


@settings(max_examples=40)
@given(some.integers(0, 2**32), some.integers(1, 200), some.integers(1, 40))
def test_lines_cross_together_as_each_pair_does(seed: int, bars: int, count: int) -> None:
    random = np.random.default_rng(seed)
    fast = np.round(random.normal(0, 2, bars))
    slow = np.round(random.normal(0, 2, (bars, count))) * (1 + random.choice([0.0, 1e-12, 2e-10], (bars, count)))
    fast[random.random(bars) < 0.05] = NAN
    slow[random.random((bars, count)) < 0.05] = NAN
    rises, falls = np.empty((2, count, (bars + 63) // 64), dtype=np.uint64)
    kernels().comparing.cross(fast, slow, rises, falls)
    for number in range(count):
        up, down = cross(fast, slow[:, number])
        np.testing.assert_array_equal(rises[number], packed(up))
        np.testing.assert_array_equal(falls[number], packed(down))


def test_the_line_that_signal_lines_share_is_the_macd_once_it_has_warmed_up() -> None:
    """Runs of 80, 10 and 209 bars: 10 are fewer than any warm-up, and so are all for the last pair of windows."""
    bars = random_walk(301, seed=6)
    close = bars.close.copy()
    close[[80, 91]] = NAN
    bars = replace(bars, close=close)
    for fast, slow in ((2, 4), (5, 12), (12, 60)):
        line = macd_lines.macd_line(*(macd_lines.average(bars, window) for window in (fast, slow)))
        found = macd_lines.warmed_up(line, slow, macd_lines.known_runs(bars))
        np.testing.assert_array_equal(found, momentum.macd(bars, fast, slow))
    assert np.isnan(found).all()
    assert np.isfinite(line).sum() == (80 - 59) + (209 - 59)
