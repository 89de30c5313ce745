"""Every fill of a run on the candles of a symbol: thousands from afar, each by itself from near."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import engine
from dashboard import runs
from dashboard.charts import candles, run_fills
from dashboard.components.series_view import offer
from dashboard.pages.backtest import all_fills
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.spec import canonical_json
from engine.market.bars import Bars
from engine.market.sources.stored import save
from tests.support.market import random_walk

BARS = 5_000


@pytest.fixture
def ran(workspace: Any) -> tuple[Bars, BacktestResult, dict[str, str]]:
    """A run that trades every few bars."""
    save(random_walk(BARS, symbol="ONE"))
    spec = BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["ONE"], "adjustment": "none"},
            "strategy": {"kind": "sma_cross", "fast": 2, "slow": 3},
            "costs": {"commission": 0, "slippage": 1},
        }
    )
    result = engine.run(spec)
    data = {"key": engine.run_key(spec), "spec": canonical_json(spec)}
    return engine.run(spec.market).bars[0], result, data


def marks(bars: Bars, result: BacktestResult, window: tuple[float, float] | None = None) -> Any:
    drawn = candles.info(bars, window, most=350)
    return drawn, run_fills.info(drawn, bars, result)


def number(found: Any) -> int:
    """Fills that the words of the marks tell of."""
    told = [text for item in found for text in item.words]
    return sum(int(text.split(" ")[0].replace(",", "")) if " fill" in text else 1 for text in told)


def test_from_afar_those_of_one_candle_share_a_mark_and_none_is_lost(ran: Any) -> None:
    bars, result, _ = ran
    drawn, found = marks(bars, result)
    assert len(result.fill_time) > 1_500
    assert number(found) == len(result.fill_time)
    assert sum(len(item.time) for item in found) <= 2 * len(drawn.time)
    assert all(text.count(" at ") <= 3 for item in found for text in item.words)


def test_from_near_each_is_a_mark_with_its_units_and_its_price(ran: Any) -> None:
    bars, result, _ = ran
    ends = bars.time[[1000, 1100]].astype("datetime64[ms]").astype(float)
    _, found = marks(bars, result, (float(ends[0]), float(ends[1])))
    inside = (result.fill_time >= bars.time[1000]) & (result.fill_time <= bars.time[1100])
    bought = next(item for item in found if item.name == "Bought")
    first = np.flatnonzero(inside & (result.fill_units > 0))[0]
    at = bought.time.tolist().index(float(result.fill_time[first].astype("datetime64[ms]").astype(float)))
    assert bought.words[at] == f"Bought {result.fill_units[first]:,.6g} at {result.fill_price[first]:,.6g}"
    assert number(found) >= int(inside.sum())


def test_results_without_stored_fills_show_entries_and_exits(ran: Any) -> None:
    from dataclasses import replace

    _, result, _ = ran
    none = {name: getattr(result, name)[:0] for name in vars(result) if name.startswith("fill_")}
    time_, units, paid = run_fills.fills_of(replace(result, **none), 0)
    assert len(time_) == len(result.fill_time)
    order = np.argsort(time_, kind="stable")
    np.testing.assert_allclose(units[order], result.fill_units)
    np.testing.assert_allclose(paid[order], result.fill_price)


def test_the_chart_says_what_a_mark_is_and_is_drawn_at_once(ran: Any) -> None:
    _, result, data = ran
    all_fills.draw(data, "ONE", None)
    began = time.process_time()
    figure, said = all_fills.draw(data, "ONE", None)
    assert time.process_time() - began < 1.0  # 0.05 s on a quiet core
    assert f"ONE, {len(result.fill_time):,} fills" in said
    assert "share a mark" in said
    assert {"Bought", "Sold"} <= {trace.get("name") for trace in figure["data"]}


@pytest.mark.parametrize("forged", [None, "NOBODY", 7, ["ONE"]])
def test_what_is_no_symbol_is_that_with_the_most_fills(ran: Any, forged: Any) -> None:
    assert all_fills.draw(ran[2], forged, {"range": "x"})[1].startswith("ONE, ")


def test_a_symbol_is_chosen_by_its_fills(ran: Any) -> None:
    assert offer(all_fills.symbols, ran[2], None) == ([{"value": "ONE", "label": "ONE"}], "ONE", True)
    assert all_fills.by_fills(runs.opened(ran[2], BacktestSpec)[1]) == ["ONE"]
