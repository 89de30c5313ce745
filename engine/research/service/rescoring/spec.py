"""The actions that score the models in service."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate, parameter
from engine.market.update.spec import Update
from engine.models.service import roles

_MODEL = 4.0  # seconds


class Rescore(Action):
    """Every model in service is scored on the newest bars that are stored, and held to its rules."""

    kind: Literal["rescore"] = "rescore"
    models: tuple[str, ...] = parameter((), title="Models", help="Names of models; empty for all in service.")

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        return f"Scores of {', '.join(self.models)}" if self.models else "Scores of the models in service"

    def estimate(self) -> Estimate:
        return Estimate(seconds=0.5 + _MODEL * max(len(self.models), 1), megabytes=300)


class Refresh(Update):
    """An update of stored bars, after which every model in service is scored on them."""

    kind: Literal["refresh"] = "refresh"  # type: ignore[assignment]

    def estimate(self) -> Estimate:
        found = super().estimate()
        return Estimate(found.seconds + _MODEL * len(roles.every()), max(found.megabytes, 300))
