"""The result of a walk-forward, assembled from its windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from engine.backtest.assemble import about_calendars, about_shares
from engine.backtest.daily_returns import about_bars_within_days
from engine.backtest.portfolio import buy_and_hold
from engine.backtest.segment import Segment, in_cash, segment_metrics, simulate_from
from engine.backtest.simulator import combined_equity
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.walkforward.choice import choose, pooled, trial_statistics, with_values
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.walk import Step, Walk
from engine.backtest.windows import before, since, untested_days
from engine.core.spec import canonical_json
from engine.market.bars import Bars, Floats, periods_per_year
from engine.market.common_calendar import day_starts, zones_of
from engine.strategies import Allocation

UNRELATED, MINUS = 0.1, "\N{MINUS SIGN}"
_METRICS = {
    "sharpe": "sharpe",
    "return": "total_return",
    "growth": "cagr",
    "drawdown": "max_drawdown",
    "trades": "trades",
}


def assemble(walk: Walk, steps: Sequence[Step], best: SweepResult) -> WalkForwardResult:
    """The result of ``steps``; ``best`` is the sweep over all test bars, for hindsight."""
    base = walk.spec.base
    time = np.concatenate([step.out_of_sample.time for step in steps])
    equity = np.concatenate([step.out_of_sample.equity for step in steps])
    tested = [before(item, walk.windows[-1].stop) for item in walk.bars]
    prior_time = steps[0].out_of_sample.prior_time
    shown = [since(item, prior_time[0]) if len(prior_time) else item for item in tested]
    shown = [item for item in shown if len(item)]
    benchmark = combined_equity(time, base.capital, buy_and_hold(base, shown))
    values, hindsight = _hindsight(walk, best, tested)
    trades = float(sum(step.out_of_sample.trades for step in steps))
    result = WalkForwardResult(
        **_request(walk),
        periods_per_year=periods_per_year(time),
        axes=best.axes,
        titles=best.titles,
        units=best.units,
        words=best.words,
        values=_all_values(steps, best),
        hindsight_parameters=values,
        **_windows(steps),
        **_metrics(steps),
        time=time,
        equity=equity,
        benchmark=benchmark,
        hindsight=hindsight.equity,
        window=np.repeat(np.arange(len(steps)), [len(step.out_of_sample.time) for step in steps]),
        metrics=segment_metrics(prior_time, time, equity, base.capital) | {"trades": trades},
        benchmark_metrics=segment_metrics(prior_time, time, benchmark, base.capital),
        hindsight_metrics=hindsight.metrics(),
        **_cloud(steps),
        **_pooled_trials(steps, best),
        planned=len(walk.planned),
        warnings=_warnings(walk, steps, best),
    )
    within_days = about_bars_within_days(result, result.metrics["sharpe"])
    return replace(result, warnings=(*result.warnings, *within_days))


def _request(walk: Walk) -> dict[str, Any]:
    """Fields of the request, and of the bars that it is measured on."""
    base = walk.spec.base
    starts, start_days = day_starts(walk.bars)
    return {
        "label": walk.spec.label(),
        "family": base.strategy.kind,
        "currency": walk.bars[0].series.currency,
        "symbols": base.market.symbols,
        "zones": zones_of(walk.bars),
        "day_starts": starts,
        "start_days": start_days,
        "objective": walk.spec.objective,
        "capital": base.capital,
        "base": canonical_json(base),
        "warm_up": walk.warm_up,
        "warm_up_in_range": walk.measured_bars.warm_up_in_range(),
    }


def _hindsight(walk: Walk, best: SweepResult, tested: Sequence[Bars]) -> tuple[Floats, Segment]:
    """The parameters that were best over all test bars, and one account that used them throughout."""
    spec, start = walk.spec, walk.windows[0].test
    chosen = choose(best, spec.objective, spec.minimum_trades, plateau=False)
    values = np.full(len(best.axes), np.nan) if chosen is None else best.parameters[chosen]
    base = with_values(spec.base, best.axes, best.words, values)
    if base is None:
        return values, in_cash(tested, start, spec.base.capital)
    resume = spec.opening == "standing"
    return values, simulate_from(base, tested, walk.inputs_on(tested), start, resume=resume, close=True)


def _all_values(steps: Sequence[Step], best: SweepResult) -> tuple[tuple[float, ...], ...]:
    """All values of each axis, over all windows."""
    parts = [*(step.values for step in steps), best.values]
    return tuple(tuple(sorted({value for part in parts for value in part[axis]})) for axis in range(len(best.axes)))


def _windows(steps: Sequence[Step]) -> dict[str, Any]:
    """Columns of the windows."""
    return {
        "train_first": np.array([step.train_time[0] for step in steps]),
        "train_last": np.array([step.train_time[-1] for step in steps]),
        "test_prior": np.array([(*step.out_of_sample.prior_time, step.out_of_sample.time[0])[0] for step in steps]),
        "test_first": np.array([step.out_of_sample.time[0] for step in steps]),
        "test_last": np.array([step.out_of_sample.time[-1] for step in steps]),
        "train_bars": np.array([len(step.train_time) for step in steps], dtype=np.int64),
        "test_bars": np.array([len(step.out_of_sample.time) for step in steps], dtype=np.int64),
        "parameters": np.array([step.parameters for step in steps]),
        "combinations": np.array([step.combinations for step in steps], dtype=np.int64),
        "eligible": np.array([step.eligible for step in steps], dtype=np.int64),
        "agreement": np.array([step.agreement for step in steps]),
        "held_before": np.array([step.out_of_sample.held_before for step in steps]),
    }


def _metrics(steps: Sequence[Step]) -> dict[str, Any]:
    """Columns of the metrics in and out of sample."""
    inside = [step.in_sample.metrics() if step.in_sample else {} for step in steps]
    outside = [step.out_of_sample.metrics() for step in steps]
    return {
        f"{part}_{name}": np.array([_nan_if_none(metrics.get(key)) for metrics in found])
        for part, found in (("in", inside), ("out", outside))
        for name, key in _METRICS.items()
    }


def _cloud(steps: Sequence[Step]) -> dict[str, Any]:
    """Sharpe ratios of combinations in and out of sample, each with the number of its window."""
    return {
        "cloud_window": np.repeat(np.arange(len(steps)), [step.cloud.shape[1] for step in steps]),
        "cloud_in": np.concatenate([step.cloud[0] for step in steps]),
        "cloud_out": np.concatenate([step.cloud[1] for step in steps]),
    }


def _pooled_trials(steps: Sequence[Step], best: SweepResult) -> dict[str, Any]:
    """Statistics of the trials: every combination of every training and of the hindsight."""
    found = asdict(pooled([*(step.tried for step in steps), trial_statistics(best)]))
    return {f"tried_{name}": value for name, value in found.items()}


def _nan_if_none(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _warnings(walk: Walk, steps: Sequence[Step], best: SweepResult) -> tuple[str, ...]:
    """Caveats on the metrics, as sentences."""
    found = [*_about_data(walk), *_about_windows(walk, steps), *_about_choices(steps, best)]
    return tuple(found)


def _about_data(walk: Walk) -> list[str]:
    found = []
    if all(item.series.kind == "equity" for item in walk.bars):
        found.append("Survivorship bias: these symbols are known to have survived, which flatters every metric.")
    if walk.spec.base.fill == "same_close":
        found.append(
            "Same close: decisions are filled at the very close they are based on, which is not achievable in practice."
        )
    late = max(walk.measured_bars.tradable, key=lambda item: item.time[0])
    early, is_divided = (
        min(item.time[0] for item in walk.measured_bars.tradable),
        isinstance(walk.spec.base.strategy, Allocation),
    )
    if late.time[0] - early > np.timedelta64(31, "D") and not is_divided:
        found.append(f"The windows begin where {late.series.symbol} can be traded, on {late.days[0]}.")
    found += about_shares(walk.spec.base, walk.bars)
    found += [text for item in walk.bars for text in item.caveats]
    first, stop = walk.windows[0].train, walk.windows[-1].stop
    return found + about_calendars([since(before(item, stop), first) for item in walk.bars])


def _about_windows(walk: Walk, steps: Sequence[Step]) -> list[str]:
    found, count, planned = [], len(steps), len(walk.planned)
    if count < planned:
        found.append(f"Incomplete: it stopped after {count} of {planned} windows, and all metrics are of these alone.")
    if count < 4:
        found.append(f"Only {count} {'window' if count == 1 else 'windows'}: too few to tell skill from luck.")
    rest = untested_days(walk.bars, walk.planned)
    if rest is not None:
        first, last = rest
        found.append(f"The bars from {first} to {last} are less than half a test and are left out.")
    standing = sum(step.out_of_sample.held_before for step in steps)
    if standing and walk.spec.opening == "flat":
        found.append(
            f"In {standing} of {count} tests the chosen parameters were already in a position at the start, and the "
            "account waited for a new entry. “In position” takes over the position."
        )
    return found


def _about_choices(steps: Sequence[Step], best: SweepResult) -> list[str]:
    found, count = _at_the_end(steps, best), len(steps)
    empty = sum(step.in_sample is None for step in steps)
    trades = sum(step.out_of_sample.trades for step in steps)
    if empty:
        found.append(f"In {empty} of {count} windows no combination traded often enough: the account stayed in cash.")
    known = [step.agreement for step in steps if not np.isnan(step.agreement)]
    if known and float(np.median(known)) < UNRELATED:
        correlation = f"{round(float(np.median(known)), 2) + 0.0:.2f}".replace("-", MINUS)
        found.append(
            "Good combinations in training were not good in the test: the rank correlation of all combinations is "
            f"{correlation} in the median window."
        )
    if trades < 10:
        noun = "trade" if trades == 1 else "trades"
        found.append(
            f"{'Only ' if trades else ''}{trades or 'No'} {noun} out of sample: too few to tell skill from luck."
        )
    if steps[-1].out_of_sample.equity[-1] <= 0:
        found.append("Ruined: the equity reached zero and trading stopped.")
    return found


def _at_the_end(steps: Sequence[Step], best: SweepResult) -> list[str]:
    """Warnings on axes at an end of which most windows found their optimum."""
    found = []
    for axis, (title, values, words) in enumerate(zip(best.titles, _all_values(steps, best), best.words, strict=True)):
        chosen = np.array([step.parameters[axis] for step in steps])
        for end, word in ((values[0], "low"), (values[-1], "high")):
            number = int(np.sum(chosen == end))
            if not words and len(values) > 2 and 2 * number > len(steps):
                found.append(
                    f"{title} was at the {word} end of its range in {number} of {len(steps)} windows: the optimum may "
                    "lie beyond."
                )
    return found
