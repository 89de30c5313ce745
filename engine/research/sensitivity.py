"""Sensitivity of a backtest to its costs, to delays, to its parameters and to noise in the prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.backtest.costs import Costs
from engine.backtest.decisions import decide
from engine.backtest.measured import MeasuredBars, effective_warm_up, known_of, measured, with_known
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError, SpecError
from engine.core.progress import Progress, silent
from engine.core.spec import RunSpec, Spec
from engine.market.bars import Bars, Floats
from engine.research.rerun import Rerun, rerun
from engine.strategies import Strategy

COSTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Multiples of the costs at which the backtest is repeated."""
MAXIMUM_MULTIPLE = 64.0
"""The multiple up to which the break-even is searched."""
DELAYS = (0, 1, 2, 3, 4, 5)
CHANGES = (-0.2, -0.1, 0.1, 0.2)
"""Relative changes of each number of a strategy."""
ATR = 14


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Reruns, one entry each: total return and annualised Sharpe ratio."""

    total: Floats
    sharpe: Floats

    @property
    def profitable(self) -> float:
        """Share of outcomes with a profit."""
        return float(np.mean(self.total > 0)) if len(self.total) else 0.0


def outcomes(reruns: Sequence[Rerun]) -> Outcomes:
    return Outcomes(np.array([item.total for item in reruns]), np.array([item.sharpe for item in reruns]))


def costs(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], progress: Progress = silent
) -> tuple[Outcomes, float | None]:
    """The outcomes at each of ``COSTS``, and the break-even multiple of the costs.

    The multiple is found by bisection to 1%; zero where there is no profit even without costs, None where it exceeds 64
    or there are no costs.
    """
    decisions = decide(spec, bars, inputs)

    def at(multiple: float) -> Rerun:
        progress(min(multiple / COSTS[-1], 1.0), f"Costs times {multiple:g}")
        return rerun(spec.model_copy(update={"costs": multiplied(spec.costs, multiple)}), bars, inputs, decisions)

    found = outcomes([at(multiple) for multiple in COSTS])
    if multiplied(spec.costs, 2.0) == spec.costs:
        return found, None
    return found, _break_even(at, found)


def multiplied(paid: Costs, multiple: float) -> Costs:
    """``paid`` with every cost multiplied; the volume limit is not a cost."""
    charges = ("commission", "slippage", "spread", "per_order", "per_share", "minimum", "volume_impact")
    return paid.model_copy(update={name: getattr(paid, name) * multiple for name in charges})


def _break_even(at: Callable[[float], Rerun], found: Outcomes) -> float | None:
    if found.total[0] <= 0:
        return 0.0
    losing = np.flatnonzero(found.total <= 0)
    low, high = (COSTS[losing[0] - 1], COSTS[losing[0]]) if len(losing) else (COSTS[-1], COSTS[-1])
    while not len(losing):
        low, high = high, high * 2
        if high > MAXIMUM_MULTIPLE:
            return None
        if at(high).total <= 0:
            break
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle).total > 0 else (low, middle)
    return high


def delays(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], progress: Progress = silent
) -> Outcomes:
    """The outcomes with every decision executed ``DELAYS`` bars later than in the backtest."""
    decisions = decide(spec, bars, inputs)
    found = []
    for done, count in enumerate(DELAYS):
        progress(done / len(DELAYS), f"Orders {count} bars late")
        found.append(rerun(spec, bars, inputs, decisions.delayed(count)))
    return outcomes(found)


@dataclass(frozen=True, eq=False)
class Variant:
    """A strategy with one number changed: the ``field`` (dotted path), its new ``value``, and the requested relative
    change.
    """

    field: str
    change: float
    value: float
    strategy: Strategy


def variants(strategy: Strategy) -> tuple[Variant, ...]:
    """``strategy`` with each of its numbers changed by each of ``CHANGES``, within its bounds.

    Integers change by at least one. Invalid variants, zeros, and numbers of input runs, such as a model that would have
    to be trained again, are left out.
    """
    found: dict[tuple[str, float], Variant] = {}
    values = strategy.model_dump(mode="json")
    for path, field, spec in _numbers(strategy, ()):
        now = getattr(spec, field)
        for change in CHANGES:
            value = _changed(now, change)
            try:
                other = type(strategy).parse(_replaced(values, (*path, field), value))
            except SpecError:
                continue
            name = ".".join(str(part) for part in (*path, field))
            if other != strategy:
                found.setdefault((name, value), Variant(name, change, value, other))
    return tuple(found.values())


def common_segment(spec: BacktestSpec, bars: MeasuredBars, inputs: Mapping[str, Any]) -> MeasuredBars:
    """``bars`` from the first on which every variant can trade too, except variants whose warm-up exceeds
    half of them.
    """
    own = effective_warm_up(spec)
    known = (variant.strategy.warm_up() for variant in variants(spec.strategy))
    longest = max((warm_up for warm_up in known if warm_up <= own + len(bars.time) // 2), default=0)
    return measured(spec, bars.known, longest, inputs) if longest > own else bars


def jitter(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], progress: Progress = silent
) -> list[tuple[Variant, Rerun]]:
    """The backtest of each variant that the data allow."""
    found, changed = [], variants(spec.strategy)
    for done, variant in enumerate(changed):
        progress(done / len(changed), f"{variant.field} = {variant.value:g}")
        try:
            again = rerun(spec.model_copy(update={"strategy": variant.strategy}), bars, inputs)
        except DataError:
            continue
        found.append((variant, again))
    return found


def _numbers(spec: Spec, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str, Spec]]:
    for name, value in spec:
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield path, name, spec
        for place, item in _nested_specs(name, value):
            if not isinstance(item, RunSpec):
                yield from _numbers(item, (*path, *place))


def _nested_specs(name: str, value: object) -> Iterator[tuple[tuple[str | int, ...], Spec]]:
    if isinstance(value, Spec):
        yield (name,), value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            if isinstance(item, Spec):
                yield (name, index), item


def _changed(now: float, change: float) -> float:
    if isinstance(now, int):
        step = max(round(abs(now * change)), 1)
        return now + (step if change > 0 else -step)
    return now * (1 + change)


def _replaced(values: Any, path: Sequence[str | int], value: object) -> Any:
    """``values`` with the one at ``path`` replaced."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(values, list):
        return [_replaced(item, rest, value) if index == first else item for index, item in enumerate(values)]
    return {**values, str(first): _replaced(values[first], rest, value)}


def noise(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    inputs: Mapping[str, Any],
    level: float,
    samples: int,
    seed: int,
    progress: Progress = silent,
) -> Outcomes:
    """The outcomes of decisions on noisy prices (see ``with_noise``), filled at the true ones.

    The fills stay true because independent noise reverts and could be traded. Predictions of a model are inputs and
    stay as they are.
    """
    random = np.random.default_rng(seed)
    found = []
    for done in range(samples):
        progress(done / samples, f"Noise on prices: {done} of {samples}")
        seen = with_known(bars, [with_noise(item, level, random) for item in known_of(bars)])
        found.append(rerun(spec, bars, inputs, decide(spec, seen, inputs)))
    return outcomes(found)


def with_noise(bars: Bars, level: float, random: np.random.Generator) -> Bars:
    """``bars`` with Gaussian noise of ``level`` average true ranges (14 bars) on each price.

    Highs and lows are widened to contain open and close; no price falls below a hundredth of the true one.
    """
    deviation = level * average_true_range(bars)

    def moved(price: Floats) -> Floats:
        return np.maximum(price + deviation * random.standard_normal(len(price)), price / 100)

    open, close = moved(bars.open), moved(bars.close)
    top, bottom = np.fmax(open, close), np.fmin(open, close)
    return replace(
        bars,
        open=open,
        close=close,
        high=np.where(np.isnan(bars.high), np.nan, np.fmax(moved(bars.high), top)),
        low=np.where(np.isnan(bars.low), np.nan, np.fmin(moved(bars.low), bottom)),
        adj_close=bars.adj_close * close / bars.close,
    )


def average_true_range(bars: Bars) -> Floats:
    """Mean true range of the last 14 bars at each bar, of fewer at the start; missing ranges are skipped."""
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    high, low = np.fmax(bars.high, bars.close), np.fmin(bars.low, bars.close)
    true = np.fmax(high, before) - np.fmin(low, before)
    known = np.isfinite(true)
    summed = np.concatenate(([0.0], np.cumsum(np.where(known, true, 0.0))))
    counted = np.concatenate(([0], np.cumsum(known)))
    last = np.arange(1, len(bars) + 1)
    first = np.maximum(last - ATR, 0)
    return np.asarray((summed[last] - summed[first]) / np.maximum(counted[last] - counted[first], 1))
