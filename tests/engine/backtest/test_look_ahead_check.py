"""Strategies that know the future are found, honest ones are not accused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from engine.backtest.look_ahead_check import look_ahead
from engine.backtest.sizings import Size, Sizing
from engine.core.errors import StrategyError
from engine.market.actions import Dividends
from engine.market.bars import Bars
from engine.market.panel import Panel
from engine.strategies import Signals
from tests.support.backtests import Crosses, Halves, request, simulated
from tests.support.market import days, random_walk


class Tomorrow(Crosses):
    """Knows the next bar."""

    kind: Literal["tomorrow"] = "tomorrow"  # type: ignore[assignment]

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        honest = super().signals(bars, inputs)
        entries = np.append(honest.entries[1:], False)
        return replace(honest, entries=entries)


class Filtered(Crosses):
    """Leaves out the entries after which the next bar falls: what is left looks like any other decision."""

    kind: Literal["filtered"] = "filtered"  # type: ignore[assignment]

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        honest = super().signals(bars, inputs)
        falls = np.append(bars.close[1:] < bars.close[:-1], False)
        return Signals(honest.entries & ~falls, honest.exits)


class Announced(Crosses):
    """Enters before a dividend."""

    kind: Literal["announced"] = "announced"  # type: ignore[assignment]

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        paid = bars.time[:0] if bars.dividends is None else bars.dividends.time
        return Signals(np.isin(bars.time + np.timedelta64(1, "D"), paid), np.isin(bars.time, paid))


class Demanding(Tomorrow):
    """Fails on less than ``least`` bars, and does not say so."""

    kind: Literal["demanding"] = "demanding"  # type: ignore[assignment]
    least: int = 50

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        if len(bars) < self.least:
            raise ValueError("too few bars")
        return super().signals(bars, inputs)


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
    assert "entry" in found.full
    assert at == np.flatnonzero(decided)[0]
    assert found.sentence() == (
        f"The decision for TEST at {found.time} is {found.truncated} on the bars known then, and {found.full} once "
        "later bars are known: the strategy uses the future."
    )


def test_mean_of_everything_is_found() -> None:
    assert look_ahead(request(WholeMean()), (random_walk(400, 2),), {}) is not None


def test_weights_that_know_the_future_are_found_with_their_symbol() -> None:
    bars = (random_walk(200, 1, symbol="ONE"), random_walk(200, 2, symbol="TWO"))
    found = look_ahead(request(Ahead(), ("ONE", "TWO")), bars, {})
    assert found is not None
    assert found.symbol == "ONE"
    assert "weight" in found.full


def test_earliest_is_named() -> None:
    bars = (random_walk(300, 3, symbol="ONE"), random_walk(300, 4, symbol="TWO"))
    found = look_ahead(request(Tomorrow(), ("ONE", "TWO")), bars, {})
    assert found is not None
    first = min(item.time[Tomorrow().signals(item, {}).entries][0] for item in bars)
    assert np.datetime64(found.time) == first


def test_strategy_that_never_decides_is_honest() -> None:
    assert look_ahead(request(Crosses(window=100)), (random_walk(60, 1),), {}) is None


@pytest.mark.parametrize("seed", range(5))
def test_filter_that_knows_the_next_bar_is_found(seed: int) -> None:
    assert look_ahead(request(Filtered(window=40)), (random_walk(2500, seed),), {}) is not None


def test_dividends_to_come_are_not_known() -> None:
    bars = random_walk(200, 1)
    bars = replace(bars, dividends=Dividends(bars.time[20::30], np.ones(6)))
    found = look_ahead(request(Announced()), (bars,), {})
    assert found is not None
    assert found.time == str(bars.time[19])[:10]


def test_strategy_that_fails_on_short_histories_is_asked_on_long_ones() -> None:
    bars = random_walk(400, 1)
    assert look_ahead(request(Demanding()), (bars,), {}) is not None
    with pytest.raises(StrategyError, match="too few bars"):
        look_ahead(request(Demanding(least=400)), (bars,), {})


def test_symbol_that_begins_late_hides_nothing_before_it() -> None:
    early, late = random_walk(400, 1, symbol="ONE"), random_walk(30, 2, symbol="TWO", time=days(30, "2021-01-05"))
    found = look_ahead(request(Tomorrow(), ("ONE", "TWO")), (early, late), {})
    assert found is not None
    assert np.datetime64(found.time) < late.time[0]


class Clairvoyant(Sizing):
    """Hardly enters before the next bar falls."""

    kind: Literal["clairvoyant"] = "clairvoyant"  # type: ignore[assignment]

    def size(self, bars: Bars) -> Size:
        return Size("equity", np.where(np.append(bars.close[1:] < bars.close[:-1], False), 0.01, 1.0))


class Broken(Sizing):
    kind: Literal["broken"] = "broken"  # type: ignore[assignment]

    def size(self, bars: Bars) -> Size:
        return Size("equity", np.ones(3))


def test_size_that_knows_the_future_is_found() -> None:
    bars = random_walk(400, 1)
    honest = request(Crosses(), sizing={"kind": "volatility"})
    assert look_ahead(honest, (bars,), {}) is None
    found = look_ahead(honest.model_copy(update={"sizing": Clairvoyant()}), (bars,), {})
    assert found is not None
    assert (found.truncated, found.full) == ("a size of 1", "a size of 0.01")


def test_sizing_that_fails_is_named() -> None:
    with pytest.raises(StrategyError, match=r"The sizing 'broken' returned float64 of shape \(3,\) for 50 bars"):
        simulated(request(Crosses()).model_copy(update={"sizing": Broken()}), random_walk(50, 1))
