"""Linear models by scikit-learn: ridge regression of a number, logistic regression of classes."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset


@plugin("linear", title="Linear")
class Linear(Model):
    """Ridge regression (Hoerl and Kennard 1970) of a number, logistic regression of classes, on standardised features.

    Both have an L2 penalty on the coefficients, not on the intercept, and are solved at once.
    """

    step: ClassVar[str] = ""
    importance_of: ClassVar[str] = "standardised coefficient"

    kind: Literal["linear"] = "linear"
    penalty: float = parameter(
        1.0,
        title="L2 penalty",
        help="Weight of the sum of squared coefficients relative to the summed loss.",
        gt=0,
        le=1e9,
        section="Model",
    )

    def label(self) -> str:
        return f"Linear L2 {self.penalty:g}"

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        values = train.values
        mean, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        with threadpool_limits(1, user_api="blas"):  # sums in another order differ in the last bits
            solved = self._solved((values - mean) / scale, train)
        coefficients = np.atleast_2d(np.asarray(solved.coef_, dtype=np.float64))
        artifact = from_tensors(
            {
                "coefficients": coefficients,
                "intercept": np.atleast_1d(np.asarray(solved.intercept_, dtype=np.float64)),
                "mean": mean,
                "scale": scale,
            }
        )
        return Fitted(artifact, importance=np.abs(coefficients).mean(axis=0))

    def _solved(self, values: Floats, train: Dataset) -> Any:
        """An estimator with ``coef_`` and ``intercept_``."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression, Ridge

        if train.task == "regression":
            return Ridge(alpha=self.penalty, solver="cholesky").fit(values, train.label, train.weight)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the last of a thousand steps is a model, too
            return LogisticRegression(C=1 / self.penalty, max_iter=1000).fit(values, train.label, train.weight)

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        tensors = to_tensors(artifact)
        values = (data.values - tensors["mean"]) / tensors["scale"]
        score = np.tile(tensors["intercept"], (len(values), 1))
        for column, coefficients in zip(values.T, tensors["coefficients"].T, strict=True):
            score += column[:, None] * coefficients  # a product of matrices would round by the number of rows
        if data.task == "regression":
            return np.asarray(score[:, 0])
        if data.task == "binary":
            return np.asarray(1 / (1 + np.exp(-score[:, 0])))
        odds = np.exp(score - score.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def seconds(self, rows: int, features: int) -> float:
        """Fitted to the processor time of one core for each task, 1,000 to 100,000 rows with 2 to 64 features: within a
        factor of two.
        """
        return 3.5e-3 + rows * (1.8e-7 + 2.6e-8 * features)
