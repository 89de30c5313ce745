"""Our account against Backtrader: two programs that share nothing but the signals."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.backtest.account import Account, decided, keep, one_column, rules_of, tape_of
from engine.backtest.second_opinion.backtrader_run import Repeated, repeat, version
from engine.backtest.spec import BacktestSpec
from engine.errors import DeviceError
from engine.market.bars import Bars
from engine.market.panel import align
from engine.strategies import Signals
from tests.support.market import random_walk

BARS, CASH = 500, 10_000.0
PLAIN: dict[str, Any] = {"commission": 5, "slippage": 3}
RICH: dict[str, Any] = {**PLAIN, "per_order": 1, "per_share": 0.01, "minimum": 2, "spread": 4}


def signals(seed: int, often: float = 0.06, count: int = BARS) -> Signals:
    random = np.random.default_rng(seed)
    return Signals(*(random.random(count) < often for _ in range(4)))


def request(**changes: Any) -> BacktestSpec:
    return BacktestSpec.parse({"strategy": {"kind": "sma_cross"}, "costs": PLAIN} | changes)


def both(spec: BacktestSpec, bars: Bars, given: Signals, cash: float = CASH) -> tuple[Account, Repeated]:
    size = spec.sizing.size(bars)
    rules = rules_of(spec, size, spec.costs)
    codes = one_column(decided(given, spec.direction))
    ours = keep(tape_of(align([bars])), codes, one_column(size.amount), rules, cash)
    return ours, repeat(spec, bars, given, cash)


def assert_equal(ours: Account, theirs: Repeated) -> None:
    order = np.argsort(ours.trades.entry, kind="stable")
    assert [trade.entry for trade in theirs.trades] == ours.trades.entry[order].tolist()
    assert [trade.exit for trade in theirs.trades] == ours.trades.exit[order].tolist()
    assert [trade.side for trade in theirs.trades] == ours.trades.side[order].tolist()
    for name in ("entry_price", "exit_price", "size"):
        found = [getattr(trade, name) for trade in theirs.trades]
        np.testing.assert_allclose(found, getattr(ours.trades, name)[order], rtol=1e-10, err_msg=name)
    pnl = [trade.pnl for trade in theirs.trades]
    np.testing.assert_allclose(pnl, ours.trades.pnl[order], rtol=0, atol=1e-6)
    assert theirs.equity == pytest.approx(ours.equity[-1], rel=1e-10)


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
@pytest.mark.parametrize("direction", ["long", "short", "both"])
@pytest.mark.parametrize("costs", [PLAIN, RICH], ids=["plain", "rich"])
@pytest.mark.parametrize(
    "sizing",
    [
        {"kind": "percent"},
        {"kind": "percent", "part": 0.4},
        {"kind": "value", "value": 4000},
        {"kind": "units", "units": 30},
        {"kind": "units", "units": 1000},
        {"kind": "volatility"},
    ],
    ids=lambda values: "-".join(str(value) for value in values.values()),
)
def test_both_make_the_same_trades(fill: str, direction: str, costs: dict[str, Any], sizing: dict[str, Any]) -> None:
    spec = request(fill=fill, direction=direction, costs=costs, sizing=sizing)
    ours, theirs = both(spec, random_walk(BARS, seed=3), signals(5))
    assert len(theirs.trades) > 5
    assert_equal(ours, theirs)


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
@pytest.mark.parametrize("seed", range(3))
def test_bars_without_a_price_delay_a_fill_and_never_drop_it(fill: str, seed: int) -> None:
    walk, gone = random_walk(BARS, seed=seed), np.random.default_rng(seed + 9).random(BARS) < 0.15
    gone[0] = False
    holes = {name: np.where(gone, np.nan, getattr(walk, name)) for name in ("open", "high", "low", "close")}
    ours, theirs = both(request(fill=fill, direction="both"), replace(walk, **holes), signals(seed))
    assert_equal(ours, theirs)


def test_a_trade_that_is_still_open_ends_at_the_last_close_without_a_fee() -> None:
    walk, none = random_walk(50), np.zeros(50, dtype=bool)
    ours, theirs = both(request(), walk, Signals(np.arange(50) == 10, none))
    assert_equal(ours, theirs)
    assert theirs.trades[0].exit_price == walk.close[-1]


def test_no_signal_is_no_trade() -> None:
    none = np.zeros(50, dtype=bool)
    theirs = repeat(request(), random_walk(50), Signals(none, none), CASH)
    assert theirs == Repeated((), CASH)


def test_without_the_library_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backtrader", None)
    with pytest.raises(DeviceError, match=r"pip install 'stratoscope\[backtrader\]'"):
        version()
