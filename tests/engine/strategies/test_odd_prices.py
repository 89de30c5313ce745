"""No strategy fails on prices that a file may hold, whatever a simulation makes of them later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.panel import align
from engine.strategies import STRATEGIES, Allocation, call_strategy
from tests.support.followed import follows
from tests.support.market import cut, make_bars, random_walk

WALK = random_walk(700, seed=1)
COLUMNS = ("open", "high", "low", "close", "adj_close")
PLACE = np.arange(700)


def with_prices(change: np.ndarray | float) -> Bars:
    """``WALK`` with its prices multiplied by ``change``."""
    return replace(WALK, **{name: getattr(WALK, name) * change for name in COLUMNS})


def odd() -> Iterator[tuple[str, Bars]]:
    yield "a zero", with_prices(np.where(PLACE == 300, 0.0, 1.0))
    yield "a zero at the start", with_prices(np.where(PLACE == 0, 0.0, 1.0))
    yield "negative from a bar on", with_prices(np.where(PLACE > 300, -1.0, 1.0))
    yield "an infinity", with_prices(np.where(PLACE == 300, np.inf, 1.0))
    yield "none at all", with_prices(np.nan)
    yield "every other bar", with_prices(np.where(PLACE % 2 == 0, np.nan, 1.0))
    yield "huge", with_prices(1e300)
    yield "tiny", with_prices(1e-300)
    yield "flat", make_bars(np.full(700, 3.0))
    yield "one bar", cut(WALK, 1)


@pytest.mark.usefixtures("external_values")
@pytest.mark.parametrize("name", [name for name in STRATEGIES.available() if not follows(name)])
@pytest.mark.parametrize("bars", [pytest.param(bars, id=about) for about, bars in odd()])
def test_decides_without_failing(name: str, bars: Bars) -> None:
    strategy = STRATEGIES.get(name)()
    if not isinstance(strategy, Allocation):
        call_strategy.signals(strategy, bars, {})
        return
    others = [random_walk(700, seed=seed, symbol=f"S{seed}") for seed in range(2, 3 if name == "pairs" else 5)]
    weights = call_strategy.weights(strategy, align([bars, *others]), {})
    assert (np.nansum(np.abs(weights), axis=1) <= 1 + 1e-9).all()
