"""Missing values cost a warm-up, and nothing more."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from engine.indicators.gaps import apply_to_contiguous_runs, runs_of

NAN = np.nan


def pair_sum(values: np.ndarray) -> np.ndarray:
    return values + np.concatenate(([NAN], values[:-1]))


def test_each_run_warms_up_by_itself() -> None:
    values = apply_to_contiguous_runs(pair_sum, 1, np.array([1, 2, 4, NAN, 8, NAN, 16, 32.0]))
    np.testing.assert_array_equal(values, [NAN, 3, 6, NAN, NAN, NAN, NAN, 48])


def test_a_bar_missing_in_one_series_is_missing() -> None:
    values = apply_to_contiguous_runs(np.add, 0, np.array([1, NAN, 3.0]), np.array([1, 2, np.inf]))
    np.testing.assert_array_equal(values, [2, NAN, NAN])


def test_nothing_at_all() -> None:
    assert apply_to_contiguous_runs(pair_sum, 1, np.array([])).shape == (0,)
    np.testing.assert_array_equal(apply_to_contiguous_runs(pair_sum, 1, np.array([NAN, NAN])), [NAN, NAN])


@given(arrays(np.float64, some.integers(0, 40), elements=some.sampled_from([1.0, 2.0, NAN])), some.integers(0, 4))
def test_a_value_needs_warm_up_plus_one_known_bars(series: np.ndarray, warm_up: int) -> None:
    values = apply_to_contiguous_runs(lambda run: run, warm_up, series)
    for bar, value in enumerate(values):
        history = series[max(bar - warm_up, 0) : bar + 1]
        assert np.isnan(value) == (len(history) <= warm_up or bool(np.isnan(history).any()))


@given(some.lists(some.booleans(), max_size=20))
def test_runs_are_what_lies_together(known: list[bool]) -> None:
    found = [[at for at, _ in run] for held, run in groupby(enumerate(known), key=lambda item: item[1]) if held]
    assert runs_of(np.array(known, dtype=bool)) == [(run[0], run[-1] + 1) for run in found]
