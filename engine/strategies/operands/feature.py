"""Every indicator of the features page."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features import INDICATORS, Indicator
from engine.features.indicators.trend import SmaDistance
from engine.market.bars import Bars, Floats
from engine.strategies.rules import Lagged


@plugin("feature", title="Feature")
class Feature(Lagged):
    """An indicator of the features page, with its own parameters."""

    kind: Literal["feature"] = "feature"
    indicator: Annotated[Indicator, INDICATORS] = Field(
        SmaDistance(), title="Indicator", json_schema_extra={"section": "Strategy"}
    )
    output: int = parameter(
        1, title="Output", help="Which of the indicator's lines, where it has several.", ge=1, le=20, section="Strategy"
    )

    def settled(self) -> int:
        return self.indicator.warm_up()

    def now(self, bars: Bars) -> Floats:
        names = self.indicator.outputs
        if self.output > len(names):
            raise DataError(
                f"{self.indicator.label()} has {len(names)} {'line' if len(names) == 1 else 'lines'}, "
                f"so there is no line {self.output}: choose a smaller number."
            )
        return self.indicator.compute(bars)[names[self.output - 1]]

    def name(self) -> str:
        return self.indicator.label() if self.output == 1 else f"{self.indicator.label()} line {self.output}"
