"""Walk-forward optimisation: parameters are chosen on the past, traded on what follows, and chosen again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.common_segment import at_most
from engine.backtest.sweeps.spec import Axis, SweepSpec
from engine.backtest.sweeps.stress import is_stress
from engine.backtest.windows import Window, Windows, between
from engine.core.errors import EngineError, SpecError
from engine.core.registry import info
from engine.core.spec import Estimate, RunSpec, as_validation_error, parameter
from engine.market import catalog
from engine.market.bars import Floats, Series
from engine.strategies import Allocation

LIMIT = 50_000_000
"""Backtests of all windows together."""
_YEAR, _WINDOW = np.timedelta64(365, "D"), 0.03  # seconds of what is done once for a window


class WalkForwardSpec(RunSpec):
    """A sweep on the training bars of each window, and the combination that it chose on the test bars.

    One combination is chosen for all symbols, by the objective of their portfolio. A test starts with the equity
    of the test before it, looks back on earlier bars, and sells at its last close. By default its first bar takes over
    the position that the chosen parameters stand for by then: who trades them would hold it, and a slow strategy that
    had to wait for its next crossing would be judged by its absence. Parameters never follow from a bar of their test
    or of a later one. A training always begins flat.
    """

    kind: Literal["walk_forward"] = "walk_forward"
    base: BacktestSpec
    axes: tuple[Axis, ...]
    sample: Literal["grid", "random", "latin_hypercube", "tpe"] = parameter(
        "grid",
        title="Combinations",
        help="All of the grid, or some drawn from the same ranges.",
        choices={"grid": "Grid", "random": "Random", "latin_hypercube": "Latin", "tpe": "TPE"},
        section="Search",
    )
    count: int = parameter(
        1000,
        title="Drawn",
        help="Number of combinations drawn in each window; a grid ignores it.",
        ge=1,
        le=1_000_000,
        section="Search",
        when={"sample": ("random", "latin_hypercube", "tpe")},
    )
    seed: int = parameter(
        0, title="Seed", ge=0, le=2**31 - 1, section="Search", when={"sample": ("random", "latin_hypercube", "tpe")}
    )
    objective: Literal["sharpe", "total_return", "calmar"] = parameter(
        "sharpe",
        title="Metric to maximise",
        choices={"sharpe": "Sharpe", "total_return": "Return", "calmar": "Calmar"},
        section="Choice",
    )
    choice: Literal["peak", "plateau"] = parameter(
        "plateau",
        title="Take",
        help="The best combination, or the one whose neighbourhood is best: those one step away along every axis.",
        choices={"peak": "The peak", "plateau": "The plateau"},
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
        title="A test begins",
        help="With the position that the chosen parameters stand for by then, bought on the first bar at the usual "
        "costs; or without one until their first new decision.",
        choices={"standing": "In position", "flat": "Flat"},
        section="Windows",
    )
    agreement: bool = parameter(
        True,
        title="Compare all",
        help="Run every combination on the test bars too, to see whether good ones in training were good ones after. "
        "It does not affect the choice.",
        section="Choice",
    )

    @model_validator(mode="after")
    def _sweepable(self) -> WalkForwardSpec:
        """The rules of a sweep hold for its axes here, and none of them is a cost, which nobody chooses."""
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

    def as_trial(self) -> WalkForwardSpec:
        """Without costs, as a sweep."""
        return self.model_copy(update={"base": self.base.as_trial([axis.path for axis in self.axes])})

    def inputs(self) -> Mapping[str, RunSpec]:
        return self.base.inputs()

    def sweep(self) -> SweepSpec:
        """What is run on the training bars of each window. Raises ``SpecError``."""
        return SweepSpec.parse(
            {
                "base": self.base,
                "axes": self.axes,
                "sample": self.sample,
                "count": self.count,
                "seed": self.seed,
                "objective": self.objective,
                "drawdown": self.objective == "calmar",
            }
        )

    def estimate(self) -> Estimate:
        """A sweep's data are prepared once. Its backtests are tried on the training bars of every window, on those of
        the test too to compare them, and for hindsight; each time their strategies look at all bars up to there.
        """
        sweep, found = self.sweep(), self.expected_windows()
        once = sweep.estimate()
        if not found:
            return Estimate(once.seconds, once.megabytes + 20)
        ends = [item.test for item in found] + [found[-1].stop]
        if self.agreement and self.sample != "tpe":
            ends += [item.stop for item in found]
        tried = sum(sweep.trying(float((end - found[0].train) / _YEAR)) for end in ends)
        return Estimate(once.seconds - sweep.trying() + tried + _WINDOW * len(found), once.megabytes + 20)

    def drawn(self, result: Any) -> Floats | None:
        return result.parameters if self.sample == "tpe" else None

    def expected_windows(self) -> tuple[Window, ...]:
        """The windows, from what is known of the symbols without reading their bars; none where there is no room. Bars
        to warm up on are taken to be spread evenly.
        """
        market = self.base.market
        try:
            first, last = catalog.span(market)
            known = [catalog.find(market.collection, symbol, market.interval) for symbol in market.symbols]
        except EngineError:
            return ()
        begun = [_begun(series, self._warm_up()) for series in known]
        if isinstance(self.base.strategy, Allocation):
            asked = np.datetime64(market.start or "0001-01-01", "D")
            return between(max(asked, min(begun).astype(asked.dtype)), last, self.windows)
        return between(max(first, *begun), last, self.windows)

    def _warm_up(self) -> int:
        """What the slowest combination takes to warm up, as far as that can be told without trying all."""
        return at_most(self.base, self.sweep().scales())


def _begun(series: Series, warm_up: int) -> np.datetime64:
    """About when ``series`` has ``warm_up`` bars behind it."""
    first, last = (day.astype("datetime64[ms]") for day in series.span)
    begun: np.datetime64 = first + (last - first) * min(warm_up, series.rows) // max(series.rows, 1)
    return begun
