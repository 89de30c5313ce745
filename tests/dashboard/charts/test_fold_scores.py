"""Scores by fold: the axis frames what is drawn."""

from __future__ import annotations

import numpy as np

from dashboard.charts.models import fold_scores
from tests.support.models import made_fold
from tests.support.models import made_result as result


def test_folds_without_a_band_draw_none_and_leave_the_axis_alone() -> None:
    banded = made_fold(null_scores=np.linspace(0.46, 0.54, 9), intervals=np.array([[0.52, 0.66]]))
    drawn = fold_scores.info(result(folds=(banded, made_fold())))
    figure = fold_scores.figure(drawn)
    assert list(figure.data[0].x) == [1.0]
    low, high = figure.layout.yaxis.range
    assert 0.4 < low < 0.46
    assert 0.66 < high < 0.7


def test_chance_is_in_sight_where_every_score_is_above_it() -> None:
    figure = fold_scores.figure(fold_scores.info(result(folds=(made_fold(), made_fold()))))
    assert [trace.name for trace in figure.data] == ["AUC"]
    assert figure.layout.yaxis.range[0] < 0.5 < 0.6 < figure.layout.yaxis.range[1]
