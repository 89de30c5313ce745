"""Bars of several symbols on one calendar."""

from __future__ import annotations

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


def test_same_bars_are_one_panel_that_nobody_can_change() -> None:
    one, other = make_bars([1.0, 2.0]), make_bars([1.0, 2.0])
    panel = align([one])
    assert align((one,)) is panel
    assert align([other]) is not panel
    for values in (panel.time, panel.open, panel.high, panel.low, panel.close, panel.volume, panel.dividends):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[1]
