"""The verdict on a model: what follows from which scores, for each task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.research.model_verdict import assess, best_constant, headline_name, skill
from tests.support.models import made_number, made_three
from tests.support.models import made_result as result


def scored(**scores: float) -> Any:
    """A made-up result with other scores; luck reaches from 0.455 to 0.545."""
    return result(scores=result().scores | scores)


@pytest.mark.parametrize(
    ("auc", "headline", "expected"),
    [
        (0.60, "More than luck.", "good"),
        (0.50, "No better than luck.", "bad"),
        (0.54, "No better than luck.", "bad"),
        (0.40, "Worse than luck.", "bad"),
    ],
)
def test_says_where_the_score_lies_beside_luck(auc: float, headline: str, expected: str) -> None:
    verdict = assess(scored(auc=auc), horizon=5)
    assert verdict.headline == headline
    assert "0.455 to 0.545" in verdict.reason
    assert skill(scored(auc=auc)) == expected == verdict.findings[0].grade


def test_without_null_models_nothing_is_known() -> None:
    unknown = result(null_scores=np.array([]))
    verdict = assess(unknown, horizon=5)
    assert verdict.headline == "Not known."
    assert skill(unknown) is None
    assert verdict.findings[0].question == "Log loss below base rate"


def test_a_good_rank_with_bad_probabilities_is_named() -> None:
    assert "no better than the base rate" in assess(scored(auc=0.6), horizon=5).reason
    assert "no better" not in assess(scored(auc=0.6, log_loss=0.68), horizon=5).reason


def test_few_null_models_make_a_rough_band() -> None:
    assert "With 11 null models the band is rough: 50 or more narrow it down." in assess(result(), horizon=5).reason
    assert "rough" not in assess(result(null_scores=np.linspace(0.45, 0.55, 50)), horizon=5).reason


def test_overlapping_rows_are_not_independent() -> None:
    many, few = (result(prediction=np.full(rows, 0.5), outcome=np.zeros(rows)) for rows in (5000, 1000))
    assert assess(many, horizon=5).findings[-1].value == "1,000 of 5,000"
    assert assess(many, horizon=5).findings[-1].grade == "good"
    assert assess(few, horizon=5).findings[-1].grade == "doubtful"


def test_accuracy_is_held_against_the_best_constant_guess() -> None:
    assert best_constant(scored(base_rate=0.4)) == ("down", 0.6)
    finding = next(f for f in assess(scored(base_rate=0.4, accuracy=0.55), 5).findings if "Beats" in f.question)
    assert (finding.question, finding.grade) == ("Beats always down", "bad")


def test_several_classes_are_judged_by_their_mean_auc() -> None:
    verdict = assess(made_three(), horizon=5)
    assert verdict.headline == "More than luck."
    assert [finding.question for finding in verdict.findings] == [
        "AUC above null models",
        "p-value against null models",
        "Log loss below base rate",
        "Beats always up",
        "Holds out of sample",
        "Independent rows",
    ]
    assert best_constant(made_three()) == ("up", 0.5)


def test_a_number_is_judged_by_its_rank_correlation() -> None:
    verdict = assess(made_number(), horizon=5)
    assert headline_name(made_number()) == "Rank IC"
    assert verdict.headline == "More than luck."
    assert "out-of-sample rank IC of 0.080 lies above" in verdict.reason
    found = {finding.question: (finding.grade, finding.value) for finding in verdict.findings}
    assert found["Rank IC above null models"] == ("good", "0.080 vs 0.045")
    assert found["p-value against null models"] == ("doubtful", "p = 0.08")
    assert found["Out-of-sample R² above zero"] == ("good", "0.40%")
    assert found["Beats always up"] == ("bad", "52.00% vs 55.00%")
    assert found["Holds out of sample"] == ("good", "0.150 → 0.080")


def test_a_number_that_ranks_but_misses_is_named() -> None:
    scores = made_number().scores
    lost = made_number(scores=scores | {"rmse": 0.031, "r2": -0.07})
    verdict = assess(lost, horizon=5)
    assert "no better than the training part's mean" in verdict.reason
    assert verdict.findings[2].value == "−7.00%"
    assert verdict.findings[2].grade == "bad"
    worse = assess(made_number(scores=scores | {"rank_ic": -0.2}), horizon=5)
    assert "rank IC of −0.200 lies below the 5% to 95% band of the null models, −0.045 to 0.045" in worse.reason


def test_more_memory_is_borne_of_a_correlation_than_of_an_auc() -> None:
    assert assess(scored(auc=0.6, train_auc=0.72), 5).findings[-2].grade == "bad"
    number = made_number(scores=made_number().scores | {"train_rank_ic": 0.2})
    assert assess(number, 5).findings[-2].grade == "doubtful"
