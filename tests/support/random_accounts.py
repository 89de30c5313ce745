"""Random small markets, requests and decisions: prices from few steps so that levels are touched, missed and tied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as some

from engine.backtest.spec import BacktestSpec
from engine.market.actions import Dividends
from engine.market.bars import Bars
from engine.strategies import Signals
from tests.support.market import make_bars

COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")
JUMPS = (1.0, 1.0, 1.0, 0.99, 1.02, 0.95, 1.05, 0.8, 1.25)
MOVES = (1.0, 1.01, 0.99, 1.04, 0.96, 1.1, 0.9, 0.75, 1.3)
WICKS = (1.0, 1.0, 1.01, 1.05, 1.3)
PAID = (0.0, 0.0, 0.0, 0.1, 2.0)
VOLUMES = (50.0, 100.0, 400.0, 1000.0)
SHARES = (1.0, 0.5, 0.1, 2.0)
NAN = float("nan")


def names(count: int) -> list[str]:
    return [f"S{index}" for index in range(count)]


def request(symbols: int = 1, **more: Any) -> BacktestSpec:
    """A request for ``symbols`` made-up symbols, free of costs unless they are given; 1,000 of capital."""
    return BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": names(symbols), "adjustment": "none"},
            "strategy": {"kind": "buy_and_hold"},
            "costs": {"commission": 0, "slippage": 0},
            "capital": 1000.0,
            **more,
        }
    )


def without(bars: Bars, missing: Sequence[bool], what: str) -> Bars:
    """``bars`` that lack those marked: as rows, as prices of rows that are there, or all prices but the close."""
    gone = np.array([False, *missing[1:]])
    if what == "rows":
        return replace(bars, **{name: getattr(bars, name)[~gone] for name in ("time", *COLUMNS)})
    columns = COLUMNS if what == "prices" else COLUMNS[:3]
    return replace(bars, **{name: np.where(gone, NAN, getattr(bars, name)) for name in columns})


def in_units(bars: Bars, shares: np.ndarray) -> Bars:
    """``bars`` whose units are these shares of the day, of which ``volume`` are traded; no price, no telling."""
    known = np.where(np.isnan(bars.close), NAN, shares)
    return replace(bars, shares=known, traded=bars.volume / known, volume=np.full(len(bars), NAN))


@some.composite
def markets(draw: Any, most: int = 3, missing: bool = True, paying: bool = False) -> list[Bars]:
    """One to ``most`` symbols on a calendar with holes; some lack bars, have units that are no shares of the day, or
    pay dividends if there may be any.
    """
    count = draw(some.integers(2, 14))
    days = np.cumsum(draw(some.lists(some.sampled_from((1, 1, 3, 30)), min_size=count, max_size=count)))
    time = (np.datetime64("2020-01-01", "D") + days).astype("datetime64[ms]")
    step = some.tuples(*(some.sampled_from(steps) for steps in (JUMPS, MOVES, WICKS, WICKS, VOLUMES)))
    found = []
    for name in names(draw(some.integers(1, most))):
        last, rows = draw(some.sampled_from((10.0, 20.0, 50.0))), []
        for jump, move, above, below, volume in draw(some.lists(step, min_size=count, max_size=count)):
            opens, last = last * jump, last * jump * move
            rows.append((opens, max(opens, last) * above, min(opens, last) / below, last, volume))
        opens_, high, low, close, volume_ = np.array(rows).T
        bars = replace(make_bars(close, open=opens_, time=time, symbol=name), high=high, low=low, volume=volume_)
        if missing and draw(some.booleans()):
            gone = draw(some.lists(some.sampled_from((False, False, False, True)), min_size=count, max_size=count))
            bars = without(bars, gone, draw(some.sampled_from(("rows", "prices", "all but closes"))))
        if draw(some.booleans()):
            bars = in_units(bars, np.array([draw(some.sampled_from(SHARES)) for _ in range(len(bars))]))
        if paying and draw(some.booleans()):
            cash = np.array(draw(some.lists(some.sampled_from(PAID), min_size=len(bars), max_size=len(bars))))
            bars = replace(bars, dividends=Dividends(bars.time[cash > 0], cash[cash > 0]))
        found.append(bars)
    return found


COSTS = some.fixed_dictionaries(
    {"commission": some.sampled_from((0, 10, 50)), "slippage": some.sampled_from((0, 20))},
    optional={
        "per_order": some.just(1),
        "per_share": some.just(0.05),
        "minimum": some.sampled_from((2, 5)),
        "spread": some.just(20),
        "volume_impact": some.sampled_from((0.1, 1.0)),
        "volume_limit": some.sampled_from((0.1, 0.5)),
    },
)
SIZINGS = some.sampled_from(
    [
        *({"kind": "percent", "part": part} for part in (1.0, 1.0, 0.3, 1.5)),
        *({"kind": "value", "value": value} for value in (300.0, 700.0, 3000.0)),
        *({"kind": "units", "units": units} for units in (5.0, 30.0, 200.0)),
        {"kind": "volatility", "target": 1.0, "window": 2, "largest": 0.8},
        {"kind": "volatility", "target": 0.2, "window": 2, "largest": 2.0},
        {"kind": "kelly", "scale": 0.5, "cap": 0.4, "first": 0.25, "trades": 2},
        {"kind": "kelly", "scale": 2.0, "cap": 2.0, "first": 1.2, "trades": 2},
    ]
)
FURTHER = {
    "take_profit": some.sampled_from((0.03, 0.1)),
    "trailing_stop": some.sampled_from((0.04, 0.08)),
    "time_stop": some.sampled_from((1, 2, 4)),
}
BY_BAR = ("(high - low) / close", "0.08 if close > open else 0.03", "abs(change(close, 1))", "1 - close / open")
NUMBERED = some.fixed_dictionaries({}, optional={"stop_loss": some.sampled_from((0.02, 0.05, 0.1)), **FURTHER})
STOPS = NUMBERED | some.fixed_dictionaries({"stop_expression": some.sampled_from(BY_BAR)}, optional=FURTHER)
CREDIT = {"leverage": some.sampled_from((0.5, 2.0, 5.0)), "maintenance": some.sampled_from((0.0, 0.5))}
RATES = {
    "cash_yield": some.sampled_from((0.05, -0.1)),
    "borrow_cost": some.just(0.5),
    "margin_rate": some.just(0.1),
}


@some.composite
def requests(draw: Any, symbols: int, rates: bool = True, weights: bool = False) -> BacktestSpec:
    """Any combination of options; ``rates`` with interest, ``weights`` what an allocation may have."""
    fills = ("next_open", "next_close", "same_close") if weights else ("next_open", "next_close", "same_close", "limit")
    return request(
        symbols,
        costs=draw(COSTS),
        fill=draw(some.sampled_from(fills)),
        limit_offset=draw(some.sampled_from((0, 100, 500))),
        limit_bars=draw(some.sampled_from((1, 3))),
        direction=draw(some.sampled_from(("long", "short", "both"))),
        cash=draw(some.sampled_from(("shared", "separate"))),
        rebalance="never" if weights else draw(some.sampled_from(("never", "day", "week", "month"))),
        sizing={"kind": "percent", "part": draw(some.sampled_from((1.0, 0.6)))} if weights else draw(SIZINGS),
        stops=draw(NUMBERED if weights else STOPS),
        financing=draw(some.fixed_dictionaries({}, optional=CREDIT | (RATES if rates else {}))),
    )


@some.composite
def signals(draw: Any, bars: Sequence[Bars]) -> list[Signals]:
    """Decisions for each symbol: few, or many."""
    flags = some.sampled_from(draw(some.sampled_from([(False, True), (False, False, False, True)])))
    return [
        Signals(*(np.array(draw(some.lists(flags, min_size=len(item), max_size=len(item)))) for _ in range(4)))
        for item in bars
    ]


@some.composite
def weights(draw: Any, bars: Sequence[Bars]) -> np.ndarray:
    """Weights of an allocation on the union of the calendars, most of them no decision."""
    count = len(np.unique(np.concatenate([item.time for item in bars])))
    weight = some.sampled_from((NAN, NAN, 0.0, 0.3, 0.5, 1.0, -0.4, -1.0))
    row = some.lists(weight, min_size=len(bars), max_size=len(bars))
    return np.array(draw(some.lists(row, min_size=count, max_size=count)))
