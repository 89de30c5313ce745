"""A backtest again, with something changed: the one place where this package simulates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backtest.assemble import curve
from engine.backtest.metrics import sharpe_per_bar
from engine.backtest.portfolio import Decisions, decide, keep_accounts
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars, Floats, Times, periods_per_year
from engine.strategies import Signals


@dataclass(frozen=True, eq=False)
class Rerun:
    """``equity`` at each close of the common calendar ``time``, and the profit of each trade."""

    time: Times
    equity: Floats
    pnl: Floats

    def returns(self) -> Floats:
        """Simple returns from bar to bar; zero once nothing is left."""
        before = self.equity[:-1]
        return np.where(before > 0, self.equity[1:] / np.where(before > 0, before, 1.0) - 1, 0.0)

    @property
    def total(self) -> float:
        """Last equity over first, less one."""
        return float(self.equity[-1] / self.equity[0]) - 1

    @property
    def sharpe(self) -> float:
        """A year; zero where the equity never moves."""
        ratio = sharpe_per_bar(self.returns())
        return 0.0 if ratio is None else ratio * float(np.sqrt(periods_per_year(self.time)))


def rerun(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], decisions: Decisions | None = None
) -> Rerun:
    """The account of ``spec`` on ``bars``; ``decisions`` replace the strategy's own."""
    wanted = decide(spec, bars, inputs) if decisions is None else decisions
    kept = keep_accounts(spec, bars, wanted)
    time = np.unique(np.concatenate([item.time for item in bars]))
    profits = [holding.account.trades.pnl for holding in kept]
    return Rerun(time, curve(time, spec.capital, kept), np.concatenate(profits))


def delayed(decisions: Decisions, count: int) -> Decisions:
    """The same decisions ``count`` bars later; those of the last bars are lost."""
    if not count:
        return decisions
    if isinstance(decisions, np.ndarray):
        late = np.full_like(decisions, np.nan)
        late[count:] = decisions[:-count]
        return late
    return [_late(signals, count) for signals in decisions]


def _late(signals: Signals, count: int) -> Signals:
    def shift(flags: Any) -> Any:
        if flags is None:
            return None
        late = np.zeros_like(flags)
        late[count:] = flags[:-count]
        return late

    parts = (signals.entries, signals.exits, signals.short_entries, signals.short_exits)
    return Signals(*(shift(part) for part in parts))
