"""vectorbt as the judge of everything that it and our own account can both do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas
import pytest
import vectorbt as vbt
from hypothesis import assume, given, settings
from hypothesis import strategies as some

import engine
from engine.backtest.account import Account
from engine.backtest.decisions import decide
from engine.backtest.fill_prices import forward_fill
from engine.backtest.measured import measured
from engine.backtest.result import REASONS, BacktestResult
from engine.backtest.simulator import simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.core.registry import info
from engine.market.bars import Bars
from engine.market.panel import align
from engine.strategies import STRATEGIES, Allocation, Signals
from tests.support import random_accounts as random
from tests.support.decided import Given, decisions_of
from tests.support.followed import runs_for
from tests.support.market import make_bars
from tests.support.random_accounts import request

CREDIT = 1e5
"""Cash that vectorbt is given on top and that is taken off its figures: it knows no borrowing."""


# -- our orders, its accounting -------------------------------------------------------------------------------------


def assert_same_books(spec: BacktestSpec, bars: Sequence[Bars], decisions: Given) -> None:
    """Equity, cash and positions that vectorbt finds for our fills are ours at every close."""
    for holding in simulate_accounts(spec, bars, decisions_of(decisions)):
        account = holding.account
        assume(not account.ruined)  # vectorbt's equity goes below zero there, ours stays at zero
        panel = align([bars[index] for index in holding.symbols])
        close = np.column_stack([forward_fill(column) for column in panel.close.T])
        theirs, rows = booked(account, np.where(np.isnan(close), 1.0, close), spec)
        ours = np.cumsum(units_of(account, close.shape), axis=0)
        np.testing.assert_allclose(theirs.assets().to_numpy()[rows], ours, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(theirs.value().to_numpy()[rows] - CREDIT, account.equity, rtol=1e-9, atol=1e-7)
        cash = account.equity - np.nansum(ours * close, axis=1)
        np.testing.assert_allclose(theirs.cash().to_numpy()[rows] - CREDIT, cash, rtol=1e-9, atol=1e-7)


def units_of(account: Account, shape: tuple[int, ...]) -> np.ndarray:
    """Units that each bar adds, (bars, symbols)."""
    found = np.zeros(shape)
    for order in account.orders:
        found[order["bar"], order["symbol"]] += order["units"]
    return found


def booked(account: Account, close: np.ndarray, spec: BacktestSpec) -> tuple[Any, np.ndarray]:
    """vectorbt's portfolio of our fills, and its rows at which our bars end.

    It takes one order a row and symbol, so each fill has a row of its own, in the order of the fills.
    """
    bar_of_row = np.append(account.orders["bar"], np.arange(len(close)))
    is_end = np.append(np.zeros(len(account.orders)), np.ones(len(close)))
    order = np.lexsort((np.arange(len(bar_of_row)), is_end, bar_of_row))
    rows, columns = len(order), close.shape[1]
    place = np.empty(rows, dtype=np.int64)
    place[order] = np.arange(rows)
    size, price, fee = (np.full((rows, columns), empty) for empty in (np.nan, np.nan, 0.0))
    for at, fill in zip(place, account.orders, strict=False):
        size[at, fill["symbol"]], price[at, fill["symbol"]] = fill["units"], fill["price"]
        fee[at, fill["symbol"]] = fill["fee"]
    rate = spec.costs.commission * 1e-4 if spec.costs.proportional else 0.0
    portfolio = vbt.Portfolio.from_orders(
        pandas.DataFrame(close[bar_of_row[order]]),
        size=size,
        price=price,
        fees=rate,
        fixed_fees=0.0 if spec.costs.proportional else fee,
        init_cash=spec.capital / (len(spec.market.symbols) if spec.cash == "separate" else 1) + CREDIT,
        cash_sharing=True,
        group_by=True,
        call_seq="default",
        freq="1D",
        engine="rust",
    )
    return portfolio, place[len(account.orders) :]


@settings(max_examples=60)
@given(some.data())
def test_vectorbt_books_our_fills_as_we_do(data: some.DataObject) -> None:
    """Every option without interest, which it does not know."""
    bars = data.draw(random.markets())
    spec = data.draw(random.requests(len(bars), rates=False))
    assert_same_books(spec, bars, data.draw(random.signals(bars)))


@settings(max_examples=30)
@given(some.data())
def test_vectorbt_books_our_rebalancing_as_we_do(data: some.DataObject) -> None:
    bars = data.draw(random.markets())
    spec = data.draw(random.requests(len(bars), rates=False, weights=True)).model_copy(update={"cash": "shared"})
    assert_same_books(spec, bars, data.draw(random.weights(bars)))


# -- our signals, its stops -----------------------------------------------------------------------------------------


def calm_at(bars: Bars, entries: np.ndarray) -> Bars:
    """``bars`` whose price does not move on the bars that fill ``entries``."""
    still = np.concatenate(([False], entries[:-1]))
    return replace(bars, **{name: np.where(still, bars.open, getattr(bars, name)) for name in ("high", "low", "close")})


def wicked_walk(seed: int, count: int = 1000) -> Bars:
    """A random walk with gaps of 1% and wicks of 1.5%, smaller than the stops that it is tried with."""
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.02, count)))
    opens = np.append(100.0, close[:-1]) * np.exp(draw.normal(0, 0.01, count))
    bars = make_bars(close, open=opens, symbol="S0")
    wick = np.abs(draw.normal(0, 0.015, (2, count)))
    return replace(bars, high=bars.high * (1 + wick[0]), low=bars.low * (1 - wick[1]))


def of_vectorbt(bars: Bars, entries: np.ndarray, stops: dict[str, float], mark: str) -> Any:
    """vectorbt's trades of entries that fill at the next open, each of a value of 50."""
    stop = stops.get("stop_loss", stops.get("trailing_stop"))
    portfolio = vbt.Portfolio.from_signals(
        bars.close,
        np.concatenate(([False], entries[:-1])),
        False,
        price=bars.open,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        size=50.0,
        size_type="value",
        fees=0.001,
        slippage=0.002,
        sl_stop=np.nan if stop is None else stop,
        sl_trail="trailing_stop" in stops,
        tp_stop=stops.get("take_profit", np.nan),
        stop_entry_price="fillprice",
        stop_exit_price="stopmarket",
        direction=f"{mark}only",
        init_cash=1000,
        val_price=bars.open,
        freq="1D",
    )
    return portfolio.trades.records


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mark", ["long", "short"])
@pytest.mark.parametrize(
    "stops",
    [
        {"stop_loss": 0.04},
        {"take_profit": 0.05},
        {"trailing_stop": 0.05},
        {"stop_loss": 0.04, "take_profit": 0.05},
        {"trailing_stop": 0.05, "take_profit": 0.08},
    ],
    ids=lambda stops: "+".join(stops),
)
def test_stops_are_vectorbts_where_it_looks(stops: dict[str, float], mark: str, seed: int) -> None:
    """The same trades, but for what vectorbt cannot do.

    It never checks the entry's bar (no price moves on ours there), takes no signal's exit on a stop's bar (there are
    none), and prefers the stop even on a bar that opens beyond the target (no bar here spans both from such an open).
    Values are small, as it knows no margin call.
    """
    bars = wicked_walk(seed)
    entries = np.random.default_rng(seed).random(len(bars)) < 0.05
    bars = calm_at(bars, entries)
    none = np.zeros(len(bars), dtype=bool)
    signals = Signals(entries, none, entries, none)
    spec = request(
        costs={"commission": 10, "slippage": 20},
        direction=mark,
        stops=stops,
        sizing={"kind": "value", "value": 50},
        financing={"maintenance": 0},
    )
    (holding,) = simulate_accounts(spec, [bars], decisions_of([signals]))
    ours = holding.account
    records = of_vectorbt(bars, entries, stops, mark)
    assert len(ours.trades.entry) > 0
    assert ours.trades.entry.tolist() == records["entry_idx"].tolist()
    assert ours.trades.exit.tolist() == records["exit_idx"].tolist()
    np.testing.assert_allclose(ours.trades.entry_price, records["entry_price"], rtol=1e-9)
    np.testing.assert_allclose(ours.trades.exit_price, records["exit_price"], rtol=1e-9)
    reasons = {REASONS[reason].replace(" ", "_") for reason in ours.trades.reason}
    assert reasons <= {*stops, "still_open"}


# -- headline figures -----------------------------------------------------------------------------------------------


def kinds() -> list[str]:
    return [name for name, cls in STRATEGIES.available().items() if not issubclass(cls, Allocation)]


@pytest.mark.usefixtures("external_values")
@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("fill", ["next_open", "next_close"])
def test_headline_figures_of_each_strategy_are_vectorbts(kind: str, fill: str) -> None:
    """Total return, Sharpe ratio, drawdown and trades on the sample, from the same signals a bar later."""
    assert info(STRATEGIES.available()[kind]).name == kind
    spec = BacktestSpec.parse(
        {
            "market": {},
            "strategy": {"kind": kind} | runs_for(kind),
            "costs": {"commission": 5, "slippage": 3},
            "fill": fill,
        }
    )
    result = engine.run(spec)
    assert isinstance(result, BacktestResult)
    inputs = {name: engine.run(item) for name, item in spec.inputs().items()}
    bars = measured(spec, inputs["market"].bars, inputs=inputs)
    (signals,) = decide(spec, bars, inputs).signals
    theirs = vbt.Portfolio.from_signals(
        bars[0].close,
        np.concatenate(([False], (signals.entries & ~signals.exits)[:-1])),
        np.concatenate(([False], signals.exits[:-1])),
        price=bars[0].open if fill == "next_open" else bars[0].close,
        fees=0.0005,
        slippage=0.0003,
        init_cash=100_000,
        direction="longonly",
        freq="1D",
        engine="rust",
    )
    found = result.metrics
    returns = theirs.returns().iloc[1:]  # it counts a return of nothing for the first bar, ours has none
    year = pandas.Timedelta(days=result.periods_per_year)  # bars a year where a bar counts as a day
    assert found["trades"] == theirs.trades.count() > 0
    assert found["total_return"] == pytest.approx(theirs.total_return(), rel=1e-9)
    assert found["max_drawdown"] == pytest.approx(theirs.max_drawdown(), rel=1e-9)
    assert found["sharpe"] == pytest.approx(returns.vbt.returns(freq="1D", year_freq=year).sharpe_ratio(), rel=1e-9)
