"""A run repeated on Backtrader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.crosscheck import script, targets
from engine.backtest.crosscheck.cerebro import run_cerebro
from engine.backtest.crosscheck.position import RepeatedTrade
from engine.backtest.crosscheck.trader import Trader
from engine.backtest.decisions import Decisions
from engine.backtest.measured import only
from engine.market.bars import Bars, Floats, Times
from engine.market.panel import align

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


@dataclass(frozen=True, eq=False)
class Repeated:
    """What Backtrader made of an account: ``symbols`` are places in the market, those of ``trades`` among them; bars
    are those of ``time``. ``equity`` is valued at each close, ``refused`` orders were too dear for Backtrader, and
    ``own`` counts what it has no order for, by the names in ``trader``.
    """

    symbols: tuple[int, ...]
    time: Times
    equity: Floats
    trades: tuple[RepeatedTrade, ...]
    refused: int
    own: dict[str, int]


def repeat(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    on_progress: Callable[[float], None] = lambda part: None,
) -> list[Repeated]:
    """``decisions`` on ``bars`` by the rules of ``spec``: one account a symbol, or one for all that share their cash.

    ``on_progress`` is told which part is done. Raises ``DeviceError`` where Backtrader is not installed.
    """
    if decisions.divides_account or spec.cash == "shared":
        return [_account(spec, bars, decisions, tuple(range(len(bars))), spec.capital, on_progress)]
    share, found = spec.capital / len(bars), []
    for i in range(len(bars)):

        def heard(part: float, i: int = i) -> None:
            on_progress((i + part) / len(bars))

        found.append(_account(spec, only(bars, i), decisions.for_symbols((i,)), (i,), share, heard))
    return found


def _account(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    symbols: tuple[int, ...],
    cash: float,
    on_progress: Callable[[float], None],
) -> Repeated:
    panel = align(bars)
    found = targets.of(spec, panel, bars, decisions)
    played = script.write(spec, panel, found.codes)
    done = run_cerebro(
        spec, played, cash, lambda strategy: Trader(spec, played, found, strategy, cash, cash, on_progress=on_progress)
    )
    trader: Trader = done.trader
    if not trader.ruined:
        trader.finish()
    return Repeated(symbols, panel.time, np.array(trader.equity), tuple(trader.trades), done.refused, dict(+trader.own))
