"""The request for a look inside a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.core.spec import Estimate, Resources, RunSpec
from engine.models.spec import ModelSpec

SHARES = (0.1, 0.2, 0.4, 0.7)
"""Of the training rows of the newest fold, that models of the learning curve are trained on."""


class InspectionSpec(RunSpec):
    """``base``, once it is trained: its scores by regime, year and symbol, the contributions of its features, its
    learning curve, and the attention of a network that has any. It tries no other model, and is no trial.
    """

    kind: Literal["model_inspection"] = "model_inspection"
    base: ModelSpec

    def label(self) -> str:
        return f"Inspection of {self.base.model.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"model": self.base, **self.base.inputs()}

    def shown_with(self) -> ModelSpec:
        return self.base

    def estimate(self) -> Estimate:
        rows, columns = self.base.expected_size()
        shares = self.base.validation.shares(int(rows / max(len(self.base.market.symbols), 1)))
        newest = self.base.model.seconds(int(rows * min(shares[-1], 1.0)), columns)
        groups = 10 + len(self.base.market.symbols)
        return Estimate(
            seconds=0.5 + sum(SHARES) * newest + rows * (2e-5 + 1e-6 * groups + 2e-6 * columns),
            megabytes=150 + rows * (columns + 8) * 48e-6,
        )

    def resources(self) -> Resources:
        return self.base.resources()
