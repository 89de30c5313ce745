"""Charts of a model while it trains."""

from __future__ import annotations

import pytest

from dashboard.charts.models import null_distribution


def test_folds_stand_beside_the_null_models_so_far() -> None:
    folds = [{"fold": 2, "score": 0.56}, {"fold": 1, "score": 0.5}, {"fold": 3, "score": None}]
    waiting = null_distribution.live({"folds": folds, "of": 4, "score": "auc"})
    assert waiting is not None
    assert (waiting.observed, waiting.words, waiting.name) == (pytest.approx(0.53), "2 of 4 folds", "AUC")
    assert len(null_distribution.figure(waiting).layout.shapes) == 1  # no band yet
    drawn = null_distribution.live({"folds": folds, "of": 4, "score": "auc", "nulls": [0.52, 0.48, 0.5]})
    assert drawn is not None
    assert (drawn.low, drawn.high) == (pytest.approx(0.482), pytest.approx(0.518))
    assert drawn.count.sum() == 3
    figure = null_distribution.figure(drawn)
    assert sorted(figure.data[2].x) == [0.5, 0.56]
    low, high = figure.layout.xaxis.range
    assert low < 0.48
    assert high > 0.56


def test_a_score_alone_stands_on_an_axis_whose_numbers_differ() -> None:
    alone = null_distribution.live({"folds": [{"fold": 1, "score": 0.494}], "of": 1, "score": "auc"})
    assert alone is not None
    assert list(null_distribution.figure(alone).layout.xaxis.range) == pytest.approx([0.474, 0.514])


def test_there_is_nothing_to_compare_before_the_first_fold() -> None:
    assert null_distribution.live({"steps": [1], "train": [0.7]}) is None
