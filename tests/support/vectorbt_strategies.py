"""Strategies of conditions as a user of vectorbt writes them: its own indicators, TA-Lib's through its factory, and
pandas where neither has the line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Values = Sequence[NDArray[Any]]
"""Of each parameter, the value of each combination."""


@dataclass(frozen=True)
class Prices:
    """Series of pandas."""

    open: pd.Series
    high: pd.Series
    low: pd.Series
    close: pd.Series

    def talib(self, name: str, windows: NDArray[Any], *inputs: pd.Series) -> NDArray[Any]:
        """Columns of a TA-Lib indicator, one a combination."""
        found = vbt.IndicatorFactory.from_talib(name).run(*inputs, timeperiod=windows.tolist(), run_unique=True)
        return found.real.to_numpy()

    def rolling(self, prices: pd.Series, what: str, windows: NDArray[Any]) -> NDArray[Any]:
        """Columns of a rolling figure of pandas, one a combination, each window once."""
        kept, places = np.unique(windows, return_inverse=True)
        return np.column_stack([getattr(prices.rolling(int(n)), what)() for n in kept])[:, places]


def rsi_reversion(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    windows, low, high = values
    rsi = prices.talib("RSI", windows, prices.close)
    return rsi < low, rsi > high


def donchian_breakout(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    enter, leave = values
    close = prices.close.to_numpy()[:, None]
    highest, lowest = (
        prices.rolling(side.shift(1), what, windows)
        for side, what, windows in ((prices.high, "max", enter), (prices.low, "min", leave))
    )
    return close > highest, close < lowest


def adx_trend(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    windows, enter, leave = values
    sides = prices.high, prices.low, prices.close
    adx, plus, minus = (prices.talib(name, windows, *sides) for name in ("ADX", "PLUS_DI", "MINUS_DI"))
    return (plus > minus) & (adx > enter), (minus > plus) | (adx < leave)


def bollinger_reversion(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    windows, width = values
    bands = vbt.BBANDS.run(prices.close, windows.tolist(), alpha=width.tolist())
    close = prices.close.to_numpy()[:, None]
    return close < bands.lower.to_numpy(), close > bands.middle.to_numpy()


def keltner_breakout(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    windows, ranges, width = values
    middle = prices.talib("EMA", windows, prices.close)
    reach = width * prices.talib("ATR", ranges, prices.high, prices.low, prices.close)
    close = prices.close.to_numpy()[:, None]
    return close > middle + reach, close < middle


def time_series_momentum(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    lookback, threshold = values
    kept, places = np.unique(lookback, return_inverse=True)
    past = np.column_stack([prices.close.pct_change(int(n)) for n in kept])[:, places]
    return past > threshold, past <= 0


def macd(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    fast, slow, signal = (item.tolist() for item in values)
    found = vbt.MACD.run(prices.close, fast, slow, signal, macd_ewm=True, signal_ewm=True, run_unique=True)
    up, down = found.macd_crossed_above(found.signal), found.macd_crossed_below(found.signal)
    return up.to_numpy(), down.to_numpy()


def rules(prices: Prices, values: Values) -> tuple[Flags, Flags]:
    """In above a simple average while the RSI of 5 bars is low, out once it is high."""
    windows, low, high = values
    above = prices.close.to_numpy()[:, None] > prices.talib("SMA", windows, prices.close)
    rsi = prices.talib("RSI", np.array([5]), prices.close).reshape(-1, 1)
    return above & (rsi < low), rsi > high


STRATEGIES: Mapping[str, Callable[[Prices, Values], tuple[Flags, Flags]]] = {
    kind.__name__: kind
    for kind in (
        rsi_reversion,
        donchian_breakout,
        adx_trend,
        bollinger_reversion,
        keltner_breakout,
        time_series_momentum,
        macd,
        rules,
    )
}


def portfolio(
    prices: Prices, entries: Flags, exits: Flags, commission: float, slippage: float, warm_up: int = 0
) -> Any:
    """vectorbt's accounts: all capital in at the open after a signal, none of which counts in the ``warm_up``; costs in
    basis points.
    """
    entries = entries & (np.arange(len(entries)) >= warm_up)[:, None]
    later = (pd.DataFrame(side).vbt.signals.fshift(1) for side in (entries, exits))
    return vbt.Portfolio.from_signals(
        prices.close, *later, price=prices.open, fees=commission / 1e4, slippage=slippage / 1e4, init_cash=1e5,
        freq="1D", engine="rust",
    )  # fmt: skip
