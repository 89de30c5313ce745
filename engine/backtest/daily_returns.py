"""Returns by trading day, from which the significance of a Sharpe ratio follows.

The root of the number of bars annualises returns that are uncorrelated (Lo 2002, "The Statistics of Sharpe Ratios").
Returns of the bars of one day often are not: a price that is marked late, or a position that pays over a session, makes
hourly returns smoother than the day is, and their ratio too high. Days are the unit that bars of all intervals share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.backtest.metrics import bar_returns, sharpe_per_bar
from engine.market.bars import Floats, Times
from engine.market.days import Days

_FLATTERS = 1.25
"""Sharpe ratio of bars over that of days from which a run says so."""


class Account(Protocol):
    """An account and buy and hold of the same symbols, valued at each bar of ``time``."""

    @property
    def time(self) -> Times: ...
    @property
    def days(self) -> Days: ...
    @property
    def equity(self) -> Floats: ...
    @property
    def benchmark(self) -> Floats: ...
    @property
    def periods_per_year(self) -> float: ...


@dataclass(frozen=True, eq=False)
class ReturnSample:
    """Simple ``returns`` of an account and of its ``benchmark``, ``per_year`` of them in a calendar year: those of
    trading days where bars are finer (``daily``), of bars otherwise.
    """

    returns: Floats
    benchmark: Floats
    per_year: float
    daily: bool

    @property
    def sharpe(self) -> float | None:
        """Annualised Sharpe ratio; None where the returns do not vary."""
        return self._annualised(self.returns)

    @property
    def benchmark_sharpe(self) -> float | None:
        """Annualised Sharpe ratio of buy and hold; None where it does not vary."""
        return self._annualised(self.benchmark)

    def _annualised(self, returns: Floats) -> float | None:
        ratio = sharpe_per_bar(returns)
        return None if ratio is None else ratio * float(np.sqrt(self.per_year))


def return_sample(account: Account) -> ReturnSample:
    """The returns of ``account`` by trading day; the first day's is measured from the first bar."""
    days, equity, benchmark = account.days, account.equity, account.benchmark
    last = np.append(np.flatnonzero(days[1:] != days[:-1]), len(days) - 1)
    if len(last) == len(days):
        return ReturnSample(bar_returns(equity), bar_returns(benchmark), account.periods_per_year, daily=False)
    closes = last if last[0] == 0 else np.concatenate(([0], last))
    per_year = account.periods_per_year * (len(closes) - 1) / (len(days) - 1)
    return ReturnSample(bar_returns(equity[closes]), bar_returns(benchmark[closes]), per_year, daily=True)


def about_bars_within_days(account: Account, sharpe: float | None) -> tuple[str, ...]:
    """A warning where ``sharpe``, the annualised ratio of the bars of ``account``, is well above that of its days."""
    sample = return_sample(account)
    by_day = sample.sharpe
    if not sample.daily or sharpe is None or by_day is None or not sharpe > max(by_day, 0.0) * _FLATTERS:
        return ()
    return (
        "Returns within a day are correlated, which flatters the Sharpe ratio of bars: by trading days it is "
        f"{by_day:.2f}, not {sharpe:.2f}. The verdict goes by days.".replace("-", "\N{MINUS SIGN}"),
    )
