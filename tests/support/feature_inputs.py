"""Synthetic inputs of an indicator besides its bars: other symbols of the market and series of its context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.indicators import Indicator
from engine.market.bars import Bars, Floats, Market
from engine.market.spec import MarketSpec
from tests.support.market import days, make_bars, random_walk


def point_in_time(indicator: Indicator) -> Callable[[Bars], dict[str, Floats]]:
    """``indicator`` as a function of bars, everything else being cut where they end."""
    return lambda bars: feature_inputs(indicator, bars).point_in_time(indicator)(bars)


def feature_inputs(indicator: Indicator, bars: Bars) -> FeatureInputs:
    """``bars`` with two further symbols, and ten years of history of whatever ``indicator`` asks for."""
    named = [("A", 31), ("B", 32)]
    market = Market((bars, *(_history(symbol, seed, "1d", bars.series.timezone) for symbol, seed in named)))
    asked = context_requests((indicator,), MarketSpec(symbols=("OWN",)))
    context = {}
    for name, spec in asked.items():
        symbol = bars.series.symbol if spec.symbols == ("OWN",) else spec.symbols[0]
        context[name] = Market((_history(symbol, 33, spec.interval, bars.series.timezone),))
    return FeatureInputs(market, context)


@lru_cache
def _history(symbol: str, seed: int, interval: str, timezone: str) -> Bars:
    walk = random_walk(12_000, seed, symbol=symbol, timezone=timezone)
    walk = replace(walk, time=days(12_000, "1995-01-02"))
    if interval == "1d":
        return walk
    mondays = np.arange(0, 12_000 - 7, 7)
    return make_bars(
        walk.close[mondays + 6], time=walk.time[mondays], symbol=symbol, timezone=timezone, interval=interval
    )
