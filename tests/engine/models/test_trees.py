"""Trees as arrays: the walk gives scikit-learn's own predictions, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.labels import Task
from engine.models import Model
from engine.models.artifact import to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.extra_trees import ExtraTrees
from engine.models.kinds.hist_boosting import HistBoosting
from engine.models.kinds.random_forest import RandomForest
from engine.models.trees import LEAF, Trees

TASKS: dict[Task, tuple[str, ...]] = {"binary": ("down", "up"), "multiclass": ("a", "b", "c"), "regression": ()}
FORESTS = [
    RandomForest(trees=7, min_data_in_leaf=3),
    ExtraTrees(trees=7, min_data_in_leaf=3, depth=4, features_per_split=0.5),
]


def data(task: Task, rows: int = 300, seed: int = 0) -> Dataset:
    random = np.random.default_rng(seed)
    values = np.round(random.standard_normal((rows, 3)), 1)  # many rows lie on thresholds
    outcome = values[:, 0] + random.standard_normal(rows)
    label = {"binary": outcome > 0, "multiclass": 1.0 + (outcome > 0.5) - (outcome < -0.5), "regression": outcome}[task]
    weight = random.random(rows) + 0.5
    return from_arrays_weighted(values, np.asarray(label, dtype=np.float64), weight, task)


def from_arrays_weighted(values: np.ndarray, label: np.ndarray, weight: np.ndarray, task: Task) -> Dataset:
    from dataclasses import replace

    return replace(from_arrays(values, label, task=task, classes=TASKS[task]), weight=weight / weight.mean())


def expected(task: Task, estimator: Any, rows: np.ndarray) -> np.ndarray:
    """What scikit-learn says itself."""
    if task == "regression":
        return np.asarray(estimator.predict(rows))
    shares = estimator.predict_proba(rows)
    return np.asarray(shares if task == "multiclass" else shares[:, 1])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", FORESTS, ids=lambda model: model.kind)
def test_a_forest_predicts_scikit_learns_bits(model: Any, task: Task) -> None:
    train, test = data(task), data(task, 200, 1)
    made = model.estimator(task)(
        n_estimators=7, min_samples_leaf=3, max_depth=model.depth or None, max_features=0.5, random_state=5
    ).fit(train.values, train.label, train.weight)
    fitted = model.fit(train, None, 5)
    np.testing.assert_array_equal(model.predict(fitted.artifact, test), expected(task, made, test.values))
    np.testing.assert_array_equal(fitted.importance, made.feature_importances_)


@pytest.mark.parametrize("task", TASKS)
def test_boosting_predicts_scikit_learns_bits(task: Task) -> None:
    model = HistBoosting(iterations=12, min_data_in_leaf=3)
    train, test = data(task), data(task, 200, 1)
    made = model.estimator(task, 5).fit(train.values, train.label, train.weight)
    prediction = model.predict(model.fit(train, None, 5).artifact, test)
    if task == "multiclass":  # the shares are scikit-learn's but for how they are divided
        np.testing.assert_allclose(prediction, expected(task, made, test.values), rtol=1e-14)
    else:
        np.testing.assert_array_equal(prediction, expected(task, made, test.values))


@pytest.mark.parametrize("model", [*FORESTS, HistBoosting(iterations=3)], ids=lambda model: model.kind)
def test_they_are_kept_as_arrays_of_nodes(model: Model) -> None:
    tensors = to_tensors(model.fit(data("regression"), None, 0).artifact)
    trees = Trees.stored(tensors)
    inner = trees.feature != LEAF
    assert inner.any()
    assert set(trees.feature[inner]) <= {0, 1, 2}
    assert (trees.left[inner] > 0).all()
    assert len(trees.root) == (3 if model.kind == "hist_boosting" else 7)


@given(st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=20))
def test_a_walk_ends_where_the_comparisons_lead(values: list[float]) -> None:
    """A stump beside a tree of two splits, by hand."""
    stump = {
        "feature": [0, LEAF, LEAF],
        "threshold": [0.5, 0, 0],
        "left": [1, 0, 0],
        "right": [2, 0, 0],
        "value": [[0], [1], [2]],
        "cover": [2, 1, 1],
    }
    deeper = {
        "feature": [0, 0, LEAF, LEAF, LEAF], "threshold": [1.0, -1.0, 0, 0, 0], "left": [1, 3, 0, 0, 0],
        "right": [2, 4, 0, 0, 0], "value": [[0], [0], [30], [10], [20]], "cover": [3, 2, 1, 1, 1],
    }  # fmt: skip
    trees = Trees.joined([{name: np.array(part) for name, part in tree.items()} for tree in (stump, deeper)])
    first, second = (found[:, 0].tolist() for found in trees.values(np.array(values)[:, None]))
    assert first == [1 if value <= 0.5 else 2 for value in values]
    assert second == [30 if value > 1 else 10 if value <= -1 else 20 for value in values]


def broken(**changes: Any) -> dict[str, Any]:
    """A stump with other arrays."""
    stump = {
        "root": np.array([0]), "feature": np.array([0, LEAF, LEAF], dtype=np.int32), "threshold": np.zeros(3),
        "left": np.array([1, 0, 0], dtype=np.int32), "right": np.array([2, 0, 0], dtype=np.int32),
        "value": np.zeros((3, 1)),
    }  # fmt: skip
    return {name: array for name, array in (stump | changes).items() if array is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"left": np.array([0, 0, 0])}, {"right": np.array([3, 0, 0])}, {"left": np.array([-1, 0, 0])},
        {"root": np.array([1])}, {"root": np.array([0, 9])}, {"root": np.array([], dtype=np.int64)},
        {"feature": np.array([-2, LEAF, LEAF])}, {"threshold": np.zeros(2)}, {"value": np.zeros(3)}, {"value": None},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_arrays_that_are_no_trees_are_refused(changes: dict[str, Any]) -> None:
    """A node that is its own child would be walked for ever."""
    assert len(list(Trees.stored(broken()).values(np.zeros((2, 1))))) == 1
    with pytest.raises(DataError, match="damaged and cannot be followed"):
        Trees.stored(broken(**changes))
