"""Check of external values for foresight: a correlation with the next bar that no forecast reaches."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.market.bars import Bars, Floats

LIKELY: Final = 0.5
"""Correlation with the next return above which values must come from the future: daily forecasts reach 0.05 at best."""
FEWEST: Final = 30
"""Values that a correlation is computed from, at least."""


def foresight(usable: Floats, bars: Bars) -> float:
    """Pearson's correlation of the values ``usable`` at the close of each of ``bars``, NaN for none, with the return
    from that close to the next; 0 where there are fewer than ``FEWEST`` values, or all are the same.

    It cannot show every mistake: values that were known a little later than stated look like good ones.
    """
    if len(bars) < FEWEST:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.diff(bars.close) / bars.close[:-1]
    both = np.isfinite(usable[:-1]) & np.isfinite(returns)
    x, y = usable[:-1][both], returns[both]
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def foresight_warning(name: str, usable: Floats, bars: Bars) -> str:
    """A sentence where the values of the table ``name`` foresee the next of ``bars``, "" where they do not."""
    found = foresight(usable, bars)
    if found <= LIKELY:
        return ""
    return (
        f"The values '{name}' of {bars.series.symbol} correlate {found:.2f} with the return of the next bar: no "
        "forecast is that good. They were probably known later than stated."
    )
