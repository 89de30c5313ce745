"""Sample weights: by hand, and by the definition, label against label and bar against bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.features.matrix import matrix
from engine.indicators.momentum import Rsi
from engine.labels.triple_barrier import TripleBarrier
from engine.market.bars import Market
from engine.models.dataset import Dataset, from_arrays, from_panel
from engine.models.fitting import train
from engine.models.kinds.linear import Linear
from engine.models.spec import ModelSpec
from engine.models.weights import EQUAL, Weighting, average_uniqueness, decayed
from tests.support.market import days, random_walk


def labelled(reach: list[int], bars: int = 0) -> Dataset:
    """A row a bar, whose labels reach this far; ``bars`` more than there are rows."""
    rows = from_arrays(np.arange(len(reach) + bars, dtype=np.float64)[:, None])
    return replace(rows.where(np.arange(len(rows)) < len(reach)), reach=np.array(reach))


def uniqueness_by_definition(place: list[int], reach: list[int]) -> list[float]:
    spans = [set(range(at + 1, at + 1 + ahead)) for at, ahead in zip(place, reach, strict=True)]
    return [float(np.mean([1 / sum(bar in other for other in spans) for bar in span])) for span in spans]


def test_uniqueness_by_hand() -> None:
    """Bars 1 to 4 are used by one, two, three and one labels: those of bars 1-3, 2-3 and 3-4."""
    expected = [(1 + 1 / 2 + 1 / 3) / 3, (1 / 2 + 1 / 3) / 2, (1 / 3 + 1) / 2]
    np.testing.assert_allclose(average_uniqueness(labelled([3, 2, 2], 4)), expected)


def test_labels_of_one_bar_share_nothing_and_long_ones_share_alike() -> None:
    np.testing.assert_array_equal(average_uniqueness(labelled([1] * 6, 1)), 1)
    inner = average_uniqueness(labelled([5] * 40, 5))[5:-5]
    np.testing.assert_allclose(inner, 1 / 5)


@given(some.lists(some.tuples(some.integers(0, 40), some.integers(1, 12)), min_size=1, max_size=25,
                  unique_by=lambda row: row[0]))  # fmt: skip
def test_uniqueness_against_the_definition(labels: list[tuple[int, int]]) -> None:
    place, reach = zip(*sorted(labels), strict=True)
    rows = from_arrays(np.zeros((60, 1)))
    chosen = rows.where(np.isin(np.arange(60), place))
    found = average_uniqueness(replace(chosen, reach=np.array(reach)))
    np.testing.assert_allclose(found, uniqueness_by_definition(list(place), list(reach)))
    assert (found > 0).all()
    assert (found <= 1 + 1e-12).all()


def test_symbols_share_nothing_and_reach_follows_from_the_label() -> None:
    market = Market((random_walk(300, 1, symbol="A"), random_walk(300, 2, symbol="B")))
    label = TripleBarrier(horizon=8, window=20)
    rows = from_panel(matrix((Rsi(),), market), market, label, embargo=3).labelled()
    assert set(rows.symbol) == {0, 1}
    assert len(set(rows.reach)) > 3
    ends = [label.compute(bars).end for bars in market.bars]
    for symbol, bars in enumerate(market.bars):
        own = rows.where(rows.symbol == symbol)
        at = np.searchsorted(bars.time, own.time)
        np.testing.assert_array_equal(bars.time[at + own.reach], ends[symbol][at])
        expected = uniqueness_by_definition(at.tolist(), own.reach.tolist())
        np.testing.assert_allclose(average_uniqueness(rows)[rows.symbol == symbol], expected)


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (0.0, [1, 1, 1, 1]),
        (0.4, [0.7, 0.8, 0.9, 1.0]),
        (1.0, [0.25, 0.5, 0.75, 1.0]),
        (1.5, [0, 0, 0.5, 1.0]),
    ],
)
def test_decay_of_rows_that_are_alike(decay: float, expected: list[float]) -> None:
    np.testing.assert_allclose(decayed(days(4), np.ones(4), decay), expected, atol=1e-15)


def test_decay_follows_the_running_sum_of_uniqueness_in_time() -> None:
    """Two symbols, one after the other: rows of one time have lost the same."""
    time = np.concatenate([days(2), days(2)])
    np.testing.assert_allclose(decayed(time, np.array([1.0, 2, 3, 4]), 1.0), [0.4, 1, 0.4, 1])


def test_weights_have_a_mean_of_one_and_are_none_where_nothing_is_asked_for() -> None:
    rows = labelled([3, 2, 2, 1], 3)
    assert EQUAL.of(rows) is None
    both = Weighting(uniqueness=True, time_decay=0.5).of(rows)
    unique = average_uniqueness(rows)
    factor = 0.5 + 0.5 * np.cumsum(unique) / unique.sum()
    np.testing.assert_allclose(both, unique * factor / np.mean(unique * factor))
    assert Weighting(time_decay=1.5).of(rows) is not None


def test_weights_go_with_their_rows() -> None:
    rows = replace(from_arrays(np.zeros((4, 1))), weight=np.arange(4.0))
    np.testing.assert_array_equal(rows.where(np.arange(4) > 1).weight, [2, 3])


def test_training_takes_the_weights_that_are_asked_for() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 1))
    rows = from_arrays(values, (values[:, 0] > 0).astype(np.float64))
    assert train(Linear(), rows, 0).fitted_on.weight is None
    weighted = train(Linear(), rows, 0, weighting=Weighting(time_decay=1.0))
    np.testing.assert_allclose(weighted.fitted_on.weight, np.arange(1, 301) / 150.5)
    assert weighted.fitted.artifact.digest != train(Linear(), rows, 0).fitted.artifact.digest


def test_a_request_without_weights_is_what_it_was() -> None:
    assert ModelSpec().weighting() == EQUAL
    assert ModelSpec(sample_weights="uniqueness", time_decay=0.5).weighting() == Weighting(True, 0.5)
