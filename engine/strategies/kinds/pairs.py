"""Pairs trading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators.regression import rolling_line
from engine.market.bars import Floats
from engine.market.panel import Panel
from engine.strategies import Allocation
from engine.strategies.panels import is_priced, last_index, no_decisions
from engine.strategies.rule_cache import shared

Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]
Event: TypeAlias = Callable[..., Flags]


@plugin("pairs", title="Pairs")
class Pairs(Allocation):
    """Buys the cheaper and sells the richer of two symbols until their prices converge.

    The log price of the first symbol is regressed on that of the second over a rolling window (Vidyamurthy, Pairs
    Trading, 2004; the rule of distances is that of Gatev, Goetzmann and Rouwenhorst, 2006). The z-score is the last
    residual in standard deviations of the window's residuals. Beyond the entry level the spread is traded towards
    zero; it is left within the exit level, and beyond the stop, after which it must have been back within the exit
    level before it is traded again. The slope is the hedge ratio: at the entry both legs together take the whole
    account, 1 to slope, and then stay as they are. Where the slope is not positive the two are no pair, and nothing is
    entered.

    Bars on which either symbol has no price are skipped and do not count in the window.
    """

    kind: Literal["pairs"] = "pairs"
    window: int = parameter(
        60, title="Window", unit="bars", help="Bars of the regression that gives the hedge ratio and the z-score.",
        ge=10, le=1000, section="Strategy",
    )  # fmt: skip
    enter: float = parameter(
        2.0, title="Enter beyond", unit="σ", help="z-score beyond which the spread is traded.",
        ge=0.1, le=10, step=0.1, section="Strategy",
    )  # fmt: skip
    leave: float = parameter(
        0.5, title="Exit within", unit="σ", help="z-score within which the position is closed.",
        ge=0, le=10, step=0.1, section="Strategy",
    )  # fmt: skip
    stop: float = parameter(
        4.0, title="Stop beyond", unit="σ", help="z-score beyond which the position is stopped out.",
        ge=0.2, le=20, step=0.1, section="Strategy",
    )  # fmt: skip

    @model_validator(mode="after")
    def _in_order(self) -> Pairs:
        if not self.leave < self.enter < self.stop:
            raise ValueError(
                f"Exit within ({self.leave:g}), enter beyond ({self.enter:g}) and stop beyond ({self.stop:g}) "
                "must be in ascending order."
            )
        return self

    def label(self) -> str:
        return f"Pairs {self.window}, z {self.enter:g}/{self.leave:g}/{self.stop:g}"

    def warm_up(self) -> int:
        return self.window - 1

    def sells_short(self) -> bool:
        return True

    def symbols(self) -> tuple[int, int | None]:
        return 2, 2

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Floats:
        if len(panel.symbols) != 2:
            raise DataError(
                "Pairs trades exactly two symbols, the first against the second: "
                f"choose two instead of {len(panel.symbols)}."
            )
        weights = no_decisions(panel)
        both, slopes, _ = shared(_regression, panel, self.window)
        bought, sold = (self._held(partial(shared, _last, panel, self.window, side)) for side in (1.0, -1.0))
        held = bought - sold
        changed = np.flatnonzero(held != np.concatenate(([0], held[:-1]))) if len(held) else held
        slope = np.where(held[changed] == 0, 0.0, slopes[changed])
        gross = held[changed] / (1.0 + np.abs(slope))
        weights[both[changed]] = np.column_stack([gross, 0.0 - slope * gross])
        return weights

    def positions(self, score: Floats, is_pair: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The spread held after each bar: 1 bought, -1 sold, 0 none. A NaN score changes nothing."""

        def last(side: float, event: Event, *levels: float) -> Places:
            return last_index(event(side * score, is_pair, *levels))

        return self._held(partial(last, 1.0)) - self._held(partial(last, -1.0))

    def _held(self, last: Callable[..., Places]) -> NDArray[np.int64]:
        """1 from the first entry since the spread was last in line until it is so again or has been stopped; ``last``
        gives the last bar of an event with its levels up to each bar.
        """
        in_line = last(_in_line, self.leave)
        entered = last(_entered, self.enter, self.stop)
        stopped = last(_stopped, self.stop)
        return ((entered > in_line) & (stopped <= in_line)).astype(np.int64)


def _in_line(score: Floats, is_pair: Flags, leave: float) -> Flags:
    return np.asarray(score >= -leave)


def _entered(score: Floats, is_pair: Flags, enter: float, stop: float) -> Flags:
    return np.asarray((score <= -enter) & (score > -stop) & is_pair)


def _stopped(score: Floats, is_pair: Flags, stop: float) -> Flags:
    return np.asarray(score <= -stop)


def _last(panel: Panel, window: int, side: float, event: Event, *levels: float) -> Places:
    """The last bar of ``event`` with ``levels`` up to each bar; a ``side`` of -1 is that of the spread turned round."""
    _, slopes, score = shared(_regression, panel, window)
    return last_index(event(side * score, slopes > 0, *levels))


def _regression(panel: Panel, window: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """The bars on which both have a price, and slope and z-score on them."""
    both = np.flatnonzero(is_priced(panel.close).all(axis=1))
    first, second = np.log(panel.close[both]).T
    line = rolling_line(second, first, window)
    varies = line.deviation > 1e-8  # less is rounding
    return both, line.slope, np.divide(line.residual, line.deviation, out=np.full(len(both), np.nan), where=varies)
