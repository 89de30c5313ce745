"""Logarithms of prices, unknown where a price is none."""

from __future__ import annotations

import numpy as np

from engine.market.bars import Floats


def log_price(price: Floats) -> Floats:
    """Natural logarithms; NaN where ``price`` is not above zero."""
    return np.asarray(np.log(np.where(price > 0, price, np.nan)))


def log_returns(close: Floats, bars: int = 1) -> Floats:
    """Differences of the logarithms over so many ``bars``, NaN for the first ones and where a price is none."""
    found, logs = np.full(len(close), np.nan), log_price(close)
    found[bars:] = logs[bars:] - logs[:-bars]
    return found


def positive(values: Floats) -> Floats:
    """``values``, NaN where they are not above zero: denominators of which there is something."""
    return np.where(values > 0, values, np.nan)
