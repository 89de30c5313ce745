"""Steadiness of chosen values by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.walkforward.stability import stability


def test_the_same_value_each_time() -> None:
    found = stability(np.array([20.0, 20, 20]), (10, 20, 30, 40))
    assert (found.dispersion, found.near) == (0.0, 1.0)
    assert found.chance == pytest.approx(10 / 16)


def test_neighbours_are_one_place_away_on_the_axis_whatever_the_distance() -> None:
    found = stability(np.array([1.0, 10, 1, 100, 1000]), (1, 10, 100, 1000))
    assert found.near == 0.75
    assert found.dispersion == pytest.approx(np.std([1, 10, 1, 100, 1000]) / 999)


def test_many_values_are_neighbours_within_a_twentieth_of_the_range() -> None:
    found = stability(np.array([0.0, 5, 11, 16]), tuple(range(101)))
    assert found.near == pytest.approx(2 / 3)


def test_windows_that_chose_nothing_are_passed_over() -> None:
    assert stability(np.array([1.0, np.nan, 2]), (1, 2, 3)).near == 1.0
    nothing = stability(np.array([np.nan, 2.0]), (1, 2, 3))
    assert (nothing.dispersion, nothing.near) == (None, None)


def test_words_have_no_neighbours() -> None:
    found = stability(np.array([0.0, 1, 1]), (0, 1, 2), is_word=True)
    assert (found.dispersion, found.near, found.chance) == (None, 0.5, pytest.approx(1 / 3))


def test_choices_at_random_are_spread_as_is_said() -> None:
    random = np.random.default_rng(0)
    axis = tuple(float(value) for value in range(15))
    found = stability(random.choice(axis, 20_000), axis)
    assert found.near == pytest.approx(found.chance, abs=0.01)
    assert found.dispersion == pytest.approx(0.29, abs=0.03)
