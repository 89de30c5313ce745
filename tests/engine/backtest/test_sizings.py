"""Sizes where there is nothing to measure them by."""

from __future__ import annotations

import numpy as np

from engine.backtest.sizings.volatility import Volatility
from tests.support.market import make_bars, random_walk


def test_a_price_that_stands_still_has_no_volatility_to_aim_at() -> None:
    """Target over nothing is not the largest part: the size is unknown, and nothing is entered."""
    walk = random_walk(60, 1).close
    amount = Volatility(window=10).size(make_bars(np.concatenate([np.full(40, 7.0), walk, np.full(40, 7.0)]))).amount
    assert np.isnan(amount[:40]).all()
    assert np.isfinite(amount[40:100]).all()
    assert np.isfinite(amount[100:110]).all()
    assert np.isnan(amount[110:]).all()
