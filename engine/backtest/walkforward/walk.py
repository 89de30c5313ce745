"""State of a running walk-forward: the inputs of every window, and the outcome of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.backtest.measured import MeasuredBars
from engine.backtest.segment import Segment
from engine.backtest.walkforward.choice import TrialStatistics
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.windows import Window
from engine.market.bars import Bars, Floats, Market, Times


@dataclass(frozen=True, eq=False)
class Step:
    """The outcome of one window. ``parameters`` were chosen, NaN for none: the account then stays in cash.
    ``in_sample`` is the account on the training bars, ``out_of_sample`` that on the test bars. ``cloud`` are Sharpe
    ratios of a sample of combinations in training and test, (2, points); ``values`` are the values of each axis.
    """

    train_time: Times
    parameters: Floats
    values: tuple[tuple[float, ...], ...]
    combinations: int
    eligible: int
    in_sample: Segment | None
    out_of_sample: Segment
    tried: TrialStatistics
    agreement: float
    cloud: Floats

    def summary(self) -> Mapping[str, object]:
        """What was chosen among how many."""
        return {"parameters": self.parameters.tolist(), "combinations": self.combinations, "eligible": self.eligible}


@dataclass(frozen=True, eq=False)
class Walk:
    """The inputs of every window: ``bars`` are all known ones, ``measured_bars`` those from the first on which every
    combination can trade, after a warm-up of ``warm_up`` bars. Of the ``planned`` windows ``windows`` are run.
    """

    spec: WalkForwardSpec
    measured_bars: MeasuredBars
    warm_up: int
    inputs: Mapping[str, Any]
    planned: tuple[Window, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        return self.planned[: self.spec.stop_after]

    @property
    def bars(self) -> tuple[Bars, ...]:
        return self.measured_bars.known

    def inputs_on(self, bars: Sequence[Bars]) -> Mapping[str, Any]:
        """The inputs of a strategy on ``bars`` alone."""
        return {**self.inputs, "market": Market(tuple(bars))}
