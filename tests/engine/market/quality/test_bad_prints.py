"""Bad prints whose sizes are those of splits, and prices below zero: told apart from what they look like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.quality.check import check
from engine.market.quality.edits import apply
from tests.support.market import random_walk

PRICES = ("open", "high", "low", "close", "adj_close")


def scaled(bars: Bars, rows: slice, factor: float) -> Bars:
    """``bars`` with all prices of some ``rows`` multiplied."""
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    for values in columns.values():
        values[rows] *= factor
    return replace(bars, **columns)


def names(bars: Bars) -> dict[str, list[int]]:
    return {finding.name: finding.rows.tolist() for finding in check(bars)}


@pytest.mark.parametrize("factor", [2, 3, 10, 1 / 2, 1 / 3, 1 / 10])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_print_at_a_multiple_is_no_split(factor: float, length: int) -> None:
    bars = scaled(random_walk(600), slice(200, 200 + length), factor)
    assert names(bars) == {"spike": list(range(200, 200 + length))}
    edits = [edit for finding in check(bars) for edit in finding.repairs]
    np.testing.assert_array_equal(apply(bars, edits).close, bars.close)


@pytest.mark.parametrize("factor", [1.5, 1 / 1.5])
def test_a_smaller_one_is_no_split_of_three_for_two_either(factor: float) -> None:
    assert "missing split" not in names(scaled(random_walk(600), slice(200, 202), factor))


@pytest.mark.parametrize("factor", [1 / 1.5, 1 / 2, 1 / 4, 3])
def test_what_lasts_is_a_split(factor: float) -> None:
    assert names(scaled(random_walk(600), slice(200, None), factor)) == {"missing split": [200]}


def test_a_flat_bar_below_zero_has_no_low_above_its_high() -> None:
    bars = random_walk(100)
    columns = {name: getattr(bars, name).copy() for name in PRICES}
    for values in columns.values():
        values[7] = -37.63
    assert "low above high" not in names(replace(bars, **columns))
