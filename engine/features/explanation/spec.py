"""The request for an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import model_validator

from engine.core.errors import did_you_mean
from engine.core.spec import Estimate, RunSpec, Spec, parameter
from engine.features.context import context_requests
from engine.features.processors import Processors
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS, Indicator
from engine.market.spec import MarketSpec


class ProcessorChain(Spec):
    """Processors that a value is followed through, and what they are fitted on."""

    processors: Processors = parameter(
        (), title="Processors", help="What is done to the value before a model sees it, in this order."
    )
    fitted_share: float = parameter(
        0.7,
        title="Fitted on",
        help="Earliest part of the bars, which the processors learn from: what a model is trained on.",
        percent=True,
        gt=0,
        le=1,
        step=0.05,
    )


class ExplanationSpec(RunSpec):
    """How the value of a feature at one bar came about."""

    kind: Literal["explanation"] = "explanation"
    market: MarketSpec = parameter(MarketSpec(), title="Market")
    feature: Annotated[Indicator, INDICATORS]
    output: str = parameter(title="Output", help="The one to explain of a feature with several.")
    symbol: str = parameter(title="Symbol")
    time: datetime = parameter(title="Bar", help="The time at which the bar begins, in UTC.")

    chain: ProcessorChain = parameter(ProcessorChain(), title="Processors")

    @model_validator(mode="after")
    def _has_the_output(self) -> ExplanationSpec:
        names = [output.name for output in self.feature.outputs]
        if self.output not in names:
            near = did_you_mean(self.output, names)
            raise ValueError(f"{self.feature.label()} has no output '{self.output[:60]}'.{near}")
        return self

    def label(self) -> str:
        return f"{self.feature.label()} of {self.symbol} explained"

    def shown_with(self) -> FeatureSpec:
        return FeatureSpec(market=self.market, features=(self.feature,))

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, **context_requests([self.feature], self.market)}

    def estimate(self) -> Estimate:
        return self.shown_with().estimate()
