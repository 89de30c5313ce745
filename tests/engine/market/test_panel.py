"""Bars of several symbols on one calendar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.market.panel import align, calendar
from tests.support.market import days, make_bars


def test_each_symbol_has_its_column_and_what_it_lacks_is_missing() -> None:
    one = make_bars([1.0, 2.0], time=days(2))
    other = make_bars([3.0, 4.0], time=days(2, "2020-01-02"), symbol="OTHER")
    panel = align([other, one])
    assert panel.symbols == ("OTHER", "TEST")
    assert panel.time.tolist() == days(3).tolist() == calendar([one, other]).tolist()
    np.testing.assert_array_equal(panel.close, [[np.nan, 1], [3, 2], [4, np.nan]])


def test_shares_of_a_unit_are_the_last_known_and_what_is_traded_is_the_volume_where_nothing_else_is_said() -> None:
    plain = make_bars([1.0, 1.0, 1.0, 1.0, 1.0], symbol="PLAIN")
    known = {"shares": np.array([0.5, np.nan, 1.0]), "traded": np.array([7.0, np.nan, 9.0])}
    scaled = replace(make_bars([3.0, np.nan, 5.0], time=plain.time[[1, 2, 4]]), **known)
    panel = align([plain, scaled])
    np.testing.assert_array_equal(panel.shares, [[1, 1], [1, 0.5], [1, 0.5], [1, 0.5], [1, 1]])
    np.testing.assert_array_equal(panel.traded[:, 0], panel.volume[:, 0])
    np.testing.assert_array_equal(panel.traded[:, 1], [np.nan, 7, np.nan, np.nan, 9])


def test_same_bars_are_one_panel_that_nobody_can_change() -> None:
    one, other = make_bars([1.0, 2.0]), make_bars([1.0, 2.0])
    panel = align([one])
    assert align((one,)) is panel
    assert align([other]) is not panel
    for name in ("time", "open", "high", "low", "close", "volume", "traded", "shares", "dividends"):
        values = getattr(panel, name)
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[1]
