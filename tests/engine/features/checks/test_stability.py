"""Differences from a later start that count, and those that are rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.features.checks.stability import unsettled
from engine.market.bars import Bars, Floats
from tests.support.market import random_walk

WARM_UP = 10


def moved_at(places: list[int], by: float = 5.0) -> Callable[[Bars], dict[str, Floats]]:
    """The close, but for what is changed so many bars behind the warm-up of a series that begins later."""

    def compute(bars: Bars) -> dict[str, Floats]:
        values = bars.close.copy()
        if len(bars) < 1_000:
            values[WARM_UP + np.array(places, dtype=int)] += by * np.ptp(values)
        return {"out": values}

    return compute


@pytest.mark.parametrize(
    ("places", "counts"),
    [([], False), ([50, 51, 99], False), ([0], True), ([20, 40, 60, 80], True), ([150], False)],
)
def test_the_first_bar_and_more_than_a_few_count(places: list[int], counts: bool) -> None:
    found = unsettled(moved_at(places), random_walk(1_000), (WARM_UP,), "finite")
    assert [sign.output for sign in found] == ["out"] * counts
    if found:
        assert found[0].bar == 100 + WARM_UP + places[0]
        assert found[0].start == "2020-04-10"


def test_a_missing_value_counts_wherever_it_is() -> None:
    assert unsettled(moved_at([60], np.nan), random_walk(1_000), (WARM_UP,), "finite")


@pytest.mark.parametrize(("family", "count"), [("cumulative", 0), ("recursive", 1)])
def test_a_constant_may_stay_in_what_is_cumulative(family: str, count: int) -> None:
    total = unsettled(lambda bars: {"out": np.cumsum(bars.close)}, random_walk(1_000), (0,), family)  # type: ignore[arg-type]
    assert len(total) == count
    grown = unsettled(lambda bars: {"out": np.cumprod(1 + bars.close / 1e6)}, random_walk(1_000), (0,), family)  # type: ignore[arg-type]
    assert len(grown) == count
    other = unsettled(
        lambda bars: {"out": bars.close - bars.close[0] * np.arange(len(bars))}, random_walk(1_000), (0,), "cumulative"
    )
    assert len(other) == 1


def test_a_sum_that_begins_anew_behind_a_gap_is_settled() -> None:
    bars = random_walk(1_000)
    close = bars.close.copy()
    close[[150, 300]] = np.nan

    def compute(bars: Bars) -> dict[str, Floats]:
        runs = pd.Series(bars.close).groupby(np.cumsum(np.isnan(bars.close)))
        return {"out": runs.cumsum().to_numpy()}

    assert unsettled(compute, replace(bars, close=close), (0,), "cumulative") == ()
