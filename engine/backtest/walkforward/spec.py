"""The request for a walk-forward optimisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.common_segment import longest_warm_up
from engine.backtest.sweeps.search_fields import (
    Objective,
    Sample,
    count_field,
    objective_field,
    sample_field,
    seed_field,
)
from engine.backtest.sweeps.spec import Axis, SweepSpec
from engine.backtest.sweeps.stress import is_stress
from engine.backtest.windows import Window, Windows, schedule_between
from engine.core.errors import EngineError, SpecError
from engine.core.registry import info
from engine.core.spec import Estimate, RunSpec, as_validation_error, parameter
from engine.market import catalog
from engine.market.bars import Floats, Series
from engine.strategies import Allocation

LIMIT = 50_000_000
"""Backtests of all windows together."""
_YEAR, _WINDOW = np.timedelta64(365, "D"), 0.03  # overhead per window in seconds


class WalkForwardSpec(RunSpec):
    """A sweep on the training bars of each window, and the combination that it chose on the test bars.

    One combination is chosen for all symbols, by the objective of their portfolio. A test starts with the equity
    of the previous test, has the earlier bars as lookback, and closes positions at its last close. By default it takes
    over the current position of the chosen parameters on its first bar, as a trader would, since a slow strategy might
    otherwise miss most of the test. Parameters never depend on a bar of their test or a later one. A training always
    begins flat.
    """

    kind: Literal["walk_forward"] = "walk_forward"
    base: BacktestSpec
    axes: tuple[Axis, ...]
    sample: Sample = sample_field("All of the grid, or some drawn from the same ranges.")
    count: int = count_field("Number of combinations drawn in each window; a grid ignores it.")
    seed: int = seed_field()
    objective: Objective = objective_field("Choice")
    choice: Literal["peak", "plateau"] = parameter(
        "plateau",
        title="Selection",
        help="The best combination, or the one whose neighbourhood is best: those one step away along every axis.",
        choices={"peak": "Peak", "plateau": "Plateau"},
        section="Choice",
    )
    minimum_trades: int = parameter(
        3,
        title="Min. trades",
        help="Combinations with fewer trades in training, over all symbols, are not chosen. If none has as "
        "many, the account stays in cash.",
        ge=0,
        le=100_000,
        section="Choice",
    )
    windows: Windows = Windows()
    opening: Literal["standing", "flat"] = parameter(
        "standing",
        title="Test starts",
        help="With the current position of the chosen parameters, opened on the first bar at the usual costs, or flat "
        "until their first new decision.",
        choices={"standing": "In position", "flat": "Flat"},
        section="Windows",
    )
    stop_after: int | None = parameter(
        None,
        title="Stop after",
        unit="windows",
        help="Only the first windows; empty for all. A run of more goes on from those that are done.",
        ge=1,
        le=10_000,
        section="Windows",
    )
    agreement: bool = parameter(
        True,
        title="Compare all",
        help="Run every combination on the test bars too, to see whether those that did well in training do well "
        "in the test. It does not affect the choice.",
        section="Choice",
    )

    @model_validator(mode="after")
    def _sweepable(self) -> WalkForwardSpec:
        """The axes are valid for a sweep, and none of them is a cost."""
        try:
            self.sweep()
            for place, axis in enumerate(self.axes):
                if is_stress(axis.path):
                    why = "A walk-forward optimises its axes, and trading costs are not a choice: sweep them instead."
                    raise SpecError([(f"axes.{place}.path", why)])
        except SpecError as error:
            raise as_validation_error(error) from None
        return self

    def label(self) -> str:
        return f"{info(self.base.strategy).title} walked forward, {self.base.market.label()}"

    def ignored(self) -> tuple[str, ...]:
        return tuple(f"base.{axis.path}" for axis in self.axes)

    @property
    def continues(self) -> bool:
        """Where it stops before the last window."""
        return self.stop_after is not None

    def whole(self) -> WalkForwardSpec:
        """The request for all windows."""
        return self.model_copy(update={"stop_after": None})

    def as_trial(self) -> WalkForwardSpec:
        """All windows without costs, as a sweep."""
        return self.whole().model_copy(update={"base": self.base.as_trial([axis.path for axis in self.axes])})

    def inputs(self) -> Mapping[str, RunSpec]:
        return self.base.inputs()

    def sweep(self) -> SweepSpec:
        """The sweep of each window's training. Raises ``SpecError``."""
        return SweepSpec.parse(
            {
                "base": self.base,
                "axes": self.axes,
                "sample": self.sample,
                "count": self.count,
                "seed": self.seed,
                "objective": self.objective,
                "drawdown": self.objective == "calmar",
                "device": "cpu",
            }
        )

    def estimate(self) -> Estimate:
        """Data are prepared once. The sweep runs on the training bars of every window, on the test bars too where they
        are compared, and for hindsight, each time with all earlier bars as lookback.
        """
        sweep, found = self.sweep(), self.expected_windows()[: self.stop_after]
        once = sweep.estimate()
        if not found:
            return Estimate(once.seconds, once.megabytes + 20)
        ends = [item.test for item in found] + [found[-1].stop]
        if self.agreement and self.sample != "tpe":
            ends += [item.stop for item in found]
        seconds = sum(sweep.backtest_seconds(float((end - found[0].train) / _YEAR)) for end in ends)
        return Estimate(once.seconds - sweep.backtest_seconds() + seconds + _WINDOW * len(found), once.megabytes + 20)

    def drawn_combinations(self, result: Any) -> Floats | None:
        """Of a search by TPE the choice of each window, NaN for none: the other combinations of its trainings are not
        stored, so that an overlap with another search is counted too low and the number of trials too high.
        """
        return result.parameters if self.sample == "tpe" else None

    def expected_windows(self) -> tuple[Window, ...]:
        """The expected windows by the catalogue, without reading bars; empty where none fits. Assumes evenly spaced
        bars for the warm-up.
        """
        market = self.base.market
        try:
            first, last = catalog.span(market)
            known = [catalog.find(market.collection, symbol, market.interval) for symbol in market.symbols]
        except EngineError:
            return ()
        begun = [_warm_by(series, self._warm_up()) for series in known]
        if isinstance(self.base.strategy, Allocation):
            start = np.datetime64(market.start or "0001-01-01", "D")
            return schedule_between(max(start, min(begun).astype(start.dtype)), last, self.windows)
        return schedule_between(max(first, *begun), last, self.windows)

    def _warm_up(self) -> int:
        """An upper bound of the longest warm-up."""
        return longest_warm_up(self.base, self.sweep().scales())


def _warm_by(series: Series, warm_up: int) -> np.datetime64:
    """The approximate date after ``warm_up`` bars of ``series``."""
    first, last = (day.astype("datetime64[ms]") for day in series.span)
    begun: np.datetime64 = first + (last - first) * min(warm_up, series.rows) // max(series.rows, 1)
    return begun
