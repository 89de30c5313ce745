"""Quotients of TA-Lib are unknown where both of their terms are zero, as those of our own are, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib

from engine.indicators import INDICATORS
from engine.indicators.talib_quotients import QUOTIENTS
from engine.market.bars import Bars, Floats
from tests.support.market import make_bars, random_walk

HALTED = slice(300, 360)
Terms = Callable[[dict[str, Any]], Any]


def halted(length: int = 700) -> Bars:
    """A random walk with a halt of 60 bars, single bars without a range, and volume that pauses elsewhere."""
    walk = random_walk(length, seed=5)
    volume = np.random.default_rng(3).integers(500, 9_000, length).astype(np.float64)
    volume[450:500] = volume[550] = 0
    columns = {name: getattr(walk, name).copy() for name in ("open", "high", "low", "close")}
    for values in columns.values():
        values[HALTED] = walk.close[HALTED.start - 1]
    for at in (100, 101, 220):
        columns["open"][at] = columns["high"][at] = columns["low"][at] = columns["close"][at]
    return replace(walk, volume=volume, **columns)


def _range(of: dict[str, Any], bars: int) -> Any:
    return of["high"].rolling(bars).max() - of["low"].rolling(bars).min()


def _moves(of: dict[str, Any], bars: int, column: str = "close") -> Any:
    return of[column].diff().abs().rolling(bars).sum()


def _true_range(of: dict[str, Any], bars: int) -> Any:
    before = of["close"].shift()
    return (np.maximum(of["high"], before) - np.minimum(of["low"], before)).rolling(bars).sum()


def _typical(of: dict[str, Any]) -> Any:
    return of["high"] + of["low"] + of["close"]


def _money(of: dict[str, Any]) -> Any:
    return (_typical(of).diff().abs() * of["volume"]).rolling(14).sum()


DENOMINATORS: dict[str, Terms] = {
    "BOP": lambda of: _range(of, 1),
    "CCI": lambda of: _typical(of).rolling(14).max() - _typical(of).rolling(14).min(),
    "CMF": lambda of: ((of["high"] - of["low"]) * of["volume"]).rolling(20).sum(),
    "CMOU": lambda of: _moves(of, 14),
    "ER": lambda of: _moves(of, 10),
    "IMI": lambda of: (of["close"] - of["open"]).abs().rolling(14).sum(),
    "MARKETFI": lambda of: of["volume"],
    "MFI": _money,
    "RVOL": lambda of: of["volume"].shift().rolling(20).sum(),
    "STOCH": lambda of: _range(of, 5).rolling(5).min(),
    "STOCHF": lambda of: _range(of, 5).rolling(3).min(),
    "ULTOSC": lambda of: _true_range(of, 7),
    "VHF": lambda of: _moves(of, 28),
    "VORTEX": lambda of: _true_range(of, 14),
    "VWMA": lambda of: of["volume"].rolling(30).sum(),
    "WILLR": lambda of: _range(of, 14),
    "BETA": lambda of: _moves(of, 5, "high"),
    "CORREL": lambda of: np.minimum(_moves(of, 29, "high"), _moves(of, 29, "low")),
}
"""Terms by which a function divides, by their definitions, with the default parameters of the library."""

COLUMNS = ("open", "high", "low", "close", "volume")


@pytest.mark.parametrize("name", sorted(DENOMINATORS))
def test_a_quotient_is_unknown_where_what_it_divides_by_is_zero(name: str) -> None:
    bars = halted()
    spec = INDICATORS.get(f"talib_{name.lower()}")()
    # Rolling sums of pandas leave their rounding behind: what is below it is zero.
    expected = DENOMINATORS[name]({key: pd.Series(getattr(bars, key)) for key in COLUMNS}).abs() < 1e-9
    settled = slice(spec.warm_up(), None)
    assert expected[settled].any()
    assert not expected[settled].all()
    for values in spec.compute(bars).values():
        np.testing.assert_array_equal(np.isnan(values[settled]), expected[settled])


@pytest.mark.parametrize("name", sorted(QUOTIENTS))
def test_what_never_moved_and_never_traded_has_no_quotient(name: str) -> None:
    """Nor where its price is one of which sums have a rounding error."""
    still = make_bars(np.full(700, 100.1))
    still = replace(still, open=still.close, high=still.close, low=still.close, volume=np.zeros(700))
    for values in INDICATORS.get(f"talib_{name.lower()}")().compute(still).values():
        assert np.isnan(values).all()


def late(length: int = 900, idle: int = 250) -> Bars:
    """A random walk that stands at its first close, without volume, for its first bars."""
    walk = random_walk(length, seed=9)
    volume = np.random.default_rng(3).integers(500, 9_000, length).astype(np.float64)
    columns = {name: getattr(walk, name).copy() for name in ("open", "high", "low", "close")}
    for values in (*columns.values(), volume):
        values[:idle] = 0 if values is volume else walk.close[idle - 1]
    return replace(walk, volume=volume, **columns)


@pytest.mark.parametrize("name", sorted(name for name, item in QUOTIENTS.items() if item.leading))
def test_a_recursive_quotient_does_not_remember_the_bars_before_the_first_move(name: str) -> None:
    bars, idle = late(), 250
    spec = INDICATORS.get(f"talib_{name.lower()}")()
    expected = spec.compute(bars.slice(idle - 1, len(bars)))
    for output, values in spec.compute(bars).items():
        assert np.isnan(values[:idle]).all()
        np.testing.assert_array_equal(values[idle - 1 :], expected[output])
        assert np.isfinite(expected[output][spec.warm_up() :]).all()


def test_a_rally_without_a_fall_has_no_stochastic_rsi() -> None:
    """Its index is 100 on every bar, and where it stands among its last values is 0 / 0; TA-Lib says 0, oversold."""
    close = 100.0 * 1.01 ** np.arange(400)
    assert talib.STOCHRSI(close)[0][-1] == 0
    for values in INDICATORS.get("talib_stochrsi")().compute(make_bars(close)).values():
        assert np.isnan(values).all()


@pytest.mark.parametrize("name", ["ER", "STOCHF", "MFI", "KDJ", "STOCHRSI", "DX"])
def test_no_later_bar_changes_what_is_unknown(name: str) -> None:
    bars, spec = halted(), INDICATORS.get(f"talib_{name.lower()}")()
    whole = spec.compute(bars)
    for count in (310, 345, 360, 362, 480):
        for output, values in spec.compute(bars.slice(0, count)).items():
            np.testing.assert_array_equal(values, whole[output][:count])


def test_a_halt_is_unknown_to_the_index_of_kdj_and_to_what_remembers_it() -> None:
    found: Floats = INDICATORS.get("talib_kdj")().compute(halted())["k"]
    first = HALTED.start + 8  # the ninth bar without a range
    unknown = np.flatnonzero(np.isnan(found[100:])) + 100
    assert unknown[0] == first
    warm_up = INDICATORS.get("talib_kdj")().warm_up()
    assert unknown[-1] == HALTED.stop - 1 + warm_up - 8
