"""Strategies that know the future are found, honest ones are not accused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.panel import Panel
from engine.research.causality import look_ahead
from engine.strategies import Signals
from tests.support.backtests import Crosses, Halves, request
from tests.support.market import days, random_walk


class Tomorrow(Crosses):
    """Knows the next bar."""

    kind: Literal["tomorrow"] = "tomorrow"  # type: ignore[assignment]

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        honest = super().signals(bars, inputs)
        entries = np.append(honest.entries[1:], False)
        return replace(honest, entries=entries)


class WholeMean(Crosses):
    """Enters below the mean of all bars."""

    kind: Literal["whole_mean"] = "whole_mean"  # type: ignore[assignment]

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        below = bars.close < (bars.close.mean() if len(bars) else 0)
        return Signals(below, ~below)


class Ahead(Halves):
    kind: Literal["ahead"] = "ahead"  # type: ignore[assignment]

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Any:
        found = super().weights(panel, inputs)
        found[:-1, 0] = np.where(panel.close[1:, 0] > panel.close[:-1, 0], 1.0, 0.0)
        return found


@pytest.mark.parametrize("seed", range(3))
def test_honest_strategies_are_not_accused(seed: int) -> None:
    one, other = (
        random_walk(400, seed, symbol="ONE"),
        random_walk(300, seed, symbol="TWO", time=days(300, "2020-04-01")),
    )
    assert look_ahead(request(Crosses()), (one,), {}) is None
    assert look_ahead(request(Crosses(), ("ONE", "TWO")), (one, other), {}) is None
    assert look_ahead(request(Halves(), ("ONE", "TWO")), (one, other), {}) is None


def test_next_bar_is_found_where_it_decides() -> None:
    bars = random_walk(400, 1)
    found = look_ahead(request(Tomorrow()), (bars,), {})
    assert found is not None
    decided = Tomorrow().signals(bars, {}).entries
    at = int(np.flatnonzero(bars.time == np.datetime64(found.time))[0])
    assert decided[at]
    assert found.symbol == "TEST"
    assert "entry" in found.later
    assert at == np.flatnonzero(decided)[0]
    assert found.sentence() == (
        f"The decision for TEST at {found.time} is {found.then} on the bars known then, and {found.later} once later "
        "bars are known: the strategy uses the future."
    )


def test_mean_of_everything_is_found() -> None:
    assert look_ahead(request(WholeMean()), (random_walk(400, 2),), {}) is not None


def test_weights_that_know_the_future_are_found_with_their_symbol() -> None:
    bars = (random_walk(200, 1, symbol="ONE"), random_walk(200, 2, symbol="TWO"))
    found = look_ahead(request(Ahead(), ("ONE", "TWO")), bars, {})
    assert found is not None
    assert found.symbol == "ONE"
    assert "weight" in found.later


def test_earliest_is_named() -> None:
    bars = (random_walk(300, 3, symbol="ONE"), random_walk(300, 4, symbol="TWO"))
    found = look_ahead(request(Tomorrow(), ("ONE", "TWO")), bars, {})
    assert found is not None
    first = min(item.time[Tomorrow().signals(item, {}).entries][0] for item in bars)
    assert np.datetime64(found.time) == first


def test_strategy_that_never_decides_is_honest() -> None:
    assert look_ahead(request(Crosses(window=100)), (random_walk(60, 1),), {}) is None
