"""The contract of a split, kept by every one that is found: no label of a training row overlaps a test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from engine.core.errors import DataError
from engine.core.spec import canonical_json
from engine.models.splits import SPLITS, Split
from engine.models.splits.call_split import folds
from engine.models.splits.fold import Fold, Timeline, paths
from tests.support.timelines import timelines

SMALL: dict[str, dict[str, int]] = {"walk_forward": {"train_bars": 20, "retrain_every": 7}}
"""Values that suit some dozens of bars, where the defaults do not."""


@pytest.fixture(params=SPLITS.available().items(), ids=lambda item: item[0], scope="module")
def split(request: pytest.FixtureRequest) -> Split:
    name, cls = request.param
    found: Split = cls.parse({"kind": name, **SMALL.get(name, {}), "embargo": 2})
    return found


def found(split: Split, rows: Timeline) -> tuple[Fold, ...]:
    try:
        return folds(split, rows)
    except DataError:
        assume(False)
        raise


@settings(max_examples=20)
@given(rows=timelines())
def test_no_training_label_overlaps_a_test(split: Split, rows: Timeline) -> None:
    """Row by row, against the interval of each test row: the definition, with nothing vectorised."""
    for fold in found(split, rows):
        tested = [
            (rows.time[row], rows.time[row] if np.isnat(rows.end[row]) else rows.end[row])
            for row in np.flatnonzero(fold.test)
        ]
        for row in np.flatnonzero(fold.train):
            assert not np.isnat(rows.end[row])
            assert all(rows.end[row] < first or rows.time[row] > last for first, last in tested)


@settings(max_examples=20)
@given(rows=timelines())
def test_each_row_has_one_part_and_rows_of_one_time_are_tested_together(split: Split, rows: Timeline) -> None:
    for fold in found(split, rows):
        assert (np.sum([fold.train, fold.test, fold.purged, fold.embargoed], axis=0) <= 1).all()
        assert fold.test.any()
        assert set(rows.time[fold.test]).isdisjoint(rows.time[~fold.test])
        assert (np.isnat(rows.end) <= ~(fold.purged | fold.embargoed | fold.train)).all()


@settings(max_examples=20)
@given(rows=timelines())
def test_every_path_tests_the_same_rows_once(split: Split, rows: Timeline) -> None:
    all_folds = found(split, rows)
    of_path = paths(all_folds)
    tests = np.sum([fold.test for fold in all_folds], axis=0)
    assert set(np.unique(tests)) <= {0, len(of_path)}
    for path in of_path:
        assert ((path >= 0) == (tests > 0)).all()
        assert all(all_folds[fold].test[row] for row, fold in enumerate(path) if fold >= 0)


@settings(max_examples=20)
@given(rows=timelines())
def test_folds_do_not_follow_from_the_order_of_rows(split: Split, rows: Timeline) -> None:
    turned = Timeline(rows.time[::-1], rows.symbol[::-1], rows.end[::-1], rows.bars)
    for fold, again in zip(found(split, rows), found(split, turned), strict=True):
        for name in ("train", "test", "purged", "embargoed"):
            np.testing.assert_array_equal(getattr(fold, name), getattr(again, name)[::-1])
        np.testing.assert_array_equal(fold.blocks, again.blocks)


def test_it_tells_what_it_trains_on_and_survives_json(split: Split) -> None:
    shares = split.shares(1000)
    assert shares
    assert all(0 < share <= 1 for share in shares)
    again = SPLITS.parse(split.model_dump(mode="json"))
    assert canonical_json(again) == canonical_json(split)
    assert all(field.title for name, field in type(split).model_fields.items() if name != "kind")
    assert split.label()
