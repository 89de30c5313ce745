"""Rotation against a table by hand and a loop in plain Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.panel import Panel, align
from engine.strategies.kinds.rotation import Rotation
from tests.support.market import cut, days, make_bars, random_walk


def panel(*closes: list[float], first: str = "2020-01-01") -> Panel:
    return align([make_bars(close, symbol=f"S{place}") for place, close in enumerate(closes)])


def walks(count: int, symbols: int) -> list[Bars]:
    return [random_walk(count, seed=seed, symbol=f"S{seed}") for seed in range(symbols)]


def test_by_hand() -> None:
    """Returns of two bars, chosen on the bars 2, 4 and 6: the first has risen most, then the third, then they tie."""
    prices = panel([1, 1, 2, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1.5, 2, 3, 3, 3])
    found = Rotation(lookback=2, skip=0, top=1, every=2).weights(prices, {})
    decided = np.isfinite(found).all(axis=1)
    assert np.flatnonzero(decided).tolist() == [2, 4, 6]
    assert found[decided].tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 0]]


def plain(strategy: Rotation, close: np.ndarray) -> dict[int, list[float]]:
    """Weights by row; every symbol has every bar."""
    start, found = strategy.lookback + strategy.skip, {}
    for at in range(start, len(close), strategy.every):
        gained = [line[at - strategy.skip] / line[at - start] - 1 for line in close.T.tolist()]
        best = sorted(range(len(gained)), key=lambda place: -gained[place])
        worst = sorted(range(len(gained)), key=lambda place: gained[place])
        both = strategy.sides == "both"
        part = 1 / (2 * strategy.top) if both else 1 / strategy.top
        row = [0.0] * len(gained)
        for place in best[: strategy.top]:
            row[place] += part if gained[place] > 0 or not strategy.rising_only else 0
        for place in worst[: strategy.top] if both else []:
            row[place] -= part if gained[place] < 0 or not strategy.rising_only else 0
        found[at] = row
    return found


@pytest.mark.parametrize("rising_only", [False, True])
@pytest.mark.parametrize("sides", ["winners", "both"])
@pytest.mark.parametrize(("lookback", "skip", "top", "every"), [(60, 5, 2, 21), (20, 0, 3, 1), (250, 21, 1, 63)])
def test_agrees_with_plain_python(
    lookback: int, skip: int, top: int, every: int, sides: str, rising_only: bool
) -> None:
    values = {"lookback": lookback, "skip": skip, "top": top, "every": every, "sides": sides}
    strategy = Rotation.parse({"kind": "rotation", "rising_only": rising_only} | values)
    prices = align(walks(700, 7))
    found = strategy.weights(prices, {})
    expected = plain(strategy, prices.close)
    assert np.flatnonzero(np.isfinite(found).any(axis=1)).tolist() == list(expected)
    for at, row in expected.items():
        assert found[at].tolist() == pytest.approx(row)


def test_symbol_takes_part_from_its_first_bars_on_and_until_a_week_after_its_last() -> None:
    """The second begins late and ends early; what rises most counts only while it is there."""
    rising = np.exp(0.05 * np.arange(100.0))
    late = make_bars(rising[30:80], time=days(100)[30:80], symbol="LATE")
    slow, flat = (make_bars(values, symbol=name) for name, values in (("SLOW", rising**0.1), ("FLAT", np.ones(100))))
    found = Rotation(lookback=10, skip=0, top=1, every=1).weights(align([slow, late, flat]), {})
    held = np.nanargmax(found[10:], axis=1)
    assert held[:30].tolist() == [0] * 30  # ten bars of its own make its return
    assert held[30:76].tolist() == [1] * 46  # its last close is known for a week
    assert held[77:].tolist() == [0] * 13


def test_other_markets_weekends_are_bridged() -> None:
    """Against a coin that trades every day, a share's momentum is that of its last close."""
    everyday = days(60)
    weekdays = everyday[np.is_busday(everyday.astype("datetime64[D]"))]
    share = make_bars(np.linspace(1, 3, len(weekdays)), time=weekdays, symbol="SHARE")
    coin = make_bars(np.ones(60), symbol="COIN")
    together = align([share, coin])
    found = Rotation(lookback=8, skip=0, top=1, every=1).weights(together, {})
    assert np.isfinite(found[8:]).all()
    known = pd.Series(together.close[:, 0]).ffill()
    gained = known.pct_change(8).to_numpy()
    assert (found[8:, 0] == 1).tolist() == (gained[8:] > 0).tolist()


def test_too_few_symbols_is_a_sentence() -> None:
    with pytest.raises(DataError, match="chooses 3 symbols at a time out of 2: add symbols"):
        Rotation().weights(panel([1.0, 2], [1.0, 2]), {})
    with pytest.raises(DataError, match="chooses 4 symbols at a time out of 2"):
        Rotation(top=2, sides="both").weights(panel([1.0, 2], [1.0, 2]), {})


def test_decisions_stand_when_history_goes_on() -> None:
    bars = walks(300, 4)
    strategy = Rotation(lookback=40, skip=3, top=2, every=10)
    whole = strategy.weights(align(bars), {})
    holed = [replace(item, close=np.where(np.arange(300) % 37 == 5, np.nan, item.close)) for item in bars]
    for count in (0, 1, 42, 43, 44, 200):
        np.testing.assert_array_equal(strategy.weights(align([cut(b, count) for b in bars]), {}), whole[:count])
        strategy.weights(align([cut(item, count) for item in holed]), {})


def test_label_and_warm_up() -> None:
    assert Rotation().label() == "Top 3 by 252-21 momentum every 21"
    assert Rotation(sides="both").label().endswith(", long/short")
    assert Rotation().warm_up() == 273
