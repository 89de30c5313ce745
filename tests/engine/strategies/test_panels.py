"""Prices of several symbols on a calendar where not every symbol has every bar."""

from __future__ import annotations

import numpy as np

from engine.market.panel import align
from engine.strategies.panels import last_known
from tests.support.market import days, make_bars


def test_price_is_known_for_exactly_a_week() -> None:
    every = make_bars(np.arange(1.0, 13.0))
    ended = make_bars([5.0, 6.0, 7.0], time=days(3), symbol="ENDED")
    late = make_bars([8.0, 9.0], time=days(2, "2020-01-11"), symbol="LATE")
    known = last_known(align([every, ended, late]))
    np.testing.assert_array_equal(known[:, 0], every.close)
    np.testing.assert_array_equal(known[:, 1], [5, 6, 7, 7, 7, 7, 7, 7, 7, 7, np.nan, np.nan])
    np.testing.assert_array_equal(known[:, 2], [np.nan] * 10 + [8, 9])
