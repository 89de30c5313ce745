"""Gradient-boosted trees by XGBoost, for every task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

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

_OBJECTIVES: Mapping[Task, str] = {
    "binary": "binary:logistic",
    "multiclass": "multi:softprob",
    "regression": "reg:squarederror",
}
_LOSSES: Mapping[Task, str] = {"binary": "logloss", "multiclass": "mlogloss", "regression": "rmse"}


@plugin("xgboost", title="XGBoost", synonyms=("gradient boosting", "trees"))
class XgBoost(Boosted):
    """Gradient-boosted decision trees (Chen and Guestrin 2016) on the log loss or the squared error, one tree a round,
    or one for each of several classes.

    With early stopping the latest part of the training rows is set aside, and the rounds up to its lowest loss
    are kept. It is kept as the arrays of its nodes, which are read and asked without the library: the library's own
    formats are read by code that trusts them. As the library does, rows are rounded to float32 before they are
    compared.
    """

    needs: ClassVar[tuple[str, ...]] = ("xgboost",)
    trains_each_class: ClassVar[bool] = True

    kind: Literal["xgboost"] = "xgboost"
    depth: int = parameter(3, title="Depth", help="Splits on the way to a leaf at most.", ge=1, le=16, section="Model")
    min_child_weight: float = parameter(
        10.0,
        title="Weight per leaf",
        help="Least sum of second derivatives in a leaf: of a number the rows, of a probability p each row counts "
        "p (1 − p), a quarter at most.",
        ge=0,
        le=1e6,
        section="Model",
    )
    l2: float = parameter(1.0, title="L2 penalty", help="On the values of leaves.", ge=0, le=1e6, section="Model")
    row_share: float = parameter(
        1.0, title="Row share", help="Of the training rows that each tree is grown on, drawn by the seed.",
        percent=True, gt=0, le=1, section="Model",
    )  # fmt: skip
    feature_share: float = parameter(
        1.0, title="Feature share", help="Of the features that each tree may split by, drawn by the seed.",
        percent=True, gt=0, le=1, section="Model",
    )  # fmt: skip

    def grow(self, train: Dataset, validation: Dataset | None, seed: int, rounds: Rounds, patience: int) -> Grown:
        import xgboost

        data = _rows(train)
        watched = [(data, "train")] if rounds.watched else []
        if validation is not None:
            watched.append((_rows(validation, data), "validation"))
        booster = xgboost.train(
            self._params(train, seed),
            data,
            self.rounds,
            evals=watched,
            early_stopping_rounds=patience or None,
            verbose_eval=False,
            callbacks=[_watch(rounds, train.task)],
        )
        best = booster.best_iteration + 1 if patience else booster.num_boosted_rounds()
        booster = booster[:best]
        gains = booster.get_score(importance_type="total_gain")
        return Grown(
            artifact=_artifact(booster, train.task),
            rounds=best,
            importance=np.array([gains.get(f"f{number}", 0.0) for number in range(train.matrix.shape[1])]),
        )

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        return predicted(artifact, data, data.values.astype(np.float32))

    def explainable(self, artifact: Artifact) -> int:
        return boosting.explainable(artifact)

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        return boosting.contributions(artifact, data.values.astype(np.float32))

    def _params(self, train: Dataset, seed: int) -> dict[str, Any]:
        classes = {"num_class": len(train.classes)} if train.task == "multiclass" else {}
        return {
            "objective": _OBJECTIVES[train.task],
            "eval_metric": _LOSSES[train.task],
            **classes,
            "nthread": 1,  # sums in another order differ in the last bits
            "tree_method": "hist",
            "verbosity": 0,
            "seed": seed,
            "learning_rate": self.learning_rate,
            "max_depth": self.depth,
            "min_child_weight": self.min_child_weight,
            "lambda": self.l2,
            "subsample": self.row_share,
            "colsample_bytree": self.feature_share,
        }

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        return traced(artifact, rounded(x), task)

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        return Trees.walk_seconds(rows, self.rounds, 2.0**self.depth)

    def seconds(self, rows: int, features: int) -> float:
        """Of all rounds. Fitted to the processor time of one core for 1,000 to 100,000 rows with 2 to 32 features and
        depths of 3 to 8: within a factor of two.
        """
        leaves = min(2.0**self.depth, max(rows / 20, 1.0))
        a_tree = 1.1e-3 + 5.4e-7 * leaves * features + rows * self.depth * (9e-9 + 4.9e-10 * features)
        return rows * features * 1.9e-7 + self.rounds * a_tree


def _rows(rows: Dataset, reference: Any = None) -> Any:
    """The rows in bins, those of ``reference`` where it is given: one copy of a byte or two a value."""
    import xgboost

    return xgboost.QuantileDMatrix(rows.values, rows.label, weight=rows.weight, ref=reference, nthread=1)


def _watch(rounds: Rounds, task: Task) -> Any:
    from xgboost.callback import TrainingCallback

    class Watch(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            losses = {name: mean_loss(task, told[_LOSSES[task]][-1]) for name, told in evals_log.items()}
            rounds.after(epoch + 1, losses.get("train"), losses.get("validation"))
            return False

    return Watch()


def _artifact(booster: Any, task: Task) -> Artifact:
    """The nodes of a booster. The library goes left below a threshold, and ``Trees`` up to it: the float32 before."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    base = np.array(json.loads(learner["learner_model_param"]["base_score"]), dtype=np.float64)
    if task == "binary":
        base = np.log(base / (1 - base))
    return kept(Trees.joined([_nodes(tree) for tree in learner["gradient_booster"]["model"]["trees"]]), base)


def _nodes(tree: Mapping[str, Any]) -> dict[str, Any]:
    left, below = np.array(tree["left_children"]), np.array(tree["split_conditions"], dtype=np.float32)
    leaf = left < 0
    return {
        "feature": np.where(leaf, LEAF, tree["split_indices"]),
        "threshold": np.where(leaf, np.float32(0), np.nextafter(below, np.float32(-np.inf))),
        "left": left,
        "right": tree["right_children"],
        "value": np.where(leaf, below, np.float32(0))[:, None],
        "cover": tree["sum_hessian"],
    }
