"""Reruns of a backtest with changes: the only place where this package simulates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backtest.decisions import Decisions, decide
from engine.backtest.fill_prices import require_tradable_prices
from engine.backtest.measured import times_of
from engine.backtest.metrics import bar_returns, sharpe_per_bar
from engine.backtest.simulator import combined_equity, simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars, Floats, Times, periods_per_year


@dataclass(frozen=True, eq=False)
class Rerun:
    """``equity`` at each close of the common calendar ``time``, out of ``capital``."""

    time: Times
    equity: Floats
    capital: float

    def returns(self) -> Floats:
        """Simple returns from bar to bar; zero after ruin."""
        return bar_returns(self.equity)

    @property
    def total(self) -> float:
        """Total return on the capital."""
        return float(self.equity[-1] / self.capital) - 1

    @property
    def sharpe(self) -> float:
        """Annualised Sharpe ratio; zero for constant equity."""
        ratio = sharpe_per_bar(self.returns())
        return 0.0 if ratio is None else ratio * float(np.sqrt(periods_per_year(self.time)))


def rerun(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], decisions: Decisions | None = None
) -> Rerun:
    """The account of ``spec`` on ``bars``; ``decisions`` replace the strategy's own. Raises ``DataError`` for fills or
    stops that the bars do not allow.
    """
    require_tradable_prices(spec, bars)
    accounts = simulate_accounts(
        spec, bars, decide(spec, bars, inputs) if decisions is None else decisions, record_trades=False
    )
    time = times_of(bars)
    return Rerun(time, combined_equity(time, spec.capital, accounts), spec.capital)
