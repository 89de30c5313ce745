"""The contract of a label, kept by every one that is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.core.spec import canonical_json
from engine.labels import LABELS, Label
from engine.labels.honesty import dishonest_end
from engine.market.bars import Bars
from tests.support.market import cut, random_walk

LENGTH = 800


@pytest.fixture(params=LABELS.available().values(), ids=lambda cls: cls.__name__)
def target(request: pytest.FixtureRequest) -> Label:
    spec: Label = request.param()
    return spec


@pytest.fixture(scope="module")
def bars() -> Bars:
    return random_walk(LENGTH)


def test_classes_are_those_of_the_task(target: Label) -> None:
    least, most = {"binary": (2, 2), "multiclass": (3, 100), "regression": (0, 0)}[target.task]
    assert least <= len(target.classes) <= most
    assert len(set(target.classes)) == len(target.classes)


def test_answers_are_of_the_task_or_unknown(target: Label, bars: Bars) -> None:
    labels = target.compute(bars)
    assert labels.value.dtype == np.float64
    assert labels.end.dtype == np.dtype("datetime64[ms]")
    assert labels.value.shape == labels.end.shape == (LENGTH,)
    known = labels.value[~np.isnan(labels.value)]
    if target.task == "regression":
        assert len(np.unique(known)) > len(known) / 2
    else:
        assert set(np.unique(known)) == set(range(len(target.classes)))


def test_an_answer_has_an_end_within_its_horizon(target: Label, bars: Bars) -> None:
    labels = target.compute(bars)
    np.testing.assert_array_equal(np.isnan(labels.value), np.isnat(labels.end))
    known = np.flatnonzero(~np.isnan(labels.value))
    ends = np.searchsorted(bars.time, labels.end[known])
    np.testing.assert_array_equal(bars.time[ends], labels.end[known])
    assert ((ends > known) & (ends <= known + target.horizon)).all()


def test_the_last_bar_has_no_answer(target: Label, bars: Bars) -> None:
    assert np.isnan(target.compute(bars).value[-1])


def test_an_answer_uses_no_bar_after_its_end(target: Label, bars: Bars) -> None:
    whole = target.compute(bars)
    for count in (100, 101, 400, LENGTH - 1):
        part = target.compute(cut(bars, count))
        settled = whole.end[:count] < bars.time[count]
        np.testing.assert_array_equal(part.value[settled], whole.value[:count][settled])
        np.testing.assert_array_equal(part.end[settled], whole.end[:count][settled])
        assert np.isnan(part.value[~settled]).all()


def test_no_answer_changes_where_other_bars_follow_its_end(target: Label, bars: Bars) -> None:
    assert dishonest_end(target, bars) is None


def test_an_answer_uses_its_last_bar(target: Label, bars: Bars) -> None:
    """The end is no later than need be: another price there gives another answer, at least somewhere."""
    whole = target.compute(bars)

    def changed(place: int, factor: float) -> bool:
        closes = bars.adj_close.copy()
        closes[np.searchsorted(bars.time, whole.end[place]) :] *= factor
        shifted = replace(bars, open=closes, high=closes, low=closes, close=closes, adj_close=closes)
        return bool(target.compute(shifted).value[place] != whole.value[place])

    assert any(changed(place, factor) for place in range(300, 700) for factor in (0.2, 5.0))


def test_a_missing_price_makes_answers_unknown_and_nothing_else(target: Label, bars: Bars) -> None:
    closes = bars.adj_close.copy()
    closes[500] = np.nan
    labels = target.compute(replace(bars, close=closes, adj_close=closes))
    assert np.isnan(labels.value[500])
    before, after = slice(0, 500 - target.horizon), slice(501 + target.lookback(), LENGTH)
    assert len(closes[after]) > 100
    whole = target.compute(bars)
    for part in (before, after):
        np.testing.assert_allclose(labels.value[part], whole.value[part], rtol=1e-9)
        np.testing.assert_array_equal(labels.end[part], whole.end[part])


def test_an_answer_looks_back_no_further_than_it_says(target: Label, bars: Bars) -> None:
    begun = 200
    later = target.compute(bars.slice(begun, LENGTH))
    first = target.lookback()
    assert np.isnan(later.value[:first]).all()
    np.testing.assert_allclose(later.value[first:], target.compute(bars).value[begun + first :], rtol=1e-9)


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_a_short_series_is_no_error(target: Label, bars: Bars, length: int) -> None:
    labels = target.compute(cut(bars, length))
    assert len(labels.value) == len(labels.end) == length


def test_it_survives_json(target: Label) -> None:
    again = LABELS.parse(target.model_dump(mode="json"))
    assert again == target
    assert canonical_json(again) == canonical_json(target)
