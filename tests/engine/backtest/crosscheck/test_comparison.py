"""The cross-check: how trades find each other, what it says of them, and that it agrees about real runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.crosscheck.comparison import BOTH, OURS, REASONS, THEIRS, Crosscheck, compare
from engine.backtest.crosscheck.position import BacktraderTrade
from engine.backtest.crosscheck.repeat import BacktraderRun
from engine.backtest.crosscheck.spec import CrosscheckSpec
from engine.backtest.crosscheck.trader import GAP, MARGIN
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.store import decode, encode
from engine.market.sources.stored import save
from engine.strategies import STRATEGIES, Allocation
from tests.support.followed import follows, runs_for
from tests.support.market import days, random_walk
from tests.support.results import make_result, trade
from tests.support.workspace import Workspace

COSTS: dict[str, Any] = {"commission": 5, "slippage": 3}
MARKET: dict[str, Any] = {"collection": "made-up", "symbols": ["ONE", "TWO"]}


def backtest(**changes: Any) -> BacktestSpec:
    base = {"market": MARKET, "strategy": {"kind": "sma_cross", "fast": 3, "slow": 10}, "costs": COSTS}
    return BacktestSpec.parse(base | changes)


def opinion(
    trades: list[dict[str, Any]],
    repeated: list[BacktraderTrade],
    own: dict[str, int] | None = None,
    rejected: int = 0,
    equity: float = 1010.0,
) -> Crosscheck:
    result: BacktestResult = make_result(np.full(40, 1000.0), trades, symbols=("ONE",))
    other = np.append(np.full(39, 1000.0), equity)
    return compare(
        "Made up", result, [BacktraderRun((0,), days(40), other, tuple(repeated), rejected, own or {})], "1.0"
    )


def test_trades_find_each_other_by_symbol_side_and_entry() -> None:
    ours = [
        trade("2020-01-02", "2020-01-07", 10.0),
        trade("2020-01-11", "2020-01-16", 20.0),
        trade("2020-01-21", "2020-01-26", 30.0, side=-1),
    ]
    theirs = [
        BacktraderTrade(0, 1, 1, 6, 100.0, 101.0, 10.0, 10.0),
        BacktraderTrade(0, 1, 10, 15, 100.0, 102.5, 10.0, 25.0),
        BacktraderTrade(0, 1, 20, 25, 100.0, 103.0, 10.0, 30.0),
    ]
    found = opinion(ours, theirs)
    assert found.found.tolist() == [BOTH, BOTH, OURS, THEIRS]
    assert found.agrees().tolist() == [True, False, False, False]
    assert found.differences().tolist() == [0.0, 5.0, -30.0, 30.0]
    assert np.isnan(found.other_pnl[2])
    assert np.isnat(found.exit_time[3])
    assert found.entry_time[3] == days(40)[20]
    assert found.sentence() == (
        "Backtrader agrees on 1 of 4 trades, 1 only here, 1 only there. "
        "The profits of the others differ by 65.00 USD in all."
    )
    assert found.difference() == pytest.approx(0.01)
    assert found.farthest() == (39, 10.0)


SAME: dict[str, Any] = {"exit": 6, "entry_price": 100.0, "exit_price": 101.0, "size": 10.0, "pnl": 10.0}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"exit": 7}, "exit time"),
        ({"size": 10.1}, "size"),
        ({"entry_price": 100.1}, "price in"),
        ({"exit_price": 101.1}, "price out"),
        ({"pnl": 9.0}, "costs"),
        ({"size": 10.0 * (1 + 1e-12)}, ""),
    ],
    ids=str,
)
def test_a_difference_has_a_reason(change: Mapping[str, Any], reason: str) -> None:
    ours = [trade("2020-01-02", "2020-01-07", 10.0, exit_price=101.0)]
    found = opinion(ours, [BacktraderTrade(symbol=0, side=1, entry=1, **SAME | change)])
    assert [REASONS[index] for index in found.reasons()] == [reason]


def test_no_trades_on_either_side_is_said() -> None:
    assert opinion([], []).sentence() == "Neither account traded."


def test_equal_trades_with_another_equity_are_not_called_the_same() -> None:
    ours = [trade("2020-01-02", "2020-01-07", 10.0, exit_price=101.0)]
    theirs = [BacktraderTrade(symbol=0, side=1, entry=1, **SAME)]
    apart = "Backtrader agrees on the trades: the only trade is the same. The equity is up to 10.00 USD apart."
    assert opinion(ours, theirs).sentence() == apart
    whole = "Backtrader agrees: the only trade is the same, and so is the equity at every close."
    assert opinion(ours, theirs, equity=1000.0).sentence() == whole


def test_what_backtrader_has_no_order_for_is_counted_in_the_notes() -> None:
    first, second, third, last = opinion([], [], {MARGIN: 1, GAP: 2}, rejected=3).notes
    assert first.startswith("1 position was closed by a margin call.")
    assert second.startswith("2 bars opened beyond the target.")
    assert third == "Backtrader rejected 3 orders for lack of cash."
    assert "not the strategy" in last


def test_it_survives_the_store() -> None:
    found = opinion([trade("2020-01-02", "2020-01-07", 10.0)], [])
    again = decode(encode(found), Crosscheck)
    assert again.summary() == found.summary()
    assert again.found.tolist() == found.found.tolist()


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
@pytest.mark.parametrize("direction", ["long", "both"])
def test_a_run_and_its_crosscheck_agree(workspace: Workspace, fill: str, direction: str) -> None:
    save(random_walk(400, seed=1, symbol="ONE"))
    save(random_walk(300, seed=2, symbol="TWO"))
    spec = CrosscheckSpec(backtest=backtest(fill=fill, direction=direction))
    found = engine.run(engine.load_spec(spec.model_dump(mode="json")))
    assert found.agrees().all()
    assert len(found.found) > 10
    assert found.difference() == pytest.approx(0.0, abs=1e-9)
    assert found.sentence().startswith("Backtrader agrees: all ")
    assert set(found.symbol.tolist()) == {0, 1}


CALLS: tuple[dict[str, Any], ...] = (
    {"stops": {"stop_loss": 0.05, "take_profit": 0.08}},
    {"stops": {"trailing_stop": 0.06, "time_stop": 10}, "cash": "shared", "rebalance": "month"},
    {"fill": "limit", "limit_offset": 30, "sizing": {"kind": "volatility"}, "cash": "shared", "rebalance": "week"},
    {
        "direction": "both",
        "sizing": {"kind": "percent", "part": 1.5},
        "financing": {"leverage": 2, "borrow_cost": 0.03, "margin_rate": 0.06, "cash_yield": 0.02},
    },
)
WEIGHED: tuple[dict[str, Any], ...] = (
    {"direction": "both", "fill": "next_close", "costs": {**COSTS, "minimum": 5, "volume_impact": 0.1}},
    {"direction": "both", "stops": {"stop_loss": 0.08}, "financing": {"leverage": 1.5, "borrow_cost": 0.03}},
)
SYMBOLS = {"pairs": ["AAPL", "META"]}
KINDS = sorted(STRATEGIES.available())
YEARS = {"start": "2018-01-01", "end": "2020-06-30"}


@pytest.mark.usefixtures("external_values")
@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_about_every_strategy_on_the_sample(kind: str) -> None:
    """Each at its defaults on a few years (a model on those that it was not trained on), with the options in turn."""
    weighs = issubclass(STRATEGIES.available()[kind], Allocation)
    options = WEIGHED if weighs else CALLS
    symbols = ["NVDA"] if follows(kind) else SYMBOLS.get(kind, ["AAPL", "NVDA", "NFLX"])
    changes = {
        "market": {"symbols": symbols, **({} if follows(kind) else YEARS)},
        "strategy": {"kind": kind} | runs_for(kind),
        **options[KINDS.index(kind) % len(options)],
    }
    found = engine.run(CrosscheckSpec(backtest=backtest(**changes)))
    assert len(found.found) > 0
    assert "every close" in found.sentence(), found.sentence()
