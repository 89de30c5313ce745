"""Support vector machine by scikit-learn, for every task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.scaling import Scaling
from engine.models.symbol import Symbol, joined

_FOLDS = 3
_BLOCK = 512


@plugin("svm", title="Support vectors", synonyms=("svm", "kernel", "scikit-learn"))
class Svm(Model):
    """A function of the distances to training rows (Cortes and Vapnik 1995; of a number, Drucker et al. 1997), on
    standardised features. Of several classes each is set against the rest.

    What it says of classes becomes a probability by a logistic curve (Platt 1999), fitted on thirds of the rows, one
    after another, that were each predicted by a machine of the others. Its time grows with the square of the rows.
    """

    step: ClassVar[str] = ""
    trains_each_class: ClassVar[bool] = True

    kind: Literal["svm"] = "svm"
    kernel: Literal["rbf", "linear"] = parameter(
        "rbf", title="Kernel", choices={"rbf": "Gaussian", "linear": "Linear"}, section="Model"
    )
    cost: float = parameter(
        1.0, title="Cost", help="Of a row on the wrong side, against a wide margin.", gt=0, le=1e6, section="Model"
    )
    gamma: float = parameter(
        0.0,
        title="Gamma",
        help="One over the square of the width of the Gaussian; 0 is one over the number of features.",
        ge=0,
        le=1e3,
        section="Model",
        when={"kernel": ("rbf",)},
    )
    tube: float = parameter(
        0.1,
        title="Tube",
        unit="standard deviations",
        help="Errors of a number that cost nothing.",
        ge=0,
        le=10,
        step=0.05,
        section="Model",
    )

    def label(self) -> str:
        return f"SVM {'Gaussian' if self.kernel == 'rbf' else 'linear'}"

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        scaling, kept = Scaling.of(train), dict[str, Floats]()
        rows = (train.values - scaling.mean) / scaling.scale
        for number, target in enumerate(_targets(train, scaling)):
            machine = self._machine(train.task, rows.shape[1]).fit(rows, target, train.weight)
            kept[f"vectors.{number}"] = np.asarray(machine.support_vectors_)
            kept[f"weights.{number}"] = np.asarray(machine.dual_coef_)[0]
            curve = np.array([1.0, 0.0])
            if train.task != "regression":
                curve = self._curve(rows, target, train.weight)
            kept[f"curve.{number}"] = np.array([machine.intercept_[0], *curve])
        return Fitted(from_tensors(scaling.tensors() | kept))

    def _machine(self, task: str, features: int) -> Any:
        from sklearn.svm import SVC, SVR

        asked = {"kernel": self.kernel, "C": self.cost, "gamma": self._gamma(features), "cache_size": 200}
        return SVR(epsilon=self.tube, **asked) if task == "regression" else SVC(**asked)

    def _gamma(self, features: int) -> float:
        return self.gamma or 1 / features

    def _curve(self, rows: Floats, target: Floats, weight: Floats | None) -> Floats:
        """Slope and intercept of the logistic curve; of decisions themselves where a part has one class alone."""
        from sklearn.linear_model import LogisticRegression

        parts = np.array_split(np.arange(len(rows)), _FOLDS)
        decision = np.empty(len(rows))
        for part in parts:
            others = np.delete(np.arange(len(rows)), part)
            if len(np.unique(target[others])) < 2:
                return np.array([1.0, 0.0])
            machine = self._machine("binary", rows.shape[1])
            machine.fit(rows[others], target[others], None if weight is None else weight[others])
            decision[part] = machine.decision_function(rows[part])
        curve = LogisticRegression(C=1e3).fit(decision[:, None], target, weight)
        return np.array([curve.coef_[0, 0], curve.intercept_[0]])

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        tensors = to_tensors(artifact)
        scaling = Scaling.stored(tensors)
        rows = (data.values - scaling.mean) / scaling.scale
        count = sum(name.startswith("vectors.") for name in tensors)
        found = np.empty((len(data), count))
        for number in range(count):
            intercept, slope, offset = tensors[f"curve.{number}"]
            decision = self._decision(rows, tensors[f"vectors.{number}"], tensors[f"weights.{number}"]) + intercept
            found[:, number] = slope * decision + offset
        if data.task == "regression":
            return np.asarray(found[:, 0] * scaling.label[1] + scaling.label[0])
        share = 1 / (1 + np.exp(-found))
        return np.asarray(share[:, 0] if count == 1 else share / share.sum(axis=1, keepdims=True))

    def _decision(self, rows: Floats, vectors: Floats, weights: Floats) -> Floats:
        """The weighted sum of kernels, row by row: a product of matrices would round by the number of rows."""
        if self.kernel == "linear":
            return np.asarray((rows * (weights @ vectors)).sum(axis=1))
        found = np.empty(len(rows))
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            squares = np.zeros((len(part), len(vectors)))
            for column in range(rows.shape[1]):
                squares += (part[:, column, None] - vectors[:, column]) ** 2
            found[start : start + _BLOCK] = (np.exp(-self._gamma(rows.shape[1]) * squares) * weights).sum(axis=1)
        return found

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        tensors = to_tensors(artifact)
        scaling = Scaling.stored(tensors)
        rows = (x - scaling.mean) / scaling.scale
        parts: list[Symbol] = []
        for number in range(sum(name.startswith("vectors.") for name in tensors)):
            intercept, slope, offset = tensors[f"curve.{number}"]
            decision = self._traced(rows, tensors[f"vectors.{number}"], tensors[f"weights.{number}"]) + intercept
            parts.append((decision * slope + offset)[:, None])
        if task == "regression":
            value: Symbol = parts[0][:, 0] * scaling.label[1] + scaling.label[0]
            return value
        share = joined(parts, axis=1).elementwise("Sigmoid")
        return share[:, 0] if outputs == 1 else share / share.sum(1)[:, None]

    def _traced(self, rows: Symbol, vectors: Floats, weights: Floats) -> Symbol:
        if self.kernel == "linear":
            decision: Symbol = rows @ (weights @ vectors)
            return decision
        squares = (rows * rows).sum(1)[:, None] + (vectors**2).sum(axis=1) - rows @ vectors.T * 2.0
        found: Symbol = (squares * -self._gamma(rows.shape[1])).elementwise("Exp") @ weights
        return found

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        vectors = 1 if self.kernel == "linear" else 0.8 * trained
        return rows * vectors * (1e-8 + 4e-9 * features)

    def seconds(self, rows: int, features: int) -> float:
        """Of one class. Roughly: how many rows become support vectors is not known before."""
        return 0.03 + 3.2 * rows**2 * (1.1e-8 + 4.2e-10 * features)


def _targets(train: Dataset, scaling: Scaling) -> Iterator[Floats]:
    if train.task == "regression":
        yield (train.label - scaling.label[0]) / scaling.label[1]
    elif train.task == "binary":
        yield train.label
    else:
        for number in range(len(train.classes)):
            yield (train.label == number).astype(np.float64)
