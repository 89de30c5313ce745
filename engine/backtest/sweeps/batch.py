"""Metrics of a batch of combinations, by the batch kernels or by streaming accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.decisions import decide
from engine.backtest.fast_metrics import kernel_account, kernel_accounts, kernel_rules
from engine.backtest.fill_prices import require_tradable_prices
from engine.backtest.kernels import kernels
from engine.backtest.multi_symbol import MultiSymbol
from engine.backtest.plain import is_plain
from engine.backtest.sweeps.accounts import EvaluationBatch, SweepAccount
from engine.backtest.sweeps.allocations import RULE_PATHS, evaluate_allocations
from engine.backtest.sweeps.condition_grid import grid_of, structure
from engine.backtest.sweeps.crossing_grid import CrossingGrid
from engine.backtest.sweeps.grid import Grid
from engine.backtest.sweeps.nested_grid import NestedGrid
from engine.backtest.sweeps.parallel import run_in_pieces
from engine.backtest.sweeps.rows import Places, groups, unique_rows
from engine.backtest.sweeps.streams import evaluate_streams
from engine.backtest.sweeps.validity import strategy_of
from engine.core.axes import ResolvedAxis
from engine.core.field_paths import changed
from engine.market.bars import Floats
from engine.strategies import Allocation
from engine.strategies.crossing import Crossing, is_nested

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


def evaluate_batch(work: EvaluationBatch, chosen: Places) -> None:
    """Compute the metrics of the combinations ``chosen``, which have enough bars. Sharpe ratios are annualised."""
    unit, scales = work.unit, work.scales
    outer = [a for a, s in enumerate(scales) if not s.path.startswith("strategy.") and s.path not in RULE_PATHS]
    outer += structure(unit.spec.strategy, scales)
    timed = any(scale.path == "stops.time_stop" for scale in scales)
    for row, places in groups(work.parameters, outer, chosen, work.check_cancelled):
        frame = changed(unit.spec, work.plain(outer, row)) if outer else unit.spec
        require_tradable_prices(_with_stop(frame, scales), unit.bars)
        part = replace(work, units=(replace(unit, spec=frame), *work.units[1:]))
        if isinstance(frame.strategy, Allocation):
            evaluate_allocations(part, strategies_at(part, places))
            continue
        account = _account(part, timed)
        if account is None:
            evaluate_streams(part, strategies_at(part, places), places)
            continue
        rules, rule_of = _rules(part)
        grid = _grid(part)
        if grid is None:
            _by_signals(part, places, account, rules, rule_of)
        else:
            out = work.metrics.arrays() if isinstance(account, MultiSymbol) else work.metrics.whole()
            given = account, rules, rule_of, places, out, work.step
            if work.accelerator is None or not work.accelerator.run(grid, *given):
                grid.run(*given)


def _grid(work: EvaluationBatch) -> Grid | None:
    """The combinations as those of shared lines or conditions; None where the strategy tells of none."""
    unit, strategy = work.unit, work.unit.spec.strategy
    if isinstance(strategy, Crossing) and is_nested(strategy):
        return NestedGrid(strategy, unit.bars, unit.known, work.scales, work.parameters, work.check_cancelled)
    if isinstance(strategy, Crossing):
        return CrossingGrid(strategy, unit.bars, work.scales, work.parameters, unit.known, work.check_cancelled)
    return grid_of(work, unit.spec)


def _account(work: EvaluationBatch, timed: bool) -> Any | None:
    """The input of the batch kernels: the account of one symbol, or those of several; None where they do not apply."""
    unit, drawdown = work.unit, work.metrics.has_drawdown
    if unit.is_multi_account:
        return kernel_accounts(unit.spec, unit.bars, drawdown, timed)
    return kernel_account(unit.spec, unit.bars[0], drawdown, timed) if is_plain(unit.spec) else None


def _with_stop(frame: BacktestSpec, scales: Sequence[ResolvedAxis]) -> BacktestSpec:
    """``frame`` with a stop where an axis may set one, so that the data are checked for what stops need."""
    if frame.stops.any or not any(scale.path.startswith("stops.") for scale in scales):
        return frame
    return frame.model_copy(update={"stops": frame.stops.model_copy(update={"time_stop": 1})})


def _rules(work: EvaluationBatch) -> tuple[Floats, NDArray[np.int32]]:
    """Settings of costs and stops, and the index of each combination's; empty where there is only one."""
    frame = work.unit.spec
    values: dict[str, Any] = {**dict(frame.costs), **dict(frame.stops)}
    axes = [axis for axis, scale in enumerate(work.scales) if scale.path in RULE_PATHS]
    if not axes:
        return kernel_rules(values), np.empty(0, dtype=np.int32)
    rows, label = unique_rows(work.parameters[:, axes], work.check_cancelled)
    for column, axis in enumerate(axes):
        values[RULE_PATHS[work.scales[axis].path]] = rows[:, column]
    return kernel_rules(values), label.astype(np.int32)


def strategies_at(work: EvaluationBatch, places: Places) -> Iterator[tuple[BacktestSpec, Places]]:
    """A spec for each distinct strategy at ``places``, and its combinations."""
    axes, strategy = work.strategy_axes(), work.unit.spec.strategy
    scales = [work.scales[axis] for axis in axes]
    for row, chosen in groups(work.parameters, axes, places, work.check_cancelled):
        used = strategy_of(strategy, scales, row) if axes else strategy
        yield work.unit.spec.model_copy(update={"strategy": used}), chosen


def _by_signals(work: EvaluationBatch, places: Places, account: Any, rules: Floats, rule_of: NDArray[np.int32]) -> None:
    """One signal evaluation per strategy, then the kernel for all its settings."""
    unit, found = work.unit, work.metrics
    several, accounts = isinstance(account, MultiSymbol), len(unit.bars)
    evaluate_many = kernels().multi_symbol.evaluate_symbols if several else kernels().orders.evaluate_many
    market, out = (account.market, found.arrays()) if several else (account, found.whole())
    yearly = account.yearly[:, None] if several else np.sqrt(unit.bars[0].periods_per_year_or_nan())
    for spec, chosen in strategies_at(work, places):
        entries, exits = _signals(spec, unit, work.inputs)

        def evaluate_chunk(chunk: Places, entries: Any = entries, exits: Any = exits) -> None:
            evaluate_many(entries, exits, market, rules, rule_of, chunk, out)
            out[1][..., chunk] *= yearly

        if len(chosen) < 1000 // accounts:
            evaluate_chunk(chosen)
            work.step(len(chosen))
        else:
            run_in_pieces(evaluate_chunk, chosen, work.step, accounts)


def _signals(spec: BacktestSpec, unit: SweepAccount, inputs: Mapping[str, Any]) -> tuple[NDArray[np.bool_], ...]:
    """Entries and exits of all symbols, concatenated, as the kernels read them."""
    each = decide(spec, unit.bars, inputs).signals
    return tuple(np.concatenate([getattr(signals, side) for signals in each]) for side in ("entries", "exits"))
