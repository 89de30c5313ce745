"""MACD against its signal line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import macd_lines, momentum
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import FastAndSlow
from engine.strategies.rule_cache import shared


@plugin("macd", title="MACD")
class Macd(FastAndSlow):
    """Long from the close at which the MACD rises above its signal line until it falls below it.

    The MACD (Appel 1979) is a fast exponential average of the close less a slow one; the signal line is an exponential
    average of the MACD.
    """

    fast_fields: ClassVar[tuple[str, ...]] = ("fast", "slow")
    slow_fields: ClassVar[tuple[str, ...]] = ("fast", "slow", "signal")
    kind: Literal["macd"] = "macd"
    fast: int = parameter(
        12, title="Fast window", unit="bars", help="Bars of the fast average.", ge=2, le=499, section="Strategy"
    )
    slow: int = parameter(
        26, title="Slow window", unit="bars", help="Bars of the slow average.", ge=3, le=500, section="Strategy"
    )
    signal: int = parameter(
        9,
        title="Signal window",
        unit="bars",
        help="Bars of the signal line, an average of the MACD.",
        ge=2,
        le=500,
        section="Strategy",
    )

    def label(self) -> str:
        return f"MACD {self.fast}/{self.slow}/{self.signal}"

    def warm_up(self) -> int:
        return momentum.macd_warm_up(self.slow, self.signal) + 1

    def fast_line(self, bars: Bars) -> Floats:
        return macd_lines.warmed_up(self._line(bars), self.slow, shared(macd_lines.known_runs, bars))

    def slow_line(self, bars: Bars) -> Floats:
        return momentum.macd_signal(bars, self.fast, self.slow, self.signal)

    def slow_lines(self, bars: Bars, values: Mapping[str, Sequence[Any]]) -> Floats:
        runs = shared(macd_lines.known_runs, bars)
        return macd_lines.macd_signals(bars, self.fast, self.slow, values["signal"], self._line(bars), runs)

    def _line(self, bars: Bars) -> Floats:
        return shared(_line, bars, self.fast, self.slow)


def _line(bars: Bars, fast: int, slow: int) -> Floats:
    return macd_lines.macd_line(*(shared(macd_lines.average, bars, window) for window in (fast, slow)))
