"""Two sources of one series: dates of one alone, closes that differ, adjustments that differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.market.quality.disagreement import compare
from tests.support.market import days, make_bars, random_walk


def test_a_series_agrees_with_itself_and_with_a_part_of_it() -> None:
    bars = random_walk(100)
    assert compare(bars, bars).agrees
    assert compare(bars, bars.slice(20, 70)).agrees
    assert len(compare(bars, bars.slice(20, 70)).common) == 50


def test_each_difference_is_placed() -> None:
    bars = random_walk(100)
    close, adj_close = bars.close.copy(), bars.close.copy()
    close[30] *= 1.01
    adj_close[:60] *= 0.98
    adj_close[30] *= 1.01
    other = replace(bars, close=close, adj_close=adj_close)
    rows = np.delete(np.arange(100), [50, 51])
    gappy = replace(other, **{name: values[rows] for name, values in other._columns().items()})
    found = compare(bars, gappy)
    assert found.only_first.tolist() == bars.time[[50, 51]].tolist()
    assert len(found.only_second) == 0
    assert found.closes.tolist() == bars.time[[30]].tolist()
    assert found.difference == pytest.approx([0.01])
    assert found.adjustments.tolist() == bars.time[[60]].tolist()
    assert compare(gappy, bars).only_second.tolist() == found.only_first.tolist()
    assert found.summary() == {
        "common": 98, "only_first": 2, "only_second": 0, "closes": 1, "largest": pytest.approx(0.01), "adjustments": 1,
    }  # fmt: skip


def test_what_cannot_be_compared_is_a_sentence() -> None:
    bars = random_walk(10)
    with pytest.raises(DataError, match="have no bar in common"):
        compare(bars, make_bars([1.0, 2.0], time=days(2, "1999-01-01")))
    with pytest.raises(DataError, match="Bars of 1d and of 1h"):
        compare(bars, replace(bars, series=replace(bars.series, interval="1h")))
    with pytest.raises(DataError, match="have no bar in common"):
        compare(bars, bars.slice(0, 0))
