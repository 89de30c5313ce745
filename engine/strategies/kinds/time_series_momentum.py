"""Time-series momentum."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import momentum
from engine.market.bars import Bars, Floats
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags
from engine.strategies.rule_cache import shared


@plugin("time_series_momentum", title="Time-series momentum")
class TimeSeriesMomentum(Conditional):
    """Long when the market has risen over the lookback, flat when it has not; short when it has fallen.

    Moskowitz, Ooi and Pedersen, Time Series Momentum (2012), with a decision at every close; they use excess returns
    over cash, and positions of equal volatility, which is up to the sizing here. The latest bars can be skipped, as is
    usual where they tend to revert.
    """

    kind: Literal["time_series_momentum"] = "time_series_momentum"
    elementwise: ClassVar[tuple[str, ...]] = ("threshold",)
    lookback: int = parameter(
        252, title="Lookback", unit="bars", help="Bars over which the return is measured.",
        ge=1, le=2000, section="Strategy",
    )  # fmt: skip
    skip: int = parameter(
        0,
        title="Skip",
        unit="bars",
        help="Most recent bars excluded from the return; the lookback ends before them.",
        ge=0,
        le=500,
        section="Strategy",
    )
    threshold: float = parameter(
        0.0,
        title="Threshold",
        percent=True,
        help="Return beyond which to enter, up or down; the position is closed when the return changes sign.",
        ge=0,
        le=10,
        step=0.005,
        section="Strategy",
    )

    def label(self) -> str:
        skipped = f", skip {self.skip}" if self.skip else ""
        beyond = f", > {100 * self.threshold:g}%" if self.threshold else ""
        return f"TS momentum {self.lookback}{skipped}{beyond}"

    def warm_up(self) -> int:
        return self.lookback + self.skip

    def entries(self, bars: Bars) -> Flags:
        return self._past(bars) > self.threshold

    def exits(self, bars: Bars) -> Flags:
        return self._past(bars) <= 0

    def short_entries(self, bars: Bars) -> Flags:
        return self._past(bars) < -self.threshold

    def short_exits(self, bars: Bars) -> Flags:
        return self._past(bars) >= 0

    def _past(self, bars: Bars) -> Floats:
        return shared(_past_return, bars, self.lookback, self.skip)


def _past_return(bars: Bars, lookback: int, skip: int) -> Floats:
    return momentum.past_return(bars.close, lookback, skip)
