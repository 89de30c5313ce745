"""Repetition of a run on Backtrader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.crosscheck import script, targets
from engine.backtest.crosscheck.cerebro import run_cerebro
from engine.backtest.crosscheck.position import BacktraderTrade
from engine.backtest.crosscheck.trader import Trader
from engine.backtest.decisions import Decisions, account_panel
from engine.backtest.measured import for_symbol
from engine.market.bars import Bars, Floats, Times

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


@dataclass(frozen=True, eq=False)
class BacktraderRun:
    """Backtrader's run of an account: ``symbols`` index the market, those of ``trades`` index ``symbols``; bars are
    those of ``time``. ``equity`` is valued at each close, ``rejected`` orders exceeded the cash, and ``workarounds``
    counts the situations without an order type, by the names in ``trader``.
    """

    symbols: tuple[int, ...]
    time: Times
    equity: Floats
    trades: tuple[BacktraderTrade, ...]
    rejected: int
    workarounds: dict[str, int]


def repeat(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    on_progress: Callable[[float], None] = lambda part: None,
) -> list[BacktraderRun]:
    """``decisions`` on ``bars`` by the rules of ``spec``: one account per symbol, or one where the cash is shared.

    ``on_progress`` receives the completed fraction. Raises ``DeviceError`` where Backtrader is not installed.
    """
    if decisions.divides_account or spec.cash == "shared":
        return [_account(spec, bars, decisions, tuple(range(len(bars))), spec.capital, on_progress)]
    share, found = spec.capital / len(bars), []
    for i in range(len(bars)):

        def report(part: float, i: int = i) -> None:
            on_progress((i + part) / len(bars))

        found.append(_account(spec, for_symbol(bars, i), decisions.for_symbols((i,)), (i,), share, report))
    return found


def _account(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    symbols: tuple[int, ...],
    cash: float,
    on_progress: Callable[[float], None],
) -> BacktraderRun:
    panel = account_panel(bars, decisions)
    found = targets.targets_of(spec, panel, bars, decisions)
    script_bars = script.build_script(spec, panel, found.codes)
    done = run_cerebro(
        spec,
        script_bars,
        cash,
        lambda strategy: Trader(spec, script_bars, found, strategy, cash, cash, on_progress=on_progress),
    )
    trader: Trader = done.trader
    if not trader.ruined:
        trader.finish()
    return BacktraderRun(
        symbols, panel.time, np.array(trader.equity), tuple(trader.trades), done.rejected, dict(+trader.workarounds)
    )
