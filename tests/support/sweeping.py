"""Series with everything that upsets a simulation, and requests for sweeps over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as some

from engine.backtest.fast_metrics import fast_metrics
from engine.backtest.measured import for_symbol, measured
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.progress import Progress, silent
from engine.market.bars import Bars, Market
from tests.support.market import make_bars

NAN = float("nan")
FILLS = ("next_open", "next_close", "same_close")


def spec(strategy: Mapping[str, Any], symbols: Sequence[str] = ("TEST",), **fields: Any) -> BacktestSpec:
    """A backtest of made-up symbols at 5 bp of commission and 3 bp of slippage."""
    plain = {"strategy": strategy, "market": {"symbols": list(symbols)}, "costs": {"commission": 5, "slippage": 3}}
    return BacktestSpec.parse(plain | fields)


def axis(path: str, low: float, high: float, step: float | None = None) -> dict[str, Any]:
    return {"path": path, "low": low, "high": high, "step": step}


def sweep(base: BacktestSpec, axes: Sequence[Mapping[str, Any]], **fields: Any) -> SweepSpec:
    return SweepSpec.parse({"base": base, "axes": axes} | fields)


def run(request: SweepSpec, *bars: Bars, progress: Progress = silent) -> SweepResult:
    return run_sweep(request, {"market": Market(bars)}, progress)


def same_as_runs(found: SweepResult, *bars: Bars, count: int = 25) -> None:
    """Assert that cells have the very figures of the runs that they open as, for some of the combinations; and that the
    part of each symbol is, but for rounding, the run of that symbol alone with its part of the capital.
    """
    for place in np.random.default_rng(0).integers(0, len(found), count):
        opened = found.spec_of(int(place))
        whole = measured(opened, bars)
        expected = fast_metrics(opened, whole, {})
        assert found.total_return[0, place] == expected.total_return
        np.testing.assert_equal(found.sharpe[0, place], np.nan if expected.sharpe is None else expected.sharpe)
        assert found.max_drawdown[0, place] == expected.max_drawdown
        assert found.trades[0, place] == expected.trades
        for row, item in enumerate(bars if found.parts else (), 1):
            part = fast_metrics(alone(opened, item), for_symbol(whole, row - 1), {})
            mine = found.total_return[row, place], found.max_drawdown[row, place]
            np.testing.assert_allclose(mine, (part.total_return, part.max_drawdown), rtol=1e-9, atol=1e-12)
            ratio = np.nan if part.sharpe is None else part.sharpe
            np.testing.assert_allclose(found.sharpe[row, place], ratio, rtol=1e-7, atol=1e-7)
            assert found.trades[row, place] == part.trades


def alone(whole: BacktestSpec, bars: Bars) -> BacktestSpec:
    """``whole`` on one of its symbols, with that symbol's part of the capital."""
    market = whole.market.model_copy(update={"symbols": (bars.series.symbol,)})
    part = whole.capital / len(whole.market.symbols)
    return whole.model_copy(update={"market": market, "capital": part})


@some.composite
def series(draw: some.DrawFn, least: int = 3, most: int = 200, gaps: bool = True) -> Bars:
    """A walk with gaps at the open, prices that repeat, ties, and bars with a close alone or without any price."""
    count = draw(some.integers(least, most))
    random = np.random.default_rng(draw(some.integers(0, 2**32)))
    digits = draw(some.sampled_from([0, 1, 8]))
    deviation = draw(some.sampled_from([0.0, 1e-4, 0.02, 0.1]))
    close = np.maximum(np.round(100 * np.exp(np.cumsum(random.normal(0, deviation, count))), digits), 1.0)
    before = np.concatenate(([close[0]], close[:-1]))
    open = np.maximum(np.round(before * np.exp(random.normal(0, deviation, count)), digits), 1.0)
    made = make_bars(close, open=open)
    reach = np.abs(random.normal(0, deviation, (2, count)))
    high, low = made.high * (1 + reach[0]), made.low * (1 - np.minimum(reach[1], 0.5))
    if gaps and draw(some.booleans()):
        missing = random.random(count) < draw(some.sampled_from([0.02, 0.3]))
        missing[0] = False
        whole = missing & (random.random(count) < 0.5)
        open, high, low = (np.where(missing, NAN, values) for values in (open, high, low))
        return replace(made, open=open, high=high, low=low, close=np.where(whole, NAN, close))
    return replace(made, high=high, low=low)


@some.composite
def flags(draw: some.DrawFn, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Entries and exits: rare, or in runs, or on every other bar."""
    random = np.random.default_rng(draw(some.integers(0, 2**32)))
    often = draw(some.sampled_from([0.01, 0.1, 0.5, 0.9]))
    return random.random(count) < often, random.random(count) < draw(some.sampled_from([0.02, often]))
