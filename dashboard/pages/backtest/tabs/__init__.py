"""The tabs of the backtest page, in their order."""

from dashboard.pages.backtest.tabs import breakdown, compare, library, performance, trades

TABS = (performance.TAB, trades.TAB, breakdown.TAB, compare.TAB, library.TAB)
