"""Ends of calendar periods, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.market.periods import last_rows


@pytest.mark.parametrize(("every", "rule"), [("day", "D"), ("week", "W-SUN"), ("month", "M")])
def test_periods_end_where_those_of_pandas_do(every: str, rule: str) -> None:
    days = np.random.default_rng(1).choice(np.arange("2019-12-20", "2021-03-05", dtype="datetime64[D]"), 300)
    days = np.sort(days)
    frame = pd.Series(np.arange(len(days)), index=pd.DatetimeIndex(days).to_period(rule))
    assert last_rows(days, every).tolist() == frame.groupby(level=0).last().tolist()  # type: ignore[arg-type]


def test_each_bar_is_a_period_of_its_own() -> None:
    assert last_rows(np.array(["2020-01-01", "2020-01-01"], "datetime64[D]"), "bar").tolist() == [0, 1]
