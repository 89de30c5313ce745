"""Tests of a verification, run in turn: each yields its numbers or the reason why it was not possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from engine.backtest.daily_returns import return_sample
from engine.backtest.look_ahead_check import look_ahead
from engine.backtest.look_ahead_guard import caveats
from engine.backtest.measured import MeasuredBars, measured
from engine.backtest.metrics import bar_returns
from engine.backtest.portfolio import buy_and_hold
from engine.backtest.result import BacktestResult
from engine.backtest.simulator import combined_equity
from engine.backtest.wording import SHORT
from engine.core.errors import DataError, PluginError, SpecError
from engine.core.progress import Progress, section
from engine.core.stored_values import values_read
from engine.market.bars import Floats, spans_month, years_spanned
from engine.research import sensitivity
from engine.research.bootstrap import resample
from engine.research.drawdowns import bootstrap_paths
from engine.research.fills import fill_sensitivity
from engine.research.random_entries import random_entries, random_weights
from engine.research.reality import superior_ability
from engine.research.regimes import crises, regimes
from engine.research.rerun import rerun
from engine.research.statistics import moments
from engine.research.trade_order import reorder, without_best
from engine.research.verification.result import VerificationResult
from engine.research.verification.spec import NOISE_RUNS, NULL_RUNS, VerificationSpec
from engine.strategies import Allocation

Found = dict[str, Any]
"""Fields of the result; keys that start with "metrics." go into its metrics."""
_ANNUALISED = frozenset({"bootstrap", "random", "costs", "delays", "jitter", "noise", "regimes"})
"""Tests with annualised results."""


@dataclass(frozen=True)
class TestContext:
    """Input of every test."""

    spec: VerificationSpec
    bars: MeasuredBars
    inputs: Mapping[str, Any]
    progress: Progress

    @property
    def result(self) -> BacktestResult:
        result: BacktestResult = self.inputs["backtest"]
        return result

    @property
    def returns(self) -> Floats:
        return self.result.returns()


def verify(spec: VerificationSpec, inputs: Mapping[str, Any], progress: Progress) -> VerificationResult:
    """The result of every test in ``TESTS``."""
    bars = measured(spec.backtest, inputs["market"].bars, inputs=inputs)
    found, skipped, done = _run(TestContext(spec, bars, inputs, progress)), {}, 0.0
    total = sum(share for _, _, share, _ in TESTS)
    for name, sentence, share, test in TESTS:
        part = section(progress, done / total, (done + share) / total)
        part(0.0, sentence)
        try:
            found |= _tested(name, test, TestContext(spec, bars, inputs, part))
        except (DataError, PluginError, SpecError) as error:
            skipped[name] = str(error)
        done += share
    progress(1.0, "All tests done")
    return _assembled(spec, inputs["backtest"], found, skipped)


def _tested(name: str, test: Callable[[TestContext], Found], context: TestContext) -> Found:
    if name in _ANNUALISED and not spans_month(context.result.time):
        raise DataError(SHORT)
    return test(context)


def _assembled(
    spec: VerificationSpec, result: BacktestResult, found: Found, skipped: dict[str, str]
) -> VerificationResult:
    """The result; skipped tests leave empty columns."""
    values: Found = {"look_ahead": ""}
    for field in fields(VerificationResult):
        if "tuple" in str(field.type):
            values[field.name] = ()
        elif "Floats" in str(field.type):
            values[field.name] = np.empty((0, 0) if field.name == "fan" else 0)
        elif "int64" in str(field.type):
            values[field.name] = np.empty(0, dtype=np.int64)
    metrics = {name.removeprefix("metrics."): value for name, value in found.items() if name.startswith("metrics.")}
    values |= {name: value for name, value in found.items() if not name.startswith("metrics.")}
    return VerificationResult(
        **values
        | {
            "label": spec.backtest.label(),
            "family": result.family,
            "resized": result.resized,
            "periods_per_year": result.periods_per_year,
            "metrics": metrics,
            "skipped": skipped,
        }
    )


def _metrics(**values: float | int | None) -> Found:
    return {f"metrics.{name}": None if value is None else float(value) for name, value in values.items()}


def _run(context: TestContext) -> Found:
    result, sample = context.result, return_sample(context.result)
    try:
        sharpe, skewness, kurtosis = moments(sample.returns)
        known = _metrics(sharpe_per_return=sharpe, skewness=skewness, kurtosis=kurtosis)
    except ValueError:
        known = _metrics(sharpe_per_return=None, skewness=None, kurtosis=None)
    stated = spans_month(result.time)
    names = ("sharpe", "cagr", "total_return", "max_drawdown", "trades")
    return (
        known
        | _metrics(observations=len(sample.returns), returns_per_year=sample.per_year, daily=sample.daily)
        | _metrics(years=years_spanned(result.time), **{name: result.metrics[name] for name in names})
        | _metrics(benchmark_cagr=result.benchmark_metrics["cagr"])
        | _metrics(benchmark_sharpe=sample.benchmark_sharpe if stated else None)
    )


def _look_ahead(context: TestContext) -> Found:
    if late := caveats(context.inputs):
        return {"look_ahead": " ".join(late)}
    found = look_ahead(context.spec.backtest, context.bars.known, context.inputs, context.progress)
    if found is None and values_read(context.spec.backtest):
        raise DataError(
            "Decisions follow stored values: no recomputation can tell whether these were known when their table says."
        )
    return {"look_ahead": found.sentence() if found else ""}


def _bootstrap(context: TestContext) -> Found:
    found = resample(
        context.returns, context.result.periods_per_year, context.spec.samples, context.spec.seed, context.progress
    )
    sharpe, cagr = found.interval("sharpe"), found.interval("cagr")
    return {"bootstrap_sharpe": found.sharpe, "bootstrap_cagr": found.cagr} | _metrics(
        bootstrap_block=found.block,
        bootstrap_sharpe_low=sharpe[0],
        bootstrap_sharpe_high=sharpe[1],
        bootstrap_cagr_low=cagr[0],
        bootstrap_cagr_high=cagr[1],
    )


def _random(context: TestContext) -> Found:
    spec = context.spec
    if isinstance(spec.backtest.strategy, Allocation):
        runs = max(spec.samples // NULL_RUNS, 1)
        found = random_weights(spec.backtest, context.bars, context.inputs, runs, spec.seed + 1, context.progress)
    else:
        found = random_entries(
            spec.backtest, context.result, context.bars, spec.samples, spec.seed + 1, context.progress
        )
    return {"random_total": found.total, "random_sharpe": found.sharpe} | _metrics(
        random_own_total=found.own_total,
        random_own_sharpe=found.own_sharpe,
        random_p_total=found.p_total,
        random_p_sharpe=found.p_sharpe,
    )


def _costs(context: TestContext) -> Found:
    found, break_even = sensitivity.costs(context.spec.backtest, context.bars, context.inputs, context.progress)
    columns = {"cost_multiple": np.array(sensitivity.COSTS), "cost_total": found.total, "cost_sharpe": found.sharpe}
    return columns | _metrics(cost_break_even=break_even)


def _delays(context: TestContext) -> Found:
    found = sensitivity.delays(context.spec.backtest, context.bars, context.inputs, context.progress)
    return {"delay_bars": np.array(sensitivity.DELAYS), "delay_total": found.total, "delay_sharpe": found.sharpe}


def _jitter(context: TestContext) -> Found:
    """The variants, and the superior predictive ability of the best of them and the strategy itself over zero and over
    buy and hold.
    """
    spec, bars = context.spec, sensitivity.common_segment(context.spec.backtest, context.bars, context.inputs)
    outcomes = sensitivity.jitter(spec.backtest, bars, context.inputs, section(context.progress, 0.0, 0.5))
    changed, reruns = [variant for variant, _ in outcomes], [again for _, again in outcomes]
    found = sensitivity.outcomes(reruns)
    own = rerun(spec.backtest, bars, context.inputs)
    matrix = np.column_stack([own.returns(), *(item.returns() for item in reruns)])
    hold = bar_returns(combined_equity(own.time, spec.backtest.capital, buy_and_hold(spec.backtest, bars)))
    zero = superior_ability(
        matrix, np.zeros(len(matrix)), spec.samples, spec.seed + 2, section(context.progress, 0.5, 0.75)
    )
    over_hold = superior_ability(matrix, hold, spec.samples, spec.seed + 3, section(context.progress, 0.75, 1.0))
    return {
        "jitter_field": tuple(item.field for item in changed),
        "jitter_change": np.array([item.change for item in changed], dtype=np.float64),
        "jitter_value": np.array([item.value for item in changed], dtype=np.float64),
        "jitter_total": found.total,
        "jitter_sharpe": found.sharpe,
    } | _metrics(
        jitter_profitable=found.profitable if changed else None,
        spa_zero=zero.consistent,
        spa_hold=over_hold.consistent,
        stepm_zero=len(zero.superior),
        stepm_hold=len(over_hold.superior),
        spa_variants=matrix.shape[1],
    )


def _noise(context: TestContext) -> Found:
    spec = context.spec
    runs = max(spec.samples // NOISE_RUNS, 1)
    found = sensitivity.noise(
        spec.backtest, context.bars, context.inputs, spec.noise, runs, spec.seed + 4, context.progress
    )
    columns = {"noise_total": np.sort(found.total), "noise_sharpe": np.sort(found.sharpe)}
    return columns | _metrics(noise_profitable=found.profitable)


def _drawdowns(context: TestContext) -> Found:
    found = bootstrap_paths(context.result, context.spec.samples, context.spec.seed + 6, context.progress)
    columns = {"drawdown": found.drawdown, "fan": found.fan, "fan_bars": found.bars}
    return columns | _metrics(drawdown_block=found.block, ruin=found.ruin)


def _orders(context: TestContext) -> Found:
    return {"order_drawdown": reorder(context.result, context.spec.samples, context.spec.seed + 5)}


def _removed(context: TestContext) -> Found:
    found = without_best(context.result)
    return {"removed_total": found.total} | _metrics(removed_until_nothing=found.until_nothing)


def _fills(context: TestContext) -> Found:
    found = fill_sensitivity(context.spec.backtest, context.result, context.bars, context.inputs, context.progress)
    return _metrics(**{f"fill_{field.name}": getattr(found, field.name) for field in fields(found)})


def _regimes(context: TestContext) -> Found:
    periods, kinds = crises(context.result), regimes(context.result)
    columns: Found = {
        f"crisis_{name}": tuple(getattr(item, name) for item in periods) for name in ("name", "start", "end", "whole")
    }
    columns |= {f"crisis_{name}": _column(periods, name) for name in ("total", "benchmark")}
    columns["regime_name"] = tuple(item.name for item in kinds)
    numbers = ("share", "sharpe", "mean", "benchmark_sharpe", "benchmark_mean")
    return columns | {f"regime_{name}": _column(kinds, name) for name in numbers}


def _column(items: tuple[Any, ...], name: str) -> Any:
    values = [getattr(item, name) for item in items]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


TESTS: tuple[tuple[str, str, float, Callable[[TestContext], Found]], ...] = (
    ("look_ahead", "Recomputing the strategy on shorter history", 1, _look_ahead),
    ("bootstrap", "Resampling the returns in blocks", 1, _bootstrap),
    ("random", "Placing the same trades at random", 1, _random),
    ("costs", "Multiplying the costs", 1, _costs),
    ("delays", "Delaying the orders", 0.5, _delays),
    ("jitter", "Changing each parameter a little", 4, _jitter),
    ("noise", "Adding noise to the prices", 4, _noise),
    ("drawdowns", "Resampling the drawdowns", 1, _drawdowns),
    ("orders", "Shuffling the trades", 0.5, _orders),
    ("removed", "Removing the best trades", 0.1, _removed),
    ("fills", "Testing other fills", 0.5, _fills),
    ("regimes", "Evaluating crises and regimes", 0.2, _regimes),
)
"""Name, sentence of progress, share of the time, and the test."""
