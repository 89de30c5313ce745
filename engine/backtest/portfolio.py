"""A backtest: decisions of the strategy, the accounts that execute them, and their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.assemble import assemble
from engine.backtest.costs import Costs
from engine.backtest.decisions import Decisions, decide, decide_both_sides, from_flat
from engine.backtest.fast_metrics import FastMetrics, fast_metrics
from engine.backtest.fill_prices import require_tradable_prices
from engine.backtest.financing import Financing
from engine.backtest.measured import MeasuredBars, measured
from engine.backtest.plain import is_plain
from engine.backtest.simulator import AccountRun, simulate_accounts
from engine.backtest.sizings.percent import Percent
from engine.backtest.stops import Stops
from engine.backtest.vectorbt_adapter import simulate
from engine.core.errors import DataError, EngineError, SpecError
from engine.market.bars import Bars
from engine.market.catalog import require_tradeable
from engine.strategies import Allocation
from engine.strategies import call_strategy as asked
from engine.strategies.kinds.buy_and_hold import BuyAndHold

if TYPE_CHECKING:
    from engine.backtest.result import BacktestResult
    from engine.backtest.spec import BacktestSpec
    from engine.core.progress import Progress

NO_COSTS = Costs(commission=0, slippage=0)


def run_portfolio(spec: BacktestSpec, inputs: Mapping[str, Any], progress: Progress) -> BacktestResult:
    """The result of ``spec``. Raises ``NotTradeable``, ``DataError`` or ``SpecError`` where it cannot be traded."""
    require_tradeable(inputs["market"])
    bars = tradable_bars(spec, inputs)
    progress(0.1, f"Deciding on {spec.market.label()}")
    known = decide_both_sides(spec, bars.known, inputs)
    asked_for = from_flat(spec, known, bars)
    decisions = asked_for.for_side(spec.direction)
    progress(0.5, "Filling")
    runs = with_vectorbt(spec, bars, decisions, simulate_accounts(spec, bars, decisions))
    costless = simulate_accounts(spec, bars, decisions, NO_COSTS)
    benchmark = buy_and_hold(spec, bars)
    progress(1.0, "Adding up")
    missed_entries = [] if spec.strategy.carries_decisions else known.missed_entries(bars, spec.direction)
    figures, shorts = sweep_metrics(spec, bars, decisions), asked_for.sells_short()
    return assemble(
        spec, bars, runs, costless, benchmark, fast_metrics=figures, shorts=shorts, missed_entries=missed_entries
    )


def tradable_bars(spec: BacktestSpec, inputs: Mapping[str, Any]) -> MeasuredBars:
    """The bars that ``spec`` is measured on. Raises ``DataError`` or ``SpecError`` where the data or the combination of
    settings cannot be traded, with what to change.
    """
    known = inputs["market"].bars
    require_addable(spec, known)
    bars = measured(spec, known, inputs=inputs)
    if isinstance(spec.strategy, Allocation):
        if spec.sizing.fixed_part() is None:
            raise SpecError(
                [("sizing.kind", f"{spec.strategy.label()} decides how large positions are: size by part of equity.")]
            )
        if spec.fill == "limit":
            raise SpecError(
                [("fill", f"{spec.strategy.label()} cannot be filled by limit orders: choose another fill.")]
            )
    require_tradable_prices(spec, bars)
    return bars


def require_addable(spec: BacktestSpec, bars: Sequence[Bars]) -> None:
    """Raises ``DataError`` for several currencies, ``SpecError`` for a number of symbols that the strategy cannot
    trade.
    """
    currencies = sorted({item.series.currency for item in bars})
    if len(currencies) > 1:
        raise DataError(
            f"The symbols are priced in {' and '.join(currencies)}, which cannot be added up: choose one currency."
        )
    if text := asked.symbol_count_problem(spec.strategy, len(bars)):
        raise SpecError([("market.symbols", text)])


def fits_vectorbt(spec: BacktestSpec) -> bool:
    """Whether vectorbt can simulate this account: long only, fully invested or in cash, nothing path dependent."""
    return is_plain(spec) and not spec.stops.any


def with_vectorbt(
    spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions, runs: Sequence[AccountRun]
) -> Sequence[AccountRun]:
    """``runs`` with vectorbt's accounting where it applies; it has no dividends.

    Raises ``EngineError`` where the two disagree.
    """
    paid = any(item.dividends is not None for item in bars)
    if paid or not fits_vectorbt(spec):
        return runs

    share, found = spec.capital / len(bars), []
    for run, item, signals in zip(runs, bars, decisions.signals, strict=True):
        theirs, ours = simulate(item, signals, spec.costs, spec.fill, share), run.account
        same = len(theirs.entry) == len(ours.trades.entry)
        if not same or not np.allclose(theirs.equity, ours.equity, rtol=1e-9, atol=0):
            raise EngineError(
                f"vectorbt and our own account disagree on {spec.strategy.label()} on {item.series.symbol}: "
                "please report this run, and do not use its metrics."
            )
        trades = replace(
            ours.trades,
            entry_price=theirs.entry_price,
            exit_price=theirs.exit_price,
            size=theirs.size,
            pnl=theirs.pnl,
            fees=theirs.fees,
        )
        found.append(replace(run, account=replace(ours, equity=theirs.equity, gross=theirs.invested, trades=trades)))
    return found


def sweep_metrics(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> FastMetrics | None:
    """The metrics that a sweep computes for this run, so that a cell and the run opened from it are identical; None for
    runs that a sweep simulates with the same account.
    """
    return fast_metrics(spec, bars, {}, decisions) if is_plain(spec) else None


def buy_and_hold(spec: BacktestSpec, bars: Sequence[Bars]) -> list[AccountRun]:
    """Buy and hold of the same symbols, with equal shares of the capital, at the same costs: each from the first bar on
    which it could be traded.
    """
    bars = bars.tradable if isinstance(bars, MeasuredBars) else bars
    plain = spec.model_copy(
        update={
            "strategy": BuyAndHold(),
            "fill": "next_open" if spec.fill == "limit" else spec.fill,
            "direction": "long",
            "sizing": Percent(),
            "stops": Stops(),
            "financing": Financing(),
            "cash": "separate",
        }
    )
    return simulate_accounts(plain, bars, decide(plain, bars, {}))
