"""Predictions that were made elsewhere, scored as any model is: nothing is learnt."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol


@plugin("own_predictions", title="Own predictions")
class OwnPredictions(Model):
    """The only feature as it is, so that a finished model is tested without writing a plug-in: choose the indicator My
    values with the stored predictions as the only feature, without processors.

    Null models are tested on rotated labels, so their band is that of predictions that know nothing.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("binary", "regression")
    step: ClassVar[str] = ""
    learns: ClassVar[bool] = False

    kind: Literal["own_predictions"] = "own_predictions"
    meaning: Literal["score", "probability"] = parameter(
        "score",
        title="Of two classes",
        help="What the predictions are where the label has two classes; of a number they are the number itself. A "
        "score s around zero becomes the probability 0.5 + 0.5 s / (1 + |s|), which keeps order and side.",
        choices={"score": "A score around zero", "probability": "The probability of the second"},
        section="Model",
    )

    def label(self) -> str:
        return "Own predictions"

    def refusal(self, task: Task, columns: int = 1) -> str:
        several = (
            f"Own predictions passes one column on as it is, and the features have {columns}: keep the one that holds "
            "your predictions."
        )
        return super().refusal(task, columns) or (several if columns > 1 else "")

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        self._checked(train)
        return Fitted(from_tensors({"features": np.array([train.values.shape[1]])}))

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        to_tensors(artifact)  # raises where it is another model's
        value = self._checked(data)
        if data.task == "regression" or self.meaning == "probability":
            return value
        return np.asarray(0.5 + 0.5 * value / (1 + np.abs(value)))

    def _checked(self, data: Dataset) -> Floats:
        """The first column. Raises ``DataError`` where it holds what is no probability, though it should."""
        value = np.array(data.values[:, 0], dtype=np.float64)
        if data.task == "binary" and self.meaning == "probability" and np.any((value < 0) | (value > 1)):
            raise DataError(
                f"A probability lies between 0 and 1, these predictions between {np.nanmin(value):g} and "
                f"{np.nanmax(value):g}: choose 'A score around zero', and leave the processors out."
            )
        return value

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        value = x[:, 0]
        if task == "regression" or self.meaning == "probability":
            return value
        return 0.5 + 0.5 * value / (1 + value.elementwise("Abs"))

    def about(self, artifact: Artifact) -> tuple[tuple[str, str], ...]:
        count = int(to_tensors(artifact)["features"][0])
        return (("Predictions", "the only feature" if count == 1 else f"the first of {count} features"),)

    def seconds(self, rows: int, features: int) -> float:
        return 1e-3 + 1e-8 * rows
