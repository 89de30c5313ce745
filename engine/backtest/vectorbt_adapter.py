"""vectorbt's account of one symbol, wherever its semantics fit: fully invested or in cash, long only, proportional
costs, no stops. The only module that imports vectorbt.

vectorbt 1.2 runs its Rust kernels with every argument explicit whose default would be wrong here: signals are shifted
to the bar that fills them, the fill price is given, a bar without a price is skipped, commission and slippage are
always set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import BASIS_POINT, Costs
from engine.backtest.fill_prices import fill_prices, forward_fill
from engine.backtest.spec import Fill
from engine.market.bars import Bars, Floats
from engine.strategies import Signals


@dataclass(frozen=True, eq=False)
class Accounting:
    """One symbol's account: arrays over its bars, then over its trades (indices are bars).

    ``equity`` is cash plus position at the close; ``invested`` the position's value; ``slippage`` its total cost in
    cash; ``unfilled``: the last decision would change the position and no later bar can fill it.
    """

    equity: Floats
    invested: Floats
    entry: NDArray[np.int64]
    exit: NDArray[np.int64]
    entry_price: Floats
    exit_price: Floats
    size: Floats
    pnl: Floats
    fees: Floats
    is_open: NDArray[np.bool_]
    slippage: float
    unfilled: bool


def schedule(
    signals: Signals, prices: Floats, same_bar: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
    """Entries and exits on the bars that fill them, and the decision pending at the end: 1 entry, -1 exit, 0 none.

    A decision at t is filled on the first bar after t (with ``same_bar`` from t on) that has a price, so that a
    missing bar delays an exit and never drops it. Of several decisions pending for the same bar the last counts; an
    exit overrides an entry.
    """
    n = len(prices)
    direction = np.where(signals.exits, -1, np.where(signals.entries, 1, 0))
    decided = np.flatnonzero(direction)
    following = np.searchsorted(np.flatnonzero(np.isfinite(prices)), decided, side="left" if same_bar else "right")
    priced = np.append(np.flatnonzero(np.isfinite(prices)), n)[following]
    orders = np.zeros(n + 1, dtype=np.int64)
    orders[priced] = direction[decided]
    return orders[:n] == 1, orders[:n] == -1, int(orders[n])


def simulate(bars: Bars, signals: Signals, costs: Costs, fill: Fill, cash: float) -> Accounting:
    """The account that starts with ``cash`` and is fully invested or in cash, long only.

    Only the proportional ``costs`` apply; limit orders are not supported.
    """
    import vectorbt as vbt

    prices = fill_prices(bars, fill)
    entries, exits, left = schedule(signals, prices, same_bar=fill == "same_close")
    portfolio = vbt.Portfolio.from_signals(
        close=forward_fill(bars.close),
        entries=entries,
        exits=exits,
        price=prices,
        fees=costs.commission * BASIS_POINT,
        slippage=costs.slip(),
        init_cash=cash,
        size=np.inf,
        direction="longonly",
        accumulate=False,
        freq="1D",
        engine="rust",
    )
    equity = np.asarray(portfolio.value(), dtype=np.float64)
    orders = portfolio.orders.records
    trades = portfolio.trades.records
    held = np.asarray(portfolio.asset_value(), dtype=np.float64)
    is_open = (trades["status"] == 0).to_numpy()
    return Accounting(
        equity=equity,
        invested=held,
        entry=trades["entry_idx"].to_numpy(),
        exit=trades["exit_idx"].to_numpy(),
        entry_price=trades["entry_price"].to_numpy(),
        exit_price=trades["exit_price"].to_numpy(),
        size=trades["size"].to_numpy(),
        pnl=trades["pnl"].to_numpy(),
        fees=(trades["entry_fees"] + trades["exit_fees"]).to_numpy(),
        is_open=is_open,
        slippage=_slippage(orders, costs.slip()),
        unfilled=left == (-1 if is_open.any() else 1),
    )


def _slippage(orders: Any, share: float) -> float:
    """Cash lost to fill prices worse than the quotes by the fraction ``share``."""
    sign = np.where(orders["side"] == 0, 1, -1)
    return float((orders["size"] * orders["price"] * share / (1 + sign * share)).sum())
