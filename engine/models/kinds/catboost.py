"""Gradient-boosted symmetric trees by CatBoost, for every task."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import boosting
from engine.models.artifact import Artifact
from engine.models.boosting import Boosted, Grown, Rounds, kept, mean_loss, predicted, traced
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol, rounded
from engine.models.trees import LEAF, Trees

_LOSSES: Mapping[Task, str] = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
_FIXED = {
    "thread_count": 1,  # sums in another order differ in the last bits
    "allow_writing_files": False,
    "logging_level": "Silent",
    "boosting_type": "Plain",
}


@plugin("catboost", title="CatBoost", synonyms=("gradient boosting", "trees", "oblivious", "symmetric"))
class CatBoost(Boosted):
    """Gradient-boosted trees that ask the same question of every node of a level (Prokhorenkova et al. 2018), on the
    log loss or the squared error, one tree a round for all classes.

    With early stopping the latest part of the training rows is set aside, and the rounds up to its lowest loss
    are kept. It is kept as the arrays of its nodes, which are read and asked without the library: the library's own
    formats are read by code that trusts them. As the library does, rows are rounded to float32 before they are
    compared.
    """

    needs: ClassVar[tuple[str, ...]] = ("catboost",)
    importance_of: ClassVar[str] = "prediction change"

    kind: Literal["catboost"] = "catboost"
    depth: int = parameter(4, title="Depth", help="Questions on the way to a leaf.", ge=1, le=12, section="Model")
    l2: float = parameter(3.0, title="L2 penalty", help="On the values of leaves.", ge=0, le=1e6, section="Model")
    random_strength: float = parameter(
        1.0,
        title="Random strength",
        help="Of the noise that is added to the gain of a split where it is chosen, by the seed.",
        ge=0,
        le=100,
        section="Model",
    )

    def grow(self, train: Dataset, validation: Dataset | None, seed: int, rounds: Rounds, patience: int) -> Grown:
        import catboost

        if (train.values == train.values[0]).all():
            raise DataError("Every feature is constant over the training rows, and CatBoost needs one that is not.")
        stopping = {"od_type": "Iter", "od_wait": patience, "use_best_model": True} if patience else {}
        watch = _Watch(rounds, train.task)
        booster = catboost.CatBoost(self._params(train, seed) | stopping)
        booster.fit(_pool(train), eval_set=None if validation is None else _pool(validation), callbacks=[watch])
        if watch.error is not None:
            raise watch.error
        trees, baseline = _trees(booster)
        return Grown(
            artifact=kept(trees, baseline),
            rounds=len(trees.root),
            importance=np.maximum(np.asarray(booster.get_feature_importance(), dtype=np.float64), 0.0),
        )

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        return predicted(artifact, data, data.values.astype(np.float32))

    def explainable(self, artifact: Artifact) -> int:
        return boosting.explainable(artifact)

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        return boosting.contributions(artifact, data.values.astype(np.float32))

    def _params(self, train: Dataset, seed: int) -> dict[str, Any]:
        classes = {"classes_count": len(train.classes)} if train.task == "multiclass" else {}
        return {
            "loss_function": _LOSSES[train.task],
            **classes,
            **_FIXED,
            "random_seed": seed,
            "iterations": self.rounds,
            "learning_rate": self.learning_rate,
            "depth": self.depth,
            "l2_leaf_reg": self.l2,
            "random_strength": self.random_strength,
        }

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        return traced(artifact, rounded(x), task)

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        return Trees.walk_seconds(rows, self.rounds, 2.0**self.depth)

    def seconds(self, rows: int, features: int) -> float:
        """Of all rounds, of two classes or a number. Fitted to the processor time of one core for 1,000 to 100,000 rows
        with 2 to 32 features and depths of 4 to 8: within a factor of two.
        """
        a_tree = (
            2.8e-4 + 2.3e-6 * 2.0**self.depth * features + rows * (6.1e-8 + features * (4.5e-9 + 3.5e-10 * self.depth))
        )
        return self.rounds * a_tree


class _Watch:
    """Tells ``rounds`` of each. What is raised while it is told ends the training as ``error``: the library would wrap
    it in its own.
    """

    def __init__(self, rounds: Rounds, task: Task) -> None:
        self.error: Exception | None = None
        self._rounds, self._task = rounds, task

    def after_iteration(self, info: Any) -> bool:
        losses = {name: mean_loss(self._task, told[_LOSSES[self._task]][-1]) for name, told in info.metrics.items()}
        try:
            self._rounds.after(info.iteration, losses.get("learn"), losses.get("validation"))
        except Exception as error:  # noqa: BLE001 -- raised again by grow
            self.error = error
        return self.error is None


def _pool(rows: Dataset) -> Any:
    import catboost

    return catboost.Pool(rows.values, rows.label, weight=rows.weight, thread_count=1)


def _trees(booster: Any) -> tuple[Trees, Floats]:
    """The nodes of a booster's trees, and what is added to their values."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        booster.save_model(str(path), format="json")
        described = json.loads(path.read_text(encoding="utf-8"))
    scale, bias = described["scale_and_bias"]
    baseline = np.asarray(bias, dtype=np.float64)
    nodes = [_nodes(tree, scale, len(baseline)) for tree in described["oblivious_trees"]]
    return Trees.joined(nodes), baseline


def _nodes(tree: Mapping[str, Any], scale: float, outputs: int) -> dict[str, Any]:
    """A symmetric tree as nodes, level after level: what is said of each level of it stands in each of its nodes. The
    first split is the lowest bit of a leaf's number; the last one is asked first here, so that leaves are in order.
    """
    splits = tree["splits"][::-1]
    inner = 2 ** len(splits) - 1
    level = np.log2(np.arange(1, inner + 1)).astype(int)
    value = scale * np.reshape(tree["leaf_values"], (-1, outputs))
    leaves, number = np.full(inner + 1, LEAF), np.arange(inner)
    return {
        "feature": np.concatenate([[splits[at]["float_feature_index"] for at in level], leaves]).astype(np.int32),
        "threshold": np.concatenate([[splits[at]["border"] for at in level], np.zeros(inner + 1)]),
        "left": np.concatenate([2 * number + 1, leaves]),
        "right": np.concatenate([2 * number + 2, leaves]),
        "value": np.concatenate([np.zeros((inner, outputs)), value]),
        "cover": np.concatenate(_covers(tree["leaf_weights"])),
    }


def _covers(leaves: Sequence[float]) -> list[Floats]:
    """Of the levels of a symmetric tree, the root's first: each node counts what its children do."""
    levels = [np.asarray(leaves, dtype=np.float64)]
    while len(levels[0]) > 1:
        levels.insert(0, levels[0].reshape(-1, 2).sum(axis=1))
    return levels
