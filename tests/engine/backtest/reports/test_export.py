"""A result as CSV: every number comes back as it was."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from engine.backtest.metrics import drawdown
from engine.backtest.reports.export import equity_csv, trades_csv
from tests.support.results import make_result, trade

TRADES = [
    trade("2020-01-02", "2020-01-07", 10.0),
    trade("2020-01-03", "2020-01-09", -1 / 3, symbol=1, side=-1, reason="stop loss", ambiguous=True),
    trade("2020-01-05", "2020-01-10", 2.0, open=True, reason="still open"),
]


def test_the_equity_comes_back_to_the_last_bit() -> None:
    result = make_result(1000 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 50))))
    found = pd.read_csv(io.StringIO(equity_csv(result)), parse_dates=["time"])
    assert found.columns.tolist() == ["time", "equity", "hold", "without_costs", "exposure", "drawdown"]
    assert (found["time"].to_numpy().astype("datetime64[ms]") == result.time).all()
    np.testing.assert_array_equal(found["equity"], result.equity)
    np.testing.assert_array_equal(found["hold"], result.benchmark)
    np.testing.assert_array_equal(found["without_costs"], result.costless)
    np.testing.assert_array_equal(found["drawdown"], drawdown(result.equity, result.capital))


def test_days_stand_without_a_time_and_hours_with_one() -> None:
    daily = make_result(np.ones(3) * 10)
    hourly = make_result(np.ones(3) * 10, time=np.array(["2020-01-01T10", "2020-01-01T11", "2020-01-01T12"]))
    assert equity_csv(daily).splitlines()[1].startswith("2020-01-01,")
    assert equity_csv(hourly).splitlines()[1].startswith("2020-01-01T10:00:00,")


def test_trades_are_named_in_words() -> None:
    lines = list(csv.DictReader(io.StringIO(trades_csv(make_result(np.ones(20) * 1000, TRADES)))))
    assert [line["symbol"] for line in lines] == ["AAA", "BBB", "AAA"]
    assert [line["side"] for line in lines] == ["long", "short", "long"]
    assert [line["exit_reason"] for line in lines] == ["signal", "stop loss", "still open"]
    assert [line["is_open"] for line in lines] == ["no", "no", "yes"]
    assert [line["is_ambiguous"] for line in lines] == ["no", "yes", "no"]
    assert [float(line["profit"]) for line in lines] == [10.0, -1 / 3, 2.0]
    assert lines[1]["entry_time"] == "2020-01-03"


@pytest.mark.parametrize("symbol", ["=cmd()", 'A"B', "A,B"])
def test_text_is_quoted(symbol: str) -> None:
    text = trades_csv(make_result(np.ones(20) * 1000, TRADES[:1], symbols=(symbol,)))
    assert next(csv.DictReader(io.StringIO(text)))["symbol"] == symbol


def test_no_trades_is_a_line_of_names() -> None:
    assert trades_csv(make_result(np.ones(20) * 1000)).count("\n") == 1
