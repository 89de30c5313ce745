"""The request for a sweep: one backtest, and the parameters that vary."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from engine.backtest.plain import is_plain
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.asking import asked
from engine.backtest.sweeps.axes import sweepable, without_costs
from engine.backtest.sweeps.device import Asked, choice_of, code
from engine.backtest.sweeps.search_fields import (
    Objective,
    Sample,
    count_field,
    objective_field,
    sample_field,
    seed_field,
)
from engine.backtest.sweeps.stress import is_stress
from engine.backtest.sweeps.ways import unfollowed, way
from engine.core.axes import Axis, ResolvedAxis, resolve
from engine.core.errors import EngineError, SpecError
from engine.core.spec import Estimate, Resources, RunSpec, as_validation_error, parameter
from engine.features.device import DEVICES, Choice, Wanted
from engine.market import catalog
from engine.market.bars import Floats
from engine.market.intervals import bar_interval
from engine.market.spec import MarketSpec
from engine.strategies import Allocation
from engine.strategies.conditional import Conditional
from engine.strategies.crossing import Crossing, is_nested

__all__ = ["LIMIT", "Axis", "SweepSpec", "sweepable"]

LIMIT = 4_000_000
"""Largest number of accounts of a sweep: combinations times symbols."""

TPE_LIMIT = 100_000
"""Largest number of draws of a search by TPE, whose bookkeeping runs in Python."""

# Seconds per backtest and per bar, measured on one core of a server of 2023; per draw by TPE.
_CROSSING, _STOPPED = (1e-6, 4e-10), (1.5e-6, 1.2e-9)
_ASKED = (5e-6, 6e-9)  # per condition of which only a threshold differs
_NESTED = (2e-6, 3e-9)  # per slow line that is made of a fast one
_ADDED = (2e-6, 9e-10)  # per symbol of a portfolio
_WEIGHED, _WEIGHT = (1e-4, 2e-8), 1e-8  # per allocation, and per bar and symbol of it
_ACCOUNT, _OF_SYMBOL, _DRAW = (2e-5, 1e-8), 1e-8, 1e-3
_LIBRARY = 2.0  # until a device's library is loaded
_YEARS = 20.0  # default where the data are unknown


class SweepSpec(RunSpec):
    """Backtests of every combination of the axes' values, or of some of them: each is the whole request with these
    values, on all of its symbols.

    Combinations that the strategy's own validation rejects are left out. Axes over costs are a stress test: nothing is
    chosen along them, see ``SweepResult``.
    """

    kind: Literal["sweep"] = "sweep"
    base: BacktestSpec
    axes: tuple[Axis, ...]
    sample: Sample = sample_field(
        "All of the grid, some drawn at random or evenly spread (Latin hypercube), or chosen by a tree-structured "
        "Parzen estimator, which draws more where results were good."
    )
    count: int = count_field("Number of combinations to draw; a grid ignores it.")
    seed: int = seed_field()
    objective: Objective = objective_field(
        "Search", "Maximised by the search; also ranks the best combination and the plateau."
    )
    drawdown: bool = parameter(True, title="Drawdown", help="Also compute the maximum drawdown.", section="Search")
    device: Wanted = parameter(
        "auto",
        title="Device",
        choices=DEVICES,
        help="Where the combinations are computed: on CUDA in float64, as on the CPU, on MPS in float32.",
        section="Search",
        seldom=True,
    )

    @model_validator(mode="after")
    def _sweepable(self) -> SweepSpec:
        try:
            scales = self.scales()
            self._require_room(scales)
            self._require_choice(scales)
        except SpecError as error:
            raise as_validation_error(error) from None
        return self

    def _require_room(self, scales: tuple[ResolvedAxis, ...]) -> None:
        symbols = len(self.base.market.symbols)
        size = self._size(scales)
        if size * symbols > LIMIT:
            each = f" of {symbols} symbols" if symbols > 1 else ""
            way = (
                "increase a step, narrow a range, or draw a sample: random, Latin hypercube or TPE"
                if self.sample == "grid"
                else "draw fewer"
            )
            raise SpecError([("axes", f"{size:,} combinations{each} are more than the {LIMIT:,} of a sweep: {way}.")])
        if self.sample == "tpe" and self.count > TPE_LIMIT:
            why = f"TPE uses at most {TPE_LIMIT:,} draws, not {self.count:,}: it improves little after a few "
            raise SpecError([("count", f"{why}thousand. Random and Latin can draw a million.")])
        if self.objective == "calmar" and not self.drawdown:
            raise SpecError([("drawdown", "The Calmar ratio needs the drawdown: turn it on.")])

    def _require_choice(self, scales: tuple[ResolvedAxis, ...]) -> None:
        costs = [scale.title.lower() for scale in scales if is_stress(scale.path)]
        if self.sample == "tpe" and costs:
            why = "TPE maximises a metric, and costs are a stress test, not a choice"
            raise SpecError([("sample", f"{why}: remove {' and '.join(costs)} from the axes, or run a grid.")])

    def scales(self) -> tuple[ResolvedAxis, ...]:
        """The axes on the base. Raises ``SpecError``."""
        if not 1 <= len(self.axes) <= 8:
            raise SpecError([("axes", "A sweep has from 1 to 8 axes.")])
        found = []
        for place, axis in enumerate(self.axes):
            if axis.path in (item.path for item in self.axes[:place]):
                raise SpecError([(f"axes.{place}.path", f"{axis.path} is used as an axis twice.")])
            try:
                found.append(resolve(self.base, axis))
            except SpecError as error:
                raise error.under(f"axes.{place}") from None
        return tuple(found)

    def grid_size(self) -> int:
        """Combinations of the whole grid, invalid ones included."""
        return prod(scale.count() for scale in self.scales())

    def _size(self, scales: tuple[ResolvedAxis, ...]) -> int:
        return prod(scale.count() for scale in scales) if self.sample == "grid" else self.count

    def label(self) -> str:
        return f"{self._size(self.scales()):,} of {self.base.label()}"

    def choice(self) -> Choice:
        """The device that follows the accounts on this machine, and why; nothing is said where it is the CPU anyway."""
        return choice_of(self.device, self._asked)

    def _asked(self) -> Asked:
        scales = self.scales()
        return Asked(self._size(scales), unfollowed(self.base, scales, self.sample))

    def ignored(self) -> tuple[str, ...]:
        """The fields of the base on axes, except its costs, at which the best is chosen; and the device: what comes of
        it is in the fingerprint.
        """
        return "device", *(f"base.{axis.path}" for axis in self.axes if not is_stress(axis.path))

    def fingerprint(self) -> str:
        """The device, if it is not the CPU."""
        return self.choice().device

    def uses(self) -> tuple[type, ...]:
        """What follows the accounts on another device than the CPU."""
        return code() if self.choice().device else ()

    def resources(self) -> Resources:
        return Resources(gpus=int(bool(self.choice().device)))

    def as_trial(self) -> RunSpec:
        """Without costs; the base itself where all axes are costs. Samples keep all axes, on which the draws depend."""
        axes, base = without_costs(self.axes), self.base.as_trial([axis.path for axis in self.axes])
        counted = axes if self.sample == "grid" else self.axes
        return self.model_copy(update={"base": base, "axes": counted}) if axes else base

    def inputs(self) -> Mapping[str, RunSpec]:
        return self.base.inputs()

    def estimate(self) -> Estimate:
        size, market = self._size(self.scales()), self.base.market
        needed = sum(item.estimate().seconds for item in self.base.inputs().values())
        choice = self.choice()
        where = choice.reason.replace("Computed on", ", on", 1).rstrip(".")
        return Estimate(
            seconds=0.2 + self.backtest_seconds() + needed + (_LIBRARY if choice.device else 0.0),
            megabytes=180 + size * (8 * len(self.axes) + 60 * len(market.symbols)) / 1e6,
            way=f"{way(self.base, self.scales())}{where}",
        )

    def backtest_seconds(self, years: float | None = None) -> float:
        """Expected seconds of the backtests alone, over ``years`` or all of the data."""
        market, size, scales = self.base.market, self._size(self.scales()), self.scales()
        bars = (_years(market) if years is None else years) * bar_interval(market.interval).typical_per_year
        drawing = _DRAW * self.count if self.sample == "tpe" else 0.0
        strategy, symbols = self.base.strategy, len(market.symbols)
        if isinstance(strategy, Allocation):
            return drawing + size * (_seconds(_WEIGHED, bars) + _WEIGHT * symbols * bars)
        kernel = self._account_seconds(size, bars)
        if isinstance(strategy, Crossing):
            lines = size * _seconds(_NESTED, bars) if is_nested(strategy) else 0.0
            return drawing + symbols * lines + kernel
        if isinstance(strategy, Conditional) and not strategy.carries_decisions:
            lines, rows = asked(strategy, scales, size)
            answers = lines * _seconds(strategy.signals_time, bars) / 2 + rows * _seconds(_ASKED, bars)
            return drawing + symbols * answers + kernel
        own = prod(scale.count() for scale in scales if scale.path.startswith("strategy."))
        return drawing + symbols * min(own, size) * _seconds(strategy.signals_time, bars) + kernel

    def _account_seconds(self, size: int, bars: float) -> float:
        """Expected seconds of the accounts of all symbols, their decisions apart."""
        symbols = len(self.base.market.symbols)
        if not is_plain(self.base):
            accounts, together = (1, symbols) if self.base.cash == "shared" else (symbols, 1)
            return size * accounts * (_seconds(_ACCOUNT, bars) + _OF_SYMBOL * together * bars)
        stopped = self.base.stops.any or any(scale.path.startswith("stops.") for scale in self.scales())
        added = _seconds(_ADDED, bars) if symbols > 1 else 0.0
        return size * symbols * (_seconds(_STOPPED if stopped else _CROSSING, bars) + added)

    def drawn_combinations(self, result: Any) -> Floats | None:
        return result.parameters if self.sample == "tpe" else None


def _seconds(cost: tuple[float, float], bars: float) -> float:
    return cost[0] + cost[1] * bars


def _years(market: MarketSpec) -> float:
    """Years of data common to all symbols, from the catalogue."""
    try:
        first, last = catalog.span(market)
    except EngineError:
        return _YEARS
    return max(float((last - first) / np.timedelta64(365, "D")), 0.1)
