"""Confidence sequences: against the capital step by step, false alarms, and a real difference."""

from __future__ import annotations

from math import log, prod, sqrt

import numpy as np
import pytest

from engine.market.bars import Floats
from engine.research.service.sequence import ALPHA, blocks, sequence


def capital(values: list[float], mean: float) -> float:
    """The hedged capital of Waudby-Smith and Ramdas (2024), their equations for the predictable plug-in, one by one."""
    bets, total, squares = [], 0.5, 0.25
    variance = 0.25
    for count, value in enumerate(values, start=1):
        bets.append(sqrt(2 * log(2 / ALPHA) / (variance * count * log(count + 1))))
        total += value
        squares += (value - total / (count + 1)) ** 2
        variance = squares / (count + 1)
    more = prod(1 + min(bet, 0.5 / mean) * (value - mean) for bet, value in zip(bets, values, strict=True))
    less = prod(1 - min(bet, 0.5 / (1 - mean)) * (value - mean) for bet, value in zip(bets, values, strict=True))
    return max(more, less) / 2


def test_the_interval_holds_what_the_capital_does_not_refute() -> None:
    drawn = np.random.default_rng(3).uniform(-0.4, 0.8, 60)
    found = sequence(drawn)
    values = ((drawn + 1) / 2).tolist()
    for mean in np.linspace(0.05, 0.95, 19).tolist():
        refuted = any(capital(values[:count], mean) >= 1 / ALPHA for count in range(1, 61))
        if abs(2 * mean - 1 - found.low[-1]) > 0.011 and abs(2 * mean - 1 - found.high[-1]) > 0.011:
            assert refuted == (not found.low[-1] <= 2 * mean - 1 <= found.high[-1])
    assert found.decided == next(n for n in range(60) if capital(values[: n + 1], 0.5) >= 1 / ALPHA)
    assert found.mean[-1] == pytest.approx(drawn.mean())


@pytest.mark.parametrize(
    ("seed", "low", "high"), [(1, 0.11, 0.325), (3, 0.1, 0.305), (5, 0.105, 0.325)], ids=lambda value: str(value)
)
def test_ends_are_those_of_the_authors_implementation(seed: int, low: float, high: float) -> None:
    """``betting_cs`` of their package confseq, with a grid of 400 steps, running intersection and m_trunc."""
    found = sequence(np.random.default_rng(seed).uniform(-0.5, 0.9, 120))
    assert (found.low[-1], found.high[-1]) == pytest.approx((low, high), abs=1e-9)


def gap(seed: int, edge: float, *, horizon: int = 5, count: int = 750) -> Floats:
    """The difference of the hits of two models whose calls stay the same for weeks, on labels that overlap. The first
    of them knows the answer in a share ``edge`` of the rows.
    """
    rng = np.random.default_rng(seed)
    up = np.convolve(rng.normal(size=count + horizon), np.ones(horizon), "valid")[:count] > 0
    calls = [np.repeat(rng.random(count // 15) < 0.5, 15) for _ in range(2)]
    first = np.where(rng.random(count) < edge, up, calls[0])
    return np.asarray((first == up) * 1.0 - (calls[1] == up) * 1.0)


def test_equally_good_models_are_called_different_in_at_most_one_of_twenty() -> None:
    """By looking after every block for three years. An interval for one look, looked at as often, errs in most."""
    alarms = naive = 0
    for seed in range(300):
        found = blocks(gap(seed, 0.0), 8)
        alarms += sequence(found).decided is not None
        count = np.arange(1, len(found) + 1)
        mean = np.cumsum(found) / count
        deviation = np.sqrt(np.maximum(np.cumsum(found**2) / count - mean**2, 1e-12))
        naive += bool((np.abs(mean) > 1.96 * deviation / np.sqrt(count))[9:].any())
    assert alarms / 300 <= 0.05
    assert naive / 300 > 0.2


def test_a_better_model_is_found_and_the_first_is_the_better_one() -> None:
    found = [sequence(blocks(gap(seed, 0.6), 8)) for seed in range(20)]
    assert all(item.decided is not None for item in found)
    assert all(item.low[-1] >= 0 for item in found)


def test_intervals_only_shrink_and_nothing_is_decided_by_nothing() -> None:
    found = sequence(np.random.default_rng(0).uniform(-1, 1, 200))
    assert (np.diff(found.low) >= 0).all()
    assert (np.diff(found.high) <= 0).all()
    assert sequence(np.empty(0)).decided is None
    assert sequence(np.zeros(50)).decided is None


def test_blocks_are_means_of_whole_ones() -> None:
    np.testing.assert_array_equal(blocks(np.arange(7.0), 3), [1.0, 4.0])
    assert not len(blocks(np.arange(2.0), 3))
