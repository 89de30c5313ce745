"""Conditions of many values at once: the very answers that NumPy gives for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.kernels import kernels
from engine.strategies.columns import Column, Many, Words, packed
from engine.strategies.flags import above

NAN = float("nan")
FOLLOWED: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "line > column": lambda k, a, b, c: c > k,
    "column >= line": lambda k, a, b, c: k >= c,
    "line < 100 - column": lambda k, a, b, c: c < 100 - k,
    "line <= line x (1 - column)": lambda k, a, b, c: c <= b * (1 - k),
    "line + column > line": lambda k, a, b, c: a + k > c,
    "column - line < line": lambda k, a, b, c: k - a < c,
    "line > line + column x line": lambda k, a, b, c: c > a + k * b,
    "line >= line - line x column": lambda k, a, b, c: c >= a - b * k,
    "column x line - line < line": lambda k, a, b, c: k * b - a < c,
    "-(line + column x line) <= line": lambda k, a, b, c: -(a + k * b) <= c,
    "above": lambda k, a, b, c: above(c, a + k * b),
    "below": lambda k, a, b, c: above(a - k * b, c),
    "two of them": lambda k, a, b, c: (c > a + k * b) & (c < b) | (a > k),
}
OTHER: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "a quotient": lambda k, a, b, c: c > b / k,
    "two sums": lambda k, a, b, c: c > (a + k * b) + a,
    "two columns": lambda k, a, b, c: k * b > k + a,
    "none of it": lambda k, a, b, c: ~(c > a + k * b),
    "a function": lambda k, a, b, c: np.where(c > k, a > b, c > a),
    "a maximum": lambda k, a, b, c: np.maximum(c, k * b) > a,
}


def column(values: np.ndarray) -> Column:
    return Column(values[:, None], kernels().comparing.compare)


def same(condition: Callable[..., Any], values: np.ndarray, *lines: np.ndarray) -> Any:
    found = condition(column(values), *lines)
    each = [condition(value, *lines) for value in values.tolist()]
    np.testing.assert_array_equal(np.asarray(found), np.array(each))
    return found


@some.composite
def lines(draw: some.DrawFn) -> tuple[np.ndarray, ...]:
    """Three lines of one length whose values tie, come within rounding of ties, and are missing or infinite here and
    there.
    """
    count = draw(some.integers(1, 200))
    random = np.random.default_rng(draw(some.integers(0, 2**32)))
    found = []
    for _ in range(3):
        line = np.round(random.normal(0, 3, count), draw(some.sampled_from([0, 2, 9])))
        line *= 1 + random.choice([0.0, 1e-13, 3e-11, 2e-10], count)
        line[random.random(count) < draw(some.sampled_from([0.0, 0.1]))] = draw(some.sampled_from([NAN, np.inf]))
        found.append(line)
    return tuple(found)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@settings(max_examples=60)
@given(lines(), some.lists(some.sampled_from([-2.0, -0.5, 0.0, 0.1, 0.3, 1.0, 1.5, 2.0]), min_size=1, max_size=5))
def test_every_value_is_answered_as_by_itself(given_lines: tuple[np.ndarray, ...], values: list[float]) -> None:
    for condition in FOLLOWED.values():
        assert isinstance(same(condition, np.array(values), *given_lines), Words)
    for condition in OTHER.values():
        assert not isinstance(same(condition, np.array([v or 1.0 for v in values]), *given_lines), Many)


def test_lines_that_are_infinite_are_answered_value_by_value() -> None:
    """Nothing times infinity is unknown, in the midst of values that have an answer; of a few values and of many."""
    kinds = np.array([-np.inf, -1.0, 0.0, 2.0, np.inf, NAN])
    every = np.array(np.meshgrid(kinds, kinds, kinds)).reshape(3, -1)
    with np.errstate(invalid="ignore"):
        for values in (np.array([1.0, 0.0, -1.0]), np.array([np.inf, 1.0, NAN, -np.inf]), np.linspace(3, -3, 301)):
            for condition in FOLLOWED.values():
                same(condition, values, *every)


def test_words_are_the_bits_of_a_condition() -> None:
    held = np.random.default_rng(0).random((3, 130)) < 0.5
    words = packed(held)
    assert words.shape == (3, 3)
    for row, bar in np.ndindex(held.shape):
        assert bool(words[row, bar >> 6] >> np.uint64(bar & 63) & np.uint64(1)) == held[row, bar]
    assert (words[:, 2] >> np.uint64(2) == 0).all()


def test_bits_are_stored_from_a_bar_on_where_they_are_allowed() -> None:
    random = np.random.default_rng(1)
    for bars, lead in ((200, 0), (200, 64), (130, 1), (193, 129), (64, 63)):
        held, allowed = random.random((2, bars)) < 0.5, random.random(bars - lead) < 0.5
        out = np.zeros((4, 8), np.uint64)
        kernels().comparing.store(packed(held), lead, packed(allowed), np.array([3, 1]), out, 2)
        width = (bars - lead + 63) // 64
        np.testing.assert_array_equal(out[[3, 1], 2 : 2 + width], packed(held[:, lead:] & allowed))
        assert out[[0, 2]].sum() == 0
        assert out[:, [0, 1, *range(2 + width, 8)]].sum() == 0
