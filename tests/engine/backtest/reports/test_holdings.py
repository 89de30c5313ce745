"""Holdings from fills: they add up to the account, and to what it is to hold next."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.reports.capacity import capacity
from engine.backtest.reports.export import csv_text, fill_columns, position_columns, weight_columns
from engine.backtest.reports.holdings import closes, holdings, now
from tests.support.backtests import Crosses, Halves, request, simulated
from tests.support.market import make_bars
from tests.support.results import make_result

SYMBOLS = ("AAA", "BBB")


def walks(seed: int, size: int = 120) -> list[Any]:
    moves = np.random.default_rng(seed).normal(0.001, 0.02, (2, size))
    return [make_bars(100 * np.exp(np.cumsum(row)), symbol=name) for name, row in zip(SYMBOLS, moves, strict=True)]


REQUESTS = {
    "separate": request(Crosses(window=5), SYMBOLS, direction="both"),
    "shared": request(Crosses(window=5), SYMBOLS, cash="shared", direction="both", rebalance="week"),
    "weights": request(Halves(every=7), SYMBOLS, direction="both"),
    "same close": request(Crosses(window=5), SYMBOLS, fill="same_close"),
}


@pytest.mark.parametrize("name", REQUESTS)
@settings(max_examples=10, deadline=None)
@given(seed=some.integers(0, 1000))
def test_what_is_held_is_what_the_account_says(name: str, seed: int) -> None:
    bars = walks(seed)
    result = simulated(REQUESTS[name], *bars)
    held = holdings(result, bars)
    np.testing.assert_allclose(np.abs(held.weights).sum(axis=1), result.exposure, atol=1e-9)
    paid = result.fill_units * result.fill_price + result.fill_fee
    spent = np.zeros(len(result.time))
    np.add.at(spent, np.searchsorted(result.time, result.fill_time), paid)
    cash = result.capital - np.cumsum(spent)
    np.testing.assert_allclose(cash + held.values.sum(axis=1), result.equity, rtol=1e-9)
    np.testing.assert_allclose(held.cash * result.equity, cash, rtol=1e-6, atol=1e-3)


def test_the_fills_charge_what_the_run_says_it_has_paid() -> None:
    result = simulated(REQUESTS["separate"], *walks(1))
    assert result.fill_fee.sum() == pytest.approx(result.trade_fees.sum())


def test_what_waits_at_the_last_close_is_the_target() -> None:
    close = np.array([10.0] * 12 + [9.0, 9.0, 9.0, 12.0])
    bars = [make_bars(close, symbol="AAA")]
    result = simulated(request(Crosses(window=5), ("AAA",)), *bars)
    position = now(result, holdings(result, bars), bars)[0]
    assert (position.units, position.target_weight) == (0.0, pytest.approx(1.0))
    assert position.target_units == pytest.approx(result.equity[-1] / 12.0)
    falls = [make_bars(np.append(close, [13.0, 14.0, 9.0]), symbol="AAA")]
    sold = simulated(request(Crosses(window=5), ("AAA",)), *falls)
    position = now(sold, holdings(sold, falls), falls)[0]
    assert position.units > 0
    assert position.target_value == 0.0
    line = next(csv.DictReader(io.StringIO(csv_text(position_columns([position])))))
    assert float(line["change_units"]) == pytest.approx(-position.units)


def test_a_target_that_is_not_known_is_none() -> None:
    bars = [make_bars(np.full(5, 2.0), symbol="AAA")]
    result = make_result(np.ones(5), symbols=("AAA",))
    position = now(result, holdings(result, bars), bars)[0]
    assert position.target_value is None
    assert position.target_units is None


def test_a_close_is_carried_until_the_next_and_none_is_made_up() -> None:
    bars = make_bars(np.array([np.nan, 2.0, np.nan, 4.0]), symbol="AAA")
    np.testing.assert_array_equal(closes(bars.time, [bars])[:, 0], [np.nan, 2.0, 2.0, 4.0])


def test_files_have_a_line_a_fill_and_a_column_a_symbol() -> None:
    bars = walks(3)
    result = simulated(REQUESTS["separate"], *bars)
    fills = list(csv.DictReader(io.StringIO(csv_text(fill_columns(result)))))
    assert len(fills) == len(result.fill_time)
    assert {line["symbol"] for line in fills} == set(SYMBOLS)
    weights = csv_text(weight_columns(holdings(result, bars))).splitlines()
    assert weights[0] == "time,AAA,BBB,cash"
    assert len(weights) == len(result.time) + 1


def test_capacity_is_the_capital_whose_fills_stay_small() -> None:
    bars = [replace(make_bars(np.full(4, 10.0), symbol="AAA"), volume=np.full(4, 1000.0))]
    fills: dict[str, Any] = {
        "fill_time": bars[0].time[1:2],
        "fill_symbol": np.zeros(1, np.int64),
        "fill_units": np.array([5.0]),
    }
    result = make_result(np.full(4, 100.0), time=bars[0].time, symbols=("AAA",), **fills)
    found = capacity(result, bars)
    assert found is not None
    # 5 of 1,000 units are half a percent: twice the capital takes one.
    assert found.capital == pytest.approx(200.0)
    assert found.median_share == pytest.approx(0.005)
    assert capacity(make_result(np.ones(4)), bars) is None
