"""A series that its provider has restated, in a real browser: opened as it was, and a run on both versions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import engine
from dashboard.runs.restated import on_bars_of
from dashboard.state import to_query
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.config import PATH_VARIABLE, settings
from engine.market import catalog
from engine.market.sources.stored import Stored, save
from engine.market.spec import MarketSpec
from tests.e2e.visitor import Visitor, dom_id
from tests.support.market import random_walk
from tests.support.workbench import Server

pytestmark = pytest.mark.e2e


@pytest.fixture
def restated(workbench: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The workbench's ACME in two versions, the first of which was current for a second."""
    monkeypatch.setenv(PATH_VARIABLE, str(workbench.config))
    settings.cache_clear()
    old = random_walk(300, symbol="ACME")
    save(old)
    time.sleep(1.01)
    save(replace(old, adj_close=old.adj_close * 0.99, close=old.close * 1.01))
    yield
    settings.cache_clear()


def backtest(market: MarketSpec) -> BacktestSpec:
    strategy, costs = {"kind": "sma_cross", "fast": 3, "slow": 20}, {"commission": 5, "slippage": 3}
    return BacktestSpec.parse({"market": market.model_dump(), "strategy": strategy, "costs": costs})


@pytest.mark.usefixtures("restated")
def test_what_was_restated_is_opened_as_it_was_and_run_on_both_versions(visitor: Visitor) -> None:
    market = MarketSpec(collection="made-up", symbols=("ACME",))
    visitor.open(f"/data?spec={to_query(market)}")
    visitor.sees("ACME / daily")
    visitor.open_tab("Provenance")
    visitor.sees("300 changed (close, adjusted close)")
    visitor.press("table.versions a", "the first version")
    visitor.sees("as known on 20")
    spec = backtest(market.model_copy(update={"known_on": visitor.value("data", "known_on")}))
    engine.run(spec)  # a worker that has just started would take its time
    engine.run(spec.model_copy(update={"market": market}))
    visitor.open(f"/backtest?spec={to_query(spec)}")
    visitor.sees(
        f"On bars as known on {str(spec.market.known_on)[:19]} UTC. Restated since: ACME (300 bars, at most 1.00%)."
    )
    visitor.press("#backtest-earlier a", "Run on today's data")
    differ = "[...document.querySelectorAll('.compared.differ tr')].map((row) => row.innerText)"
    visitor.until(f"return {differ}.some((row) => row.startsWith('As known on'))", "what the two differ in")
    visitor.until(
        "return !new URLSearchParams(location.search).get('compare').includes('here')", "both keys in the link"
    )
    assert len(str(visitor.js("return new URLSearchParams(location.search).get('compare')")).split(",")) == 2
    visitor.sees("Compare (2)")


@pytest.mark.usefixtures("restated")
def test_a_sweep_on_bars_of_then_leads_to_that_on_todays(visitor: Visitor) -> None:
    market = MarketSpec(collection="made-up", symbols=("ACME",))
    axes = [{"path": "strategy.fast", "values": [3, 5]}, {"path": "strategy.slow", "values": [20, 30]}]
    today = SweepSpec.parse({"base": backtest(market).model_dump(), "axes": axes})
    moment = Stored().versions(catalog.find("made-up", "ACME", "1d"))[1].since
    then = on_bars_of(today, datetime.fromisoformat(moment) + timedelta(seconds=0.5))
    engine.run(then)
    engine.run(today)
    visitor.open(f"/backtest?spec={to_query(then)}")
    known = f"On bars as known on {str(then.base.market.known_on)[:19]} UTC."
    visitor.sees(f"{known} Restated since: ACME (300 bars, at most 1.00%).")
    visitor.sees_trace("backtest-sweep-map", "")
    place = dom_id(role="restated", page="backtest-sweep")
    visitor.press(f"[id='{place}'] a", "Run on today's data")
    visitor.until("return !document.body.innerText.includes(arguments[0])", "the sweep on today's bars", known)
    visitor.sees_trace("backtest-sweep-map", "")
