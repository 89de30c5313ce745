"""Accounts that follow decisions, one per symbol or one for all, and their combined equity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import account as accounts
from engine.backtest.account import Account
from engine.backtest.costs import Costs
from engine.backtest.decisions import Decisions, account_panel
from engine.backtest.measured import for_symbol
from engine.market.bars import Bars, Floats, Times

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


@dataclass(frozen=True, eq=False)
class AccountRun:
    """An account and the symbols that it trades, as indices into the market."""

    symbols: tuple[int, ...]
    account: Account


def simulate_accounts(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    costs: Costs | None = None,
    *,
    record_trades: bool = True,
) -> list[AccountRun]:
    """The accounts of ``spec`` that execute ``decisions``, at ``costs`` or its own: one per symbol, or one for all;
    trades and orders are recorded only with ``record_trades``.
    """
    costs, count = spec.costs if costs is None else costs, len(bars)
    if decisions.divides_account or spec.cash == "shared" or count == 1:
        return [AccountRun(tuple(range(count)), _simulate(spec, bars, decisions, costs, spec.capital, record_trades))]
    share = spec.capital / count
    return [
        AccountRun(
            (at,), _simulate(spec, for_symbol(bars, at), decisions.for_symbols((at,)), costs, share, record_trades)
        )
        for at in range(count)
    ]


def _simulate(
    spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions, costs: Costs, cash: float, record_trades: bool
) -> Account:
    """One account of all ``bars``."""
    panel = account_panel(bars, decisions)
    requests = decisions.order_requests(spec, bars, panel)
    rules = accounts.kernel_rules(spec, requests.size, costs)
    return accounts.simulate(
        accounts.kernel_panel(panel),
        requests.codes,
        requests.amounts,
        rules,
        cash,
        stops=requests.stops,
        record_trades=record_trades,
    )


def combined_equity(time: Times, capital: float, holdings: Sequence[AccountRun]) -> Floats:
    """Sum of the equities of all accounts on the calendar ``time``."""
    share = capital / len(holdings)
    return sum_on_calendar(time, [(item.account.time, item.account.equity) for item in holdings], share)


def sum_on_calendar(time: Times, parts: Sequence[tuple[Times, Floats]], before: float) -> Floats:
    """Sum of all parts on the common calendar ``time``, forward filled, with ``before`` ahead of the first value."""
    added = np.zeros(len(time))
    for own, values in parts:
        if own is time:
            added += values
            continue
        known = np.searchsorted(own, time, side="right") - 1
        added += np.where(known >= 0, values[np.maximum(known, 0)], before)
    return added
