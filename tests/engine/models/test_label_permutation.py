"""Null models: their labels are the true ones, moved away from their features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest

from engine.core.progress import silent
from engine.features.matrix import matrix
from engine.market.bars import Market
from engine.models.dataset import Dataset
from engine.models.label_permutation import null_scores, rotated, rotation, without_knowledge
from engine.models.preparation import parts, prepare
from engine.models.scores import Scored
from engine.models.spec import ModelSpec
from tests.support.market import days, make_bars


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


def moved_labels(original: Dataset, horizon: int, seed: tuple[int, int]) -> np.ndarray:
    return original.label[rotation(original.symbol, horizon, seed)]


def persistence(label: np.ndarray) -> float:
    return float(np.mean(label[1:] == label[:-1]))


def test_labels_keep_their_number_and_their_clusters() -> None:
    original = rows((500,))
    for number in range(30):
        moved = moved_labels(original, 5, (0, number))
        assert moved.sum() == original.label.sum()
        assert abs(persistence(moved) - persistence(original.label)) < 0.005
        assert not np.array_equal(moved, original.label)


def test_symbols_of_one_calendar_still_move_together() -> None:
    moved = moved_labels(rows((400, 400)), 5, (0, 1))
    np.testing.assert_array_equal(moved[:400], moved[400:])


def test_every_symbol_keeps_its_own_labels() -> None:
    original = rows((400, 100, 37))
    moved = moved_labels(original, 5, (0, 3))
    for symbol in range(3):
        here = original.symbol == symbol
        assert moved[here].sum() == original.label[here].sum()


def test_labels_move_by_the_horizon_at_least() -> None:
    original = rows((100,))
    original.label[:] = 0
    original.label[0] = 1
    places = {int(moved_labels(original, 20, (0, number)).argmax()) for number in range(200)}
    assert min(places) >= 20
    assert max(places) <= 80
    assert len(places) > 40


def test_the_seed_decides() -> None:
    original = rows((300,))
    np.testing.assert_array_equal(moved_labels(original, 5, (1, 2)), moved_labels(original, 5, (1, 2)))
    assert not np.array_equal(moved_labels(original, 5, (1, 2)), moved_labels(original, 5, (1, 3)))
    assert not np.array_equal(moved_labels(original, 5, (1, 2)), moved_labels(original, 5, (2, 2)))


def test_training_and_test_are_rotated_by_parts_of_their_own() -> None:
    spec = ModelSpec()
    original = rows((300,))
    label = np.arange(300.0)
    tested = Scored("regression", label, label, label, -label)
    moved = rotated(tested, original.symbol, spec, 3)
    np.testing.assert_array_equal(moved.returns, -moved.label)  # what came of a row stays one thing
    np.testing.assert_array_equal(moved.prediction, label)
    again = without_knowledge(original, spec, 3)
    assert not np.array_equal(again.label, original.label[moved.label.astype(int)])


@pytest.mark.parametrize(("memory", "seed"), [(0.7, 1), (0.7, 2), (-0.7, 3)])
def test_what_there_is_to_find_does_not_widen_the_band(memory: float, seed: int) -> None:
    """With true labels in the test the band of a feature that works was five times as wide: every null model leans on
    it, to one side or the other.
    """
    spec = ModelSpec.parse(
        {
            "features": [{"kind": "sma_distance", "window": 2}, {"kind": "rsi"}],
            "target": {"kind": "forward_return", "horizon": 1},
            "model": {"kind": "linear"},
            "null_fits": 40,
            "seed": seed,
        }
    )
    noise, returns = np.random.default_rng(seed).normal(scale=0.01, size=1000), np.zeros(1000)
    for at in range(1, 1000):
        returns[at] = memory * returns[at - 1] + noise[at]
    bands = []
    for change in (noise, returns):
        market = Market((make_bars(100 * np.exp(np.cumsum(change))),))
        found = null_scores(spec, parts(spec, market, matrix(spec.features, market)), silent, {}).headline
        bands.append(found[-3] - found[2])
    assert bands[1] < 2.5 * bands[0]
    assert bands[1] < 0.3


def test_every_report_tells_the_scores_so_far() -> None:
    spec = ModelSpec.parse({"model": {"kind": "lightgbm", "rounds": 5, "early_stopping": 0}, "null_fits": 3})
    heard: list[list[float]] = []

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        assert partial is not None
        assert partial["steps"] == [1]
        heard.append([*cast("list[float]", partial.get("nulls", []))])

    found = null_scores(spec, parts(spec, *prepare(spec)), progress, {"steps": [1]})
    assert heard[0] == []
    assert [len(scores) for scores in heard] == sorted(len(scores) for scores in heard)
    assert len(heard[-1]) >= 2
    assert set(heard[-1]) <= set(found.headline)
