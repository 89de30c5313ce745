"""Executor of what a model is worth at each threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.backtest.decisions import decide
from engine.backtest.measured import MeasuredBars
from engine.backtest.metrics import equity_metrics, trade_metrics
from engine.backtest.portfolio import buy_and_hold, tradable_bars
from engine.backtest.simulator import combined_equity, simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.backtest.thresholds.result import Followed, ThresholdResult
from engine.backtest.thresholds.spec import ThresholdSpec
from engine.core.errors import DataError
from engine.core.progress import Progress, section
from engine.jobs.executors import computes
from engine.market.bars import Floats, periods_per_year
from engine.models.preparation import parts, prepare
from engine.models.result import ModelResult
from engine.models.threshold_choice import chosen_in_training, grid, measures_at

POINTS = 500
"""Times of an equity that are kept at most, the first and the last among them."""
_HALF = 0.5


@computes(ThresholdSpec)
def compute(spec: ThresholdSpec, inputs: Mapping[str, Any], progress: Progress) -> ThresholdResult:
    """Measures and accounts at each threshold, and by the thresholds that training rows choose. Raises ``DataError``
    where no prediction can be scored.
    """
    result: ModelResult = inputs["model"]
    rows, mask = result.scored()
    if not len(rows):
        raise DataError("No prediction of this model can be scored: there is nothing to choose a threshold by.")
    probability, is_class = rows.directional(), (rows.label == len(result.classes) - 1).astype(np.float64)
    thresholds = grid(probability)
    if not len(thresholds):
        raise DataError("The model gives nearly every row the probability 0 or 1: no threshold divides them.")
    bars = tradable_bars(spec.base, inputs)
    kept = np.unique(np.linspace(0, len(bars.time) - 1, min(len(bars.time), POINTS)).astype(int))
    accounts = []
    for place, threshold in enumerate(thresholds.tolist()):
        progress(0.5 * place / len(thresholds), f"Following threshold {threshold:g}")
        accounts.append(_account(spec.at(threshold), bars, inputs))
    fitted = _fitted(spec, result, thresholds, section(progress, 0.5, 1.0))
    own = np.where(np.isfinite(fitted), fitted, _HALF)[result.fold[0]]
    apart = _account(spec.at(_HALF), bars, {**inputs, "model": _called(result, own)})
    shares = _shares(probability, thresholds)
    measured = measures_at(is_class, (probability >= own[mask]).astype(np.float64), np.array([_HALF]))
    called = np.array([(probability >= own[mask]).mean()])
    return ThresholdResult(
        label=spec.label(),
        family=spec.follower.kind,
        thresholds=thresholds,
        tried=_followed(shares, measures_at(is_class, probability, thresholds), accounts, kept),
        fitted=fitted,
        by_training=_followed(called, measured, [apart], kept),
        time=bars.time[kept],
        benchmark=combined_equity(bars.time, spec.base.capital, buy_and_hold(spec.base, bars))[kept],
        capital=spec.base.capital,
        rows=len(rows),
        observations=len(bars.time) - 1,
        periods_per_year=periods_per_year(bars.time),
        warnings=result.caveats,
    )  # fmt: skip


def _account(spec: BacktestSpec, bars: MeasuredBars, inputs: Mapping[str, Any]) -> tuple[Floats, dict[str, float]]:
    """The equity of a backtest at all its bars, and its metrics."""
    runs = simulate_accounts(spec, bars, decide(spec, bars, inputs))
    equity = combined_equity(bars.time, spec.capital, runs)
    pnl = np.concatenate([run.account.trades.pnl for run in runs])
    found = {
        **equity_metrics(bars.time, equity, periods_per_year(bars.time), spec.capital),
        **trade_metrics(pnl),
        "opened": float(len(pnl)),
    }
    return equity, {name: np.nan if value is None else float(value) for name, value in found.items()}


def _followed(
    share: Floats,
    measures: Mapping[str, Floats],
    accounts: Sequence[tuple[Floats, Mapping[str, float]]],
    kept: Any,
) -> Followed:
    def of(name: str) -> Floats:
        return np.array([metrics[name] for _, metrics in accounts])

    return Followed(
        share=share,
        **{name: measures[name] for name in ("precision", "recall", "f1", "mcc", "accuracy")},
        trades=of("opened").astype(np.int64),
        winning=of("win_rate"),
        total_return=of("total_return"),
        sharpe=of("sharpe"),
        equity=np.array([equity[kept] for equity, _ in accounts]),
    )


def _shares(probability: Floats, thresholds: Floats) -> Floats:
    """Of the rows that each threshold calls."""
    return np.asarray(1 - np.searchsorted(np.sort(probability), thresholds, side="left") / len(probability))


def _fitted(spec: ThresholdSpec, result: ModelResult, thresholds: Floats, progress: Progress) -> Floats:
    model = spec.model
    return chosen_in_training(model, parts(model, *prepare(model)), result, thresholds, progress)


def _called(result: ModelResult, own: Floats) -> ModelResult:
    """``result`` with 1 where the highest class is called at the threshold ``own`` of each row, else 0."""
    said = result.directional()
    called = np.where(np.isfinite(said), (said >= own).astype(np.float64), np.nan)
    if result.prediction.ndim == 2:
        called = np.column_stack([np.full((len(called), result.prediction.shape[1] - 1), 0.0), called])
    return replace(result, prediction=called)
