"""Folds by hand, by a brute-force oracle, and what each split promises beyond the contract."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.core.errors import DataError, PluginError, SpecError
from engine.models.splits import Split
from engine.models.splits.call_split import folds
from engine.models.splits.chronological import Chronological
from engine.models.splits.combinatorial_purged import CombinatorialPurged
from engine.models.splits.fold import Fold, Timeline, paths
from engine.models.splits.intervals import groups
from engine.models.splits.purged_k_fold import PurgedKFold
from engine.models.splits.walk_forward import WalkForward
from tests.support.market import days
from tests.support.timelines import timeline, timelines


def at(mask: np.ndarray) -> list[int]:
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def test_three_folds_of_twelve_days_by_hand() -> None:
    first, middle, last = folds(PurgedKFold(n_folds=3, embargo=1), timeline(days(12), horizon=2))
    assert (at(first.test), at(middle.test), at(last.test)) == ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11])
    # the labels of days 4 to 7 reach day 9; those of days 2 and 3 end on days 4 and 5; day 10 is the embargo
    assert (at(middle.train), at(middle.purged), at(middle.embargoed)) == ([0, 1], [2, 3, 8, 9], [])
    assert (at(first.train), at(first.purged), at(first.embargoed)) == ([7, 8, 9], [4, 5], [6])
    assert (at(last.train), at(last.purged)) == ([0, 1, 2, 3, 4, 5], [6, 7])
    assert middle.blocks.tolist() == [[days(12)[4].item(), days(12)[9].item()]]


def test_a_walk_forward_by_hand() -> None:
    made = {"train_bars": 20, "retrain_every": 4, "embargo": 1}
    anchored = folds(WalkForward.parse(made), timeline(days(29), horizon=2))
    rolling = folds(WalkForward.parse({**made, "training": "rolling"}), timeline(days(29), horizon=2))
    assert [at(fold.test) for fold in anchored] == [[20, 21, 22, 23], [24, 25, 26, 27, 28]]  # one bar is no fold
    assert [(at(fold.train)[0], at(fold.train)[-1]) for fold in anchored] == [(0, 16), (0, 20)]
    assert [(at(fold.train)[0], at(fold.train)[-1]) for fold in rolling] == [(0, 16), (4, 20)]
    assert [(at(fold.purged), at(fold.embargoed)) for fold in anchored] == [([18, 19], [17]), ([22, 23], [21])]


def test_the_cut_is_one_fold() -> None:
    (fold,) = folds(Chronological(test_fraction=0.3, embargo=1), timeline(days(10), horizon=2))
    assert (at(fold.train), at(fold.embargoed), at(fold.purged), at(fold.test)) == (
        [0, 1, 2, 3],
        [4],
        [5, 6],
        [7, 8, 9],
    )


def test_six_groups_by_two_are_fifteen_models_and_five_paths() -> None:
    """López de Prado 2018, section 12.4: phi[6, 2] = 5 paths of 15 splits."""
    split, rows = CombinatorialPurged(n_groups=6, test_groups=2), timeline(days(60), horizon=1)
    found = folds(split, rows)
    assert len(found) == 15 == len(split.shares(60))
    assert split.n_paths() == 5
    of_path = paths(found)
    assert of_path.shape == (5, 60)
    chosen = list(combinations(range(6), 2))
    for group in range(6):  # figure 12.2: the first path takes the first split that tests a group, and so on
        expected = [number for number, pair in enumerate(chosen) if group in pair]
        assert of_path[:, group * 10].tolist() == expected


@given(some.integers(2, 9), some.integers(1, 4))
def test_paths_are_as_many_as_the_book_says(n_groups: int, test_groups: int) -> None:
    if test_groups >= n_groups:
        with pytest.raises(SpecError, match="leave nothing to train on"):
            CombinatorialPurged(n_groups=n_groups, test_groups=test_groups)
        return
    split = CombinatorialPurged(n_groups=n_groups, test_groups=test_groups)
    found = folds(split, timeline(days(80), horizon=1))
    assert len(found) == comb(n_groups, test_groups)
    assert len(paths(found)) == test_groups * comb(n_groups, test_groups) / n_groups == split.n_paths()


def oracle(rows: Timeline, spans: list[tuple[np.datetime64, np.datetime64]], embargo: int) -> list[str]:
    """The part of each row, from the definition: the interval of a label against the hull of each test block."""
    hulls = []
    for start, stop in spans:
        inside = [row for row in range(len(rows)) if start <= rows.time[row] < stop]
        lasts = [rows.time[row] if np.isnat(rows.end[row]) else rows.end[row] for row in inside]
        hulls.append((min(rows.time[row] for row in inside), max(lasts + [rows.time[row] for row in inside])))
    found = []
    for row in range(len(rows)):
        time, end, bars = rows.time[row], rows.end[row], rows.bars[rows.symbol[row]]
        if any(start <= time < stop for start, stop in spans):
            found.append("test")
        elif np.isnat(end):
            found.append("")
        elif any(time <= last and end >= first for first, last in hulls):
            found.append("purged")
        elif any(0 < sum(last < bar <= time for bar in bars) <= embargo for _, last in hulls):
            found.append("embargoed")
        else:
            found.append("train")
    return found


@settings(max_examples=25)
@given(timelines(), some.integers(2, 6), some.integers(0, 6), some.integers(1, 2))
def test_folds_are_those_of_the_definition(rows: Timeline, count: int, embargo: int, tested: int) -> None:
    count = max(count, tested + 1)
    spans = groups(rows, count)
    split = CombinatorialPurged(n_groups=count, test_groups=tested, embargo=embargo)
    found = folds(split, rows)
    for fold, chosen in zip(found, combinations(spans, tested), strict=True):
        expected = np.array(oracle(rows, list(chosen), embargo))
        for name in ("train", "test", "purged", "embargoed"):
            np.testing.assert_array_equal(getattr(fold, name), expected == name)
    if tested == 1:
        for fold, same in zip(found, folds(PurgedKFold(n_folds=count, embargo=embargo), rows), strict=True):
            np.testing.assert_array_equal(fold.train, same.train)


@settings(max_examples=25)
@given(timelines(), some.sampled_from(["anchored", "rolling"]), some.integers(0, 5))
def test_a_walk_forward_is_known_before_its_test(
    rows: Timeline, training: Literal["anchored", "rolling"], embargo: int
) -> None:
    split = WalkForward(training=training, train_bars=20, retrain_every=9, embargo=embargo)
    try:
        found = folds(split, rows)
    except DataError:
        assert len(np.unique(rows.time)) <= 20
        return
    for fold in found:
        for row in np.flatnonzero(fold.train):
            bars = rows.bars[rows.symbol[row]]
            place = int(np.searchsorted(bars, rows.end[row])) + embargo
            assert place < len(bars)
            assert bars[place] < fold.start
    assert np.sum([fold.test for fold in found], axis=0).max() == 1


def test_what_cannot_be_split_says_why() -> None:
    with pytest.raises(DataError, match="4 bars after warm-up cannot be divided into 5 groups"):
        folds(PurgedKFold(), timeline(days(4), horizon=1))
    with pytest.raises(DataError, match="100 bars after warm-up leave none to test after a first training of 500"):
        folds(WalkForward(), timeline(days(100)))
    with pytest.raises(DataError, match="more than 500: retrain less often"):
        folds(WalkForward(train_bars=20, retrain_every=1), timeline(days(600)))
    with pytest.raises(SpecError, match="are 15,504 models, more than 500"):
        CombinatorialPurged(n_groups=20, test_groups=5)


class Leaking(Split):
    """One fold that is spoilt by ``how``."""

    kind: Literal["leaking"] = "leaking"
    embargo: int = 0
    how: str

    def folds(self, rows: Timeline) -> tuple[Fold, ...]:
        (fold,) = Chronological().folds(rows)
        spoilt = {
            "label": replace(fold, train=fold.train | fold.purged, purged=fold.purged & False),
            "twice": replace(fold, purged=fold.train),
            "short": replace(fold, train=fold.train[1:]),
            "nothing": replace(fold, test=fold.test & False),
            "blocks": replace(fold, blocks=fold.blocks[:, :1] + np.zeros(2, dtype="timedelta64[ms]")),
        }
        return () if self.how == "none" else (spoilt[self.how],)

    def shares(self, bars: int) -> tuple[float, ...]:
        return (0.7,)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("label", "a fold 1 with a training label that overlaps the test"),
        ("twice", "in which a row has two parts"),
        ("short", "whose masks are not one boolean a row"),
        ("nothing", "without a test"),
        ("blocks", "with a test row outside its blocks"),
        ("none", "must return a tuple of Fold"),
    ],
)
def test_a_plug_in_that_leaks_is_refused(how: str, said: str) -> None:
    with pytest.raises(PluginError, match=f"The split 'leaking' returned .*{said}"):
        folds(Leaking(how=how), timeline(days(40)))
