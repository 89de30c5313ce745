"""Bars whose future did not happen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.synthetic import COLUMNS, with_other_future
from tests.support.market import random_walk


@settings(max_examples=25, deadline=None)
@given(length=st.integers(1, 80), share=st.floats(0, 1), missing=st.booleans())
def test_what_was_known_stays_and_what_follows_is_plausible(length: int, share: float, missing: bool) -> None:
    bars, cut = random_walk(length), int(share * length)
    if missing:
        bars = replace(bars, **{name: np.full(length, np.nan) for name in COLUMNS})
    found = with_other_future(bars, cut)
    for name in (*COLUMNS, "time"):
        np.testing.assert_array_equal(getattr(found, name)[:cut], getattr(bars, name)[:cut])
    np.testing.assert_array_equal(found.time, bars.time)
    later = {name: getattr(found, name)[cut:] for name in COLUMNS}
    assert all((values > 0).all() and np.isfinite(values).all() for values in later.values())
    assert (later["low"] <= np.minimum(later["open"], later["close"])).all()
    assert (later["high"] >= np.maximum(later["open"], later["close"])).all()


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_changes_at_the_first_bar(column: str) -> None:
    bars = random_walk(200)
    assert getattr(with_other_future(bars, 120), column)[120] != getattr(bars, column)[120]


def test_it_goes_on_from_the_last_close_as_volatile_as_before() -> None:
    bars = random_walk(4_000)
    found = with_other_future(bars, 2_000)
    before, after = (np.diff(np.log(values)) for values in (bars.close[:2_000], found.close[1_999:]))
    assert after.std() == pytest.approx(before[-249:].std(), rel=0.1)
    assert abs(after[0]) < 5 * before.std()
    again = with_other_future(bars, 2_000)
    np.testing.assert_array_equal(found.close, again.close)
    assert (with_other_future(bars, 2_000, seed=1).close[2_000:] != found.close[2_000:]).all()
