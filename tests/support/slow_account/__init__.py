"""A second account, written from the documented rules alone: loops in plain Python, one rule at a time, no speed.

The compiled account must agree with it. ``slow_accounts`` takes what ``engine.backtest.portfolio.keep_accounts``
takes and shares nothing with it but the request and the bars.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from engine.backtest.costs import Costs
from engine.backtest.sizings.percent import Percent
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars
from engine.strategies import Signals
from tests.support.slow_account.account import SlowAccount
from tests.support.slow_account.records import Order

YEAR = 365.2425 * 86_400_000


def asked_for(signals: Signals, direction: str, t: int) -> str:
    """What ``signals`` ask for at the close of bar ``t``, following one side or both; "" is nothing."""

    def at(flags: np.ndarray | None) -> bool:
        return flags is not None and bool(flags[t])

    go_long = direction != "short" and at(signals.entries) and not at(signals.exits)
    go_short = direction != "long" and at(signals.short_entries) and not at(signals.short_exits)
    end_long = direction != "short" and at(signals.exits)
    end_short = direction != "long" and at(signals.short_exits)
    if go_long != go_short:
        return "long" if go_long else "short"
    if end_long and end_short:
        return "exit"
    return "exit long" if end_long else "exit short" if end_short else ""


def slow_accounts(
    spec: BacktestSpec, bars: Sequence[Bars], decisions: Sequence[Signals] | np.ndarray, costs: Costs | None = None
) -> list[SlowAccount]:
    """The accounts of ``spec`` that follow ``decisions``: one for all symbols, or one for each."""
    costs = spec.costs if costs is None else costs
    if isinstance(decisions, np.ndarray):
        part = spec.sizing.part if isinstance(spec.sizing, Percent) else 1.0
        orders = [
            [None if np.isnan(weight) else Order("weight", "rebalance", float(weight) * part) for weight in row]
            for row in decisions
        ]
        return [_account(spec, costs, bars, orders, spec.capital)]
    if spec.cash == "shared":
        resize = _resizing(spec, bars)
        return [_account(spec, costs, bars, _orders(spec, bars, decisions), spec.capital, resize)]
    return [
        _account(spec, costs, [item], _orders(spec, [item], [signals]), spec.capital / len(bars))
        for item, signals in zip(bars, decisions, strict=True)
    ]


def _calendar(bars: Sequence[Bars]) -> list[int]:
    return sorted({int(moment) for item in bars for moment in item.time.astype("datetime64[ms]").astype(np.int64)})


def _orders(spec: BacktestSpec, bars: Sequence[Bars], decisions: Sequence[Signals]) -> list[list[Order | None]]:
    time = _calendar(bars)
    found: list[list[Order | None]] = [[None] * len(bars) for _ in time]
    for symbol, (item, signals) in enumerate(zip(bars, decisions, strict=True)):
        amount, stops = _sizes(spec, item)
        for t, moment in enumerate(item.time.astype("datetime64[ms]").astype(np.int64)):
            ask = asked_for(signals, spec.direction, t)
            if ask:
                found[time.index(int(moment))][symbol] = Order(ask, "signal", amount[t], stop=stops[t])
    return found


def _sizes(spec: BacktestSpec, item: Bars) -> tuple[list[float], list[float]]:
    """Sizes and distances of the stop, bar by bar; without a distance above zero there is no size."""
    sizes = [float(size) for size in spec.sizing.size(item).amount]
    found = spec.stops.distances(item)
    if found is None:
        return sizes, [math.nan] * len(sizes)
    stops = [float(stop) for stop in found]
    return [size if 0 < stop < math.inf else math.nan for size, stop in zip(sizes, stops, strict=True)], stops


def _resizing(spec: BacktestSpec, bars: Sequence[Bars]) -> list[list[float]]:
    """Amounts of each symbol at the first bar of each period, those of its last bar by then; nothing at others."""
    zones = {"UTC" if item.series.interval == "1d" else item.series.timezone for item in bars}
    time = [
        min(datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).date() for zone in zones)
        for moment in _calendar(bars)
    ]
    period = {
        "never": lambda day: 0,
        "day": lambda day: day,
        "week": lambda day: day.isocalendar()[:2],
        "month": lambda day: (day.year, day.month),
        "quarter": lambda day: (day.year, (day.month - 1) // 3),
    }[spec.rebalance]
    begins = [False] + [period(after) != period(before) for before, after in pairwise(time)]
    amounts = [[math.nan] * len(bars) for _ in time]
    for symbol, item in enumerate(bars):
        own, known = _calendar([item]), _sizes(spec, item)[0]
        for row, moment in enumerate(_calendar(bars)):
            earlier = [float(amount) for at, amount in zip(own, known, strict=True) if at <= moment]
            amounts[row][symbol] = earlier[-1] if earlier else math.nan
    return [row if begin else [] for row, begin in zip(amounts, begins, strict=True)]


def _account(
    spec: BacktestSpec,
    costs: Costs,
    bars: Sequence[Bars],
    orders: list[list[Order | None]],
    cash: float,
    resize: list[list[float]] | None = None,
) -> SlowAccount:
    time = _calendar(bars)
    columns = {name: np.full((len(time), len(bars)), np.nan) for name in ("open", "high", "low", "close", "volume")}
    columns |= {"dividend": np.zeros((len(time), len(bars))), "shares": np.ones((len(time), len(bars)))}
    for symbol, item in enumerate(bars):
        volume = item.volume if item.traded is None else item.traded
        for t, moment in enumerate(item.time.astype("datetime64[ms]").astype(np.int64)):
            for name in ("open", "high", "low", "close"):
                columns[name][time.index(int(moment)), symbol] = getattr(item, name)[t]
            columns["volume"][time.index(int(moment)), symbol] = volume[t]
            if item.shares is not None and not math.isnan(item.shares[t]):
                columns["shares"][time.index(int(moment)) :, symbol] = item.shares[t]
        paid = item.dividends
        for moment, each in [] if paid is None else zip(paid.time, paid.cash, strict=True):
            row = time.index(int(moment.astype("datetime64[ms]").astype(np.int64)))
            columns["dividend"][row, symbol] = each
    years = [0.0] + [(after - before) / YEAR for before, after in pairwise(time)]
    size = spec.sizing.size(bars[0])
    kelly = (size.scale, size.cap, size.trades, size.measure)
    return SlowAccount(spec, costs, columns, years, orders, cash, resize, *kelly).run()
