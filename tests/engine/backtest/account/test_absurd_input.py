"""Prices and bars that nobody should have: every figure stays a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.accounts import FLAT, GAP, NAN, keep, ohlc


@pytest.mark.parametrize("price", [1e-9, 1e12])
@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close", "limit"])
def test_prices_of_any_magnitude(price: float, fill: str) -> None:
    rows = [tuple(price * part for part in row) for row in (FLAT, (10, 13, 9, 12), (12, 12, 8, 9), FLAT, FLAT)]
    account = keep(ohlc(*rows), "LS.L.", fill=fill, direction="both", stops={"stop_loss": 0.1}, costs={"minimum": 1})
    assert np.isfinite(account.equity).all()


def test_one_bar_and_no_price_at_all() -> None:
    assert keep(ohlc(FLAT), "L").unfilled
    assert keep(ohlc(FLAT), "L", fill="same_close").trades.is_open.tolist() == [True]
    nothing = keep(ohlc(FLAT, GAP, GAP), "L..")
    np.testing.assert_array_equal(nothing.equity, 1000)
    assert nothing.unfilled


@pytest.mark.parametrize("fields", [("open",), ("high", "low"), ("close",), ("volume",), ("open", "high", "low")])
def test_bars_that_lack_a_part_leave_no_figure_unknown(fields: tuple[str, ...]) -> None:
    rows = [(10.0, 13.0, 9.0, 12.0), (12.0, 12.0, 8.0, 9.0), FLAT] * 4
    bars, gone = ohlc(*rows), np.arange(12) % 4 == 2
    bars = replace(bars, volume=np.full(12, 50.0))
    bars = replace(bars, **{name: np.where(gone, NAN, getattr(bars, name)) for name in fields})
    account = keep(
        bars,
        "SLS.LS.L.S..",
        direction="both",
        stops={"trailing_stop": 0.1},
        costs={"volume_limit": 0.5},
        sizing={"kind": "percent", "part": 2},
        financing={"leverage": 3.0},
    )
    assert np.isfinite(account.equity).all()
    assert np.isfinite(account.trades.pnl).all()
