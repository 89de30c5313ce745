"""Sensitivity of a backtest to small changes: its costs, its speed, its parameters, its prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.backtest.costs import Costs
from engine.backtest.decisions import decide
from engine.backtest.measured import Measured, known_of, measured, warm_up_of, with_known
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError, SpecError
from engine.core.progress import Progress, silent
from engine.core.spec import RunSpec, Spec
from engine.market.bars import Bars, Floats
from engine.research.rerun import Rerun, rerun
from engine.strategies import Strategy

COSTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Multiples of the costs at which the backtest is repeated."""
MOST_COSTS = 64.0
"""The multiple up to which the break-even is looked for."""
DELAYS = (0, 1, 2, 3, 4, 5)
CHANGES = (-0.2, -0.1, 0.1, 0.2)
"""By how much each number of a strategy is changed."""
ATR = 14


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Repeated backtests, one entry each: total return and Sharpe ratio a year."""

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
    """The outcomes at each of ``COSTS``, and the multiple of the costs that would take the whole profit.

    The multiple is found by bisection to 1%; zero where nothing is earned even without costs, None where 64 times the
    costs do not suffice or there are none to multiply.
    """
    decisions = decide(spec, bars, inputs)

    def at(multiple: float) -> Rerun:
        progress(min(multiple / COSTS[-1], 1.0), f"Costs times {multiple:g}")
        return rerun(spec.model_copy(update={"costs": times(spec.costs, multiple)}), bars, inputs, decisions)

    found = outcomes([at(multiple) for multiple in COSTS])
    if times(spec.costs, 2.0) == spec.costs:
        return found, None
    return found, _break_even(at, found)


def times(paid: Costs, multiple: float) -> Costs:
    """``paid`` with every charge multiplied; the volume limit is no charge."""
    charges = ("commission", "slippage", "spread", "per_order", "per_share", "minimum", "volume_impact")
    return paid.model_copy(update={name: getattr(paid, name) * multiple for name in charges})


def _break_even(at: Callable[[float], Rerun], found: Outcomes) -> float | None:
    if found.total[0] <= 0:
        return 0.0
    losing = np.flatnonzero(found.total <= 0)
    low, high = (COSTS[losing[0] - 1], COSTS[losing[0]]) if len(losing) else (COSTS[-1], COSTS[-1])
    while not len(losing):
        low, high = high, high * 2
        if high > MOST_COSTS:
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
    """The outcomes with every decision acted on each of ``DELAYS`` bars later than the backtest acts on it."""
    decisions = decide(spec, bars, inputs)
    found = []
    for done, count in enumerate(DELAYS):
        progress(done / len(DELAYS), f"Orders {count} bars late")
        found.append(rerun(spec, bars, inputs, decisions.delayed(count)))
    return outcomes(found)


@dataclass(frozen=True, eq=False)
class Variant:
    """A strategy with one number changed: the ``field`` (dotted path), its new ``value``, and the relative change that
    was asked for.
    """

    field: str
    change: float
    value: float
    strategy: Strategy


def variants(strategy: Strategy) -> tuple[Variant, ...]:
    """``strategy`` with each of its numbers changed by each of ``CHANGES``, inside its bounds.

    Whole numbers move by at least one. What the spec refuses is left out, as is a number that is zero and the numbers
    of runs inside it, such as a model that would have to be trained anew.
    """
    found: dict[tuple[str, float], Variant] = {}
    values = strategy.model_dump(mode="json")
    for path, field, spec in _numbers(strategy, ()):
        now = getattr(spec, field)
        for change in CHANGES:
            value = _changed(now, change)
            try:
                other = type(strategy).parse(_with(values, (*path, field), value))
            except SpecError:
                continue
            name = ".".join(str(part) for part in (*path, field))
            if other != strategy:
                found.setdefault((name, value), Variant(name, change, value, other))
    return tuple(found.values())


def common_stretch(spec: BacktestSpec, bars: Measured, inputs: Mapping[str, Any]) -> Measured:
    """``bars`` from the first on which every variant can trade too, of those that leave half of them to be measured."""
    own = warm_up_of(spec)
    known = (variant.strategy.warm_up() for variant in variants(spec.strategy))
    longest = max((warm_up for warm_up in known if warm_up <= own + len(bars.time) // 2), default=0)
    return measured(spec, bars.known, longest, inputs) if longest > own else bars


def jitter(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], progress: Progress = silent
) -> list[tuple[Variant, Rerun]]:
    """The backtest of each variant that the market allows."""
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
        for place, item in _inner(name, value):
            if not isinstance(item, RunSpec):
                yield from _numbers(item, (*path, *place))


def _inner(name: str, value: object) -> Iterator[tuple[tuple[str | int, ...], Spec]]:
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


def _with(values: Any, path: Sequence[str | int], value: object) -> Any:
    """``values`` with the one at ``path`` replaced."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(values, list):
        return [_with(item, rest, value) if index == first else item for index, item in enumerate(values)]
    return {**values, str(first): _with(values[first], rest, value)}


def noise(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    inputs: Mapping[str, Any],
    level: float,
    samples: int,
    seed: int,
    progress: Progress = silent,
) -> Outcomes:
    """The outcomes of decisions taken on noisy prices (see ``noisy``) and filled at the true ones.

    The fills stay true because noise that is independent from bar to bar can be traded: it returns. Predictions of a
    model are inputs and stay as they are.
    """
    random = np.random.default_rng(seed)
    found = []
    for done in range(samples):
        progress(done / samples, f"Noise on prices: {done} of {samples}")
        seen = with_known(bars, [noisy(item, level, random) for item in known_of(bars)])
        found.append(rerun(spec, bars, inputs, decide(spec, seen, inputs)))
    return outcomes(found)


def noisy(bars: Bars, level: float, random: np.random.Generator) -> Bars:
    """``bars`` whose prices are each moved by a normal draw of ``level`` average true ranges (14 bars).

    Highs and lows are then widened to hold open and close; no price falls below a hundredth of the true one.
    """
    spread = level * average_range(bars)

    def moved(price: Floats) -> Floats:
        return np.maximum(price + spread * random.standard_normal(len(price)), price / 100)

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


def average_range(bars: Bars) -> Floats:
    """Mean true range of the last 14 bars at each bar, of fewer at the start; missing prices count for nothing."""
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    high, low = np.fmax(bars.high, bars.close), np.fmin(bars.low, bars.close)
    true = np.fmax(high, before) - np.fmin(low, before)
    known = np.isfinite(true)
    summed = np.concatenate(([0.0], np.cumsum(np.where(known, true, 0.0))))
    counted = np.concatenate(([0], np.cumsum(known)))
    last = np.arange(1, len(bars) + 1)
    first = np.maximum(last - ATR, 0)
    return np.asarray((summed[last] - summed[first]) / np.maximum(counted[last] - counted[first], 1))
