"""Separate accounts of several symbols in the memory layout of the kernels that simulate and sum them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backtest.fill_prices import forward_fill
from engine.backtest.kernels import kernels
from engine.backtest.measured import times_of
from engine.market.bars import Bars, Floats, Times, periods_per_year, spans_month
from engine.strategies import Signals


@dataclass(frozen=True, eq=False)
class MultiSymbol:
    """``market`` as ``kernels.multi_symbol`` reads it; ``yearly`` the square roots of the bars per calendar year, of
    the portfolio and of each symbol, NaN below a month.
    """

    market: Any
    yearly: Floats

    @property
    def symbols(self) -> int:
        return len(self.yearly) - 1

    @property
    def bars(self) -> int:
        """The bars of the calendar of all."""
        return int(self.market[5].shape[1])

    def evaluate(self, decisions: Sequence[Signals], rules: Floats) -> tuple[float, float, float, int]:
        """Total return, annualised Sharpe ratio (NaN if undefined), maximum drawdown and number of trades of the
        portfolio, each symbol with its ``decisions`` at the one row of ``rules`` (see ``fast_metrics.kernel_rules``).
        """
        entries, exits = (np.concatenate([getattr(item, side) for item in decisions]) for side in ("entries", "exits"))
        figures = [np.full((len(self.yearly), 1), np.nan) for _ in range(3)]
        out = (*figures, np.zeros((len(self.yearly), 1), np.int32))
        one, none = np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32)
        kernels().multi_symbol.evaluate_symbols(entries, exits, self.market, rules, none, one, out)
        total, ratio, drawdown = (float(values[0, 0]) for values in figures)
        return total, ratio * float(self.yearly[0]), drawdown, int(out[3][0, 0])


def multi_symbol_accounts(bars: Sequence[Bars], accounts: Sequence[Any]) -> MultiSymbol:
    """The ``accounts`` (see ``fast_metrics.kernel_account``) on each of ``bars``, to be summed on their calendar."""
    time = times_of(bars)
    lines, falls, fills, prices = ([account[part] for account in accounts] for part in range(4))
    places = [np.append(np.searchsorted(time, item.time), len(time)) for item in bars]
    market = (
        _spans(lines, falls, fills),
        np.concatenate(lines),
        np.concatenate([table.ravel() for table in falls]),
        np.concatenate(fills),
        np.concatenate(prices),
        np.array([_close_at(time, item) for item in bars]),
        np.concatenate(places).astype(np.int64),
        *accounts[0][4:],
    )
    rates = [periods_per_year(own) if spans_month(own) else np.nan for own in (time, *(item.time for item in bars))]
    return MultiSymbol(market, np.sqrt(rates))


def _spans(lines: Sequence[Floats], falls: Sequence[Floats], fills: Sequence[Any]) -> Any:
    """The offsets of each symbol's rows, in the columns of ``kernels.multi_symbol``."""
    bars = np.array([len(own) - 1 for own in lines])
    before = np.cumsum(bars) - bars
    sizes, filled = np.array([table.size for table in falls]), np.array([len(own) for own in fills])
    levels = [len(table) for table in falls]
    columns = (bars, before + np.arange(len(bars)), before, np.cumsum(sizes) - sizes, levels)
    return np.column_stack([*columns, np.cumsum(filled) - filled, filled]).astype(np.int64)


def _close_at(time: Times, bars: Bars) -> Floats:
    """The last known close at each of ``time``; before the first, while the symbol's share is in cash, the first."""
    known = np.searchsorted(bars.time, time, side="right") - 1
    found: Floats = forward_fill(bars.close)[np.maximum(known, 0)]
    return found
