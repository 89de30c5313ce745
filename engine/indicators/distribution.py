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
    nanoseconds: ClassVar[float] = 500.0

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
    nanoseconds: ClassVar[float] = 200.0

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
    nanoseconds: ClassVar[float] = 10.0

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
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"Autocorrelation {self.lag} of {self.window}"

    def warm_up(self) -> int:
        return self.window + self.lag

    def compute(self, bars: Bars) -> dict[str, Floats]:
        returns = log_returns(bars.close)
        before = np.full(len(returns), np.nan)
        before[self.lag :] = returns[: -self.lag]
        return {"correlation": rolled_pair(before, returns, self.window, "CORRELATION")}


class _Regression(Indicator):
    window: int = parameter(60, title="Window", unit="bars", ge=3, le=2000, help="Closes.")

    def warm_up(self) -> int:
        return self.window - 1

    def _line(self, bars: Bars, what: str) -> Floats:
        """``what`` of the least-squares line of the logarithm of the last closes on time."""
        time = np.arange(len(bars), dtype=np.float64)
        return rolled_pair(time, np.log(positive(bars.close)), self.window, what)


@plugin("regression_slope", title="Regression slope", group=_GROUP, synonyms=("trend", "least squares"))
class RegressionSlope(_Regression):
    """The slope of the least-squares line through the logarithms of the last closes, in percent a bar."""

    kind: Literal["regression_slope"] = "regression_slope"

    outputs: ClassVar[tuple[Output, ...]] = (Output("slope", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 10.0

    def label(self) -> str:
        return f"Slope {self.window}"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"slope": 100 * self._line(bars, "SLOPE")}


@plugin("regression_residual", title="Regression residual", group=_GROUP, synonyms=("distance from trend",))
class RegressionResidual(_Regression):
    """How far the close lies from the least-squares line through the logarithms of the last closes, in percent."""

    kind: Literal["regression_residual"] = "regression_residual"

    outputs: ClassVar[tuple[Output, ...]] = (Output("residual", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 10.0

    def label(self) -> str:
        return f"Residual {self.window}"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"residual": 100 * self._line(bars, "RESIDUAL")}


@plugin("regression_r2", title="Regression R²", group=_GROUP, synonyms=("R squared", "trend quality"))
class RegressionR2(_Regression):
    """The share of the variance of the logarithms of the last closes that their least-squares line explains, 0 to 1;
    unknown where they are equal.
    """

    kind: Literal["regression_r2"] = "regression_r2"

    outputs: ClassVar[tuple[Output, ...]] = (Output("r2"),)
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"R² {self.window}"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"r2": self._line(bars, "R_SQUARED")}
