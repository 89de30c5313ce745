"""Shared parts of scikit-learn's forests of decision trees."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from engine.core.progress import check_cancelled
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep, shapley
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol, rounded
from engine.models.trees import LEAF, Trees

_SHORT = 0.1
"""Seconds of growing trees that are no long time between two looks for a cancel."""


def features_per_split(share: float) -> Any:
    return parameter(
        share,
        title="Features per split",
        help="Share of the features that a split chooses from, drawn anew for each.",
        percent=True,
        gt=0,
        le=1,
        section="Model",
    )


class Forest(Model):
    """The mean of many trees, each grown on its own draw, to a number or to the shares of classes in its leaves.

    It is kept as the arrays of its nodes. As scikit-learn does, rows are rounded to float32 before they are compared.
    """

    step: ClassVar[str] = ""
    importance_of: ClassVar[str] = "impurity decrease"
    per_tree: ClassVar[float]
    per_value: ClassVar[float]
    """Seconds that a tree takes, and that it takes for a value that it may split by."""

    trees: int = parameter(200, title="Trees", ge=1, le=5000, section="Model")
    depth: int = parameter(
        0, title="Depth", help="Splits on the way to a leaf at most; 0 is no limit.", ge=0, le=64, section="Model"
    )
    min_data_in_leaf: int = parameter(
        20, title="Rows per leaf", help="Minimum training rows in a leaf.", ge=1, le=100_000, section="Model"
    )
    features_per_split: float = features_per_split(0.5)

    @abstractmethod
    def estimator(self, task: str) -> Any:
        """scikit-learn's class for ``task``."""

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        # with weights the bootstrap draws by them, from another stream: equal ones are the same as none
        made = self.estimator(train.task)(
            n_estimators=1,
            warm_start=True,
            max_depth=self.depth or None,
            min_samples_leaf=self.min_data_in_leaf,
            max_features=self.features_per_split,
            random_state=seed,
            n_jobs=1,
        )
        weight = np.ones(len(train)) if train.weight is None else train.weight
        grown, at_once = 0, 1
        while grown < self.trees:  # in steps, to the same trees as at one go
            check_cancelled()
            began, grown = time.monotonic(), min(grown + at_once, self.trees)
            made.set_params(n_estimators=grown).fit(train.values, train.label, weight)
            at_once *= 2 if time.monotonic() - began < _SHORT else 1
        trees = Trees.joined([_nodes(item.tree_) for item in made.estimators_])
        return Fitted(from_tensors(trees.tensors()), importance=np.asarray(made.feature_importances_, dtype=np.float64))

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        trees = Trees.stored(to_tensors(artifact))
        total = np.zeros((len(data), trees.value.shape[1]))
        for value in trees.values(data.values.astype(np.float32)):
            total += value
        mean = total / len(trees.root)
        return mean if data.task == "multiclass" else mean[:, -1]

    def explainable(self, artifact: Artifact) -> int:
        return shapley.explainable(Trees.stored(to_tensors(artifact)), 1)

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        trees = Trees.stored(to_tensors(artifact))
        return shapley.contributions(trees, data.values.astype(np.float32), 1) / len(trees.root)

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        trees = Trees.stored(to_tensors(artifact))
        found = trees.traced(rounded(x), np.zeros(trees.value.shape[1]), 1 / len(trees.root))
        return found if task == "multiclass" else found[:, -1]

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        return Trees.walk_seconds(rows, self.trees, trained / self.min_data_in_leaf)

    def seconds(self, rows: int, features: int) -> float:
        """Fitted to the processor time of one core for 1,000 to 50,000 rows with 2 to 32 features: within a factor of
        two.
        """
        tried = max(features * self.features_per_split, 1.0)
        return self.trees * (self.per_tree + rows * tried * self.per_value)


def _nodes(tree: Any) -> dict[str, Any]:
    """The arrays of one of scikit-learn's trees. Leaves of classes hold shares."""
    leaf = tree.children_left < 0
    return {
        "feature": np.where(leaf, LEAF, tree.feature),
        "threshold": tree.threshold,
        "left": tree.children_left,
        "right": tree.children_right,
        "value": tree.value[:, 0, :],
        "cover": tree.weighted_n_node_samples,
    }
