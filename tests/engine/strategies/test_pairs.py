"""Pairs against numpy's regression and a state machine in plain Python."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import DataError, SpecError
from engine.market.bars import Bars
from engine.market.panel import align
from engine.strategies.kinds.pairs import Pairs
from tests.support.market import days, make_bars, random_walk

NAN = float("nan")


def pair(count: int = 600, seed: int = 0, slope: float = 0.8) -> list[Bars]:
    """Two symbols whose spread returns to its mean."""
    random = np.random.default_rng(seed)
    second = 4 + np.cumsum(random.normal(0, 0.01, count))
    spread = np.zeros(count)
    for at in range(1, count):
        spread[at] = 0.9 * spread[at - 1] + random.normal(0, 0.01)
    first = 1 + slope * second + spread
    return [make_bars(np.exp(first), symbol="ONE"), make_bars(np.exp(second), symbol="OTHER")]


def machine(score: list[float], is_pair: list[bool], enter: float, leave: float, stop: float) -> list[int]:
    """What is held after each bar: one spread at a time, locked after a stop until it is back in line."""
    held, locked, found = 0, 0, []
    for z, usable in zip(score, is_pair, strict=True):
        if z != z:
            found.append(held)
            continue
        if (held or locked) == 1 and z >= -leave:
            held = locked = 0
        if (held or locked) == -1 and z <= leave:
            held = locked = 0
        if abs(z) >= stop:
            held, locked = 0, (-1 if z > 0 else 1)
        elif abs(z) >= enter and not held and not locked and usable:
            held = -1 if z > 0 else 1
        found.append(held)
    return found


levels = some.sampled_from([NAN, -5.0, -4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0])


@given(some.lists(some.tuples(levels, some.booleans()), max_size=40))
def test_positions_agree_with_a_state_machine(path: list[tuple[float, bool]]) -> None:
    score, usable = [z for z, _ in path], [flag for _, flag in path]
    found = Pairs().positions(np.array(score, dtype=np.float64), np.array(usable, dtype=bool))
    assert found.tolist() == machine(score, usable, 2.0, 0.5, 4.0)


@pytest.mark.parametrize(
    ("score", "held"),
    [
        ([0, -2, -1, -0.5, 0], [0, 1, 1, 0, 0]),
        ([0, 2, 1, 0.5, 0], [0, -1, -1, 0, 0]),
        ([-2, 2, -2], [1, -1, 1]),
        ([0, -2, -4, -3, -2, -0.4, -2], [0, 1, 0, 0, 0, 0, 1]),
        ([0, -5, -3, 0, -3], [0, 0, 0, 0, 1]),
        ([0, -2, NAN, NAN, 0], [0, 1, 1, 1, 0]),
    ],
)
def test_positions_by_hand(score: list[float], held: list[int]) -> None:
    found = Pairs().positions(np.array(score, dtype=np.float64), np.ones(len(score), dtype=bool))
    assert found.tolist() == held


@pytest.mark.parametrize("slope", [0.8, 2.0])
@pytest.mark.parametrize("window", [30, 60])
def test_weights_agree_with_numpy(window: int, slope: float) -> None:
    bars = pair(slope=slope)
    first, second = (np.log(item.close) for item in bars)
    score, slopes = [NAN] * (window - 1), [NAN] * (window - 1)
    for at in range(window - 1, len(first)):
        part = slice(at - window + 1, at + 1)
        fitted, level = np.polyfit(second[part], first[part], 1)
        residuals = first[part] - level - fitted * second[part]
        score.append(residuals[-1] / residuals.std())
        slopes.append(fitted)
    held = machine(score, [value > 0 for value in slopes], 2.0, 0.5, 4.0)
    found = Pairs(window=window).weights(align(bars), {})
    assert sum(after != before for before, after in pairwise(held)) > 10
    for at in range(len(first)):
        if held[at] == (held[at - 1] if at else 0):
            assert np.isnan(found[at]).all()
        else:
            gross = held[at] / (1 + slopes[at]) if held[at] else 0.0
            hedge = -slopes[at] * gross if held[at] else 0.0
            assert found[at].tolist() == pytest.approx([gross, hedge], rel=1e-6)


def test_bars_that_one_of_them_lacks_are_passed_over() -> None:
    one, other = pair()
    keep = np.arange(600) % 5 != 0
    columns = ("time", "open", "high", "low", "close", "volume", "adj_close")
    thin = replace(other, **{name: getattr(other, name)[keep] for name in columns})
    same = replace(one, **{name: getattr(one, name)[keep] for name in columns})
    found = Pairs().weights(align([one, thin]), {})
    assert np.isnan(found[~keep]).all()
    np.testing.assert_array_equal(found[keep], Pairs().weights(align([same, thin]), {}))


def test_same_symbol_twice_is_never_out_of_line() -> None:
    walk = random_walk(400)
    found = Pairs().weights(align([walk, replace(walk, series=replace(walk.series, symbol="TWIN"))]), {})
    assert np.isnan(found).all()


def test_opposite_symbols_are_no_pair() -> None:
    one, other = pair(slope=-1.0)
    found = Pairs().weights(align([one, other]), {})
    held = found[np.isfinite(found).all(axis=1)]
    assert ((held[:, 0] * held[:, 1]) <= 0).all()


@pytest.mark.parametrize("symbols", [1, 3])
def test_two_symbols_are_needed(symbols: int) -> None:
    bars = [make_bars([1.0, 2], symbol=f"S{place}", time=days(2)) for place in range(symbols)]
    with pytest.raises(DataError, match=f"exactly two symbols.*choose two instead of {symbols}"):
        Pairs().weights(align(bars), {})


@pytest.mark.parametrize("values", [{"leave": 2.0}, {"stop": 2.0}, {"enter": 0.4}])
def test_levels_are_in_order(values: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="must be in ascending order"):
        Pairs.parse({"kind": "pairs"} | values)


def test_label_and_warm_up() -> None:
    assert (Pairs().label(), Pairs().warm_up()) == ("Pairs 60, z 2/0.5/4", 59)
