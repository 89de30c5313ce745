"""The tabs of the backtest page, in their order."""

from dashboard.pages.backtest.tabs import breakdown, compare, library, performance, real, sweep, trades, walkforward

TABS = (performance.TAB, trades.TAB, breakdown.TAB, sweep.TAB, walkforward.TAB, real.TAB, compare.TAB, library.TAB)
