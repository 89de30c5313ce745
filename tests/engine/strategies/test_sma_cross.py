"""The SMA cross against a table by hand and a loop in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import SpecError
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.market import make_bars, random_walk


def marks(flags: np.ndarray) -> str:
    return "".join("x" if flag else "." for flag in flags)


def decide(close: list[float], fast: int = 2, slow: int = 3) -> tuple[str, str]:
    signals = SmaCross(fast=fast, slow=slow).signals(make_bars(close), {})
    return marks(signals.entries), marks(signals.exits)


def test_crossings_by_hand() -> None:
    """Averages of 2 less averages of 3, from the third bar on: -0.50, 0.00, 0.83, -0.17, -1.17."""
    assert decide([3, 2, 1, 3, 4, 1, 0]) == ("....x..", ".....x.")


def test_fast_average_above_from_the_start_is_no_entry() -> None:
    assert decide([1, 2, 3, 4, 5, 6]) == ("......", "......")


def test_touching_and_rising_again_is_an_entry_anew() -> None:
    """Equal averages on the third bar, above on the fourth: a rise above from at or below."""
    assert decide([2, 2, 2, 3]) == ("...x", "....")
    assert decide([2, 2, 2, 1]) == ("....", "...x")


@pytest.mark.parametrize("price", [7.0, 0.1, 1e-7, 123456.789])
def test_constant_price_never_crosses(price: float) -> None:
    assert decide([price] * 20) == ("." * 20, "." * 20)


@pytest.mark.parametrize("seed", range(10))
def test_price_that_stands_still_brings_the_averages_together_without_a_crossing(seed: int) -> None:
    """A halted share: from the 20th equal close on both averages are the same but for rounding."""
    moving = random_walk(300, seed=seed).close
    signals = SmaCross(fast=5, slow=20).signals(make_bars(np.concatenate([moving, np.full(100, moving[-1])])), {})
    assert not (signals.entries | signals.exits)[318:].any()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_fewer_bars_than_a_crossing_needs_are_silent(count: int) -> None:
    assert decide([1.0, 5.0, 1.0][:count]) == ("." * count, "." * count)


def plain(close: list[float], fast: int, slow: int) -> tuple[str, str]:
    def gap(at: int) -> float:
        return sum(close[at - fast + 1 : at + 1]) / fast - sum(close[at - slow + 1 : at + 1]) / slow

    entries, exits = ["."] * len(close), ["."] * len(close)
    for at in range(slow, len(close)):
        if gap(at - 1) <= 0 < gap(at):
            entries[at] = "x"
        if gap(at - 1) >= 0 > gap(at):
            exits[at] = "x"
    return "".join(entries), "".join(exits)


@given(some.lists(some.integers(1, 64), max_size=60), some.sampled_from([(2, 4), (2, 8), (4, 16)]))
def test_agrees_with_plain_python(close: list[int], windows: tuple[int, int]) -> None:
    """Windows that are powers of two and whole prices: the averages are exact, and so are their ties."""
    prices = [float(value) for value in close]
    assert decide(prices, *windows) == plain(prices, *windows)


def test_entries_and_exits_alternate() -> None:
    signals = SmaCross(fast=5, slow=20).signals(random_walk(2000), {})
    order = np.where(signals.entries, 1, np.where(signals.exits, -1, 0))
    order = order[order != 0]
    assert len(order) > 20
    assert (order[1:] == -order[:-1]).all()
    assert not (signals.entries & signals.exits).any()


def test_scale_of_the_price_does_not_matter() -> None:
    bars = random_walk(1000)
    one = SmaCross(fast=5, slow=20).signals(bars, {})
    other = SmaCross(fast=5, slow=20).signals(make_bars(bars.close * 4), {})
    np.testing.assert_array_equal(one.entries, other.entries)


@pytest.mark.parametrize(("fast", "slow"), [(50, 50), (60, 50), (200, 50)])
def test_fast_window_is_shorter_than_slow(fast: int, slow: int) -> None:
    with pytest.raises(SpecError, match=rf"Fast window \({fast}\) must be shorter than slow window \({slow}\)\."):
        SmaCross.parse({"kind": "sma_cross", "fast": fast, "slow": slow})


def test_longest_windows_that_are_admitted_compute() -> None:
    signals = SmaCross(fast=999, slow=1000).signals(random_walk(1500), {})
    assert len(signals.entries) == 1500


def test_label_and_warm_up() -> None:
    assert SmaCross().label() == "SMA 50/200"
    assert SmaCross().warm_up() == 200
