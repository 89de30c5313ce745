"""Symbols rebased to 100."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts import rebased
from engine.core.errors import DataError
from tests.support.market import days, make_bars


def test_symbols_are_compared_from_their_first_common_bar() -> None:
    early = make_bars([50.0, 100.0, 150.0, 300.0], symbol="EARLY")
    late = make_bars([10.0, 5.0], time=days(2, "2020-01-03"), symbol="LATE")
    info = rebased.compare_info([early, late])
    assert info.first == "2020-01-03"
    assert [line.label for line in info.lines] == ["EARLY", "LATE"]
    np.testing.assert_allclose(info.lines[0].value, [100.0, 200.0])
    np.testing.assert_allclose(info.lines[1].value, [100.0, 50.0])
    assert [line.change for line in info.lines] == pytest.approx([1.0, -0.5])
    assert [trace.name for trace in rebased.compare_figure(info).data] == ["EARLY", "LATE"]


def test_symbols_that_never_met_cannot_be_compared() -> None:
    old = make_bars([1.0, 2.0], symbol="OLD")
    young = make_bars([1.0, 2.0], time=days(2, "2021-01-01"), symbol="YOUNG")
    with pytest.raises(DataError, match="OLD ends on 2020-01-02"):
        rebased.compare_info([old, young])


def test_a_hole_at_the_common_start_is_passed_over() -> None:
    gap = make_bars([np.nan, 4.0, 8.0], symbol="GAP")
    (line,) = rebased.compare_info([gap]).lines
    np.testing.assert_allclose(line.value, [100.0, 200.0])
