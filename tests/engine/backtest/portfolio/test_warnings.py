"""Warnings of a result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.sources.stored import save
from tests.support.market import make_bars, random_walk
from tests.support.stored import MADE_UP, pair, run, warned
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


HEDGED = '''
from typing import Any, Literal

from dataclasses import replace

import numpy as np

from engine.market.bars import Floats
from engine.market.panel import Panel
from engine.core.registry import plugin
from engine.strategies import Allocation


@plugin("hedged", title="Hedged")
class Hedged(Allocation):
    """Half long in the first symbol, half short in the second."""

    kind: Literal["hedged"] = "hedged"

    def label(self) -> str:
        return "Hedged"

    def weights(self, panel: Panel, inputs: Any) -> Floats:
        return np.tile([0.5, -0.5], (len(panel), 1))
'''


def test_no_trades_are_told() -> None:
    save(make_bars(np.full(40, 10.0), kind="fx"))
    result = run(MADE_UP, {"kind": "sma_cross", "fast": 3, "slow": 8})
    assert result.warnings == ("No trades: the strategy never entered in this range.",)
    assert result.metrics["sharpe"] is None
    assert result.metrics["win_rate"] is None
    assert result.metrics["exposure"] == 0
    assert result.metrics["costs"] == 0
    np.testing.assert_array_equal(result.equity, 100_000)
    assert result.trial().sharpe is None


def test_few_and_open_trades_are_told() -> None:
    save(make_bars([1.0, 2.0, 3.0], kind="fx"))
    assert run().warnings == (
        "Only 1 trade: too few to tell skill from luck.",
        "1 still open at the end, valued at the last close.",
        "Shorter than a month: CAGR, Sharpe, Sortino, Volatility, Calmar, Costs paid, Turnover, Dividends are not "
        "stated, as a few days cannot be annualised.",
    )


def test_survivors_are_told_of_shares_alone() -> None:
    assert "Survivorship bias" in warned(run({}))
    assert "Survivorship bias" not in warned(run({"collection": "dukascopy", "symbols": ["EURUSD"], "interval": "1h"}))


def test_unfilled_decision_is_told() -> None:
    close = [10.0] * 8 + [9.0, 9.0, 9.0, 20.0]
    save(make_bars(close))
    result = run(MADE_UP, {"kind": "sma_cross", "fast": 2, "slow": 5})
    assert "A decision on the last bar is left unfilled" in warned(result)


def test_short_weights_that_are_not_followed_are_said(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "hedged", HEDGED)
    market = pair(random_walk(50, seed=1), random_walk(50, seed=2, symbol="OTHER"))
    found = {side: run(market, "hedged", direction=side) for side in ("long", "both")}
    assert {side: "Negative weights were treated as zero" in warned(result) for side, result in found.items()} == {
        "long": True,
        "both": False,
    }
    assert {side: bool((result.trade_side < 0).any()) for side, result in found.items()} == {
        "long": False,
        "both": True,
    }


def test_closes_that_were_still_to_come_are_said_of_decisions_about_several_symbols() -> None:
    home = random_walk(60, seed=1)
    abroad = random_walk(60, seed=2, symbol="OTHER", timezone="Australia/Sydney")
    coin = random_walk(60, seed=3, symbol="OTHER", timezone="UTC", kind="crypto")
    rotation = {"kind": "rotation", "lookback": 5, "skip": 0, "top": 1, "every": 5}

    def told(strategy: str | dict[str, object], other: Bars, fill: str) -> bool:
        return "which was not known" in warned(run(pair(home, other), strategy, fill=fill))

    assert told(rotation, abroad, "same_close")
    assert not told(rotation, abroad, "next_open")
    assert told(rotation, coin, "same_close")
    assert not told(rotation, coin, "next_close")
    assert not told("buy_and_hold", abroad, "same_close")
    save(home)
    at_open = run(pair(abroad, replace(coin, series=replace(coin.series, symbol="COIN"))), rotation)
    assert (
        "OTHER may open again before the bar of COIN of the same date has ended, yet it is traded on that close, "
        "which was not known. Choose the fill 'Next close', or symbols with the same trading hours."
    ) in at_open.warnings


def test_nothing_is_stated_a_year_of_less_than_a_month() -> None:
    save(random_walk(20, kind="fx"))
    result = run(costs={"commission": 5, "slippage": 3})
    yearly = ("cagr", "sharpe", "sortino", "volatility", "calmar", "costs", "turnover", "dividends")
    assert [result.metrics[name] for name in yearly] == [None] * 8
    assert [result.benchmark_metrics[name] for name in yearly[:5]] == [None] * 5
    assert result.metrics["total_return"] == pytest.approx(result.equity[-1] / 100_000 - 1)
