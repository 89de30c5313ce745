"""The tabs of the backtest page, in their order."""

from dashboard.pages.backtest.tabs import breakdown, compare, library, performance, real, sweep, trades, walkforward

FIRST = performance.TAB
"""The one in sight when the page opens; the others are filled when they are."""
TABS = (FIRST, trades.TAB, breakdown.TAB, sweep.TAB, walkforward.TAB, real.TAB, compare.TAB, library.TAB)
