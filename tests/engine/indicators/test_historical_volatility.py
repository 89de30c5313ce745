"""Estimators of volatility, against their published formulas in pandas and on a process whose volatility is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.indicators.historical_volatility import (
    CloseVolatility,
    GarmanKlassVolatility,
    ParkinsonVolatility,
    RogersSatchellVolatility,
    YangZhangVolatility,
)
from engine.market.bars import Bars
from tests.support.market import make_bars, random_walk

WINDOW = 15


def wicked(seed: int = 4) -> Bars:
    """A random walk whose bars reach beyond open and close."""
    walk, random = random_walk(200, seed), np.random.default_rng(seed)
    return replace(
        walk, high=walk.high * (1 + random.uniform(0, 0.02, 200)), low=walk.low * (1 - random.uniform(0, 0.02, 200))
    )


def by_pandas(bars: Bars) -> dict[type, pd.Series]:
    o, h, low, c = (np.log(pd.Series(values)) for values in (bars.open, bars.high, bars.low, bars.close))
    night, day, up, down = o - c.shift(), c - o, h - o, low - o
    satchell = (up * (up - day) + down * (down - day)).rolling(WINDOW).mean()
    k = 0.34 / (1.34 + (WINDOW + 1) / (WINDOW - 1))
    return {
        CloseVolatility: c.diff().rolling(WINDOW).std(),
        ParkinsonVolatility: ((h - low) ** 2 / (4 * np.log(2))).rolling(WINDOW).mean() ** 0.5,
        GarmanKlassVolatility: (0.5 * (h - low) ** 2 - (2 * np.log(2) - 1) * day**2).rolling(WINDOW).mean() ** 0.5,
        RogersSatchellVolatility: satchell**0.5,
        YangZhangVolatility: (night.rolling(WINDOW).var() + k * day.rolling(WINDOW).var() + (1 - k) * satchell) ** 0.5,
    }


@pytest.mark.parametrize("cls", list(by_pandas(wicked())), ids=lambda cls: cls.__name__)
def test_against_the_formula(cls: type) -> None:
    bars = wicked()
    np.testing.assert_allclose(cls(window=WINDOW).compute(bars)["volatility"], 100 * by_pandas(bars)[cls], rtol=1e-9)


@pytest.mark.parametrize("cls", list(by_pandas(wicked())), ids=lambda cls: cls.__name__)
def test_each_finds_the_volatility_of_a_random_walk(cls: type) -> None:
    """2,000 steps of 0.05% in a bar, no gap between two: 2.236% a bar. Discrete steps miss some of the range."""
    count, steps = 1500, 2000
    moves = np.random.default_rng(0).normal(0, 0.0005, (count, steps))
    path = 100 * np.exp(np.cumsum(moves.ravel())).reshape(count, steps)
    close = path[:, -1]
    bars = replace(make_bars(close, open=np.append(100.0, close[:-1])), high=path.max(axis=1), low=path.min(axis=1))
    bars = replace(bars, high=np.maximum(bars.high, bars.open), low=np.minimum(bars.low, bars.open))
    found = cls(window=1400).compute(bars)["volatility"][-1]
    assert found == pytest.approx(100 * 0.0005 * np.sqrt(steps), rel=0.05)


@pytest.mark.parametrize("cls", list(by_pandas(wicked())), ids=lambda cls: cls.__name__)
def test_a_price_that_is_none_is_unknown_and_one_that_stands_still_has_none(cls: type) -> None:
    still = cls(window=5).compute(make_bars(np.full(20, 3.0)))["volatility"]
    np.testing.assert_array_equal(still[5:], 0)
    closes = np.full(20, 3.0)
    closes[10] = 0
    assert np.isnan(cls(window=5).compute(make_bars(closes))["volatility"][10:15]).all()
