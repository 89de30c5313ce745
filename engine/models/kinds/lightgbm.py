"""Gradient-boosted trees by LightGBM, for every task."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models.artifact import LIGHTGBM_TEXT, Artifact
from engine.models.boosting import Boosted, Grown, Rounds
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol
from engine.models.trees import LEAF, Trees

_OBJECTIVES: Mapping[Task, str] = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
_FIXED = {
    "num_threads": 1,  # sums in another order differ in the last bits
    "deterministic": True,
    "force_row_wise": True,  # otherwise timed at the start, and the faster layout wins
    "feature_pre_filter": False,
    "verbosity": -1,
}


@plugin("lightgbm", title="LightGBM")
class LightGbm(Boosted):
    """Gradient-boosted decision trees (Ke et al. 2017) on the log loss or the squared error, one tree a round, or one
    for each of several classes.

    With early stopping the latest part of the training rows is set aside, and the rounds up to its lowest loss
    are kept; without it every row is trained on and every round is kept.
    """

    trains_each_class: ClassVar[bool] = True

    kind: Literal["lightgbm"] = "lightgbm"
    leaves: int = parameter(7, title="Leaves", help="Maximum leaves per tree.", ge=2, le=256, section="Model")
    min_data_in_leaf: int = parameter(
        50, title="Rows per leaf", help="Minimum training rows in a leaf.", ge=1, le=100_000, section="Model"
    )

    def grow(self, train: Dataset, validation: Dataset | None, seed: int, rounds: Rounds, patience: int) -> Grown:
        import lightgbm

        params = self._params(train, seed)
        data = _columns(train, params)
        watched: dict[str, Any] = {"train": data} if rounds.watched else {}
        if validation is not None:
            watched["validation"] = _columns(validation, params, reference=data)
        stopping = [lightgbm.early_stopping(patience, verbose=False)] if patience else []
        booster = lightgbm.train(
            params,
            data,
            self.rounds,
            valid_sets=list(watched.values()),
            valid_names=list(watched),
            callbacks=[partial(_after_round, rounds), *stopping],
        )
        best = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
        return Grown(
            artifact=Artifact(LIGHTGBM_TEXT, booster.model_to_string(num_iteration=best).encode()),
            rounds=best,
            importance=np.asarray(booster.feature_importance("gain", iteration=best), dtype=np.float64),
        )

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        booster = _booster(artifact.require(LIGHTGBM_TEXT))
        return np.asarray(booster.predict(data.values, num_threads=1), dtype=np.float64)

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        booster, count = _booster(artifact.require(LIGHTGBM_TEXT)), data.matrix.shape[1]
        found = np.asarray(booster.predict(data.values, pred_contrib=True, num_threads=1), dtype=np.float64)
        return found.reshape(len(data), -1, count + 1)[:, -1, :count]  # of each class, the mean of the score last

    def _params(self, train: Dataset, seed: int) -> dict[str, Any]:
        """LightGBM writes them into its text, in this order."""
        classes = {"num_class": len(train.classes)} if train.task == "multiclass" else {}
        return {
            "objective": _OBJECTIVES[train.task],
            **classes,
            **_FIXED,
            "seed": seed,
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_data_in_leaf,
        }

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        return trees_of(artifact.require(LIGHTGBM_TEXT).decode()).traced(x, np.zeros(outputs)).linked(task)

    def seconds(self, rows: int, features: int) -> float:
        """Of all rounds. Fitted to the processor time of one core for each task, 1,000 to 100,000 rows with 2 to 32
        features and 7 to 127 leaves: within a factor of two.
        """
        leaves = min(self.leaves, max(rows / self.min_data_in_leaf, 1.0))
        a_tree = 8e-5 + 2.1e-6 * leaves * features + rows * (4e-8 + 6.5e-9 * features)
        return self.rounds * a_tree


def trees_of(text: str) -> Trees:
    """The trees in LightGBM's ``text``: inner nodes first, then leaves, which it numbers from -1 down."""
    return Trees.joined([_nodes(part) for part in text.partition("\nend of trees")[0].split("\nTree=")[1:]])


def _nodes(text: str) -> dict[str, Any]:
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def numbers(name: str, dtype: Any) -> Any:
        return np.array(lines.get(name, "").split(), dtype=dtype)

    inner, leaves = len(lines.get("split_feature", "").split()), int(lines["num_leaves"])
    left, right = (numbers(name, np.int64) for name in ("left_child", "right_child"))
    ends, nothing = np.full(leaves, LEAF), np.zeros(leaves)
    return {
        "feature": np.concatenate([numbers("split_feature", np.int64), ends]),
        "threshold": np.concatenate([numbers("threshold", np.float64), nothing]),
        "left": np.concatenate([np.where(left < 0, inner + ~left, left), nothing]),
        "right": np.concatenate([np.where(right < 0, inner + ~right, right), nothing]),
        "value": np.concatenate([np.zeros(inner), numbers("leaf_value", np.float64)])[:, None],
        "cover": np.concatenate([numbers("internal_count", np.float64), numbers("leaf_count", np.float64)]),
    }


@lru_cache(maxsize=8)
def _booster(text: bytes) -> Any:
    """The trees in ``text``: to read them takes thirty times as long as to predict a row by them."""
    import lightgbm

    return lightgbm.Booster(model_str=text.decode())


def _columns(rows: Dataset, params: dict[str, Any], reference: Any = None) -> Any:
    """Columns are numbered: LightGBM refuses names with brackets, commas, colons or quotes."""
    import lightgbm

    names = [f"f{index}" for index in range(rows.matrix.shape[1])]
    return lightgbm.Dataset(
        rows.values, rows.label, weight=rows.weight, reference=reference, feature_name=names, params=params,
        free_raw_data=True,
    )  # fmt: skip


def _after_round(rounds: Rounds, told: Any) -> None:
    losses = {name: float(loss) for name, _metric, loss, *_ in told.evaluation_result_list}
    rounds.after(told.iteration + 1, losses.get("train"), losses.get("validation"))
