"""The tabs of the backtest page, in their order."""

from dashboard.pages.backtest.tabs import compare, performance, trades

TABS = (performance.TAB, trades.TAB, compare.TAB)
