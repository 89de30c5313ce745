"""The request for a diagnosis of a network."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from engine.core.registry import info
from engine.core.spec import Action, Estimate, Resources, parameter
from engine.models.neural.kind import Neural
from engine.models.spec import ModelSpec

_SLOWER = 30
"""How many times as long as torch MLX takes on a CPU, roughly."""


class DiagnoseNetwork(Action):
    """``base``, whose model is a network, on the training rows of its newest fold: nothing of it is kept but the
    measurements. No test row is looked at, and it is no trial.
    """

    kind: Literal["diagnose_network"] = "diagnose_network"
    base: ModelSpec
    frameworks: bool = parameter(
        False,
        title="torch against MLX",
        help="Trains the same network on the newest rows in both frameworks and compares time, memory, score, outputs "
        "and gradients. MLX on a CPU is 10 to 60 times slower than torch.",
        section="Diagnosis",
    )
    rows: int = parameter(
        500,
        title="Rows compared",
        help="Newest training rows that both frameworks are trained on.",
        ge=50,
        le=20_000,
        section="Diagnosis",
        when={"frameworks": (True,)},
    )
    epochs: int = parameter(2, title="Epochs compared", ge=1, le=50, section="Diagnosis", when={"frameworks": (True,)})

    @model_validator(mode="after")
    def _is_a_network(self) -> DiagnoseNetwork:
        if not isinstance(self.base.model, Neural):
            raise ValueError(
                f"{info(self.base.model).title} is not a network: it has no learning rate to find and no gradients to "
                "check. Choose a network on the left."
            )
        return self

    @property
    def network(self) -> Neural:
        assert isinstance(self.base.model, Neural)
        return self.base.model

    def shown_with(self) -> ModelSpec:
        return self.base

    def label(self) -> str:
        return f"Diagnosis of {self.base.model.label()}"

    def estimate(self) -> Estimate:
        rows, columns = self.base.expected_size()
        network, one = self.network, self.network.model_copy(update={"epochs": 1})
        epoch = one.seconds(int(rows), columns)
        steps = 400 * one.seconds(network.batch_size, columns)
        beside = (1 + _SLOWER) * self.epochs * one.seconds(self.rows, columns) if self.frameworks else 0.0
        return Estimate(seconds=2.0 + 2 * epoch + steps + beside, megabytes=600 + rows * (columns + 8) * 32e-6)

    def resources(self) -> Resources:
        return self.base.resources()
