"""Random forest by scikit-learn, for every task."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.core.registry import plugin
from engine.models.forest import Forest


@plugin("random_forest", title="Random forest", synonyms=("bagging", "trees", "scikit-learn"))
class RandomForest(Forest):
    """Trees on bootstrap samples of the rows, each split the best of a draw of features (Breiman 2001)."""

    per_tree: ClassVar[float] = 2e-3
    per_value: ClassVar[float] = 5e-7

    kind: Literal["random_forest"] = "random_forest"

    def label(self) -> str:
        return f"Random forest {self.trees}"

    def estimator(self, task: str) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        return RandomForestRegressor if task == "regression" else RandomForestClassifier
