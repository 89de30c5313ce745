"""The request to compare a champion with its challenger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.core.spec import Estimate, RunSpec, parameter
from engine.research.service.monitoring.spec import MonitorSpec

Bars = Literal["all", "new"]


class ComparisonSpec(RunSpec):
    """Two models on the rows that both predict and neither was trained on."""

    kind: Literal["model_comparison"] = "model_comparison"
    champion: MonitorSpec
    challenger: MonitorSpec
    bars: Bars = parameter(
        "all",
        title="Bars",
        help="All that neither was trained on, or those alone that came after the data of both: where a model was "
        "chosen by its test, its advantage there is partly the choice.",
        choices={"all": "All out of sample", "new": "Since both were trained"},
    )
    seed: int = parameter(0, title="Seed", help="For every random draw.", ge=0, le=2**31 - 1)

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        return f"{self.champion.model} and {self.challenger.model}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"champion": self.champion, "challenger": self.challenger}

    def estimate(self) -> Estimate:
        both = (self.champion.estimate(), self.challenger.estimate())
        return Estimate(1.0 + sum(item.seconds for item in both), max(item.megabytes for item in both))
