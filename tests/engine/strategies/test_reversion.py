"""Strategies that buy weakness, against loops in plain Python and tables by hand."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import SpecError
from engine.market.bars import Bars
from engine.strategies.kinds.bollinger_breakout import BollingerBreakout
from engine.strategies.kinds.bollinger_reversion import BollingerReversion
from engine.strategies.kinds.rsi_reversion import RsiReversion
from tests.support import by_definition
from tests.support.deciding import marks, sides
from tests.support.market import make_bars, random_walk

BARS = random_walk(1200, seed=4)


def bands(close: list[float], window: int, width: float) -> list[tuple[float, float, float]]:
    """Lower, middle and upper band of each bar from the last of the first window on."""
    found = []
    for at in range(window - 1, len(close)):
        part = close[at - window + 1 : at + 1]
        middle, deviation = statistics.fmean(part), statistics.pstdev(part)
        found.append((middle - width * deviation, middle, middle + width * deviation))
    return found


def against(close: list[float], window: int, width: float) -> dict[str, list[bool]]:
    found = [(False,) * 4] * (window - 1)
    for price, (low, middle, high) in zip(close[window - 1 :], bands(close, window, width), strict=True):
        found.append((price < low, price > middle, price > high, price < middle))
    names = ("entries", "exits", "short_entries", "short_exits")
    return {name: [row[place] for row in found] for place, name in enumerate(names)}


@pytest.mark.parametrize(("window", "width"), [(20, 2.0), (5, 0.5), (100, 1.3)])
def test_bollinger_reversion_agrees_with_plain_python(window: int, width: float) -> None:
    expected = against(BARS.close.tolist(), window, width)
    assert sum(expected["entries"]) > 5
    assert sides(BollingerReversion(window=window, width=width), BARS) == expected


@pytest.mark.parametrize(("window", "width"), [(20, 2.0), (5, 0.5), (100, 1.3)])
def test_bollinger_breakout_is_its_opposite(window: int, width: float) -> None:
    expected = against(BARS.close.tolist(), window, width)
    turned = {"entries": "short_entries", "exits": "short_exits", "short_entries": "entries", "short_exits": "exits"}
    found = sides(BollingerBreakout(window=window, width=width), BARS)
    assert found == {name: expected[other] for name, other in turned.items()}


def test_bollinger_by_hand() -> None:
    """Closes 10 10 10 6: mean 9, deviation 1.73; 6 is 1.73 deviations below."""
    bars = make_bars([10.0, 10, 10, 6, 12])
    found = BollingerReversion(window=4, width=1.7).signals(bars, {})
    assert (marks(found.entries), marks(found.exits)) == ("...x.", "....x")
    assert not BollingerReversion(window=4, width=1.8).signals(bars, {}).entries.any()


@given(some.floats(1e-6, 1e6), some.integers(2, 30))
def test_flat_price_touches_no_band(price: float, window: int) -> None:
    for cls in (BollingerReversion, BollingerBreakout):
        found = sides(cls(window=window, width=0.1), make_bars([price] * 80))
        assert not any(any(flags) for flags in found.values())


@pytest.mark.parametrize(("window", "low", "middle"), [(14, 30.0, 50.0), (2, 10.0, 70.0), (5, 25.0, 25.0)])
def test_rsi_reversion_agrees_with_plain_python(window: int, low: float, middle: float) -> None:
    strategy = RsiReversion(window=window, enter_below=low, leave_above=middle)
    expected: dict[str, list[bool]] = {"entries": [], "exits": [], "short_entries": [], "short_exits": []}
    for at, value in enumerate(by_definition.rsi(BARS.close.tolist(), window)):
        known = at >= strategy.warm_up()
        expected["entries"].append(known and value < low)
        expected["exits"].append(known and value > middle)
        expected["short_entries"].append(known and value > 100 - low)
        expected["short_exits"].append(known and value < 100 - middle)
    assert sum(expected["entries"]) > 5
    assert sides(strategy, BARS) == expected


def test_rsi_of_a_price_upside_down_trades_the_other_side() -> None:
    top = 2 * float(BARS.high.max())
    turned: Bars = make_bars(top - BARS.close)
    one, other = (sides(RsiReversion(window=5), bars) for bars in (BARS, turned))
    assert one["entries"] == other["short_entries"]
    assert one["short_exits"] == other["exits"]


def test_rsi_levels_are_in_order() -> None:
    with pytest.raises(SpecError, match=r"Exit above \(20\) must not be below enter below \(30\)"):
        RsiReversion.parse({"kind": "rsi_reversion", "leave_above": 20})


def test_labels_and_warm_ups() -> None:
    assert RsiReversion().label() == "RSI 14 < 30, out > 50"
    assert RsiReversion().warm_up() == 105
    assert BollingerReversion(width=1.5).label() == "Bollinger reversion 20, 1.5σ"
    assert BollingerBreakout().label() == "Bollinger breakout 20, 2σ"
    assert BollingerBreakout(window=100).warm_up() == 99


@pytest.mark.parametrize("seed", range(3))
def test_share_that_was_never_traded_is_not_bought_by_its_rsi(seed: int) -> None:
    """TA-Lib gives 0, the deepest weakness there is, to a price that has not moved."""
    flat = np.concatenate([np.full(200, 7.0), random_walk(100, seed=seed).close])
    assert not any(sides(RsiReversion(window=3), make_bars(flat))["entries"][:200])
