"""The distribution of the last returns, and the place of the price in that of the last closes."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, Output
from engine.indicators.logarithms import log_returns, positive
from engine.indicators.rolling import rolled, rolled_pair, rolling
from engine.market.bars import Bars, Floats

_GROUP = "Statistics"


@plugin("return_moments", title="Skewness and kurtosis", group=_GROUP, synonyms=("skew", "fat tails", "moments"))
class ReturnMoments(Indicator):
    """Skewness and excess kurtosis of the last logarithmic returns, corrected for their bias as pandas does (Joanes and
    Gill 1998); unknown where the price stands still.
    """

    kind: Literal["return_moments"] = "return_moments"
    window: int = parameter(60, title="Window", unit="bars", ge=4, le=2000, help="Returns.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("skewness"), Output("kurtosis"))
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Moments {self.window}"

    def warm_up(self) -> int:
        return self.window

    def compute(self, bars: Bars) -> dict[str, Floats]:
        returns, loop = log_returns(bars.close), rolling().moments.rolling_moments
        return {name: rolled(loop, returns, self.window, power) for name, power in (("skewness", 3), ("kurtosis", 4))}


@plugin("return_quantile", title="Quantile of returns", group=_GROUP, synonyms=("value at risk", "percentile"))
class ReturnQuantile(Indicator):
    """The logarithmic return, in percent, below which a share of the last returns lies, interpolated between
    neighbours.
    """

    kind: Literal["return_quantile"] = "return_quantile"
    window: int = parameter(60, title="Window", unit="bars", ge=2, le=2000, help="Returns.")
    share: float = parameter(0.05, title="Share", percent=True, ge=0, le=1, step=0.05, help="Of the returns, below.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("quantile", unit="%"),)

    def label(self) -> str:
        return f"Quantile {100 * self.share:g}% of {self.window}"

    def warm_up(self) -> int:
        return self.window

    def compute(self, bars: Bars) -> dict[str, Floats]:
        returns = 100 * log_returns(bars.close)
        return {"quantile": rolled(rolling().order.rolling_quantile, returns, self.window, self.share)}


@plugin("close_zscore", title="Z-score of the close", group=_GROUP, synonyms=("standard score", "standardised"))
class CloseZScore(Indicator):
    """Distance of the close from the mean of the last closes, in their standard deviations (n - 1); unknown where they
    are equal.
    """

    kind: Literal["close_zscore"] = "close_zscore"
    window: int = parameter(60, title="Window", unit="bars", ge=2, le=2000, help="Closes.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("z"),)
    levels: ClassVar[tuple[float, ...]] = (-2.0, 0.0, 2.0)

    def label(self) -> str:
        return f"Z-score {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        moments = rolling().moments
        mean = rolled(moments.rolling_mean, bars.close, self.window)
        variance = rolled(moments.rolling_variance, bars.close, self.window, 1)
        return {"z": (bars.close - mean) / np.sqrt(positive(variance))}


@plugin("percent_rank", title="Percent rank", group=_GROUP, synonyms=("percentile rank", "rank"))
class PercentRank(Indicator):
    """The place of the close among the last closes: 0 for the lowest, 100 for the highest; equal ones share the middle
    of theirs.
    """

    kind: Literal["percent_rank"] = "percent_rank"
    window: int = parameter(100, title="Window", unit="bars", ge=2, le=2000, help="Closes, its own included.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("rank", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0, 50.0, 100.0)

    def label(self) -> str:
        return f"Percent rank {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"rank": 100 * rolled(rolling().order.rolling_rank, bars.close, self.window)}


@plugin("autocorrelation", title="Autocorrelation of returns", group=_GROUP, synonyms=("serial correlation", "acf"))
class Autocorrelation(Indicator):
    """Correlation of the last returns with those some bars before them: above zero moves go on, below they revert."""

    kind: Literal["autocorrelation"] = "autocorrelation"
    window: int = parameter(60, title="Window", unit="bars", ge=3, le=2000, help="Pairs of returns.")
    lag: int = parameter(1, title="Lag", unit="bars", ge=1, le=500, help="Bars between the two of a pair.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("correlation"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Autocorrelation {self.lag} of {self.window}"

    def warm_up(self) -> int:
        return self.window + self.lag

    def compute(self, bars: Bars) -> dict[str, Floats]:
        returns = log_returns(bars.close)
        before = np.full(len(returns), np.nan)
        before[self.lag :] = returns[: -self.lag]
        return {"correlation": rolled_pair(before, returns, self.window, "CORRELATION")}


@plugin("regression_trend", title="Regression trend", group=_GROUP, synonyms=("slope", "R squared", "residual"))
class RegressionTrend(Indicator):
    """The least-squares line of the logarithm of the last closes on time: its slope in percent a bar, how far the close
    lies from it in percent, and the share of the variance that it explains; this is unknown where they are equal.
    """

    kind: Literal["regression_trend"] = "regression_trend"
    window: int = parameter(60, title="Window", unit="bars", ge=3, le=2000, help="Closes.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("slope", unit="%"), Output("residual", unit="%"), Output("r2"))
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Trend {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        time, logs = np.arange(len(bars), dtype=np.float64), np.log(positive(bars.close))
        return {
            "slope": 100 * rolled_pair(time, logs, self.window, "SLOPE"),
            "residual": 100 * rolled_pair(time, logs, self.window, "RESIDUAL"),
            "r2": rolled_pair(time, logs, self.window, "R_SQUARED"),
        }
