"""Ranks across symbols against pandas and the indicator that ranks returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators.cross_section import rank
from engine.indicators.rolling import rolling
from engine.market.bars import Floats


def ranked(values: Floats) -> Floats:
    found = np.full(values.shape, -1.0)
    rolling().across.rank(values, found)
    return found


@given(
    st.lists(st.lists(st.sampled_from([-2.5, 0.0, -0.0, 1.0, 7.0, np.nan, np.inf]), min_size=5, max_size=5), min_size=1)
)
@settings(deadline=None)
def test_ties_and_gaps_rank_as_in_the_indicator(rows: list[list[float]]) -> None:
    values = np.array(rows)
    np.testing.assert_array_equal(ranked(values), rank(values))


def test_neighbouring_numbers_are_told_apart() -> None:
    """The smallest differences that there are, of either sign, and the largest number: none is lost in a sort."""
    up = 1.0 + np.finfo(np.float64).eps * np.arange(40)
    order = np.random.default_rng(4).permutation(40)
    for values in (up, -up[::-1], np.sort(np.append(up[:38], [np.finfo(np.float64).max, -np.finfo(np.float64).max]))):
        np.testing.assert_array_equal(ranked(values[order][None])[0], order / 39)


@pytest.mark.parametrize("symbols", [1, 2, 128, 129, 700])
@pytest.mark.parametrize("decimals", [0, 12])
def test_ranks_are_those_of_pandas(symbols: int, decimals: int) -> None:
    """With and without equal ones."""
    values = np.random.default_rng(symbols).standard_normal((6, symbols)).round(decimals)
    values[1, 0] = np.nan
    frame = pd.DataFrame(values)
    expected = (frame.rank(axis=1) - 1).div(frame.count(axis=1) - 1, axis=0)
    expected = expected.where(frame.count(axis=1) > 1)
    np.testing.assert_allclose(ranked(values), expected, rtol=1e-14)
