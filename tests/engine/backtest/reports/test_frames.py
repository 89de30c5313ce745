"""DataFrames of results: the very numbers of the arrays, named; and the page on Python, word by word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine.backtest.metrics import drawdown
from engine.backtest.reports import frames
from tests.support.results import make_result, trade

PAGE = (Path(__file__).parents[4] / "docs" / "python.md").read_text(encoding="utf-8")
BASE = {
    "market": {"symbols": ["AAPL", "NVDA"]},
    "strategy": {"kind": "sma_cross"},
    "costs": {"commission": 5, "slippage": 3},
}
AXES = [{"path": "strategy.fast", "values": [10, 20]}, {"path": "fill", "values": ["next_open", "next_close"]}]


def computed(kind: str) -> Any:
    return engine.run(engine.load_spec({"kind": kind, "base": BASE, "axes": AXES}))


def test_bars_are_rows_by_time() -> None:
    result = make_result(1000 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 50))))
    frame = frames.bars(result)
    assert frame.columns.tolist() == ["equity", "hold", "without_costs", "exposure", "drawdown"]
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert (frame.index.to_numpy().astype("datetime64[ms]") == result.time).all()
    np.testing.assert_array_equal(frame["equity"], result.equity)
    np.testing.assert_array_equal(frame["drawdown"], drawdown(result.equity, result.capital))


def test_trades_are_rows_of_words_dates_and_numbers() -> None:
    trades = [trade("2020-01-02", "2020-01-07", 10.0),
              trade("2020-01-03", "2020-01-09", -2.0, symbol=1, side=-1, reason="stop loss")]  # fmt: skip
    frame = frames.trades(make_result(np.ones(20) * 1000, trades))
    assert frame["symbol"].tolist() == ["AAA", "BBB"]
    assert frame["side"].tolist() == ["long", "short"]
    assert frame["entry_time"].tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-03")]
    assert frame.groupby("exit_reason")["profit"].sum().to_dict() == {"signal": 10.0, "stop loss": -2.0}
    assert frame["is_open"].dtype == bool
    assert len(frames.trades(make_result(np.ones(20)))) == 0


@pytest.mark.usefixtures("workspace")
def test_each_row_of_a_sweep_is_its_combination() -> None:
    sweep = computed("sweep")
    frame, one = frames.combinations(sweep), frames.combinations(sweep, "NVDA")
    assert frame.columns.tolist() == [*sweep.axes, "total_return", "sharpe", "max_drawdown", "trades", "calmar"]
    assert frame["strategy.fast"].dtype == np.int64
    for row in range(len(sweep)):
        spec = sweep.spec_of(row)
        assert (spec.strategy.fast, spec.fill) == (frame["strategy.fast"][row], frame["fill"][row])
    whole = sweep.spec_of(3)
    assert engine.run(whole).metrics["sharpe"] == frame["sharpe"][3]
    alone = whole.model_copy(update={"market": whole.market.model_copy(update={"symbols": ("NVDA",)})})
    assert engine.run(alone).metrics["sharpe"] == pytest.approx(one["sharpe"][3], rel=1e-12)


@pytest.mark.usefixtures("workspace")
def test_each_row_of_a_walk_forward_is_its_window() -> None:
    walk = computed("walk_forward")
    windows, bars = frames.windows(walk), frames.bars(walk)
    assert len(windows) == len(walk.test_first)
    for row, spec in enumerate(map(walk.spec_of, range(len(windows)))):
        assert spec is None or (spec.strategy.fast, spec.fill) == (windows["strategy.fast"][row], windows["fill"][row])
    np.testing.assert_array_equal(windows["out_return"], walk.out_return)
    assert bars["equity"].iloc[-1] == walk.equity[-1]
    last = bars.groupby("window")["equity"].last()  # a test starts with the equity of the one before it
    gains = last / last.shift(fill_value=walk.capital) - 1
    np.testing.assert_allclose(gains, walk.out_return, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("workspace")
def test_a_result_prints_in_a_line() -> None:
    assert repr(make_result(np.ones(20))).startswith("<BacktestResult: ")
    assert repr(computed("sweep")) == "<SweepResult: SMA 50/200, AAPL, NVDA>"


@pytest.mark.usefixtures("workspace")
def test_the_page_on_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102
    cell = names["plateau"].index
    assert names["opened"].metrics["sharpe"] == names["cells"]["sharpe"][cell]
    assert names["table"].shape == (29, 20)
    assert names["losers"].sum() == names["trades"]["profit"].clip(upper=0).sum()
    assert len(names["full"].findings) > 15
    assert np.isfinite(names["portfolio"].growth).all()
    assert engine.load_spec((tmp_path / "spec.yaml").read_text()) == names["spec"]
