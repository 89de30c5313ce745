"""Contributions of features to what trees say: against Shapley's formula, and against what three libraries tell."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.labels import Task
from engine.models import Model, shapley
from engine.models.artifact import from_tensors, to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.catboost import CatBoost
from engine.models.kinds.hist_boosting import HistBoosting
from engine.models.kinds.lightgbm import LightGbm, trees_of
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.kinds.random_forest import RandomForest
from engine.models.kinds.xgboost import XgBoost
from engine.models.trees import LEAF, Trees

TASKS: dict[Task, tuple[str, ...]] = {"binary": ("down", "up"), "multiclass": ("a", "b", "c"), "regression": ()}


def data(task: Task, rows: int = 300, seed: int = 0) -> Dataset:
    random = np.random.default_rng(seed)
    values = np.round(random.standard_normal((rows, 4)), 1).astype(np.float32).astype(np.float64)
    outcome = values[:, 0] * values[:, 1] + values[:, 2] + 0.3 * random.standard_normal(rows)
    label = {"binary": outcome > 0, "multiclass": 1.0 + (outcome > 0.5) - (outcome < -0.5), "regression": outcome}[task]
    return from_arrays(values, np.asarray(label, dtype=np.float64), task=task, classes=TASKS[task])


def highest(told: Any) -> np.ndarray:
    """Of what a library tells, (rows, features and the mean) or (rows, classes, features and the mean)."""
    found = np.asarray(told)
    return found[..., :-1] if found.ndim == 2 else found[:, -1, :-1]


def grown(draw: st.DataObject, features: int) -> Trees:
    """A tree whose splits ask whatever they like, also the same feature again."""
    nodes: dict[str, list[float]] = {name: [] for name in ("feature", "threshold", "left", "right", "value", "cover")}

    def add(depth: int, cover: int) -> int:
        own = len(nodes["feature"])
        ends = depth == 0 or cover < 2 or draw.draw(st.integers(0, 4)) == 0
        feature = LEAF if ends else draw.draw(st.integers(0, features - 1))
        row = (feature, draw.draw(st.sampled_from([-1.0, 0.0, 1.0])), 0, 0, draw.draw(st.integers(-5, 5)), cover)
        for name, value in zip(nodes, row, strict=True):
            nodes[name].append(value)
        if not ends:
            left = draw.draw(st.integers(1, cover - 1))
            nodes["left"][own], nodes["right"][own] = add(depth - 1, left), add(depth - 1, cover - left)
        return own

    add(4, 40)
    return Trees.joined([{name: np.array(held) for name, held in nodes.items() if name != "value"}
                         | {"value": np.array(nodes["value"])[:, None]}])  # fmt: skip


def expected(trees: Trees, row: np.ndarray, known: frozenset[int], node: int = 0) -> float:
    """What the tree says where these features of the row are known."""
    feature = int(trees.feature[node])
    if feature == LEAF:
        return float(trees.value[node, 0])
    left, right = int(trees.left[node]), int(trees.right[node])
    if feature in known:
        return expected(trees, row, known, left if row[feature] <= trees.threshold[node] else right)
    shares = [float(trees.cover[child] / trees.cover[node]) for child in (left, right)]
    return sum(share * expected(trees, row, known, child) for share, child in zip(shares, (left, right), strict=True))


@given(st.data())
def test_contributions_are_shapleys_by_enumeration(draw: st.DataObject) -> None:
    features = draw.draw(st.integers(1, 4))
    trees = grown(draw, features)
    row = np.array(draw.draw(st.lists(st.sampled_from([-2.0, -1.0, 0.5, 2.0, np.nan]), min_size=features,
                                      max_size=features)))  # fmt: skip
    by_hand = np.zeros(features)
    for feature in range(features):
        others = [other for other in range(features) if other != feature]
        for size in range(features):
            weight = factorial(size) * factorial(features - 1 - size) / factorial(features)
            for known in map(frozenset, combinations(others, size)):
                gain = expected(trees, row, known | {feature}) - expected(trees, row, known)
                by_hand[feature] += weight * gain
    np.testing.assert_allclose(shapley.contributions(trees, row[None], 1)[0], by_hand, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_lightgbm_tells_the_same_of_the_same_trees(task: Task) -> None:
    train, test = data(task), data(task, 40, 1)
    model = LightGbm(rounds=10, early_stopping=0, min_data_in_leaf=5)
    artifact = model.fit(train, None, 0).artifact
    own = shapley.contributions(trees_of(artifact.content.decode()), test.values, 3 if task == "multiclass" else 1)
    np.testing.assert_allclose(own, model.contributions(artifact, test), atol=1e-12)
    assert np.abs(own).mean() > 0.01


@pytest.mark.parametrize("task", TASKS)
def test_xgboost_tells_the_same(task: Task) -> None:
    xgboost = pytest.importorskip("xgboost")
    train, test = data(task), data(task, 40, 1)
    model = XgBoost(rounds=10, early_stopping=0, min_child_weight=1.0)
    params = {key: value for key, value in model._params(train, 0).items() if key != "eval_metric"}
    library = xgboost.train(params, xgboost.QuantileDMatrix(train.values, train.label, nthread=1), 10)
    told = highest(library.predict(xgboost.DMatrix(test.values), pred_contribs=True))
    np.testing.assert_allclose(model.contributions(model.fit(train, None, 0).artifact, test), told, atol=2e-6)
    assert np.abs(told).mean() > 0.01


@pytest.mark.parametrize("task", TASKS)
def test_catboost_tells_the_same(task: Task) -> None:
    catboost = pytest.importorskip("catboost")
    train, test = data(task), data(task, 40, 1)
    model = CatBoost(rounds=10, early_stopping=0)
    library = catboost.CatBoost(model._params(train, 0)).fit(catboost.Pool(train.values, train.label))
    told = highest(library.get_feature_importance(catboost.Pool(test.values), type="ShapValues"))
    np.testing.assert_allclose(model.contributions(model.fit(train, None, 0).artifact, test), told, atol=1e-6)
    assert np.abs(told).mean() > 0.01


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", [RandomForest(trees=5, min_data_in_leaf=5), HistBoosting(iterations=5)])
def test_they_add_up_to_the_score_less_its_mean(model: Model, task: Task) -> None:
    """Of a forest to the share of the last class; of boosted trees to its log odds, up to what softmax takes away."""
    train = data(task)
    artifact = model.fit(train, None, 0).artifact
    own = model.contributions(artifact, train)
    trees = Trees.stored(to_tensors(artifact))
    score = np.zeros(len(train))
    is_of_last = task == "multiclass" and trees.value.shape[1] == 1
    for number, value in enumerate(trees.values(train.values.astype(np.float32))):
        if not is_of_last or number % 3 == 2:
            score += value[:, -1] / (len(trees.root) if isinstance(model, RandomForest) else 1)
    rest = score - own.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-6)
    assert np.abs(own).sum(axis=1).mean() > 0.01
    assert model.explainable(artifact) > 1000


def test_a_linear_model_is_explained_by_its_coefficients() -> None:
    train = data("regression")
    artifact = Linear().fit(train, None, 0).artifact
    own = Linear().contributions(artifact, train)
    np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-12)
    prediction = Linear().predict(artifact, train)
    np.testing.assert_allclose(own.sum(axis=1), prediction - prediction.mean(), atol=1e-12)


def test_what_tells_no_contributions_says_why() -> None:
    train = data("binary")
    model = RandomForest(trees=2)
    fitted = model.fit(train, None, 0)
    before = {name: values for name, values in to_tensors(fitted.artifact).items() if name != "cover"}
    older = from_tensors(before)
    np.testing.assert_array_equal(model.predict(older, train), model.predict(fitted.artifact, train))
    for asked in (model.explainable, lambda artifact: model.contributions(artifact, train)):
        with pytest.raises(DataError, match="train it again"):
            asked(older)
    with pytest.raises(DataError, match="MLP tells no contributions"):
        Mlp().contributions(fitted.artifact, train)
    damaged = replace(Trees.stored(before), cover=np.array([-1.0], dtype=np.float32))
    with pytest.raises(DataError, match="damaged"):
        Trees.stored(damaged.tensors())
