"""The request to register the model of a run, trained once more on all rows."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate, parameter


class Refit(Action):
    """A model as its run describes it, trained on all rows before the sealed holdout and kept under a name."""

    kind: Literal["refit"] = "refit"
    run: str = parameter(title="Run", help="Key of the run, or its beginning.")
    name: str = parameter(title="Name", help="To keep it under, as the next version.")

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        return f"Refit for {self.name[:40]}"

    def estimate(self) -> Estimate:
        return Estimate(seconds=10.0, megabytes=300)
