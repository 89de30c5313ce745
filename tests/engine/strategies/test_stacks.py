"""Conditions of several lines at once: every row is the very answer that the line gives alone, or there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.kernels import kernels
from engine.strategies.columns import Column, Words
from engine.strategies.flags import above, begun
from engine.strategies.stacks import Attempt, NotFollowed, Several, Stack

FOLLOWED: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "stack > line": lambda k, s, a, b: s > a,
    "line >= stack x number": lambda k, s, a, b: a >= s * 1.5,
    "0 - stack, negated": lambda k, s, a, b: ~(0 - s < a),
    "above": lambda k, s, a, b: above(s, a),
    "below": lambda k, s, a, b: above(a, s),
    "two of them": lambda k, s, a, b: (s > a) & (b < s) | (a > b),
    "stack > column": lambda k, s, a, b: s > k,
    "column >= stack": lambda k, s, a, b: k >= s,
    "line < stack + column x line": lambda k, s, a, b: a < s + k * b,
    "above line + column x stack": lambda k, s, a, b: above(a, b + k * s),
    "below stack - column x stack": lambda k, s, a, b: above(s - k * s, b),
    "above stack - column": lambda k, s, a, b: above(a, s - k),
    "stacks and columns": lambda k, s, a, b: (s > k) & (a < s + k * b),
}
REFUSED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "a branch": lambda n, s, a: a > 1 if n > 3 else a < 1,
    "arithmetic": lambda n, s, a: a > n - 1,
    "a key": lambda n, s, a: {3: a > 1}.get(n),
    "a choice": lambda n, s, a: a > (1 if n in (3, 4) else 2),
    "its type": lambda n, s, a: a > (1 if isinstance(n, int) else 2),
    "text": lambda n, s, a: a > len(f"{n}"),
    "an array": lambda n, s, a: np.asarray(n) < a,
    "a range": lambda n, s, a: [a > each for each in range(n)],
    "a function": lambda n, s, a: np.where(s > a, s, a) > 1,
    "a shift": lambda n, s, a: np.roll(s, 1) > a,
    "a place": lambda n, s, a: a > s[-1],
    "a method": lambda n, s, a: a > s.max(),
    "a reduction": lambda n, s, a: a > np.add.reduce(s),
    "begun": lambda n, s, a: begun(s > a, None),
    "not exact": lambda n, s, a: np.exp(s) > a,
    "its length": lambda n, s, a: a > len(s),
    "truth": lambda n, s, a: a > (1 if s else 2),
    "lines of another kind": lambda n, s, a: s > np.ones((2, len(a))),
    "a column and a maximum": lambda n, s, a: np.maximum(Column(np.ones((2, 1)), kernels().comparing.compare), s) > a,
}


@settings(max_examples=30)
@given(some.sampled_from(sorted(FOLLOWED)), some.integers(1, 200), some.integers(2, 5), some.integers(0, 2**32))
def test_every_row_is_what_its_line_gives_alone(name: str, bars: int, count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, values = random.integers(-3, 4, (count, bars)) / 2, random.integers(-3, 4, 3) / 2
    rows = np.where(random.random(rows.shape) < 0.1, np.nan, rows)
    rows += np.where(random.random(rows.shape) < 0.2, 1e-13, 0)  # ties, and nearly
    one, other = random.integers(-3, 4, (2, bars)) / 2.0
    column = Column(values[:, None], kernels().comparing.compare)
    found = FOLLOWED[name](column, Stack(Attempt(), rows), one, other)
    if isinstance(found, Words):
        expected = [FOLLOWED[name](value, row, one, other) for row in rows for value in values.tolist()]
        assert found.rows == len(expected)
        np.testing.assert_array_equal(found.array(), expected)
    else:
        expected = [FOLLOWED[name](0.0, row, one, other) for row in rows]
        np.testing.assert_array_equal(found.rows, expected)


@pytest.mark.parametrize("name", REFUSED)
def test_whatever_else_is_done_with_them_fails(name: str) -> None:
    """Even where the condition catches it: the attempt remembers."""
    attempt, line = Attempt(), np.linspace(0, 2, 70)
    with pytest.raises((NotFollowed, TypeError)):
        REFUSED[name](Several(attempt, (3, 4)), Stack(attempt, np.array([line, line + 1])), line)
    assert attempt.failed
