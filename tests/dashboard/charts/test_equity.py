"""The numbers of the equity chart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import equity
from engine.backtest.costs import Costs
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.progress import silent
from engine.jobs import executors
from engine.strategies.kinds.sma_cross import SmaCross


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    spec = BacktestSpec(strategy=SmaCross(fast=20, slow=60), costs=Costs(commission=5, slippage=3))
    return executors.compute(spec, {"market": executors.compute(spec.market, {}, silent)}, silent)


def test_a_short_run_is_drawn_bar_by_bar(result: BacktestResult) -> None:
    short = replace(
        result,
        time=np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[ms]"),
        equity=np.array([100.0, 120.0, 90.0]),
        benchmark=np.array([100.0, 100.0, 110.0]),
        costless=np.array([100.0, 121.0, 91.0]),
        capital=100.0,
    )
    info = equity.info([short])
    curve = info.curves[0]
    assert curve.time.tolist() == [1_577_836_800_000.0, 1_577_923_200_000.0, 1_578_009_600_000.0]
    assert curve.growth.tolist() == [1.0, 1.2, 0.9]
    assert curve.drawdown.tolist() == [0.0, 0.0, -0.25]
    assert info.benchmark.growth.tolist() == [1.0, 1.0, 1.1]
    assert info.costless is not None
    assert info.costless.growth.tolist() == [1.0, 1.21, 0.91]


def test_a_long_run_keeps_its_ends_and_its_extremes(result: BacktestResult) -> None:
    curve = equity.info([result]).curves[0]
    assert len(curve.time) < len(result.time)
    assert curve.growth[0] == 1.0
    assert curve.growth[-1] == pytest.approx(result.equity[-1] / result.capital)
    assert curve.growth.max() == pytest.approx(result.equity.max() / result.capital)
    assert curve.drawdown.min() == pytest.approx(result.metrics["max_drawdown"])


def test_equal_labels_are_told_apart(result: BacktestResult) -> None:
    info = equity.info([result, result])
    assert info.costless is None, "a ghost for each would be a crowd"
    names = [curve.label for curve in info.curves]
    assert names == [f"{result.label} (1)", f"{result.label} (2)"]


@pytest.mark.parametrize("log", [True, False])
def test_the_figure_draws_each_curve_and_its_drawdown(result: BacktestResult, log: bool) -> None:
    figure: Any = equity.figure(equity.info([result], log=log))
    assert [trace.name for trace in figure.data] == [
        "Before costs", "Buy and hold", "Buy and hold drawdown", result.label, f"{result.label} drawdown",
    ]  # fmt: skip
    assert figure.layout.yaxis.type == ("log" if log else "linear")


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.nan]), min_size=1, max_size=120), st.integers(2, 40))
def test_a_thinned_line_keeps_the_ends_and_each_part_its_first_lowest_and_last_highest(
    numbers: list[float], limit: int
) -> None:
    values = np.array(numbers)
    kept = equity.thin(np.arange(len(values), dtype=float), values, limit)
    if len(values) <= limit:
        np.testing.assert_array_equal(kept, np.arange(len(values)))
        return
    expected = {0, len(values) - 1}
    for part in np.array_split(np.arange(len(values)), np.linspace(0, len(values), limit // 2 + 1).astype(int)[1:-1]):
        order = sorted(part.tolist(), key=lambda at: (np.nan_to_num(values[at], nan=np.inf), at))
        expected |= {order[0], order[-1]}
    assert kept.tolist() == sorted(expected)
