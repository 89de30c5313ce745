"""A walk-forward under way: what every window needs, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.backtest.measured import Measured
from engine.backtest.segment import Segment
from engine.backtest.walkforward.choice import Tried
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.windows import Window
from engine.market.bars import Bars, Floats, Market, Times


@dataclass(frozen=True, eq=False)
class Step:
    """One window. ``parameters`` were chosen, NaN for none: the account then stays in cash. ``inside`` is what they did
    on the training bars, ``outside`` on those of the test. ``cloud`` are Sharpe ratios of some combinations in training
    and test, (2, points); ``values`` those of each axis that occurred.
    """

    window: Window
    train_time: Times
    parameters: Floats
    values: tuple[tuple[float, ...], ...]
    combinations: int
    eligible: int
    inside: Segment | None
    outside: Segment
    tried: Tried
    agreement: float
    cloud: Floats


@dataclass(frozen=True, eq=False)
class Walk:
    """What every window needs: ``bars`` are all that are known, ``course`` those from the first on which every
    combination can trade, ``warm_up`` bars before which have to be known.
    """

    spec: WalkForwardSpec
    course: Measured
    warm_up: int
    inputs: Mapping[str, Any]
    windows: tuple[Window, ...]

    @property
    def bars(self) -> tuple[Bars, ...]:
        return self.course.known

    def given(self, bars: Sequence[Bars]) -> Mapping[str, Any]:
        """The inputs of a strategy that knows ``bars`` alone."""
        return {**self.inputs, "market": Market(tuple(bars))}
