"""The request to register the model in a file."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate, parameter


class TakeModel(Action):
    """The model in an uploaded file, tried in a process of its own and kept as the next version of a name."""

    kind: Literal["take_model"] = "take_model"
    upload: str = parameter(title="File", help="Id of the uploaded file.")
    name: str = parameter(title="Name", help="To keep it under.")

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        return f"Import of {self.name[:40]}"

    def estimate(self) -> Estimate:
        return Estimate(seconds=4.0, megabytes=400)
