"""Executor of walk-forwards, window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from engine.backtest.look_ahead_guard import require_causal_sweep
from engine.backtest.measured import MeasuredBars, from_start, measured
from engine.backtest.portfolio import tradable_bars
from engine.backtest.segment import Segment, in_cash, simulate_from, simulate_measured
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.common_segment import common_warm_up
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.run import combinations, run_sweep
from engine.backtest.walkforward.assemble import assemble
from engine.backtest.walkforward.choice import (
    agreement,
    as_trial,
    choose,
    eligible,
    pooled,
    trial_statistics,
    with_values,
)
from engine.backtest.walkforward.kept import kept_windows
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.spec import LIMIT, WalkForwardSpec
from engine.backtest.walkforward.walk import Step, Walk
from engine.backtest.windows import Window, before, schedule, since
from engine.core.errors import SpecError
from engine.core.progress import Progress, counting, section
from engine.core.store import Trial
from engine.jobs.executors import computes
from engine.market.bars import Bars, Floats, Times, periods_per_year
from engine.market.catalog import require_tradeable
from engine.models.kept_parts import KeptParts
from engine.strategies import Allocation

CLOUD = 3_000
"""Combinations of all windows together that the scatter plot shows."""
_CURVE = 300  # points of the preview's equity curve


@computes(WalkForwardSpec)
def compute(spec: WalkForwardSpec, inputs: Mapping[str, Any], progress: Progress) -> WalkForwardResult:
    """Parameters and accounts of all windows. Raises ``StrategyError`` where the strategy uses the future."""
    require_causal_sweep(spec.sweep(), inputs)
    kept = kept_windows(spec)
    result = run_windows(spec, inputs, progress, kept)
    if kept is not None and not result.left:
        kept.forget()
    return result


def run_windows(
    spec: WalkForwardSpec, inputs: Mapping[str, Any], progress: Progress, kept: KeptParts[Step] | None = None
) -> WalkForwardResult:
    """The result of ``spec``; windows that are ``kept`` are not computed again. Raises ``DataError``
    where not even one window fits, and whatever a backtest and a sweep raise.
    """
    require_tradeable(inputs["market"])
    tradable_bars(spec.base, inputs)
    measured_bars, warm_up = _measured_bars(spec, inputs)
    windows = _windows(spec, measured_bars)
    _require_room(spec, len(windows[: spec.stop_after]))
    walk = Walk(spec, measured_bars, warm_up, inputs, windows)
    steps: list[Step] = []

    def so_far() -> Trial:
        """The trials of the completed windows."""
        per_year = periods_per_year(measured_bars.time)
        return as_trial(pooled([step.tried for step in steps]), spec.base.strategy.kind, per_year)

    with counting(progress, so_far):
        return assemble(walk, steps, _run_windows(walk, steps, kept, progress))


def take_step(walk: Walk, number: int, capital: float, progress: Progress) -> Step:
    """The window ``number``; its test begins with ``capital``."""
    spec, window = walk.spec, walk.windows[number]
    compares = spec.agreement and spec.sample != "tpe"  # which draws different combinations each time
    share = 0.7 if compares else 0.95
    past = [_without_last(before(item, window.test), spec.windows.purge) for item in walk.bars]
    known = [before(item, window.stop) for item in walk.bars]
    training = _search(walk, past, window.train, section(progress, 0.0, share))
    is_plateau, check_cancelled = spec.choice == "plateau", partial(progress, share, "Choosing")
    chosen = choose(training, spec.objective, spec.minimum_trades, is_plateau, check_cancelled)
    cloud = np.empty((2, 0))
    if compares:
        after = _search(walk, known, window.test, section(progress, share, 0.95))
        cloud = np.stack([training.metric("sharpe"), after.metric("sharpe")])
    values = np.full(len(training.axes), np.nan) if chosen is None else training.parameters[chosen]
    base = with_values(spec.base, training.axes, training.words, values)
    return Step(
        train_time=_times(past, window.train),
        parameters=values,
        values=training.values,
        combinations=len(training.parameters),
        eligible=int(eligible(training, spec.objective, spec.minimum_trades).sum()),
        in_sample=None
        if base is None
        else simulate_measured(base, from_start(base, past, window.train), walk.inputs_on(past)),
        out_of_sample=_test(walk, base, known, window, capital),
        tried=trial_statistics(training),
        agreement=agreement(cloud[0], cloud[1], partial(progress, 0.95, "Comparing all")),
        cloud=_sample(cloud, CLOUD // len(walk.planned)),
    )


def _test(walk: Walk, base: BacktestSpec | None, known: Sequence[Bars], window: Window, capital: float) -> Segment:
    """The chosen backtest over the test of ``window``; cash where none was chosen."""
    if base is None or capital <= 0:
        return in_cash(known, window.test, capital)
    base = base.model_copy(update={"capital": capital})
    resume = walk.spec.opening == "standing"
    return simulate_from(base, known, walk.inputs_on(known), window.test, resume=resume, close=True)


def _search(walk: Walk, bars: Sequence[Bars], start: np.datetime64, progress: Progress) -> SweepResult:
    """The sweep on ``bars`` from ``start`` on, with the bars before as lookback."""
    return run_sweep(walk.spec.sweep(), walk.inputs_on(bars), progress, start)


def _measured_bars(spec: WalkForwardSpec, inputs: Mapping[str, Any]) -> tuple[MeasuredBars, int]:
    """The bars from the first on which every combination can trade, and the common warm-up."""
    sweep, known = spec.sweep(), inputs["market"].bars
    parameters = None if spec.sample == "tpe" else combinations(sweep, sweep.scales())[0]
    warm_up = common_warm_up(spec.base, sweep.scales(), parameters, known)
    return measured(spec.base, known, warm_up, inputs), warm_up


def _windows(spec: WalkForwardSpec, measured_bars: MeasuredBars) -> tuple[Window, ...]:
    """The windows of ``spec``, from the first bar on which every combination can trade, all symbols or the allocation.
    The first month may lack a week, but no training begins before that bar.
    """
    is_divided = isinstance(spec.base.strategy, Allocation)
    ready = measured_bars.time[0] if is_divided else max(item.time[0] for item in measured_bars.tradable)
    windows = schedule(measured_bars.tradable, spec.windows, ready if is_divided else None)
    return tuple(replace(window, train=max(window.train, ready)) for window in windows)


def _run_windows(walk: Walk, steps: list[Step], kept: KeptParts[Step] | None, progress: Progress) -> SweepResult:
    """Append to ``steps``, of those ``kept`` and others; returns the sweep over all test bars, for hindsight."""
    spec, bars, windows = walk.spec, walk.bars, walk.windows
    for number in range(len(windows)):
        step = kept.get(number) if kept is not None else None
        if step is None:
            capital = steps[-1].out_of_sample.equity[-1] if steps else spec.base.capital
            done = section(progress, number / (len(windows) + 1), (number + 1) / (len(windows) + 1))
            told = _window_progress(done, number, windows, _partial(spec, steps, windows))
            step = take_step(walk, number, float(capital), told)
            if kept is not None:
                kept.add(number, step)
        steps.append(step)
    progress(len(windows) / (len(windows) + 1), "Best in hindsight", _partial(spec, steps, windows))
    last = section(progress, len(windows) / (len(windows) + 1), 1.0)
    tested = [before(item, windows[-1].stop) for item in bars]
    return _search(walk, tested, windows[0].test, _window_progress(last, -1, windows, _partial(spec, steps, windows)))


def _require_room(spec: WalkForwardSpec, windows: int) -> None:
    sweep = spec.sweep()
    size = sweep.grid_size() if spec.sample == "grid" else spec.count
    total = size * len(spec.base.market.symbols) * windows
    if total > LIMIT:
        every = f"{size:,} combinations in each of {windows} windows are {total:,} backtests, more than {LIMIT:,}"
        way = "narrow a range, increase a step, draw a sample, or lengthen the test"
        raise SpecError([("axes", f"{every}: {way}.")])


def _window_progress(
    progress: Progress, number: int, windows: Sequence[Window], so_far: Mapping[str, object]
) -> Progress:
    """Progress of a sweep reported as that of a window; ``number`` -1 is hindsight."""
    about = "Hindsight" if number < 0 else (
        f"Window {number + 1} of {len(windows)}, {windows[number].months[0]} to {windows[number].months[2] - 1}"
    )  # fmt: skip

    def report(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        progress(fraction, f"{about}: {message[:1].lower()}{message[1:]}", so_far)

    return report


def _partial(spec: WalkForwardSpec, steps: Sequence[Step], windows: Sequence[Window]) -> dict[str, object]:
    """The completed windows and the account so far, for the preview: ``time`` in ms, ``growth`` of 1."""
    time = [moment for step in steps for moment in step.out_of_sample.time.astype(np.int64).tolist()]
    growth = [value / spec.base.capital for step in steps for value in step.out_of_sample.equity.tolist()]
    every = max(len(time) // _CURVE, 1)
    rows = [
        {
            "window": number + 1,
            "test": f"{windows[number].months[1]} to {windows[number].months[2] - 1}",
            "return": float(step.out_of_sample.equity[-1] / step.out_of_sample.capital - 1)
            if step.out_of_sample.capital > 0
            else 0.0,
        }
        for number, step in enumerate(steps)
    ]
    return {"of": len(windows), "windows": rows, "time": time[::every], "growth": growth[::every]}


def _times(bars: Sequence[Bars], start: np.datetime64) -> Times:
    """The union of the symbols' calendars from ``start`` on."""
    return np.unique(np.concatenate([since(item, start).time for item in bars]))


def _without_last(bars: Bars, count: int) -> Bars:
    return before(bars, bars.time[-count]) if count and count <= len(bars) else bars


def _sample(cloud: Floats, most: int) -> Floats:
    """Evenly spaced columns of those that are known in both rows."""
    known = np.flatnonzero(~np.isnan(cloud).any(axis=0))
    if len(known) > most:
        known = known[np.linspace(0, len(known) - 1, max(most, 1)).astype(np.int64)]
    return cloud[:, known]
