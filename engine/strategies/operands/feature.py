"""Any indicator of the library, as an operand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from engine.core.errors import did_you_mean
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import INDICATORS, Indicator
from engine.indicators.averages import SmaDistance
from engine.strategies.indicator_line import IndicatorLine


@plugin("feature", title="Indicator")
class Feature(IndicatorLine):
    """An output of an indicator of the library, with the indicator's own parameters."""

    kind: Literal["feature"] = "feature"
    indicator: Annotated[Indicator, INDICATORS] = Field(
        SmaDistance(), title="Indicator", json_schema_extra={"section": "Strategy"}
    )
    output: str | None = parameter(
        None,
        title="Output",
        help="The name of one of the indicator's outputs; the first where none is named.",
        section="Strategy",
    )

    @field_validator("indicator")
    @classmethod
    def _of_one_series(cls, indicator: Indicator) -> Indicator:
        if indicator.needs_other_series():
            raise ValueError(
                f"{indicator.label()} needs other series, which rules do not have: choose an indicator of one series."
            )
        return indicator

    @field_validator("output", mode="before")
    @classmethod
    def _named(cls, output: Any, info: ValidationInfo) -> Any:
        """None for the first; earlier requests give a number, counted from 1."""
        indicator = info.data.get("indicator")
        if output is None or not isinstance(indicator, Indicator):
            return output
        names = tuple(item.name for item in indicator.outputs)
        if isinstance(output, int) and 1 <= output <= len(names):
            output = names[output - 1]
        if output not in names:
            shown = str(output)[:40]
            raise ValueError(f"{indicator.label()} has no output '{shown}'.{did_you_mean(shown, names)}")
        return None if output == names[0] else output

    def source(self) -> Indicator:
        return self.indicator

    def place(self) -> int:
        names = [item.name for item in self.indicator.outputs]
        return names.index(self.output) if self.output else 0

    def name(self) -> str:
        return f"{self.indicator.label()} {self.output}" if self.output else self.indicator.label()
