"""The performance tab: a brushed part, another benchmark, holdings, and values that nobody has sent honestly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plotly.io.json import to_json_plotly

import engine
from dashboard.charts import holdings as chart
from dashboard.pages.backtest.performance import choice, held
from dashboard.pages.backtest.performance.subject import UNCHANGED, subject
from dashboard.pages.backtest.tabs import performance
from dashboard.text.metrics import breaks_even
from engine.backtest.reports.holdings import Holdings
from engine.backtest.spec import BacktestSpec
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.market.sources.stored import save
from tests.support.market import days, random_walk
from tests.support.shown import words
from tests.support.workspace import Workspace

Data = dict[str, str]


@pytest.fixture
def data(workspace: Workspace) -> Data:
    for seed, name in enumerate(("ONE", "TWO")):
        save(random_walk(400, seed=seed, symbol=name))
    market = {"collection": "made-up", "symbols": ("ONE",), "adjustment": "none"}
    strategy = {"kind": "sma_cross", "fast": 4, "slow": 20}
    spec = BacktestSpec.parse({"market": market, "strategy": strategy, "costs": {"commission": 5, "slippage": 3}})
    engine.run(spec)
    return {"key": runner.run_key(spec), "spec": canonical_json(spec)}


def shown(parts: Any) -> str:
    """All that the page is sent of ``parts``."""
    return to_json_plotly(parts)


def milliseconds(moment: np.datetime64) -> float:
    return float(moment.astype("datetime64[ms]").astype(np.int64))


def test_a_brushed_part_has_figures_of_its_own(data: Data) -> None:
    whole = subject(data)
    ends = [milliseconds(whole.whole.time[place]) for place in (100, 200)]
    brushed = {**UNCHANGED, "brushed": ends}
    found = subject(data, brushed)
    assert found.part is not None
    assert len(found.result.time) == 102, "with the close before"
    assert "101 bars" in found.words()
    *cards, said, is_hidden, _ = performance.fill_cards(data, brushed)
    assert (said, is_hidden) == (found.words(), False)
    assert len(cards) == 4
    kpis = performance.state_again(brushed, data)
    assert shown(kpis) != shown(performance.state_again(UNCHANGED, data))


@pytest.mark.parametrize(
    "forged", [7, "x", [1], [1, "2"], [float("nan"), 2], [3e20, 4e20], {"a": 1}, [5, 1], [True, None]]
)
def test_what_is_no_part_is_the_whole_run(data: Data, forged: Any) -> None:
    assert subject(data, {**UNCHANGED, "brushed": forged}).part is None


@pytest.mark.parametrize("forged", [None, 7, "../etc", ["hold"], {}])
def test_what_is_no_benchmark_is_buy_and_hold(data: Data, forged: Any) -> None:
    assert subject(data, {**UNCHANGED, "benchmark": forged, "symbol": forged}).held == "Buy and hold"


def test_another_benchmark_is_named_wherever_it_is_compared_with(data: Data) -> None:
    other = {**UNCHANGED, "benchmark": "symbol", "symbol": "TWO"}
    found = subject(data, other)
    assert (found.held, found.short, found.problem) == ("TWO", "TWO", "")
    assert "TWO" in shown(performance.state_again(other, data))
    assert "TWO" in [trace.name for trace in performance.rescale(None, other, data)[0].data]
    gone = subject(data, {**other, "symbol": "GONE"})
    assert gone.held == "Buy and hold"
    assert "GONE" in gone.problem
    assert {item["value"] for item in choice.offer("", data, "TWO")} == {"ONE", "TWO"}


def test_holdings_are_those_of_the_part_and_targets_those_of_the_end(data: Data) -> None:
    figure, said, positions, capacity = held.show(data, None)
    assert "1 position" in said
    assert "Cash" in " ".join(words(positions))
    assert "Capacity" in " ".join(words(capacity))
    time = subject(data).whole.time
    part, *_ = held.show(data, [milliseconds(time[100]), milliseconds(time[200])])
    assert len(part.data[0].x) == 101
    assert len(figure.data[0].x) > 101


def test_many_symbols_share_the_last_band() -> None:
    weights = np.tile(np.linspace(0.2, 0.01, 12), (30, 1))
    names = tuple(f"S{place}" for place in range(12))
    found = chart.info(Holdings(days(30), names, weights, weights, weights))
    assert found.names == (*names[:7], "5 others")
    np.testing.assert_allclose(found.weights.sum(axis=1) + found.cash, 1.0)


@pytest.mark.parametrize(
    ("even", "free", "said"),
    [
        (None, False, "beyond 64"),
        (2.345, False, "breaks even at 2.3"),
        (0.0, False, "no profit"),
        (None, True, "no costs"),
    ],
)
def test_the_break_even_is_said(even: float | None, free: bool, said: str) -> None:
    assert said in breaks_even(even, free)
