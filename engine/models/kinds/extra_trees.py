"""Extremely randomised trees by scikit-learn, for every task."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.core.registry import plugin
from engine.models.forest import Forest, features_per_split


@plugin("extra_trees", title="Extra trees", synonyms=("extremely randomised", "trees", "scikit-learn"))
class ExtraTrees(Forest):
    """Trees on all rows, each split the best of random thresholds of a draw of features (Geurts et al. 2006)."""

    per_tree: ClassVar[float] = 1e-3
    per_value: ClassVar[float] = 9e-8

    kind: Literal["extra_trees"] = "extra_trees"
    features_per_split: float = features_per_split(1.0)

    def label(self) -> str:
        return f"Extra trees {self.trees}"

    def estimator(self, task: str) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        return ExtraTreesRegressor if task == "regression" else ExtraTreesClassifier
