"""A backtest: decisions of the strategy, the accounts that follow from them, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest import account as accounts
from engine.backtest.account import Account
from engine.backtest.costs import Costs
from engine.backtest.financing import Financing
from engine.backtest.headline import Headline, headline
from engine.backtest.measured import Decisions, Measured, begun, known_of, measured, sizes_of, stood
from engine.backtest.plain import is_plain
from engine.backtest.quotes import require_tradable_prices
from engine.backtest.sizings import Size
from engine.backtest.sizings.percent import Percent
from engine.backtest.stops import Stops
from engine.core.errors import DataError, EngineError, SpecError
from engine.market.bars import Bars, Floats, Times
from engine.market.catalog import require_tradeable
from engine.market.panel import align
from engine.strategies import Allocation, Signals
from engine.strategies import decide as asked
from engine.strategies.kinds.buy_and_hold import BuyAndHold

if TYPE_CHECKING:
    from engine.backtest.result import BacktestResult
    from engine.backtest.spec import BacktestSpec
    from engine.core.progress import Progress

FREE = Costs(commission=0, slippage=0)


@dataclass(frozen=True, eq=False)
class Holding:
    """An account and the symbols that it trades, by their places in the market."""

    symbols: tuple[int, ...]
    account: Account


def run_portfolio(spec: BacktestSpec, inputs: Mapping[str, Any], progress: Progress) -> BacktestResult:
    """The result of ``spec``. Raises ``NotTradeable``, ``DataError`` or ``SpecError`` where it cannot be traded."""
    from engine.backtest.assemble import assemble

    require_tradeable(inputs["market"])
    bars = possible(spec, inputs)
    progress(0.1, f"Deciding on {spec.market.label()}")
    known = _asked_for(spec, bars.known, inputs)
    asked_for = begun(known, bars, spec.strategy, spec.direction)
    decisions = _followed(spec, asked_for)
    progress(0.5, "Filling")
    kept = checked(spec, bars, decisions, keep_accounts(spec, bars, decisions))
    free = keep_accounts(spec, bars, decisions, FREE)
    benchmark = held(spec, bars)
    progress(1.0, "Adding up")
    shorts = isinstance(asked_for, np.ndarray) and bool((asked_for < 0).any())
    waiting = [] if spec.strategy.stands or isinstance(known, np.ndarray) else stood(known, bars, spec.direction)
    return assemble(spec, bars, kept, free, benchmark, swept(spec, bars, decisions), shorts, waiting)


def possible(spec: BacktestSpec, inputs: Mapping[str, Any]) -> Measured:
    """What ``spec`` is measured on. Raises where the data or the combination of settings makes it impossible, with what
    to change.
    """
    known = inputs["market"].bars
    require_addable(spec, known)
    bars = measured(spec, known, inputs=inputs)
    if isinstance(spec.strategy, Allocation):
        if not isinstance(spec.sizing, Percent):
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
    """Raises where ``bars`` are in several currencies, or not as many as the strategy of ``spec`` wants."""
    currencies = sorted({item.series.currency for item in bars})
    if len(currencies) > 1:
        raise DataError(
            f"The symbols are priced in {' and '.join(currencies)}, which cannot be added up: choose one currency."
        )
    if text := asked.symbols_wanted(spec.strategy, len(bars)):
        raise SpecError([("market.symbols", text)])


def decide(spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any]) -> Decisions:
    """What the strategy of ``spec`` decides on ``bars``, by all that is known where they are ``Measured``; weights of
    its side alone. Raises ``StrategyError`` where the strategy's code fails.
    """
    found = _followed(spec, _asked_for(spec, known_of(bars), inputs))
    return begun(found, bars, spec.strategy, spec.direction) if isinstance(bars, Measured) else found


def _asked_for(spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any]) -> Decisions:
    if isinstance(spec.strategy, Allocation):
        return asked.weights(spec.strategy, align(bars), inputs)
    return [asked.signals(spec.strategy, item, inputs) for item in bars]


def _followed(spec: BacktestSpec, decisions: Decisions) -> Decisions:
    if isinstance(decisions, np.ndarray) and spec.direction == "long":
        return np.maximum(decisions, 0.0)
    return decisions


def keep_accounts(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    costs: Costs | None = None,
    *,
    listed: bool = True,
) -> list[Holding]:
    """The accounts of ``spec`` that follow ``decisions``, at ``costs`` or its own: one a symbol, or one for all; their
    trades and orders only where they are to be ``listed``.
    """
    costs = spec.costs if costs is None else costs
    if isinstance(decisions, np.ndarray):
        tape = accounts.tape_of(align(bars))
        codes, amounts = accounts.weighted(decisions), decisions * _part(spec)
        rules = accounts.rules_of(spec, None, costs)
        account = accounts.keep(tape, codes, amounts, rules, spec.capital, listed=listed)
        return [Holding(tuple(range(len(bars))), account)]
    if spec.cash == "shared" and len(bars) > 1:
        return [_keep_shared(spec, bars, decisions, costs, listed)]
    share, sizes = spec.capital / len(bars), sizes_of(spec, bars)
    return [
        Holding((index,), _keep_one(spec, item, signals, size, costs, share, listed))
        for index, (item, signals, size) in enumerate(zip(bars, decisions, sizes, strict=True))
    ]


def _part(spec: BacktestSpec) -> float:
    return spec.sizing.part if isinstance(spec.sizing, Percent) else 1.0


def _keep_one(
    spec: BacktestSpec, bars: Bars, signals: Signals, size: Size, costs: Costs, cash: float, listed: bool
) -> Account:
    return accounts.keep(
        accounts.tape_of(align([bars])),
        accounts.one_column(accounts.decided(signals, spec.direction)),
        accounts.one_column(size.amount),
        accounts.rules_of(spec, size, costs),
        cash,
        listed=listed,
    )


def _keep_shared(
    spec: BacktestSpec, bars: Sequence[Bars], signals: Sequence[Signals], costs: Costs, listed: bool
) -> Holding:
    from engine.backtest.kernels.records import REBALANCING

    panel = align(bars)
    codes = np.zeros((len(panel), len(bars)), dtype=np.int64)
    amounts = np.full(codes.shape, np.nan)
    sizes = sizes_of(spec, bars)
    for index, (item, decided, size) in enumerate(zip(bars, signals, sizes, strict=True)):
        rows = np.searchsorted(panel.time, item.time)
        codes[rows, index] = accounts.decided(decided, spec.direction)
        until = np.append(rows, len(panel))  # where there is no bar the size is that of the last one
        amounts[until[0] :, index] = np.repeat(size.amount, np.diff(until))
    codes[accounts.rebalancing(panel.days, spec.rebalance)] |= REBALANCING
    rules = accounts.rules_of(spec, sizes[0], costs)
    account = accounts.keep(accounts.tape_of(panel), codes, amounts, rules, spec.capital, listed=listed)
    return Holding(tuple(range(len(bars))), account)


def fits_vectorbt(spec: BacktestSpec) -> bool:
    """Whether vectorbt can keep this account: long, fully invested or in cash, nothing that depends on the path."""
    return is_plain(spec) and not spec.stops.any


def checked(
    spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions, kept: Sequence[Holding]
) -> Sequence[Holding]:
    """``kept`` with vectorbt's accounting where that is possible; it knows no dividends.

    Raises ``EngineError`` where the two do not agree: a figure of which there are two is no figure.
    """
    paid = any(item.dividends is not None for item in bars)
    if isinstance(decisions, np.ndarray) or paid or not fits_vectorbt(spec):
        return kept
    from engine.backtest.simulate import simulate

    share, found = spec.capital / len(bars), []
    for holding, item, signals in zip(kept, bars, decisions, strict=True):
        theirs, ours = simulate(item, signals, spec.costs, spec.fill, share), holding.account
        same = len(theirs.entry) == len(ours.trades.entry)
        if not same or not np.allclose(theirs.equity, ours.equity, rtol=1e-9, atol=0):
            raise EngineError(
                f"vectorbt and our own account disagree about {spec.strategy.label()} on {item.series.symbol}: "
                "please report this run, and do not use its figures."
            )
        trades = replace(
            ours.trades,
            entry_price=theirs.entry_price,
            exit_price=theirs.exit_price,
            size=theirs.size,
            pnl=theirs.pnl,
            fees=theirs.fees,
        )
        found.append(
            replace(holding, account=replace(ours, equity=theirs.equity, gross=theirs.invested, trades=trades))
        )
    return found


def swept(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> Headline | None:
    """The figures that a sweep gives this run, so that a cell and the run opened from it are one; None for runs that
    a sweep leaves to the same account as this.
    """
    if isinstance(decisions, np.ndarray) or not is_plain(spec):
        return None
    return headline(spec, bars, {}, decisions)


def held(spec: BacktestSpec, bars: Sequence[Bars]) -> list[Holding]:
    """Buy and hold of the same symbols, with equal parts of the capital, at the same costs: of each from the first bar
    on which it could be traded.
    """
    bars = bars.own if isinstance(bars, Measured) else bars
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
    return keep_accounts(plain, bars, [BuyAndHold().signals(item, {}) for item in bars])


def total(time: Times, parts: Sequence[tuple[Times, Floats]], before: float) -> Floats:
    """Sum of each part's values on the common calendar ``time``: its last known value, ``before`` its first."""
    added = np.zeros(len(time))
    for own, values in parts:
        if own is time:
            added += values
            continue
        known = np.searchsorted(own, time, side="right") - 1
        added += np.where(known >= 0, values[np.maximum(known, 0)], before)
    return added
