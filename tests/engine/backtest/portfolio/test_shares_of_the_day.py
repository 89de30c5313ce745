"""Costs and limits by the share or by volume, on prices adjusted for splits and dividends.

100 a share, split 10 for 1 on the thirty-first day: 10,000 are 100 shares before it, whatever prices show them as.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.result import BacktestResult
from engine.backtest.segment import simulate_from
from engine.market import catalog
from engine.market.sources.stored import save
from tests.support.market import make_bars
from tests.support.stored import MADE_UP, NO_COSTS, run, spec, warned

pytestmark = pytest.mark.usefixtures("workspace")

BEFORE = np.arange(60) < 30
ADJUSTED = ("splits", "total_return")
SHORTLY = {"stops": {"time_stop": 5}}


def split(**about: Any) -> None:
    """1,000 shares a day, then 10,000 of a tenth of the price."""
    bars = make_bars(np.where(BEFORE, 100.0, 10.0), adj_close=np.full(60, 10.0), **about)
    save(replace(bars, volume=np.where(BEFORE, 1e3, 1e4)))


def paying() -> None:
    """1,000 shares a day at 100, of which half is paid out on the thirty-first day and comes back."""
    bars = make_bars(np.full(60, 100.0), adj_close=np.where(BEFORE, 50.0, 100.0))
    save(replace(bars, splits=np.ones(60), dividend_per_share=np.where(np.arange(60) == 30, 50.0, 0.0)))


def bought(adjustment: str, costs: dict[str, float], **more: Any) -> BacktestResult:
    return run(MADE_UP | {"adjustment": adjustment}, costs=NO_COSTS | costs, **more)


def paid(result: BacktestResult) -> float:
    return float(result.trade_size[0] * result.trade_entry_price[0])


@pytest.mark.parametrize("adjustment", ADJUSTED)
@pytest.mark.parametrize(("capital", "filled"), [(5e3, 5e3), (1e4, 1e4), (2e4, 1e4)])
def test_volume_limit_is_the_same_part_of_the_value_traded(adjustment: str, capital: float, filled: float) -> None:
    """A tenth of the 100,000 that change hands a day."""
    split()
    assert paid(bought(adjustment, {"volume_limit": 0.1}, capital=capital)) == pytest.approx(filled)


@pytest.mark.parametrize("adjustment", ["none", *ADJUSTED])
def test_dividends_change_neither_limit_nor_impact(adjustment: str) -> None:
    """10,000 at 100 are a tenth of 1,000 shares; a tenth of the square of that on top is a price a thousandth higher,
    at which they buy 100 / 1.001 shares: twice as many units of prices half as high.
    """
    paying()
    limited = bought(adjustment, {"volume_limit": 0.1}, capital=2e4)
    assert paid(limited) == pytest.approx(1e4)
    dearer = bought(adjustment, {"volume_impact": 0.1}, capital=1e4)
    quote = 50 if adjustment == "total_return" else 100
    taken = 1e4 / dearer.trade_entry_price[0] * quote / 1e5
    assert dearer.trade_entry_price[0] / quote == pytest.approx(1 + 0.1 * taken**2, rel=1e-6)
    assert dearer.trade_entry_price[0] / quote == pytest.approx(1.000998, abs=1e-6)


def test_limit_on_the_sample_is_the_same_for_all_prices() -> None:
    """Apple on 2 March 2000, the second bar: a hundredth of the shares of the day at its open."""
    supplied = catalog.read(catalog.find("wiki", "AAPL", "1d"))
    for adjustment in ADJUSTED:
        market = {"collection": "wiki", "symbols": ["AAPL"], "adjustment": adjustment}
        result = run(market, costs=NO_COSTS | {"volume_limit": 0.01}, capital=1e8)
        assert paid(result) == pytest.approx(0.01 * supplied.volume[1] * supplied.open[1])


@pytest.mark.parametrize("adjustment", ADJUSTED)
def test_commission_per_share_counts_the_shares_of_the_day(adjustment: str) -> None:
    """100 shares bought and sold at half a cent each; all of the capital also pays for the commission."""
    split()
    result = bought(adjustment, {"per_share": 0.005}, capital=1e4, **SHORTLY)
    shares = 1e4 / 100.005
    assert result.trade_fees[0] == pytest.approx(2 * 0.005 * shares, rel=1e-9)
    assert result.trade_pnl[0] == pytest.approx(-result.trade_fees[0], rel=1e-9)


@pytest.mark.parametrize("adjustment", ADJUSTED)
def test_commission_per_share_knows_the_split_between_entry_and_exit(adjustment: str) -> None:
    """100 shares are bought and 1,000 sold."""
    split()
    result = bought(adjustment, {"per_share": 0.005}, capital=1e4, stops={"time_stop": 40})
    assert result.trade_fees[0] == pytest.approx(0.005 * 1e4 / 100.005 * 11, rel=1e-9)


@pytest.mark.parametrize("adjustment", ADJUSTED)
def test_fixed_units_are_shares_of_the_day(adjustment: str) -> None:
    split()
    result = bought(adjustment, {"per_share": 0.005}, sizing={"kind": "units", "units": 100}, **SHORTLY)
    assert paid(result) == pytest.approx(10_000)
    assert result.trade_fees[0] == pytest.approx(1.0)


def test_selling_at_the_end_of_a_segment_counts_them_too() -> None:
    bars = make_bars(np.full(30, 100.0), adj_close=np.full(30, 10.0)).adjusted("total_return")
    asked = spec(MADE_UP, costs=NO_COSTS | {"per_share": 0.5}, sizing={"kind": "units", "units": 100})
    kept = simulate_from(asked, [bars], {}, bars.time[0], close=True)
    assert kept.equity[-1] == pytest.approx(100_000 - 2 * 100 * 0.5)


WORDS = {
    "per_share": "The commission per share counts today's shares of TEST: the source adjusts prices for splits",
    "units": "The size of a position counts today's shares of TEST",
    "both": "The commission per share and the size of a position count today's shares of TEST",
}


@pytest.mark.parametrize("said", WORDS)
def test_unknown_shares_of_the_day_are_told_where_they_are_counted(said: str) -> None:
    split(split_adjusted=True)
    market = MADE_UP | {"adjustment": "total_return"}
    costs = NO_COSTS | ({} if said == "units" else {"per_share": 0.01})
    sizing = {"kind": "percent"} if said == "per_share" else {"kind": "units", "units": 10}
    assert WORDS[said] in warned(run(market, costs=costs, sizing=sizing))
    assert "today's shares" not in warned(run(market, costs=NO_COSTS | {"commission": 5, "volume_limit": 0.1}))
    split()
    assert "today's shares" not in warned(run(market, costs=costs, sizing=sizing))


@pytest.mark.parametrize("kind", ["sweep", "walk_forward"])
def test_unknown_shares_of_the_day_are_told_by_a_search(kind: str) -> None:
    costs = {"commission": 0, "slippage": 0, "per_share": 0.01}
    base = {"strategy": {"kind": "sma_cross"}, "market": {"symbols": ["NVDA"]}, "costs": costs}
    axes = [{"path": "strategy.fast", "low": 5, "high": 10, "step": 5}]
    asked = engine.load_spec({"kind": kind, "base": base, "axes": axes})
    assert any("today's shares of NVDA" in text for text in engine.run(asked).warnings)
