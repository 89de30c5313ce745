"""Tables of the models page: scores beside null models and baselines, folds, and what the holdout said."""

from __future__ import annotations

import numpy as np
import pytest
from dash.development.base_component import Component

from dashboard.pages.models import evaluation
from engine.models.breakdown import by_symbol, by_year
from engine.models.result import NOT_IN_TIME, ModelResult
from tests.dashboard.pages.test_models import texts
from tests.support.market import days
from tests.support.models import made_fold, made_number, made_three
from tests.support.models import made_result as result


def table_rows(component: Component) -> dict[str, list[str]]:
    """The cells of each row, by the first."""
    head, body = (item for item in component.children.children)
    lines = [[texts(cell) for cell in row.children] for row in body.children]
    assert all(len(line) == len(head.children.children) for line in lines)
    return {line[0]: line[1:] for line in lines}


def test_each_score_stands_beside_what_it_must_beat() -> None:
    rows = table_rows(evaluation.scores(result()))
    assert rows["AUC"] == ["0.600", "0.400 … 0.700", "0.455 … 0.545", "0.08", "0.500"]
    assert rows["Accuracy"][0] == "50.00%"
    assert rows["Log loss"][-1] == "–"  # the made-up baseline has none
    assert "Base rate" not in rows


@pytest.mark.parametrize("made", [result, made_three, made_number])
def test_every_task_has_its_scores(made: type[ModelResult]) -> None:
    assert len(table_rows(evaluation.scores(made()))) >= 5
    assert "latest 30%" in evaluation.about_rows(made())


def test_a_fold_is_told_with_its_rows_and_whether_it_is_in_time() -> None:
    late = made_fold(in_time=False, n_embargoed=3, intervals=np.tile([0.5, 0.7], (1, 1)))
    rows = table_rows(evaluation.folds(result(folds=(made_fold(), late))))
    assert rows["1"][:3] == ["2019-01-01 to 2019-12-20", "2020-01-01 to 2020-01-03", "120"]
    assert rows["2"][3:] == ["7", "3", "6", "0.600", "0.500 … 0.700", "–", "no"]


def test_paths_and_what_nobody_could_follow() -> None:
    assert evaluation.paths_note(result()) == []
    more = result(
        folds=(made_fold(in_time=False),),
        fold=np.zeros((3, 6), dtype=np.int32),
        more_paths=np.full((2, 6), 0.5),
        path_scores=np.array([0.6, 0.5, 0.52]),
    )
    said = texts(evaluation.paths_note(more))
    assert NOT_IN_TIME in said
    assert "AUC over 3 out-of-sample paths: 0.500 to 0.600, median 0.520" in said


def test_the_holdout_says_whether_and_how_often_it_was_opened() -> None:
    assert evaluation.holdout(result(), 0) == []
    sealed = result(holdout_start="2020-02-01T00:00:00.000")
    assert "begins on 2020-02-01. It is sealed" in texts(evaluation.holdout(sealed, 0))
    assert "opened 2 times so far" in texts(evaluation.holdout(sealed, 2))
    opened = result(holdout_start="2020-02-01T00:00:00.000", holdout=made_fold(intervals=np.array([[0.5, 0.7]])))
    once = texts(evaluation.holdout(opened, 1))
    assert "AUC 0.600 (95% interval 0.500 … 0.700) on 4 rows" in once
    assert "opened once. It was unseen." in once
    assert "opened 3 times. It had been opened before, so it proves less" in texts(evaluation.holdout(opened, 3))


def test_symbols_and_years_by_hand() -> None:
    """Symbol A is right each time, B never; few rows have no scores."""
    label = np.tile([0.0, 1.0], 30)
    prediction = np.concatenate([label[:30] * 0.8 + 0.1, 0.9 - label[30:] * 0.8])
    many = result(
        time=np.tile(days(30, "2020-12-10"), 2),
        symbol=np.repeat([0, 1], 30).astype(np.int32),
        prediction=prediction,
        outcome=label,
        base=np.full(60, 0.5),
        realised=label - 0.5,
    )
    first, second = by_symbol(many, 5)
    assert (first.name, first.rows, first.score, first.right) == ("A", 30, 1.0, 1.0)
    assert (second.name, second.score, second.right) == ("B", 0.0, 0.0)
    assert [(group.name, group.rows) for group in by_year(many, 5)] == [("2020", 44), ("2021", 16)]
    assert np.isnan(by_year(many, 5)[1].score)
    rows = table_rows(evaluation.groups(by_symbol(many, 5), many, "Symbol")[0])
    assert rows["A"] == ["30", "1.000", "1.000 … 1.000", "100.00%", "–"]  # ties leave no top fifth
    few = evaluation.groups(by_year(many, 5), many, "Year")
    assert table_rows(few[0])["2021 *"][:3] == ["16", "–", "–"]
    assert "says little" in texts(few[1])
