"""Regimes of a market: clusters of the bars of the past, the present one being of one of them."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, Output
from engine.indicators.logarithms import log_returns, positive
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Bars, Floats


@plugin("regime", title="Regime", group="Volatility", synonyms=("k-means", "cluster", "market state"))
class Regime(Indicator):
    """The cluster that the bar belongs to by trend and volatility: 0 is the calmest, the highest number the wildest.

    Of the last bars, the mean return and the logarithm of the volatility, both in standard deviations, are divided into
    clusters by k-means (Lloyd 1982), begun at evenly spaced volatilities. That is done anew at each bar, from the bars
    up to it alone.
    """

    kind: Literal["regime"] = "regime"
    clusters: int = parameter(3, title="Regimes", ge=2, le=6, help="Clusters of k-means.")
    span: int = parameter(20, title="Span", unit="bars", ge=2, le=500, help="Returns in trend and volatility.")
    window: int = parameter(250, title="Window", unit="bars", ge=20, le=2000, help="Bars that are clustered.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("regime"),)
    nanoseconds: ClassVar[float] = 20_000.0

    def label(self) -> str:
        return f"Regime {self.clusters} of {self.window}"

    def warm_up(self) -> int:
        return self.span + self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        returns, moments = log_returns(bars.close), rolling().moments
        trend = rolled(moments.rolling_mean, returns, self.span)
        log_variance = np.log(positive(rolled(moments.rolling_variance, returns, self.span, 1)))
        found = np.empty(len(bars))
        rolling().clusters.rolling_cluster(log_variance[None], trend[None], self.window, self.clusters, found[None])
        return {"regime": found}
