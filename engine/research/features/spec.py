"""The request for statistics of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from engine.core.errors import EngineError
from engine.core.spec import Estimate, RunSpec, parameter
from engine.features import Features
from engine.features.device import DEVICES, Wanted
from engine.features.spec import FeatureSpec
from engine.indicators.averages import SmaDistance
from engine.indicators.momentum import Rsi
from engine.labels import LABELS, Label
from engine.labels.forward_return_value import ForwardReturnValue
from engine.market import catalog
from engine.market.spec import MarketSpec

HORIZONS = (1, 2, 3, 5, 10, 20, 40, 60, 100)
LONGEST = 500
_COLUMN, _CELL = 0.4, 3e-7  # seconds of a column, and of each of its values at each horizon
Horizon = Annotated[int, Field(ge=1, le=LONGEST)]


class FeatureReportSpec(RunSpec):
    """What features are like, and how well they rank the returns of the bars that follow."""

    kind: Literal["feature_report"] = "feature_report"
    market: MarketSpec = parameter(MarketSpec(), title="Market", section="Universe")
    features: Features = parameter((SmaDistance(), Rsi()), title="Features", section="Features")
    target: Annotated[Label, LABELS] = parameter(ForwardReturnValue(), title="Label", section="Label")
    horizons: tuple[Horizon, ...] = parameter(HORIZONS, title="Horizons", unit="bars", section="Label")
    seed: int = parameter(0, title="Seed", ge=0, le=2**31 - 1, section="Label", seldom=True)
    device: Wanted = parameter(
        "cpu",
        title="Device",
        choices=DEVICES,
        help="What computes the features: their statistics are of those values.",
        section="Features",
    )

    @field_validator("horizons")
    @classmethod
    def _ascending(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        if not horizons:
            raise ValueError("Choose one horizon or more.")
        return tuple(sorted(set(horizons)))

    def label(self) -> str:
        return f"Statistics of {self.feature_spec().label()}"

    def all_horizons(self) -> tuple[int, ...]:
        """``horizons`` and that of the label, ascending."""
        return tuple(sorted({*self.horizons, min(self.target.horizon, LONGEST)}))

    def feature_spec(self) -> FeatureSpec:
        """The request for the matrix."""
        return FeatureSpec(market=self.market, features=self.features, device=self.device)

    def shown_with(self) -> FeatureSpec:
        return self.feature_spec()

    def ignored(self) -> tuple[str, ...]:
        return ("device",)  # what comes of it counts, in the fingerprint of the matrix

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, "features": self.feature_spec()}

    def estimate(self) -> Estimate:
        columns = sum(len(feature.outputs) for feature in self.features)
        try:
            rows = catalog.expected_rows(self.market)
        except EngineError:
            rows = 0.0  # the run says what is wrong with the request
        cells = columns * rows * len(self.all_horizons())
        return Estimate(seconds=1.0 + _COLUMN * columns + _CELL * cells, megabytes=150 + rows * (columns + 40) * 8e-6)
