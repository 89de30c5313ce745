"""Stretches of a backtest against whole ones, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.decisions import SignalDecisions
from engine.backtest.measured import measured
from engine.backtest.portfolio import run_portfolio
from engine.backtest.segment import Segment, simulate_from, simulate_measured
from engine.backtest.spec import BacktestSpec
from engine.core.progress import silent
from engine.market.bars import Bars, Market
from engine.strategies import Signals
from tests.support.market import cut, days, make_bars, random_walk

NO_COSTS = {"commission": 0, "slippage": 0}
COSTS = {"commission": 10, "slippage": 5, "spread": 4, "per_order": 1, "per_share": 0.01, "minimum": 2}
CROSS = {"kind": "sma_cross", "fast": 3, "slow": 8}


def spec(
    strategy: Any = CROSS, costs: Any = NO_COSTS, symbols: tuple[str, ...] = ("TEST",), **more: Any
) -> BacktestSpec:
    market = {"collection": "made-up", "symbols": symbols, "adjustment": "none"}
    return BacktestSpec.parse({"market": market, "strategy": strategy, "costs": costs, **more})


def run(backtest: BacktestSpec, bars: list[Bars], start: str | np.datetime64 = "2020-01-01", **how: bool) -> Segment:
    return simulate_from(backtest, bars, {"market": Market(tuple(bars))}, np.datetime64(start, "ms"), **how)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"costs": COSTS},
        {"direction": "both", "stops": {"stop_loss": 0.05, "take_profit": 0.1}},
        {"fill": "same_close"},
        {"fill": "limit", "limit_offset": 30},
        {"sizing": {"kind": "volatility", "window": 5}},
        {"financing": {"cash_yield": 0.05, "leverage": 2}, "sizing": {"kind": "percent", "part": 1.5}},
        {"strategy": {"kind": "volatility_target"}},
    ],
)
def test_a_stretch_from_the_first_bar_on_is_the_backtest(more: dict[str, Any]) -> None:
    """As a sweep keeps it, and but for the close before it as a test begins that takes nothing along."""
    bars = random_walk(400)
    backtest = spec(**{"strategy": CROSS, **more})
    inputs = {"market": Market((bars,))}
    whole = run_portfolio(backtest, inputs, silent)
    part = simulate_measured(backtest, measured(backtest, [bars]), inputs)
    if not backtest.strategy.carries_decisions:
        test = run(backtest, [bars], whole.time[0])
        np.testing.assert_allclose(test.equity / test.equity[0], part.equity / part.equity[0], rtol=1e-12)
    np.testing.assert_allclose(part.equity, whole.equity, rtol=1e-12)
    assert part.trades == whole.metrics["trades"]
    for name in ("total_return", "sharpe", "max_drawdown", "cagr"):
        assert part.metrics()[name] == pytest.approx(whole.metrics[name], rel=1e-12)


def test_several_symbols_on_calendars_of_their_own() -> None:
    one, other = random_walk(300), random_walk(250, seed=1, symbol="OTHER", time=days(250, "2020-02-01"))
    backtest = spec(symbols=("TEST", "OTHER"), cash="shared", direction="both", costs=COSTS)
    inputs = {"market": Market((one, other))}
    whole = run_portfolio(backtest, inputs, silent)
    part = simulate_measured(backtest, measured(backtest, [one, other]), inputs)
    np.testing.assert_allclose(part.equity, whole.equity, rtol=1e-12)


def test_what_was_decided_before_the_stretch_is_not_followed() -> None:
    """Up from the third bar on: the only entry lies before the segment."""
    bars = make_bars([10, 9, 8, 9, 10, 11, 12, 13, 14, 15])
    part = run(spec({"kind": "sma_cross", "fast": 2, "slow": 3}), [bars], "2020-01-07")
    assert part.trades == 0
    assert part.held_before
    np.testing.assert_array_equal(part.equity, np.full(4, 100_000))
    assert part.time[0] == np.datetime64("2020-01-07")


def test_a_position_can_be_taken_along() -> None:
    """It is entered at the first open of the segment."""
    close = np.array([10, 9, 8, 9, 10, 11, 12, 13, 14, 15.0])
    bars = make_bars(close, open=close - 0.5)
    part = run(spec({"kind": "sma_cross", "fast": 2, "slow": 3}), [bars], "2020-01-07", resume=True)
    np.testing.assert_allclose(part.equity, 100_000 * np.array([12, 13, 14, 15]) / 11.5)


def test_a_position_that_was_left_is_not_taken_along() -> None:
    bars = make_bars([10, 9, 8, 9, 10, 9, 8, 7, 6, 5])
    part = run(spec({"kind": "sma_cross", "fast": 2, "slow": 3}), [bars], "2020-01-09", resume=True)
    assert (part.trades, part.held_before) == (0, False)


def test_weights_can_be_taken_along() -> None:
    bars = random_walk(200)
    backtest = spec({"kind": "volatility_target", "window": 20})
    start = bars.time[100]
    flat, standing = run(backtest, [bars], start), run(backtest, [bars], start, resume=True)
    assert flat.held_before
    assert standing.held_before
    assert standing.equity[0] != 100_000
    assert standing.trades >= flat.trades


@pytest.mark.parametrize("direction", ["long", "short"])
def test_selling_at_the_end_costs_what_a_fill_costs(direction: str) -> None:
    """One more bar that opens at the last close, on which the strategy leaves by itself, gives the same money."""
    close = [10, 11, 12, 11, 10, 9, 8, 7.5, 9] if direction == "short" else [10, 9, 8, 9, 10, 11, 12, 12.5, 11]
    bars = make_bars([*close, close[-1]])
    backtest = spec({"kind": "sma_cross", "fast": 2, "slow": 3}, COSTS, direction=direction)
    closed = run(backtest, [cut(bars, 9)], close=True)
    held = run(backtest, [cut(bars, 9)])
    left = run(backtest, [bars])
    assert held.trades == 1
    assert closed.equity[-1] < held.equity[-1]
    np.testing.assert_array_equal(closed.equity[:-1], held.equity[:-1])
    assert closed.equity[-1] == pytest.approx(left.equity[-1], rel=1e-12)


def test_nothing_held_costs_nothing_to_leave() -> None:
    bars = make_bars([10, 9, 8, 9, 10, 9, 8, 7, 6, 5])
    backtest = spec({"kind": "sma_cross", "fast": 2, "slow": 3}, COSTS)
    np.testing.assert_array_equal(run(backtest, [bars], close=True).equity, run(backtest, [bars]).equity)


def test_indicators_and_sizes_know_the_bars_before() -> None:
    """A segment equals the tail of a backtest that does not trade before it; here the first entry lies inside."""
    bars = random_walk(300, seed=3)
    for more in ({}, {"sizing": {"kind": "volatility", "window": 60}}, {"financing": {"cash_yield": 0.05}}):
        backtest = spec({"kind": "sma_cross", "fast": 20, "slow": 100}, **more)
        whole = run_portfolio(backtest, {"market": Market((bars,))}, silent)
        entry = int(np.searchsorted(whole.time, whole.trade_entry_time[0]))
        start = entry - 1  # the decision is the segment's first
        part = run(backtest, [bars], whole.time[start])
        np.testing.assert_allclose(part.equity / part.equity[0], whole.equity[start:] / whole.equity[start], rtol=1e-9)


def test_a_stretch_begins_with_its_capital_whatever_cash_has_earned_before() -> None:
    bars = random_walk(300)
    part = run(spec(financing={"cash_yield": 0.1}, strategy={"kind": "sma_cross", "fast": 20, "slow": 299}), [bars],
               bars.time[200])  # fmt: skip
    grown = 100_000 * np.cumprod(np.full(100, 1 + 0.1 / 365.2425))
    np.testing.assert_allclose(part.equity, grown, rtol=1e-9)


@given(seed=st.integers(0, 1000), start=st.integers(0, 150), stop=st.integers(152, 200))
def test_nothing_behind_the_end_and_nothing_but_indicators_before_the_start(seed: int, start: int, stop: int) -> None:
    """Compounded returns inside the segment follow from its own bars and from the strategy's decisions there."""
    bars = random_walk(200, seed=seed)
    part = run(spec(costs=COSTS), [cut(bars, stop)], bars.time[start], close=True)
    assert len(part.time) == stop - start
    assert part.time[0] == bars.time[start]
    assert part.time[-1] == bars.time[stop - 1]
    assert part.equity[0] == part.capital  # flat at the close of the first bar: it fills at the next open


@pytest.mark.parametrize(
    ("marks", "held"),
    [
        ("L.y..", "L"),
        ("L.x..", ""),
        ("S.x..", "S"),
        ("S.y.x", ""),
        ("Lxy..", ""),
        ("y.L.x", ""),
        ("LyS.x", "S"),
        ("xy...", ""),
    ],
)
def test_the_exit_of_a_side_that_is_not_held_is_no_last_decision(marks: str, held: str) -> None:
    """L and S enter long and short, x and y exit long and short; a sixth bar begins with what was held by then."""
    bars = random_walk(6)
    signals = Signals(*(np.array([mark == one for mark in marks + "."]) for one in "LxSy"))
    known = SignalDecisions(signals=(signals,))
    start = bars.time[5]
    assert known.in_position_before(start, [bars], "both") == bool(held)
    (resumed,) = known.since(start, [bars], "both", resume=True).signals
    assert (resumed.entries[4], resumed.short_entries[4]) == (held == "L", held == "S")
