"""The words and records of the streaming account; compiled code passes records by address."""

from __future__ import annotations

import numpy as np

# Fills
NEXT_OPEN, NEXT_CLOSE, SAME_CLOSE, LIMIT = 0, 1, 2, 3
# Measures of a size
EQUITY, VALUE, UNITS, KELLY, WEIGHT = 0, 1, 2, 3, 4
# Decisions at a close
NOTHING, GO_LONG, GO_SHORT, EXIT, EXIT_LONG, EXIT_SHORT, TO_WEIGHT, RESIZE = 0, 1, 2, 3, 4, 5, 6, 7
REBALANCING = 8  # added to the decision of a close at which what stays held is brought back to its size
# Reasons, in the order of engine.backtest.result.REASONS
SIGNAL, REVERSAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_STOP, REBALANCE, LIQUIDATION, STILL_OPEN = range(9)

ROUNDING = 1e-9  # of an equity or a size: less is no difference
MINIMUM_SALE_PRICE = 0.01  # of the quote, what a sale brings however large a share of the volume it takes
DUST = 1e-12  # of a position: what is left of it after selling all but for rounding
WEEK = 7.0 / 365.2425 + ROUNDING  # in years: a market that has been closed for longer is not waited for


def _floats(*names: str) -> list[tuple[str, str]]:
    return [(name, "f8") for name in names]


def _whole(*names: str) -> list[tuple[str, str]]:
    return [(name, "i8") for name in names]


# Rates and shares are numbers, not percent; NaN is a stop that is not set, 0 no volume limit and no time stop.
RULES = np.dtype(
    _whole("fill", "limit_bars", "time_stop", "measure", "kelly_trades")
    + _floats("limit_offset", "commission", "per_order", "per_share", "minimum", "slip", "impact", "volume_limit")
    + _floats("stop_loss", "take_profit", "trailing_stop")
    + _floats("leverage", "maintenance", "cash_yield", "borrow_cost", "margin_rate", "scale", "cap")
)
# ``volume`` counts units of the prices, ``shares`` are those of the day that one such unit is.
BAR = np.dtype(_floats("open", "high", "low", "close", "volume", "shares"))
PAYMENT = np.dtype(_whole("bar", "symbol") + _floats("cash"))  # a dividend per unit; ascending by bar
# A symbol's position, the order that waits for it, the last known price and when it was ``seen``, the units traded on
# ``traded_bar``, how many closes of its own it has been ``held`` for since the bar of its entry, and the distance of a
# ``stop`` that was decided with it, NaN for none.
POSITION = np.dtype(
    _whole("entry_bar", "held", "pending", "pending_reason", "age", "traded_bar")
    + _floats("units", "entry_value", "entry_units", "exit_value", "exit_units", "fees", "best", "lowest", "highest")
    + _floats("price", "mark", "seen", "quote", "pending_amount", "limit", "requested", "cost", "traded", "received")
    + _floats("stop", "pending_stop")
)
TRADE = np.dtype(
    _whole("symbol", "entry", "exit", "side", "reason", "ambiguous", "is_open")
    + _floats("entry_price", "exit_price", "size", "pnl", "fees", "mae", "mfe")
)
ORDER = np.dtype(_whole("bar", "symbol", "reason") + _floats("units", "price", "fee", "quote"))
# ``recording`` is 1 where trades and orders are stored; ``won`` and ``lost`` sum profits relative to entry values;
# ``now`` is in years since the first bar.
TOTALS = np.dtype(
    _whole("trades", "orders", "cut", "rejected", "ruined", "ambiguous", "wins", "losses", "recording", "forced")
    + _floats("cash", "slippage", "interest", "dividends", "equity", "won", "lost", "now")
)
