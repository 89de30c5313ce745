"""A series that its provider has restated, in a real browser: opened as it was, and a run on both versions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

import engine
from dashboard.state import to_query
from engine.backtest.spec import BacktestSpec
from engine.core.config import PATH_VARIABLE, settings
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.e2e.visitor import Visitor
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


@pytest.mark.usefixtures("restated")
def test_what_was_restated_is_opened_as_it_was_and_run_on_both_versions(visitor: Visitor) -> None:
    market = MarketSpec(collection="made-up", symbols=("ACME",))
    visitor.open(f"/data?spec={to_query(market)}")
    visitor.sees("ACME / daily")
    visitor.open_tab("Provenance")
    visitor.sees("300 changed (close, adjusted close)")
    visitor.press("table.versions a", "the first version")
    visitor.sees("as known on 20")
    moment = visitor.value("data", "known_on")
    spec = BacktestSpec.parse(
        {
            "market": {**market.model_dump(), "known_on": moment},
            "strategy": {"kind": "sma_cross", "fast": 3, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )
    engine.run(spec)  # a worker that has just started would take its time
    engine.run(spec.model_copy(update={"market": market}))
    visitor.open(f"/backtest?spec={to_query(spec)}")
    visitor.sees(f"On bars as known on {moment[:19]} UTC. Restated since: ACME (300 bars, at most 1.00%).")
    visitor.press("#backtest-earlier a", "Run on today's data")
    visitor.until("return document.querySelectorAll('.compared').length > 0", "both runs side by side")
    visitor.until("return document.body.innerText.includes('As known on')", "what the two differ in")
