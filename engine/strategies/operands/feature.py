"""Every indicator of the library."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import INDICATORS, ContextIndicator, Indicator, PanelIndicator
from engine.indicators.averages import SmaDistance
from engine.market.bars import Bars, Floats
from engine.strategies.indicator_line import IndicatorLine


@plugin("feature", title="Indicator")
class Feature(IndicatorLine):
    """An indicator of the library, with its own parameters."""

    kind: Literal["feature"] = "feature"
    indicator: Annotated[Indicator, INDICATORS] = Field(
        SmaDistance(), title="Indicator", json_schema_extra={"section": "Strategy"}
    )
    output: int = parameter(
        1, title="Output", help="Which of the indicator's lines, where it has several.", ge=1, le=20, section="Strategy"
    )

    @field_validator("indicator")
    @classmethod
    def _of_one_series(cls, indicator: Indicator) -> Indicator:
        if isinstance(indicator, ContextIndicator | PanelIndicator):
            raise ValueError(
                f"{indicator.label()} needs other series, which rules do not have: choose an indicator of one series."
            )
        return indicator

    def source(self) -> Indicator:
        return self.indicator

    def place(self) -> int:
        return self.output - 1

    def settled(self) -> int:
        return self.indicator.warm_up() if self.output > len(self.indicator.outputs) else super().settled()

    def now(self, bars: Bars) -> Floats:
        count = len(self.indicator.outputs)
        if self.output > count:
            raise DataError(
                f"{self.indicator.label()} has {count} {'line' if count == 1 else 'lines'}, "
                f"so there is no line {self.output}: choose a smaller number."
            )
        return super().now(bars)

    def name(self) -> str:
        return self.indicator.label() if self.output == 1 else f"{self.indicator.label()} line {self.output}"
