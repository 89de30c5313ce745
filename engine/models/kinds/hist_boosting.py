"""Histogram-based gradient boosting by scikit-learn, for every task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.progress import check_cancelled
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep, boosting
from engine.models.artifact import Artifact
from engine.models.boosting import kept, learning_rate, predicted, traced
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol
from engine.models.trees import LEAF, Trees


@plugin("hist_boosting", title="Histogram boosting", synonyms=("gradient boosting", "trees", "scikit-learn"))
class HistBoosting(Model):
    """Gradient-boosted trees on binned features (Friedman 2001, after Ke et al. 2017), one tree an iteration, or one
    for each of several classes. It is kept as the arrays of its nodes.
    """

    step: ClassVar[str] = ""
    trains_each_class: ClassVar[bool] = True

    kind: Literal["hist_boosting"] = "hist_boosting"
    iterations: int = parameter(100, title="Iterations", help="Number of trees.", ge=1, le=5000, section="Model")
    learning_rate: float = learning_rate()
    leaves: int = parameter(15, title="Leaves", help="Maximum leaves per tree.", ge=2, le=256, section="Model")
    min_data_in_leaf: int = parameter(
        50, title="Rows per leaf", help="Minimum training rows in a leaf.", ge=1, le=100_000, section="Model"
    )
    l2: float = parameter(0.0, title="L2 penalty", help="On the values of leaves.", ge=0, le=1e6, section="Model")

    def label(self) -> str:
        return f"Histogram boosting {self.iterations}"

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1, user_api="openmp"):  # sums in another order differ in the last bits
            fitted = _cancellable(self.estimator(train.task, seed)).fit(train.values, train.label, train.weight)
        rounds = [[_nodes(tree.nodes) for tree in trees] for trees in fitted._predictors]
        trees = Trees.joined([tree for parts in rounds for tree in parts])
        return Fitted(kept(trees, np.asarray(fitted._baseline_prediction).ravel()))

    def estimator(self, task: str, seed: int) -> Any:
        """scikit-learn's, as it is asked for."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        made = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
        return made(
            learning_rate=self.learning_rate,
            max_iter=self.iterations,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.min_data_in_leaf,
            l2_regularization=self.l2,
            early_stopping=False,
            random_state=seed,
        )

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        return predicted(artifact, data, data.values)

    def explainable(self, artifact: Artifact) -> int:
        return boosting.explainable(artifact)

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        return boosting.contributions(artifact, data.values)

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        return traced(artifact, x, task)

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        return Trees.walk_seconds(rows, self.iterations, min(self.leaves, trained / self.min_data_in_leaf))

    def seconds(self, rows: int, features: int) -> float:
        """Fitted to the processor time of one core for 1,000 to 50,000 rows with 2 to 32 features: within a factor of
        two.
        """
        leaves = min(self.leaves, max(rows / self.min_data_in_leaf, 1.0))
        return 0.02 + rows * features * 2e-7 + self.iterations * (2e-4 + leaves * 6e-5 + rows * features * 5e-9)


def _cancellable(estimator: Any) -> Any:
    """``estimator``, which looks for a cancel before each iteration: it has no callbacks, and asks its loss once in
    each.
    """
    made = estimator._get_loss

    def watched(sample_weight: Any) -> Any:
        loss = made(sample_weight=sample_weight)
        for name in ("gradient", "gradient_hessian"):
            setattr(loss, name, _after_check(getattr(loss, name)))
        return loss

    estimator._get_loss = watched
    return estimator


def _after_check(asked: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any, **named: Any) -> Any:
        check_cancelled()
        return asked(*values, **named)

    return checked


def _nodes(nodes: Any) -> dict[str, Any]:
    """The arrays of one of scikit-learn's trees."""
    return {
        "feature": np.where(nodes["is_leaf"] == 1, LEAF, nodes["feature_idx"]),
        "threshold": nodes["num_threshold"],
        "left": nodes["left"],
        "right": nodes["right"],
        "value": nodes["value"][:, None],
        "cover": nodes["count"],
    }
