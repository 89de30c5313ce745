"""A backtest on hourly bars in a real browser: its Sharpe ratio is not taken at the word of correlated hours."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import engine
from dashboard.state import to_query
from engine.backtest.spec import BacktestSpec
from engine.core.config import PATH_VARIABLE, settings
from engine.market.sources.stored import save
from tests.e2e.visitor import Visitor
from tests.support.market import make_bars
from tests.support.workbench import Server

pytestmark = pytest.mark.e2e


def test_hours_that_share_the_return_of_their_day_are_named(
    workbench: Server, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = np.random.default_rng(5).normal(0.003, 0.01, 120)
    close = 100 * np.cumprod(np.repeat(1 + daily, 24) ** (1 / 24))
    time = np.datetime64("2021-01-01", "h") + np.arange(len(close))
    monkeypatch.setenv(PATH_VARIABLE, str(workbench.config))
    settings.cache_clear()
    save(make_bars(close, time=time, symbol="SMOOTH", interval="1h", kind="crypto", timezone="UTC"))
    spec = BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ("SMOOTH",), "interval": "1h"},
            "strategy": {"kind": "buy_and_hold"},
            "costs": {"commission": 0, "slippage": 0},
        }
    )
    account = engine.run(spec)
    settings.cache_clear()
    closes = pd.Series(account.equity, index=pd.DatetimeIndex(account.time)).resample("1D").last().to_numpy()
    returns = closes / np.append(account.equity[0], closes[:-1]) - 1
    by_day = returns.mean() / returns.std(ddof=1) * np.sqrt(365.2425)
    visitor.open(f"/backtest?spec={to_query(spec)}")
    visitor.sees("Returns within a day are correlated, which flatters the Sharpe ratio of bars")
    told = re.search(r"by trading days it is ([\d.]+), not (\d+\.\d+)", visitor.js("return document.body.innerText"))
    assert told is not None
    assert float(told[1]) == pytest.approx(by_day, rel=0.02)
    assert float(told[2]) > 4 * by_day
