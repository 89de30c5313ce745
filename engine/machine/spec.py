"""The request to examine this machine."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate


class Examination(Action):
    """What the machine has and is built of, and whether it is fit for the work."""

    kind: Literal["machine"] = "machine"

    def label(self) -> str:
        return "Examination of this machine"

    def shown_with(self) -> None:
        """The hardware page shows the last one."""

    def estimate(self) -> Estimate:
        """The libraries are imported in a process of their own, each for the first time."""
        return Estimate(seconds=20, megabytes=900)
