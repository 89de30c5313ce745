"""Null models: their labels are the true ones, moved away from their features."""

from __future__ import annotations

import numpy as np

from engine.models.dataset import Dataset
from engine.models.label_permutation import rotated
from tests.support.market import days


def rows(lengths: tuple[int, ...], seed: int = 0) -> Dataset:
    """Labels that cluster in time, the same for every symbol as far as it goes."""
    steps = np.random.default_rng(seed).normal(size=max(lengths) + 10)
    label = (np.convolve(steps, np.ones(10), "valid")[: max(lengths)] > 0).astype(np.float64)
    count = sum(lengths)
    return Dataset(
        time=np.concatenate([days(length) for length in lengths]),
        symbol=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        matrix=np.zeros((count, 1)),
        place=np.arange(count),
        label=np.concatenate([label[:length] for length in lengths]),
        end=np.full(count, np.datetime64("NaT"), dtype="datetime64[ms]"),
        reach=np.zeros(count, dtype=np.int64),
        known=np.concatenate([days(length, "2020-01-02") for length in lengths]),
    )


def persistence(label: np.ndarray) -> float:
    return float(np.mean(label[1:] == label[:-1]))


def test_labels_keep_their_number_and_their_clusters() -> None:
    original = rows((500,))
    for number in range(30):
        moved = rotated(original, 5, (0, number))
        assert moved.sum() == original.label.sum()
        assert abs(persistence(moved) - persistence(original.label)) < 0.005
        assert not np.array_equal(moved, original.label)


def test_symbols_of_one_calendar_still_move_together() -> None:
    moved = rotated(rows((400, 400)), 5, (0, 1))
    np.testing.assert_array_equal(moved[:400], moved[400:])


def test_every_symbol_keeps_its_own_labels() -> None:
    original = rows((400, 100, 37))
    moved = rotated(original, 5, (0, 3))
    for symbol in range(3):
        here = original.symbol == symbol
        assert moved[here].sum() == original.label[here].sum()


def test_labels_move_by_the_horizon_at_least() -> None:
    original = rows((100,))
    original.label[:] = 0
    original.label[0] = 1
    places = {int(rotated(original, 20, (0, number)).argmax()) for number in range(200)}
    assert min(places) >= 20
    assert max(places) <= 80
    assert len(places) > 40


def test_the_seed_decides() -> None:
    original = rows((300,))
    np.testing.assert_array_equal(rotated(original, 5, (1, 2)), rotated(original, 5, (1, 2)))
    assert not np.array_equal(rotated(original, 5, (1, 2)), rotated(original, 5, (1, 3)))
    assert not np.array_equal(rotated(original, 5, (1, 2)), rotated(original, 5, (2, 2)))
