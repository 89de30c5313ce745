"""Linear models by scikit-learn: ridge, lasso and elastic net of a number, logistic regression of classes."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol


@plugin("linear", title="Linear")
class Linear(Model):
    """Ridge regression (Hoerl and Kennard 1970), lasso (Tibshirani 1996) or elastic net (Zou and Hastie 2005) of a
    number, logistic regression of classes, on standardised features.

    The penalty is on the coefficients, not on the intercept; with a share of L1 some of them are zero.
    """

    step: ClassVar[str] = ""
    importance_of: ClassVar[str] = "standardised coefficient"

    kind: Literal["linear"] = "linear"
    penalty: float = parameter(
        1.0,
        title="Penalty",
        help="Weight of the sum of squared coefficients relative to the summed loss.",
        gt=0,
        le=1e9,
        section="Model",
    )
    l1_share: float = parameter(
        0.0,
        title="Share of L1",
        help="Of the penalty that is on absolute coefficients: none is ridge, all of it the lasso, between them lies "
        "the elastic net.",
        percent=True,
        ge=0,
        le=1,
        section="Model",
    )

    def label(self) -> str:
        if not self.l1_share:
            return f"Linear L2 {self.penalty:g}"
        return f"Linear L1 {self.penalty:g}" if self.l1_share == 1 else f"Elastic net {self.penalty:g}"

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
            solved = self._solved((values - mean) / scale, train, seed)
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

    def _solved(self, values: Floats, train: Dataset, seed: int) -> Any:
        """An estimator with ``coef_`` and ``intercept_``. The penalty of the elastic net is told by the row, and so is
        its squared error, halved.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

        if train.task == "regression" and self.l1_share:
            deviation = float(train.label.std()) or 1.0  # of labels of 0.01 the same penalty would leave nothing
            made = ElasticNet(alpha=self.penalty / len(values), l1_ratio=self.l1_share, max_iter=10_000)
            solved = made.fit(values, train.label / deviation, train.weight)
            solved.coef_, solved.intercept_ = solved.coef_ * deviation, solved.intercept_ * deviation
            return solved
        if train.task == "regression":
            return Ridge(alpha=self.penalty, solver="cholesky").fit(values, train.label, train.weight)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the last of a thousand steps is a model, too
            solver = {"solver": "saga", "l1_ratio": self.l1_share, "random_state": seed} if self.l1_share else {}
            made = LogisticRegression(C=1 / self.penalty, max_iter=1000, **solver)
            return made.fit(values, train.label, train.weight)

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

    def contributions(self, artifact: Artifact, data: Dataset) -> Floats:
        """Each coefficient times how far the value is from its mean."""
        held = to_tensors(artifact)
        return np.asarray((data.values - held["mean"]) / held["scale"] * held["coefficients"][-1])

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        held = to_tensors(artifact)
        score: Symbol = ((x - held["mean"]) / held["scale"]) @ held["coefficients"].T + held["intercept"]
        return score.linked(task)

    def seconds(self, rows: int, features: int) -> float:
        """Fitted to the processor time of one core for each task, 1,000 to 100,000 rows with 2 to 64 features: within a
        factor of two.
        """
        return 3.5e-3 + rows * (1.8e-7 + 2.6e-8 * features)
